// Which revisions a StatefulSet is between: the one that its pods come from and the one of its template, made when it is
// new and brought to the front when it was used before. Upstream: getStatefulSetRevisions and truncateHistory in
// pkg/controller/statefulset/stateful_set_control.go.
import type { ControllerRevision, StatefulSet } from 'kubernetes-types/apps/v1.js';
import type { Pod } from 'kubernetes-types/core/v1.js';
import { ControllerRevisions, StatefulSets } from '../../../api/resources.ts';
import { byRevision, isRevisionOf, revisionData } from '../../../api/revisions.ts';
import { isAlreadyExists } from '../../../api/status.ts';
import type { Client } from '../../../client/rest.ts';
import { deleteRevision, newRevision, renumber } from '../history/revisions.ts';
import { safeHash } from '../shared/hash.ts';
import { revisionOf } from './identity.ts';

const HASH_LABEL = 'controller.kubernetes.io/hash';

export interface SetRevisions {
  current: ControllerRevision;
  update: ControllerRevision;
  collisionCount: number;
}

/** `revisions` are sorted by byRevision. */
export async function setRevisions(
  client: Client,
  set: StatefulSet,
  revisions: readonly ControllerRevision[],
): Promise<SetRevisions> {
  const template = set.spec!.template;
  const newest = revisions.at(-1);
  const next = (newest?.revision ?? 0) + 1;
  const equal = revisions.findLast((r) => isRevisionOf(r, template));
  let collisionCount = set.status?.collisionCount ?? 0;
  let update: ControllerRevision;
  if (equal && newest && isRevisionOf(newest, template)) update = newest;
  else if (equal) update = await renumber(client, equal, next);
  else ({ update, collisionCount } = await create(client, set, next, collisionCount));
  const current = revisions.find((r) => r.metadata?.name === set.status?.currentRevision) ?? update;
  return { current, update, collisionCount };
}

async function create(client: Client, set: StatefulSet, revision: number, collisions: number) {
  const data = revisionData(set.spec!.template);
  for (let collisionCount = collisions; ; collisionCount++) {
    const hash = safeHash(data, String(collisionCount));
    const wanted = newRevision(StatefulSets, set, { hash, hashLabel: HASH_LABEL, revision });
    try {
      return { update: await client.create(ControllerRevisions, wanted), collisionCount };
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
      const { name = '', namespace } = wanted.metadata ?? {};
      const live = await client.get(ControllerRevisions, { name, namespace });
      if (isRevisionOf(live, set.spec!.template)) return { update: live, collisionCount };
    }
  }
}

/** The oldest beyond the limit, of those that no pod and no status names. */
export function revisionsToDelete(
  set: StatefulSet,
  revisions: readonly ControllerRevision[],
  pods: Iterable<Pod>,
  used: Pick<SetRevisions, 'current' | 'update'>,
): ControllerRevision[] {
  const live = new Set<string | undefined>([used.current.metadata?.name, used.update.metadata?.name]);
  for (const pod of pods) live.add(revisionOf(pod));
  const old = revisions.filter((r) => !live.has(r.metadata?.name)).sort(byRevision);
  const limit = set.spec?.revisionHistoryLimit ?? 10;
  return limit < 0 ? [] : old.slice(0, Math.max(0, old.length - limit));
}

export async function truncateHistory(client: Client, surplus: readonly ControllerRevision[]): Promise<void> {
  for (const revision of surplus) await deleteRevision(client, revision);
}
