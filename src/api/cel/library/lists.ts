// Kubernetes' list and pattern functions, CEL's sets. Upstream: apiserver pkg/cel/library/{lists,regex}.go,
// cel-go ext/sets.go; costs: pkg/cel/library/cost.go.
import { RE2JS } from 're2js';
import {
  type Cost,
  type FunctionTable,
  MATCHING,
  STRING_FACTOR,
  declare,
  fixed,
  plus,
  scaled,
  times,
} from '../functions.ts';
import { CelError, Duration, compare, equal, isFields, textLength, toInt, toUint } from '../values.ts';
import { Uint } from '../expression.ts';

/** What it takes to look at all of a value. */
export function traversalCost(value: unknown): number {
  if (typeof value === 'string') return Math.floor(textLength(value) * STRING_FACTOR);
  if (value instanceof Uint8Array) return Math.floor(value.length * STRING_FACTOR);
  if (Array.isArray(value)) return value.reduce((sum: number, item) => sum + traversalCost(item), 0);
  if (value instanceof Map) return [...value].reduce((sum, [k, v]) => sum + traversalCost(k) + traversalCost(v), 0);
  if (!isFields(value)) return 1;
  return [...value.names()].reduce((sum, name) => sum + traversalCost(name) + traversalCost(value.field(name)), 0);
}

const EACH: Cost = {
  actual: ([list]) => traversalCost(list),
  estimate: ([list]) => {
    const element = list!.type.params[0]?.kind;
    const text = element === 'string' || element === 'bytes' ? list!.elementSize() : undefined;
    const each = plus(fixed(1), text ? scaled(text, STRING_FACTOR) : fixed(0));
    return { cost: times(list!.size(), each) };
  },
};

function isSorted(list: unknown[]): boolean {
  return list.every((item, i) => i === 0 || compare(list[i - 1], item) <= 0);
}

function extreme(list: unknown[], sign: 1 | -1, name: string): unknown {
  if (list.length === 0) throw new CelError(`${name} called on empty list`);
  return list.reduce((best, item) => (compare(item, best) * sign > 0 ? item : best));
}

const SUMMABLE: Record<string, (list: never[]) => unknown> = {
  int: (list: bigint[]) => list.reduce((a, b) => toInt(a + b), 0n),
  uint: (list: Uint[]) => list.reduce((a, b) => toUint(a.value + b.value), new Uint(0n)),
  double: (list: number[]) => list.reduce((a, b) => a + b, 0),
  duration: (list: Duration[]) => list.reduce((a, b) => new Duration(toInt(a.nanos + b.nanos)), new Duration(0n)),
};
const COMPARABLE = ['int', 'uint', 'double', 'bool', 'duration', 'timestamp', 'string', 'bytes'];

function findFirst(text: string, pattern: string): string {
  const found = matcher(text, pattern);
  return found.find() ? (found.group() ?? '') : '';
}

function findAll(text: string, pattern: string, limit = -1n): string[] {
  const found = matcher(text, pattern);
  const all: string[] = [];
  while ((limit < 0n || all.length < Number(limit)) && found.find()) all.push(found.group() ?? '');
  return all;
}

const compiled = new Map<string, RE2JS>();
function matcher(text: string, pattern: string): ReturnType<RE2JS['matcher']> {
  let re = compiled.get(pattern);
  if (!re) {
    try {
      re = RE2JS.compile(pattern);
    } catch (error) {
      throw new CelError(`Illegal regex: ${(error as Error).message}`);
    }
    if (compiled.size >= 1_000) compiled.clear();
    compiled.set(pattern, re);
  }
  return re.matcher(text);
}

const FIND: Cost = {
  before: true,
  actual: MATCHING.actual,
  estimate: (args) => ({ ...MATCHING.estimate(args), size: { min: 0, max: args[0]!.size().max } }),
};

/** Each of one list against each of the other. */
const PAIRS: Cost = {
  before: true,
  actual: ([a, b]) => 1 + (a as unknown[]).length * (b as unknown[]).length,
  estimate: ([a, b]) => ({ cost: plus(fixed(1), times(a!.size(), b!.size())) }),
};
const BOTH_WAYS: Cost = {
  before: true,
  actual: ([a, b]) => 1 + 2 * (a as unknown[]).length * (b as unknown[]).length,
  estimate: ([a, b]) => ({ cost: plus(fixed(1), times(fixed(2), times(a!.size(), b!.size()))) }),
};

const containsAll = (a: unknown[], b: unknown[]): boolean => b.every((item) => a.some((other) => equal(item, other)));
const intersects = (a: unknown[], b: unknown[]): boolean => b.some((item) => a.some((other) => equal(item, other)));

export function declareLists(table: FunctionTable): void {
  for (const type of COMPARABLE) {
    declare(table, `list_${type}_is_sorted_bool`, `.isSorted(list(${type})) bool`, isSorted, EACH);
    const min = (list: unknown[]): unknown => extreme(list, -1, 'min');
    declare(table, `list_${type}_min_${type}`, `.min(list(${type})) ${type}`, min, EACH);
    const max = (list: unknown[]): unknown => extreme(list, 1, 'max');
    declare(table, `list_${type}_max_${type}`, `.max(list(${type})) ${type}`, max, EACH);
  }
  for (const [type, sum] of Object.entries(SUMMABLE))
    declare(table, `list_${type}_sum_${type}`, `.sum(list(${type})) ${type}`, sum, EACH);
  const indexOf = (list: unknown[], item: unknown): bigint => BigInt(list.findIndex((other) => equal(other, item)));
  declare(table, 'list_a_index_of_int', '.indexOf(list(A), A) int', indexOf, EACH);
  const lastIndexOf = (list: unknown[], item: unknown): bigint =>
    BigInt(list.findLastIndex((other) => equal(other, item)));
  declare(table, 'list_a_last_index_of_int', '.lastIndexOf(list(A), A) int', lastIndexOf, EACH);
  declare(table, 'string_find_string', '.find(string, string) string', findFirst, FIND);
  declare(table, 'string_find_all_string', '.findAll(string, string) list(string)', findAll, FIND);
  declare(table, 'string_find_all_string_int', '.findAll(string, string, int) list(string)', findAll, FIND);
  declare(table, 'list_sets_contains_list', 'sets.contains(list(A), list(A)) bool', containsAll, PAIRS);
  declare(table, 'list_sets_intersects_list', 'sets.intersects(list(A), list(A)) bool', intersects, PAIRS);
  const equivalent = (a: unknown[], b: unknown[]): boolean => containsAll(a, b) && containsAll(b, a);
  declare(table, 'list_sets_equivalent_list', 'sets.equivalent(list(A), list(A)) bool', equivalent, BOTH_WAYS);
}
