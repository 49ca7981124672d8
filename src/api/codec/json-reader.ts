// A JSON reader for what JSON.parse loses: big integers, duplicate keys, `__proto__`, and Go's error texts. It keeps its
// own stack of open values, so that depth costs no call stack. Upstream: sigs.k8s.io/json, encoding/json/scanner.go.
//
//   {"a":1,"a":2}                → onDuplicate('duplicate field "a"'), the last value stays
//   {"spec":{"ports":[{"x":1,"x":1}]}} → 'duplicate field "spec.ports[0].x"'
import type { Json, JsonObject } from '../types.ts';

interface Options {
  onDuplicate?(message: string): void;
  /** Every key's path, in the order of the text: `spec.ports[0].x`. */
  onKey?(path: string): void;
}

const MAX_DEPTH = 10_000;
const MAX_DUPLICATES = 100;
const MAX_PATHS = 1_000;
const number = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const space = /[ \t\n\r]*/y;
const plainString = /[^"\\\u0000-\u001f]*/y;

/** One value that is open: its container and, in an object, the key whose value comes next. */
type Frame = { array: Json[]; object?: undefined } | { array?: undefined; object: JsonObject; key: string };

/** How Go quotes a character in its errors. */
function quoteCharacter(c: string): string {
  if (c === "'") return String.raw`'\''`;
  if (c === '"') return `'"'`;
  if (c === '\\') return String.raw`'\\'`;
  return `'${JSON.stringify(c).slice(1, -1)}'`;
}

class Reader {
  private readonly text: string;
  private readonly options: Options;
  private at = 0;
  /** Where the last value of a stream began. */
  private start = 0;
  private readonly stack: Frame[] = [];
  private readonly duplicates = new Set<string>();
  /** Made for duplicates so far, the same ones again too. */
  private paths = 0;

  constructor(text: string, options: Options) {
    this.text = text;
    this.options = options;
  }

  read(): Json {
    const value = this.value();
    this.skipSpace();
    if (this.at < this.text.length) this.fail('after top-level value');
    return value;
  }

  /** See JsonStream. */
  next(): { value: Json; raw: string } | undefined {
    this.skipSpace();
    const start = (this.start = this.at);
    if (start >= this.text.length) return undefined;
    try {
      const value = this.value();
      return { value, raw: this.text.slice(start, this.at) };
    } catch (error) {
      if (this.at >= this.text.length) throw new SyntaxError('unexpected EOF', { cause: error });
      const offset = Buffer.byteLength(this.text.slice(0, this.at)) + 1;
      throw new SyntaxError(`json: offset ${offset}: ${(error as Error).message}`, { cause: error });
    }
  }

  rest(): string {
    return this.text.slice(this.start);
  }

  private skipSpace(): void {
    space.lastIndex = this.at;
    space.exec(this.text);
    this.at = space.lastIndex;
  }

  private fail(where: string): never {
    if (this.at >= this.text.length) throw new SyntaxError('unexpected end of JSON input');
    const c = String.fromCodePoint(this.text.codePointAt(this.at) ?? 0);
    throw new SyntaxError(`invalid character ${quoteCharacter(c)} ${where}`);
  }

  private literal(word: string, value: Json): Json {
    for (let i = 1; i < word.length; i++) {
      this.at++;
      if (this.text[this.at] !== word[i]) this.fail(`in literal ${word} (expecting ${quoteCharacter(word[i]!)})`);
    }
    this.at++;
    return value;
  }

  private scalar(): Json {
    const c = this.text[this.at];
    if (c === '"') return this.string();
    if (c === 't') return this.literal('true', true);
    if (c === 'f') return this.literal('false', false);
    if (c === 'n') return this.literal('null', null);
    number.lastIndex = this.at;
    const found = number.exec(this.text)?.[0];
    if (found === undefined) {
      if (c !== '-') this.fail('looking for beginning of value');
      this.at++;
      this.fail('in numeric literal');
    }
    this.at += found.length;
    const after = this.text[this.at];
    if (after === '.' || after === 'e' || after === 'E') this.failInNumber(after);
    return toNumber(found);
  }

  private failInNumber(after: string): never {
    this.at++;
    if (after === '.') this.fail('after decimal point in numeric literal');
    if (this.text[this.at] === '+' || this.text[this.at] === '-') this.at++;
    this.fail('in exponent of numeric literal');
  }

  private string(): string {
    const start = this.at++;
    for (;;) {
      plainString.lastIndex = this.at;
      plainString.exec(this.text);
      this.at = plainString.lastIndex;
      const c = this.text[this.at];
      if (c === '"') {
        this.at++;
        return JSON.parse(this.text.slice(start, this.at)) as string;
      }
      if (c !== '\\') this.fail('in string literal');
      this.escape();
    }
  }

  private escape(): void {
    const c = this.text[++this.at] ?? '';
    if (c === 'u') {
      for (let i = 0; i < 4; i++) {
        this.at++;
        if (!/[0-9a-fA-F]/.test(this.text[this.at] ?? '')) this.fail(String.raw`in \u hexadecimal character escape`);
      }
    } else if (c === '' || !'"\\/bfnrt'.includes(c)) this.fail('in string escape code');
    this.at++;
  }

  /** Reads the key and the colon; leaves the key in the frame. */
  private key(frame: Frame & { object: JsonObject }, where: string): void {
    this.skipSpace();
    if (this.text[this.at] !== '"') this.fail(where);
    frame.key = this.string();
    this.skipSpace();
    if (this.text[this.at] !== ':') this.fail('after object key');
    this.at++;
    this.options.onKey?.(this.path());
    if (this.options.onDuplicate && Object.hasOwn(frame.object, frame.key)) this.reportDuplicate();
  }

  private path(): string {
    let path = '';
    for (const frame of this.stack) {
      if (frame.array) path += `[${frame.array.length}]`;
      else path += path === '' ? frame.key : `.${frame.key}`;
    }
    return path;
  }

  /** Each path is told once, and so many in all, like upstream (maxErrors in sigs.k8s.io/json). Paths may be long. */
  private reportDuplicate(): void {
    if (this.duplicates.size >= MAX_DUPLICATES || ++this.paths > MAX_PATHS) return;
    const path = this.path();
    if (this.duplicates.has(path)) return;
    this.duplicates.add(path);
    this.options.onDuplicate?.(`duplicate field ${JSON.stringify(path)}`);
  }

  /** Opens containers until a scalar or an empty container is read. */
  private open(): Json {
    for (;;) {
      this.skipSpace();
      const c = this.text[this.at];
      if (c !== '{' && c !== '[') return this.scalar();
      if (this.stack.length >= MAX_DEPTH) throw new SyntaxError('exceeded max depth');
      this.at++;
      this.skipSpace();
      if (c === '[') {
        if (this.text[this.at] === ']') {
          this.at++;
          return [];
        }
        this.stack.push({ array: [] });
      } else {
        if (this.text[this.at] === '}') {
          this.at++;
          return {};
        }
        const frame = { object: {}, key: '' };
        this.stack.push(frame);
        this.key(frame, 'looking for beginning of object key string');
      }
    }
  }

  private value(): Json {
    for (;;) {
      let value = this.open();
      for (;;) {
        const frame = this.stack.at(-1);
        if (!frame) return value;
        if (frame.array) frame.array.push(value);
        else if (frame.key === '__proto__') {
          Object.defineProperty(frame.object, frame.key, {
            value,
            writable: true,
            enumerable: true,
            configurable: true,
          });
        } else frame.object[frame.key] = value;
        this.skipSpace();
        const c = this.text[this.at];
        if (c === ',') {
          this.at++;
          if (frame.object) this.key(frame, 'looking for beginning of object key string');
          break;
        }
        if (frame.array ? c !== ']' : c !== '}') {
          this.fail(frame.array ? 'after array element' : 'after object key:value pair');
        }
        this.at++;
        this.stack.pop();
        value = frame.array ?? frame.object;
      }
    }
  }
}

/** Integers that a double cannot hold exactly are bigint; beyond 64 bits Go has only its float64. */
function toNumber(text: string): number | bigint {
  const value = Number(text);
  if (Number.isSafeInteger(value) || !/^-?[0-9]+$/.test(text)) return value;
  const exact = BigInt(text);
  return exact >= -(2n ** 63n) && exact < 2n ** 63n ? exact : value;
}

/** See parseJson. */
export function readJson(text: string, options: Options = {}): Json {
  return new Reader(text, options).read();
}

/** Values that stand one after the other. */
export interface JsonStream {
  /** Undefined at the end. Throws what Go's Decoder says. */
  next(): { value: Json; raw: string } | undefined;
  /** The text from where the next value was looked for. */
  rest(): string;
}
export const jsonStream = (text: string): JsonStream => new Reader(text, {});
