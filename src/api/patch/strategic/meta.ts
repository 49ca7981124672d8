// What a strategic merge needs to know of a field, read from its schema, and the directives a patch may hold.
// Upstream: apimachinery pkg/util/strategicpatch/meta.go, pkg/util/mergepatch/errors.go.
import { StatusError, badRequest } from '../../status.ts';
import { fieldSchema, resolve } from '../../schema/resolve.ts';
import type { Schema, SchemaSource } from '../../schema/schema.ts';
import { goPrint } from '../equal.ts';

export type Fields = Record<string, unknown>;

export const DIRECTIVE = '$patch';
export const RETAIN_KEYS = '$retainKeys';
export const DELETE_FROM_PRIMITIVES = '$deleteFromPrimitiveList';
export const SET_ELEMENT_ORDER = '$setElementOrder';

export interface FieldMeta {
  /** Of the field's fields, or of its items' fields. */
  inner: Schema;
  /** `merge`, `replace`, or ''. */
  strategy: string;
  retainKeys: boolean;
  mergeKey: string;
}

const empty: Schema = {};

/**
 * A field's patch facts. A field that the schema does not know has none: its objects merge and its lists are replaced
 * (upstream fails instead, after validation has already complained).
 */
export function fieldMeta(schema: Schema, key: string, source: SchemaSource): FieldMeta {
  const field = fieldSchema(schema, key);
  if (!field) return { inner: empty, strategy: '', retainKeys: false, mergeKey: '' };
  const strategies = field.patchStrategy?.split(',') ?? [];
  const resolved = resolve(field, source);
  return {
    inner: resolved.items ? resolve(resolved.items, source) : resolved,
    strategy: strategies.find((s) => s !== 'retainKeys') ?? '',
    retainKeys: strategies.includes('retainKeys'),
    mergeKey: field.patchMergeKey ?? '',
  };
}

export type Kind = 'map' | 'slice' | 'string' | 'bool' | 'int' | 'float' | 'nil';

/** What Go's reflection calls a value's type. */
export function kindOf(value: unknown): Kind {
  if (value === null || value === undefined) return 'nil';
  if (Array.isArray(value)) return 'slice';
  switch (typeof value) {
    case 'object':
      return 'map';
    case 'boolean':
      return 'bool';
    case 'bigint':
      return 'int';
    case 'number':
      return Number.isInteger(value) ? 'int' : 'float';
  }
  return 'string';
}

/** The one type of all items of some lists. Upstream: sliceElementType. */
export function elementKind(...lists: unknown[][]): Kind {
  let kind: Kind | undefined;
  for (const list of lists) {
    for (const item of list) {
      const found = kindOf(item);
      if (kind === undefined && found === 'slice') throw patchError('lists of lists are not supported', 422);
      if (kind !== undefined && kind !== found) {
        throw patchError(`list element types are not identical: ${goPrint(lists)}`);
      }
      kind = found;
    }
  }
  if (kind === undefined) throw patchError('no elements in any of the given slices');
  return kind;
}

/** Most of upstream's errors here are plain ones, which a server answers with 500. */
export function patchError(message: string, code = 500): StatusError {
  return code === 400 ? badRequest(message) : new StatusError(code === 422 ? 'Invalid' : '', message, undefined, code);
}

export const noMergeKey = (map: unknown, key: string): StatusError =>
  patchError(`map: ${goPrint(map)} does not contain declared merge key: ${key}`);

export const badSetOrder = (): StatusError => patchError('invalid patch format of setElementOrder list', 400);
export const badRetainKeys = (): StatusError => patchError('invalid patch format of retainKeys', 400);
export const badPrimitiveList = (): StatusError => patchError('invalid patch format of primitive list', 400);
export const badPatchType = (directive: unknown, map: unknown): StatusError =>
  patchError(`unknown patch type: ${String(directive)} in map: ${goPrint(map)}`);

const goTypes: Record<Kind, string> = {
  map: 'map[string]interface {}',
  slice: '[]interface {}',
  string: 'string',
  bool: 'bool',
  int: 'int64',
  float: 'float64',
  nil: '%!s(<nil>)',
};

/** The value as a list, or upstream's complaint. */
export function asList(value: unknown): unknown[] {
  if (Array.isArray(value)) return value;
  throw patchError(`expected a []interface {}, but received a ${goTypes[kindOf(value)]}`);
}

/** The value as an object, or upstream's complaint. */
export function asFields(value: unknown): Fields {
  if (kindOf(value) === 'map') return value as Fields;
  throw patchError(`expected a map[string]interface {}, but received a ${goTypes[kindOf(value)]}`);
}

/** The merge key's value of an item. */
export function keyValue(item: unknown, mergeKey: string): unknown {
  const fields = asFields(item);
  if (!Object.hasOwn(fields, mergeKey)) throw noMergeKey(fields, mergeKey);
  return fields[mergeKey];
}
