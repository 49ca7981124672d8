// --sort-by: by a field that a jsonpath names, quantities by value, absent fields first.
// Upstream: kubectl/pkg/cmd/get/sorter.go.
import { relaxedJsonPath } from '../../api/jsonpath.ts';
import { compareQuantities, tryParseQuantity } from '../../api/quantity.ts';
import type { Unstructured } from '../../api/types.ts';
import { CliError } from '../errors.ts';
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
  return objects.map((_, i) => i).sort((a, b) => compare(keys[a], keys[b]) || a - b);
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

function compare(a: unknown, b: unknown): number {
  if (a === undefined || b === undefined) return a === b ? 0 : a === undefined ? -1 : 1;
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  if (typeof a === 'string' && typeof b === 'string') {
    const [x, y] = [tryParseQuantity(a), tryParseQuantity(b)];
    if (x && y) return compareQuantities(x, y);
    return a < b ? -1 : a > b ? 1 : 0;
  }
  throw new CliError(`Field is an unsortable type: ${typeof a}`);
}
