// The scale subresource: an autoscaling/v1 Scale made of, and written back to, a few fields of the object.
// Upstream: pkg/registry/apps/deployment/storage (ScaleREST), apiextensions-apiserver pkg/registry/customresource.
import type { AnyKind, ScalePaths } from '../../../api/kind.ts';
import { ageColumn, column } from '../../../api/kinds/shared/columns.ts';
import { jsonPatch } from '../../../api/patch/json-patch.ts';
import { mergePatch } from '../../../api/patch/merge-patch.ts';
import { builtinSchemas } from '../../../api/schema/builtin.ts';
import { selectorFromObject } from '../../../api/selector.ts';
import { badRequest } from '../../../api/status.ts';
import { tableFor } from '../../../api/table.ts';
import type { JsonObject, Unstructured } from '../../../api/types.ts';
import { FieldErrors, invalid } from '../../../api/validation.ts';
import type { Response } from '../../../wire/http.ts';
import { cloneJson } from '../cache/encoding.ts';
import { decodeAs, mediaType, typed, unsupportedMediaType } from '../content/decode.ts';
import { negotiate, negotiatePlain } from '../content/negotiate.ts';
import { objectResponse } from '../content/respond.ts';
import { includeObject } from '../content/shapes.ts';
import { viewOf } from '../content/view.ts';
import type { RequestContext } from '../context.ts';
import type { Endpoint } from '../registry.ts';
import { checkApplied, merged, readDocument } from './apply.ts';
import { AS_IS, toStorage } from './decode-object.ts';
import { current } from './get.ts';
import { trackUpdate } from './managed-fields.ts';
import { modify } from './modify.ts';
import { timestamp } from './metadata.ts';
import { type WriteOptions, noSuchPath, writeOptions } from './options.ts';
import { APPLY, acceptedPatches, checkOptions, readPatch } from './patch.ts';
import { checkName, checkPreconditions } from './update.ts';

interface Scale extends Unstructured {
  spec: { replicas?: number };
  status: { replicas: number; selector?: string };
}

const SCALE = { group: 'autoscaling', version: 'v1', kind: 'Scale' };
const BUILTIN: ScalePaths = {
  spec: ['spec', 'replicas'],
  status: ['status', 'replicas'],
  selector: ['spec', 'selector'],
};

/** All that a table needs to know of a kind. */
const SCALE_TABLE = {
  columns: [
    column<Scale>(
      'Desired',
      'integer',
      'desired number of instances for the scaled object.',
      (s) => s.spec.replicas ?? 0,
    ),
    column<Scale>(
      'Available',
      'integer',
      'actual number of observed instances of the scaled object.',
      (s) => s.status.replicas,
    ),
    ageColumn,
  ],
} as Pick<AnyKind, 'columns'> as AnyKind;

const pathsOf = (definition: AnyKind): ScalePaths => definition.subresources?.['scale']?.paths ?? BUILTIN;

export async function serveScale(context: RequestContext, endpoint: Endpoint): Promise<Response> {
  const { info, server } = context;
  const paths = pathsOf(endpoint.definition);
  const stored = pathsOf(endpoint.kind.definition);
  if (info.verb === 'get') {
    await server.feed.fresh();
    const object = await viewOf(current(context, endpoint).object(), endpoint);
    return answer(context, scaleOf(object, paths));
  }
  const type = mediaType(context.request);
  const patches = acceptedPatches(endpoint);
  if (info.verb === 'patch' && !patches.includes(type)) throw unsupportedMediaType(patches);
  const applying = info.verb === 'patch' && type === APPLY;
  const options = writeOptions(context, applying ? 'PatchOptions' : 'UpdateOptions');
  if (info.verb === 'patch') checkOptions(context, options, applying);
  const change = await changeOf(context, endpoint, applying, options);
  const written = await modify(context, endpoint, info.name, {
    subresource: 'scale',
    dryRun: options.dryRun,
    change,
    track: (draft, old) => (applying ? undefined : trackUpdate(context, endpoint, draft, old, options, 'scale')),
    options: { ...options },
    admitted: {
      of: (object) => scaleOf(object, stored),
      settle(draft, scale) {
        const replicas = (scale as Scale).spec?.replicas ?? 0;
        if (replicas !== numberAt(draft, stored.spec)) set(draft, stored.spec, replicas);
      },
    },
  });
  return answer(context, scaleOf(await viewOf(written.object, endpoint), paths));
}

function answer(context: RequestContext, scale: Scale): Promise<Response> {
  const { accept } = context.request.headers;
  const negotiated = negotiate(accept);
  if (negotiated.shape !== 'Table') return objectResponse(context, 200, () => scale, negotiatePlain(accept));
  const { shapeVersion: version } = negotiated;
  const table = tableFor(SCALE_TABLE, [scale], {
    nowMs: context.server.now(),
    version,
    includeObject: includeObject(context),
    metadata: { resourceVersion: scale.metadata.resourceVersion ?? '' },
  });
  return objectResponse(context, 200, () => table, negotiated);
}

type Change = (scale: Scale) => Scale;
type ParentChange = (old: Unstructured) => Promise<Unstructured>;

/** What a request makes of the object that is scaled. */
async function changeOf(
  context: RequestContext,
  endpoint: Endpoint,
  applying: boolean,
  options: WriteOptions,
): Promise<ParentChange> {
  if (applying) return appliedScale(context, endpoint, options);
  const change = context.info.verb === 'update' ? await sentScale(context) : await patchedScale(context);
  if (!change) throw noSuchPath();
  const paths = pathsOf(endpoint.definition);
  return async (old) => {
    const view = endpoint.kind.custom ? await viewOf(old, endpoint) : old;
    const scale = change(scaleOf(view, paths));
    checkVersion(endpoint, scale, old);
    checkScale(scale);
    const draft = cloneJson(view) as JsonObject & Unstructured;
    set(draft, paths.spec, scale.spec?.replicas ?? 0);
    return endpoint.kind.custom ? toStorage(context, endpoint, draft, AS_IS) : draft;
  };
}

/** Whoever sends no resourceVersion means the one that there is. */
function checkVersion(endpoint: Endpoint, { metadata }: Unstructured, old: Unstructured): void {
  const resourceVersion = metadata.resourceVersion || old.metadata.resourceVersion!;
  checkPreconditions(endpoint, { ...old, metadata: { ...metadata, resourceVersion } }, old);
}

/**
 * An apply of a Scale is an apply of the one field of the object that the Scale stands for: who applies owns that.
 * Upstream: apimachinery pkg/util/managedfields/scalehandler.go.
 */
async function appliedScale(
  context: RequestContext,
  endpoint: Endpoint,
  { fieldManager: manager, force }: WriteOptions,
): Promise<ParentChange> {
  const applied = await readDocument(context, []);
  const { name } = context.info;
  checkApplied({ apiVersion: 'autoscaling/v1' }, name, applied, SCALE.kind);
  checkName(applied, name);
  const paths = pathsOf(endpoint.definition);
  const replicas = at(applied, ['spec', 'replicas']);
  return async (old) => {
    checkVersion(endpoint, applied, old);
    const live = await viewOf(old, endpoint);
    const part: Unstructured = { apiVersion: endpoint.apiVersion, kind: endpoint.definition.kind, metadata: { name } };
    if (typeof replicas === 'number') set(part, paths.spec, replicas);
    const { object } = await merged(context, endpoint, {
      ...{ live, applied: part, manager, force: force === true, apiVersion: endpoint.apiVersion },
      ...{ subresource: 'scale', standsFor: 'autoscaling/v1', custom: endpoint.kind.custom },
      ...{ now: timestamp(context.server.now()), schema: endpoint.schema ?? {}, source: builtinSchemas },
    });
    checkScale(scaleOf(object, paths));
    return toStorage(context, endpoint, cloneJson(object) as JsonObject & Unstructured, AS_IS);
  };
}

async function sentScale(context: RequestContext): Promise<Change> {
  const scale = await decodeAs(context, SCALE);
  if (!scale) throw badRequest('the request has no body');
  return () => scale as Scale;
}

async function patchedScale(context: RequestContext): Promise<Change> {
  const { value } = await readPatch(context);
  const type = mediaType(context.request);
  // Scale has no lists: strategic and merge patches of it are the same, but that a strategic one is put into a Scale,
  // whatever kind it says. Upstream: smpPatcher.applyPatchToCurrentObject.
  return (scale) => {
    const result: unknown = type === 'application/json-patch+json' ? jsonPatch(scale, value) : mergePatch(scale, value);
    if (result === null || typeof result !== 'object') throw badRequest('the patch does not leave an object');
    const draft = cloneJson(result) as JsonObject;
    if (type === 'application/strategic-merge-patch+json')
      [draft.kind, draft.apiVersion] = [scale.kind, scale.apiVersion];
    return typed(draft, SCALE) as Scale;
  };
}

function checkScale(scale: Scale): void {
  const replicas = scale.spec?.replicas ?? 0;
  const errors = new FieldErrors();
  if (replicas < 0) errors.invalid('spec.replicas', replicas, 'must be greater than or equal to 0');
  if (!errors.empty) throw invalid({ group: 'autoscaling', kind: 'Scale' }, scale.metadata.name ?? '', errors);
}

function scaleOf(object: Unstructured, paths: ScalePaths): Scale {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const selector = paths.selector && at(object, paths.selector);
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: { replicas: numberAt(object, paths.spec) },
    status: { replicas: numberAt(object, paths.status), ...(selector ? { selector: selectorText(selector) } : {}) },
  } as Scale;
}

function selectorText(selector: unknown): string {
  if (typeof selector === 'string') return selector;
  const isObject = 'matchLabels' in (selector as object) || 'matchExpressions' in (selector as object);
  // ReplicationControllers select by a plain map.
  return selectorFromObject(
    isObject ? (selector as object) : { matchLabels: selector as Record<string, string> },
  ).toString();
}

function at(object: Unstructured, path: readonly string[]): unknown {
  let value: unknown = object;
  for (const field of path) {
    if (value === null || typeof value !== 'object') return undefined;
    value = (value as Record<string, unknown>)[field];
  }
  return value;
}

function numberAt(object: Unstructured, path: readonly string[]): number {
  const value = at(object, path);
  return typeof value === 'number' ? value : 0;
}

function set(draft: Unstructured, path: readonly string[], value: number): void {
  let target = draft as Record<string, unknown>;
  for (const field of path.slice(0, -1)) {
    target[field] ??= {};
    target = target[field] as Record<string, unknown>;
  }
  target[path.at(-1)!] = value;
}
