// Fills in a schema's `default` values. What defaults need more than one field to know is in the kinds' files.
// Upstream: apiextensions-apiserver pkg/apiserver/schema/defaulting/algorithm.go (Default).
import type { Json } from '../types.ts';
import { setOwn } from '../codec/json.ts';
import type { Schema, SchemaSource } from './schema.ts';
import { fieldSchema, resolve } from './resolve.ts';

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
    const { items } = schema;
    if (!items || !hasDefaults(items, source)) return;
    value.forEach((item, i) => {
      const fallback = items.default;
      if (item === null && fallback !== undefined && !nullable(items, source)) value[i] = structuredClone(fallback);
      walk(value[i], items, source);
    });
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

/** Whether applyDefaults would fill anything in. */
export function lacksDefaults(value: unknown, referrer: Schema, source: SchemaSource): boolean {
  if (value === null || typeof value !== 'object' || !hasDefaults(referrer, source)) return false;
  const schema = resolve(referrer, source);
  const lacks = (item: unknown, inner: Schema): boolean =>
    (item === null && inner.default !== undefined && !nullable(inner, source)) || lacksDefaults(item, inner, source);
  if (Array.isArray(value)) return schema.items !== undefined && value.some((item) => lacks(item, schema.items!));
  const fields = value as Fields;
  for (const [name, property] of relevantProperties(schema, source)) {
    if (Object.hasOwn(fields, name) ? lacks(fields[name], property) : property.default !== undefined) return true;
  }
  const { additionalProperties } = schema;
  if (typeof additionalProperties !== 'object' || !hasDefaults(additionalProperties, source)) return false;
  return Object.keys(fields).some(
    (name) =>
      !(schema.properties && Object.hasOwn(schema.properties, name)) && lacks(fields[name], additionalProperties),
  );
}

/**
 * Removes nulls that may not be and that no default replaces, from the draft, in place: Go's decoder does so for
 * built-in kinds. Those in lists stay. Upstream: defaulting/prunenulls.go, PruneNonNullableNullsWithoutDefaults.
 */
export function pruneNulls(draft: object, schema: Schema, source: SchemaSource): void {
  if (hasNull(draft)) dropNulls(draft, schema, source);
}

export function hasNull(value: unknown): boolean {
  if (value === null) return true;
  if (typeof value !== 'object') return false;
  if (Array.isArray(value)) return value.some(hasNull);
  for (const key in value) if (hasNull((value as Fields)[key])) return true;
  return false;
}

function dropNulls(value: unknown, referrer: Schema | undefined, source: SchemaSource): void {
  if (value === null || typeof value !== 'object' || !referrer) return;
  const schema = resolve(referrer, source);
  if (Array.isArray(value)) {
    for (const item of value) dropNulls(item, schema.items, source);
    return;
  }
  const fields = value as Fields;
  for (const name of Object.keys(fields)) {
    const inner = fieldSchema(schema, name);
    if (fields[name] !== null) dropNulls(fields[name], inner, source);
    else if (inner && inner.default === undefined && !nullable(inner, source)) delete fields[name];
  }
}

/** Fills the draft in place, outermost first: a default object gets its own fields' defaults. */
export function applyDefaults(draft: object, schema: Schema, source: SchemaSource): void {
  if (hasDefaults(schema, source)) walk(draft, schema, source);
}
