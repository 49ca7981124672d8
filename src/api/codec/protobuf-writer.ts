// Writes Kubernetes' protobuf encoding straight from JSON text, without parsing it into objects: what is stored and
// cached is JSON, and half of many objects is managedFields, whose JSON stands in protobuf as it is.
//
//   {"name":"a","labels":{"k":"v"}}  →  0a 01 61   5a 06 0a 01 6b 12 01 76
//
// Nulls and unknown keys are left out. Go would also write zeros of fields that are no pointers: leaving them out means
// the same to every reader. Upstream: apimachinery/pkg/runtime/serializer/protobuf/protobuf.go.
import { parseDuration } from '../duration.ts';
import { parseJson, stringifyJson } from './json.ts';
import { type Field, type Message, messageNamed } from './protobuf-messages.ts';

const [QUOTE, BACKSLASH, COLON, COMMA, MINUS] = [0x22, 0x5c, 0x3a, 0x2c, 0x2d];
const [OPEN_BRACE, CLOSE_BRACE, OPEN_BRACKET, CLOSE_BRACKET] = [0x7b, 0x7d, 0x5b, 0x5d];
const [NULL, TRUE, LINE_FEED] = [0x6e, 0x74, 0x0a];
const [VARINT, FIXED64, BYTES] = [0, 1, 2];

/** What a field's value was in the last object that had it: JSON, and the bytes that it became. */
interface Memo {
  json: Buffer;
  out: Buffer;
  /** In a row. A field that is another one in every object is not remembered any more. */
  misses: number;
}
const NOTHING = Buffer.alloc(0);
const MAX_MISSES = 16;
/** Shorter values are written as fast as they are compared. */
const MIN_MEMO_BYTES = 48;

/** Appends messages to one growing buffer. */
export class ProtobufWriter {
  #json: Buffer = Buffer.alloc(0);
  #i = 0;
  #out: Buffer;
  #o = 0;
  readonly #memos: Map<Field, Memo> | undefined;

  /** `alike`: the messages will be of one kind, and much of each as in the one before (pods of one template). */
  constructor(bytes = 16 * 1024, alike = false) {
    this.#out = Buffer.allocUnsafeSlow(bytes);
    this.#memos = alike ? new Map() : undefined;
  }

  get length(): number {
    return this.#o;
  }

  /** What was written so far; the writer goes on with a new buffer. */
  take(): Buffer {
    const taken = this.#out.subarray(0, this.#o);
    this.#out = Buffer.allocUnsafeSlow(this.#out.length);
    this.#o = 0;
    return taken;
  }

  /** The fields of one JSON object. */
  message(json: Uint8Array, name: string): void {
    const from = this.#o;
    this.#json = Buffer.from(json.buffer, json.byteOffset, json.byteLength);
    this.#i = 0;
    try {
      this.#object(messageNamed(name));
    } catch {
      // Not as this server prints it (other programs put spaces): once more from a text that is.
      this.#o = from;
      this.#json = Buffer.from(stringifyJson(parseJson(this.#json.toString('utf8'))));
      this.#i = 0;
      this.#object(messageNamed(name));
    }
  }

  /** The same as a field of an outer message. */
  nested(number: number, json: Uint8Array, name: string): void {
    const start = this.#open(number);
    this.message(json, name);
    this.#close(start);
  }

  text(number: number, text: string): void {
    const size = Buffer.byteLength(text);
    this.#room(size + 16);
    this.#varint(number * 8 + BYTES);
    this.#varint(size);
    this.#o += this.#out.write(text, this.#o);
  }

  bytes(number: number, bytes: Uint8Array): void {
    this.#room(bytes.length + 16);
    this.#varint(number * 8 + BYTES);
    this.#varint(bytes.length);
    this.#out.set(bytes, this.#o);
    this.#o += bytes.length;
  }

  /** The key and length of a field whose bytes are written elsewhere. */
  head(number: number, length: number): void {
    this.#room(16);
    this.#varint(number * 8 + BYTES);
    this.#varint(length);
  }

  raw(bytes: Uint8Array): void {
    this.#room(bytes.length);
    this.#out.set(bytes, this.#o);
    this.#o += bytes.length;
  }

  #object(message: Message): void {
    if (message.oneOf) return this.#either(message);
    const from = this.#i;
    this.#fields(message);
    const end = this.#i;
    // Fields that JSON shows here and protobuf in a message of their own: a second walk over the same text.
    for (const field of message.inline) {
      this.#i = from;
      const start = this.#open(field.number);
      this.#object(messageNamed(field.item));
      this.#close(start);
    }
    this.#i = end;
  }

  #fields(message: Message): void {
    const json = this.#json;
    this.#expect(OPEN_BRACE);
    if (json[this.#i] === CLOSE_BRACE) return void this.#i++;
    for (;;) {
      this.#expect(QUOTE);
      const key = this.#i;
      let hash = 0;
      let c: number;
      let i = key;
      for (; (c = json[i]!) !== QUOTE; i++) {
        if (c === BACKSLASH) i++;
        if (i >= json.length) throw new Error('unexpected end of JSON');
        hash = (hash * 31 + c) | 0;
      }
      this.#i = i + 1;
      this.#expect(COLON);
      const field = message.byHash.get(hash);
      if (field === undefined || !this.#isKey(field.name, key, i) || json[this.#i] === NULL) this.#skip();
      else this.#field(field);
      c = json[this.#i++]!;
      if (c === COMMA) continue;
      if (c === CLOSE_BRACE) return;
      throw new Error('the JSON text is not compact');
    }
  }

  /** A message that JSON shows as what it holds. */
  #either({ oneOf, byNumber }: Message): void {
    const c = this.#json[this.#i];
    const { bool, list, schema } = oneOf!;
    if (c === OPEN_BRACE) {
      // Upstream's reader of JSON sets both.
      if (bool) this.raw(Buffer.from([bool * 8 + VARINT, 1]));
      return this.#written(byNumber.get(schema)!);
    }
    if (bool) return this.#value(bool, 'b');
    if (list && c === OPEN_BRACKET) return this.#list(list, byNumber.get(list)!.item);
    this.#skip();
  }

  #isKey(name: string, start: number, end: number): boolean {
    if (end - start !== name.length) return false;
    for (let i = 0; i < name.length; i++) if (this.#json[start + i] !== name.charCodeAt(i)) return false;
    return true;
  }

  #field(field: Field): void {
    const c = this.#json[this.#i];
    if (this.#memos && (c === OPEN_BRACE || c === OPEN_BRACKET)) this.#remembered(field, this.#memos);
    else this.#written(field);
  }

  /** Equal JSON has equal bytes: they are copied when the last object had the same value in this field. */
  #remembered(field: Field, memos: Map<Field, Memo>): void {
    let memo = memos.get(field);
    if (memo && memo.misses > MAX_MISSES) return this.#written(field);
    const json = this.#json;
    const from = this.#i;
    if (memo && memo.json.length > 0) {
      const end = from + memo.json.length;
      if (end <= json.length && memo.json.compare(json, from, end) === 0) {
        memo.misses = 0;
        this.#i = end;
        return this.raw(memo.out);
      }
    }
    const start = this.#o;
    this.#written(field);
    if (!memo) memos.set(field, (memo = { json: NOTHING, out: NOTHING, misses: -1 }));
    memo.misses++;
    if (this.#i - from < MIN_MEMO_BYTES) return;
    memo.json = json.subarray(from, this.#i);
    memo.out = Buffer.from(this.#out.subarray(start, this.#o));
  }

  #written(field: Field): void {
    const { number, item } = field;
    if (field.list) this.#list(number, item);
    else if (field.map) this.#map(number, item);
    else this.#value(number, item);
  }

  #list(number: number, item: string): void {
    this.#expect(OPEN_BRACKET);
    if (this.#json[this.#i] === CLOSE_BRACKET) return void this.#i++;
    for (;;) {
      this.#item(number, item);
      const c = this.#json[this.#i++];
      if (c === CLOSE_BRACKET) return;
      if (c !== COMMA) throw new Error('the JSON text is not compact');
    }
  }

  /** An element is there even when it is null. */
  #item(number: number, item: string): void {
    if (this.#json[this.#i] !== NULL) return this.#value(number, item);
    this.#skip();
    const wire = item === 'i' || item === 'b' ? VARINT : BYTES;
    this.#room(16);
    this.#varint(number * 8 + wire);
    this.#out[this.#o++] = 0;
  }

  /** A list of messages { key = 1, value = 2 }. */
  #map(number: number, item: string): void {
    this.#expect(OPEN_BRACE);
    if (this.#json[this.#i] === CLOSE_BRACE) return void this.#i++;
    for (;;) {
      const start = this.#open(number);
      this.#value(1, 's');
      this.#expect(COLON);
      this.#item(2, item);
      this.#close(start);
      const c = this.#json[this.#i++];
      if (c === CLOSE_BRACE) return;
      if (c !== COMMA) throw new Error('the JSON text is not compact');
    }
  }

  #value(number: number, item: string): void {
    switch (item) {
      case 's':
        return this.#string(number);
      case 'i':
        this.#room(24);
        this.#varint(number * 8 + VARINT);
        return this.#integer();
      case 'b':
        this.#room(16);
        this.#varint(number * 8 + VARINT);
        this.#out[this.#o++] = this.#json[this.#i] === TRUE ? 1 : 0;
        return this.#skip();
      case 'd':
        this.#room(24);
        this.#varint(number * 8 + FIXED64);
        this.#o = this.#out.writeDoubleLE(Number(this.#token()), this.#o);
        return;
      case 'y':
        return this.bytes(number, Buffer.from(this.#token(), 'base64'));
      default: {
        const start = this.#open(number);
        this.#special(item);
        this.#close(start);
      }
    }
  }

  /** Messages that JSON shows in another form, and all others. */
  #special(item: string): void {
    switch (item) {
      case 'Q':
        return this.#json[this.#i] === QUOTE ? this.#string(1) : this.text(1, this.#token());
      case 'I':
        return this.#intOrString();
      case 'T':
      case 'M':
        return this.#time(this.#token());
      case 'D':
        return this.#pair(BigInt(Math.round(parseDuration(this.#token()) * 1e6)), undefined);
      case 'R':
      case 'F': {
        const start = this.#i;
        this.#skip();
        return this.bytes(1, this.#json.subarray(start, this.#i));
      }
      case 'X':
        return this.#list(1, 's');
      default:
        return this.#object(messageNamed(item));
    }
  }

  #intOrString(): void {
    const text = this.#json[this.#i] === QUOTE;
    this.#room(32);
    this.#out[this.#o++] = 1 * 8;
    this.#out[this.#o++] = text ? 1 : 0;
    if (text) return this.#string(3);
    this.#out[this.#o++] = 2 * 8;
    this.#integer();
  }

  #time(text: string): void {
    const ms = Date.parse(text);
    if (Number.isNaN(ms)) return;
    const fraction = /\.(\d+)/.exec(text)?.[1];
    const nanos = fraction ? Number(fraction.slice(0, 9).padEnd(9, '0')) : 0;
    this.#pair(BigInt(Math.floor(ms / 1000)), nanos);
  }

  #pair(first: bigint, second: number | undefined): void {
    this.#room(32);
    this.#out[this.#o++] = 1 * 8;
    this.#varint64(first);
    if (second === undefined) return;
    this.#out[this.#o++] = 2 * 8;
    this.#varint(second);
  }

  /** A string without escapes is copied as it stands. */
  #string(number: number): void {
    const json = this.#json;
    this.#expect(QUOTE);
    const from = this.#i;
    let i = from;
    let c: number;
    let escaped = false;
    while ((c = json[i]!) !== QUOTE) {
      if (c === BACKSLASH) {
        escaped = true;
        i++;
      }
      if (++i > json.length) throw new Error('unexpected end of JSON');
    }
    this.#i = i + 1;
    if (escaped) return this.text(number, JSON.parse(json.toString('utf8', from - 1, i + 1)) as string);
    const size = i - from;
    this.#room(size + 16);
    this.#varint(number * 8 + BYTES);
    this.#varint(size);
    const out = this.#out;
    let o = this.#o;
    if (size < 32) for (let k = from; k < i; k++) out[o++] = json[k]!;
    else o += json.copy(out, o, from, i);
    this.#o = o;
  }

  /** Room for 10 bytes is the caller's. */
  #integer(): void {
    const json = this.#json;
    const from = this.#i;
    const negative = json[from] === MINUS;
    let value = 0;
    let i = negative ? from + 1 : from;
    for (let c = json[i]!; c >= 0x30 && c <= 0x39; c = json[++i]!) value = value * 10 + (c - 0x30);
    const next = json[i];
    if (next !== COMMA && next !== CLOSE_BRACE && next !== CLOSE_BRACKET) {
      // An exponent or a fraction of zeros; the type was checked when it was written.
      value = Number(this.#token());
      return this.#varint64(BigInt(Math.trunc(value)));
    }
    this.#i = i;
    if (negative || value > Number.MAX_SAFE_INTEGER) this.#varint64(BigInt(json.toString('latin1', from, i)));
    else this.#varint(value);
  }

  /** A scalar as text; strings without their quotes. */
  #token(): string {
    const start = this.#i;
    this.#skip();
    if (this.#json[start] !== QUOTE) return this.#json.toString('latin1', start, this.#i);
    const inner = this.#json.toString('latin1', start + 1, this.#i - 1);
    return inner.includes('\\') ? (JSON.parse(`"${inner}"`) as string) : inner;
  }

  #skip(): void {
    const json = this.#json;
    let i = this.#i;
    let depth = 0;
    for (; i < json.length; i++) {
      const c = json[i]!;
      if (c === QUOTE) {
        for (i++; json[i] !== QUOTE; i++) {
          if (json[i] === BACKSLASH) i++;
          if (i >= json.length) throw new Error('unexpected end of JSON');
        }
        if (depth === 0) {
          i++;
          break;
        }
      } else if (c === OPEN_BRACE || c === OPEN_BRACKET) depth++;
      else if (c === CLOSE_BRACE || c === CLOSE_BRACKET) {
        // The end of whoever holds a scalar.
        if (depth === 0) break;
        if (--depth === 0) {
          i++;
          break;
        }
      } else if (depth === 0 && (c === COMMA || c === LINE_FEED)) break;
    }
    this.#i = i;
  }

  #expect(byte: number): void {
    if (this.#json[this.#i] !== byte) throw new Error('the JSON text is not compact');
    this.#i++;
  }

  /** Begins a message of unknown length: one byte is kept for it, and more are made when they are needed. */
  #open(number: number): number {
    this.#room(16);
    this.#varint(number * 8 + BYTES);
    return ++this.#o;
  }

  #close(start: number): void {
    const length = this.#o - start;
    if (length < 0x80) {
      this.#out[start - 1] = length;
      return;
    }
    const more = length < 1 << 14 ? 1 : length < 1 << 21 ? 2 : length < 1 << 28 ? 3 : 4;
    this.#room(more);
    this.#out.copyWithin(start + more, start, this.#o);
    const end = this.#o + more;
    this.#o = start - 1;
    this.#varint(length);
    this.#o = end;
  }

  #varint(value: number): void {
    const out = this.#out;
    let rest = value;
    while (rest >= 0x80) {
      out[this.#o++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    out[this.#o++] = rest;
  }

  #varint64(value: bigint): void {
    let rest = BigInt.asUintN(64, value);
    for (; rest >= 0x80n; rest >>= 7n) this.#out[this.#o++] = Number(rest & 0x7fn) | 0x80;
    this.#out[this.#o++] = Number(rest);
  }

  #room(size: number): void {
    if (this.#o + size <= this.#out.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#out.length * 2, this.#o + size));
    this.#out.copy(larger, 0, 0, this.#o);
    this.#out = larger;
  }
}
