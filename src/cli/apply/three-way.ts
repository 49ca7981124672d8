// Client-side apply of one object that exists: the patch from the last applied, the wanted and the live configuration,
// sent with retries on conflict. Upstream: kubectl/pkg/cmd/apply/patcher.go.
import { stringifySorted } from '../../api/codec/json.ts';
import { parseJson } from '../../api/codec/json.ts';
import { createThreeWayJsonMergePatch } from '../../api/patch/merge-patch.ts';
import { createThreeWayMergePatch } from '../../api/patch/strategic.ts';
import { builtinSchemas } from '../../api/schema/builtin.ts';
import { isConflict, isReason } from '../../api/status.ts';
import { resourcePath, type Unstructured } from '../../api/types.ts';
import { deleteBody } from '../../client/rest.ts';
import type { Info } from '../builder/builder.ts';
import type { Cluster } from '../cluster.ts';
import { CliError } from '../errors.ts';
import type { Propagation } from '../flags.ts';
import { lastAppliedOf } from '../last-applied.ts';
import { createObject, patchObject, readObject, withSource, type WriteOptions } from '../operation.ts';
import { deleted, waitFor } from '../wait/conditions.ts';

type Fields = Record<string, unknown>;

const MAX_RETRIES = 5;
const RETRIES_AT_ONCE = 1;
const BACK_OFF_MS = 1000;
const WEEK_MS = 7 * 24 * 3_600_000;

export interface PatchPlan {
  type: 'strategic' | 'merge';
  patch: Fields;
}

/** The patch that `apply` would send; empty when nothing changes. */
export function applyPatch(current: Unstructured, modified: Unstructured, overwrite: boolean, info: Info): PatchPlan {
  const text = lastAppliedOf(current);
  const original = text === undefined || text === '' ? {} : (parseJson(text) as Fields);
  const { group, version, kind } = info.mapping;
  const schema = builtinSchemas.forKind(group, version, kind);
  if (!schema) return { type: 'merge', patch: mergePatch(original, modified, current) };
  const patch = createThreeWayMergePatch(original, modified, current, schema, builtinSchemas, overwrite);
  return { type: 'strategic', patch };
}

function mergePatch(original: Fields, modified: Unstructured, current: Unstructured): Fields {
  const patch = createThreeWayJsonMergePatch(original, modified, current);
  const metadata = patch['metadata'] as Fields | undefined;
  if ('apiVersion' in patch || 'kind' in patch || (metadata && 'name' in metadata)) {
    throw new CliError('At least one of apiVersion, kind and name was changed');
  }
  return patch;
}

export interface ApplyOptions extends WriteOptions {
  overwrite: boolean;
  /** Replace by delete and create when the patch is refused. */
  recreate?: { propagationPolicy: Propagation; gracePeriodSeconds: number; timeoutMs: number };
}

/** Sends what is needed; `changed` is false when nothing was. */
export async function applyToExisting(
  cluster: Cluster,
  info: Info,
  current: Unstructured,
  modified: Unstructured,
  options: ApplyOptions,
): Promise<{ object: Unstructured; changed: boolean }> {
  let live = current;
  for (let attempt = 0; ; attempt++) {
    const { type, patch } = applyPatch(live, modified, options.overwrite, info);
    if (Object.keys(patch).length === 0) return { object: live, changed: false };
    try {
      return { object: await patchObject(cluster, info, type, patch, options), changed: true };
    } catch (error) {
      if (isConflict(error) && attempt < MAX_RETRIES) {
        if (attempt >= RETRIES_AT_ONCE) await new Promise((resolve) => setTimeout(resolve, BACK_OFF_MS));
        live = await readObject(cluster, info);
        continue;
      }
      if (options.recreate && isReason(error, 'Conflict', 'Invalid')) {
        try {
          return { object: await recreate(cluster, info, live, modified, options), changed: true };
        } catch (failure) {
          throw describeFailure(failure, `${stringifySorted(modified)}\n`, info);
        }
      }
      throw describeFailure(withSource('patching', info.source, error), stringifySorted(patch), info);
    }
  }
}

/** Upstream names the patch and the object in front of the server's words. */
function describeFailure(error: unknown, patch: string, info: Info): Error {
  const { mapping, name, namespace = '' } = info;
  const resource = `${mapping.group ? `${mapping.group}/` : '/'}${mapping.version}, Resource=${mapping.plural}`;
  const kind = `${mapping.group ? `${mapping.group}/` : '/'}${mapping.version}, Kind=${mapping.kind}`;
  const about = `Resource: ${JSON.stringify(resource)}, GroupVersionKind: ${JSON.stringify(kind)}\nName: ${JSON.stringify(name)}, Namespace: ${JSON.stringify(namespace)}`;
  return withSource(`applying patch:\n${patch}\nto:\n${about}\nfor:`, info.source, error);
}

async function recreate(
  cluster: Cluster,
  info: Info,
  live: Unstructured,
  modified: Unstructured,
  options: ApplyOptions,
): Promise<Unstructured> {
  const { propagationPolicy, gracePeriodSeconds, timeoutMs } = options.recreate!;
  await cluster.json('DELETE', resourcePath(info.mapping, info), {
    body: deleteBody({ propagationPolicy, ...(gracePeriodSeconds >= 0 ? { gracePeriodSeconds } : {}) }),
  });
  const gone = await waitFor(cluster, info, deleted(live.metadata.uid), Date.now() + (timeoutMs || WEEK_MS));
  if (!gone.done) throw new CliError('context deadline exceeded');
  try {
    return await createObject(cluster, { ...info, object: modified }, options);
  } catch (error) {
    const metadata = { ...live.metadata, resourceVersion: undefined, uid: undefined };
    const original: Unstructured = { ...live, metadata: metadata as Unstructured['metadata'] };
    try {
      await createObject(cluster, { ...info, object: original }, options);
    } catch (second) {
      throw new CliError(
        `An error occurred force-replacing the existing object with the newly provided one:\n\n${(error as Error).message}.\n\nAdditionally, an error occurred attempting to restore the original object:\n\n${(second as Error).message}`,
      );
    }
    throw error;
  }
}

/** null members are removals for a patch and nothing for a create. */
export function withoutNulls<T>(value: T): T {
  if (Array.isArray(value)) return value.map(withoutNulls) as T;
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, v]) => v !== null);
  return Object.fromEntries(entries.map(([k, v]) => [k, withoutNulls(v)])) as T;
}
