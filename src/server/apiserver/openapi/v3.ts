// The OpenAPI v3 document of one group and version. Pure: a list of resources in, a document out.
import type { Descriptions } from '../../../api/schema/descriptions.ts';
import type { SchemaSource } from '../../../api/schema/schema.ts';
import { DefinitionWriter, gvkExtension, type Json } from './definitions.ts';
import { definitionName } from './names.ts';
import { ANSWER_TYPES, byPath, operationsOf, pathParameters } from './operations.ts';
import { parameters } from './parameters.ts';
import type { Steps } from './slices.ts';
import type { OpenApiResource, Operation } from './types.ts';

function parameter(name: string): Json {
  const found = parameters.get(name)!;
  return {
    description: found.description,
    in: found.in,
    name: found.name,
    ...(found.in === 'path' ? { required: true } : {}),
    schema: { type: found.type, uniqueItems: true },
  };
}

const content = (types: readonly string[], schema: Json): Json =>
  Object.fromEntries(types.map((type) => [type, { schema }]));

function operation(op: Operation, writer: DefinitionWriter): Json {
  const answer = { content: content(op.produces ?? ANSWER_TYPES, writer.answer(op.answer)) };
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
    tags: [op.tag],
    ...(op.action === undefined ? {} : { 'x-kubernetes-action': op.action }),
    ...(op.kind ? { 'x-kubernetes-group-version-kind': gvkExtension([op.kind])[0] } : {}),
  };
}

/** The document of a group and version, or of what is about no resource. */
export function* openApiV3(
  resources: readonly OpenApiResource[],
  roots: readonly Operation[],
  source: SchemaSource,
  texts: Descriptions,
): Steps<Json> {
  const writer = new DefinitionWriter(source, texts, true);
  const paths: Json = {};
  for (const resource of resources) {
    writer.addCustom(resource);
    writer.ref(definitionName(resource));
  }
  for (const [path, operations] of byPath([...roots, ...resources.flatMap(operationsOf)])) {
    const names = [...pathParameters(path), ...operations[0]!.pathParameters];
    const item: Json = names.length > 0 ? { parameters: names.map(parameter) } : {};
    for (const op of operations) item[op.method] = operation(op, writer);
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
