// Whether two strategic patches change the same thing to different values. Items of merging lists are met by their keys.
// Upstream: apimachinery pkg/util/strategicpatch/patch.go (MergingMapsHaveConflicts and what it calls).
import type { Schema, SchemaSource } from '../../schema/schema.ts';
import { deepEqual, isFields } from '../equal.ts';
import { DIRECTIVE, type FieldMeta, type Fields, RETAIN_KEYS, elementKind, fieldMeta, patchError } from './meta.ts';
import { deduplicate, sortScalars } from './order.ts';

const items = (schema: Schema): FieldMeta => ({ inner: schema, strategy: '', retainKeys: false, mergeKey: '' });

export function haveConflicts(left: Fields, right: Fields, schema: Schema, source: SchemaSource): boolean {
  return differ(left, right, items(schema), source);
}

function differ(left: unknown, right: unknown, meta: FieldMeta, source: SchemaSource): boolean {
  if (isFields(left)) return !isFields(right) || mapsDiffer(left, right, meta, source);
  if (Array.isArray(left)) return !Array.isArray(right) || listsDiffer(left, right, meta, source);
  return !deepEqual(left, right);
}

/** A directive acts on the whole map: two of a kind go together, and one alone meets whatever the other does. */
function mapsDiffer(left: Fields, right: Fields, meta: FieldMeta, source: SchemaSource): boolean {
  if (left[DIRECTIVE] !== right[DIRECTIVE]) return true;
  if (meta.strategy === 'replace') return false;
  return Object.keys(left).some((key) => {
    if (key === DIRECTIVE || key === RETAIN_KEYS || !Object.hasOwn(right, key)) return false;
    return differ(left[key], right[key], fieldMeta(meta.inner, key, source), source);
  });
}

function listsDiffer(left: unknown[], right: unknown[], meta: FieldMeta, source: SchemaSource): boolean {
  const kind = elementKind(left, right);
  const { strategy, mergeKey, inner } = meta;
  if (strategy === 'merge') {
    // Scalars are only added and taken away.
    if (kind !== 'map') return false;
    const theirs = byKey(right, mergeKey);
    return [...byKey(left, mergeKey)].some(([key, item]) => {
      const other = theirs.get(key);
      return other !== undefined && differ(item, other, items(inner), source);
    });
  }
  if (left.length !== right.length) return true;
  const [a, b] = kind === 'map' ? [left, right] : [left, right].map((list) => sortScalars(deduplicate(list)));
  return a!.some((item, i) => differ(item, b![i], items(inner), source));
}

function byKey(list: unknown[], mergeKey: string): Map<string, Fields> {
  const found = new Map<string, Fields>();
  for (const item of list) {
    if (!isFields(item) || !Object.hasOwn(item, mergeKey)) {
      throw patchError(`cannot find merge key \`${mergeKey}\` in merging list element:${JSON.stringify(item)}`);
    }
    found.set(String(item[mergeKey]), item);
  }
  return found;
}
