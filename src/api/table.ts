// Server-side tables: a kind's columns applied to objects, as a meta.k8s.io/v1 Table. How objects are shown otherwise
// (the CLI's own printing, describe) is not here. Upstream: apiserver/pkg/endpoints/handlers/response.go,
// apiserver/pkg/registry/rest/table.go.
import type { AnyKind, Column } from './kind.ts';
import { createdAtColumn, nameColumn } from './kinds/shared/columns.ts';
import type { KubeObject, ListMeta } from './types.ts';

export interface TableColumnDefinition {
  name: string;
  type: string;
  format: string;
  description: string;
  priority: number;
}
export interface TableRowCondition {
  type: 'Completed';
  status: 'True';
  reason: string;
  message: string;
}
export interface TableRow {
  cells: (string | number | boolean | null)[];
  conditions?: TableRowCondition[];
  object?: unknown;
}
export interface Table {
  kind: 'Table';
  apiVersion: string;
  metadata: ListMeta;
  columnDefinitions?: TableColumnDefinition[];
  rows: TableRow[];
}

/** What goes with each row: nothing, apiVersion, kind and metadata (the default), or the whole object. */
export type IncludeObject = 'None' | 'Metadata' | 'Object';

export interface TableOptions {
  nowMs: number;
  includeObject?: IncludeObject;
  /** `v1` (default) or `v1beta1` of meta.k8s.io. */
  version?: string;
  metadata?: ListMeta;
  /** Watches: only the first event carries the definitions. */
  withoutDefinitions?: boolean;
}

interface Compiled {
  columns: readonly Column<unknown>[];
  definitions: TableColumnDefinition[];
}

const compiled = new WeakMap<AnyKind, Compiled>();
// Upstream's default table convertor, for kinds that say nothing: roles, custom resource definitions, limit ranges.
const DEFAULT_COLUMNS: readonly Column<KubeObject>[] = [createdAtColumn];

/** The columns of a kind, Name included: first, unless the kind places it itself (Event, StorageClass). */
export function columnsOf(kind: AnyKind): readonly Column<unknown>[] {
  return compile(kind).columns;
}

function compile(kind: AnyKind): Compiled {
  let found = compiled.get(kind);
  if (found) return found;
  const own = (kind.columns ?? DEFAULT_COLUMNS) as readonly Column<unknown>[];
  const placed = own.some((c) => c.name === 'Name' && c.format === 'name');
  const columns = placed ? own : [nameColumn as Column<unknown>, ...own];
  const definitions = columns.map(({ name, type, format = '', description, priority = 0 }) => ({
    name,
    type,
    format,
    description,
    priority,
  }));
  compiled.set(kind, (found = { columns, definitions }));
  return found;
}

const COMPLETED: Readonly<Record<string, TableRowCondition[]>> = {
  Succeeded: [
    { type: 'Completed', status: 'True', reason: 'Succeeded', message: 'The pod has completed successfully.' },
  ],
  Failed: [{ type: 'Completed', status: 'True', reason: 'Failed', message: 'The pod failed.' }],
};

function rowObject(object: KubeObject, include: IncludeObject): unknown {
  if (include === 'Object') return object;
  return { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata ?? {} };
}

/** One row; columns are evaluated in order. */
export function rowFor(
  kind: AnyKind,
  object: KubeObject,
  nowMs: number,
  include: IncludeObject = 'Metadata',
): TableRow {
  const { columns } = compile(kind);
  const cells = new Array<TableRow['cells'][number]>(columns.length);
  for (let i = 0; i < columns.length; i++) cells[i] = columns[i]!.value(object, nowMs);
  const row: TableRow = { cells };
  if (kind.kind === 'Pod' && kind.group === '') {
    const conditions = COMPLETED[(object as { status?: { phase?: string } }).status?.phase ?? ''];
    if (conditions) row.conditions = conditions;
  }
  if (include !== 'None') row.object = rowObject(object, include);
  return row;
}

export function tableFor(kind: AnyKind, objects: Iterable<KubeObject>, options: TableOptions): Table {
  const include = options.includeObject ?? 'Metadata';
  const rows: TableRow[] = [];
  for (const object of objects) rows.push(rowFor(kind, object, options.nowMs, include));
  return {
    kind: 'Table',
    apiVersion: `meta.k8s.io/${options.version ?? 'v1'}`,
    metadata: options.metadata ?? {},
    ...(options.withoutDefinitions ? {} : { columnDefinitions: compile(kind).definitions }),
    rows,
  };
}
