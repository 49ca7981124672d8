// Go's text/template: from text to tokens, with trim markers and comments. Upstream: Go's text/template/parse/lex.go,
// with its error texts.

export type TokenType =
  | 'text'
  | 'left'
  | 'right'
  | 'space'
  | 'identifier'
  | 'field'
  | 'variable'
  | 'string'
  | 'number'
  | 'char'
  | 'bool'
  | 'nil'
  | 'dot'
  | 'keyword'
  | 'pipe'
  | 'declare'
  | 'assign'
  | 'comma'
  | 'punctuation'
  | '('
  | ')'
  | 'end';

export interface Token {
  type: TokenType;
  text: string;
  line: number;
  /** Where in the template it starts. */
  at: number;
}

const KEYWORDS = new Set(['block', 'break', 'continue', 'define', 'else', 'end', 'if', 'range', 'template', 'with']);
const WORD = /[\p{L}\p{Nd}_]/u;
const WORDS = /[\p{L}\p{Nd}_]+/uy;
const NUMBER =
  /[+-]?(?:0[xX][0-9a-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d+)?)/y;

export class TemplateError extends Error {}

class Lexer {
  private at = 0;
  private line = 1;
  private depth = 0;
  readonly tokens: Token[] = [];
  constructor(
    private readonly name: string,
    private readonly input: string,
  ) {}

  private fail(message: string): never {
    throw new TemplateError(`template: ${this.name}:${this.line}: ${message}`);
  }

  private push(type: TokenType, text: string, at = this.at): void {
    this.tokens.push({ type, text, line: this.line, at });
  }

  private take(type: TokenType, length: number): void {
    const text = this.input.slice(this.at, this.at + length);
    this.push(type, text);
    this.at += length;
    this.line += text.split('\n').length - 1;
  }

  run(): Token[] {
    let trimNext = false;
    while (this.at < this.input.length) {
      const open = this.input.indexOf('{{', this.at);
      const raw = this.input.slice(this.at, open < 0 ? undefined : open);
      let text = trimNext ? raw.replace(/^[ \t\r\n]+/, '') : raw;
      trimNext = false;
      const trims = open >= 0 && /^-[ \t\r\n]/.test(this.input.slice(open + 2, open + 4));
      if (trims) text = text.replace(/[ \t\r\n]+$/, '');
      if (text) this.push('text', text);
      this.line += raw.split('\n').length - 1;
      this.at += raw.length;
      if (open < 0) break;
      trimNext = this.action(trims);
    }
    this.push('end', '');
    return this.tokens;
  }

  /** Answers whether the text behind is trimmed. */
  private action(trims: boolean): boolean {
    const start = this.at;
    this.at += trims ? 4 : 2;
    if (this.input.startsWith('/*', this.at)) return this.comment();
    this.tokens.push({ type: 'left', text: '{{', line: this.line, at: start });
    this.depth = 0;
    for (;;) {
      const close = /^[ \t\r\n]-\}\}/.test(this.input.slice(this.at, this.at + 4));
      if (close || this.input.startsWith('}}', this.at)) {
        if (this.depth > 0) this.fail('unclosed left paren');
        this.push('right', '}}');
        this.at += close ? 4 : 2;
        return close;
      }
      this.inside();
    }
  }

  private comment(): boolean {
    const end = this.input.indexOf('*/', this.at);
    if (end < 0) this.fail('unclosed comment');
    const after = this.input.slice(end + 2);
    const close = /^(?:[ \t\r\n]-)?\}\}/.exec(after);
    if (!close) this.fail('comment ends before closing delimiter');
    const whole = this.input.slice(this.at, end + 2 + close[0].length);
    this.line += whole.split('\n').length - 1;
    this.at += whole.length;
    return close[0].length > 2;
  }

  private inside(): void {
    const c = this.input[this.at];
    if (c === undefined) this.fail('unclosed action');
    if (' \t\r\n'.includes(c)) return this.spaces();
    if (c === '"') return this.quoted('"', 'string', 'unterminated quoted string');
    if (c === '`') return this.raw();
    if (c === "'") return this.quoted("'", 'char', 'unterminated character constant');
    if (c === '|') return this.take('pipe', 1);
    if (c === ',') return this.take('comma', 1);
    if (c === '=') return this.take('assign', 1);
    if (c === ':') {
      if (this.input[this.at + 1] !== '=') this.fail('expected :=');
      return this.take('declare', 2);
    }
    if (c === '(') {
      this.depth++;
      return this.take('(', 1);
    }
    if (c === ')') {
      if (--this.depth < 0) this.fail('unexpected right paren');
      return this.take(')', 1);
    }
    if (c === '.' && !/\d/.test(this.input[this.at + 1] ?? '')) return this.named('field', 'dot');
    if (c === '$') return this.named('variable', 'variable');
    NUMBER.lastIndex = this.at;
    if (/[+\-.\d]/.test(c) && NUMBER.test(this.input)) return this.numeral(NUMBER.lastIndex);
    this.word(c);
  }

  /** The last space before `-}}` belongs to the delimiter. */
  private spaces(): void {
    let end = this.at + 1;
    while (' \t\r\n'.includes(this.input[end] ?? 'x')) end++;
    if (end > this.at + 1 && this.input.startsWith('-}}', end)) end--;
    this.take('space', end - this.at);
  }

  private named(type: TokenType, alone: TokenType): void {
    WORDS.lastIndex = this.at + 1;
    const end = WORDS.test(this.input) ? WORDS.lastIndex : this.at + 1;
    this.terminated(end);
    this.take(end === this.at + 1 ? alone : type, end - this.at);
  }

  private numeral(end: number): void {
    const next = this.input[end] ?? '';
    if (WORD.test(next)) this.fail(`bad number syntax: ${JSON.stringify(this.input.slice(this.at, end + 1))}`);
    this.take('number', end - this.at);
  }

  private word(c: string): void {
    WORDS.lastIndex = this.at;
    if (!WORDS.test(this.input)) {
      if (/[!-~]/.test(c)) return this.take('punctuation', 1);
      const code = c.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0');
      this.fail(`unrecognized character in action: U+${code} '${c}'`);
    }
    const end = WORDS.lastIndex;
    const text = this.input.slice(this.at, end);
    this.terminated(end);
    const bool = text === 'true' || text === 'false';
    this.take(KEYWORDS.has(text) ? 'keyword' : bool ? 'bool' : text === 'nil' ? 'nil' : 'identifier', text.length);
  }

  /** A name must be followed by something that may follow one. */
  private terminated(end: number): void {
    const c = this.input[end] ?? '';
    if (c === '' || ' \t\r\n.,|:)(='.includes(c) || this.input.startsWith('}}', end)) return;
    const code = c.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0');
    this.fail(`bad character U+${code} '${c}'`);
  }

  private quoted(mark: string, type: TokenType, message: string): void {
    for (let i = this.at + 1; ; i++) {
      const c = this.input[i];
      if (c === undefined || c === '\n') this.fail(message);
      if (c === '\\') i++;
      else if (c === mark) return this.take(type, i + 1 - this.at);
    }
  }

  private raw(): void {
    const end = this.input.indexOf('`', this.at + 1);
    if (end < 0) this.fail('unterminated raw quoted string');
    this.take('string', end + 1 - this.at);
  }
}

export const lex = (name: string, input: string): Token[] => new Lexer(name, input).run();
