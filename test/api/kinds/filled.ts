// An object of a kind with every structure in it and nothing else: each list has one item, no string is set. Defaults
// show on it wherever there are any. Upstream: detectDefaults in pkg/apis/core/v1/defaults_test.go.
import { builtinSchemas } from '../../../src/api/schema/builtin.ts';
import type { Schema } from '../../../src/api/schema/schema.ts';

const MAX_DEPTH = 14;
type Fields = Record<string, unknown>;

function structureOf(schema: Schema, depth: number): unknown {
  if (depth > MAX_DEPTH) return undefined;
  if (schema.ref) {
    const found = builtinSchemas.definition(schema.ref);
    return found && structureOf(found, depth);
  }
  if (schema.items) {
    const item = structureOf(schema.items, depth + 1);
    return item === undefined ? undefined : [item];
  }
  if (schema.type !== 'object' || schema.additionalProperties) return undefined;
  const fields: Fields = {};
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    const value = structureOf(property, depth + 1);
    if (value !== undefined) fields[name] = value;
  }
  return fields;
}

export function filled(group: string, version: string, kind: string): Fields {
  const { metadata: _metadata, ...rest } = structureOf(builtinSchemas.forKind(group, version, kind)!, 0) as Fields;
  return { metadata: {}, ...rest };
}

/** Paths of what is in `now` and not in `before`, with the value as JSON. */
export function added(before: unknown, now: unknown, path = ''): [string, string][] {
  if (before === undefined) return [[path, JSON.stringify(now)]];
  if (now === null || typeof now !== 'object') return [];
  return Object.entries(now).flatMap(([key, value]) => {
    const inner = (before as Fields)[key];
    return added(inner, value, Array.isArray(now) ? `${path}[${key}]` : `${path}.${key}`);
  });
}
