// What the client finds wrong in a manifest before the server sees it: no kind or apiVersion, and the fields of a `v1
// List`, which no server validates as a whole. Everything else is left to the server's own field validation; a server
// before 1.25 has none, and its models (server-models.ts) are what fields are held to. Upstream: kubectl/pkg/validation,
// kube-openapi/pkg/util/proto/validation.
import { builtinSchemas, definitionNameOf } from '../../api/schema/builtin.ts';
import type { Schema, SchemaSource } from '../../api/schema/schema.ts';
import type { GroupVersionKind } from '../../api/types.ts';
import type { FieldValidation } from '../flags.ts';

/** Schemas, and the names of those that are kinds. */
export interface Models extends SchemaSource {
  nameOf(group: string, version: string, kind: string): string | undefined;
}

const builtinModels: Models = {
  definition: (name) => builtinSchemas.definition(name),
  forKind: (group, version, kind) => builtinSchemas.forKind(group, version, kind),
  nameOf: definitionNameOf,
};

type Fields = Record<string, unknown>;

const isMap = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Several messages as Go prints an aggregate: one alone, or all in brackets. */
const aggregate = (messages: readonly string[]): string | undefined => {
  const unique = [...new Set(messages)];
  return unique.length > 1 ? `[${unique.join(', ')}]` : unique[0];
};

/** What keeps a document from saying which kind it is of; undefined when nothing does. */
export const kindProblem = (value: unknown): string | undefined => aggregate(kindOf(value).errors);

/**
 * What is wrong with a document; undefined when nothing is. `models` are the server's, if it does not validate fields.
 * Upstream: paramVerifyingSchema.ValidateBytes.
 */
export function clientValidation(value: unknown, directive: FieldValidation, models?: Models): string | undefined {
  if (directive === 'Ignore') return undefined;
  const { gvk } = kindOf(value);
  if (!gvk || directive !== 'Strict') return kindProblem(value);
  if (gvk.kind !== 'List' || gvk.group !== '' || gvk.version !== 'v1') {
    return models && aggregate(fieldErrors(value, gvk, models));
  }
  const { items } = value as Fields;
  if (!Array.isArray(items)) return 'invalid object to validate';
  return aggregate(
    items.flatMap((item) => {
      const found = kindOf(item);
      return found.gvk ? fieldErrors(item, found.gvk, models ?? builtinModels) : found.errors;
    }),
  );
}

function kindOf(value: unknown): { gvk?: GroupVersionKind; errors: string[] } {
  if (!isMap(value)) return { errors: ['invalid object to validate'] };
  const { apiVersion, kind } = value;
  const errors: string[] = [];
  let group = '';
  let version = '';
  if (apiVersion === undefined || apiVersion === null) errors.push('apiVersion not set');
  else if (typeof apiVersion !== 'string') errors.push("apiVersion isn't string type");
  else {
    const parts = apiVersion.split('/');
    if (parts.length > 2) errors.push(`unexpected GroupVersion string: ${apiVersion}`);
    else [group, version] = parts.length === 2 ? (parts as [string, string]) : ['', apiVersion];
  }
  if (kind === undefined || kind === null) errors.push('kind not set');
  else if (typeof kind !== 'string') errors.push("kind isn't string type");
  return errors.length > 0 ? { errors } : { gvk: { group, version, kind: kind as string }, errors };
}

/** Kinds that the models do not have are left to the server. */
function fieldErrors(value: unknown, { group, version, kind }: GroupVersionKind, models: Models): string[] {
  const schema = models.forKind(group, version, kind);
  if (!schema) return [];
  const found: Found = { models, errors: [] };
  check(value, schema, kind, models.nameOf(group, version, kind) ?? kind, found);
  return found.errors;
}

interface Found {
  models: Models;
  errors: string[];
}

/** `path` is where the value stands; `model` names the place in the schema. */
function check(value: unknown, schema: Schema, path: string, model: string, found: Found): void {
  const { models, errors } = found;
  if (schema.ref !== undefined) {
    const definition = models.definition(schema.ref);
    if (definition) check(value, definition, path, schema.ref, found);
    return;
  }
  const expected = expectation(schema);
  if (expected === undefined) return;
  if (value === null || value === undefined) {
    errors.push(`unknown object type "nil" in ${path}`);
    return;
  }
  const actual = typeOf(value);
  if (!fits(expected, actual)) {
    errors.push(
      `ValidationError(${path}): invalid type for ${model}: got ${JSON.stringify(actual)}, expected ${JSON.stringify(expected)}`,
    );
    return;
  }
  if (Array.isArray(value)) checkItems(value, schema, path, model, found);
  else if (isMap(value)) checkFields(value, schema, path, model, found);
}

function checkItems(values: readonly unknown[], schema: Schema, path: string, model: string, found: Found): void {
  for (const [i, item] of values.entries()) {
    if (item === null) found.errors.push(`ValidationError(${path}[${i}]): unknown object type "nil" in ${path}[${i}]`);
    else check(item, schema.items ?? {}, `${path}[${i}]`, model, found);
  }
}

function checkFields(value: Fields, schema: Schema, path: string, model: string, found: Found): void {
  const { errors } = found;
  const { properties, additionalProperties } = schema;
  for (const key of Object.keys(value).sort()) {
    const at = `${path}.${key}`;
    if (!properties) {
      if (typeof additionalProperties === 'object') check(value[key], additionalProperties, at, model, found);
      continue;
    }
    if (value[key] === null) continue;
    const field = Object.hasOwn(properties, key) ? properties[key] : undefined;
    if (!field) errors.push(`ValidationError(${path}): unknown field ${JSON.stringify(key)} in ${model}`);
    else check(value[key], field, at, `${model}.${key}`, found);
  }
  for (const required of properties ? (schema.required ?? []) : []) {
    if (value[required] !== undefined && value[required] !== null) continue;
    errors.push(`ValidationError(${path}): missing required field ${JSON.stringify(required)} in ${model}`);
  }
}

/** What a schema takes, in OpenAPI v2's words; undefined when it takes anything. */
function expectation(schema: Schema): string | undefined {
  if (schema.intOrString) return 'string';
  return schema.type === 'object' || (schema.type === undefined && schema.properties) ? 'map' : schema.type;
}

function typeOf(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'bigint') return 'integer';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value === 'object' ? 'map' : typeof value;
}

/** A text takes every scalar, as upstream has it. */
function fits(expected: string, actual: string): boolean {
  if (expected === 'string') return actual !== 'map' && actual !== 'array';
  if (expected === 'integer' || expected === 'number') return actual === 'integer' || actual === 'number';
  return expected === actual;
}
