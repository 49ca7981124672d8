// How functions are declared: by a signature, what they do, and what they cost. The functions themselves are in library/.
import { type Type, parseType, splitTypes } from './types.ts';
import { sizeOf } from './values.ts';

/** A size or a cost: at least, at most. Above 2^64 nothing is counted exactly, which nobody needs. */
export interface Range {
  min: number;
  max: number;
}
export const UNBOUNDED = 2 ** 64;
export const STRING_FACTOR = 0.1;
export const REGEX_FACTOR = 0.25;

const cap = (value: number): number => Math.min(value, UNBOUNDED);
export const fixed = (value: number): Range => ({ min: value, max: value });
export const UNKNOWN_SIZE: Range = { min: 0, max: UNBOUNDED };
export const plus = (a: Range, b: Range): Range => ({ min: cap(a.min + b.min), max: cap(a.max + b.max) });
export const times = (a: Range, b: Range): Range => ({ min: product(a.min, b.min), max: product(a.max, b.max) });
const product = (a: number, b: number): number => (a === 0 || b === 0 ? 0 : cap(a * b));
export const scaled = (a: Range, factor: number): Range => ({
  min: cap(Math.ceil(a.min * factor)),
  max: cap(Math.ceil(a.max * factor)),
});
export const union = (a: Range, b: Range): Range => ({ min: Math.min(a.min, b.min), max: Math.max(a.max, b.max) });

/** An argument as the estimator sees it. */
export interface Argument {
  type: Type;
  size(): Range;
  /** The size of a list's elements; undefined when it is no list. */
  elementSize(): Range | undefined;
  literal?: unknown;
}

export interface Cost {
  /** Counted before the call: for work that grows faster than its arguments. `result` is not there then. */
  before?: boolean;
  /** What a call cost, of its arguments (the receiver first). */
  actual(args: readonly unknown[], result: unknown): number;
  /** What a call may cost, beside its arguments, and how large the result may be. */
  estimate(args: readonly Argument[]): { cost: Range; size?: Range };
}

export interface Overload {
  id: string;
  member: boolean;
  /** The receiver first. */
  params: readonly Type[];
  result: Type;
  run(...args: never[]): unknown;
  /** Absent: 1. */
  cost?: Cost | undefined;
}

export type FunctionTable = Map<string, Overload[]>;

const SIGNATURE = /^(\.?)(.+?)\((.*)\) (\S.*)$/;

/** Declares `name(params) result`; with a dot before it (`.charAt(string, int) string`) it is called on its first parameter. */
export function declare(
  table: FunctionTable,
  id: string,
  signature: string,
  run: (...args: never[]) => unknown,
  cost?: Cost,
): void {
  const [, dot, name, params, result] = SIGNATURE.exec(signature)!;
  const overload: Overload = {
    id,
    member: dot === '.',
    params: splitTypes(params!).map(parseType),
    result: parseType(result!),
    run,
    cost,
  };
  const known = table.get(name!);
  if (known) known.push(overload);
  else table.set(name!, [overload]);
}

/** One traversal (or `factor` of one) of the text or list that is the first argument. */
export function traversal(factor = STRING_FACTOR, at = 0, resultIsAsLarge = false): Cost {
  return {
    actual: (args) => Math.ceil(sizeOf(args[at]) * factor),
    estimate: (args) => {
      const size = args[at]!.size();
      return { cost: scaled(size, factor), ...(resultIsAsLarge ? { size } : {}) };
    },
  };
}

/** A pattern (the second argument) on a text: upstream guesses four characters of a pattern to be one expression. */
export const MATCHING: Cost = {
  before: true,
  actual: ([text, pattern]) =>
    Math.ceil((1 + sizeOf(text)) * STRING_FACTOR) * Math.ceil(sizeOf(pattern) * REGEX_FACTOR),
  estimate: ([text, pattern]) => ({
    cost: times(scaled(plus(text!.size(), fixed(1)), STRING_FACTOR), scaled(pattern!.size(), REGEX_FACTOR)),
  }),
};

export const CONSTANT: Cost = { actual: () => 1, estimate: () => ({ cost: fixed(1) }) };
