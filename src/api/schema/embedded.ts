// Objects within custom resources (x-kubernetes-embedded-resource) are named and typed as whole ones are.
// Upstream: apiextensions-apiserver pkg/apiserver/schema/objectmeta/validation.go.
import {
  dns1035LabelErrors,
  dns1123LabelErrors,
  pathSegmentErrors,
  validateAnnotations,
  validateLabels,
} from '../names.ts';
import type { ObjectMeta } from '../types.ts';
import type { FieldErrors } from '../validation.ts';
import { builtinSchemas } from './builtin.ts';
import { checkTypes } from './check-types.ts';
import { OBJECT_META, fieldSchema } from './resolve.ts';
import type { Schema } from './schema.ts';

type Fields = Record<string, unknown>;

const known = new WeakMap<Schema, boolean>();

export function hasEmbedded(schema: Schema): boolean {
  if (schema.ref !== undefined) return false;
  let found = known.get(schema);
  if (found === undefined) {
    const inner = [...Object.values(schema.properties ?? {}), schema.items, schema.additionalProperties];
    found = schema.embeddedResource === true || inner.some((s) => typeof s === 'object' && hasEmbedded(s));
    known.set(schema, found);
  }
  return found;
}

/** Pushes what is wrong with the names and types of embedded objects. */
export function validateEmbedded(value: unknown, schema: Schema, path: string, errors: FieldErrors): void {
  if (value === null || typeof value !== 'object' || !hasEmbedded(schema)) return;
  if (Array.isArray(value)) {
    const { items } = schema;
    if (items) value.forEach((item, i) => validateEmbedded(item, items, `${path}[${i}]`, errors));
    return;
  }
  const fields = value as Fields;
  const at = (name: string): string => (path === '' ? name : `${path}.${name}`);
  if (schema.embeddedResource) checkResource(fields, at, errors);
  for (const [name, member] of Object.entries(fields)) {
    const inner = fieldSchema(schema, name);
    if (!inner) continue;
    const named = schema.properties !== undefined && Object.hasOwn(schema.properties, name);
    validateEmbedded(member, inner, named ? at(name) : `${path}[${name}]`, errors);
  }
}

function checkResource(fields: Fields, at: (name: string) => string, errors: FieldErrors): void {
  for (const name of ['apiVersion', 'kind'] as const) {
    const value = fields[name];
    if (!Object.hasOwn(fields, name)) errors.required(at(name));
    else if (typeof value !== 'string') errors.invalid(at(name), value, 'must be a string');
    else if (value === '') errors.invalid(at(name), value, 'must not be empty');
    else if (name === 'apiVersion' && value.split('/').length > 2) {
      errors.invalid(at(name), value, `unexpected GroupVersion string: ${value}`);
    } else if (name === 'kind') {
      const bad = dns1035LabelErrors(value.toLowerCase());
      const why = `may have mixed case, but should otherwise match: ${bad.join(',')}`;
      if (bad.length > 0) errors.invalid(at(name), value, why);
    }
  }
  const { metadata } = fields;
  if (metadata === undefined || metadata === null) return;
  const problem = checkTypes(metadata, { ref: OBJECT_META }, builtinSchemas, 'ObjectMeta');
  if (problem !== undefined) return errors.invalid(at('metadata'), metadata, problem);
  const { name = '', generateName = '', namespace = '', labels, annotations } = metadata as Partial<ObjectMeta>;
  for (const what of '/%') {
    const why = `may not contain '${what}'`;
    if (generateName.includes(what)) errors.invalid(at('metadata.generateName'), generateName, why);
  }
  for (const why of pathSegmentErrors(name)) errors.invalid(at('metadata.name'), name, why);
  if (namespace !== '') {
    for (const why of dns1123LabelErrors(namespace)) errors.invalid(at('metadata.namespace'), namespace, why);
  }
  validateLabels(errors, `${at('metadata')}.labels`, labels);
  validateAnnotations(errors, `${at('metadata')}.annotations`, annotations);
}
