// Keeps as many pods as a ReplicaSet asks for: claims, creates in growing batches, deletes the least useful first.
// Upstream: pkg/controller/replicaset/replica_set.go. Ranking and status are pure, in replicaset/.
import type { ReplicaSet, ReplicaSetStatus } from 'kubernetes-types/apps/v1.js';
import type { Pod } from 'kubernetes-types/core/v1.js';
import { Pods, ReplicaSets } from '../../api/resources.ts';
import { isNotFound } from '../../api/status.ts';
import { objectKey } from '../../api/types.ts';
import { type ControllerContext, defineController, watch } from '../../client/controller.ts';
import type { Lister } from '../../client/informer.ts';
import { type ControllerEnvironment, defineControllerModule } from './_types.ts';
import { podsToDelete } from './replicaset/ranking.ts';
import { isStatusCurrent, nextAvailabilityMs, replicaSetStatus } from './replicaset/status.ts';
import { claimObjects } from './shared/claim.ts';
import { Expectations } from './shared/expectations.ts';
import { about, coalesce, messageOf, slowStartBatch } from './shared/objects.ts';
import {
  controlledBy,
  controlledOrOrphan,
  controllerOf,
  indexByController,
  newControllerRef,
} from './shared/owners.ts';
import { createPod, deletePod, isNamespaceTerminating, podFromTemplate } from './shared/pod-control.ts';
import { isPodActive } from './shared/pods.ts';
import { ownedSelector } from './shared/selectors.ts';

/** Creations or deletions of one reconcile. Upstream: BurstReplicas. */
const BURST = 500;

const ownerKey = (pod: Pod): string | undefined => {
  const owner = controllerOf(pod);
  return owner?.kind === 'ReplicaSet' && owner.apiVersion.startsWith('apps/')
    ? `${pod.metadata?.namespace}/${owner.name}`
    : undefined;
};

function setup(environment: ControllerEnvironment) {
  const expectations = new Expectations(environment.clock);
  const podInformer = environment.informers.for(Pods);
  const pods = indexByController(podInformer);
  const sets = indexByController(environment.informers.for(ReplicaSets));
  const deleted = (pod: Pod) => {
    const key = ownerKey(pod);
    if (key) expectations.deletionObserved(key, objectKey(pod));
  };
  podInformer.addHandler({
    add: (pod, initial) => {
      const key = ownerKey(pod);
      if (key && !initial) expectations.creationObserved(key);
      if (pod.metadata?.deletionTimestamp) deleted(pod);
    },
    update: (pod) => pod.metadata?.deletionTimestamp && deleted(pod),
    delete: deleted,
  });

  return [
    defineController({
      name: 'replicaset',
      for: ReplicaSets,
      watches: [watch(Pods, (pod, old) => wake(pod, old, sets))],
      workers: 5,
      reconcile: (context, key) => reconcile(context, key, expectations, pods, sets),
    }),
  ];
}

/** A pod wakes the set that controls it or did so; one without controller wakes all that could adopt it. */
function wake(pod: Pod, old: Pod | undefined, sets: Lister<ReplicaSet>): string[] {
  const keys = [ownerKey(pod), old && ownerKey(old)].filter((key) => key !== undefined);
  if (controllerOf(pod) || !pod.metadata?.labels) return keys;
  for (const rs of sets.list(pod.metadata.namespace)) {
    if (ownedSelector(rs.spec?.selector).matches(pod.metadata.labels)) keys.push(objectKey(rs));
  }
  return keys;
}

async function reconcile(
  context: ControllerContext,
  key: string,
  expectations: Expectations,
  podLister: Lister<Pod>,
  sets: Lister<ReplicaSet>,
) {
  await coalesce(context, sets.get(key)?.status?.replicas ?? 0);
  const rs = sets.get(key);
  if (!rs) {
    expectations.forget(key);
    return;
  }
  const settled = expectations.satisfied(key);
  const selector = ownedSelector(rs.spec?.selector);
  const active = controlledOrOrphan(podLister, rs).filter(isPodActive);
  const pods = await claimObjects(active, {
    client: context.client,
    ownerType: ReplicaSets,
    owner: rs,
    type: Pods,
    matches: (labels) => selector.matches(labels),
  });
  let failure: unknown;
  if (settled && !rs.metadata?.deletionTimestamp) {
    const related = () => relatedPods(rs, pods, podLister, sets);
    failure = await manageReplicas(context, rs, pods, related, expectations);
  }
  const now = context.clock.now();
  const message = failure === undefined ? undefined : messageOf(failure);
  await writeStatus(context, rs, (current) => replicaSetStatus(current, pods, message, now));
  if (failure !== undefined) throw failure;
  const requeueAfterMs = nextAvailabilityMs(rs, pods, now);
  if (requeueAfterMs !== undefined) return { requeueAfterMs };
}

/** All pods of the sets that the same Deployment controls: they decide which nodes are crowded. */
function relatedPods(rs: ReplicaSet, own: readonly Pod[], pods: Lister<Pod>, sets: Lister<ReplicaSet>): readonly Pod[] {
  const owner = controllerOf(rs);
  if (!owner) return own;
  return controlledBy(sets, owner.uid).flatMap((relative) => controlledBy(pods, relative.metadata?.uid ?? ''));
}

/** Answers the first error of what it tried. */
async function manageReplicas(
  context: ControllerContext,
  rs: ReplicaSet,
  pods: readonly Pod[],
  related: () => readonly Pod[],
  expectations: Expectations,
): Promise<unknown> {
  const key = objectKey(rs);
  const owner = about(ReplicaSets, rs);
  const owned = { client: context.client, events: context.events, owner };
  const difference = pods.length - (rs.spec?.replicas ?? 1);
  if (difference < 0) {
    const count = Math.min(-difference, BURST);
    expectations.expectCreations(key, count);
    const pod = podFromTemplate(rs.spec?.template ?? {}, owner, newControllerRef(ReplicaSets, rs));
    const { succeeded, error } = await slowStartBatch(count, async () => {
      try {
        await createPod(owned, pod);
      } catch (failure) {
        if (!isNamespaceTerminating(failure)) throw failure;
        expectations.creationObserved(key);
      }
    });
    // What failed or was skipped will never be seen.
    if (succeeded < count) expectations.creationObserved(key, count - succeeded);
    return error;
  }
  if (difference === 0) return undefined;
  const victims = podsToDelete(pods, related(), Math.min(difference, BURST), context.clock.now());
  expectations.expectDeletions(key, victims.map(objectKey));
  const results = await Promise.allSettled(
    victims.map(async (pod) => {
      try {
        await deletePod(owned, pod);
      } catch (error) {
        expectations.deletionObserved(key, objectKey(pod));
        if (!isNotFound(error)) throw error;
      }
    }),
  );
  return results.find((r) => r.status === 'rejected')?.reason;
}

/** One retry on the live object; a second conflict is left to the next reconcile. */
async function writeStatus(
  context: ControllerContext,
  rs: ReplicaSet,
  status: (rs: ReplicaSet) => ReplicaSetStatus,
): Promise<void> {
  let current = rs;
  for (let attempt = 0; ; attempt++) {
    // The generation is the one that was acted on, not that of a newer object.
    const next = { ...status(current), observedGeneration: rs.metadata?.generation ?? 0 };
    if (isStatusCurrent(current, next)) return;
    try {
      await context.client.updateStatus(ReplicaSets, { ...current, status: next });
      return;
    } catch (error) {
      if (isNotFound(error)) return;
      if (attempt > 0) throw error;
      const { name = '', namespace } = rs.metadata ?? {};
      current = await context.client.get(ReplicaSets, { name, namespace });
    }
  }
}

export default defineControllerModule({ name: 'replicaset', setup });
