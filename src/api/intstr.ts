// Int-or-string fields: numbers, percentages and names. Upstream: apimachinery/pkg/util/intstr.

export type IntOrString = number | string;

const PERCENT = /^([+-]?\d+)%$/;

/** `25%` of a total, or the number itself. Throws an Error with upstream's text. */
export function scaledValue(value: IntOrString, total: number, roundUp: boolean): number {
  if (typeof value === 'number') return value;
  const m = PERCENT.exec(value);
  if (!m) {
    throw new Error(`invalid value for IntOrString: invalid type: string is not a percentage`);
  }
  const exact = (Number(m[1]) * total) / 100;
  return roundUp ? Math.ceil(exact) : Math.floor(exact);
}

export const isPercent = (value: unknown): value is string => typeof value === 'string' && PERCENT.test(value);
