// Says what Go's decoder says when a JSON value cannot go into a field's type. Only types: not what values may be.
// Upstream: sigs.k8s.io/json (encoding/json's UnmarshalTypeError), and the types with decoders of their own.
//
//   {"spec":{"replicas":"3"}} → json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32
import { quantityError } from '../quantity.ts';
import type { Schema, SchemaSource } from './schema.ts';
import { MICRO_TIME, QUANTITY, TIME, fieldSchema, isIntOrString, resolve } from './resolve.ts';

/** What Go calls a JSON value in its errors. */
export function jsonKind(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  if (value !== null && typeof value === 'object') return 'object';
  return typeof value === 'boolean' ? 'bool' : typeof value === 'bigint' ? 'number' : typeof value;
}

/** `io.k8s.api.core.v1.PodSpec` → PodSpec, and v1.PodSpec with its package. */
const structOf = (name: string): string => name.slice(name.lastIndexOf('.') + 1);
const qualifiedStructOf = (name: string): string => name.split('.').slice(-2).join('.');

function goType(schema: Schema, source: SchemaSource): string {
  if (schema.ref !== undefined) return qualifiedStructOf(schema.ref);
  switch (schema.type) {
    case 'string':
      return schema.format === 'byte' ? '[]uint8' : 'string';
    case 'integer':
      return schema.format ?? 'int64';
    case 'number':
      return schema.format === 'float' ? 'float32' : 'float64';
    case 'boolean':
      return 'bool';
    case 'array':
      return `[]${goType(schema.items ?? {}, source)}`;
    case 'object':
      return typeof schema.additionalProperties === 'object'
        ? `map[string]${goType(schema.additionalProperties, source)}`
        : 'map[string]interface {}';
  }
  return 'interface {}';
}

export function fitsInteger(value: number | bigint, format: string | undefined): boolean {
  if (typeof value === 'number' && !Number.isInteger(value)) return false;
  if (format === 'int32') return value >= -(2 ** 31) && value < 2 ** 31;
  // Comparisons of numbers with bigints are exact, and slow.
  return Number.isSafeInteger(value) || (value >= MIN_INT64 && value <= MAX_INT64);
}

const MIN_INT64 = -(2n ** 63n);
const MAX_INT64 = 2n ** 63n - 1n;

const timePattern = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}([.,]\d+)?(Z|[+-]\d{2}:\d{2})$/;
const TIME_LAYOUT = '2006-01-02T15:04:05Z07:00';
const MICRO_TIME_LAYOUT = '2006-01-02T15:04:05.000000Z07:00';

/** Where Go's time parser stops: the rest of the text and the part of the layout that it wanted. */
function timeError(text: string, layout: string): string {
  const parts: [RegExp, string][] = [
    [/^\d{4}/, '2006'],
    [/^-/, '-'],
    [/^(0[1-9]|1[0-2])/, '01'],
    [/^-/, '-'],
    [/^\d{2}/, '02'],
    [/^T/, 'T'],
    [/^([01]\d|2[0-3])/, '15'],
    [/^:/, ':'],
    [/^[0-5]\d/, '04'],
    [/^:/, ':'],
    [/^[0-5]\d([.,]\d+)?/, '05'],
    [/^(Z|[+-]\d{2}:\d{2})/, 'Z07:00'],
  ];
  let rest = text;
  for (const [pattern, name] of parts) {
    const found = pattern.exec(rest)?.[0];
    if (found === undefined) {
      return `parsing time ${JSON.stringify(text)} as ${JSON.stringify(layout)}: cannot parse ${JSON.stringify(rest)} as ${JSON.stringify(name)}`;
    }
    rest = rest.slice(found.length);
  }
  return `parsing time ${JSON.stringify(text)}: extra text: ${JSON.stringify(rest)}`;
}

/** The times of an object are mostly one: what was found good last is not looked at again. */
let lastGood: string | undefined;

function timeProblem(value: unknown, layout: string): string | undefined {
  if (value === lastGood && value !== undefined) return undefined;
  if (typeof value !== 'string') return `json: cannot unmarshal ${jsonKind(value)} into Go value of type string`;
  if (value === '' && layout === TIME_LAYOUT) return timeError(value, layout);
  if (!timePattern.test(value)) return timeError(value, layout);
  if (Number.isNaN(Date.parse(value.replace(',', '.')))) {
    return `parsing time ${JSON.stringify(value)}: day out of range`;
  }
  lastGood = value;
  return undefined;
}

/** The types that decode themselves. Undefined: no problem; null: not such a type. */
export function ownDecoder(value: unknown, schema: Schema): string | undefined | null {
  if (isIntOrString(schema)) {
    if (typeof value === 'string') return undefined;
    const number = typeof value === 'number' || typeof value === 'bigint';
    if (number && fitsInteger(value, 'int32')) return undefined;
    return `json: cannot unmarshal ${number ? `number ${String(value)}` : jsonKind(value)} into Go value of type int32`;
  }
  if (schema.ref === QUANTITY) {
    return quantityError(typeof value === 'string' || typeof value === 'number' ? value : String(value));
  }
  if (schema.ref === TIME) return timeProblem(value, TIME_LAYOUT);
  if (schema.ref === MICRO_TIME) return timeProblem(value, MICRO_TIME_LAYOUT);
  return null;
}

class Checker {
  private readonly source: SchemaSource;
  constructor(source: SchemaSource) {
    this.source = source;
  }

  /** `struct` and `path` are of the field that holds the value, as Go names it. */
  check(value: unknown, referrer: Schema, struct: string, path: string): string | undefined {
    if (value === null || value === undefined) return undefined;
    const own = ownDecoder(value, referrer);
    if (own !== null) return own;
    const schema = resolve(referrer, this.source);
    const fits = this.fits(value, schema);
    if (fits !== true) {
      const place = path === '' ? 'Go value' : `Go struct field ${struct}.${path}`;
      return `json: cannot unmarshal ${fits} into ${place} of type ${goType(referrer, this.source)}`;
    }
    if (Array.isArray(value)) return this.checkItems(value, schema.items, struct, path);
    if (typeof value === 'object') {
      return this.checkFields(value as Record<string, unknown>, schema, referrer.ref, struct, path);
    }
    if (schema.format === 'byte') return base64Problem(value as string);
    return undefined;
  }

  /** True, or what Go calls the value that does not fit. */
  private fits(value: unknown, schema: Schema): true | string {
    const kind = jsonKind(value);
    switch (schema.type) {
      case 'string':
        return kind === 'string' || kind;
      case 'boolean':
        return kind === 'bool' || kind;
      case 'number':
        return kind === 'number' || kind;
      case 'array':
        return kind === 'array' || kind;
      case 'object':
        return kind === 'object' || schema.preserveUnknownFields === true || kind;
      case 'integer':
        if (kind !== 'number') return kind;
        return fitsInteger(value as number | bigint, schema.format) || `number ${String(value)}`;
    }
    return true;
  }

  private checkItems(list: unknown[], items: Schema | undefined, struct: string, path: string): string | undefined {
    if (!items) return undefined;
    for (const item of list) {
      const problem = this.check(item, items, struct, path);
      if (problem !== undefined) return problem;
    }
    return undefined;
  }

  private checkFields(
    fields: Record<string, unknown>,
    schema: Schema,
    ref: string | undefined,
    struct: string,
    path: string,
  ): string | undefined {
    const inside = ref === undefined ? struct : structOf(ref);
    for (const name of Object.keys(fields)) {
      const inner = fieldSchema(schema, name);
      if (!inner) continue;
      // Only struct fields are on Go's stack of names; a map's keys are not.
      const isStructField = schema.properties !== undefined && Object.hasOwn(schema.properties, name);
      const innerPath = isStructField ? (path === '' ? name : `${path}.${name}`) : path;
      const problem = this.check(fields[name], inner, inside, innerPath);
      if (problem !== undefined) return problem;
    }
    return undefined;
  }
}

export function base64Problem(text: string): string | undefined {
  const clean = text.replaceAll(/[\r\n]/g, '');
  if (clean.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(clean)) return undefined;
  const bad = /[^A-Za-z0-9+/]/.exec(clean)?.index ?? clean.length - (clean.length % 4);
  return `illegal base64 data at input byte ${bad}`;
}

/**
 * The first problem of an object of a built-in kind, in Go's words; undefined when it decodes. `kind` names the
 * outermost struct. Custom resources have only their metadata checked this way: pass OBJECT_META's schema.
 */
export function checkTypes(value: unknown, schema: Schema, source: SchemaSource, kind: string): string | undefined {
  return new Checker(source).check(value, schema, kind, '');
}

/** Upstream's BadRequest message around it (endpoints/handlers, transformDecodeError). */
export const decodeError = (version: string, kind: string, problem: string): string =>
  `${kind} in version ${JSON.stringify(version)} cannot be handled as a ${kind}: ${problem}`;
