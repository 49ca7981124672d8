// The order of merged lists: items of the patch in the patch's order, items that only the server has in the server's.
// Upstream: apimachinery pkg/util/strategicpatch/patch.go (normalizeElementOrder, normalizeSliceOrder, mergeSortedSlice).
import { compareKeys } from '../../codec/json.ts';
import { DIRECTIVE, keyValue, type Fields, type Kind } from './meta.ts';

/** Where each item stands in `order`: by its merge key, or by itself. The first place counts. */
function places(order: unknown[], mergeKey: string, kind: Kind): (item: unknown) => number {
  const identify = (item: unknown): unknown => (kind === 'map' ? (item as Fields)[mergeKey] : item);
  const found = new Map<unknown, number>();
  order.forEach((item, i) => {
    const id = identify(item);
    if (!found.has(id)) found.set(id, i);
  });
  return (item) => found.get(identify(item)) ?? -1;
}

/** Sorts by `order`; an item that is not in it comes before. Deletions go last. */
export function sortByOrder(list: unknown[], order: unknown[], mergeKey: string, kind: Kind): unknown[] {
  const deletions: unknown[] = [];
  let rest = list;
  if (kind === 'map') {
    for (const item of [...list, ...order]) keyValue(item, mergeKey);
    rest = [];
    for (const item of list) ((item as Fields)[DIRECTIVE] === 'delete' ? deletions : rest).push(item);
  }
  const place = places(order, mergeKey, kind);
  return [...insertionSort(rest, (a, b) => goesBefore(place(a), place(b))), ...deletions];
}

/** Upstream's comparison is no order when an item is unknown, so the algorithm is part of the outcome. */
const goesBefore = (a: number, b: number): boolean => a < 0 || b < 0 || a < b;

function insertionSort(list: unknown[], before: (a: unknown, b: unknown) => boolean): unknown[] {
  const sorted = [...list];
  for (let i = 1; i < sorted.length; i++) {
    for (let j = i; j > 0 && before(sorted[j], sorted[j - 1]); j--) {
      [sorted[j], sorted[j - 1]] = [sorted[j - 1], sorted[j]];
    }
  }
  return sorted;
}

/** Merges the patch's items and the server's own into one list. */
export function mergeOrder(
  patch: unknown[],
  serverOnly: unknown[],
  patchOrder: unknown[],
  serverOrder: unknown[],
  mergeKey: string,
  kind: Kind,
): unknown[] {
  const right = sortByOrder(patch, patchOrder, mergeKey, kind);
  const left = sortByOrder(serverOnly, serverOrder, mergeKey, kind);
  const place = places(serverOrder, mergeKey, kind);
  const merged: unknown[] = [];
  let i = 0;
  let j = 0;
  while (i < left.length || j < right.length) {
    if (j >= right.length) merged.push(left[i++]);
    else if (i >= left.length) merged.push(right[j++]);
    else {
      const [a, b] = [place(left[i]), place(right[j])];
      merged.push(a >= 0 && b >= 0 && a < b ? left[i++] : right[j++]);
    }
  }
  return merged;
}

/** Splits a merged list into what `by` names and what only the server has. */
export function partition(list: unknown[], by: unknown[], mergeKey: string): [named: unknown[], rest: unknown[]] {
  const identify = (item: unknown): unknown => (mergeKey === '' ? item : keyValue(item, mergeKey));
  const names = new Set(by.map((item) => (mergeKey === '' ? item : (item as Fields)[mergeKey])));
  const named: unknown[] = [];
  const rest: unknown[] = [];
  for (const item of list) (names.has(identify(item)) ? named : rest).push(item);
  return [named, rest];
}

/** Sorted by their text, as upstream sorts scalars. */
export function sortScalars(list: unknown[]): unknown[] {
  return [...list].sort((a, b) => compareKeys(String(a), String(b)));
}

/** Upstream's way: the last item takes the place of a repeated one. */
export function deduplicate(list: unknown[]): unknown[] {
  const kept = [...list];
  if (new Set(kept).size === kept.length) return kept;
  for (let i = 0; i < kept.length; i++) {
    for (let j = i + 1; j < kept.length; j++) {
      if (kept[i] !== kept[j]) continue;
      kept[j] = kept[kept.length - 1];
      kept.pop();
      j--;
    }
  }
  return kept;
}
