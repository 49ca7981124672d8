// The revisions of a DaemonSet: the one of its template, found, made or brought to the front, and the old ones.
// Upstream: constructHistory, snapshot and cleanupHistory in pkg/controller/daemon/update.go.
import type { ControllerRevision, DaemonSet } from 'kubernetes-types/apps/v1.js';
import type { Pod } from 'kubernetes-types/core/v1.js';
import { ControllerRevisions, DaemonSets, Pods } from '../../../api/resources.ts';
import { REVISION_HASH, byRevision, isRevisionOf } from '../../../api/revisions.ts';
import { isAlreadyExists } from '../../../api/status.ts';
import type { Client } from '../../../client/rest.ts';
import { deleteRevision, newRevision, renumber } from '../history/revisions.ts';
import { templateHash } from '../shared/hash.ts';

export interface DaemonHistory {
  current: ControllerRevision;
  old: ControllerRevision[];
  /** When duplicates are to be removed. */
  lookAgainMs?: number;
}

/** So long two revisions with one template may stand: somebody who made the second one sees both. */
const DUPLICATE_MS = 5000;

export const hashOf = (revision: ControllerRevision): string => revision.metadata?.labels?.[REVISION_HASH] ?? '';

export async function daemonHistory(
  client: Client,
  ds: DaemonSet,
  claimed: readonly ControllerRevision[],
  pods: () => Promise<readonly Pod[]>,
  nowMs: number,
): Promise<DaemonHistory> {
  const labelled = await Promise.all(claimed.map((revision) => withHash(client, revision)));
  const template = ds.spec!.template;
  const same = labelled.filter((revision) => isRevisionOf(revision, template));
  const old = labelled.filter((revision) => !same.includes(revision));
  const next = Math.max(0, ...old.map((r) => r.revision)) + 1;
  if (same.length === 0) return { current: await snapshot(client, ds, next), old };
  const kept = same.toSorted(byRevision).at(-1)!;
  const lookAgainMs = same.length > 1 ? await takeOver(client, kept, same, pods, nowMs) : undefined;
  const current = kept.revision < next ? await renumber(client, kept, next) : kept;
  return { current, old, ...(lookAgainMs === undefined ? {} : { lookAgainMs }) };
}

/** Revisions of somebody else's making may lack the label; their name is as good as a hash. */
async function withHash(client: Client, revision: ControllerRevision): Promise<ControllerRevision> {
  const { labels, name = '' } = revision.metadata ?? {};
  if (labels?.[REVISION_HASH] !== undefined) return revision;
  const metadata = { ...revision.metadata, labels: { ...labels, [REVISION_HASH]: name } };
  return client.update(ControllerRevisions, { ...revision, metadata });
}

/** All pods become the kept one's, then the others with its template go. Upstream: dedupCurHistories. */
async function takeOver(
  client: Client,
  kept: ControllerRevision,
  same: readonly ControllerRevision[],
  pods: () => Promise<readonly Pod[]>,
  nowMs: number,
): Promise<number | undefined> {
  const hash = hashOf(kept);
  for (const pod of await pods()) {
    if (pod.metadata?.labels?.[REVISION_HASH] === hash) continue;
    const { name = '', namespace } = pod.metadata ?? {};
    await client.patch(Pods, { name, namespace }, 'merge', { metadata: { labels: { [REVISION_HASH]: hash } } });
  }
  const age = nowMs - Date.parse(kept.metadata?.creationTimestamp ?? '');
  if (age < DUPLICATE_MS) return DUPLICATE_MS - age;
  for (const revision of same) if (revision !== kept) await deleteRevision(client, revision);
  return undefined;
}

async function snapshot(client: Client, ds: DaemonSet, revision: number): Promise<ControllerRevision> {
  const hash = templateHash(ds.spec!.template, ds.status?.collisionCount);
  const wanted = newRevision(DaemonSets, ds, { hash, hashLabel: REVISION_HASH, revision });
  try {
    return await client.create(ControllerRevisions, wanted);
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    const { name = '', namespace } = wanted.metadata ?? {};
    const live = await client.get(ControllerRevisions, { name, namespace });
    if (isRevisionOf(live, ds.spec!.template)) return live;
    await countCollision(client, ds);
    throw error;
  }
}

/** The next attempt makes another name. A count that is not the one that was used has been raised already. */
async function countCollision(client: Client, ds: DaemonSet): Promise<void> {
  const { name = '', namespace } = ds.metadata ?? {};
  const live = await client.get(DaemonSets, { name, namespace });
  const [used, now] = [ds.status?.collisionCount, live.status?.collisionCount];
  if (used !== now) {
    throw new Error(
      `found a stale collision count (${used}, expected ${now}) of DaemonSet "${name}" while processing; will retry until it is updated`,
    );
  }
  await client.updateStatus(DaemonSets, { ...live, status: { ...live.status!, collisionCount: (now ?? 0) + 1 } });
}

/** The oldest beyond the limit; what a pod was made of stays. */
export function historyToDelete(ds: DaemonSet, old: readonly ControllerRevision[], pods: Iterable<Pod>) {
  let surplus = old.length - (ds.spec?.revisionHistoryLimit ?? 10);
  if (surplus <= 0) return [];
  const live = new Set<string | undefined>();
  for (const pod of pods) live.add(pod.metadata?.labels?.[REVISION_HASH]);
  return old.toSorted(byRevision).filter((revision) => !live.has(hashOf(revision)) && surplus-- > 0);
}
