// CEL's own operators and functions on plain values. Conversions and times are files of their own.
// Upstream: cel-go common/stdlib/standard.go; costs: checker/cost.go (functionCost), interpreter/runtimecost.go,
// of Kubernetes' own types apiserver pkg/cel/library/cost.go.
import type { Uint } from '../expression.ts';
import {
  type Argument,
  type Cost,
  type FunctionTable,
  MATCHING,
  STRING_FACTOR,
  UNBOUNDED,
  declare,
  fixed,
  plus,
  scaled,
  times,
} from '../functions.ts';
import { compilePattern } from '../../schema/pattern.ts';
import {
  CelError,
  compare,
  concatenate,
  equal,
  isFields,
  isGrowing,
  lookUp,
  mapKey,
  numeric,
  sizeOf,
  toInt,
  toUint,
} from '../values.ts';

/** Comparing costs what the smaller side is. */
const COMPARISON: Cost = {
  actual: ([a, b]) => Math.ceil(Math.min(sizeOf(a), sizeOf(b)) * STRING_FACTOR),
  estimate: ([a, b]) => {
    const max = Math.min(a!.size().max, b!.size().max);
    return { cost: scaled({ min: max > 0 ? 1 : 0, max }, STRING_FACTOR) };
  },
};
/** Kubernetes' own types are equal at one step, whatever they hold; `!=` has no such rule upstream. */
const SMALL_TYPES = new Set(['net.IP', 'net.CIDR', 'kubernetes.Quantity', 'kubernetes.Semver']);
const LARGEST_FORMAT = 64;
const EQUALITY: Cost = {
  actual: COMPARISON.actual,
  estimate: (args) => {
    const [a, b] = args as [Argument, Argument];
    if (a.type.name !== b.type.name || a.type.kind !== 'opaque') return COMPARISON.estimate(args);
    if (SMALL_TYPES.has(a.type.name)) return { cost: fixed(1) };
    if (a.type.name === 'kubernetes.NamedFormat')
      return { cost: scaled({ min: 1, max: LARGEST_FORMAT }, STRING_FACTOR) };
    if (a.type.name !== 'kubernetes.URL') return COMPARISON.estimate(args);
    const { max } = b.size();
    return { cost: scaled({ min: 1, max: max < UNBOUNDED ? max : 1 }, STRING_FACTOR) };
  },
};
const ADDING: Cost = {
  actual: ([a, b]) => Math.ceil((sizeOf(a) + sizeOf(b)) * STRING_FACTOR),
  estimate: ([a, b]) => {
    const size = plus(a!.size(), b!.size());
    return { cost: scaled(size, STRING_FACTOR), size };
  },
};
const JOINING_LISTS: Cost = {
  actual: () => 1,
  estimate: ([a, b]) => ({ cost: fixed(1), size: plus(a!.size(), b!.size()) }),
};
const CONTAINING: Cost = {
  before: true,
  actual: ([a, b]) => Math.ceil(sizeOf(a) * STRING_FACTOR) * Math.ceil(sizeOf(b) * STRING_FACTOR),
  estimate: ([a, b]) => ({ cost: times(scaled(a!.size(), STRING_FACTOR), scaled(b!.size(), STRING_FACTOR)) }),
};
/** Upstream counts the text when it runs, and what is looked for when it estimates. */
const AFFIX: Cost = {
  actual: ([text]) => Math.ceil(sizeOf(text) * STRING_FACTOR),
  estimate: ([, affix]) => ({ cost: scaled(affix!.size(), STRING_FACTOR) }),
};
const IN_LIST: Cost = {
  actual: ([, list]) => sizeOf(list),
  estimate: ([, list]) => ({ cost: list!.size() }),
};

const ORDERED = ['bool', 'int', 'uint', 'double', 'string', 'bytes', 'timestamp', 'duration'];
const NUMERIC = ['int', 'uint', 'double'];

function declareComparisons(table: FunctionTable): void {
  declare(table, 'equals', '_==_(A, A) bool', equal, EQUALITY);
  declare(table, 'not_equals', '_!=_(A, A) bool', (a: unknown, b: unknown) => !equal(a, b), COMPARISON);
  const operators: [string, string, (order: number) => boolean][] = [
    ['_<_', 'less', (o) => o < 0],
    ['_<=_', 'less_equals', (o) => o <= 0],
    ['_>_', 'greater', (o) => o > 0],
    ['_>=_', 'greater_equals', (o) => o >= 0],
  ];
  for (const [name, id, holds] of operators) {
    const run = (a: unknown, b: unknown): boolean => holds(compare(a, b));
    for (const type of ORDERED) {
      const cost = type === 'string' || type === 'bytes' ? COMPARISON : undefined;
      declare(table, `${id}_${type}`, `${name}(${type}, ${type}) bool`, run, cost);
    }
    for (const a of NUMERIC)
      for (const b of NUMERIC) if (a !== b) declare(table, `${id}_${a}_${b}`, `${name}(${a}, ${b}) bool`, run);
  }
}

const wrap = (a: Uint, b: Uint, run: (a: bigint, b: bigint) => bigint): Uint => toUint(run(a.value, b.value));

function divide(a: bigint, b: bigint): bigint {
  if (b === 0n) throw new CelError('division by zero');
  return a / b;
}
function remainder(a: bigint, b: bigint): bigint {
  if (b === 0n) throw new CelError('modulus by zero');
  return a % b;
}

function declareArithmetic(table: FunctionTable): void {
  const integer: [string, string, (a: bigint, b: bigint) => bigint][] = [
    ['_+_', 'add', (a, b) => a + b],
    ['_-_', 'subtract', (a, b) => a - b],
    ['_*_', 'multiply', (a, b) => a * b],
    ['_/_', 'divide', divide],
    ['_%_', 'modulo', remainder],
  ];
  for (const [name, id, run] of integer) {
    declare(table, `${id}_int64`, `${name}(int, int) int`, (a: bigint, b: bigint) => toInt(run(a, b)));
    declare(table, `${id}_uint64`, `${name}(uint, uint) uint`, (a: Uint, b: Uint) => wrap(a, b, run));
  }
  declare(table, 'add_double', '_+_(double, double) double', (a: number, b: number) => a + b);
  declare(table, 'subtract_double', '_-_(double, double) double', (a: number, b: number) => a - b);
  declare(table, 'multiply_double', '_*_(double, double) double', (a: number, b: number) => a * b);
  declare(table, 'divide_double', '_/_(double, double) double', (a: number, b: number) => a / b);
  declare(table, 'add_string', '_+_(string, string) string', (a: string, b: string) => a + b, ADDING);
  const joined = (a: Uint8Array, b: Uint8Array): Uint8Array => Uint8Array.from([...a, ...b]);
  declare(table, 'add_bytes', '_+_(bytes, bytes) bytes', joined, ADDING);
  declare(table, 'add_list', '_+_(list(A), list(A)) list(A)', concatenate, JOINING_LISTS);
  declare(table, 'negate_int64', '-_(int) int', (a: bigint) => toInt(-a));
  declare(table, 'negate_double', '-_(double) double', (a: number) => -a);
}

function index(list: unknown[], at: unknown): unknown {
  const wanted = numeric(at);
  if (wanted === undefined || (typeof wanted === 'number' && !Number.isInteger(wanted))) {
    throw new CelError(`unsupported index type 'double' in list`);
  }
  const i = Number(wanted);
  if (i < 0 || i >= list.length) throw new CelError(`index out of bounds: ${i}`);
  return list[i];
}

export function byKey(map: Map<unknown, unknown>, key: unknown): unknown {
  const found = lookUp(map, key);
  if (found === undefined) throw new CelError(`no such key: ${String(mapKey(key))}`);
  return found;
}

function declareContainers(table: FunctionTable): void {
  declare(table, 'index_list', '_[_](list(A), int) A', index);
  declare(table, 'index_map', '_[_](map(A, B), A) B', byKey);
  declare(
    table,
    'in_list',
    '@in(A, list(A)) bool',
    (a: unknown, list: unknown[]) => list.some((b) => equal(a, b)),
    IN_LIST,
  );
  const inMap = (key: unknown, map: Map<unknown, unknown>): boolean => lookUp(map, key) !== undefined;
  declare(table, 'in_map', '@in(A, map(A, B)) bool', inMap);
  const size = (value: unknown): bigint => BigInt(sizeOf(value));
  for (const type of ['string', 'bytes', 'list(A)', 'map(A, B)']) {
    const id = type.replace(/\(.*/, '');
    declare(table, `size_${id}`, `size(${type}) int`, size);
    declare(table, `${id}_size`, `.size(${type}) int`, size);
  }
  const insert = (into: Map<unknown, unknown>, key: unknown, value: unknown): unknown =>
    insertAll(into, [[key, value]]);
  declare(table, '@mapInsert_map_key_value', 'cel.@mapInsert(map(A, B), A, B) map(A, B)', insert);
  const insertMap = (into: Map<unknown, unknown>, from: Map<unknown, unknown>): unknown => insertAll(into, from);
  declare(table, '@mapInsert_map_map', 'cel.@mapInsert(map(A, B), map(A, B)) map(A, B)', insertMap);
}

function insertAll(into: Map<unknown, unknown>, entries: Iterable<[unknown, unknown]>): Map<unknown, unknown> {
  const out = isGrowing(into) ? into : new Map(into);
  for (const [key, value] of entries) {
    if (out.has(mapKey(key))) throw new CelError(`insert failed: key ${String(mapKey(key))} already exists`);
    out.set(mapKey(key), value);
  }
  return out;
}

/** What a macro runs over: a list's items, a map's keys. With their positions or values for two variables. */
export function entriesOf(range: unknown): Iterable<[unknown, unknown]> {
  if (Array.isArray(range)) return range.map((item, i): [unknown, unknown] => [BigInt(i), item]);
  if (range instanceof Map) return range;
  if (isFields(range)) return [...range.names()].map((name): [unknown, unknown] => [name, range.field(name)]);
  throw new CelError('no such overload');
}

export function matches(text: string, pattern: string): boolean {
  try {
    return compilePattern(pattern)(text);
  } catch (error) {
    throw new CelError(`error parsing regexp: ${(error as Error).message.replace(/^error parsing regexp: /, '')}`);
  }
}

export function declareStandard(table: FunctionTable): void {
  declareComparisons(table);
  declareArithmetic(table);
  declareContainers(table);
  declare(table, 'logical_not', '!_(bool) bool', (a: boolean) => !a);
  declare(table, 'logical_and', '_&&_(bool, bool) bool', () => undefined);
  declare(table, 'logical_or', '_||_(bool, bool) bool', () => undefined);
  declare(table, 'conditional', '_?_:_(bool, A, A) A', () => undefined);
  declare(table, 'not_strictly_false', '@not_strictly_false(bool) bool', (a: unknown) => a !== false);
  declare(
    table,
    'contains_string',
    '.contains(string, string) bool',
    (a: string, b: string) => a.includes(b),
    CONTAINING,
  );
  declare(
    table,
    'starts_with_string',
    '.startsWith(string, string) bool',
    (a: string, b: string) => a.startsWith(b),
    AFFIX,
  );
  declare(table, 'ends_with_string', '.endsWith(string, string) bool', (a: string, b: string) => a.endsWith(b), AFFIX);
  declare(table, 'matches_string', '.matches(string, string) bool', matches, MATCHING);
  declare(table, 'matches', 'matches(string, string) bool', matches, MATCHING);
  declare(table, 'to_dyn', 'dyn(A) dyn', (a: unknown) => a);
}
