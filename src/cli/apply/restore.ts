// Takes back what an apply did to one object. What others changed since then is theirs: such fields are left as they
// are and told, unless `force` says otherwise.
//
// Example: the apply made replicas 1 -> 3 and the image a -> b; somebody made replicas 5. The image goes back to a,
// replicas stay 5, and the conflict is told.
import { isDeepStrictEqual } from 'node:util';
import { createMergePatch, mergePatch } from '../../api/patch/merge-patch.ts';
import { isConflict, isNotFound } from '../../api/status.ts';
import { resourcePath, type Unstructured } from '../../api/types.ts';
import { deleteBody } from '../../client/rest.ts';
import type { Cluster } from '../cluster.ts';
import { type DryRun } from '../flags.ts';
import { LAST_APPLIED } from '../last-applied.ts';
import { fieldChanges, ownFields } from './field-diff.ts';
import type { JournalEntry } from './journal.ts';

type Fields = Record<string, unknown>;
const MAX_RETRIES = 5;

export interface Restored {
  /** What was done; undefined when nothing was. */
  operation?: 'deleted' | 'restored' | 'recreated';
  /** Why something was left as it is. */
  conflicts: string[];
  /** What there was before; absent when nothing was there. */
  from?: Unstructured;
  /** What there is now. */
  to?: Unstructured;
  /** No later attempt can do more, not even by force. */
  hopeless?: boolean;
}

export interface RestoreOptions {
  force: boolean;
  dryRun: DryRun;
}

export async function restore(cluster: Cluster, entry: JournalEntry, options: RestoreOptions): Promise<Restored> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await restoreOnce(cluster, entry, options);
    } catch (error) {
      if (!isConflict(error) || attempt === MAX_RETRIES) throw error;
    }
  }
}

async function restoreOnce(cluster: Cluster, entry: JournalEntry, options: RestoreOptions): Promise<Restored> {
  const path = resourcePath(entry.address, entry);
  const live = await cluster.json<Unstructured>('GET', path).catch((error: unknown) => {
    if (isNotFound(error)) return undefined;
    throw error;
  });
  if (entry.operation === 'pruned') return recreate(cluster, entry, live, options);
  if (!live) {
    return hopeless(...(entry.operation === 'created' ? [] : ['it was deleted since then: left as it is']));
  }
  if (live.metadata.uid !== entry.uid) return hopeless('it is another object of the same name now: left as it is');
  if (entry.operation === 'created') return remove(cluster, entry, live, options);
  if (!entry.before || !entry.after) return hopeless('what it held before is not kept: left as it is');
  return putBack(cluster, entry.before, entry.after, live, path, options);
}

const hopeless = (...conflicts: string[]): Restored => ({ conflicts, hopeless: true });

const queryOf = ({ dryRun }: RestoreOptions): Record<string, string> => (dryRun === 'server' ? { dryRun: 'All' } : {});

async function recreate(
  cluster: Cluster,
  entry: JournalEntry,
  live: Unstructured | undefined,
  options: RestoreOptions,
): Promise<Restored> {
  if (live) return hopeless('it was made anew since then: left as it is');
  if (!entry.before) return hopeless('what it held is not kept: it is not made anew');
  if (options.dryRun !== 'client') {
    const path = resourcePath(entry.address, { namespace: entry.namespace });
    await cluster.json('POST', path, { body: ownFields(entry.before), query: queryOf(options) });
  }
  return { operation: 'recreated', conflicts: [], to: entry.before };
}

/** Removed only as the apply left it. */
async function remove(
  cluster: Cluster,
  entry: JournalEntry,
  live: Unstructured,
  options: RestoreOptions,
): Promise<Restored> {
  const changed = entry.manifest && entry.after ? changedSince(entry.manifest, entry.after, live) : [];
  if (changed.length > 0 && !options.force) {
    return { conflicts: changed.map((path) => `${path} was changed since then: it is not deleted`) };
  }
  if (options.dryRun !== 'client') {
    const { uid, resourceVersion } = live.metadata;
    const preconditions = options.force ? { uid } : { uid, resourceVersion };
    const dryRun = options.dryRun === 'server';
    await cluster.json('DELETE', resourcePath(entry.address, entry), {
      body: deleteBody({ propagationPolicy: 'Background', preconditions, dryRun }),
    });
  }
  return { operation: 'deleted', conflicts: [], from: entry.manifest ?? live };
}

/** Fields of the manifest that are not as the apply left them. */
function changedSince(manifest: Unstructured, after: Unstructured, live: Unstructured): string[] {
  const written = new Set(topPaths(manifest));
  // What controllers add is no change of what the manifest said.
  return fieldChanges(after, live)
    .filter((c) => c.before !== undefined)
    .map((c) => c.path)
    .filter((path) => [...written].some((w) => path === w || path.startsWith(`${w}.`) || path.startsWith(`${w}[`)));
}

/** What a manifest is about: its fields below `metadata`, `spec` and the like. */
function topPaths(manifest: Unstructured): string[] {
  return Object.entries(manifest).flatMap(([key, value]) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.keys(value).map((inner) => (/[./]/.test(inner) ? `${key}[${JSON.stringify(inner)}]` : `${key}.${inner}`))
      : [key],
  );
}

async function putBack(
  cluster: Cluster,
  before: Unstructured,
  after: Unstructured,
  live: Unstructured,
  path: string,
  options: RestoreOptions,
): Promise<Restored> {
  const conflicts: string[] = [];
  const patch = createMergePatch(ownFields(after), ownFields(before)) as Fields;
  if (!options.force) keepForeign(patch, ownFields(after), ownFields(live), ownFields(before), '', conflicts);
  if (Object.keys(patch).length === 0) return { conflicts };
  const metadata = { ...(patch['metadata'] as Fields | undefined), resourceVersion: live.metadata.resourceVersion };
  if (options.dryRun === 'client') {
    return { operation: 'restored', conflicts, from: live, to: mergePatch(live, patch) as Unstructured };
  }
  const to = await cluster.json('PATCH', path, {
    body: { ...patch, metadata },
    contentType: 'application/merge-patch+json',
    query: { ...queryOf(options), fieldManager: 'kubectl-client-side-apply' },
  });
  return { operation: 'restored', conflicts, from: live, to };
}

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Takes out of the patch what is no longer as the apply left it. What is already as it was is no conflict. */
function keepForeign(
  patch: Fields,
  after: unknown,
  live: unknown,
  before: unknown,
  path: string,
  conflicts: string[],
): void {
  for (const key of Object.keys(patch)) {
    const at = (of: unknown): unknown => (isFields(of) ? of[key] : undefined);
    const name = path === '' ? key : `${path}.${key}`;
    const wanted = patch[key];
    if (isFields(wanted) && isFields(at(after)) && isFields(at(live))) {
      keepForeign(wanted, at(after), at(live), at(before), name, conflicts);
      if (Object.keys(wanted).length === 0) delete patch[key];
    } else if (!isDeepStrictEqual(at(after), at(live))) {
      delete patch[key];
      if (!isDeepStrictEqual(at(before), at(live)) && key !== LAST_APPLIED) {
        conflicts.push(`${name} was changed since then: left as it is`);
      }
    }
  }
}
