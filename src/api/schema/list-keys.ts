// Items of a set must differ, and items of a map-like list must differ in their keys.
// Upstream: apiextensions-apiserver pkg/apiserver/schema/listtype/validation.go (ValidateListSetsAndMaps).
import type { FieldErrors } from '../validation.ts';
import { stringifySorted } from '../codec/json.ts';
import { fieldSchema, resolve } from './resolve.ts';
import type { Schema, SchemaSource } from './schema.ts';

type Fields = Record<string, unknown>;

function walk(value: unknown, referrer: Schema, source: SchemaSource, path: string, errors: FieldErrors): void {
  if (value === null || typeof value !== 'object') return;
  const schema = resolve(referrer, source);
  if (Array.isArray(value)) {
    if (schema.listType === 'set') checkSet(value, path, errors);
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

function checkSet(list: unknown[], path: string, errors: FieldErrors): void {
  const seen = new Set<string>();
  list.forEach((item, i) => {
    const key = stringifySorted(item);
    if (seen.has(key)) errors.duplicate(`${path}[${i}]`, item);
    seen.add(key);
  });
}

function checkMap(list: unknown[], schema: Schema, path: string, errors: FieldErrors): void {
  const seen = new Set<string>();
  list.forEach((item, i) => {
    if (item === null || typeof item !== 'object') return;
    const keys: Fields = {};
    for (const name of schema.listMapKeys ?? []) {
      const value = (item as Fields)[name] ?? schema.items?.properties?.[name]?.default;
      if (value !== undefined) keys[name] = value;
    }
    const text = stringifySorted(keys);
    if (seen.has(text)) errors.duplicate(`${path}[${i}]`, keys);
    seen.add(text);
  });
}

/** Pushes a Duplicate error for each item that was there before. */
export function validateListKeys(object: object, schema: Schema, source: SchemaSource, errors: FieldErrors): void {
  walk(object, schema, source, '', errors);
}
