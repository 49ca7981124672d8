// The v2 document as protobuf, which is all that client-go before 1.24 asks for. Field numbers are those of gnostic's
// openapiv2.proto; values that the format has no field for (extensions) travel as YAML text.
import type { Json } from './definitions.ts';
import { Message, any, extensions, named } from './protobuf-message.ts';
import type { Steps } from './slices.ts';

function schema(json: Json): Message {
  const message = new Message()
    .string(1, json['$ref'])
    .string(2, json['format'])
    .string(4, json['description'])
    .message(5, json['default'] === undefined ? undefined : any(json['default']))
    .double(6, json['multipleOf'])
    .double(7, json['maximum'])
    .bool(8, json['exclusiveMaximum'])
    .double(9, json['minimum'])
    .bool(10, json['exclusiveMinimum'])
    .integer(11, json['maxLength'])
    .integer(12, json['minLength'])
    .string(13, json['pattern'])
    .integer(14, json['maxItems'])
    .integer(15, json['minItems'])
    .bool(16, json['uniqueItems'])
    .integer(17, json['maxProperties'])
    .integer(18, json['minProperties'])
    .strings(19, json['required']);
  for (const value of (json['enum'] as unknown[] | undefined) ?? []) message.message(20, any(value));
  const map = json['additionalProperties'];
  if (typeof map === 'boolean') message.message(21, new Message().bool(2, map));
  else if (map) message.message(21, new Message().message(1, schema(map as Json)));
  if (json['type']) message.message(22, new Message().strings(1, [json['type']]));
  if (json['items']) message.message(23, new Message().message(1, schema(json['items'] as Json)));
  if (json['properties']) {
    const properties = new Message();
    for (const [name, value] of Object.entries(json['properties'] as Json)) {
      properties.message(1, named(name, schema(value as Json)));
    }
    message.message(25, properties);
  }
  return extensions(message, 31, json);
}

/** Body, query or path parameter, in its three wrappers. */
function parameter(json: Json): Message {
  if (json['in'] === 'body') {
    const body = new Message()
      .string(1, json['description'])
      .string(2, json['name'])
      .string(3, 'body')
      .bool(4, json['required'])
      .message(5, schema(json['schema'] as Json));
    return new Message().message(1, new Message().message(1, body));
  }
  const isQuery = json['in'] === 'query';
  const base = isQuery ? 6 : 5;
  const inner = new Message()
    .bool(1, json['required'])
    .string(2, json['in'])
    .string(3, json['description'])
    .string(4, json['name'])
    .string(base, json['type'])
    .bool(isQuery ? 20 : 19, json['uniqueItems']);
  const nonBody = new Message().message(isQuery ? 3 : 4, inner);
  return new Message().message(1, new Message().message(2, nonBody));
}

function operation(json: Json): Message {
  const message = new Message()
    .strings(1, json['tags'])
    .string(3, json['description'])
    .string(5, json['operationId'])
    .strings(6, json['produces'])
    .strings(7, json['consumes']);
  for (const p of (json['parameters'] as Json[] | undefined) ?? []) message.message(8, parameter(p));
  const responses = new Message();
  for (const [code, value] of Object.entries(json['responses'] as Record<string, Json>)) {
    const response = new Message().string(1, value['description']);
    if (value['schema']) response.message(2, new Message().message(1, schema(value['schema'] as Json)));
    responses.message(1, named(code, new Message().message(1, response)));
  }
  message.message(9, responses).strings(10, json['schemes']);
  return extensions(message, 13, json);
}

const METHODS: readonly [string, number][] = [
  ['get', 2],
  ['put', 3],
  ['post', 4],
  ['delete', 5],
  ['options', 6],
  ['head', 7],
  ['patch', 8],
];

function pathItem(json: Json): Message {
  const message = new Message();
  for (const [method, field] of METHODS) {
    if (json[method]) message.message(field, operation(json[method] as Json));
  }
  for (const p of (json['parameters'] as Json[] | undefined) ?? []) message.message(9, parameter(p));
  return message;
}

/** The bytes of a document that openApiV2 made. */
export function* encodeOpenApiV2(document: Json): Steps<Buffer> {
  const info = document['info'] as Json;
  const paths = new Message();
  for (const [path, item] of Object.entries(document['paths'] as Json)) {
    paths.message(2, named(path, pathItem(item as Json)));
    yield;
  }
  const definitions = new Message();
  for (const [name, value] of Object.entries(document['definitions'] as Json)) {
    definitions.message(1, named(name, schema(value as Json)));
    yield;
  }
  const key = (document['securityDefinitions'] as Record<string, Json>)['BearerToken']!;
  const apiKey = new Message()
    .string(1, key['type'])
    .string(2, key['name'])
    .string(3, key['in'])
    .string(4, key['description']);
  return new Message()
    .string(1, document['swagger'])
    .message(2, new Message().string(1, info['title']).string(2, info['version']))
    .message(8, paths)
    .message(9, definitions)
    .message(12, new Message().message(1, named('BearerToken', new Message())))
    .message(13, new Message().message(1, named('BearerToken', new Message().message(2, apiKey))))
    .encode();
}
