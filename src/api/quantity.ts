// Resource quantities: exact amounts in billionths, with the suffix family in which they print. Arithmetic is on
// bigint. Upstream: apimachinery/pkg/api/resource/quantity.go (parsing, canonical form, rounding up below 1n).
import { badRequest } from './status.ts';

export type QuantityFormat = 'DecimalSI' | 'BinarySI' | 'DecimalExponent';

export interface Quantity {
  /** The amount times 10^9. */
  readonly nanos: bigint;
  readonly format: QuantityFormat;
  /** The text as given, where upstream keeps it (it is canonical, or as good as). */
  readonly text?: string;
}

const PATTERN = /^([+-]?)(\d*)(?:\.(\d*))?(?:([eE][+-]?\d+)|([numkKMGTPEi]*))$/;
/** Right but for its suffix. Each part starts with what the one before cannot end with: the time is linear. */
const NUMBER_WITH_SUFFIX = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eEinumkKMGTP]+[-+]?\d*|[-+]\d*)?$/;
/** Longer ones mean nothing, and a million digits are a minute's arithmetic. */
const MAX_LENGTH = 1_000;
const NANO = 1_000_000_000n;
const MAX_BINARY = (1n << 63n) - 1n;

const DECIMAL: Readonly<Record<string, number>> = { n: -9, u: -6, m: -3, '': 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 };
const BINARY: Readonly<Record<string, number>> = { Ki: 10, Mi: 20, Gi: 30, Ti: 40, Pi: 50, Ei: 60 };
const DECIMAL_SUFFIX = new Map(Object.entries(DECIMAL).map(([suffix, exponent]) => [exponent, suffix]));
const BINARY_SUFFIX = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];

export const QUANTITY_FORMAT_MESSAGE =
  "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
const SUFFIX_MESSAGE = "unable to parse quantity's suffix";

const pow10 = (n: number): bigint => 10n ** BigInt(n);
const ceilDivide = (a: bigint, b: bigint): bigint => (a + b - 1n) / b;

interface Parts {
  negative: boolean;
  digits: bigint;
  shifted: string;
  decimals: number;
  exponent: number;
  binary: boolean;
  exponential: boolean;
  quantity?: Quantity;
}

/** The same few amounts are read over and over, in every object and at every step of its way. */
const remembered = new Map<string, Parts | string>();

function split(text: string): Parts | string {
  let parts = remembered.get(text);
  if (parts !== undefined) return parts;
  parts = splitAnew(text);
  if (remembered.size >= 2_000) remembered.clear();
  if (text.length <= 32) remembered.set(text, parts);
  return parts;
}

function splitAnew(text: string): Parts | string {
  if (text.length > MAX_LENGTH) return QUANTITY_FORMAT_MESSAGE;
  const m = PATTERN.exec(text);
  if (!m || ((m[2] ?? '') === '' && (m[3] ?? '') === '')) {
    return NUMBER_WITH_SUFFIX.test(text) ? SUFFIX_MESSAGE : QUANTITY_FORMAT_MESSAGE;
  }
  const [, sign, whole = '', fraction = '', exponentText, suffix = ''] = m;
  const shifted = (whole.replace(/^0+/, '') || '0') + fraction;
  const parts = { negative: sign === '-', digits: BigInt(shifted), shifted, decimals: fraction.length };
  if (exponentText) {
    return { ...parts, exponent: Number(exponentText.slice(1)), binary: false, exponential: true };
  }
  if (Object.hasOwn(DECIMAL, suffix)) {
    return { ...parts, exponent: DECIMAL[suffix]!, binary: false, exponential: false };
  }
  if (Object.hasOwn(BINARY, suffix)) {
    return { ...parts, exponent: BINARY[suffix]!, binary: true, exponential: false };
  }
  return SUFFIX_MESSAGE;
}

function keepsText(text: string, p: Parts): boolean {
  if (text === '0') return true;
  if (p.digits === 0n) return false;
  // Upstream's quick way, which keeps the text, is for what fits into 15 digits.
  if (p.binary) {
    return p.decimals === 0 && (p.digits & 7n) !== 0n && p.shifted.length < 15 - Math.trunc((p.exponent * 3) / 10);
  }
  return (
    (p.exponent - p.decimals) % 3 === 0 &&
    p.exponent - p.decimals >= -9 &&
    p.shifted.length <= 18 &&
    !p.shifted.endsWith('000') &&
    p.shifted[0] !== '0'
  );
}

/** A message when the text is no quantity. */
export function quantityError(value: string | number): string | undefined {
  const parts = split(String(value));
  return typeof parts === 'string' ? parts : undefined;
}

/** Undefined when the text is no quantity. */
export function tryParseQuantity(value: string | number): Quantity | undefined {
  const text = typeof value === 'number' ? String(value) : value;
  const p = split(text);
  return typeof p === 'string' ? undefined : (p.quantity ??= quantityOf(text, p));
}

function quantityOf(text: string, p: Parts): Quantity {
  let nanos: bigint;
  if (p.binary) nanos = ceilDivide(p.digits * (1n << BigInt(p.exponent)) * NANO, pow10(p.decimals));
  else {
    const scale = p.exponent - p.decimals + 9;
    nanos = scale >= 0 ? p.digits * pow10(Math.min(scale, 400)) : ceilDivide(p.digits, pow10(Math.min(-scale, 400)));
  }
  let format: QuantityFormat = p.binary ? 'BinarySI' : p.exponential ? 'DecimalExponent' : 'DecimalSI';
  if (p.binary && nanos > MAX_BINARY * NANO) nanos = MAX_BINARY * NANO;
  if (p.binary && nanos > 0n && nanos < NANO) format = 'DecimalSI';
  if (p.negative) nanos = -nanos;
  return keepsText(text, p) ? { nanos, format, text } : { nanos, format };
}

/** Throws BadRequest, as decoding does upstream. */
export function parseQuantity(value: string | number): Quantity {
  return tryParseQuantity(value) ?? fail(value);
}

function fail(value: string | number): never {
  throw badRequest(quantityError(value) ?? QUANTITY_FORMAT_MESSAGE);
}

function decimalText(nanos: bigint, exponential: boolean): string {
  if (nanos === 0n) return '0';
  let exponent = -9;
  let mantissa = nanos;
  while (mantissa % 1000n === 0n && (exponential || exponent < 18)) {
    mantissa /= 1000n;
    exponent += 3;
  }
  if (!exponential) return `${mantissa}${DECIMAL_SUFFIX.get(exponent)!}`;
  return exponent === 0 ? `${mantissa}` : `${mantissa}e${exponent}`;
}

function binaryText(nanos: bigint): string {
  const negative = nanos < 0n;
  let amount = (negative ? -nanos : nanos) / NANO;
  let power = 0;
  while (amount !== 0n && (amount & 1023n) === 0n && power < 6) {
    amount >>= 10n;
    power++;
  }
  return `${negative ? '-' : ''}${amount}${BINARY_SUFFIX[power]!}`;
}

/** The canonical form that the API server answers. */
export function formatQuantity(q: Quantity): string {
  if (q.text !== undefined) return q.text;
  const small = q.nanos > -1024n * NANO && q.nanos < 1024n * NANO;
  // What is small or no whole number would lose precision with a binary suffix.
  if (q.format === 'BinarySI' && !small && q.nanos % NANO === 0n) return binaryText(q.nanos);
  return decimalText(q.nanos, q.format === 'DecimalExponent');
}

// One to three digits with a common suffix are canonical already: nearly every quantity that is written.
const CANONICAL = /^[1-9]\d{0,2}(?:m|k|M|G|T|Ki|Mi|Gi|Ti)?$/;

/** Text in canonical form; throws BadRequest when it is no quantity. */
export function canonicalQuantity(value: string | number): string {
  if (typeof value === 'string' && CANONICAL.test(value)) return value;
  return formatQuantity(parseQuantity(value));
}

/** Rounded up to thousandths, canonical: what the server stores in resource lists (SetDefaults_ResourceList). */
export function canonicalResource(value: string | number): string {
  if (typeof value === 'string' && CANONICAL.test(value)) return value;
  const q = parseQuantity(value);
  if (q.nanos % 1_000_000n === 0n) return formatQuantity(q);
  const rounded = ceilDivide(q.nanos < 0n ? -q.nanos : q.nanos, 1_000_000n) * 1_000_000n;
  return formatQuantity({ nanos: q.nanos < 0n ? -rounded : rounded, format: q.format });
}

const amount = (q: Quantity | string | number): bigint => (typeof q === 'object' ? q.nanos : parseQuantity(q).nanos);

/** Rounded away from zero to whole units (upstream's Value()), exact as bigint. */
export function quantityValue(q: Quantity | string | number): bigint {
  const nanos = amount(q);
  return nanos < 0n ? -ceilDivide(-nanos, NANO) : ceilDivide(nanos, NANO);
}

/** Rounded away from zero to thousandths (upstream's MilliValue()). */
export function quantityMilliValue(q: Quantity | string | number): bigint {
  const nanos = amount(q);
  return nanos < 0n ? -ceilDivide(-nanos, 1_000_000n) : ceilDivide(nanos, 1_000_000n);
}

/** Whole units as a number, for sums that stay below 2^53 (bytes of a machine's memory do). */
export const quantityNumber = (q: Quantity | string | number): number => Number(quantityValue(q));
/** Thousandths as a number: CPUs. */
export const quantityMillis = (q: Quantity | string | number): number => Number(quantityMilliValue(q));

/** Negative, zero or positive. */
export function compareQuantities(a: Quantity | string | number, b: Quantity | string | number): number {
  const [x, y] = [amount(a), amount(b)];
  return x < y ? -1 : x > y ? 1 : 0;
}

/** The sum has the format of the first, unless that is zero (upstream's Add). */
export function addQuantities(a: Quantity, b: Quantity): Quantity {
  return { nanos: a.nanos + b.nanos, format: a.nanos === 0n ? b.format : a.format };
}
export function subtractQuantities(a: Quantity, b: Quantity): Quantity {
  return { nanos: a.nanos - b.nanos, format: a.nanos === 0n ? b.format : a.format };
}
export const zeroQuantity: Quantity = { nanos: 0n, format: 'DecimalSI' };
