// `-o custom-columns`: a table of fields that the user names. Upstream: kubectl/pkg/cmd/get/customcolumn.go.
import { relaxedJsonPath } from '../../api/jsonpath.ts';
import type { Unstructured } from '../../api/types.ts';
import { CliError } from '../errors.ts';
import { Columns, escapeTerminal } from './columns.ts';
import { compilePath, formatValue } from './jsonpath.ts';
import type { Printer } from './object.ts';

interface Column {
  header: string;
  path: string;
}

export function fromSpec(spec: string): Column[] {
  if (spec === '') throw new CliError('custom-columns format specified but no custom columns given');
  return spec.split(',').map((part) => {
    const colon = part.indexOf(':');
    if (colon < 0) throw new CliError(`unexpected custom-columns spec: ${part}, expected <header>:<json-path-expr>`);
    return { header: part.slice(0, colon), path: relaxedJsonPath(part.slice(colon + 1)) };
  });
}

export function fromTemplate(text: string): Column[] {
  const [first, second] = text.split('\n');
  const expected = 'Expected format is one line of space separated headers, one line of space separated column specs.';
  if (!first) throw new CliError(`invalid template, missing header line. ${expected}`);
  if (second === undefined) throw new CliError(`invalid template, missing spec line. ${expected}`);
  const headers = first.split(/\s+/).filter((w) => w !== '');
  const specs = second.split(/\s+/).filter((w) => w !== '');
  if (headers.length !== specs.length) {
    throw new CliError(`number of headers (${headers.length}) and field specifications (${specs.length}) don't match`);
  }
  return headers.map((header, i) => ({ header, path: relaxedJsonPath(specs[i]!) }));
}

/** `onFailure` is told what goes out although a path is wrong: upstream prints the headers before it reads the paths. */
export function customColumnsPrinter(
  columns: readonly Column[],
  noHeaders: boolean,
  onFailure?: (text: string) => void,
): Printer {
  let paths: ReturnType<typeof compilePath>[];
  try {
    paths = columns.map((c) => compilePath(c.path, true));
  } catch (error) {
    const why = (error as Error).message.replace(/^error parsing jsonpath .*?, /s, '');
    return () => {
      if (!noHeaders) onFailure?.(`${columns.map((c) => c.header).join('   ')}\n`);
      throw new CliError(why);
    };
  }
  const table = new Columns();
  let headed = noHeaders;
  return (object) => {
    if (!headed) table.add(columns.map((c) => c.header));
    headed = true;
    const items = (object as { items?: unknown }).items;
    for (const item of Array.isArray(items) ? (items as Unstructured[]) : [object]) {
      table.add(
        paths.map((find) => {
          const values = find(item).flat();
          return values.length === 0 ? '<none>' : values.map((v) => escapeTerminal(formatValue(v))).join(',');
        }),
      );
    }
    return table.flush();
  };
}
