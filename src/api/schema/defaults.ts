// Fills in a schema's `default` values. What defaults need more than one field to know is in the kinds' files.
// Upstream: apiextensions-apiserver pkg/apiserver/schema/defaulting/algorithm.go (Default, PruneNonNullableNulls).
import type { Json } from '../types.ts';
import { setOwn } from '../codec/json.ts';
import type { Schema, SchemaSource } from './schema.ts';
import { resolve } from './resolve.ts';

type Fields = Record<string, unknown>;

/** Whether a default is anywhere below a schema, by source; recursive types are cut where they repeat. */
const known = new WeakMap<SchemaSource, WeakMap<Schema, boolean>>();

function hasDefaults(referrer: Schema, source: SchemaSource, onPath = new Set<Schema>()): boolean {
  if (referrer.default !== undefined) return true;
  const schema = resolve(referrer, source);
  let answers = known.get(source);
  if (!answers) known.set(source, (answers = new WeakMap()));
  const answer = answers.get(schema);
  if (answer !== undefined) return answer;
  if (onPath.has(schema)) return false;
  onPath.add(schema);
  const inner = [...Object.values(schema.properties ?? {}), schema.items, schema.additionalProperties];
  const found =
    schema.default !== undefined || inner.some((s) => typeof s === 'object' && hasDefaults(s, source, onPath));
  onPath.delete(schema);
  // Within a recursive type a no is only whole at its outermost level.
  if (found || onPath.size === 0) answers.set(schema, found);
  return found;
}

/** The properties of a schema that have a default or one below them: all that a walk has to look at. */
const relevant = new WeakMap<SchemaSource, WeakMap<Schema, readonly [string, Schema][]>>();

function relevantProperties(schema: Schema, source: SchemaSource): readonly [string, Schema][] {
  let bySchema = relevant.get(source);
  if (!bySchema) relevant.set(source, (bySchema = new WeakMap()));
  let list = bySchema.get(schema);
  if (!list) {
    list = Object.entries(schema.properties ?? {}).filter(([, property]) => hasDefaults(property, source));
    bySchema.set(schema, list);
  }
  return list;
}

function walk(value: unknown, referrer: Schema, source: SchemaSource): void {
  if (value === null || typeof value !== 'object') return;
  const schema = resolve(referrer, source);
  if (Array.isArray(value)) {
    if (schema.items && hasDefaults(schema.items, source)) for (const item of value) walk(item, schema.items, source);
    return;
  }
  const fields = value as Fields;
  for (const [name, property] of relevantProperties(schema, source)) {
    const fallback = property.default;
    const current = Object.hasOwn(fields, name) ? fields[name] : undefined;
    const missing = current === undefined || (current === null && !nullable(property, source));
    if (fallback !== undefined && missing) setOwn(fields, name, structuredClone(fallback));
    if (Object.hasOwn(fields, name)) walk(fields[name], property, source);
  }
  const { additionalProperties } = schema;
  if (typeof additionalProperties !== 'object' || !hasDefaults(additionalProperties, source)) return;
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
  if (hasDefaults(schema, source)) walk(draft, schema, source);
}
