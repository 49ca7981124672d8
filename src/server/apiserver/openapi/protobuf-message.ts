// What both versions of the document as protobuf are made of: messages, and values and extensions as gnostic has them.
import { stringifyYaml } from '../../../api/codec/yaml.ts';
import type { Json } from './definitions.ts';

/** A message under construction: tagged fields, in order. */
export class Message {
  private readonly parts: Uint8Array[] = [];

  private tag(field: number, wire: number, length?: number): void {
    const bytes: number[] = [];
    for (let value of length === undefined ? [(field << 3) | wire] : [(field << 3) | wire, length]) {
      while (value > 0x7f) {
        bytes.push((value & 0x7f) | 0x80);
        value = Math.floor(value / 128);
      }
      bytes.push(value);
    }
    this.parts.push(Uint8Array.from(bytes));
  }

  string(field: number, value: unknown): this {
    if (typeof value !== 'string' || value === '') return this;
    const bytes = Buffer.from(value);
    this.tag(field, 2, bytes.length);
    this.parts.push(bytes);
    return this;
  }

  strings(field: number, values: unknown): this {
    for (const value of (values as string[] | undefined) ?? []) {
      const bytes = Buffer.from(value);
      this.tag(field, 2, bytes.length);
      this.parts.push(bytes);
    }
    return this;
  }

  bool(field: number, value: unknown): this {
    if (value !== true) return this;
    this.tag(field, 0);
    this.parts.push(Uint8Array.of(1));
    return this;
  }

  integer(field: number, value: unknown): this {
    if (typeof value !== 'number' || value <= 0) return this;
    this.tag(field, 0);
    const bytes: number[] = [];
    let rest = value;
    for (; rest > 0x7f; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80);
    bytes.push(rest);
    this.parts.push(Uint8Array.from(bytes));
    return this;
  }

  double(field: number, value: unknown): this {
    if (typeof value !== 'number') return this;
    this.tag(field, 1);
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleLE(value);
    this.parts.push(bytes);
    return this;
  }

  message(field: number, message: Message | undefined): this {
    if (!message) return this;
    const bytes = message.encode();
    this.tag(field, 2, bytes.length);
    this.parts.push(bytes);
    return this;
  }

  encode(): Buffer {
    return Buffer.concat(this.parts);
  }
}

/** A value that the format has no field for: YAML text. */
export const any = (value: unknown): Message => new Message().string(2, stringifyYaml(value));
export const named = (name: string, value: Message): Message => new Message().string(1, name).message(2, value);

export function extensions(message: Message, field: number, json: Json): Message {
  for (const key of Object.keys(json)) if (key.startsWith('x-')) message.message(field, named(key, any(json[key])));
  return message;
}
