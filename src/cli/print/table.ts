// Prints Tables that a server made, as kubectl does: which columns, headers once for each kind, namespace, kind and
// label columns. Objects that come as they are (other servers, --server-print=false) become Name and Age.
// Upstream: cli-runtime/pkg/printers/tableprinter.go.
import { ageOf } from '../../api/duration.ts';
import type { ObjectMeta, Unstructured } from '../../api/types.ts';
import type { Columns } from './columns.ts';
import { escapeTerminal } from './columns.ts';

export interface TableColumn {
  name: string;
  type: string;
  format?: string;
  priority?: number;
}
export interface TableRow {
  cells: unknown[];
  object?: { metadata?: ObjectMeta };
}
/** meta.k8s.io/v1 Table. */
export interface Table {
  kind: 'Table';
  columnDefinitions?: TableColumn[] | null;
  rows?: TableRow[] | null;
}

export interface TableOptions {
  noHeaders?: boolean;
  wide?: boolean;
  showLabels?: boolean;
  columnLabels?: readonly string[];
  withNamespace?: boolean;
  /** `pod`, `deployment.apps`: printed before the name. */
  kind?: string;
}

export const isTable = (object: unknown): object is Table =>
  typeof object === 'object' && object !== null && (object as { kind?: unknown }).kind === 'Table';

const eventWords: Record<string, string> = {
  ADDED: 'ADDED   ',
  MODIFIED: 'MODIFIED',
  DELETED: 'DELETED ',
  ERROR: 'ERROR   ',
};

/** One printer for each run of objects of one kind. */
export class TablePrinter {
  private readonly options: TableOptions;
  private readonly columns: Columns;
  private definitions: TableColumn[] = [];
  private printedHeaders = false;

  constructor(options: TableOptions, columns: Columns) {
    this.options = options;
    this.columns = columns;
  }

  /** Adds rows; the text comes out of the Columns when they are flushed. */
  print(table: Table, event?: string): void {
    const rows = table.rows ?? [];
    const given = table.columnDefinitions ?? [];
    if (given.length > 0 && !sameColumns(given, this.definitions)) {
      this.definitions = given;
      this.printedHeaders = false;
    }
    const { options, definitions } = this;
    const shown = definitions
      .map((column, i) => ({ column, i }))
      .filter(({ column }) => options.wide || !column.priority);
    if (!options.noHeaders && !this.printedHeaders && rows.length > 0) this.columns.add(this.headers(shown, event));
    if (rows.length > 0) this.printedHeaders = true;
    const nameColumn = options.kind ? definitions.findIndex((c) => c.format === 'name' && c.type === 'string') : -1;
    for (const row of rows) this.columns.add(this.row(row, shown, nameColumn, event));
  }

  private headers(shown: { column: TableColumn }[], event: string | undefined): string[] {
    const { withNamespace, columnLabels = [], showLabels } = this.options;
    return [
      ...(event !== undefined ? ['EVENT'] : []),
      ...(withNamespace ? ['NAMESPACE'] : []),
      ...shown.map(({ column }) => column.name.toUpperCase()),
      ...columnLabels.map((l) => l.slice(l.lastIndexOf('/') + 1).toUpperCase()),
      ...(showLabels ? ['LABELS'] : []),
    ];
  }

  private row(row: TableRow, shown: { i: number }[], nameColumn: number, event: string | undefined): string[] {
    const { withNamespace, columnLabels = [], showLabels, kind } = this.options;
    const metadata = row.object?.metadata;
    const cells: string[] = [];
    if (event !== undefined) cells.push(eventWords[event] ?? event);
    if (withNamespace) cells.push(metadata?.namespace ?? '');
    for (const { i } of shown) {
      const text = cellText(row.cells[i]);
      cells.push(i === nameColumn ? `${kind}/${text}` : text);
    }
    for (const label of columnLabels) cells.push(metadata?.labels?.[label] ?? '');
    if (showLabels) cells.push(formatLabels(metadata?.labels));
    return cells;
  }
}

function sameColumns(a: readonly TableColumn[], b: readonly TableColumn[]): boolean {
  return a.length === b.length && a.every((c, i) => c.name === b[i]!.name && c.priority === b[i]!.priority);
}

/** Only the first line of a cell is shown. */
function cellText(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (typeof value !== 'string') return escapeTerminal(String(value));
  const end = value.search(/[\f\n\r]/);
  return end < 0 ? escapeTerminal(value) : `${escapeTerminal(value.slice(0, end))}...`;
}

/** `a=1,b=2`, sorted; `<none>` without any. */
export function formatLabels(labels: Record<string, string> | undefined): string {
  const keys = Object.keys(labels ?? {}).sort();
  return keys.length === 0 ? '<none>' : keys.map((k) => `${k}=${labels![k]}`).join(',');
}

const plainColumns: TableColumn[] = [
  { name: 'Name', type: 'string', format: 'name' },
  { name: 'Age', type: 'string' },
];

/** The table of an object that the server did not print. */
export function plainTable(object: Unstructured, nowMs: number): Table {
  const { name = '', creationTimestamp } = object.metadata ?? {};
  return {
    kind: 'Table',
    columnDefinitions: plainColumns,
    rows: [{ cells: [name, ageOf(creationTimestamp, nowMs)], object }],
  };
}
