// `openapi: {path}`: a user's own OpenAPI document says how lists of custom kinds merge. It takes the place of what
// kustomize knows of Kubernetes' kinds, and the first that a build meets, from the root, is the one that counts.
// Upstream: kyaml/openapi SetSchema.
import type { Schema, SchemaSource } from '../schema/schema.ts';
import { isMap } from './fields.ts';
import type { Loader } from './loader.ts';

interface OpenApi {
  $ref?: string;
  type?: string;
  properties?: Record<string, OpenApi>;
  items?: OpenApi;
  additionalProperties?: OpenApi | boolean;
  'x-kubernetes-patch-strategy'?: string;
  'x-kubernetes-patch-merge-key'?: string;
  'x-kubernetes-list-map-keys'?: string[];
  'x-kubernetes-group-version-kind'?: { group?: string; version?: string; kind?: string }[];
}

const REF = '#/definitions/';

export function schemasOf(loader: Loader, path: string): SchemaSource {
  const document = loader.parse(path);
  const definitions = (isMap(document) ? (document['definitions'] ?? {}) : {}) as Record<string, OpenApi>;
  const definition = (name: string): Schema | undefined => {
    const found = definitions[name];
    return found && schemaOf(found, definitions);
  };
  return {
    definition,
    forKind(group, version, kind) {
      const isKind = (one: OpenApi): boolean =>
        one['x-kubernetes-group-version-kind']?.some(
          (k) => (k.group ?? '') === group && k.version === version && k.kind === kind,
        ) ?? false;
      const name = Object.keys(definitions).find((known) => isKind(definitions[known]!));
      return name === undefined ? undefined : definition(name);
    },
  };
}

/** References are followed when they are met: a type may refer to itself. */
function schemaOf(from: OpenApi, definitions: Readonly<Record<string, OpenApi>>): Schema {
  const { $ref, type, properties, items, additionalProperties } = from;
  const strategy = from['x-kubernetes-patch-strategy'];
  const mergeKey = from['x-kubernetes-patch-merge-key'];
  const mapKeys = from['x-kubernetes-list-map-keys'];
  const inner = (one: OpenApi): Schema => schemaOf(one, definitions);
  const merging = {
    ...(strategy ? { patchStrategy: strategy } : {}),
    ...(mergeKey ? { patchMergeKey: mergeKey } : {}),
    ...(mapKeys ? { listMapKeys: mapKeys } : {}),
  };
  const target = $ref?.startsWith(REF) ? definitions[$ref.slice(REF.length)] : undefined;
  if (target) {
    const lazily = (name: keyof Schema): unknown => inner(target)[name];
    return {
      get properties() {
        return lazily('properties');
      },
      get items() {
        return lazily('items');
      },
      get additionalProperties() {
        return lazily('additionalProperties');
      },
      ...merging,
    } as Schema;
  }
  return {
    ...(type ? { type } : {}),
    ...(properties
      ? { properties: Object.fromEntries(Object.entries(properties).map(([name, one]) => [name, inner(one)])) }
      : {}),
    ...(items ? { items: inner(items) } : {}),
    ...(isMap(additionalProperties) ? { additionalProperties: inner(additionalProperties as OpenApi) } : {}),
    ...merging,
  } as Schema;
}
