// The OpenAPI v3 document of one group and version. Pure: a list of resources in, a document out.
import type { Descriptions } from '../../../api/schema/descriptions.ts';
import type { SchemaSource } from '../../../api/schema/schema.ts';
import type { GroupVersion } from '../../../api/types.ts';
import { DefinitionWriter, gvkExtension, type Json } from './definitions.ts';
import { definitionName, tagOf } from './names.ts';
import { byPath, operationsOf, pathParameters } from './operations.ts';
import { parameters } from './parameters.ts';
import type { Steps } from './slices.ts';
import type { OpenApiResource, Operation } from './types.ts';

const ANSWER_TYPES = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf'];
const WATCH_TYPES = ['application/json;stream=watch'];

function parameter(name: string): Json {
  const found = parameters.get(name)!;
  return {
    description: found.description,
    in: found.in,
    name,
    ...(found.in === 'path' ? { required: true } : {}),
    schema: { type: found.type, uniqueItems: true },
  };
}

const content = (types: readonly string[], schema: Json): Json =>
  Object.fromEntries(types.map((type) => [type, { schema }]));

function operation(op: Operation, gv: GroupVersion, writer: DefinitionWriter): Json {
  const types = op.action === 'list' ? [...ANSWER_TYPES, ...WATCH_TYPES] : ANSWER_TYPES;
  const answer = op.answer ? { content: content(types, writer.ref(op.answer)) } : {};
  const responses: Json = {};
  const names: Record<number, string> = { 200: 'OK', 201: 'Created', 202: 'Accepted' };
  for (const code of op.codes) responses[code] = { description: names[code], ...answer };
  responses[401] = { description: 'Unauthorized' };
  return {
    description: op.description,
    operationId: op.id,
    ...(op.parameters.length > 0 ? { parameters: op.parameters.map(parameter) } : {}),
    ...(op.body ? { requestBody: { content: content(op.bodyTypes, writer.ref(op.body)) } } : {}),
    responses,
    tags: [tagOf(gv.group, gv.version)],
    'x-kubernetes-action': op.action,
    'x-kubernetes-group-version-kind': gvkExtension([op.kind])[0],
  };
}

/** `resources` are those of `groupVersion`. */
export function* openApiV3(
  groupVersion: GroupVersion,
  resources: readonly OpenApiResource[],
  source: SchemaSource,
  texts: Descriptions,
): Steps<Json> {
  const writer = new DefinitionWriter(source, texts, true);
  const paths: Json = {};
  for (const resource of resources) {
    writer.addCustom(resource);
    writer.ref(definitionName(resource));
  }
  for (const [path, operations] of byPath(resources.flatMap(operationsOf))) {
    const item: Json = { parameters: [...pathParameters(path), 'pretty'].map(parameter) };
    for (const op of operations) item[op.method] = operation(op, groupVersion, writer);
    paths[path] = item;
    yield;
  }
  const schemas = Object.fromEntries(yield* writer.finish());
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: 'unversioned' },
    paths,
    components: {
      schemas,
      securitySchemes: {
        BearerToken: {
          description: 'Bearer Token authentication',
          in: 'header',
          name: 'authorization',
          type: 'apiKey',
        },
      },
    },
  };
}

/** What /openapi/v3 answers; the hash makes each document's address change with its content. */
export function openApiV3Index(hashes: Iterable<readonly [path: string, hash: string]>): Json {
  const paths: Json = {};
  for (const [path, hash] of hashes) {
    paths[path] = { serverRelativeURL: `/openapi/v3/${path}?hash=${encodeURIComponent(hash)}` };
  }
  return { paths };
}
