// The OpenAPI v2 (Swagger) document of all resources. Pure: a list of resources in, a document out. Old clients read
// its protobuf form (protobuf.ts).
import type { Descriptions } from '../../../api/schema/descriptions.ts';
import type { SchemaSource } from '../../../api/schema/schema.ts';
import { DefinitionWriter, gvkExtension, type Json } from './definitions.ts';
import { definitionName, tagOf } from './names.ts';
import { byPath, operationsOf, pathParameters } from './operations.ts';
import { parameters } from './parameters.ts';
import type { Steps } from './slices.ts';
import type { OpenApiResource, Operation } from './types.ts';

const PRODUCES = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf'];

function parameter(name: string): Json {
  const found = parameters.get(name)!;
  return {
    description: found.description,
    in: found.in,
    name,
    ...(found.in === 'path' ? { required: true } : {}),
    type: found.type,
    uniqueItems: true,
  };
}

function operation(op: Operation, writer: DefinitionWriter): Json {
  const names: Record<number, string> = { 200: 'OK', 201: 'Created', 202: 'Accepted' };
  const responses: Json = {};
  for (const code of op.codes) {
    responses[code] = { description: names[code], ...(op.answer ? { schema: writer.ref(op.answer) } : {}) };
  }
  responses[401] = { description: 'Unauthorized' };
  const body = op.body
    ? [{ in: 'body', name: 'body', required: op.action !== 'delete', schema: writer.ref(op.body) }]
    : [];
  const all = [...body, ...op.parameters.map(parameter)];
  return {
    consumes: op.bodyTypes,
    description: op.description,
    operationId: op.id,
    ...(all.length > 0 ? { parameters: all } : {}),
    produces: op.action === 'list' ? [...PRODUCES, 'application/json;stream=watch'] : PRODUCES,
    responses,
    schemes: ['https'],
    tags: [tagOf(op.kind.group, op.kind.version)],
    'x-kubernetes-action': op.action,
    'x-kubernetes-group-version-kind': gvkExtension([op.kind])[0],
  };
}

export function* openApiV2(
  resources: readonly OpenApiResource[],
  source: SchemaSource,
  texts: Descriptions,
): Steps<Json> {
  const writer = new DefinitionWriter(source, texts, false);
  const paths: Json = {};
  for (const resource of resources) {
    writer.addCustom(resource);
    writer.ref(definitionName(resource));
  }
  for (const [path, operations] of byPath(resources.flatMap(operationsOf))) {
    const item: Json = {};
    for (const op of operations) item[op.method] = operation(op, writer);
    item['parameters'] = [...pathParameters(path), 'pretty'].map(parameter);
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
