// Items of a set must differ, and items of a map-like list must differ in their keys.
// Upstream: apiextensions-apiserver pkg/apiserver/schema/listtype/validation.go (ValidateListSetsAndMaps).
import type { FieldErrors } from '../validation.ts';
import { stringifySorted } from '../codec/json.ts';
import { fieldSchema, resolve } from './resolve.ts';
import type { Schema, SchemaSource } from './schema.ts';

type Fields = Record<string, unknown>;

function walk(value: unknown, referrer: Schema, source: SchemaSource, path: string, errors: FieldErrors): void {
  if (value === null || typeof value !== 'object' || referrer.ref !== undefined) return;
  const schema = resolve(referrer, source);
  if (Array.isArray(value)) {
    if (schema.listType === 'set') for (const i of repeated(value)) errors.duplicate(`${path}[${i}]`, value[i]);
    else if (schema.listType === 'map') checkMap(value, schema, path, errors);
    const { items } = schema;
    if (items) value.forEach((item, i) => walk(item, items, source, `${path}[${i}]`, errors));
    return;
  }
  for (const [name, member] of Object.entries(value)) {
    const inner = fieldSchema(schema, name);
    if (!inner) continue;
    const named = schema.properties !== undefined && Object.hasOwn(schema.properties, name);
    walk(member, inner, source, named ? (path === '' ? name : `${path}.${name}`) : `${path}[${name}]`, errors);
  }
}

/** Where a value is for the second time; a third is not told. */
function repeated(list: readonly unknown[]): number[] {
  const seen = new Map<string, number>();
  return list.flatMap((item, i) => {
    const key = stringifySorted(item);
    const times = (seen.get(key) ?? 0) + 1;
    seen.set(key, times);
    return times === 2 ? [i] : [];
  });
}

function checkMap(list: unknown[], schema: Schema, path: string, errors: FieldErrors): void {
  const bad = list.findIndex((item) => item !== null && (typeof item !== 'object' || Array.isArray(item)));
  if (bad >= 0) {
    return errors.invalid(`${path}[${bad}]`, list[bad], 'must be an object for an array of list-type map');
  }
  const keys = list.map((item) => {
    const fields = (item ?? {}) as Fields;
    const own: Fields = {};
    for (const name of schema.listMapKeys ?? []) if (Object.hasOwn(fields, name)) own[name] = fields[name];
    return own;
  });
  for (const i of repeated(keys)) errors.duplicate(`${path}[${i}]`, keys[i]);
}

/** Pushes a Duplicate error for each item that was there before. */
export function validateListKeys(object: object, schema: Schema, source: SchemaSource, errors: FieldErrors): void {
  walk(object, schema, source, '', errors);
}
