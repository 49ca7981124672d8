// What the server makes of a custom object before anybody judges it: fields that its schema does not know go, nulls that
// may not be go, and defaults come. Upstream: customresource_handler.go, unstructuredSchemaCoercer and unstructuredDefaulter.
import { applyDefaults, pruneNulls } from './defaults.ts';
import { hasEmbedded } from './embedded.ts';
import { pruneUnknown } from './prune.ts';
import type { Schema, SchemaSource } from './schema.ts';

/** Mutates the draft; answers the paths of what was unknown. */
export function coerce(draft: object, schema: Schema, source: SchemaSource): string[] {
  const unknown = pruneUnknown(draft, schema, source);
  pruneNulls(draft, schema, source);
  return unknown;
}

/** The same, and fills in the defaults. */
export function coerceAndDefault(draft: object, schema: Schema, source: SchemaSource): string[] {
  const unknown = coerce(draft, schema, source);
  applyDefaults(draft, schema, source);
  // Defaults may hold metadata with fields that metadata does not have.
  if (hasEmbedded(schema)) pruneUnknown(draft, schema, source);
  return unknown;
}
