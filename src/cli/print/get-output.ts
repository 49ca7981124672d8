// What `get` prints for people: a table for each kind, a blank line between kinds, kinds before names when there are
// several. Upstream: kubectl/pkg/cmd/get/get.go Run.
import type { Unstructured } from '../../api/types.ts';
import type { Info } from '../builder/builder.ts';
import type { Mapping } from '../builder/mapper.ts';
import type { Columns } from './columns.ts';
import { isTable, plainTable, type Table, TablePrinter, type TableOptions } from './table.ts';

export const TABLE_ACCEPT =
  'application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json';

export interface GetOutputOptions extends TableOptions {
  allNamespaces?: boolean;
  showKind?: boolean;
  sortBy?: string;
  nowMs: number;
}

export class TableOutput {
  private readonly columns: Columns;
  private readonly options: GetOutputOptions;

  constructor(columns: Columns, options: GetOutputOptions) {
    this.columns = columns;
    this.options = options;
  }

  async print(infos: readonly Info[]): Promise<string> {
    const several = new Set(infos.map((i) => kindKey(i.mapping))).size > 1;
    const tables = infos.map((i) => this.tableOf(i.object!));
    const order = await this.sorted(infos, tables);
    let text = '';
    let last: Mapping | undefined;
    let printer: TablePrinter | undefined;
    for (const i of order) {
      const { mapping } = infos[i]!;
      if (!printer || !last || kindKey(mapping) !== kindKey(last)) {
        text += this.separated(text, this.columns.flush());
        this.columns.forget();
        printer = this.printer(mapping, several);
        last = mapping;
      }
      printer.print(tables[i]!);
    }
    return text + this.separated(text, this.columns.flush());
  }

  /** The printer of one kind, as a watch uses it. */
  printer(mapping: Mapping, withKind = false): TablePrinter {
    const { allNamespaces, showKind } = this.options;
    return new TablePrinter(
      {
        ...this.options,
        withNamespace: allNamespaces === true && mapping.namespaced,
        ...(withKind || showKind ? { kind: kindKey(mapping) } : {}),
      },
      this.columns,
    );
  }

  tableOf(object: Unstructured): Table {
    return isTable(object) ? object : plainTable(object, this.options.nowMs);
  }

  flush(): string {
    return this.columns.flush();
  }

  private separated(before: string, text: string): string {
    return before !== '' && text !== '' && !this.options.noHeaders ? `\n${text}` : text;
  }

  private async sorted(infos: readonly Info[], tables: Table[]): Promise<number[]> {
    const order = infos.map((_, i) => i);
    if (!this.options.sortBy) return order;
    const { sortOrder, sortTable } = await import('./sort.ts');
    const whole = infos.map((i) => isTable(i.object));
    if (whole.every((t) => t)) {
      for (const table of tables) sortTable(table, this.options.sortBy);
      return order;
    }
    return sortOrder(
      infos.map((i) => i.object!),
      this.options.sortBy,
    );
  }
}

/** `pod`, `deployment.apps` */
export const kindKey = (mapping: Mapping): string => {
  const kind = mapping.kind.toLowerCase();
  return mapping.group ? `${kind}.${mapping.group}` : kind;
};
