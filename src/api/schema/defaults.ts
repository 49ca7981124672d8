// Fills in a schema's `default` values. What defaults need more than one field to know is in the kinds' files.
// Upstream: apiextensions-apiserver pkg/apiserver/schema/defaulting/algorithm.go (Default, PruneNonNullableNulls).
import type { Json } from '../types.ts';
import { setOwn } from '../codec/json.ts';
import type { Schema, SchemaSource } from './schema.ts';
import { resolve } from './resolve.ts';

type Fields = Record<string, unknown>;

/** Schemas in which no default is anywhere below, by source: most of them, and then there is nothing to walk. */
const without = new WeakMap<SchemaSource, WeakSet<Schema>>();

function hasDefaults(referrer: Schema, source: SchemaSource, onPath: Set<Schema>): boolean {
  if (referrer.default !== undefined) return true;
  const schema = resolve(referrer, source);
  if (schema.default !== undefined) return true;
  let known = without.get(source);
  if (!known) without.set(source, (known = new WeakSet()));
  if (known.has(schema) || onPath.has(schema)) return false;
  onPath.add(schema);
  const inner = [...Object.values(schema.properties ?? {}), schema.items, schema.additionalProperties];
  const found = inner.some((s) => typeof s === 'object' && hasDefaults(s, source, onPath));
  onPath.delete(schema);
  // Within a recursive type the answer is only whole at its outermost level.
  if (!found && onPath.size === 0) known.add(schema);
  return found;
}

function walk(value: unknown, referrer: Schema, source: SchemaSource): void {
  if (value === null || typeof value !== 'object') return;
  const schema = resolve(referrer, source);
  if (Array.isArray(value)) {
    if (schema.items) for (const item of value) walk(item, schema.items, source);
    return;
  }
  const fields = value as Fields;
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    const fallback = property.default;
    const current = Object.hasOwn(fields, name) ? fields[name] : undefined;
    const missing = current === undefined || (current === null && !nullable(property, source));
    if (fallback !== undefined && missing) setOwn(fields, name, structuredClone(fallback));
    if (Object.hasOwn(fields, name)) walk(fields[name], property, source);
  }
  const { additionalProperties } = schema;
  if (typeof additionalProperties !== 'object') return;
  for (const name of Object.keys(fields)) {
    if (schema.properties && Object.hasOwn(schema.properties, name)) continue;
    const fallback: Json | undefined = additionalProperties.default;
    if (fields[name] === null && fallback !== undefined && !nullable(additionalProperties, source)) {
      setOwn(fields, name, structuredClone(fallback));
    }
    walk(fields[name], additionalProperties, source);
  }
}

const nullable = (schema: Schema, source: SchemaSource): boolean => resolve(schema, source).nullable === true;

/** Fills the draft in place, outermost first: a default object gets its own fields' defaults. */
export function applyDefaults(draft: object, schema: Schema, source: SchemaSource): void {
  if (hasDefaults(schema, source, new Set())) walk(draft, schema, source);
}
