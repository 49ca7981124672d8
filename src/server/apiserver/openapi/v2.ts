// The OpenAPI v2 (Swagger) document of all resources. Pure: a list of resources in, a document out. Old clients read
// its protobuf form (protobuf.ts).
import type { Descriptions } from '../../../api/schema/descriptions.ts';
import type { SchemaSource } from '../../../api/schema/schema.ts';
import { DefinitionWriter, gvkExtension, type Json } from './definitions.ts';
import { definitionName } from './names.ts';
import { ANSWER_TYPES, byPath, operationsOf, pathParameters } from './operations.ts';
import { parameters } from './parameters.ts';
import type { Steps } from './slices.ts';
import { DELETE_OPTIONS, type OpenApiResource, type Operation } from './types.ts';

function parameter(name: string): Json {
  const found = parameters.get(name)!;
  return {
    description: found.description,
    in: found.in,
    name: found.name,
    ...(found.in === 'path' ? { required: true } : {}),
    type: found.type,
    uniqueItems: true,
  };
}

function operation(op: Operation, writer: DefinitionWriter): Json {
  const names: Record<number, string> = { 200: 'OK', 201: 'Created', 202: 'Accepted' };
  const responses: Json = {};
  for (const code of op.codes) {
    responses[code] = { description: names[code], schema: writer.answer(op.answer) };
  }
  responses[401] = { description: 'Unauthorized' };
  const body = op.body
    ? [{ in: 'body', name: 'body', ...requiredUnless(op.body === DELETE_OPTIONS), schema: writer.ref(op.body) }]
    : [];
  const all = [...body, ...op.parameters.map(parameter)];
  return {
    ...(op.bodyTypes.length > 0 ? { consumes: op.bodyTypes } : {}),
    description: op.description,
    operationId: op.id,
    ...(all.length > 0 ? { parameters: all } : {}),
    produces: op.produces ?? ANSWER_TYPES,
    responses,
    schemes: ['https'],
    tags: [op.tag],
    ...(op.action === undefined ? {} : { 'x-kubernetes-action': op.action }),
    ...(op.kind ? { 'x-kubernetes-group-version-kind': gvkExtension([op.kind])[0] } : {}),
  };
}

const requiredUnless = (optional: boolean): Json => (optional ? {} : { required: true });

/** `roots` are the operations that are about no resource. */
export function* openApiV2(
  resources: readonly OpenApiResource[],
  roots: readonly Operation[],
  source: SchemaSource,
  texts: Descriptions,
): Steps<Json> {
  const writer = new DefinitionWriter(source, texts, false);
  const paths: Json = {};
  for (const resource of resources) {
    writer.addCustom(resource);
    writer.ref(definitionName(resource));
  }
  for (const [path, operations] of byPath([...roots, ...resources.flatMap(operationsOf)])) {
    const item: Json = {};
    for (const op of operations) item[op.method] = operation(op, writer);
    const names = [...pathParameters(path), ...operations[0]!.pathParameters];
    if (names.length > 0) item['parameters'] = names.map(parameter);
    paths[path] = item;
    yield;
  }
  const definitions = Object.fromEntries(yield* writer.finish());
  return {
    swagger: '2.0',
    info: { title: 'Kubernetes', version: 'unversioned' },
    paths,
    definitions,
    securityDefinitions: {
      BearerToken: { description: 'Bearer Token authentication', in: 'header', name: 'authorization', type: 'apiKey' },
    },
    security: [{ BearerToken: [] }],
  };
}
