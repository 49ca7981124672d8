// Whether a value is what it was: items of a list of the type map may stand in another order.
// Upstream: apiserver pkg/cel/common/equality.go (CorrelatedObject.CachedDeepEqual).
import { deepEqual } from '../patch/equal.ts';
import { itemKey } from './cel-values.ts';
import { fieldSchema } from './resolve.ts';
import type { Schema } from './schema.ts';

type Fields = Record<string, unknown>;

export function sameValue(value: unknown, old: unknown, schema: Schema): boolean {
  if (deepEqual(value, old)) return true;
  if (value === null || typeof value !== 'object' || old === null || typeof old !== 'object') return false;
  if (Array.isArray(value)) return Array.isArray(old) && sameList(value, old, schema);
  if (Array.isArray(old)) return false;
  const names = Object.keys(value);
  return (
    names.length === Object.keys(old).length &&
    names.every((name) => {
      const inner = fieldSchema(schema, name);
      return Object.hasOwn(old, name) && inner && sameValue((value as Fields)[name], (old as Fields)[name], inner);
    })
  );
}

function sameList(list: readonly unknown[], old: readonly unknown[], schema: Schema): boolean {
  const { listType, listMapKeys = [], items } = schema;
  if (listType !== 'map' || !items || list.length !== old.length) return false;
  const byKey = new Map(old.map((item) => [itemKey(item, listMapKeys), item]));
  return list.every((item) => {
    const key = itemKey(item, listMapKeys);
    return byKey.has(key) && sameValue(item, byKey.get(key), items);
  });
}
