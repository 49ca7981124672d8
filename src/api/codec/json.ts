// JSON as the whole system reads and writes it: lossless for integers beyond 2^53 (bigint), safe for `__proto__`,
// and printed with Go's escapes. JSON.parse and JSON.stringify do the work whenever they lose nothing; json-reader.ts
// does it otherwise. Not YAML, not content negotiation.
import type { Json } from '../types.ts';
import { readJson } from './json-reader.ts';

export interface ParseOptions {
  /** Called for each duplicate key with upstream's words: `duplicate field "spec.replicas"`. Slower: no fast path. */
  onDuplicate?(message: string): void;
  /** Called for each key with its path, in the order of the text. Slower, too. */
  onKey?(path: string): void;
}

/** Sixteen digits in a row may be an integer that a double cannot hold. */
const longNumber = /[0-9]{16}/;
/** Go's decoder refuses deeper nesting; JSON.parse does not, and recursive walkers would overflow. */
const MAX_DEPTH = 10_000;

/** Never says no when the nesting is too deep; brackets in strings may make it say yes needlessly. */
function mayBeTooDeep(text: string): boolean {
  if (text.length < 2 * MAX_DEPTH) return false;
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i) | 0x20; // '[' and '{' differ in this bit, as do ']' and '}'.
    if (c === 0x7b && ++depth > MAX_DEPTH) return true;
    if (c === 0x7d) depth--;
  }
  return false;
}

/** True when a number in the text may be one that a double cannot hold. */
export const hasLongNumber = (text: string): boolean => longNumber.test(text);

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/**
 * Text or UTF-8 bytes to values. Invalid UTF-8 becomes U+FFFD, as Go does. Throws SyntaxError with the words of Go's
 * decoder (`invalid character 'x' looking for beginning of value`).
 */
export function parseJson(input: string | Uint8Array, options: ParseOptions = {}): Json {
  const text = typeof input === 'string' ? input : decoder.decode(input);
  if (options.onDuplicate || options.onKey || longNumber.test(text) || text.includes('__proto__') || mayBeTooDeep(text))
    return readJson(text, options);
  try {
    return JSON.parse(text) as Json;
  } catch {
    // The reader fails at the same place, with Go's words.
    return readJson(text, options);
  }
}

// Go's encoder escapes what could end a script element, and the two line separators that JavaScript once disliked.
const escaped = /[<>&\u2028\u2029]/g;
const hasEscaped = /[<>&\u2028\u2029]/;
const escapes: Record<string, string> = {
  '<': '\\u003c',
  '>': '\\u003e',
  '&': '\\u0026',
  '\u2028': '\\u2028',
  '\u2029': '\\u2029',
};

/** Lone surrogates cannot be encoded; Go writes U+FFFD for what it could not decode. */
const loneSurrogate = /\\u(d[89ab]|d[c-f])[0-9a-f]{2}/g;

function finish(text: string): string {
  let result = hasEscaped.test(text) ? text.replaceAll(escaped, (c) => escapes[c]!) : text;
  // JSON.stringify prints \b and \f where Go (before 1.22) printed \u0008 and \u000c; both readers take either.
  if (result.includes('\\ud')) result = replaceSurrogates(result);
  return result;
}

function replaceSurrogates(text: string): string {
  return text.replaceAll(loneSurrogate, (match, _high, offset: number) => {
    // An even number of backslashes before means that this one is itself escaped.
    let slashes = 0;
    while (text[offset - 1 - slashes] === '\\') slashes++;
    return slashes % 2 === 0 ? '\\ufffd' : match;
  });
}

/** Stands for a bigint while JSON.stringify runs: no user's text has it, because it is made per process. */
const mark = `\uE000${Math.random().toString(36).slice(2)}:`;
const marked = new RegExp(`"${mark}(-?[0-9]+)"`, 'g');

function stringifyWithBigints(value: unknown, indent: number | undefined): string {
  const text = JSON.stringify(value, (_key, v: unknown) => (typeof v === 'bigint' ? mark + String(v) : v), indent);
  return text.replaceAll(marked, '$1');
}

/**
 * Values to text as Go's encoder writes it, on one line or with `indent` spaces. Keys keep their order (an object made
 * by parseJson keeps the order it was read in); undefined members are left out.
 */
export function stringifyJson(value: unknown, indent?: number): string {
  let text: string;
  try {
    text = JSON.stringify(value, undefined, indent);
  } catch (error) {
    if (!(error instanceof TypeError) || !error.message.includes('BigInt')) throw error;
    text = stringifyWithBigints(value, indent);
  }
  return finish(text ?? 'null');
}

/** Compares as Go compares strings: by UTF-8 bytes, which for code units differs only above the surrogates. */
export function compareKeys(a: string, b: string): number {
  if (a === b) return 0;
  const n = Math.min(a.length, b.length);
  for (let i = 0; i < n; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x === y) continue;
    const xs = x >= 0xd800 && x <= 0xdfff;
    const ys = y >= 0xd800 && y <= 0xdfff;
    if (xs !== ys) return xs ? 1 : -1;
    return x - y;
  }
  return a.length - b.length;
}

/** The keys of an object in the order in which Go prints a map. */
export function sortedKeys(object: object): string[] {
  const keys = Object.keys(object);
  // Almost all keys are ASCII, where the default order is Go's.
  keys.sort();
  return keys.some((k) => hasSurrogate.test(k)) ? keys.sort(compareKeys) : keys;
}
const hasSurrogate = /[\uD800-\uDFFF]/;

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== 'object') return value;
  const out: Record<string, unknown> = {};
  // Integer-like keys come first in any JavaScript object, so such maps are written by hand (see writeSorted).
  for (const key of sortedKeys(value)) setOwn(out, key, sorted((value as Record<string, unknown>)[key]));
  return out;
}

/** Sets a key that may be `__proto__` as a plain member. */
export function setOwn(object: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__') {
    Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
  } else object[key] = value;
}

/** JavaScript objects put integer-like keys first, whatever the order of insertion. */
const integerLike = /^(?:0|[1-9][0-9]{0,9})$/;
function hasIntegerKeys(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(hasIntegerKeys);
  if (value === null || typeof value !== 'object') return false;
  return Object.keys(value).some((key) => integerLike.test(key)) || Object.values(value).some(hasIntegerKeys);
}

function writeSorted(value: unknown, indent: string, prefix: string): string {
  if (value === null || typeof value !== 'object') return stringifyJson(value);
  const inner = prefix + indent;
  const [open, separator, close] = indent ? [`\n${inner}`, `,\n${inner}`, `\n${prefix}`] : ['', ',', ''];
  if (Array.isArray(value)) {
    if (value.length === 0) return '[]';
    return `[${open}${value.map((v) => writeSorted(v, indent, inner)).join(separator)}${close}]`;
  }
  const members: string[] = [];
  for (const key of sortedKeys(value)) {
    const member = (value as Record<string, unknown>)[key];
    if (member === undefined) continue;
    members.push(`${stringifyJson(key)}:${indent ? ' ' : ''}${writeSorted(member, indent, inner)}`);
  }
  return members.length === 0 ? '{}' : `{${open}${members.join(separator)}${close}}`;
}

/** Values to text with all keys sorted as Go sorts a map's: what kubectl prints with `-o json` (indent 4). */
export function stringifySorted(value: unknown, indent = 0): string {
  if (hasIntegerKeys(value)) return writeSorted(value, ' '.repeat(indent), '');
  return stringifyJson(sorted(value), indent);
}
