import { describe, expect, it } from 'vitest';
import { Columns } from '../../../src/cli/print/columns.ts';
import { TablePrinter } from '../../../src/cli/print/table.ts';
import { tabulate } from '../../../src/cli/print/tabwriter.ts';

describe('columns', () => {
  it('are three apart, six wide at least, and the last one is not padded', () => {
    const columns = new Columns();
    columns.add(['NAME', 'X', 'AGE']);
    columns.add(['a-long-name', 'é', '5s']);
    expect(columns.flush()).toBe('NAME          X     AGE\na-long-name   é     5s\n');
  });
  it('remember their widths', () => {
    const columns = new Columns();
    columns.add(['a-long-name', 'b']);
    columns.flush();
    columns.add(['a', 'b']);
    expect(columns.flush()).toBe('a             b\n');
    columns.forget();
    columns.add(['a', 'b']);
    expect(columns.flush()).toBe('a     b\n');
  });
});

describe('tabulate', () => {
  it('gives each block of lines its own width', () => {
    expect(tabulate('a\tb\nlonger\tc\nno tabs\nx\ty\n')).toBe('a       b\nlonger  c\nno tabs\nx  y\n');
  });
  it('nests columns in the lines that have them', () => {
    expect(tabulate('a\tb\tc\na\tlong\td\na\te\n')).toBe('a  b     c\na  long  d\na  e\n');
  });
});

describe('a server table', () => {
  const table = {
    kind: 'Table' as const,
    columnDefinitions: [
      { name: 'Name', type: 'string', format: 'name' },
      { name: 'IP', type: 'string', priority: 1 },
    ],
    rows: [{ cells: ['a', '1.2.3.4'], object: { metadata: { namespace: 'ns', labels: { z: '1', app: 'x' } } } }],
  };
  const print = (options: ConstructorParameters<typeof TablePrinter>[0]): string => {
    const columns = new Columns();
    const printer = new TablePrinter(options, columns);
    printer.print(table);
    printer.print(table);
    return columns.flush();
  };
  it('has its headers once and no wide columns', () => {
    expect(print({})).toBe('NAME\na\na\n');
  });
  it('has all that was asked for', () => {
    const options = { wide: true, withNamespace: true, showLabels: true, columnLabels: ['example.com/app', 'app'] };
    expect(print({ ...options, kind: 'pod', noHeaders: true }).split('\n')[0]).toBe(
      'ns    pod/a   1.2.3.4         x     app=x,z=1',
    );
  });
  it('shows only the first line of a cell, escaped', () => {
    const columns = new Columns();
    const odd = { ...table, rows: [{ cells: ['a\u001b[31m\nb'], object: {} }] };
    new TablePrinter({ noHeaders: true }, columns).print(odd);
    expect(columns.flush()).toBe('a^[[31m...\n');
  });
});
