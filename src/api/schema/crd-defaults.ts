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
export function checkDefaults(schema: Schema, path: string, errors: FieldErrors): void {
  if (schema.default !== undefined && schema.default !== null) checkDefault(schema, `${path}.default`, errors);
  if (schema.items) checkDefaults(schema.items, `${path}.items`, errors);
  for (const [name, inner] of Object.entries(schema.properties ?? {})) {
    if (inner.ref === undefined) checkDefaults(inner, `${path}.properties[${name}]`, errors);
  }
}

function checkDefault(schema: Schema, path: string, errors: FieldErrors): void {
  const found = new FieldErrors();
  const holder = { value: structuredClone(schema.default) };
  const wrapped: Schema = { type: 'object', properties: { value: schema } };
  if (pruneUnknown(holder, wrapped, builtinSchemas, false).length > 0) {
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
