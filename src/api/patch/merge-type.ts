// How values of a schema merge and are owned: as a struct or map field by field, as a list by keys, or as one piece.
// Made once per schema node and kept. Upstream: structured-merge-diff schema, kube-openapi pkg/schemaconv.
import { stringifyJson } from '../codec/json.ts';
import { QUANTITY, isIntOrString, resolve } from '../schema/resolve.ts';
import type { Schema, SchemaSource } from '../schema/schema.ts';
import { badRequest } from '../status.ts';

/** `open`: by what the value is; maps merge, lists are one piece. */
export type MergeKind = 'scalar' | 'atomic' | 'map' | 'keyedList' | 'set' | 'open';

type Fields = Record<string, unknown>;

export class MergeType {
  readonly kind: MergeKind;
  readonly keys: readonly string[];
  /** What Go prints for the field that has this type, of an empty object. */
  readonly zero: unknown;
  private readonly schema: Schema;
  private readonly source: SchemaSource;
  private readonly children = new Map<string, MergeType>();
  private element: MergeType | undefined;
  /** `f:<name>` by field name, so that hot walks do not build the same text again. */
  readonly elementNames = new Map<string, string>();

  constructor(referrer: Schema, source: SchemaSource) {
    this.schema = resolve(referrer, source);
    this.source = source;
    this.zero = referrer.zero;
    const list = this.schema.type === 'array' ? listOf(referrer, this.schema) : undefined;
    this.kind = list?.kind ?? kindOf(referrer, this.schema);
    this.keys = list?.keys ?? [];
  }

  /** The type of a field, of a struct or a map. */
  field(name: string): MergeType {
    const known = this.children.get(name);
    if (known) return known;
    const { properties, additionalProperties } = this.schema;
    if (properties && Object.hasOwn(properties, name)) {
      const made = mergeTypeOf(properties[name]!, this.source);
      this.children.set(name, made);
      return made;
    }
    return (this.element ??=
      typeof additionalProperties === 'object' ? mergeTypeOf(additionalProperties, this.source) : openType);
  }

  /** True for a field that a struct declares; false for a map's keys. */
  declares(name: string): boolean {
    return this.schema.properties !== undefined && Object.hasOwn(this.schema.properties, name);
  }

  get items(): MergeType {
    return (this.element ??= this.schema.items ? mergeTypeOf(this.schema.items, this.source) : openType);
  }

  /** The FieldsV1 element of a field. Names of map keys are not kept: there is no end of them. */
  elementOf(name: string): string {
    const known = this.elementNames.get(name);
    if (known !== undefined) return known;
    const text = `f:${name}`;
    if (this.declares(name)) this.elementNames.set(name, text);
    return text;
  }

  /** The FieldsV1 element of a list's item. Throws BadRequest when the item has no key. */
  itemElement(item: unknown): string {
    if (this.kind === 'set') return setElement(item);
    const found: Fields = {};
    let any = false;
    if (item === null || typeof item !== 'object' || Array.isArray(item)) {
      throw badRequest(
        item === null
          ? 'associative list with keys may not have a null element'
          : 'associative list with keys may not have non-map elements',
      );
    }
    for (const key of this.keys) {
      const value = (item as Fields)[key] ?? this.keyDefault(key);
      if (value === undefined) continue;
      found[key] = value;
      any = true;
    }
    if (!any) {
      const keys = `[${this.keys.map((k) => JSON.stringify(k)).join(' ')}]`;
      throw badRequest(
        `associative list with keys has an element that omits all key fields ${keys} (and doesn't have default values for any key fields)`,
      );
    }
    return `k:${stringifyJson(found)}`;
  }

  private keyDefault(key: string): unknown {
    const items = this.schema.items && resolve(this.schema.items, this.source);
    const property = items?.properties?.[key];
    const value = property?.default ?? property?.zero;
    return value === null ? undefined : value;
  }
}

function setElement(item: unknown): string {
  if (item === null) throw badRequest("associative list without keys has an element that's an explicit null");
  if (typeof item !== 'object') return `v:${stringifyJson(item)}`;
  throw badRequest(
    Array.isArray(item)
      ? 'not supported: associative list with lists as elements'
      : "associative list without keys has an element that's a map type",
  );
}

/** Keys are sorted, as they are in the element's text. Upstream falls back to the patch strategy. */
function listOf(referrer: Schema, schema: Schema): { kind: MergeKind; keys: string[] } {
  const type = referrer.listType ?? schema.listType;
  if (type === 'map')
    return { kind: 'keyedList', keys: [...(referrer.listMapKeys ?? schema.listMapKeys ?? [])].sort() };
  if (type === 'set') return { kind: 'set', keys: [] };
  if (type === undefined && referrer.patchStrategy?.includes('merge')) {
    return referrer.patchMergeKey ? { kind: 'keyedList', keys: [referrer.patchMergeKey] } : { kind: 'set', keys: [] };
  }
  return { kind: 'atomic', keys: [] };
}

function kindOf(referrer: Schema, schema: Schema): MergeKind {
  if (isIntOrString(referrer) || isIntOrString(schema) || referrer.ref === QUANTITY) return 'scalar';
  if ((referrer.mapType ?? schema.mapType) === 'atomic') return 'atomic';
  if (schema.preserveUnknownFields && !schema.properties) return 'open';
  switch (schema.type) {
    case 'object':
      return schema.properties || schema.additionalProperties ? 'map' : 'open';
    case undefined:
      return schema.properties ? 'map' : 'atomic';
  }
  return 'scalar';
}

/** For fields that no schema knows. */
const openType = new MergeType(
  { type: 'object', preserveUnknownFields: true },
  {
    definition: () => undefined,
    forKind: () => undefined,
  },
);

const known = new WeakMap<SchemaSource, WeakMap<Schema, MergeType>>();

export function mergeTypeOf(schema: Schema, source: SchemaSource): MergeType {
  let types = known.get(source);
  if (!types) known.set(source, (types = new WeakMap()));
  let type = types.get(schema);
  if (!type) types.set(schema, (type = new MergeType(schema, source)));
  return type;
}

export type Shape = 'leaf' | 'map' | 'list';

/** How a value of this type is walked: a value that does not fit its type is one piece. */
export function shapeOf(value: unknown, type: MergeType): Shape {
  if (value === null || typeof value !== 'object') return 'leaf';
  const isList = Array.isArray(value);
  switch (type.kind) {
    case 'map':
      return isList ? 'leaf' : 'map';
    case 'keyedList':
    case 'set':
      return isList ? 'list' : 'leaf';
    case 'open':
      return isList ? 'leaf' : 'map';
  }
  return 'leaf';
}

export const isEmptyValue = (value: object): boolean => {
  if (Array.isArray(value)) return value.length === 0;
  for (const _ in value) return false;
  return true;
};
