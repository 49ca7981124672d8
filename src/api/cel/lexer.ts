// A text as CEL's tokens. Upstream: cel-go parser/gen/CEL.g4 (lexer rules), parser/unescape.go.
import { CompileError, type Literal, Uint } from './expression.ts';
import { ESCAPED } from '../go-escapes.ts';

export interface Token {
  kind: 'ident' | 'literal' | 'operator' | 'end';
  text: string;
  /** In code points. */
  at: number;
  value?: Literal;
}

const OPERATORS = [
  '==',
  '!=',
  '<=',
  '>=',
  '&&',
  '||',
  '<',
  '>',
  '=',
  '[',
  ']',
  '{',
  '}',
  '(',
  ')',
  '.',
  ',',
  '-',
  '!',
  '?',
  ':',
  '+',
  '*',
  '/',
  '%',
];
const SPACE = /[\t \r\n\f]+|\/\/[^\n]*/y;
const NUMBER = /0x[0-9a-fA-F]+u?|(?:\d+\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+|\.\d+(?:[eE][+-]?\d+)?)|\d+[uU]?/y;
const IDENT = /[A-Za-z_][A-Za-z0-9_]*/y;
const STRING =
  /([bB]?[rR]|[rR]?[bB]|)("""(?:[^\\]|\\[\s\S])*?"""|'''(?:[^\\]|\\[\s\S])*?'''|"(?:[^"\\\n\r]|\\.)*"|'(?:[^'\\\n\r]|\\.)*')/y;
const RAW_STRING = /([bB]?[rR][bB]?)("""[\s\S]*?"""|'''[\s\S]*?'''|"[^"\n\r]*"|'[^'\n\r]*')/y;
const QUOTED_FIELD = /`[A-Za-z0-9_.\-/ ]+`/y;

const INT_MAX = 2n ** 63n;

/** Throws CompileError at a character or a literal that is none. */
export function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  const points = codePointOffsets(text);
  let i = 0;
  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = i;
    return pattern.exec(text);
  };
  const fail = (message: string): never => {
    throw new CompileError(text, [{ at: points(i), message }]);
  };
  while (i < text.length) {
    const space = match(SPACE);
    if (space) {
      i += space[0].length;
      continue;
    }
    const at = points(i);
    const raw = match(RAW_STRING) ?? match(STRING);
    const number = raw ? null : match(NUMBER);
    const word = raw || number ? null : (match(IDENT) ?? match(QUOTED_FIELD));
    if (raw) tokens.push({ kind: 'literal', text: raw[0], at, value: stringValue(raw[1]!, raw[2]!, fail) });
    else if (number) tokens.push({ kind: 'literal', text: number[0], at, value: numberValue(number[0], fail) });
    else if (word) tokens.push({ kind: 'ident', text: word[0], at });
    const found = raw ?? number ?? word;
    if (found) {
      i += found[0].length;
      continue;
    }
    const operator = OPERATORS.find((o) => text.startsWith(o, i));
    if (!operator) {
      const bad = String.fromCodePoint(text.codePointAt(i)!);
      return fail(`Syntax error: token recognition error at: '${bad}'`);
    }
    tokens.push({ kind: 'operator', text: operator, at });
    i += operator.length;
  }
  tokens.push({ kind: 'end', text: '<EOF>', at: points(text.length) });
  return tokens;
}

/** From UTF-16 offsets to code points; most texts need no table. */
function codePointOffsets(text: string): (offset: number) => number {
  if (/^[\x00-\uD7FF\uE000-\uFFFF]*$/.test(text)) return (offset) => offset;
  return (offset) => [...text.slice(0, offset)].length;
}

function numberValue(text: string, fail: (message: string) => never): Literal {
  if (/^0x/.test(text) || /^\d+[uU]?$/.test(text)) {
    const unsigned = /[uU]$/.test(text);
    const value = BigInt(unsigned ? text.slice(0, -1) : text);
    if (unsigned) return value < 2n ** 64n ? new Uint(value) : fail('invalid uint literal');
    // The least int is a minus and this.
    return value <= INT_MAX ? value : fail('invalid int literal');
  }
  const value = Number(text);
  return Number.isFinite(value) ? value : fail('invalid double literal');
}

const SIMPLE: Readonly<Record<string, string>> = { ...ESCAPED, "'": "'", '"': '"', '`': '`', '?': '?' };

function stringValue(prefix: string, quoted: string, fail: (message: string) => never): Literal {
  const width = quoted.startsWith('"""') || quoted.startsWith("'''") ? 3 : 1;
  const body = quoted.slice(width, -width).replaceAll('\r\n', '\n').replaceAll('\r', '\n');
  const bytes = /[bB]/.test(prefix);
  if (/[rR]/.test(prefix)) return bytes ? new TextEncoder().encode(body) : body;
  const parts = unescape(body, bytes, fail);
  if (!bytes) return parts.map((part) => (typeof part === 'number' ? String.fromCodePoint(part) : part)).join('');
  const encoder = new TextEncoder();
  return Uint8Array.from(parts.flatMap((part) => (typeof part === 'number' ? [part] : [...encoder.encode(part)])));
}

const ESCAPE = /\\(?:([xX])([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-3][0-7]{2})|([\s\S]))/g;

/** Texts and, for escapes that say a number, numbers: bytes in a bytes literal, code points in a string. */
function unescape(body: string, bytes: boolean, fail: (message: string) => never): (string | number)[] {
  const parts: (string | number)[] = [];
  let last = 0;
  for (const found of body.matchAll(ESCAPE)) {
    parts.push(body.slice(last, found.index));
    last = found.index + found[0].length;
    const [, x, hex, u4, u8, octal, other] = found;
    if (x !== undefined) parts.push(parseInt(hex!, 16));
    else if (octal !== undefined) parts.push(parseInt(octal, 8));
    else if (u4 !== undefined || u8 !== undefined) {
      const code = parseInt(u4 ?? u8!, 16);
      if (bytes || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) fail('invalid unicode escape');
      parts.push(String.fromCodePoint(code));
    } else parts.push(SIMPLE[other!] ?? fail(`Syntax error: token recognition error at: '\\${other}'`));
  }
  parts.push(body.slice(last));
  return parts;
}
