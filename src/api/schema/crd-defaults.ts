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
export function checkDefaults(schema: Schema, path: string, errors: FieldErrors, insideMeta = false): void {
  const { items, properties = {}, embeddedResource } = schema;
  const inside = insideMeta && !embeddedResource;
  if (schema.default !== undefined && schema.default !== null) checkDefault(schema, `${path}.default`, errors, inside);
  if (items) checkDefaults(items, `${path}.items`, errors, inside);
  for (const [name, inner] of Object.entries(properties)) {
    const meta = inside || (embeddedResource === true && TYPE_AND_META.has(name));
    if (inner.ref === undefined) checkDefaults(inner, `${path}.properties[${name}]`, errors, meta);
  }
}

const TYPE_AND_META = new Set(['apiVersion', 'kind', 'metadata']);

/** Of metadata what is unknown goes when the default is used. */
function checkDefault(schema: Schema, path: string, errors: FieldErrors, insideMeta: boolean): void {
  const found = new FieldErrors();
  const holder = { value: structuredClone(schema.default) };
  const wrapped: Schema = { type: 'object', properties: { value: schema } };
  if (!insideMeta && pruneUnknown(holder, wrapped, builtinSchemas, false).length > 0) {
    errors.invalid(path, schema.default, 'must not have unknown fields');
  }
  validateEmbedded(schema.default, schema, path, found);
  if (found.empty) validateAt(schema.default, schema, builtinSchemas, path, found);
  if (found.empty) {
    const isRoot = schema.embeddedResource === true;
    validateRules(schema.default, schema.default, schema, found, path, isRoot);
    // A rule with an optional oldSelf may say something else of a value that comes anew.
    if (found.empty) validateRules(schema.default, undefined, schema, found, path, isRoot);
  }
  errors.list.push(...found.list);
}
