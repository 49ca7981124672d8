// Applies a strategic merge patch, or merges two such patches into one (the three-way diff does that). Inputs are never
// changed: a map or list is copied before its first change, and what the patch does not name is shared.
// Upstream: apimachinery pkg/util/strategicpatch/patch.go (mergeMap and what it calls).
import { setOwn } from '../../codec/json.ts';
import type { Schema, SchemaSource } from '../../schema/schema.ts';
import { deepEqual, goPrint, isFields } from '../equal.ts';
import {
  DELETE_FROM_PRIMITIVES,
  DIRECTIVE,
  RETAIN_KEYS,
  SET_ELEMENT_ORDER,
  asFields,
  asList,
  badPatchType,
  badPrimitiveList,
  badRetainKeys,
  badSetOrder,
  elementKind,
  fieldMeta,
  keyValue,
  kindOf,
  patchError,
  type Fields,
} from './meta.ts';
import { deduplicate, mergeOrder, partition } from './order.ts';

export interface MergeOptions {
  /** True: directives act on an object. False: both sides are patches and directives are kept. */
  apply: boolean;
}

export class Merger {
  private readonly source: SchemaSource;
  private readonly apply: boolean;
  constructor(source: SchemaSource, options: MergeOptions) {
    this.source = source;
    this.apply = options.apply;
  }

  map(original: Fields, patch: Fields, schema: Schema): Fields {
    if (Object.hasOwn(patch, DIRECTIVE)) return replaceOrDelete(patch);
    const result = { ...original };
    const rest = { ...patch };
    this.retainKeys(result, rest);
    this.elementOrders(result, rest, schema);
    for (const key of Object.keys(rest)) this.field(result, key, rest[key], schema);
    return result;
  }

  private field(result: Fields, patchKey: string, value: unknown, schema: Schema): void {
    let key = patchKey;
    const isDeleteList = key.startsWith(DELETE_FROM_PRIMITIVES);
    if (isDeleteList) {
      if (!this.apply) {
        result[key] = value;
        return;
      }
      key = keyAfter(key, DELETE_FROM_PRIMITIVES, badPrimitiveList);
    }
    if (value === null) {
      delete result[key];
      if (this.apply) return;
    }
    const has = Object.hasOwn(result, key);
    if (!has || kindOf(result[key]) !== kindOf(value)) {
      if (!isDeleteList) this.set(result, key, this.apply ? withoutNulls(value) : value);
      return;
    }
    const before = result[key];
    const meta = isFields(before) || Array.isArray(before) ? fieldMeta(schema, key, this.source) : undefined;
    if (isFields(before)) {
      const replaced = meta!.strategy === 'replace';
      setOwn(result, key, replaced ? value : this.map(before, value as Fields, meta!.inner));
    } else if (Array.isArray(before)) {
      const merges = meta!.strategy === 'merge' || isDeleteList;
      const list = value as unknown[];
      setOwn(result, key, merges ? this.list(before, list, meta!.inner, meta!.mergeKey, isDeleteList).merged : list);
    } else this.set(result, key, value);
  }

  private set(result: Fields, key: string, value: unknown): void {
    const kept = withoutDirectives(value);
    if (kept === dropped) delete result[key];
    else setOwn(result, key, kept);
  }

  private retainKeys(result: Fields, patch: Fields): void {
    if (!Object.hasOwn(patch, RETAIN_KEYS)) return;
    const list = patch[RETAIN_KEYS];
    delete patch[RETAIN_KEYS];
    if (!this.apply) {
      const before = result[RETAIN_KEYS];
      if (before !== undefined && !deepEqual(before, list)) {
        throw patchError(
          `${goPrint(before)} and ${goPrint(list)} are not deep equal: this may happen when calculating the 3-way diff patch`,
        );
      }
      result[RETAIN_KEYS] = list;
      return;
    }
    if (!Array.isArray(list)) throw badRetainKeys();
    const kept = new Set<unknown>(list);
    for (const key of Object.keys(patch)) {
      const parallel = key.startsWith(DELETE_FROM_PRIMITIVES) || key.startsWith(SET_ELEMENT_ORDER);
      if (patch[key] !== null && !parallel && !kept.has(key)) throw badRetainKeys();
    }
    for (const key of Object.keys(result)) if (!kept.has(key)) delete result[key];
  }

  /** Merges the lists whose order the patch gives; they leave the patch. Upstream: mergePatchIntoOriginal. */
  private elementOrders(result: Fields, patch: Fields, schema: Schema): void {
    for (const orderKey of Object.keys(patch)) {
      if (!orderKey.startsWith(SET_ELEMENT_ORDER)) continue;
      const order = patch[orderKey];
      if (!this.apply) {
        if (Object.hasOwn(result, orderKey) && !deepEqual(result[orderKey], order)) throw badSetOrder();
        result[orderKey] = order;
      }
      delete patch[orderKey];
      const key = keyAfter(orderKey, SET_ELEMENT_ORDER, badSetOrder);
      this.orderedList(result, patch, key, asList(order), schema);
    }
  }

  private orderedList(result: Fields, patch: Fields, key: string, order: unknown[], schema: Schema): void {
    const before = Object.hasOwn(result, key) ? asList(result[key]) : undefined;
    const change = Object.hasOwn(patch, key) ? asList(patch[key]) : undefined;
    const { inner, strategy, mergeKey } = fieldMeta(schema, key, this.source);
    checkOrder(change ?? [], order, mergeKey);
    let merged: unknown[];
    let serverOrder = before ?? [];
    if (before && change) {
      if (strategy === 'merge') ({ merged, serverOrder } = this.list(before, change, inner, mergeKey, false));
      else merged = change;
    } else if (before) merged = before;
    else if (change) merged = withoutDirectives(change) as unknown[];
    else return;
    const [named, rest] = partition(merged, order, mergeKey);
    const kind = elementKind(before ?? [], change ?? []);
    setOwn(result, key, mergeOrder(named, rest, order, serverOrder, mergeKey, kind));
    delete patch[key];
  }

  /**
   * `serverOrder` is the order that the caller sorts by. Upstream deletes and appends in place, so that its caller's
   * list shows appended items where deleted ones were; the outcome of the sort depends on it.
   */
  private list(
    original: unknown[],
    patch: unknown[],
    schema: Schema,
    mergeKey: string,
    isDeleteList: boolean,
  ): { merged: unknown[]; serverOrder: unknown[] } {
    if (original.length === 0 && patch.length === 0) return { merged: original, serverOrder: original };
    const kind = elementKind(original, patch);
    let server = original;
    let changes = patch;
    let all: unknown[];
    if (kind !== 'map') {
      if (this.apply && isDeleteList) {
        const gone = new Set(patch);
        return { merged: original.filter((item) => !gone.has(item)), serverOrder: original };
      }
      all = deduplicate([...original, ...patch]);
    } else {
      if (mergeKey === '') throw patchError(`cannot merge lists without merge key for ${schema.type ?? 'Struct'}`);
      [server, changes] = this.specialItems(original, patch, mergeKey);
      all = this.items(server, changes, mergeKey, schema);
    }
    const [named, rest] = partition(all, changes, mergeKey);
    const merged = mergeOrder(named, rest, changes, server, mergeKey, kind);
    return { merged, serverOrder: kind === 'map' ? all.slice(0, original.length) : original };
  }

  /** Items with a directive act on the list and leave the patch. */
  private specialItems(original: unknown[], patch: unknown[], mergeKey: string): [unknown[], unknown[]] {
    const plain: unknown[] = [];
    const deleted = new Set<unknown>();
    let replace = false;
    for (const item of patch) {
      const fields = asFields(item);
      if (!Object.hasOwn(fields, DIRECTIVE)) plain.push(item);
      else if (fields[DIRECTIVE] === 'delete') deleted.add(keyValue(fields, mergeKey));
      else if (fields[DIRECTIVE] === 'replace') replace = true;
      else if (fields[DIRECTIVE] === 'merge') {
        throw patchError('merging lists cannot yet be specified in the patch');
      } else throw badPatchType(fields[DIRECTIVE], fields);
    }
    if (replace) return [plain, []];
    const left =
      deleted.size === 0
        ? original
        : original.filter(
            (item) => !Object.hasOwn(asFields(item), mergeKey) || !deleted.has((item as Fields)[mergeKey]),
          );
    return [left, plain];
  }

  private items(original: unknown[], patch: unknown[], mergeKey: string, schema: Schema): unknown[] {
    const result = [...original];
    const places = new Map<unknown, number>();
    original.forEach((item, i) => {
      const key = asFields(item)[mergeKey];
      if (key !== undefined && !places.has(key)) places.set(key, i);
    });
    for (const item of patch) {
      const fields = asFields(item);
      const key = keyValue(fields, mergeKey);
      const place = places.get(key);
      if (place === undefined) {
        places.set(key, result.length);
        result.push(item);
      } else result[place] = this.map(result[place] as Fields, fields, schema);
    }
    return result;
  }
}

function replaceOrDelete(patch: Fields): Fields {
  const { [DIRECTIVE]: directive, ...rest } = patch;
  if (directive === 'replace') return rest;
  if (directive === 'delete') return {};
  throw badPatchType(directive, patch);
}

function keyAfter(key: string, prefix: string, error: () => Error): string {
  if (key.charAt(prefix.length) !== '/') throw error();
  return key.slice(prefix.length + 1);
}

/** The items of a patch must stand in the order that it sets. Upstream: validatePatchWithSetOrderList. */
function checkOrder(patch: unknown[], order: unknown[], mergeKey: string): void {
  if (order.length === 0 || patch.length === 0) return;
  const live = mergeKey === '' ? patch : patch.filter((item) => asFields(item)[DIRECTIVE] !== 'delete');
  const identify = (item: unknown): unknown => (mergeKey === '' ? item : keyValue(item, mergeKey));
  let i = 0;
  let j = 0;
  while (i < live.length && j < order.length) {
    const item = live[i];
    if (isFields(item) && Object.hasOwn(item, DIRECTIVE)) {
      i++;
      continue;
    }
    if (identify(item) === identify(order[j])) i++;
    j++;
  }
  if (i < live.length && j >= order.length) {
    throw patchError(
      `The order in patch list:\n${goPrint(patch)}\n doesn't match ${SET_ELEMENT_ORDER} list:\n${goPrint(order)}\n`,
    );
  }
}

const dropped = Symbol('dropped');

/** A value that is new to an object, without the patch's directives; `dropped` when it only deletes. */
function withoutDirectives(value: unknown): unknown {
  if (Array.isArray(value)) {
    if (!value.some((item) => typeof item === 'object' && item !== null)) return value;
    return value.map(withoutDirectives).filter((item) => item !== dropped);
  }
  if (!isFields(value)) return value;
  if (Object.hasOwn(value, DIRECTIVE)) return dropped;
  const result: Fields = {};
  for (const key of Object.keys(value)) {
    const inner = withoutDirectives(value[key]);
    if (inner !== dropped) setOwn(result, key, inner);
  }
  return result;
}

/** A null that has nothing to remove is no value. Upstream: discardNullValuesFromPatch. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isFields(value)) return value;
  const result: Fields = {};
  for (const key of Object.keys(value)) if (value[key] !== null) setOwn(result, key, withoutNulls(value[key]));
  return result;
}
