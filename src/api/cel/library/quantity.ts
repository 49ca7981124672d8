// Kubernetes' quantities and semantic versions in CEL.
// Upstream: apiserver pkg/cel/library/{quantity,semverlib}.go; blang/semver.
import {
  addQuantities,
  compareQuantities,
  parseQuantity,
  quantityError,
  subtractQuantities,
  type Quantity,
} from '../../quantity.ts';
import { CONSTANT, type FunctionTable, declare, traversal } from '../functions.ts';
import { CelError, type OpaqueValue } from '../values.ts';

export class QuantityValue implements OpaqueValue {
  readonly typeName = 'kubernetes.Quantity';
  readonly quantity: Quantity;
  constructor(quantity: Quantity) {
    this.quantity = quantity;
  }
  equalTo(other: OpaqueValue): boolean {
    return other instanceof QuantityValue && other.quantity.nanos === this.quantity.nanos;
  }
}

function quantity(text: string): QuantityValue {
  const problem = quantityError(text);
  if (problem !== undefined) throw new CelError(problem);
  return new QuantityValue(parseQuantity(text));
}

const NANO = 1_000_000_000n;
const isInteger = ({ quantity: { nanos } }: QuantityValue): boolean => {
  const whole = nanos / NANO;
  return nanos % NANO === 0n && whole >= -(2n ** 63n) && whole < 2n ** 63n;
};
function asInteger(value: QuantityValue): bigint {
  if (!isInteger(value)) throw new CelError('cannot convert value to integer');
  return value.quantity.nanos / NANO;
}
const ofInt = (value: bigint): Quantity => ({ nanos: value * NANO, format: 'DecimalSI' });

function declareQuantities(table: FunctionTable): void {
  const T = 'kubernetes.Quantity';
  declare(table, 'string_to_quantity', `quantity(string) ${T}`, quantity, traversal());
  declare(
    table,
    'is_quantity_string',
    'isQuantity(string) bool',
    (t: string) => quantityError(t) === undefined,
    traversal(),
  );
  const sign = ({ quantity: { nanos } }: QuantityValue): bigint => (nanos > 0n ? 1n : nanos < 0n ? -1n : 0n);
  declare(table, 'quantity_sign', `.sign(${T}) int`, sign, CONSTANT);
  declare(table, 'quantity_is_integer', `.isInteger(${T}) bool`, isInteger, CONSTANT);
  declare(table, 'quantity_get_int', `.asInteger(${T}) int`, asInteger, CONSTANT);
  const float = ({ quantity: { nanos } }: QuantityValue): number => Number(nanos) / 1e9;
  declare(table, 'quantity_get_float', `.asApproximateFloat(${T}) double`, float, CONSTANT);
  const order = (a: QuantityValue, b: QuantityValue): number => compareQuantities(a.quantity, b.quantity);
  const greater = (a: QuantityValue, b: QuantityValue): boolean => order(a, b) > 0;
  declare(table, 'quantity_is_greater_than', `.isGreaterThan(${T}, ${T}) bool`, greater, CONSTANT);
  const less = (a: QuantityValue, b: QuantityValue): boolean => order(a, b) < 0;
  declare(table, 'quantity_is_less_than', `.isLessThan(${T}, ${T}) bool`, less, CONSTANT);
  const compared = (a: QuantityValue, b: QuantityValue): bigint => BigInt(order(a, b));
  declare(table, 'quantity_compare_to', `.compareTo(${T}, ${T}) int`, compared, CONSTANT);
  const both =
    (run: (a: Quantity, b: Quantity) => Quantity) =>
    (a: QuantityValue, b: QuantityValue | bigint): QuantityValue =>
      new QuantityValue(run(a.quantity, typeof b === 'bigint' ? ofInt(b) : b.quantity));
  declare(table, 'quantity_add', `.add(${T}, ${T}) ${T}`, both(addQuantities), CONSTANT);
  declare(table, 'quantity_add_int', `.add(${T}, int) ${T}`, both(addQuantities), CONSTANT);
  declare(table, 'quantity_sub', `.sub(${T}, ${T}) ${T}`, both(subtractQuantities), CONSTANT);
  declare(table, 'quantity_sub_int', `.sub(${T}, int) ${T}`, both(subtractQuantities), CONSTANT);
}

class Semver implements OpaqueValue {
  readonly typeName = 'kubernetes.Semver';
  readonly numbers: readonly [bigint, bigint, bigint];
  readonly pre: readonly string[];
  constructor(numbers: readonly [bigint, bigint, bigint], pre: readonly string[]) {
    [this.numbers, this.pre] = [numbers, pre];
  }
  equalTo(other: OpaqueValue): boolean {
    return other instanceof Semver && compareVersions(this, other) === 0;
  }
}

const NUMERIC = /^(0|[1-9]\d*)$/;
const SEMVER =
  /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?$/;

/** `v1.2` as `1.2.0`. Upstream: normalizeAndParse. */
function normalized(text: string): string {
  const plain = text.replace(/^v/, '');
  const [, core = '', rest = ''] = /^([^-+]*)(.*)$/s.exec(plain)!;
  const numbers = core.split('.').map((n) => n.replace(/^0+(?=\d)/, ''));
  while (numbers.length < 3) numbers.push('0');
  return numbers.join('.') + rest;
}

function readVersion(text: string, normalize = false): Semver | undefined {
  if (text.length > 1_000) return undefined;
  const found = SEMVER.exec(normalize ? normalized(text) : text);
  if (!found) return undefined;
  const pre = found[4]?.split('.') ?? [];
  if (pre.some((part) => /^\d+$/.test(part) && !NUMERIC.test(part))) return undefined;
  const numbers = [BigInt(found[1]!), BigInt(found[2]!), BigInt(found[3]!)] as const;
  return numbers.every((n) => n < 2n ** 64n) ? new Semver(numbers, pre) : undefined;
}

function semver(text: string, normalize?: boolean): Semver {
  const version = readVersion(text, normalize);
  if (!version) throw new CelError(`invalid semantic version ${JSON.stringify(text)}`);
  return version;
}

function comparePre(a: string | undefined, b: string | undefined): number {
  if (a === undefined || b === undefined) return a === b ? 0 : a === undefined ? -1 : 1;
  const [x, y] = [NUMERIC.test(a), NUMERIC.test(b)];
  if (x && y) return BigInt(a) < BigInt(b) ? -1 : BigInt(a) > BigInt(b) ? 1 : 0;
  if (x !== y) return x ? -1 : 1;
  return a < b ? -1 : a > b ? 1 : 0;
}

function compareVersions(a: Semver, b: Semver): number {
  for (let i = 0; i < 3; i++) if (a.numbers[i]! !== b.numbers[i]!) return a.numbers[i]! < b.numbers[i]! ? -1 : 1;
  if (a.pre.length === 0 || b.pre.length === 0) return Math.sign(b.pre.length - a.pre.length);
  for (let i = 0; i < Math.max(a.pre.length, b.pre.length); i++) {
    const order = comparePre(a.pre[i], b.pre[i]);
    if (order !== 0) return order;
  }
  return 0;
}

export function declareAmounts(table: FunctionTable): void {
  declareQuantities(table);
  const T = 'kubernetes.Semver';
  declare(table, 'string_to_semver', `semver(string) ${T}`, semver, traversal());
  declare(table, 'string_bool_to_semver', `semver(string, bool) ${T}`, semver, traversal());
  const is = (text: string, normalize?: boolean): boolean => readVersion(text, normalize) !== undefined;
  declare(table, 'is_semver_string', 'isSemver(string) bool', is, traversal());
  declare(table, 'is_semver_string_bool', 'isSemver(string, bool) bool', is, traversal());
  (['major', 'minor', 'patch'] as const).forEach((name, i) => {
    declare(table, `semver_${name}`, `.${name}(${T}) int`, (v: Semver) => v.numbers[i], CONSTANT);
  });
  const compared = (a: Semver, b: Semver): bigint => BigInt(compareVersions(a, b));
  declare(table, 'semver_compare_to', `.compareTo(${T}, ${T}) int`, compared, CONSTANT);
  const greater = (a: Semver, b: Semver): boolean => compareVersions(a, b) > 0;
  declare(table, 'semver_is_greater_than', `.isGreaterThan(${T}, ${T}) bool`, greater, CONSTANT);
  const less = (a: Semver, b: Semver): boolean => compareVersions(a, b) < 0;
  declare(table, 'semver_is_less_than', `.isLessThan(${T}, ${T}) bool`, less, CONSTANT);
}
