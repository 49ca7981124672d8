// The defaults in a CustomResourceDefinition's schema must be what the schema allows, and nothing that would be pruned.
// Upstream: apiextensions-apiserver pkg/apiserver/schema/defaulting/validation.go.
import { FieldErrors } from '../validation.ts';
import { builtinSchemas } from './builtin.ts';
import { validateRules } from './cel-rules.ts';
import { validateEmbedded } from './embedded.ts';
import { pruneUnknown } from './prune.ts';
import type { Schema } from './schema.ts';
import { validateAt } from './values.ts';

/** Pushes an error for each default that is none; `path` is the schema's. */
export function checkDefaults(schema: Schema, path: string, errors: FieldErrors, around?: Around): void {
  const { items, properties = {}, embeddedResource } = schema;
  const inside = embeddedResource ? undefined : around;
  if (schema.default !== undefined && schema.default !== null) {
    if (!inside || isMetadata(schema.default, inside, `${path}.default`, errors)) {
      checkDefault(schema, `${path}.default`, errors, inside !== undefined);
    }
  }
  if (items) checkDefaults(items, `${path}.items`, errors, inside && ((value) => inside([value])));
  for (const [name, inner] of Object.entries(properties)) {
    const outer = inside ?? (embeddedResource && TYPE_AND_META.has(name) ? (value) => value : undefined);
    const meta = outer && ((value: unknown) => outer({ [name]: value }));
    if (inner.ref === undefined) checkDefaults(inner, `${path}.properties[${name}]`, errors, meta);
  }
}

/** Puts a value that stands in an embedded object's type or metadata where it stands. */
type Around = (value: unknown) => unknown;

const TYPE_AND_META = new Set(['apiVersion', 'kind', 'metadata']);
const EMBEDDED: Schema = { type: 'object', embeddedResource: true, preserveUnknownFields: true };

/** Whether an otherwise good object that has the default would have good metadata. */
function isMetadata(value: unknown, around: Around, path: string, errors: FieldErrors): boolean {
  const found = new FieldErrors();
  const object = { apiVersion: 'validation/v1', kind: 'Validation', ...(around(value) as object) };
  validateEmbedded(object, EMBEDDED, '', found);
  const texts = [...new Set(found.list.map(({ field, body }) => `${field}: ${body}`))];
  if (texts.length === 0) return true;
  const why = texts.length === 1 ? texts[0]! : `[${texts.join(', ')}]`;
  errors.invalid(path, value, `must result in valid metadata: ${why}`);
  return false;
}

/** Of metadata what is unknown goes when the default is used. */
function checkDefault(schema: Schema, path: string, errors: FieldErrors, insideMeta: boolean): void {
  const found = new FieldErrors();
  const holder = { value: structuredClone(schema.default) };
  const wrapped: Schema = { type: 'object', properties: { value: schema } };
  if (!insideMeta && pruneUnknown(holder, wrapped, builtinSchemas, false).length > 0) {
    errors.invalid(path, schema.default, 'must not have unknown fields');
  }
  validateEmbedded(schema.default, schema, path, found);
  // What is of the wrong type is told alone.
  const mistyped = found.list.find(
    ({ field, body }) => field.endsWith('metadata') || body.endsWith('must be a string'),
  );
  if (mistyped) found.list.splice(0, Infinity, mistyped);
  if (found.empty) validateAt(schema.default, schema, builtinSchemas, path, found);
  if (found.empty) {
    const isRoot = schema.embeddedResource === true;
    validateRules(schema.default, schema.default, schema, found, path, isRoot);
    // A rule with an optional oldSelf may say something else of a value that comes anew.
    if (found.empty) validateRules(schema.default, undefined, schema, found, path, isRoot);
  }
  errors.list.push(...found.list);
}
