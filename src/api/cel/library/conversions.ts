// Conversions between CEL's types, and the names of the types themselves.
// Upstream: cel-go common/stdlib/standard.go, common/types (ConvertToType).
import { Uint } from '../expression.ts';
import { type Cost, type FunctionTable, STRING_FACTOR, UNBOUNDED, declare, scaled } from '../functions.ts';
import {
  CelError,
  Duration,
  Timestamp,
  TypeValue,
  isFields,
  isOpaque,
  sizeOf,
  toInt,
  toUint,
  typeOfValue,
} from '../values.ts';
import { formatDuration, formatTimestamp, parseDuration, parseTimestamp } from './times.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });

function intOfDouble(value: number): bigint {
  if (!(value > -(2 ** 63) && value < 2 ** 63)) throw new CelError('integer overflow');
  return BigInt(Math.trunc(value));
}

function uintOfDouble(value: number): Uint {
  if (!(value > -1 && value < 2 ** 64)) throw new CelError('unsigned integer overflow');
  return new Uint(BigInt(Math.trunc(value)));
}

const badNumber = (from: string): CelError => new CelError(`type conversion error from 'string' to '${from}'`);

function intOfText(text: string): bigint {
  if (!/^[+-]?\d+$/.test(text)) throw badNumber('int');
  return toInt(BigInt(text.replace('+', '')), "type conversion error from 'string' to 'int'");
}

function uintOfText(text: string): Uint {
  if (!/^\d+$/.test(text)) throw badNumber('uint');
  return toUint(BigInt(text), "type conversion error from 'string' to 'uint'");
}

function doubleOfText(text: string): number {
  if (/^[+-]?(inf|infinity)$/i.test(text)) return text.startsWith('-') ? -Infinity : Infinity;
  if (/^nan$/i.test(text)) return NaN;
  if (!/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text)) throw badNumber('double');
  return Number(text);
}

function boolOfText(text: string): boolean {
  if (['1', 't', 'T', 'TRUE', 'true', 'True'].includes(text)) return true;
  if (['0', 'f', 'F', 'FALSE', 'false', 'False'].includes(text)) return false;
  throw badNumber('bool');
}

function textOfBytes(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw new CelError('invalid UTF-8 in bytes, cannot convert to string');
  }
}

/** As Go's strconv.FormatFloat(v, 'f', -1) prints: no exponent. */
export function textOfDouble(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  const text = String(value);
  const [, sign, digits, fraction = '', exponent] = /^(-?)(\d+)(?:\.(\d+))?e([+-]\d+)$/.exec(text) ?? [];
  if (exponent === undefined) return text;
  const shift = Number(exponent);
  const all = digits! + fraction;
  if (shift < 0) return `${sign}0.${'0'.repeat(-shift - 1)}${all}`;
  return sign + all.padEnd(digits!.length + shift, '0');
}

const TO_BYTES: Cost = {
  actual: ([text]) => Math.ceil(sizeOf(text) * STRING_FACTOR),
  estimate: ([text]) => {
    const size = text!.size();
    return { cost: scaled(size, STRING_FACTOR), size: { min: size.min, max: Math.min(size.max * 4, UNBOUNDED) } };
  },
};
const FROM_BYTES: Cost = {
  actual: ([bytes]) => Math.ceil(sizeOf(bytes) * STRING_FACTOR),
  estimate: ([bytes]) => {
    const size = bytes!.size();
    return { cost: scaled(size, STRING_FACTOR), size: { min: size.min / 4, max: size.max } };
  },
};

/** The name that `type(x)` has in expressions. */
export function typeNameOf(value: unknown): string {
  if (isFields(value)) return value.objectType;
  if (isOpaque(value)) return value.typeName;
  return typeOfValue(value).name;
}

export function declareConversions(table: FunctionTable): void {
  const same = (a: unknown): unknown => a;
  declare(table, 'int64_to_int64', 'int(int) int', same);
  declare(table, 'uint64_to_int64', 'int(uint) int', (a: Uint) => toInt(a.value));
  declare(table, 'double_to_int64', 'int(double) int', intOfDouble);
  declare(table, 'string_to_int64', 'int(string) int', intOfText);
  declare(table, 'timestamp_to_int64', 'int(timestamp) int', (a: Timestamp) => floorDivide(a.nanos, 1_000_000_000n));
  declare(table, 'duration_to_int64', 'int(duration) int', (a: Duration) => a.nanos);
  declare(table, 'uint64_to_uint64', 'uint(uint) uint', same);
  declare(table, 'int64_to_uint64', 'uint(int) uint', (a: bigint) => toUint(a));
  declare(table, 'double_to_uint64', 'uint(double) uint', uintOfDouble);
  declare(table, 'string_to_uint64', 'uint(string) uint', uintOfText);
  declare(table, 'double_to_double', 'double(double) double', same);
  declare(table, 'int64_to_double', 'double(int) double', Number);
  declare(table, 'uint64_to_double', 'double(uint) double', (a: Uint) => Number(a.value));
  declare(table, 'string_to_double', 'double(string) double', doubleOfText);
  declare(table, 'bool_to_bool', 'bool(bool) bool', same);
  declare(table, 'string_to_bool', 'bool(string) bool', boolOfText);
  declare(table, 'string_to_string', 'string(string) string', same);
  declare(table, 'bool_to_string', 'string(bool) string', String);
  declare(table, 'int64_to_string', 'string(int) string', String);
  declare(table, 'uint64_to_string', 'string(uint) string', (a: Uint) => String(a.value));
  declare(table, 'double_to_string', 'string(double) string', textOfDouble);
  declare(table, 'bytes_to_string', 'string(bytes) string', textOfBytes, FROM_BYTES);
  declare(table, 'timestamp_to_string', 'string(timestamp) string', formatTimestamp);
  declare(table, 'duration_to_string', 'string(duration) string', formatDuration);
  declare(table, 'bytes_to_bytes', 'bytes(bytes) bytes', same);
  declare(table, 'string_to_bytes', 'bytes(string) bytes', (a: string) => encoder.encode(a), TO_BYTES);
  declare(table, 'duration_to_duration', 'duration(duration) duration', same);
  declare(table, 'int64_to_duration', 'duration(int) duration', (a: bigint) => new Duration(a));
  declare(table, 'string_to_duration', 'duration(string) duration', parseDuration);
  declare(table, 'timestamp_to_timestamp', 'timestamp(timestamp) timestamp', same);
  const ofSeconds = (a: bigint): Timestamp => new Timestamp(a * 1_000_000_000n);
  declare(table, 'int64_to_timestamp', 'timestamp(int) timestamp', ofSeconds);
  declare(table, 'string_to_timestamp', 'timestamp(string) timestamp', parseTimestamp);
  declare(table, 'type', 'type(A) type(A)', (a: unknown) => new TypeValue(typeNameOf(a)));
}

const floorDivide = (a: bigint, b: bigint): bigint => (a >= 0n ? a / b : -((-a + b - 1n) / b));
