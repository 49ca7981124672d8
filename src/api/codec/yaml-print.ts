// Prints YAML byte for byte as kubectl does: sorted keys, lists at their key's column, go-yaml's quotes and folds.
// Upstream: sigs.k8s.io/yaml goyaml.v2 (encode.go stringv, emitterc.go, sorter.go). No comments, no anchors, no tags.
import { isPlainString, isPlainWord } from './yaml-scalars.ts';

const WIDTH = 80;
/** A longer key is written in the explicit form, `? key`. */
const MAX_SIMPLE_KEY = 128;

/** Digits compare as numbers, and letters come after anything else. Upstream: keyList.Less. */
export function compareYamlKeys(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  let same = 0;
  while (same < length && a.charCodeAt(same) === b.charCodeAt(same)) same++;
  if (same === length) return a.length - b.length;
  const [p, q] = [a.charCodeAt(same), b.charCodeAt(same)];
  // Nearly all keys differ in a letter of ASCII.
  if (isAsciiLetter(p) && isAsciiLetter(q)) return p - q;
  return compareByDigits([...a], [...b]);
}

const isAsciiLetter = (code: number): boolean => (code | 0x20) >= 0x61 && (code | 0x20) <= 0x7a;

function compareByDigits(x: string[], y: string[]): number {
  for (let i = 0; i < x.length && i < y.length; i++) {
    if (x[i] === y[i]) continue;
    const [letterX, letterY] = [isLetter(x[i]!), isLetter(y[i]!)];
    if (letterX && letterY) return x[i]!.codePointAt(0)! - y[i]!.codePointAt(0)!;
    if (letterX || letterY) return letterY ? -1 : 1;
    const [m, n] = [digitsAt(x, i, y), digitsAt(y, i, x)];
    if (m.value !== n.value) return m.value < n.value ? -1 : 1;
    if (m.end !== n.end) return m.end - n.end;
    return x[i]!.codePointAt(0)! - y[i]!.codePointAt(0)!;
  }
  return x.length - y.length;
}

const isLetter = (c: string): boolean => /\p{L}/u.test(c);
const isDigit = (c: string | undefined): boolean => c !== undefined && /\p{Nd}/u.test(c);

function digitsAt(text: string[], from: number, other: string[]): { value: bigint; end: number } {
  let value = 0n;
  if (text[from] === '0' || other[from] === '0') {
    for (let j = from - 1; j >= 0 && isDigit(text[j]); j--) {
      if (text[j] !== '0') {
        value = 1n;
        break;
      }
    }
  }
  let end = from;
  for (; isDigit(text[end]); end++) value = BigInt.asIntN(64, value * 10n + BigInt(text[end]!));
  return { value, end };
}

interface Analysis {
  multiline: boolean;
  plain: boolean;
  single: boolean;
  block: boolean;
}

/** What go-yaml escapes: tabs and other controls, and everything outside the basic plane. */
const unprintable = /[^\n\x20-\x7e\u0085\u00a0-\ud7ff\ue000-\ufefe\uff00-\ufffd]/;
const breaks = /[\n\r\u0085\u2028\u2029]/;
const startIndicator = /^[#,[\]{}&*!|>'"%@`]/;

/** Which styles a text allows. Upstream: yaml_emitter_analyze_scalar. */
function analyze(text: string): Analysis {
  if (text === '') return { multiline: false, plain: true, single: true, block: false };
  const multiline = breaks.test(text);
  const special = unprintable.test(text);
  const spaceBreak = / [\n\r\u0085\u2028\u2029]/.test(text);
  const breakSpace = /[\n\r\u0085\u2028\u2029] /.test(text);
  const indicator =
    startIndicator.test(text) ||
    /^(---|\.\.\.)/.test(text) ||
    /^[?:-](?=[ \n\r\u0085\u2028\u2029]|$)/.test(text) ||
    /:(?=[ \t\n\r\u0085\u2028\u2029]|$)/.test(text) ||
    /[ \t\n\r\u0085\u2028\u2029]#/.test(text);
  const edge = /^[ \n\r\u0085\u2028\u2029]|[ \n\r\u0085\u2028\u2029]$/.test(text);
  return {
    multiline,
    plain: !multiline && !special && !indicator && !edge,
    single: !breakSpace && !spaceBreak && !special,
    block: !text.endsWith(' ') && !spaceBreak && !special,
  };
}

const shortEscapes: Record<string, string> = {
  '\0': '\\0',
  '\x07': '\\a',
  '\b': '\\b',
  '\t': '\\t',
  '\n': '\\n',
  '\v': '\\v',
  '\f': '\\f',
  '\r': '\\r',
  '\x1b': '\\e',
  '"': '\\"',
  '\\': '\\\\',
  '\u0085': '\\N',
  '\u00a0': '\\_',
  '\u2028': '\\L',
  '\u2029': '\\P',
};

function escape(c: string): string {
  const short = shortEscapes[c];
  if (short) return short;
  const code = c.codePointAt(0)!;
  if (code <= 0xff) return `\\x${code.toString(16).toUpperCase().padStart(2, '0')}`;
  if (code <= 0xffff) return `\\u${code.toString(16).toUpperCase().padStart(4, '0')}`;
  return `\\U${code.toString(16).toUpperCase().padStart(8, '0')}`;
}

/** Lines are folded at the first space beyond the width; `column` is where the text starts. */
class Folder {
  out = '';
  private column: number;
  private readonly indent: string;
  constructor(column: number, indent: number) {
    this.column = column;
    this.indent = ' '.repeat(indent);
  }
  get full(): boolean {
    return this.column > WIDTH;
  }
  write(text: string): void {
    this.out += text;
    this.column += [...text].length;
  }
  newLine(): void {
    this.out += `\n${this.indent}`;
    this.column = this.indent.length;
  }
  breakLine(): void {
    this.out += '\n';
    this.column = 0;
  }
  indentLine(): void {
    if (this.column > 0) return;
    this.out += this.indent;
    this.column = this.indent.length;
  }
}

/** Nothing that is escaped, and no place to fold at. */
const simpleQuoted = /^[!#-[\]-~]*$/;

function doubleQuoted(text: string, column: number, indent: number, fold: boolean): string {
  if (simpleQuoted.test(text)) return `"${text}"`;
  const folder = new Folder(column, indent);
  folder.write('"');
  const characters = [...text];
  // Upstream looks for a byte order mark at the start of the text whatever character it is at.
  const escapeAll = text.startsWith('\ufeff');
  let spaces = false;
  characters.forEach((c, i) => {
    if (escapeAll || unprintable.test(c) || breaks.test(c) || c === '"' || c === '\\') {
      folder.write(escape(c));
      spaces = false;
    } else if (c === ' ' && fold && !spaces && folder.full && i > 0 && i < characters.length - 1) {
      folder.newLine();
      if (characters[i + 1] === ' ') folder.write('\\');
      spaces = true;
    } else {
      folder.write(c);
      spaces = c === ' ';
    }
  });
  folder.write('"');
  return folder.out;
}

/** Plain and single quoted texts fold alike; a break in the text is doubled. */
function folded(text: string, column: number, indent: number, fold: boolean, quote: string): string {
  const foldable = fold && column + text.length >= WIDTH && text.includes(' ');
  if (!foldable && !breaks.test(text)) return quote === '' ? text : `'${text.replaceAll("'", "''")}'`;
  const folder = new Folder(column, indent);
  folder.write(quote);
  const characters = [...text];
  let spaces = false;
  let afterBreak = false;
  characters.forEach((c, i) => {
    const next = characters[i + 1];
    if (c === ' ') {
      const inner = quote === '' || (i > 0 && i < characters.length - 1);
      if (fold && !spaces && folder.full && inner && next !== ' ') folder.newLine();
      else folder.write(c);
      spaces = true;
    } else if (breaks.test(c)) {
      if (!afterBreak && c === '\n') folder.breakLine();
      if (c === '\n') folder.breakLine();
      else folder.write(c);
      afterBreak = true;
      return;
    } else {
      if (afterBreak) folder.indentLine();
      folder.write(quote === "'" && c === "'" ? "''" : c);
      spaces = false;
    }
    afterBreak = false;
  });
  if (afterBreak) folder.indentLine();
  folder.write(quote);
  return folder.out;
}

function literal(text: string, indent: number): string {
  const hint = /^[ \n\r\u0085\u2028\u2029]/.test(text) ? '2' : '';
  const chomp = !text.endsWith('\n') ? '-' : text === '\n' || text.endsWith('\n\n') ? '+' : '';
  const body = text.endsWith('\n') ? text.slice(0, -1) : text;
  const pad = ' '.repeat(indent);
  const lines = body.split('\n').map((line) => (line === '' ? '' : pad + line));
  return `|${hint}${chomp}\n${lines.join('\n')}`;
}

/** What names, images and paths are made of: it stands as it is, unless it is a word like `true`. */
const simplePlain = /^[A-Za-z](?:[\w./@:-]*[\w./@-])?$/;

function string(text: string, column: number, indent: number, isKey: boolean): string {
  if (simplePlain.test(text) && isPlainWord(text)) return text;
  const allowed = analyze(text);
  if (text.includes('\n') && allowed.block && !isKey) return literal(text, indent);
  if (text.includes('\n') || !isPlainString(text)) return doubleQuoted(text, column, indent, !isKey);
  if (allowed.plain) return folded(text, column, indent, !isKey, '');
  return allowed.single ? folded(text, column, indent, !isKey, "'") : doubleQuoted(text, column, indent, !isKey);
}

/** Go's strconv.FormatFloat(v, 'g', -1, 64): an exponent below 1e-4 and from 1e21 on. */
function number(value: number): string {
  if (Number.isNaN(value)) return '.nan';
  if (!Number.isFinite(value)) return value > 0 ? '.inf' : '-.inf';
  if (Number.isSafeInteger(value)) return Object.is(value, -0) ? '-0' : String(value);
  const [mantissa = '', exponent = '0'] = value.toExponential().split('e');
  const power = Number(exponent);
  if (power >= -4 && power < 21) return String(value);
  return `${mantissa}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
}

type Fields = Record<string, unknown>;

class Printer {
  readonly parts: string[] = [];

  /** After a key and its colon, or after a dash: on the same line when it is a scalar. */
  value(value: unknown, indent: number, column: number, inList: boolean): void {
    if (Array.isArray(value)) {
      if (value.length === 0) this.parts.push(' []\n');
      else if (inList) this.list(value, indent + 2, true);
      else {
        this.parts.push('\n');
        this.list(value, indent, false);
      }
    } else if (value !== null && typeof value === 'object') {
      const keys = keysOf(value as Fields);
      if (keys.length === 0) this.parts.push(' {}\n');
      else if (inList) this.map(value as Fields, keys, indent + 2, true);
      else {
        this.parts.push('\n');
        this.map(value as Fields, keys, indent + 2, false);
      }
    } else this.parts.push(` ${scalar(value, column + 1, indent + 2)}\n`);
  }

  map(fields: Fields, keys: readonly string[], indent: number, firstInline: boolean): void {
    const pad = ' '.repeat(indent);
    keys.forEach((key, i) => {
      const lead = firstInline && i === 0 ? ' ' : pad;
      const { text, width, explicit } = keyOf(key);
      if (explicit) {
        this.parts.push(`${lead}? ${string(key, indent + 2, indent + 2, false)}\n${pad}:`);
        this.value(fields[key], indent, indent + 1, false);
        return;
      }
      this.parts.push(lead, text, ':');
      this.value(fields[key], indent, indent + width + 1, false);
    });
  }

  list(items: unknown[], indent: number, firstInline: boolean): void {
    const pad = ' '.repeat(indent);
    items.forEach((item, i) => {
      this.parts.push(`${firstInline && i === 0 ? ' ' : pad}-`);
      this.value(item, indent, indent + 1, true);
    });
  }
}

/** Objects of a list have the same keys: how they print, and their order, are looked up. */
const CACHED = 4_000;

interface PrintedKey {
  text: string;
  /** In characters. */
  width: number;
  /** `? key`, printed where it stands: its text is empty here. */
  explicit: boolean;
}
const printedKeys = new Map<string, PrintedKey>();

function keyOf(key: string): PrintedKey {
  let printed = printedKeys.get(key);
  if (!printed) {
    const explicit = key.length > MAX_SIMPLE_KEY || breaks.test(key);
    // Where it is not folded, where it stands is nothing to it.
    const text = explicit ? '' : string(key, 0, 0, true);
    printed = { text, width: [...text].length, explicit };
    if (printedKeys.size < CACHED) printedKeys.set(key, printed);
  }
  return printed;
}

const orders = new Map<string, readonly string[]>();

function keysOf(fields: Fields): readonly string[] {
  const keys = Object.keys(fields);
  const shape = keys.join('\n');
  const known = orders.get(shape);
  if (known?.every((key) => fields[key] !== undefined)) return known;
  const sorted = keys.filter((key) => fields[key] !== undefined).sort(compareYamlKeys);
  if (sorted.length === keys.length && keys.length < 64 && orders.size < CACHED) orders.set(shape, sorted);
  return sorted;
}

function scalar(value: unknown, column: number, indent: number): string {
  if (typeof value === 'string') return string(value, column, indent, false);
  if (typeof value === 'number') return number(value);
  return value === null || value === undefined ? 'null' : String(value);
}

/** One document, ended by a line feed, as `kubectl -o yaml` prints it. */
export function stringifyYaml(value: unknown): string {
  const printer = new Printer();
  if (Array.isArray(value)) {
    if (value.length === 0) return '[]\n';
    printer.list(value, 0, false);
  } else if (value !== null && typeof value === 'object') {
    const keys = keysOf(value as Fields);
    if (keys.length === 0) return '{}\n';
    printer.map(value as Fields, keys, 0, false);
  } else return `${scalar(value, 0, 2)}\n`;
  return printer.parts.join('');
}
