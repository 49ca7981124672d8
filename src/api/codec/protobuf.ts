// Reads Kubernetes' protobuf encoding, in which Go clients (kubectl create, auth can-i, drain …) send objects of the
// built-in kinds. Answers are written by protobuf-writer.ts.
//
//   k8s\0  Unknown { typeMeta = 1 { apiVersion = 1, kind = 2 }, raw = 2 <the message>, … }
//
// A field is a varint key (number << 3 | wire type) and its value; protobuf-messages.ts knows the numbers. Go's
// non-pointer scalars are on the wire even when they are zero, and JSON leaves them out.
// Upstream: apimachinery/pkg/runtime/serializer/protobuf/protobuf.go.
import type { Json, JsonObject } from '../types.ts';
import { parseJson } from './json.ts';
import { type Field, messageFor, messageNamed } from './protobuf-messages.ts';

const MAGIC = Buffer.from('k8s\0');
const EMPTY = Buffer.alloc(0);
const MAX_DEPTH = 100;

/** Throws an Error that says what is wrong; unknown kinds are wrong too. */
export function decodeProtobuf(bytes: Uint8Array): JsonObject {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (!buffer.subarray(0, 4).equals(MAGIC)) throw new Error('provided data does not appear to be a protobuf message');
  const unknown = new Reader(buffer, 4, buffer.length).unknown();
  const message = messageFor(unknown.apiVersion, unknown.kind);
  if (message === undefined) {
    throw new Error(
      `no kind ${JSON.stringify(unknown.kind)} is known in protobuf for ${JSON.stringify(unknown.apiVersion)}`,
    );
  }
  const { raw } = unknown;
  const object = new Reader(raw, 0, raw.length).message(message, 0);
  return { apiVersion: unknown.apiVersion, kind: unknown.kind, ...object };
}

class Reader {
  constructor(
    private readonly buffer: Buffer,
    private at: number,
    private readonly end: number,
  ) {}

  unknown(): { apiVersion: string; kind: string; raw: Buffer } {
    const found: { apiVersion: string; kind: string; raw: Buffer } = { apiVersion: '', kind: '', raw: EMPTY };
    while (this.at < this.end) {
      const { number, wire } = this.key();
      if (number === 1 && wire === 2) {
        const meta = this.nested();
        while (meta.at < meta.end) {
          const key = meta.key();
          if (key.number === 1) found.apiVersion = meta.bytes().toString('utf8');
          else if (key.number === 2) found.kind = meta.bytes().toString('utf8');
          else meta.skip(key.wire);
        }
      } else if (number === 2 && wire === 2) found.raw = this.bytes();
      else this.skip(wire);
    }
    return found;
  }

  message(name: string, depth: number): JsonObject {
    if (depth > MAX_DEPTH) throw new Error('the message is nested too deeply');
    const fields = messageNamed(name).byNumber;
    const object: JsonObject = {};
    while (this.at < this.end) {
      const { number, wire } = this.key();
      const field = fields.get(number);
      if (!field) this.skip(wire);
      else this.field(object, field, wire, depth);
    }
    return object;
  }

  private field(object: JsonObject, { name, type }: Field, wire: number, depth: number): void {
    if (type.startsWith('[]')) {
      const list = (object[name] ??= []) as Json[];
      const item = this.value(type.slice(2), wire, depth);
      list.push(item ?? zeroOf(type.slice(2)));
    } else if (type.startsWith('{}')) {
      const map = (object[name] ??= {}) as JsonObject;
      const [key, value] = this.nested().entry(type.slice(2), depth);
      Object.defineProperty(map, key, { value, writable: true, enumerable: true, configurable: true });
    } else {
      const value = this.value(type, wire, depth);
      if (value === undefined) return;
      if (name === '^') Object.assign(object, value);
      else object[name] = value;
    }
  }

  /** A map is a list of messages { key = 1, value = 2 }. */
  private entry(type: string, depth: number): [string, Json] {
    let key = '';
    let value: Json | undefined;
    while (this.at < this.end) {
      const { number, wire } = this.key();
      if (number === 1) key = this.bytes().toString('utf8');
      else if (number === 2) value = this.value(type, wire, depth);
      else this.skip(wire);
    }
    return [key, value ?? zeroOf(type)];
  }

  /** Undefined for what Go's JSON would leave out. */
  private value(type: string, wire: number, depth: number): Json | undefined {
    switch (type) {
      case 's':
        return this.bytes().toString('utf8') || undefined;
      case '*s':
        return this.bytes().toString('utf8');
      case 'i':
        return this.integer() || undefined;
      case '*i':
        return this.integer();
      case 'b':
        return this.varint() !== 0n || undefined;
      case '*b':
        return this.varint() !== 0n;
      case 'd':
      case '*d':
        return this.double();
      case 'y':
        return this.bytes().toString('base64');
      default:
        if (wire !== 2) throw new Error(`wrong wireType = ${wire} for a message`);
        return this.nested().special(type, depth);
    }
  }

  private special(type: string, depth: number): Json | undefined {
    switch (type) {
      case 'Q':
        return this.scalars().get(1)?.toString() ?? '0';
      case 'I': {
        const parts = this.scalars();
        return Number(parts.get(1) ?? 0) === 1 ? (parts.get(3)?.toString() ?? '') : Number(parts.get(2) ?? 0);
      }
      case 'T':
      case 'M':
        return this.time(type === 'M');
      case 'D':
        return `${Number(this.scalars().get(1) ?? 0) / 1e9}s`;
      case 'R':
      case 'F': {
        const text = this.scalars().get(1)?.toString() ?? '';
        return text === '' ? undefined : parseJson(text);
      }
      case 'X': {
        const list: string[] = [];
        while (this.at < this.end) {
          const { number, wire } = this.key();
          if (number === 1) list.push(this.bytes().toString('utf8'));
          else this.skip(wire);
        }
        return list;
      }
      default:
        return this.shown(type, depth);
    }
  }

  private shown(type: string, depth: number): Json | undefined {
    const { oneOf, byNumber } = messageNamed(type);
    const object = this.message(type, depth + 1);
    if (!oneOf) return object;
    const { schema, list, bool } = oneOf;
    const held = (number: number | undefined) => (number ? object[byNumber.get(number)!.name] : undefined);
    return held(list) ?? held(schema) ?? (bool ? (held(bool) ?? false) : undefined);
  }

  /** Seconds and nanoseconds since the epoch; an empty message is Go's zero time, which JSON shows as null. */
  private time(micro: boolean): string | undefined {
    const parts = this.scalars();
    if (parts.size === 0) return undefined;
    const seconds = Number(parts.get(1) ?? 0);
    const text = new Date(seconds * 1000).toISOString().slice(0, 19);
    if (!micro) return `${text}Z`;
    const micros = Math.floor(Number(parts.get(2) ?? 0) / 1000);
    return `${text}.${String(micros).padStart(6, '0')}Z`;
  }

  /** The fields of a small message as they are: integers, or bytes. */
  private scalars(): Map<number, bigint | Buffer> {
    const parts = new Map<number, bigint | Buffer>();
    while (this.at < this.end) {
      const { number, wire } = this.key();
      if (wire === 0) parts.set(number, BigInt.asIntN(64, this.varint()));
      else if (wire === 2) parts.set(number, this.bytes());
      else this.skip(wire);
    }
    return parts;
  }

  private key(): { number: number; wire: number } {
    const key = Number(this.varint());
    return { number: Math.floor(key / 8), wire: key % 8 };
  }

  private varint(): bigint {
    let result = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      if (this.at >= this.end) throw new Error('unexpected EOF');
      const byte = this.buffer[this.at++]!;
      result |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return result;
    }
    throw new Error('integer overflow');
  }

  private integer(): number | bigint {
    const value = BigInt.asIntN(64, this.varint());
    const small = Number(value);
    return Number.isSafeInteger(small) ? small : value;
  }

  private double(): number {
    if (this.at + 8 > this.end) throw new Error('unexpected EOF');
    const value = this.buffer.readDoubleLE(this.at);
    this.at += 8;
    return value;
  }

  private bytes(): Buffer {
    const { buffer, at, end } = this.nested();
    return buffer.subarray(at, end);
  }

  /** A reader of the next length-delimited value. */
  private nested(): Reader {
    const length = Number(this.varint());
    if (length > this.end - this.at) throw new Error('unexpected EOF');
    const start = this.at;
    this.at += length;
    return new Reader(this.buffer, start, this.at);
  }

  private skip(wire: number): void {
    if (wire === 0) this.varint();
    else if (wire === 1) this.at += 8;
    else if (wire === 2) this.nested();
    else if (wire === 5) this.at += 4;
    else throw new Error(`illegal wireType ${wire}`);
  }
}

/** An element of a list or map is there even when it is zero. */
function zeroOf(type: string): Json {
  if (type.endsWith('i') || type.endsWith('d')) return 0;
  if (type.endsWith('b')) return false;
  if (type === 's' || type === 'y' || type === '*s') return '';
  return type === 'X' ? [] : null;
}
