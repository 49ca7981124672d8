// --sort-by: by a field that a jsonpath names, quantities by value, absent fields first.
// Upstream: kubectl/pkg/cmd/get/sorter.go.
import { relaxedJsonPath } from '../../api/jsonpath.ts';
import { compareQuantities, tryParseQuantity } from '../../api/quantity.ts';
import type { Unstructured } from '../../api/types.ts';
import { CliError, PlainError } from '../errors.ts';
import { klogLine } from '../klog.ts';
import { compilePath } from './jsonpath.ts';
import type { Table } from './table.ts';

/** The positions of the objects in sorted order. */
export function sortOrder(objects: readonly Unstructured[], field: string): number[] {
  const path = relaxedJsonPath(field);
  const find = compilePath(path, true);
  const keys = objects.map((o) => find(o)[0]?.[0]);
  if (objects.length > 0 && keys.every((k) => k === undefined)) {
    throw new CliError(`couldn't find any field with path ${JSON.stringify(path)} in the list of objects`);
  }
  const found = objects.flatMap((_, i) => (keys[i] === undefined ? [] : [i]));
  // Go's sort takes an object without the field as less than any other, which turns their order round.
  const absent = objects.flatMap((_, i) => (keys[i] === undefined ? [i] : [])).reverse();
  return [...absent, ...found.sort((a, b) => compare(keys[a], keys[b], path) || a - b)];
}

export function sortObjects(objects: Unstructured[], field: string): void {
  const sorted = sortOrder(objects, field).map((i) => objects[i]!);
  objects.splice(0, objects.length, ...sorted);
}

/** Sorts the rows by their objects, which the server must have included. */
export function sortTable(table: Table, field: string): void {
  const rows = table.rows ?? [];
  if (rows.length < 2) return;
  const order = sortOrder(
    rows.map((r) => (r.object ?? {}) as Unstructured),
    field,
  );
  table.rows = order.map((i) => rows[i]!);
}

/** A null, as many servers have for a time that is not set, comes before everything else. */
function compare(a: unknown, b: unknown, path: string): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? -1 : 1;
  if (isNumber(a) && isNumber(b)) return a < b ? -1 : a > b ? 1 : 0;
  if (typeof a === 'string' && typeof b === 'string') {
    const [x, y] = [tryParseQuantity(a), tryParseQuantity(b)];
    return x && y ? compareQuantities(x, y) : compareNaturally(a, b);
  }
  const sortable = isNumber(a) || typeof a === 'string';
  const why = sortable ? 'unsortable interface: interface' : `unsortable type: ${goType(a)}`;
  throw new UnsortableError(`Field ${path} in [][][]reflect.Value is an unsortable type: interface, err: ${why}`);
}

/** Ends the command, where a field that is absent only leaves the table out. Upstream: klog.Exitf in TableSorter.Less. */
export class UnsortableError extends PlainError {
  constructor(message: string) {
    super(klogLine('F', 'sorter.go:375', message));
    this.name = 'UnsortableError';
  }
}

const isNumber = (value: unknown): value is number | bigint => typeof value === 'number' || typeof value === 'bigint';

const goType = (value: unknown): string =>
  typeof value === 'boolean' ? 'bool' : Array.isArray(value) ? '[]interface {}' : 'map[string]interface {}';

const PARTS = /(?<zeros>0*)(?<digits>[1-9]\d*|(?<=0))|[^\d]/g;

/** Numbers within texts by their value: `web-2` before `web-10`. Upstream: fvbommel/sortorder NaturalLess. */
export function compareNaturally(a: string, b: string): number {
  const [left, right] = [[...a.matchAll(PARTS)], [...b.matchAll(PARTS)]];
  for (let i = 0; i < left.length && i < right.length; i++) {
    const [x, y] = [left[i]!, right[i]!];
    const [m, n] = [x.groups?.['digits'], y.groups?.['digits']];
    if (m === undefined || n === undefined) {
      if (m !== n) return m === undefined ? 1 : -1;
      if (x[0] !== y[0]) return Buffer.compare(Buffer.from(x[0]), Buffer.from(y[0]));
    } else if (m.length !== n.length) return m.length - n.length;
    else if (m !== n) return m < n ? -1 : 1;
    else if (x[0].length !== y[0].length) return x[0].length - y[0].length;
  }
  return left.length - right.length;
}
