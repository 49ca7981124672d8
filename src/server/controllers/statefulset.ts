// Keeps the pods of a StatefulSet: each with a name, a hostname and claims of its own, created, updated and removed in
// order. This file wakes and claims; a step is in statefulset/update.ts.
// Upstream: pkg/controller/statefulset/stateful_set.go.
import type { ControllerRevision, StatefulSet } from 'kubernetes-types/apps/v1.js';
import type { PersistentVolumeClaim, Pod } from 'kubernetes-types/core/v1.js';
import { ControllerRevisions, PersistentVolumeClaims, Pods, StatefulSets } from '../../api/resources.ts';
import { byRevision, templateOfRevision } from '../../api/revisions.ts';
import { objectKey } from '../../api/types.ts';
import { type ControllerContext, defineController, watch } from '../../client/controller.ts';
import type { Lister } from '../../client/informer.ts';
import { type ControllerEnvironment, defineControllerModule } from './_types.ts';
import { claimRevisions } from './history/revisions.ts';
import { claimObjects } from './shared/claim.ts';
import { coalesce } from './shared/objects.ts';
import { controlledOrOrphan, controllerOf, indexByController } from './shared/owners.ts';
import { unlessTerminating } from './shared/pod-control.ts';
import { nextAvailabilityMs } from './shared/pods.ts';
import { ownedSelector } from './shared/selectors.ts';
import { writeStatus } from './shared/write-status.ts';
import { Deletions } from './statefulset/deletions.ts';
import { type VersionedTemplate, claimTemplates, isMember, replicasOf } from './statefulset/identity.ts';
import { StatefulPods } from './statefulset/pods.ts';
import { revisionsToDelete, setRevisions, truncateHistory } from './statefulset/revisions.ts';
import { completed, isStatusCurrent } from './statefulset/status.ts';
import { updateStatefulSet } from './statefulset/update.ts';

interface Listers {
  sets: Lister<StatefulSet>;
  pods: Lister<Pod>;
  revisions: Lister<ControllerRevision>;
  deletions: Deletions;
}

function setup({ informers }: ControllerEnvironment) {
  const pods = informers.for(Pods);
  const listers: Listers = {
    sets: informers.for(StatefulSets).lister,
    pods: indexByController(pods),
    deletions: new Deletions(pods),
    revisions: indexByController(informers.for(ControllerRevisions)),
  };
  return [
    defineController({
      name: 'statefulset',
      for: StatefulSets,
      owns: [Pods],
      watches: [
        watch(Pods, (pod) => adopters(pod, listers.sets)),
        watch(PersistentVolumeClaims, (claim) => usersOf(claim, listers.sets)),
      ],
      reads: [ControllerRevisions],
      workers: 5,
      reconcile: (context, key) => unlessTerminating(reconcile(context, key, listers)),
    }),
  ];
}

/** A pod that nobody controls wakes every set that could adopt it. */
function adopters(pod: Pod, sets: Lister<StatefulSet>): string[] {
  const { labels, namespace } = pod.metadata ?? {};
  if (controllerOf(pod) || !labels) return [];
  const takes = (set: StatefulSet) => isMember(set, pod) && ownedSelector(set.spec?.selector).matches(labels);
  return sets.list(namespace).filter(takes).map(objectKey);
}

/** A set may wait for a claim to go, or has to put its owners right. */
function usersOf(claim: PersistentVolumeClaim, sets: Lister<StatefulSet>): string[] {
  const { name = '', namespace } = claim.metadata ?? {};
  const uses = (set: StatefulSet) => claimTemplates(set).some((t) => name.startsWith(`${t}-${set.metadata?.name}-`));
  return sets.list(namespace).filter(uses).map(objectKey);
}

async function reconcile(context: ControllerContext, key: string, listers: Listers) {
  await coalesce(context, listers.sets.get(key)?.status?.replicas ?? 0);
  const set = listers.sets.get(key);
  if (!set?.spec) return;
  const { client } = context;
  const revisions = await claimRevisions(client, listers.revisions, StatefulSets, set);
  revisions.sort(byRevision);
  const selector = ownedSelector(set.spec.selector);
  const claimed = await claimObjects(controlledOrOrphan(listers.pods, set), {
    client,
    ownerType: StatefulSets,
    owner: set,
    type: Pods,
    matches: (labels, pod) => selector.matches(labels) && isMember(set, pod),
  });
  const pods = await listers.deletions.apply(client, claimed);
  const used = await setRevisions(client, set, revisions);
  const moment = { minReadySeconds: set.spec.minReadySeconds ?? 0, nowMs: context.clock.now() };
  const { status, error } = await updateStatefulSet({
    set,
    current: versioned(used.current),
    update: versioned(used.update),
    collisionCount: used.collisionCount,
    pods,
    control: new StatefulPods(context, set, listers.deletions),
    moment,
  });
  const next = completed(set, status);
  await writeStatus(client, StatefulSets, set, (current) => (isStatusCurrent(current, next) ? undefined : next));
  await truncateHistory(client, revisionsToDelete(set, revisions, pods, used));
  if (error !== undefined) throw error as Error;
  if ((status.availableReplicas ?? 0) === replicasOf(set)) return;
  const requeueAfterMs = nextAvailabilityMs(pods, set.spec.minReadySeconds, moment.nowMs);
  if (requeueAfterMs !== undefined) return { requeueAfterMs };
}

const versioned = (revision: ControllerRevision): VersionedTemplate => ({
  revision: revision.metadata?.name ?? '',
  template: templateOfRevision(revision),
});

export default defineControllerModule({ name: 'statefulset', setup });
