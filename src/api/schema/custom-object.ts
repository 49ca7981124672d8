// All that is checked of a custom object beside its own metadata, in upstream's order: values, embedded objects, list
// keys, then the rules, which run only when the values have the types that they were compiled for.
// Upstream: apiextensions-apiserver pkg/registry/customresource/{strategy,status_strategy,validator}.go.
import type { FieldErrors } from '../validation.ts';
import { FieldErrors as Collector } from '../validation.ts';
import { hasRules, validateRules } from './cel-rules.ts';
import { validateEmbedded } from './embedded.ts';
import { validateListKeys } from './list-keys.ts';
import type { Schema, SchemaSource } from './schema.ts';
import { checkObjectValues, validateAt } from './values.ts';

const NOT_CHECKED =
  'some validation rules were not checked because the object was invalid; correct the existing errors to complete validation';
/** Rules cannot run on what is not of its type or beyond its size. */
const BLOCKING = new Set([
  'FieldValueNotSupported',
  'FieldValueRequired',
  'FieldValueTooLong',
  'FieldValueTooMany',
  'FieldValueTypeInvalid',
]);

/** Pushes every error of a custom object. `old` is the stored object of an update. */
export function validateCustomObject(
  object: object,
  schema: Schema,
  source: SchemaSource,
  errors: FieldErrors,
  old?: object,
): void {
  const before = errors.list.length;
  checkObjectValues(object, schema, source, errors, old);
  finish(object, schema, source, errors, old, before);
}

/** Of an update of the status, whose values alone are looked at anew. */
export function validateCustomStatus(
  object: object,
  old: object,
  schema: Schema,
  source: SchemaSource,
  errors: FieldErrors,
): void {
  const before = errors.list.length;
  const inner = schema.properties?.['status'];
  const [status, oldStatus] = [(object as { status?: unknown }).status, (old as { status?: unknown }).status];
  if (inner && status !== undefined) validateAt(status, inner, source, 'status', errors, oldStatus);
  finish(object, schema, source, errors, old, before);
}

function finish(
  object: object,
  schema: Schema,
  source: SchemaSource,
  errors: FieldErrors,
  old: object | undefined,
  before: number,
): void {
  validateEmbedded(object, schema, '', errors);
  const keys = new Collector();
  validateListKeys(object, schema, source, keys);
  // What was wrong already may stay so.
  if (!keys.empty && !(old && wasWrong(old, schema, source))) errors.list.push(...keys.list);
  if (!hasRules(schema)) return;
  if (errors.list.slice(before).some(({ type }) => BLOCKING.has(type))) errors.invalid('<nil>', null, NOT_CHECKED);
  else validateRules(object, old, schema, errors);
}

function wasWrong(old: object, schema: Schema, source: SchemaSource): boolean {
  const errors = new Collector();
  validateListKeys(old, schema, source, errors);
  return !errors.empty;
}
