// Parses kubectl's jsonpath templates: text with actions in braces. Upstream: client-go/util/jsonpath/parser.go, with its
// error texts. Evaluation is in jsonpath.ts.
import { ESCAPED } from './go-escapes.ts';

export type Node =
  | { type: 'list'; nodes: Node[] }
  | { type: 'text'; text: string }
  | { type: 'field'; name: string }
  | { type: 'identifier'; name: string }
  | { type: 'array'; params: Param[] }
  | { type: 'filter'; left: Node[]; right: Node[]; operator: string }
  | { type: 'number' | 'float'; value: number }
  | { type: 'bool'; value: boolean }
  | { type: 'wildcard' }
  | { type: 'recursive' }
  | { type: 'union'; nodes: Node[][] };

/** One of `[start:end:step]`. */
export interface Param {
  value: number;
  known: boolean;
  /** The end of a single index, not written. */
  derived?: boolean;
}

const DICT_KEY = /^'([^']*)'$/;
const SLICE = /^(-?\d*)(:-?\d*)?(:-?\d*)?$/;
const FILTER = /^([^!<>=]+)([!<>=]+)(.+?)$/;
const TERMINATORS = ' \t\r\n.,[]$@{}';
const WORD = /[\p{L}\p{Nd}_]/u;
const DIGIT = /\p{Nd}/u;

const isTerminator = (c: string): boolean => c === '' || TERMINATORS.includes(c);

class Parser {
  private position = 0;
  private start = 0;
  private width = 0;
  constructor(private readonly input: string) {}

  /** The next character, '' at the end. */
  private next(): string {
    const code = this.input.codePointAt(this.position);
    const c = code === undefined ? '' : String.fromCodePoint(code);
    this.width = c.length;
    this.position += c.length;
    return c;
  }
  private backup(): void {
    this.position -= this.width;
  }
  private consume(): string {
    const text = this.input.slice(this.start, this.position);
    this.start = this.position;
    return text;
  }
  private ahead(prefix: string): boolean {
    return this.input.startsWith(prefix, this.position);
  }

  /** The root: text nodes and one list node per action. */
  parse(): Node[] {
    const root: Node[] = [];
    for (;;) {
      const brace = this.input.indexOf('{', this.position);
      this.position = brace < 0 ? this.input.length : brace;
      if (this.position > this.start) root.push({ type: 'text', text: this.consume() });
      if (brace < 0) return root;
      this.position++;
      this.consume();
      const nodes: Node[] = [];
      root.push({ type: 'list', nodes });
      this.action(nodes);
    }
  }

  /** To the closing brace. */
  private action(nodes: Node[]): void {
    for (;;) {
      if (this.ahead('}')) {
        this.position++;
        this.consume();
        return;
      }
      if (this.ahead('[?(')) this.filter(nodes);
      else if (this.ahead('..')) this.recursive(nodes);
      else this.simple(nodes);
    }
  }

  private simple(nodes: Node[]): void {
    const c = this.next();
    if (c === '' || c === '\r' || c === '\n') throw new Error('unclosed action');
    if (c === ' ' || c === '@' || c === '$') return void this.consume();
    if (c === '[') return this.array(nodes);
    if (c === '"' || c === "'") return this.quote(nodes, c);
    if (c === '.') return this.field(nodes);
    this.backup();
    if (c === '+' || c === '-' || DIGIT.test(c)) return this.number(nodes);
    if (WORD.test(c)) return this.identifier(nodes);
    const hex = c.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0');
    throw new Error(`unrecognized character in action: U+${hex} '${c}'`);
  }

  private identifier(nodes: Node[]): void {
    while (!isTerminator(this.next()));
    this.backup();
    const name = this.consume();
    if (name === 'true' || name === 'false') nodes.push({ type: 'bool', value: name === 'true' });
    else nodes.push({ type: 'identifier', name });
  }

  private recursive(nodes: Node[]): void {
    if (nodes.at(-1)?.type === 'recursive') throw new Error('invalid multiple recursive descent');
    this.position += 2;
    this.consume();
    nodes.push({ type: 'recursive' });
    const c = this.next();
    this.backup();
    if (WORD.test(c)) this.field(nodes);
  }

  private number(nodes: Node[]): void {
    const sign = this.next();
    if (sign !== '+' && sign !== '-') this.backup();
    for (;;) {
      const c = this.next();
      if (c === '.' || DIGIT.test(c)) continue;
      this.backup();
      break;
    }
    const text = this.consume();
    if (/^[+-]?\d+$/.test(text)) nodes.push({ type: 'number', value: Number(text) });
    else if (/^[+-]?(\d+\.\d*|\.\d+)$/.test(text)) nodes.push({ type: 'float', value: Number(text) });
    else throw new Error(`cannot parse number ${text}`);
  }

  private field(nodes: Node[]): void {
    this.consume();
    for (;;) {
      const c = this.next();
      if (c === '\\') this.next();
      else if (isTerminator(c)) break;
    }
    this.backup();
    const name = this.consume();
    nodes.push(name === '*' ? { type: 'wildcard' } : { type: 'field', name: name.replaceAll('\\', '') });
  }

  private array(nodes: Node[]): void {
    for (;;) {
      const c = this.next();
      if (c === '' || c === '\n') throw new Error('unterminated array');
      if (c === ']') break;
    }
    let text = this.consume().slice(1, -1);
    if (text === '*') text = ':';
    const parts = text.split(',');
    if (parts.length > 1) {
      nodes.push({ type: 'union', nodes: parts.map((part) => parseAction(`[${part.replace(/^ +| +$/g, '')}]`)) });
      return;
    }
    const key = DICT_KEY.exec(text);
    if (key) nodes.push(...parseAction(`.${key[1]}`));
    else nodes.push({ type: 'array', params: sliceParams(text) });
  }

  private filter(nodes: Node[]): void {
    this.position += 3;
    this.consume();
    let [begin, end, pair] = [false, false, ''];
    for (;;) {
      const c = this.next();
      if (c === '' || c === '\n') throw new Error('unterminated filter');
      if (c === '"' || c === "'") {
        if (!begin) {
          begin = true;
          pair = c;
        } else if (this.input[this.position - 2] !== '\\' && c === pair) end = true;
      } else if (c === ')' && begin === end) break;
    }
    if (this.next() !== ']') throw new Error('unclosed array expect ]');
    const text = this.consume().slice(0, -2);
    const m = FILTER.exec(text);
    if (!m) nodes.push({ type: 'filter', left: parseAction(text), right: [], operator: 'exists' });
    else nodes.push({ type: 'filter', left: parseAction(m[1]!), right: parseAction(m[3]!), operator: m[2]! });
  }

  private quote(nodes: Node[], mark: string): void {
    for (;;) {
      const c = this.next();
      if (c === '' || c === '\n') throw new Error('unterminated quoted string');
      if (c === mark && this.input[this.position - 2] !== '\\') break;
    }
    const text = this.consume();
    const unquoted = unquote(text.slice(1, -1), mark);
    if (unquoted === undefined) throw new Error(`unquote string ${text} error invalid syntax`);
    nodes.push({ type: 'text', text: unquoted });
  }
}

function sliceParams(text: string): Param[] {
  const m = SLICE.exec(text);
  if (!m) throw new Error(`invalid array index ${text}`);
  const params: Param[] = [];
  for (let i = 0; i < 3; i++) {
    const written = m[i + 1] ?? '';
    const digits = i > 0 ? written.slice(1) : written;
    if (written === '' && i === 1) params.push({ value: params[0]!.value + 1, known: true, derived: true });
    else if (digits === '') params.push({ value: 0, known: false });
    else {
      if (!/^-?\d+$/.test(digits)) throw new Error(`array index ${digits} is not a number`);
      params.push({ value: Number(digits), known: true });
    }
  }
  return params;
}

const NUMERIC = /^(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3}))/;

/** strconv.UnquoteChar over the whole text; undefined is Go's ErrSyntax. */
export function unquote(text: string, mark: string): string | undefined {
  let out = '';
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!;
    if (c === mark || c === '\n') return undefined;
    if (c !== '\\') {
      out += c;
      continue;
    }
    const next = text[++i] ?? '';
    if (ESCAPED[next] !== undefined) out += ESCAPED[next];
    else if ((next === '"' || next === "'") && next === mark) out += next;
    else {
      const m = NUMERIC.exec(text.slice(i));
      if (!m) return undefined;
      const code = m[4] === undefined ? Number.parseInt((m[1] ?? m[2] ?? m[3])!, 16) : Number.parseInt(m[4], 8);
      if (code > 0x10ffff) return undefined;
      out += String.fromCodePoint(code);
      i += m[0].length - 1;
    }
  }
  return out;
}

function parseAction(text: string): Node[] {
  const [first] = parseTemplate(`{${text}}`);
  return first?.type === 'list' ? first.nodes : [];
}

/** Throws an Error with upstream's text. */
export function parseTemplate(text: string): Node[] {
  return new Parser(text).parse();
}
