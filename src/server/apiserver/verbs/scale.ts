// The scale subresource: an autoscaling/v1 Scale made of, and written back to, a few fields of the object.
// Upstream: pkg/registry/apps/deployment/storage (ScaleREST), apiextensions-apiserver pkg/registry/customresource.
import type { AnyKind, ScalePaths } from '../../../api/kind.ts';
import { ageColumn, column } from '../../../api/kinds/shared/columns.ts';
import { jsonPatch } from '../../../api/patch/json-patch.ts';
import { mergePatch } from '../../../api/patch/merge-patch.ts';
import { selectorFromObject } from '../../../api/selector.ts';
import { badRequest } from '../../../api/status.ts';
import { tableFor } from '../../../api/table.ts';
import type { JsonObject, Unstructured } from '../../../api/types.ts';
import { FieldErrors, invalid } from '../../../api/validation.ts';
import type { Response } from '../../../wire/http.ts';
import { cloneJson } from '../cache/encoding.ts';
import { decodeAs, mediaType, typed } from '../content/decode.ts';
import { negotiate, negotiatePlain } from '../content/negotiate.ts';
import { objectResponse } from '../content/respond.ts';
import { includeObject } from '../content/shapes.ts';
import { viewOf } from '../content/view.ts';
import type { RequestContext } from '../context.ts';
import type { Endpoint } from '../registry.ts';
import { AS_IS, toStorage } from './decode-object.ts';
import { current } from './get.ts';
import { trackUpdate } from './managed-fields.ts';
import { modify } from './modify.ts';
import { noSuchPath, writeOptions } from './options.ts';
import { readPatch } from './patch.ts';
import { checkPreconditions } from './update.ts';

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
  const change = info.verb === 'update' ? await sentScale(context) : await patchedScale(context);
  if (!change) throw noSuchPath();
  const options = writeOptions(context, 'UpdateOptions');
  const written = await modify(context, endpoint, info.name, {
    subresource: 'scale',
    dryRun: options.dryRun,
    change: async (old) => {
      const view = endpoint.kind.custom ? await viewOf(old, endpoint) : old;
      const scale = change(scaleOf(view, paths));
      checkPreconditions(
        endpoint,
        {
          ...scale,
          metadata: {
            ...scale.metadata,
            resourceVersion: scale.metadata.resourceVersion || old.metadata.resourceVersion!,
          },
        },
        old,
      );
      checkScale(scale);
      const draft = cloneJson(view) as JsonObject & Unstructured;
      set(draft, paths.spec, scale.spec?.replicas ?? 0);
      return endpoint.kind.custom ? toStorage(context, endpoint, draft, AS_IS) : draft;
    },
    track: (draft, old) => trackUpdate(context, endpoint, draft, old, options, 'scale'),
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

async function sentScale(context: RequestContext): Promise<Change> {
  const scale = await decodeAs(context, SCALE);
  if (!scale) throw badRequest('the request has no body');
  return () => scale as Scale;
}

async function patchedScale(context: RequestContext): Promise<Change> {
  const { value } = await readPatch(context);
  const json = mediaType(context.request) === 'application/json-patch+json';
  // Scale has no lists: strategic and merge patches of it are the same.
  return (scale) => {
    const result: unknown = json ? jsonPatch(scale, value) : mergePatch(scale, value);
    if (result === null || typeof result !== 'object') throw badRequest('the patch does not leave an object');
    return typed(cloneJson(result) as JsonObject, SCALE) as Scale;
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
