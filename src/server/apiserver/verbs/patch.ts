// PATCH in its four kinds. A patch is applied to the object in the version of the request and then goes the way of an
// update; after a conflict it is applied again to the newer object. Upstream: handlers/patch.go.
import { stringifyJson } from '../../../api/codec/json.ts';
import { goPrint } from '../../../api/patch/equal.ts';
import { jsonPatch } from '../../../api/patch/json-patch.ts';
import { mergePatch } from '../../../api/patch/merge-patch.ts';
import { strategicMergePatch } from '../../../api/patch/strategic.ts';
import { builtinSchemas } from '../../../api/schema/builtin.ts';
import { type StatusError, badRequest } from '../../../api/status.ts';
import type { JsonObject, Unstructured } from '../../../api/types.ts';
import { FieldErrors, invalid } from '../../../api/validation.ts';
import type { Response } from '../../../wire/http.ts';
import { cloneJson } from '../cache/encoding.ts';
import {
  checkMetadata,
  depthChecked,
  mediaType,
  parseNoting,
  readBytes,
  readText,
  unreadable,
  unsupportedMediaType,
} from '../content/decode.ts';
import { negotiateFor } from '../content/negotiate.ts';
import { viewOf } from '../content/view.ts';
import type { RequestContext } from '../context.ts';
import { checkCustomType } from '../crd/object-rules.ts';
import type { Endpoint } from '../registry.ts';
import { writtenResponse } from './answer.ts';
import { apply } from './apply.ts';
import { settleNamespace, settledFields, toStorage } from './decode-object.ts';
import { jsonPatchProblems } from './json-patch-body.ts';
import { trackUpdate } from './managed-fields.ts';
import { modify } from './modify.ts';
import { type WriteOptions, writeOptions } from './options.ts';
import { checkName, checkVersion } from './update.ts';

const JSON_PATCH = 'application/json-patch+json';
const MERGE_PATCH = 'application/merge-patch+json';
const STRATEGIC = 'application/strategic-merge-patch+json';
export const APPLY = 'application/apply-patch+yaml';

/** Upstream's order in its message. */
export function acceptedPatches(endpoint: Endpoint): string[] {
  return endpoint.kind.custom ? [JSON_PATCH, MERGE_PATCH, APPLY] : [JSON_PATCH, MERGE_PATCH, STRATEGIC, APPLY];
}

export async function patch(context: RequestContext, endpoint: Endpoint): Promise<Response> {
  const type = mediaType(context.request);
  if (!acceptedPatches(endpoint).includes(type)) throw unsupportedMediaType(acceptedPatches(endpoint));
  const negotiated = negotiateFor(context.request.headers['accept'], endpoint);
  const options = writeOptions(context, 'PatchOptions');
  checkOptions(context, options, type === APPLY);
  if (type === APPLY) return apply(context, endpoint, options, negotiated);
  const body = await readPatch(context);
  const { subresource, name } = context.info;
  const written = await modify(context, endpoint, name, {
    subresource,
    dryRun: options.dryRun,
    options: { ...options },
    change: (old) => patched(context, endpoint, old, type, body, options),
    track: (draft, old) => trackUpdate(context, endpoint, draft, old, options, subresource),
  });
  return writtenResponse(context, 200, endpoint, written, negotiated);
}

export function checkOptions(context: RequestContext, options: WriteOptions, applying: boolean): void {
  const errors = new FieldErrors();
  if (applying && !context.request.query.get('fieldManager'))
    errors.required('fieldManager', 'is required for apply patch');
  if (!applying && options.force !== undefined) errors.forbidden('force', 'may not be specified for non-apply patch');
  if (!errors.empty) throw invalid({ group: 'meta.k8s.io', kind: 'PatchOptions' }, '', errors);
}

export interface PatchBody {
  value: unknown;
  /** Keys that stood twice, and what else strict decoding complains of. */
  duplicates: string[];
}

export async function readPatch(context: RequestContext): Promise<PatchBody> {
  const shared = context.request.body?.shared?.();
  if (shared !== undefined) return { value: shared, duplicates: [] };
  const type = mediaType(context.request);
  const text = readText(await readBytes(context.request));
  const duplicates: string[] = [];
  let value: unknown;
  try {
    value = parseNoting(text, duplicates);
  } catch (error) {
    throw badRequest(`error decoding patch: ${(error as Error).message}`);
  }
  return { value, duplicates: type === JSON_PATCH ? jsonPatchProblems(value, duplicates) : duplicates };
}

async function patched(
  context: RequestContext,
  endpoint: Endpoint,
  old: Unstructured,
  type: string,
  body: PatchBody,
  options: WriteOptions,
): Promise<Unstructured> {
  const current = await viewOf(old, endpoint);
  const result = applyPatch(endpoint, current, type, body.value);
  if (result === null || typeof result !== 'object' || Array.isArray(result)) {
    throw badRequest('the patch does not leave an object');
  }
  // Patches share what they do not touch with the frozen original.
  const draft = cloneJson(result) as JsonObject & Unstructured;
  checkMetadata(draft, endpoint.definition.kind, endpoint.apiVersion);
  const sent = type === STRATEGIC ? () => goPrint(body.value) : () => stringifyJson(result);
  settleType(endpoint, draft, type, sent);
  checkVersion(endpoint, draft, old);
  settleNamespace(context, endpoint, draft);
  checkName(draft, context.info.name);
  const settled = settledFields(endpoint, current, result);
  const reading = { validation: options.fieldValidation, problems: body.duplicates, refuse: refusedPatch(sent) };
  return toStorage(context, endpoint, draft, reading, settled);
}

/**
 * A strategic patch is put into an object of the right type, whatever it says; what other patches leave is read anew.
 * Upstream: jsonPatcher and smpPatcher, applyPatchToCurrentObject.
 */
function settleType(endpoint: Endpoint, draft: JsonObject & Unstructured, type: string, sent: () => string): void {
  const { kind } = endpoint.definition;
  if (endpoint.kind.custom) return checkCustomType(draft, kind, endpoint.apiVersion);
  draft.apiVersion ||= endpoint.apiVersion;
  draft.kind ||= kind;
  const isOther = draft.kind !== kind || draft.apiVersion !== endpoint.apiVersion;
  const why = isOther && type !== STRATEGIC ? unreadable(draft, kind, endpoint.apiVersion) : undefined;
  if (why !== undefined) throw refusedPatch(sent)(why);
  draft.apiVersion = endpoint.apiVersion;
  draft.kind = kind;
}

/** What a patch leaves and cannot be read is invalid, not a bad request. Upstream: jsonPatcher.applyPatchToCurrentObject. */
const refusedPatch =
  (sent: () => string) =>
  (problem: string): StatusError => {
    const errors = new FieldErrors();
    errors.invalid('patch', sent(), problem);
    return invalid({ group: '', kind: '' }, '', errors);
  };

function applyPatch(endpoint: Endpoint, current: Unstructured, type: string, value: unknown): unknown {
  if (type === JSON_PATCH) return depthChecked(jsonPatch(current, value));
  if (type === MERGE_PATCH) {
    if (value === null || typeof value !== 'object' || Array.isArray(value)) throw badRequest('Invalid JSON Patch');
    return mergePatch(current, value);
  }
  const { schema } = endpoint;
  return schema ? strategicMergePatch(current, value, schema, builtinSchemas) : mergePatch(current, value);
}
