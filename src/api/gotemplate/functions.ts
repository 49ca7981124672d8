// The functions of templates: Go's own, and kubectl's exists and base64decode. A function throws an Error with Go's
// text. Upstream: Go's text/template/funcs.go, cli-runtime/pkg/printers/template.go, kubectl's template functions.
import { compareBytes } from '../go-format.ts';
import { sprint, sprintf } from './printf.ts';
import { Float, type Value, isMap, show, typeName } from './values.ts';

type Fn = (args: readonly Value[]) => Value;
interface Definition {
  /** Absent: the executor does it. */
  call?: Fn;
  min: number;
  max?: number;
  /** How many arguments, from the first, Go's signature wants to be strings. */
  strings?: number;
}

const missing = (value: Value): boolean => value === null || value === undefined;

/** Upstream's IsTrue: not empty. */
export function isTrue(value: Value): boolean {
  if (missing(value)) return false;
  if (Array.isArray(value)) return value.length > 0;
  if (isMap(value)) return Object.keys(value).length > 0;
  return Boolean(value instanceof Float ? value.value : value);
}

type Kind = 'bool' | 'int' | 'float' | 'string';
function kindOf(value: Value): Kind | undefined {
  if (typeof value === 'bigint') return 'int';
  if (typeof value === 'number') return Number.isInteger(value) ? 'int' : 'float';
  if (value instanceof Float) return 'float';
  return typeof value === 'string' ? 'string' : typeof value === 'boolean' ? 'bool' : undefined;
}

function isEqual(a: Value, b: Value): boolean {
  if (missing(a) || missing(b)) return missing(a) && missing(b);
  const [x, y] = [kindOf(a), kindOf(b)];
  if (x === undefined || y === undefined) {
    const [value, kind] = x === undefined ? [a, typeName(a)] : [b, typeName(b)];
    throw new Error(`non-comparable type ${show(value)}: ${kind}`);
  }
  if (x !== y) throw new Error('incompatible types for comparison');
  // An int64 and an int may be the same integer.
  // eslint-disable-next-line eqeqeq
  return plain(a) == plain(b);
}

const plain = (value: Value): string | number => (value instanceof Float ? value.value : value) as string | number;

function isLess(a: Value, b: Value): boolean {
  const [x, y] = [kindOf(a), kindOf(b)];
  if (x === undefined || y === undefined) throw new Error('invalid type for comparison');
  if (x !== y) throw new Error('incompatible types for comparison');
  if (x === 'bool') throw new Error('invalid type for comparison');
  return x === 'string' ? compareBytes(a as string, b as string) < 0 : plain(a) < plain(b);
}

function position(index: Value, length: number): number {
  if (missing(index)) throw new Error('cannot index slice/array with nil');
  if (kindOf(index) !== 'int') throw new Error(`cannot index slice/array with type ${typeName(index)}`);
  const i = Number(index);
  if (i < 0 || i > length) throw new Error(`index out of range: ${i}`);
  return i;
}

function index(item: Value, at: Value): Value {
  if (item === undefined) throw new Error('index of untyped nil');
  if (item === null) throw new Error('index of nil pointer');
  if (Array.isArray(item) || typeof item === 'string') {
    const bytes = typeof item === 'string' ? [...new TextEncoder().encode(item)].map(BigInt) : item;
    const i = position(at, bytes.length);
    if (i < bytes.length) return bytes[i];
    throw new Error(`reflect: ${Array.isArray(item) ? 'slice' : 'string'} index out of range`);
  }
  if (!isMap(item)) throw new Error(`can't index item of type ${typeName(item)}`);
  if (missing(at)) throw new Error('value is nil; should be of type string');
  if (typeof at !== 'string') throw new Error(`value has type ${typeName(at)}; should be string`);
  return Object.hasOwn(item, at) ? item[at] : undefined;
}

function slice(args: readonly Value[]): Value {
  const [item, ...bounds] = args;
  if (item === undefined) throw new Error('slice of untyped nil');
  if (!Array.isArray(item) && typeof item !== 'string') throw new Error(`can't slice item of type ${typeName(item)}`);
  if (bounds.length > 2 && typeof item === 'string') throw new Error('cannot 3-index slice a string');
  const source = typeof item === 'string' ? new TextEncoder().encode(item) : item;
  const [from = 0, to = source.length] = bounds.map((b) => position(b, source.length));
  if (from > to) throw new Error(`invalid slice index: ${from} > ${to}`);
  return typeof item === 'string'
    ? new TextDecoder().decode((source as Uint8Array).slice(from, to))
    : item.slice(from, to);
}

function length(value: Value): bigint {
  if (value === undefined) throw new Error('reflect: call of reflect.Value.Type on zero Value');
  if (value === null) throw new Error('len of nil pointer');
  if (typeof value === 'string') return BigInt(new TextEncoder().encode(value).length);
  if (Array.isArray(value)) return BigInt(value.length);
  if (isMap(value)) return BigInt(Object.keys(value).length);
  throw new Error(`len of type ${typeName(value)}`);
}

function exists(args: readonly Value[]): boolean {
  let [value] = args;
  for (const at of args.slice(1)) {
    if (missing(value)) return false;
    if (Array.isArray(value) || typeof value === 'string') {
      if (kindOf(at) !== 'int' || Number(at) < 0 || Number(at) >= value.length) return false;
      value = value[Number(at)];
    } else if (isMap(value)) {
      if (typeof at !== 'string') return false;
      value = value[at];
    } else return false;
  }
  return !missing(value);
}

function base64decode([text]: readonly Value[]): string {
  const clean = (text as string).replace(/[\r\n]/g, '');
  const bad = /[^A-Za-z0-9+/=]/.exec(clean);
  if (bad || clean.length % 4 !== 0) {
    throw new Error(
      `base64 decode failed: illegal base64 data at input byte ${bad?.index ?? clean.length - (clean.length % 4)}`,
    );
  }
  return Buffer.from(clean, 'base64').toString('utf8');
}

const HTML: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  "'": '&#39;',
  '"': '&#34;',
  '\0': '\uFFFD',
};
const html = (text: string): string => text.replace(/[&<>'"\0]/g, (c) => HTML[c]!);
const JS: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  "'": "\\'",
  '"': '\\"',
  '<': '\\u003C',
  '>': '\\u003E',
  '&': '\\u0026',
  '=': '\\u003D',
};
const js = (text: string): string =>
  text.replace(
    /[\\'"<>&=\u0000-\u001f]/g,
    (c) => JS[c] ?? `\\u${c.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`,
  );
const query = (text: string): string =>
  encodeURIComponent(text)
    .replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+');

const println = (args: readonly Value[]): string => `${args.map((a) => show(a)).join(' ')}\n`;

function equal(args: readonly Value[]): boolean {
  const [first, ...others] = args;
  if (others.length === 0) throw new Error('missing argument for comparison');
  return others.some((other) => isEqual(first, other));
}

function printf([format, ...args]: readonly Value[]): string {
  return sprintf(format as string, args);
}

/** `and` and `or` stop at what decides, and `call` names its argument in errors: the executor does these. */
export const functions: Readonly<Record<string, Definition>> = {
  and: { min: 1 },
  base64decode: { call: base64decode, min: 1, max: 1, strings: 1 },
  call: { min: 1 },
  eq: { call: equal, min: 1 },
  exists: { call: exists, min: 1 },
  ge: { call: ([a, b]) => !isLess(a, b), min: 2, max: 2 },
  gt: { call: ([a, b]) => !isLess(a, b) && !isEqual(a, b), min: 2, max: 2 },
  html: { call: (args) => html(sprint(args)), min: 0 },
  index: { call: ([item, ...at]) => at.reduce((value, i) => index(value, i), item), min: 1 },
  js: { call: (args) => js(sprint(args)), min: 0 },
  le: { call: ([a, b]) => isLess(a, b) || isEqual(a, b), min: 2, max: 2 },
  len: { call: ([value]) => length(value), min: 1, max: 1 },
  lt: { call: ([a, b]) => isLess(a, b), min: 2, max: 2 },
  ne: { call: ([a, b]) => !isEqual(a, b), min: 2, max: 2 },
  not: { call: ([value]) => !isTrue(value), min: 1, max: 1 },
  or: { min: 1 },
  print: { call: sprint, min: 0 },
  printf: { call: printf, min: 1, strings: 1 },
  println: { call: println, min: 0 },
  slice: { call: slice, min: 1 },
  urlquery: { call: (args) => query(sprint(args)), min: 0 },
};

export const isFunction = (name: string): boolean => Object.hasOwn(functions, name);
