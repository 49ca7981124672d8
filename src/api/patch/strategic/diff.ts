// Makes the strategic patch that turns one object into another. Inputs are never changed.
// Upstream: apimachinery pkg/util/strategicpatch/patch.go (diffMaps and what it calls).
import { compareKeys, setOwn } from '../../codec/json.ts';
import type { Schema, SchemaSource } from '../../schema/schema.ts';
import { deepEqual, isFields } from '../equal.ts';
import {
  DELETE_FROM_PRIMITIVES,
  DIRECTIVE,
  RETAIN_KEYS,
  SET_ELEMENT_ORDER,
  elementKind,
  fieldMeta,
  keyValue,
  kindOf,
  patchError,
  type FieldMeta,
  type Fields,
} from './meta.ts';
import { deduplicate, sortByOrder, sortScalars } from './order.ts';

export interface DiffOptions {
  setElementOrder?: boolean;
  ignoreChangesAndAdditions?: boolean;
  ignoreDeletions?: boolean;
}

interface ListDiff {
  patch: unknown[];
  deletions: unknown[];
  order: unknown[];
}

export class Differ {
  private readonly source: SchemaSource;
  private readonly options: DiffOptions;
  constructor(source: SchemaSource, options: DiffOptions) {
    this.source = source;
    this.options = options;
  }

  map(original: Fields, modified: Fields, schema: Schema, retainKeys = false): Fields {
    const { ignoreChangesAndAdditions, ignoreDeletions } = this.options;
    const patch: Fields = {};
    const retained: string[] = [];
    for (const key of Object.keys(modified)) {
      const to = modified[key];
      if (retainKeys && to !== null) retained.push(key);
      if (!Object.hasOwn(original, key)) {
        if (!ignoreChangesAndAdditions) setOwn(patch, key, to);
        continue;
      }
      const from = original[key];
      if (key === DIRECTIVE) diffDirective(from, to, patch);
      else if (kindOf(from) !== kindOf(to)) {
        if (!ignoreChangesAndAdditions) setOwn(patch, key, to);
      } else if (isFields(from)) this.mapField(key, from, to as Fields, patch, schema);
      else if (Array.isArray(from)) this.listField(key, from, to as unknown[], patch, schema);
      else this.replaceIfChanged(key, from, to, patch);
    }
    if (!ignoreDeletions) {
      for (const key of Object.keys(original)) if (!Object.hasOwn(modified, key)) setOwn(patch, key, null);
    }
    const hasMore = Object.keys(original).some((key) => original[key] !== null && !Object.hasOwn(modified, key));
    if (retained.length > 0 && (Object.keys(patch).length > 0 || hasMore)) patch[RETAIN_KEYS] = sortScalars(retained);
    return patch;
  }

  private replaceIfChanged(key: string, from: unknown, to: unknown, patch: Fields): void {
    if (!this.options.ignoreChangesAndAdditions && !deepEqual(from, to)) setOwn(patch, key, to);
  }

  private mapField(key: string, from: Fields, to: Fields, patch: Fields, schema: Schema): void {
    const meta = fieldMeta(schema, key, this.source);
    if (meta.strategy === 'replace') {
      if (!this.options.ignoreChangesAndAdditions) setOwn(patch, key, to);
      return;
    }
    const inner = this.map(from, to, meta.inner, meta.retainKeys);
    if (Object.keys(inner).length > 0) setOwn(patch, key, inner);
  }

  private listField(key: string, from: unknown[], to: unknown[], patch: Fields, schema: Schema): void {
    const meta = fieldMeta(schema, key, this.source);
    if (meta.strategy !== 'merge') {
      this.replaceIfChanged(key, from, to, patch);
      return;
    }
    const found = this.list(from, to, meta);
    if (found.patch.length > 0) setOwn(patch, key, found.patch);
    if (found.deletions.length > 0) patch[`${DELETE_FROM_PRIMITIVES}/${key}`] = found.deletions;
    if (found.order.length > 0) patch[`${SET_ELEMENT_ORDER}/${key}`] = found.order;
  }

  private list(original: unknown[], modified: unknown[], meta: FieldMeta): ListDiff {
    const { ignoreChangesAndAdditions, ignoreDeletions, setElementOrder } = this.options;
    if (original.length === 0) {
      return { patch: ignoreChangesAndAdditions ? [] : modified, deletions: [], order: [] };
    }
    const kind = elementKind(original, modified);
    if (kind !== 'map') return this.scalars(original, modified);
    const { mergeKey } = meta;
    const items = this.items(original, modified, meta);
    const patch = [...sortByOrder(items.patch, modified, mergeKey, kind), ...items.deletions];
    const sameOrder =
      original.length === modified.length &&
      modified.every((item, i) => keyValue(original[i], mergeKey) === keyValue(item, mergeKey));
    const wantsOrder =
      (!ignoreChangesAndAdditions && (patch.length > 0 || !sameOrder)) || (!ignoreDeletions && patch.length > 0);
    const order = setElementOrder && wantsOrder;
    return {
      patch,
      deletions: [],
      order: order ? modified.map((item) => ({ [mergeKey]: (item as Fields)[mergeKey] })) : [],
    };
  }

  /** Walks both lists in the order of their keys' texts, as one walks two sorted files. */
  private items(original: unknown[], modified: unknown[], meta: FieldMeta): { patch: Fields[]; deletions: Fields[] } {
    const { mergeKey, inner, retainKeys } = meta;
    const patch: Fields[] = [];
    const deletions: Fields[] = [];
    const [before, after] = [sortByKey(original, mergeKey), sortByKey(modified, mergeKey)];
    let i = 0;
    let j = 0;
    while (i < before.length || j < after.length) {
      const [from, to] = [before[i], after[j]];
      const compared = !from ? 1 : !to ? -1 : compareKeys(from.text, to.text);
      if (compared === 0) {
        const change = this.map(from!.item, to!.item, inner, retainKeys);
        if (Object.keys(change).length > 0) patch.push({ ...change, [mergeKey]: to!.item[mergeKey] });
        i++;
        j++;
      } else if (compared > 0) {
        if (!this.options.ignoreChangesAndAdditions) patch.push(to!.item);
        j++;
      } else {
        if (!this.options.ignoreDeletions) deletions.push({ [DIRECTIVE]: 'delete', [mergeKey]: from!.item[mergeKey] });
        i++;
      }
    }
    return { patch, deletions };
  }

  private scalars(original: unknown[], modified: unknown[]): ListDiff {
    const { ignoreChangesAndAdditions, ignoreDeletions, setElementOrder } = this.options;
    const [before, after] = [sortScalars(original), sortScalars(modified)];
    const additions: unknown[] = [];
    const deletions: unknown[] = [];
    let i = 0;
    let j = 0;
    while (i < before.length || j < after.length) {
      const compared =
        i >= before.length ? 1 : j >= after.length ? -1 : compareKeys(String(before[i]), String(after[j]));
      if (compared > 0 && !ignoreChangesAndAdditions) additions.push(after[j]);
      if (compared < 0 && !ignoreDeletions) deletions.push(before[i]);
      if (compared <= 0) i++;
      if (compared >= 0) j++;
    }
    // Upstream sorts the original in place before it compares, so an unsorted list that did not change has an order too.
    const changed = !ignoreChangesAndAdditions && !deepEqual(before, modified);
    const order = setElementOrder && ((!ignoreDeletions && deletions.length > 0) || changed);
    return {
      patch: sortByOrder(additions, modified, '', 'string'),
      deletions: deduplicate(deletions),
      order: order ? modified : [],
    };
  }
}

function diffDirective(from: unknown, to: unknown, patch: Fields): void {
  if (typeof from !== 'string' || typeof to !== 'string') {
    throw patchError(`invalid value for special key: ${DIRECTIVE}`);
  }
  if (from !== to) patch[DIRECTIVE] = to;
}

function sortByKey(list: unknown[], mergeKey: string): { text: string; item: Fields }[] {
  const keyed = list.map((item) => ({ text: String(keyValue(item, mergeKey)), item: item as Fields }));
  return keyed.sort((a, b) => compareKeys(a.text, b.text));
}
