// The values of templates: objects as they were decoded (whole numbers are int64, others float64, undefined is Go's
// invalid value: a key that is not there), and what literals and functions make: bigint is Go's int, Float a float64.
import { formatFloat64, goPrint, goTypeName } from '../go-format.ts';

export type Value = unknown;

/** A float64 that may be whole, as the literal 3.0 is. */
export class Float {
  constructor(readonly value: number) {}
}

export const typeName = (value: Value): string =>
  value instanceof Float ? 'float64' : typeof value === 'bigint' ? 'int' : goTypeName(value);

/** %v */
export const show = (value: Value): string => (value instanceof Float ? formatFloat64(value.value) : goPrint(value));

export const isMap = (value: Value): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Float);
