// The values of a custom resource as expressions see them: ints where the schema says integer, times where a format
// says so, fields under their escaped names. Nothing is converted before it is looked at.
// Upstream: apiserver pkg/cel/common/values.go (UnstructuredToVal).
import { stringifySorted } from '../codec/json.ts';
import { durationNanos, timestampNanos } from '../cel/library/times.ts';
import {
  CelError,
  Duration,
  type Fields,
  LIST_SEMANTICS,
  type ListSemantics,
  Timestamp,
  equal,
} from '../cel/values.ts';
import { deepEqual } from '../patch/equal.ts';
import { declaredType, escapeProperty, fieldName, rootSchema } from './cel-types.ts';
import { isIntOrString } from './resolve.ts';
import type { Schema } from './schema.ts';

type Raw = Record<string, unknown>;

/** From the names in expressions to the fields' own. */
const written = new WeakMap<Schema, Map<string, string>>();
function namesOf(schema: Schema): Map<string, string> {
  let names = written.get(schema);
  if (!names) {
    names = new Map();
    for (const [name, property] of Object.entries(schema.properties ?? {})) {
      const escaped = property.ref === undefined ? escapeProperty(name) : undefined;
      if (escaped !== undefined) names.set(escaped, name);
    }
    written.set(schema, names);
  }
  return names;
}

class ObjectFields implements Fields {
  private readonly raw: Raw;
  private readonly schema: Schema;
  private readonly known = new Map<string, unknown>();
  constructor(raw: Raw, schema: Schema) {
    this.raw = raw;
    this.schema = schema;
  }
  get objectType(): string {
    return declaredType(this.schema, false)?.type.name ?? 'object';
  }
  get size(): number {
    return [...this.names()].length;
  }
  *names(): Iterable<string> {
    for (const [escaped, name] of namesOf(this.schema)) if (this.isThere(name)) yield escaped;
  }
  /** A null is no field, not even where it may be. */
  private isThere(name: string): boolean {
    return Object.hasOwn(this.raw, name) && this.raw[name] !== null;
  }
  field(escaped: string): unknown {
    if (this.known.has(escaped)) return this.known.get(escaped);
    const name = namesOf(this.schema).get(fieldName(escaped));
    const value =
      name === undefined || !this.isThere(name) ? undefined : toCel(this.raw[name], this.schema.properties![name]!);
    this.known.set(escaped, value);
    return value;
  }
  equalTo(other: Fields): boolean {
    return other instanceof ObjectFields ? this.sameAs(other) : this.sameNames(other);
  }
  /** Fields count that no expression can name: unknown ones, and those whose names cannot be written. */
  private sameAs({ raw, schema }: ObjectFields): boolean {
    const names = Object.keys(this.raw).filter((name) => this.isThere(name));
    if (names.length !== Object.keys(raw).filter((name) => raw[name] !== null).length) return false;
    return names.every((name) => {
      const [mine, theirs] = [this.schema.properties?.[name], schema.properties?.[name]];
      if (!Object.hasOwn(raw, name)) return false;
      if (!mine || !theirs) return deepEqual(this.raw[name], raw[name]);
      return equal(toCel(this.raw[name], mine), toCel(raw[name], theirs));
    });
  }
  private sameNames(other: Fields): boolean {
    const [mine, theirs] = [[...this.names()], [...other.names()]];
    return (
      mine.length === theirs.length &&
      mine.every((name) => {
        const value = other.field(name);
        return value !== undefined && equal(this.field(name), value);
      })
    );
  }
}

function semantics({ listType, listMapKeys = [] }: Schema): ListSemantics | undefined {
  if (listType === 'set') return { set: true, identity: (item) => `${typeof item} ${String(item)}` };
  if (listType !== 'map') return undefined;
  return {
    set: false,
    identity: (item) => listMapKeys.map((key) => String((item as Fields).field(escapeProperty(key) ?? key))).join('\n'),
  };
}

function listValue(raw: unknown[], schema: Schema): unknown[] {
  const out = raw.map((item) => toCel(item, schema.items ?? {})) as unknown[] & { [LIST_SEMANTICS]?: ListSemantics };
  const meaning = semantics(schema);
  if (meaning) Object.defineProperty(out, LIST_SEMANTICS, { value: meaning, writable: true });
  return out;
}

function textValue(text: string, { format }: Schema): unknown {
  switch (format) {
    case 'byte':
      return Uint8Array.from(Buffer.from(text, 'base64'));
    case 'duration': {
      const nanos = durationNanos(text);
      return nanos === undefined ? new CelError(`Invalid duration ${text}`) : new Duration(nanos);
    }
    case 'date':
    case 'date-time': {
      const nanos = timestampNanos(format === 'date' ? `${text}T00:00:00Z` : text);
      return nanos === undefined ? new CelError(`Invalid ${format} ${text}`) : new Timestamp(nanos);
    }
  }
  return text;
}

/** A JSON value as an expression's value. What JSON cannot have been is a CelError, thrown when it is read. */
export function toCel(value: unknown, schema: Schema): unknown {
  if (value === null || typeof value === 'boolean' || typeof value === 'bigint') return value;
  if (typeof value === 'number') {
    const whole = schema.type === 'integer' || isIntOrString(schema);
    return whole && Number.isInteger(value) ? BigInt(value) : value;
  }
  if (typeof value === 'string') return schema.type === 'string' ? textValue(value, schema) : value;
  if (Array.isArray(value)) return listValue(value, schema);
  const { additionalProperties } = schema;
  if (typeof additionalProperties !== 'object') {
    return new ObjectFields(value as Raw, schema.embeddedResource ? rootSchema(schema) : schema);
  }
  const out = new Map<unknown, unknown>();
  for (const [name, member] of Object.entries(value as Raw)) {
    if (member !== null || additionalProperties.nullable) out.set(name, toCel(member, additionalProperties));
  }
  return out;
}

/** A list-map item's identity. Upstream: makeMapList, which compares the keys' values. */
export const itemKey = (item: unknown, keys: readonly string[]): string =>
  stringifySorted(keys.map((key) => (item !== null && typeof item === 'object' ? ((item as Raw)[key] ?? null) : null)));
