// How walkers get from a schema that may be a reference to the one that says something. No walking here.
import type { Schema, SchemaSource } from './schema.ts';

const INT_OR_STRING = 'io.k8s.apimachinery.pkg.util.intstr.IntOrString';
export const QUANTITY = 'io.k8s.apimachinery.pkg.api.resource.Quantity';
export const TIME = 'io.k8s.apimachinery.pkg.apis.meta.v1.Time';
export const MICRO_TIME = 'io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime';
const OWNER_OF_FIELDS = 'io.k8s.apimachinery.pkg.apis.meta.v1.ManagedFieldsEntry';
export const OBJECT_META = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta';

const unknown: Schema = {};

/** Follows references. What a reference says beside its target (mapType, default …) is the referrer's to look at. */
export function resolve(schema: Schema, source: SchemaSource): Schema {
  let found = schema;
  while (found.ref !== undefined) found = source.definition(found.ref) ?? unknown;
  return found;
}

export const isIntOrString = (schema: Schema): boolean =>
  schema.intOrString === true || schema.ref === INT_OR_STRING || schema.format === 'int-or-string';

/** The schema of a field of an object schema (already resolved), be it a struct or a map; undefined when unknown. */
export function fieldSchema(schema: Schema, name: string): Schema | undefined {
  const properties = schema.properties;
  if (properties && Object.hasOwn(properties, name)) return properties[name];
  return typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined;
}

/**
 * Whether an empty list or map in this field is nothing at all, and not written: Go's omitempty. Structs, and fields that
 * are always written, say something when they are empty, too; and no owners of fields means that they are to go.
 */
export function vanishesEmpty(referrer: Schema, source: SchemaSource): boolean {
  if (referrer.zero !== undefined) return false;
  const { type, items, properties, additionalProperties } = resolve(referrer, source);
  if (type === 'array') return items?.ref !== OWNER_OF_FIELDS;
  return type === 'object' && !properties && typeof additionalProperties === 'object';
}

/** Of a list or map. */
export function isEmptyValue(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (Array.isArray(value)) return value.length === 0;
  for (const _key in value) return false;
  return true;
}

/** True when nothing is said about the fields inside: RawExtension, JSON, FieldsV1, `x-preserve-unknown-fields`. */
export function isOpen(schema: Schema): boolean {
  if (schema.preserveUnknownFields || schema.additionalProperties === true) return true;
  return !schema.properties && !schema.additionalProperties && !schema.items;
}
