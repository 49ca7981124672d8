// KYAML: YAML that reads like JSON, with quotes only where they are needed around keys and lines of long texts apart.
// Objects in, text out; comments there are none. Upstream: sigs.k8s.io/yaml/kyaml Encoder.
import type { Json } from '../types.ts';

const INDENT = '  ';
const indentOf = (level: number): string => INDENT.repeat(level);

/**
 * One document with its separator. Keys are sorted, or, with `typed`, in the order of the object; Go's types have no
 * `creationTimestamp: null` any more where this format is known.
 */
export function stringifyKyaml(value: unknown, typed = false): string {
  return `---\n${node(value as Json, 0, typed)}\n`;
}

function node(value: Json | undefined, level: number, typed: boolean): string {
  if (value === null || value === undefined) return 'null';
  if (typeof value === 'string') return text(value, level + 1);
  if (typeof value !== 'object') return goNumber(value);
  if (Array.isArray(value)) return sequence(value, level, typed);
  const absent = (key: string): boolean =>
    value[key] === undefined || (typed && key === 'creationTimestamp' && value[key] === null);
  const keys = Object.keys(value).filter((key) => !absent(key));
  if (keys.length === 0) return '{}';
  if (!typed) keys.sort(byBytes);
  const pad = indentOf(level + 1);
  const lines = keys.map((key) => `${pad}${keyText(key)}: ${node(value[key], level + 1, typed)},\n`);
  return `{\n${lines.join('')}${indentOf(level)}}`;
}

const byBytes = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const goNumber = (value: number | bigint | boolean): string =>
  typeof value === 'number' ? JSON.stringify(value) : String(value);

/** Structures stand inside their list's brackets, everything else on lines of its own. */
function sequence(items: readonly Json[], level: number, typed: boolean): string {
  if (items.length === 0) return '[]';
  if (items.every((item) => typeof item === 'object' && item !== null)) {
    return `[${items.map((item) => node(item, level, typed)).join(', ')}]`;
  }
  const pad = indentOf(level + 1);
  return `[\n${items.map((item) => `${pad}${node(item, level + 1, typed)},\n`).join('')}${indentOf(level)}]`;
}

const keyText = (key: string): string => (needsQuotes(key) ? `"${escaped(key, '\\n', '\\t')}"` : key);

/** A text of several lines has a line of the output for each of its own. */
function text(value: string, level: number): string {
  if (!value.includes('\n')) return `"${escaped(value, '\\n', '\t')}"`;
  const pad = indentOf(level);
  const lines = value.split('\n').map((line, i, all) => {
    const last = i === all.length - 1;
    if (last && line === '') return '';
    const end = last ? '\\\n' : '\\n\\\n';
    // White space at the start of a line would be lost; other lines are set in by one to stand below it.
    const start = /^\s/u.test(line) ? '\\' : ' ';
    return `${pad}${start}${escaped(line, '', '\t')}${end}`;
  });
  return `"\\\n${lines.join('')}${pad}"`;
}

const UNPRINTABLE = /[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu;
const NAMED: Readonly<Record<string, string>> = {
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\r': '\\r',
  '\v': '\\v',
  '\0': '\\0',
  '\x1b': '\\e',
  '\x85': '\\N',
  '\xa0': '\\_',
  '\u2028': '\\L',
  '\u2029': '\\P',
};

function escaped(value: string, newline: string, tab: string): string {
  return value.replaceAll(/["\\]/g, '\\$&').replaceAll(UNPRINTABLE, (c) => {
    if (c === '\n') return newline;
    if (c === '\t') return tab;
    if (NAMED[c] !== undefined) return NAMED[c];
    const code = c.codePointAt(0)!;
    const hex = (width: number): string => code.toString(16).padStart(width, '0');
    if (code < 0x20 || code === 0x7f) return `\\x${hex(2)}`;
    if (code >= 0xd800 && code <= 0xdfff) return '\\ufffd';
    return code < 0x10000 ? `\\u${hex(4)}` : `\\U${hex(8)}`;
  });
}

const PLAIN = /^[\p{L}\p{N}_](?:[\p{L}\p{N}_./-]*[\p{L}\p{N}_])?$/u;
const WORDS = /^(?:null|~|true|t|yes|y|on|false|f|no|n|off|1|0|[-+]?\.inf|\.nan)$/i;
const SEXAGESIMAL = /^[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$/;
const INTEGER = /^[-+]?(?:0[xX][\da-fA-F]+|0[bB][01]+|0[oO]?[0-7]*|[1-9]\d*)$/;
const FLOAT = /^[-+]?(?:(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?|inf|infinity|0x[\da-f]+\.?[\da-f]*p[-+]?\d+)$/i;
const TIME =
  /^\d{4}-\d{1,2}-\d{1,2}(?:[tT]\d{1,2}:\d{1,2}:\d{1,2}(?:\.\d+)?(?:Z|[-+]\d\d:\d\d)| \d{1,2}:\d{1,2}:\d{1,2}(?:\.\d+)?)?$/;

/** True when a reader could take the key for something else than a text. */
function needsQuotes(key: string): boolean {
  if (!PLAIN.test(key) || WORDS.test(key) || /^nan$/i.test(key)) return true;
  const bare = key.replaceAll('_', '');
  return INTEGER.test(bare) || FLOAT.test(bare) || SEXAGESIMAL.test(key) || TIME.test(key);
}
