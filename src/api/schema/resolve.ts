// How walkers get from a schema that may be a reference to the one that says something. No walking here.
import type { Schema, SchemaSource } from './schema.ts';

const INT_OR_STRING = 'io.k8s.apimachinery.pkg.util.intstr.IntOrString';
export const QUANTITY = 'io.k8s.apimachinery.pkg.api.resource.Quantity';
export const TIME = 'io.k8s.apimachinery.pkg.apis.meta.v1.Time';
export const MICRO_TIME = 'io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime';
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

/** True when nothing is said about the fields inside: RawExtension, JSON, FieldsV1, `x-preserve-unknown-fields`. */
export function isOpen(schema: Schema): boolean {
  if (schema.preserveUnknownFields || schema.additionalProperties === true) return true;
  return !schema.properties && !schema.additionalProperties && !schema.items;
}
