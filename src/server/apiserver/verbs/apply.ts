// Server-side apply: PATCH with application/apply-patch+yaml. Creates what is not there. The merge and the ownership
// of fields are api/patch's. Upstream: handlers/patch.go (applyPatcher).
import { YamlError, yamlConversionError } from '../../../api/codec/yaml.ts';
import { type ApplyOptions, type Conversion, applyAcrossVersions, serverSideApply } from '../../../api/patch/apply.ts';
import { builtinSchemas } from '../../../api/schema/builtin.ts';
import { pruneUnknown } from '../../../api/schema/prune.ts';
import { StatusError, badRequest, conflict, notFound } from '../../../api/status.ts';
import type { JsonObject, Unstructured } from '../../../api/types.ts';
import type { Response } from '../../../wire/http.ts';
import { cloneJson } from '../cache/encoding.ts';
import { checkMetadata, parseYamlText, readBytes, readText } from '../content/decode.ts';
import type { Negotiated } from '../content/negotiate.ts';
import { convertBetween, viewOf } from '../content/view.ts';
import type { RequestContext } from '../context.ts';
import type { Endpoint } from '../registry.ts';
import { writtenResponse } from './answer.ts';
import { createInstead } from './create.ts';
import { AS_IS, settleNamespace, settledFields, toStorage } from './decode-object.ts';
import { allSpeakOf, endpointAt, fieldsPutBack } from './managed-fields.ts';
import { timestamp } from './metadata.ts';
import { modifyExisting } from './modify.ts';
import type { WriteOptions } from './options.ts';
import { checkName, checkVersion } from './update.ts';

export async function apply(
  context: RequestContext,
  endpoint: Endpoint,
  options: WriteOptions,
  negotiated: Negotiated,
): Promise<Response> {
  const { name, subresource } = context.info;
  const applied = await readApplied(context, endpoint, options);
  const merge = async (live: Unstructured | undefined): Promise<Unstructured> => {
    if (live)
      checkVersion(
        endpoint,
        { ...applied, metadata: { resourceVersion: live.metadata.resourceVersion!, ...applied.metadata } },
        live,
      );
    const current = live && (await viewOf(live, endpoint));
    const { object } = await merged(context, endpoint, {
      live: current,
      applied,
      manager: options.fieldManager,
      force: options.force === true,
      apiVersion: endpoint.apiVersion,
      subresource: subresource || undefined,
      now: timestamp(context.server.now()),
      schema: endpoint.schema ?? {},
      source: builtinSchemas,
      resetFields: fieldsPutBack(endpoint, subresource),
      custom: endpoint.kind.custom,
    });
    const draft = cloneJson(object) as JsonObject & Unstructured;
    const settled = current && settledFields(endpoint, current, object);
    return toStorage(context, endpoint, draft, AS_IS, settled);
  };
  const written = await modifyExisting(context, endpoint, name, {
    subresource,
    dryRun: options.dryRun,
    options: { ...options },
    change: merge,
    // The merge has done that.
    track: () => {},
  });
  if (written) return writtenResponse(context, 200, endpoint, written, negotiated);
  if (subresource !== '') throw notFound(endpoint.qualified, name);
  if (applied.metadata.uid) {
    const why = `uid mismatch: the provided object specified uid ${applied.metadata.uid}, and no existing object was found`;
    throw conflict(endpoint.qualified, name, why);
  }
  const created = await createInstead(context, endpoint, await merge(undefined), options, () => {});
  return writtenResponse(context, 201, endpoint, created, negotiated);
}

/** Owners may speak of versions that differ. */
export function merged(context: RequestContext, endpoint: Endpoint, options: ApplyOptions) {
  const { live, apiVersion: own } = options;
  if (!endpoint.kind.mixedVersions && (!live || allSpeakOf(own, live))) return serverSideApply(options);
  const at = (apiVersion: string) => endpointAt(context, endpoint, apiVersion);
  const schemaAt = (apiVersion: string) => at(apiVersion)?.schema;
  const convert = async ({ object, apiVersion }: Conversion) =>
    convertBetween(object, at(object.apiVersion) ?? endpoint, at(apiVersion)!);
  return applyAcrossVersions({ ...options, schemaAt }, convert);
}

async function readApplied(context: RequestContext, endpoint: Endpoint, options: WriteOptions): Promise<Unstructured> {
  const { kind } = endpoint.definition;
  const duplicates: string[] = [];
  const applied = await readDocument(context, duplicates);
  checkApplied(endpoint, context.info.name, applied, kind);
  applied.metadata.name ??= context.info.name;
  checkName(applied, context.info.name);
  settleNamespace(context, endpoint, applied);
  refuseUnknown(endpoint, applied);
  reportDuplicates(context, duplicates, options);
  return applied;
}

/** The body of an apply. */
export async function readDocument(context: RequestContext, duplicates: string[]): Promise<JsonObject> {
  const { body } = context.request;
  const value: unknown = body?.shared
    ? cloneJson(body.shared())
    : parsePatch(readText(await readBytes(context.request)), duplicates);
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    throw badRequest(`error decoding YAML: the patch is not an object`);
  }
  return value as JsonObject;
}

/** What is applied must say what it is: nothing is taken from the path. */
export function checkApplied(
  { apiVersion }: Pick<Endpoint, 'apiVersion'>,
  name: string,
  applied: JsonObject,
  kind: string,
): asserts applied is JsonObject & Unstructured {
  const text = (field: string): string => (typeof applied[field] === 'string' ? (applied[field] as string) : '');
  if (text('apiVersion') !== apiVersion) {
    const said = text('apiVersion');
    throw badRequest(
      `Incorrect version specified in apply patch. Specified patch version: ${said}, expected: ${apiVersion}`,
    );
  }
  if (text('kind') !== kind) {
    const type = `${apiVersion}, Kind=${text('kind')}`;
    throw untyped(`/${name}; ${type}`, `no corresponding type for ${type}`);
  }
  checkMetadata(applied, kind, apiVersion);
}

const untyped = (what: string, why: string): StatusError =>
  new StatusError('', `failed to create typed patch object (${what}): ${why}`, undefined, 500);

function parsePatch(text: string, duplicates: string[]): unknown {
  try {
    return parseYamlText(text, duplicates);
  } catch (error) {
    if (!(error instanceof YamlError)) throw error;
    throw badRequest(`error decoding YAML: ${yamlConversionError(error)}`);
  }
}

/** Upstream: sigs.k8s.io/yaml UnmarshalStrict of the patch, by applyPatcher. */
function reportDuplicates(context: RequestContext, duplicates: string[], { fieldValidation }: WriteOptions): void {
  if (duplicates.length === 0 || fieldValidation === 'Ignore') return;
  const why = `error converting YAML to JSON: yaml: unmarshal errors:\n  ${duplicates.join('\n  ')}`;
  if (fieldValidation === 'Strict') throw badRequest(`error strict decoding YAML: ${why}`);
  context.warnings.push(why);
}

/** Who owns a field that nobody knows? Upstream: structured-merge-diff's typed errors. */
function refuseUnknown(endpoint: Endpoint, applied: Unstructured): void {
  if (!endpoint.schema) return;
  const unknown = pruneUnknown(applied, endpoint.schema, builtinSchemas).map(
    (path) => `.${path}: field not declared in schema`,
  );
  if (unknown.length === 0) return;
  const { namespace, name } = applied.metadata;
  const what = `${namespace ? `${namespace}/` : '/'}${name}; ${endpoint.apiVersion}, Kind=${applied.kind}`;
  const why = unknown.length === 1 ? unknown[0] : `errors:\n  ${unknown.join('\n  ')}`;
  throw untyped(what, why!);
}
