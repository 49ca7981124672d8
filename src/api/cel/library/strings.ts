// CEL's string extensions. Positions are in code points. Upstream: cel-go ext/strings.go, ext/formatting.go (version 2);
// costs: apiserver pkg/cel/library/cost.go.
import { Uint } from '../expression.ts';
import {
  type Cost,
  type FunctionTable,
  type Range,
  STRING_FACTOR,
  UNBOUNDED,
  declare,
  fixed,
  plus,
  scaled,
  times,
  traversal,
} from '../functions.ts';
import { CelError, Duration, Timestamp, TypeValue, isFields, numeric, sizeOf } from '../values.ts';
import { textOfDouble } from './conversions.ts';
import { traversalCost } from './lists.ts';
import { formatDuration, formatTimestamp } from './times.ts';
import { WRITTEN } from '../../go-escapes.ts';

const plain = (text: string): boolean => /^[\x00-\uD7FF\uE000-\uFFFF]*$/.test(text);
const points = (text: string): string[] | string => (plain(text) ? text : [...text]);
const joined = (part: string[] | string): string => (typeof part === 'string' ? part : part.join(''));

function charAt(text: string, at: bigint): string {
  const all = points(text);
  const i = Number(at);
  if (i < 0 || i > all.length) throw new CelError(`index out of range: ${i}`);
  return all[i] ?? '';
}

function find(text: string, wanted: string, from: number, last: boolean): bigint {
  const all = points(text);
  if (wanted === '' && !last) return BigInt(from);
  if (from < 0 || from > all.length) throw new CelError(`index out of range: ${from}`);
  if (typeof all === 'string') return BigInt(last ? all.lastIndexOf(wanted, from) : all.indexOf(wanted, from));
  const head = all.slice(0, from).join('').length;
  const at = last ? text.lastIndexOf(wanted, head) : text.indexOf(wanted, head);
  return at < 0 ? -1n : BigInt([...text.slice(0, at)].length);
}

function substring(text: string, start: bigint, end?: bigint): string {
  const all = points(text);
  const [from, to] = [Number(start), end === undefined ? all.length : Number(end)];
  if (from < 0 || from > all.length) throw new CelError(`index out of range: ${from}`);
  if (to < 0 || to > all.length) throw new CelError(`index out of range: ${to}`);
  if (from > to) throw new CelError(`invalid substring range. start: ${from}, end: ${to}`);
  return joined(all.slice(from, to));
}

/** Texts that a function makes may not outgrow what a request could have been. */
const RESULT_LIMIT = 32 * 1024 * 1024;

function replace(text: string, from: string, to: string, limit = -1n): string {
  const parts = from === '' ? [...text] : text.split(from);
  if (text.length + parts.length * to.length > RESULT_LIMIT) throw new CelError('result is too large');
  if (from === '') {
    const count = limit < 0n ? parts.length + 1 : Number(limit);
    return parts.map((c, i) => (i < count ? to + c : c)).join('') + (count > parts.length ? to : '');
  }
  const count = limit < 0n ? parts.length - 1 : Math.min(Number(limit), parts.length - 1);
  return [parts.slice(0, count + 1).join(to), ...parts.slice(count + 1)].join(from);
}

function split(text: string, separator: string, limit = -1n): string[] {
  if (limit === 0n) return [];
  const parts = separator === '' ? [...text] : text.split(separator);
  const most = Number(limit);
  if (most < 0 || parts.length <= most) return parts;
  return [...parts.slice(0, most - 1), parts.slice(most - 1).join(separator)];
}

const SPACE = '[\\t\\n\\v\\f\\r \\u0085\\u00A0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]';
const LEADING = new RegExp(`^${SPACE}+`);
/** From the end by hand: a pattern with an end anchor alone is quadratic on long runs within. */
function trim(text: string): string {
  const start = text.replace(LEADING, '');
  const space = new RegExp(SPACE);
  let end = start.length;
  while (end > 0 && space.test(start[end - 1]!)) end--;
  return start.slice(0, end);
}

const lower = (text: string): string => text.replaceAll(/[A-Z]/g, (c) => c.toLowerCase());
const upper = (text: string): string => text.replaceAll(/[a-z]/g, (c) => c.toUpperCase());

function join(list: unknown[], separator = ''): string {
  if (list.some((item) => typeof item !== 'string')) throw new CelError('no such overload');
  return list.join(separator);
}

const quote = (text: string): string => `"${[...text].map((c) => WRITTEN[c] ?? c).join('')}"`;

/** `%s` of a value. */
function show(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return textOfDouble(value);
  if (value === null || typeof value === 'boolean' || typeof value === 'bigint') return String(value);
  if (value instanceof Uint) return String(value.value);
  if (value instanceof Uint8Array) return new TextDecoder().decode(value);
  if (value instanceof Duration) return formatDuration(value);
  if (value instanceof Timestamp) return formatTimestamp(value);
  if (value instanceof TypeValue) return value.name;
  if (Array.isArray(value)) return `[${value.map(show).join(', ')}]`;
  const entries: [unknown, unknown][] | undefined =
    value instanceof Map
      ? [...value]
      : isFields(value)
        ? [...value.names()].map((n) => [n, value.field(n)])
        : undefined;
  if (!entries)
    throw new CelError(
      'error during formatting: string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps',
    );
  const shown = entries.map(([k, v]): [string, string] => [show(k), show(v)]).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${shown.map(([k, v]) => `${k}: ${v}`).join(', ')}}`;
}

function integer(value: unknown, verb: string): bigint | number {
  const found = numeric(value);
  if (found === undefined) throw new CelError(`error during formatting: ${verb} clause can only be used on integers`);
  return found;
}

function hex(value: unknown, upperCase: boolean): string {
  const text =
    typeof value === 'string' || value instanceof Uint8Array
      ? Buffer.from(value).toString('hex')
      : integer(value, 'hex').toString(16);
  return upperCase ? text.toUpperCase() : text;
}

/** Upstream writes 3.14e2 as 3.14×10⁰². */
const RAISED = '\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079';

function real(value: unknown, precision: number, verb: 'f' | 'e'): string {
  const number = numeric(value);
  if (number === undefined)
    throw new CelError('error during formatting: fixed-point clause can only be used on doubles');
  const double = Number(number);
  if (!Number.isFinite(double)) return textOfDouble(double).replace('Inf', 'Infinity').replace('+', '');
  if (verb === 'f') return double.toFixed(Math.min(precision, 100));
  const [digits = '', exponent = ''] = double.toExponential(Math.min(precision, 100)).split('e');
  return `${digits}\u00d710${[...exponent.slice(1).padStart(2, '0')]
    .map((d) => RAISED[Number(d)])
    .join('')
    .replace(/^/, exponent.startsWith('-') ? '\u207b' : '')}`;
}

function format(text: string, args: unknown[]): string {
  let next = 0;
  let size = 0;
  return text.replaceAll(
    /%(?:%|(?:\.(\d+))?([a-zA-Z])?)/g,
    (clause, precision: string | undefined, verb: string | undefined) => {
      if (clause === '%%') return '%';
      if (next >= args.length) throw new CelError(`error during formatting: index ${next} out of range`);
      const value = args[next++];
      const digits = precision === undefined ? 6 : Number(precision);
      const shown = clauseText(value, verb, digits);
      if ((size += shown.length) > RESULT_LIMIT) throw new CelError('result is too large');
      return shown;
    },
  );
}

function clauseText(value: unknown, verb: string | undefined, digits: number): string {
  switch (verb) {
    case 's':
      return show(value);
    case 'd':
      return String(integer(value, 'decimal'));
    case 'f':
    case 'e':
      return real(value, digits, verb);
    case 'b':
      return typeof value === 'boolean' ? String(Number(value)) : integer(value, 'binary').toString(2);
    case 'o':
      return integer(value, 'octal').toString(8);
    case 'x':
    case 'X':
      return hex(value, verb === 'X');
    default:
      throw new CelError(
        `error during formatting: could not parse formatting clause: unrecognized formatting clause "${verb ?? ''}"`,
      );
  }
}

/** As upstream counts it for lists: rounded down. */
const FINDING: Cost = { ...traversal(), actual: ([text]) => traversalCost(text) };

const REPLACE_COST: Cost = {
  actual: ([text]) => Math.ceil(sizeOf(text) * 2 * STRING_FACTOR),
  estimate: ([text, from, to]) => {
    const [size, fromSize, toSize] = [text!.size(), from!.size(), to!.size()];
    const cost = scaled(size, 2 * STRING_FACTOR);
    return { cost, size: replacedSize(size, fromSize, toSize) };
  },
};

/** The longest and the shortest text that replacing may make. */
function replacedSize(size: Range, from: Range, to: Range): Range {
  const count: Range = { min: 0, max: 0 };
  const kept: Range = { min: 0, max: 0 };
  if (from.min === 0) [count.max, kept.max] = [size.max < UNBOUNDED ? size.max + 1 : size.max, size.max];
  else if (to.max <= from.min) kept.max = size.max;
  else count.max = Math.ceil(size.max / from.min);
  if (from.max === 0) [count.min, kept.min] = [size.min + 1, size.min];
  else if (from.max <= to.min) kept.min = size.min;
  else count.min = Math.ceil(size.min / from.max);
  return plus(times(count, to), kept);
}

const SPLIT_COST: Cost = {
  actual: REPLACE_COST.actual,
  estimate: ([text, , limit]) => {
    const size = text!.size();
    const max = typeof limit?.literal === 'bigint' ? Number(BigInt.asUintN(64, limit.literal)) : size.max;
    return { cost: scaled(size, 2 * STRING_FACTOR), size: { min: 0, max } };
  },
};

const JOIN_COST: Cost = {
  actual: (_, result) => Math.ceil(sizeOf(result) * 2 * STRING_FACTOR),
  estimate: ([list, separator]) => {
    const length = list!.size();
    let size = times(length, list!.elementSize() ?? fixed(0));
    if (separator) {
      const gaps = { min: Math.max(0, length.min - 1), max: Math.max(0, length.max - 1) };
      size = plus(size, times(separator.size(), gaps));
    }
    return { cost: scaled(size, STRING_FACTOR), size };
  },
};

export function declareStrings(table: FunctionTable): void {
  const same = traversal(STRING_FACTOR, 0, true);
  declare(table, 'string_char_at_int', '.charAt(string, int) string', charAt);
  const index = (text: string, wanted: string, from = 0n): bigint => find(text, wanted, Number(from), false);
  declare(table, 'string_index_of_string', '.indexOf(string, string) int', index, FINDING);
  declare(table, 'string_index_of_string_int', '.indexOf(string, string, int) int', index, FINDING);
  const last = (text: string, wanted: string, from?: bigint): bigint =>
    find(text, wanted, from === undefined ? points(text).length : Number(from), true);
  declare(table, 'string_last_index_of_string', '.lastIndexOf(string, string) int', last, FINDING);
  declare(table, 'string_last_index_of_string_int', '.lastIndexOf(string, string, int) int', last, FINDING);
  declare(table, 'string_lower_ascii', '.lowerAscii(string) string', lower, same);
  declare(table, 'string_upper_ascii', '.upperAscii(string) string', upper, same);
  declare(table, 'string_replace_string_string', '.replace(string, string, string) string', replace, REPLACE_COST);
  declare(
    table,
    'string_replace_string_string_int',
    '.replace(string, string, string, int) string',
    replace,
    REPLACE_COST,
  );
  declare(table, 'string_split_string', '.split(string, string) list(string)', split, SPLIT_COST);
  declare(table, 'string_split_string_int', '.split(string, string, int) list(string)', split, SPLIT_COST);
  declare(table, 'string_substring_int', '.substring(string, int) string', substring, same);
  declare(table, 'string_substring_int_int', '.substring(string, int, int) string', substring, same);
  declare(table, 'string_trim', '.trim(string) string', trim, same);
  declare(table, 'list_join', '.join(list(string)) string', join, JOIN_COST);
  declare(table, 'list_join_string', '.join(list(string), string) string', join, JOIN_COST);
  declare(table, 'string_format', '.format(string, list(dyn)) string', format, traversal());
  declare(table, 'strings_quote', 'strings.quote(string) string', quote, {
    actual: ([text]) => Math.ceil(sizeOf(text) * STRING_FACTOR),
    estimate: ([text]) => {
      const size = text!.size();
      return { cost: scaled(size, STRING_FACTOR), size: { min: size.min + 2, max: size.max * 2 + 2 } };
    },
  });
}
