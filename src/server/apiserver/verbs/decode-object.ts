// From a request body to a draft in the stored version: types, unknown fields, defaults, conversion. All of it is
// about the document alone; nothing here looks at what is stored.
import { setOwn } from '../../../api/codec/json.ts';
import { builtinSchemas } from '../../../api/schema/builtin.ts';
import { checkTypes, decodeError } from '../../../api/schema/check-types.ts';
import { conforms } from '../../../api/schema/conforms.ts';
import { coerce, coerceAndDefault } from '../../../api/schema/coerce.ts';
import { applyDefaults } from '../../../api/schema/defaults.ts';
import { pruneUnknown, strictDecodingError, unknownField } from '../../../api/schema/prune.ts';
import { OBJECT_META } from '../../../api/schema/resolve.ts';
import type { Schema } from '../../../api/schema/schema.ts';
import { type StatusError, badRequest } from '../../../api/status.ts';
import type { JsonObject, Unstructured } from '../../../api/types.ts';
import { checkType, decodeBody } from '../content/decode.ts';
import type { RequestContext } from '../context.ts';
import type { Converter } from '../crd/conversion.ts';
import { checkCustomType } from '../crd/object-rules.ts';
import type { Endpoint, StoredKind } from '../registry.ts';
import { settleNulls } from './nulls.ts';
import type { FieldValidation } from './options.ts';

/** The request's body as a draft of the stored version. Throws BadRequest for what it cannot be. */
export async function decodeObject(
  context: RequestContext,
  endpoint: Endpoint,
  validation: FieldValidation,
): Promise<Unstructured> {
  const { kind } = endpoint.definition;
  const body = await decodeBody(context, kind);
  if (!body) {
    const why = "couldn't get version/kind; json parse error: unexpected end of JSON input";
    throw badRequest(`the object provided is unrecognized (must be of type ${kind}): ${why} ()`);
  }
  const { draft } = body;
  if (endpoint.kind.custom) checkCustomType(draft, kind, endpoint.apiVersion);
  else checkType(draft, kind, endpoint.apiVersion);
  return toStorage(context, endpoint, draft, { validation, problems: body.duplicates, inOrder: body.inOrder });
}

/** How strictly a document is taken. */
export interface Reading {
  validation: FieldValidation;
  /** What the parser found: keys that stood twice. */
  problems: readonly string[];
  /** Built-in kinds are one pass over the text, which tells problems in its order. */
  inOrder?: ((problems: readonly string[]) => string[]) | undefined;
  /** The answer to what cannot be taken; default: BadRequest. */
  refuse?: (problem: string) => StatusError;
}
export const AS_IS: Reading = { validation: 'Ignore', problems: [] };

/**
 * A document in the endpoint's version to a draft of the stored one; mutates the draft. Unknown fields (and `problems`
 * that the parser found) are refused, warned of, or ignored. `settled` names fields that were stored as they are.
 */
export function toStorage(
  context: RequestContext,
  endpoint: Endpoint,
  draft: JsonObject & Unstructured,
  reading: Reading,
  settled: ReadonlySet<string> = NOTHING,
): Promise<Unstructured> | Unstructured {
  const { served, kind } = endpoint;
  const { schema } = endpoint;
  if (schema && settled.size > 0) {
    const changed = without(draft, settled);
    checkDocument(context, endpoint, schema, changed, reading);
    takeOver(draft, changed, settled);
  } else if (schema) checkDocument(context, endpoint, schema, draft, reading);
  else reportStrict(context, endpoint, reading.problems, reading);
  served.defaults?.(draft);
  if (kind.converter && endpoint.apiVersion !== kind.storageApiVersion) return converted(kind.converter, draft, kind);
  served.convert?.toStorage(draft);
  draft.apiVersion = kind.storageApiVersion;
  // The stored version's defaults are for those who read it; see content/view.ts.
  if (!kind.custom) kind.definition.defaults?.(draft);
  else if (!endpoint.asStored) coerce(draft, kind.definition.schema!, builtinSchemas);
  return draft;
}

async function converted(converter: Converter, draft: Unstructured, kind: StoredKind): Promise<Unstructured> {
  const { definition, storageApiVersion } = kind;
  const [stored] = await converter.convert([draft], storageApiVersion);
  if (definition.schema) coerce(stored!, definition.schema, builtinSchemas);
  return stored!;
}

const NOTHING: ReadonlySet<string> = new Set();
const ALWAYS_CHECKED: ReadonlySet<string> = new Set(['apiVersion', 'kind', 'metadata']);

/**
 * The fields of an object that a patch left as they are stored: their types, nulls, unknown fields and defaults were
 * settled when they were written. Custom resources and other versions have schemas that change under their objects.
 */
export function settledFields(endpoint: Endpoint, current: Unstructured, patched: object): ReadonlySet<string> {
  if (!endpoint.asStored || endpoint.kind.custom) return NOTHING;
  const settled = new Set<string>();
  for (const [field, value] of Object.entries(patched)) {
    if (value === current[field] && !ALWAYS_CHECKED.has(field)) settled.add(field);
  }
  return settled;
}

function without(draft: Unstructured, settled: ReadonlySet<string>): JsonObject & Unstructured {
  const rest: JsonObject = {};
  for (const field of Object.keys(draft)) if (!settled.has(field)) setOwn(rest, field, draft[field]);
  return rest as JsonObject & Unstructured;
}

/** What the checks made of the other fields; the order of fields stays. */
function takeOver(draft: Unstructured, checked: Unstructured, settled: ReadonlySet<string>): void {
  for (const field of Object.keys(draft)) {
    if (!settled.has(field) && !Object.hasOwn(checked, field)) delete draft[field];
  }
  // A default for the whole of a settled field is not one: the field is there.
  for (const field of Object.keys(checked)) if (!settled.has(field)) setOwn(draft, field, checked[field]);
}

const META_SCHEMA: Schema = { ref: OBJECT_META };

function checkDocument(
  context: RequestContext,
  endpoint: Endpoint,
  schema: Schema,
  draft: JsonObject & Unstructured,
  reading: Reading,
): void {
  const { kind } = endpoint.definition;
  const custom = endpoint.kind.custom;
  if (!custom && reading.problems.length === 0 && conforms(schema, builtinSchemas)(draft)) {
    applyDefaults(draft, schema, builtinSchemas);
    return;
  }
  const problem = custom
    ? checkTypes(draft.metadata, META_SCHEMA, builtinSchemas, 'ObjectMeta')
    : checkTypes(draft, schema, builtinSchemas, kind);
  if (problem !== undefined) throw refusal(endpoint, problem, reading);
  if (!custom) settleNulls(draft, schema, builtinSchemas);
  const pruned = custom ? coerceAndDefault(draft, schema, builtinSchemas) : pruneUnknown(draft, schema, builtinSchemas);
  const unknown = pruned.map(unknownField);
  if (unknown.length > 0 || reading.problems.length > 0) {
    const all = [...reading.problems, ...unknown];
    // A custom resource is read first and pruned then.
    reportStrict(context, endpoint, custom ? all : (reading.inOrder?.(all) ?? all), reading);
  }
  if (!custom) applyDefaults(draft, schema, builtinSchemas);
}

function reportStrict(
  context: RequestContext,
  endpoint: Endpoint,
  problems: readonly string[],
  reading: Reading,
): void {
  if (problems.length === 0 || reading.validation === 'Ignore') return;
  if (reading.validation === 'Warn') return void context.warnings.push(...problems);
  throw refusal(endpoint, strictDecodingError(problems), reading);
}

const refusal = (endpoint: Endpoint, problem: string, { refuse }: Reading): StatusError =>
  refuse ? refuse(problem) : badRequest(decodeError(endpoint.version, endpoint.definition.kind, problem));

/** The namespace of the path goes into the draft; another one in the body is refused. */
export function settleNamespace(context: RequestContext, endpoint: Endpoint, draft: Unstructured): void {
  const { metadata } = draft;
  if (!endpoint.namespaced) {
    // Upstream's EnsureObjectNamespaceMatchesRequestNamespace drops it for cluster-scoped kinds.
    delete metadata.namespace;
    return;
  }
  if (metadata.namespace && metadata.namespace !== context.info.namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
  metadata.namespace = context.info.namespace;
}
