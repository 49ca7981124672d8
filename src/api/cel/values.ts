// The values of CEL: which JavaScript value is which, when two are equal, and how large one is.
// int is bigint, uint Uint, double number, bytes Uint8Array, list an array, map a Map; the rest are classes here.
// Upstream: cel-go common/types.
import { Uint } from './expression.ts';
import {
  BOOL,
  BYTES,
  DOUBLE,
  DURATION,
  DYN,
  INT,
  NULL,
  STRING,
  TIMESTAMP,
  type Type,
  UINT,
  list,
  map,
  opaque,
  optional,
  typeOf,
} from './types.ts';

/** What an evaluation ends in when it fails: `no such key: x`, `division by zero`. */
export class CelError extends Error {}

export class Duration {
  readonly nanos: bigint;
  constructor(nanos: bigint) {
    this.nanos = nanos;
  }
}

/** Nanoseconds since the epoch. */
export class Timestamp {
  readonly nanos: bigint;
  constructor(nanos: bigint) {
    this.nanos = nanos;
  }
}

export class Optional {
  static readonly none = new Optional(undefined, false);
  readonly value: unknown;
  readonly has: boolean;
  private constructor(value: unknown, has: boolean) {
    this.value = value;
    this.has = has;
  }
  static of = (value: unknown): Optional => new Optional(value, true);
}

/** What `type(x)` is, and what `int` alone is. */
export class TypeValue {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

/** A value of one of the libraries: a URL, a quantity, an address. */
export interface OpaqueValue {
  readonly typeName: string;
  equalTo(other: OpaqueValue): boolean;
}

/** An object with named fields; what it does not have is `undefined`. */
export interface Fields {
  readonly objectType: string;
  field(name: string): unknown;
  /** The names of the fields that are there. */
  names(): Iterable<string>;
  readonly size: number;
  equalTo(other: Fields): boolean;
}

/** An array that means a set, or a map by some keys of its items: it is compared and added to accordingly. */
export const LIST_SEMANTICS = Symbol('list semantics');
export interface ListSemantics {
  /** The item's identity as text. */
  identity(item: unknown): string;
  set: boolean;
}
type SemanticList = unknown[] & { [LIST_SEMANTICS]?: ListSemantics };
export const semanticsOf = (value: unknown): ListSemantics | undefined => (value as SemanticList)[LIST_SEMANTICS];

export const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && 'objectType' in value;
export const isOpaque = (value: unknown): value is OpaqueValue =>
  typeof value === 'object' && value !== null && 'typeName' in value;

export function typeOfValue(value: unknown): Type {
  switch (typeof value) {
    case 'boolean':
      return BOOL;
    case 'bigint':
      return INT;
    case 'number':
      return DOUBLE;
    case 'string':
      return STRING;
  }
  if (value === null) return NULL;
  if (Array.isArray(value)) return list(DYN);
  if (value instanceof Map) return map(DYN, DYN);
  if (value instanceof Uint) return UINT;
  if (value instanceof Duration) return DURATION;
  if (value instanceof Timestamp) return TIMESTAMP;
  if (value instanceof Uint8Array) return BYTES;
  if (value instanceof Optional) return optional(DYN);
  if (value instanceof TypeValue) return typeOf(DYN);
  if (isFields(value)) return { kind: 'object', name: value.objectType, params: [] };
  if (isOpaque(value)) return opaque(value.typeName);
  throw new CelError('unsupported value');
}

/** Whether a value may be an argument of a declared type. */
export function fits(value: unknown, type: Type): boolean {
  switch (type.kind) {
    case 'bool':
      return typeof value === 'boolean';
    case 'int':
      return typeof value === 'bigint';
    case 'double':
      return typeof value === 'number';
    case 'string':
      return typeof value === 'string';
    case 'uint':
      return value instanceof Uint;
    case 'bytes':
      return value instanceof Uint8Array;
    case 'null':
      return value === null;
    case 'duration':
      return value instanceof Duration;
    case 'timestamp':
      return value instanceof Timestamp;
    case 'list':
      return (
        Array.isArray(value) &&
        (value.length === 0 || type.params[0]!.kind === 'param' || fits(value[0], type.params[0]!))
      );
    case 'map':
      return value instanceof Map || isFields(value);
    case 'type':
      return value instanceof TypeValue;
    case 'opaque':
      return type.name === 'optional_type'
        ? value instanceof Optional
        : isOpaque(value) && value.typeName === type.name;
    default:
      return true;
  }
}

/** A number of any kind, to be compared with one of another. */
export const numeric = (value: unknown): bigint | number | undefined =>
  typeof value === 'bigint' || typeof value === 'number' ? value : value instanceof Uint ? value.value : undefined;

const sameBytes = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

export function equal(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  const left = numeric(a);
  if (left !== undefined) {
    const right = numeric(b);
    return right !== undefined && left <= right && left >= right;
  }
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a)) return Array.isArray(b) && equalLists(a, b);
  if (a instanceof Map) return b instanceof Map && equalMaps(a, b);
  if (a instanceof Uint8Array) return b instanceof Uint8Array && sameBytes(a, b);
  if (a instanceof Duration) return b instanceof Duration && a.nanos === b.nanos;
  if (a instanceof Timestamp) return b instanceof Timestamp && a.nanos === b.nanos;
  if (a instanceof TypeValue) return b instanceof TypeValue && a.name === b.name;
  if (a instanceof Optional) return b instanceof Optional && a.has === b.has && (!a.has || equal(a.value, b.value));
  if (isFields(a)) return isFields(b) && a.equalTo(b);
  return isOpaque(a) && isOpaque(b) && a.typeName === b.typeName && a.equalTo(b);
}

function equalLists(a: unknown[], b: unknown[]): boolean {
  if (a.length !== b.length) return false;
  const semantics = semanticsOf(a) ?? semanticsOf(b);
  if (!semantics) return a.every((item, i) => equal(item, b[i]));
  const others = new Map(b.map((item) => [semantics.identity(item), item]));
  return a.every((item) => {
    const other = others.get(semantics.identity(item));
    return other !== undefined && (semantics.set || equal(item, other));
  });
}

function equalMaps(a: Map<unknown, unknown>, b: Map<unknown, unknown>): boolean {
  if (a.size !== b.size) return false;
  for (const [key, value] of a) {
    const other = lookUp(b, key);
    if (other === undefined || !equal(value, other)) return false;
  }
  return true;
}

/** A map's keys are what a Map tells apart: of uints and of whole doubles their int. */
export function mapKey(key: unknown): unknown {
  if (key instanceof Uint) return key.value;
  return typeof key === 'number' && Number.isInteger(key) ? BigInt(key) : key;
}

/** Undefined when there is no such key. */
export function lookUp(value: Map<unknown, unknown> | Fields, key: unknown): unknown {
  if (!(value instanceof Map)) return typeof key === 'string' ? value.field(key) : undefined;
  return value.get(mapKey(key));
}

/** Lists and maps that a macro is making: nobody else sees them yet, so adding need not copy. */
const growing = new WeakSet<object>();
export function grow<T extends object>(value: T): T {
  growing.add(value);
  return value;
}
export const isGrowing = (value: object): boolean => growing.has(value);
export const settle = (value: object): void => void growing.delete(value);

/** Adds two lists; the items of a set or map that are there already stay where they are, as upstream has it. */
export function concatenate(a: unknown[], b: unknown[]): unknown[] {
  if (isGrowing(a)) {
    for (const item of b) a.push(item);
    return a;
  }
  const semantics = semanticsOf(a);
  if (!semantics) return [...a, ...b];
  const byIdentity = new Map(a.map((item) => [semantics.identity(item), item]));
  for (const item of b) byIdentity.set(semantics.identity(item), item);
  const joined = [...byIdentity.values()] as SemanticList;
  joined[LIST_SEMANTICS] = semantics;
  return joined;
}

/** Below, at or above zero; throws where there is no order. */
export function compare(a: unknown, b: unknown): number {
  const left = numeric(a);
  const right = numeric(b);
  if (left !== undefined && right !== undefined) return left < right ? -1 : left > right ? 1 : left >= right ? 0 : NaN;
  if (typeof a === 'string' && typeof b === 'string') return compareText(a, b);
  if (typeof a === 'boolean' && typeof b === 'boolean') return Number(a) - Number(b);
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b);
  if ((a instanceof Duration && b instanceof Duration) || (a instanceof Timestamp && b instanceof Timestamp)) {
    return a.nanos < b.nanos ? -1 : a.nanos > b.nanos ? 1 : 0;
  }
  throw new CelError('no such overload');
}

/** By code points, as Go's bytes order them; UTF-16 would put the astral ones too early. */
function compareText(a: string, b: string): number {
  if (a === b) return 0;
  for (let i = 0; i < a.length && i < b.length; i++) {
    if (a.charCodeAt(i) === b.charCodeAt(i)) continue;
    return a.codePointAt(i)! < b.codePointAt(i)! ? -1 : 1;
  }
  return a.length - b.length;
}

/** In code points. */
export function textLength(text: string): number {
  let length = text.length;
  for (let i = 0; i < text.length - 1; i++) {
    const c = text.charCodeAt(i);
    if (c >= 0xd800 && c < 0xdc00) length--;
  }
  return length;
}

/** Upstream's actualSize: what costs are counted by. */
export function sizeOf(value: unknown): number {
  if (typeof value === 'string') return textLength(value);
  if (Array.isArray(value) || value instanceof Uint8Array) return value.length;
  if (value instanceof Map) return value.size;
  if (value instanceof Optional) return value.has ? sizeOf(value.value) : 1;
  return isFields(value) ? value.size : 1;
}

const INT_MIN = -(2n ** 63n);
const INT_MAX = 2n ** 63n - 1n;
const UINT_MAX = 2n ** 64n - 1n;

export function toInt(value: bigint, what = 'integer overflow'): bigint {
  if (value < INT_MIN || value > INT_MAX) throw new CelError(what);
  return value;
}

export function toUint(value: bigint, what = 'unsigned integer overflow'): Uint {
  if (value < 0n || value > UINT_MAX) throw new CelError(what);
  return new Uint(value);
}
