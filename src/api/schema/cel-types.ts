// A custom resource's schema as the types of CEL, with what is needed to guess costs: how many elements a value may
// have in the largest request, and how small it may be.
// Upstream: apiserver pkg/cel/common/schemas.go (SchemaDeclType), pkg/cel/escaping.go, pkg/cel/limits.go.
import { type Range } from '../cel/functions.ts';
import {
  BOOL,
  BYTES,
  DOUBLE,
  DURATION,
  DYN,
  INT,
  STRING,
  TIMESTAMP,
  type Type,
  list,
  map,
  objectType,
} from '../cel/types.ts';
import { isIntOrString } from './resolve.ts';
import type { Schema } from './schema.ts';

export const MAX_REQUEST_BYTES = 3 * 1024 * 1024;

export interface DeclaredType {
  type: Type;
  /** The longest text, the most items or properties; 0 where there is nothing to count. */
  maxElements: number;
  /** The fewest bytes as JSON. */
  minSize: number;
  element?: DeclaredType;
  key?: DeclaredType;
  /** By the names that expressions use. */
  fields?: ReadonlyMap<string, DeclaredType>;
}

const RESERVED = new Set(
  'true false null in as break const continue else for function if import let loop package namespace return void while var'.split(
    ' ',
  ),
);
const ESCAPES: Record<string, string> = { __: '__underscores__', '.': '__dot__', '-': '__dash__', '/': '__slash__' };

/** Reserved words may stand for their escaped forms. Upstream: DeclTypeProvider.recognizeKeywordAsFieldName. */
export const fieldName = (written: string): string => (RESERVED.has(written) ? `__${written}__` : written);

/** How a property is written in an expression; undefined when it cannot be. */
export function escapeProperty(name: string): string | undefined {
  if (RESERVED.has(name)) return `__${name}__`;
  if (!/^[A-Za-z_./-][A-Za-z0-9_./-]*$/.test(name)) return undefined;
  return name.replaceAll(/__|[.\-/]/g, (found) => ESCAPES[found]!);
}

const scalar = (type: Type, minSize: number, maxElements: number): DeclaredType => ({ type, minSize, maxElements });
/** Nothing is said of the length of a map's keys, and upstream then counts none. */
const KEY: DeclaredType = scalar(STRING, 2, 0);
const META: Schema = { type: 'object', properties: { name: { type: 'string' }, generateName: { type: 'string' } } };

/** The schema as rules at the root of an object see it: its kind, version and names are always there. */
export function withTypeAndMeta(schema: Schema): Schema {
  const { apiVersion, kind, metadata } = schema.properties ?? {};
  const { name, generateName } = metadata?.properties ?? {};
  // One that says all of it may say more of its metadata.
  if ([apiVersion, kind, name, generateName].every((field) => field?.type === 'string')) return schema;
  const string: Schema = { type: 'string' };
  return { ...schema, properties: { ...schema.properties, apiVersion: string, kind: string, metadata: META } };
}

const complete = new WeakMap<Schema, Schema>();

/** The same, one for all who ask. */
export function rootSchema(schema: Schema): Schema {
  let found = complete.get(schema);
  if (!found) complete.set(schema, (found = withTypeAndMeta(schema)));
  return found;
}

const cache = new WeakMap<Schema, DeclaredType | null>();
let count = 0;

/** Undefined when expressions do not see such values (no type is known of them). */
export function declaredType(schema: Schema, isRoot: boolean): DeclaredType | undefined {
  const known = cache.get(schema);
  if (known !== undefined) return known ?? undefined;
  const made = declare(isRoot ? rootSchema(schema) : schema);
  cache.set(schema, made ?? null);
  return made;
}

function declare(schema: Schema): DeclaredType | undefined {
  if (isIntOrString(schema)) return scalar(DYN, 1, maxLength(schema, 4));
  switch (schema.type) {
    case 'array':
      return declareList(schema);
    case 'object':
      return typeof schema.additionalProperties === 'object'
        ? declareMap(schema, schema.additionalProperties)
        : declareObject(schema);
    case 'string':
      return declareString(schema);
    case 'boolean':
      return scalar(BOOL, 4, 0);
    case 'number':
      return scalar(DOUBLE, 1, 0);
    case 'integer':
      return scalar(INT, 1, 0);
  }
  return undefined;
}

const maxLength = (schema: Schema, factor: number): number =>
  schema.maxLength === undefined ? MAX_REQUEST_BYTES - 2 : Math.max(0, schema.maxLength) * factor;

function declareString(schema: Schema): DeclaredType {
  switch (schema.format) {
    case 'byte':
      return scalar(BYTES, 2, maxLength(schema, 1));
    case 'duration':
      return scalar(DURATION, 3, 32);
    case 'date':
      return scalar(TIMESTAMP, 12, 12);
    case 'date-time':
      return scalar(TIMESTAMP, 21, 32);
  }
  if (schema.maxLength === undefined && schema.enum && schema.enum.length > 0) {
    return scalar(
      STRING,
      2,
      Math.max(0, ...schema.enum.map((v) => (typeof v === 'string' ? Buffer.byteLength(v) : 0))),
    );
  }
  return scalar(STRING, 2, maxLength(schema, 4));
}

function declareList({ items, maxItems }: Schema): DeclaredType | undefined {
  const element = items && declaredType(items, items.embeddedResource === true);
  if (!element) return undefined;
  const most = maxItems ?? Math.floor((MAX_REQUEST_BYTES - 2) / (element.minSize + 1));
  return { type: list(element.type), minSize: 2, maxElements: Math.max(0, most), element };
}

function declareMap({ maxProperties }: Schema, values: Schema): DeclaredType | undefined {
  const element = declaredType(values, values.embeddedResource === true);
  if (!element) return undefined;
  const most = maxProperties ?? Math.floor((MAX_REQUEST_BYTES - 2) / (element.minSize + 6));
  return { type: map(STRING, element.type), minSize: 2, maxElements: Math.max(0, most), key: KEY, element };
}

function declareObject(schema: Schema): DeclaredType {
  const fields = new Map<string, DeclaredType>();
  let minSize = 2;
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    if (property.ref !== undefined) continue;
    const field = declaredType(property, property.embeddedResource === true);
    if (!field) continue;
    const written = escapeProperty(name);
    if (written !== undefined) fields.set(written, field);
    if (schema.required?.includes(name) && property.default === undefined) minSize += name.length + field.minSize + 4;
  }
  const type = objectType(`object${++count}`, (name) => fields.get(fieldName(name))?.type);
  return { type, minSize, maxElements: 0, fields };
}

/** How large what stands at a path below `self` may be. Upstream: sizeEstimator.EstimateSize. */
export function sizeAt(root: DeclaredType, path: readonly string[]): Range | undefined {
  let current: DeclaredType | undefined = root;
  for (const name of path.slice(1)) {
    if (name === '@items' || name === '@values') current = current.element;
    else if (name === '@keys') current = current.key;
    else current = current.fields?.get(fieldName(name));
    if (!current) return undefined;
  }
  return { min: 0, max: current.maxElements };
}
