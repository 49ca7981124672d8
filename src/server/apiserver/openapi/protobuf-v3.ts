// A v3 document as protobuf. Field numbers are those of gnostic's OpenAPIv3.proto; values that the format has no field for
// (extensions, enums) travel as YAML text.
import type { Json } from './definitions.ts';
import { Message, any, extensions, named } from './protobuf-message.ts';
import type { Steps } from './slices.ts';

const has = (json: Json, key: string): boolean => json[key] !== undefined;
const inner = (json: Json, key: string): Json => json[key] as Json;

/** A map of named values: `additional_properties`, whatever they are. */
function map(values: Json, field: number, value: (json: Json) => Message): Message {
  const message = new Message();
  for (const [name, json] of Object.entries(values)) message.message(field, named(name, value(json as Json)));
  return message;
}

/** A thing itself, or a reference to one: the two arms of every `…OrReference`. */
function orReference(json: Json, make: (json: Json) => Message): Message {
  if (!has(json, '$ref')) return new Message().message(1, make(json));
  return new Message().message(2, new Message().string(1, json['$ref']));
}

/** Only scalars can be said; another default is there, and empty. */
function defaultOf(value: unknown): Message {
  const message = new Message();
  if (typeof value === 'number') return message.double(1, value);
  if (typeof value === 'boolean') return message.bool(2, value);
  return message.string(3, value);
}

const schemaOrReference = (json: Json): Message => orReference(json, schema);

function schema(json: Json): Message {
  const message = new Message()
    .bool(1, json['nullable'])
    .string(9, json['title'])
    .double(10, json['multipleOf'])
    .double(11, json['maximum'])
    .bool(12, json['exclusiveMaximum'])
    .double(13, json['minimum'])
    .bool(14, json['exclusiveMinimum'])
    .integer(15, json['maxLength'])
    .integer(16, json['minLength'])
    .string(17, json['pattern'])
    .integer(18, json['maxItems'])
    .integer(19, json['minItems'])
    .bool(20, json['uniqueItems'])
    .integer(21, json['maxProperties'])
    .integer(22, json['minProperties'])
    .strings(23, json['required']);
  for (const value of (json['enum'] as unknown[] | undefined) ?? []) message.message(24, any(value));
  message.string(25, json['type']);
  for (const [key, field] of ALTERNATIVES) {
    for (const one of (json[key] as Json[] | undefined) ?? []) message.message(field, schemaOrReference(one));
  }
  if (has(json, 'not')) message.message(29, schema(inner(json, 'not')));
  if (has(json, 'items')) message.message(30, new Message().message(1, schemaOrReference(inner(json, 'items'))));
  if (has(json, 'properties')) message.message(31, map(inner(json, 'properties'), 1, schemaOrReference));
  const values = json['additionalProperties'];
  if (typeof values === 'boolean') message.message(32, new Message().bool(2, values));
  else if (values) message.message(32, new Message().message(1, schemaOrReference(values as Json)));
  if (has(json, 'default')) message.message(33, defaultOf(json['default']));
  message.string(34, json['description']).string(35, json['format']);
  return extensions(message, 36, json);
}

const ALTERNATIVES = [
  ['allOf', 26],
  ['oneOf', 27],
  ['anyOf', 28],
] as const;

const mediaType = (json: Json): Message =>
  new Message().message(1, has(json, 'schema') ? schemaOrReference(inner(json, 'schema')) : undefined);

const content = (json: Json): Message | undefined =>
  has(json, 'content') ? map(inner(json, 'content'), 1, mediaType) : undefined;

const parameter = (json: Json): Message =>
  new Message()
    .string(1, json['name'])
    .string(2, json['in'])
    .string(3, json['description'])
    .bool(4, json['required'])
    .message(10, has(json, 'schema') ? schemaOrReference(inner(json, 'schema')) : undefined);

const requestBody = (json: Json): Message =>
  new Message().string(1, json['description']).message(2, content(json)).bool(3, json['required']);

const response = (json: Json): Message => new Message().string(1, json['description']).message(3, content(json));

function parameters(message: Message, field: number, json: Json): void {
  for (const one of (json['parameters'] as Json[] | undefined) ?? []) {
    message.message(field, orReference(one, parameter));
  }
}

function operation(json: Json): Message {
  const message = new Message().strings(1, json['tags']).string(3, json['description']).string(5, json['operationId']);
  parameters(message, 6, json);
  if (has(json, 'requestBody')) message.message(7, orReference(inner(json, 'requestBody'), requestBody));
  message.message(
    8,
    map(inner(json, 'responses'), 2, (one) => orReference(one, response)),
  );
  return extensions(message, 13, json);
}

const METHODS = [
  ['get', 4],
  ['put', 5],
  ['post', 6],
  ['delete', 7],
  ['options', 8],
  ['head', 9],
  ['patch', 10],
] as const;

function pathItem(json: Json): Message {
  const message = new Message();
  for (const [method, field] of METHODS) if (has(json, method)) message.message(field, operation(inner(json, method)));
  parameters(message, 13, json);
  return message;
}

const securityScheme = (json: Json): Message =>
  new Message().string(1, json['type']).string(2, json['description']).string(3, json['name']).string(4, json['in']);

/** The bytes of a document that openApiV3 made. */
export function* encodeOpenApiV3(document: Json): Steps<Buffer> {
  const info = inner(document, 'info');
  const paths = new Message();
  for (const [path, item] of Object.entries(inner(document, 'paths'))) {
    paths.message(1, named(path, pathItem(item as Json)));
    yield;
  }
  const components = inner(document, 'components');
  const schemas = new Message();
  for (const [name, json] of Object.entries(inner(components, 'schemas'))) {
    schemas.message(1, named(name, schemaOrReference(json as Json)));
    yield;
  }
  const schemes = map(inner(components, 'securitySchemes'), 1, (one) => orReference(one, securityScheme));
  return new Message()
    .string(1, document['openapi'])
    .message(2, new Message().string(1, info['title']).string(6, info['version']))
    .message(4, paths)
    .message(5, new Message().message(1, schemas).message(7, schemes))
    .encode();
}
