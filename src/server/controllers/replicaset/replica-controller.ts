// Keeps as many pods as a ReplicaSet or a ReplicationController asks for: claims, creates in growing batches, deletes
// the least useful first. Both kinds run this one loop; a view makes a ReplicaSet of the other kind, as upstream's
// conversion.go does. Upstream: pkg/controller/replicaset/replica_set.go, pkg/controller/replication.
import type { ReplicaSet } from 'kubernetes-types/apps/v1.js';
import type { Namespace, Pod } from 'kubernetes-types/core/v1.js';
import { Namespaces, Pods } from '../../../api/resources.ts';
import { type KubeObject, type ResourceType, objectKey, parseApiVersion } from '../../../api/types.ts';
import { type ControllerContext, defineController, watch } from '../../../client/controller.ts';
import type { Lister } from '../../../client/informer.ts';
import type { ControllerEnvironment } from '../_types.ts';
import { claimObjects } from '../shared/claim.ts';
import { Expectations } from '../shared/expectations.ts';
import { about, coalesce, messageOf } from '../shared/objects.ts';
import {
  controlledBy,
  controlledOrOrphan,
  controllerOf,
  indexByController,
  newControllerRef,
} from '../shared/owners.ts';
import { createExpected, deleteExpected, podFromTemplate, showsAllPods } from '../shared/pod-control.ts';
import { isPodActive, nextAvailabilityMs } from '../shared/pods.ts';
import { ownedSelector } from '../shared/selectors.ts';
import { writeStatus } from '../shared/write-status.ts';
import { podsToDelete } from './ranking.ts';
import { isStatusCurrent, replicaSetStatus } from './status.ts';

/** How long the cache may take to show what was done. */
const CACHE_WAIT_MS = 100;
/** Creations or deletions of one reconcile. Upstream: BurstReplicas. */
const BURST = 500;

export interface ReplicaKind<T extends KubeObject> {
  /** The controller's. */
  name: string;
  type: ResourceType<T>;
  /** The object as a ReplicaSet, with its own metadata. */
  view(object: T): ReplicaSet;
}

interface Loop<T extends KubeObject> {
  kind: ReplicaKind<T>;
  expectations: Expectations;
  pods: Lister<Pod>;
  sets: Lister<T>;
  namespaces: Lister<Namespace>;
}

export function replicaController<T extends KubeObject>(environment: ControllerEnvironment, kind: ReplicaKind<T>) {
  const expectations = new Expectations(environment.clock);
  const podInformer = environment.informers.for(Pods);
  const pods = indexByController(podInformer);
  const sets = indexByController(environment.informers.for(kind.type));
  const namespaces = environment.informers.for(Namespaces).lister;
  const loop: Loop<T> = { kind, expectations, pods, sets, namespaces };
  const deleted = (pod: Pod) => {
    const key = ownerKey(kind.type, pod);
    if (key) expectations.deletionObserved(key, objectKey(pod));
  };
  podInformer.addHandler({
    add: (pod, initial) => {
      const key = ownerKey(kind.type, pod);
      if (key && !initial) expectations.creationObserved(key);
      if (pod.metadata?.deletionTimestamp) deleted(pod);
    },
    update: (pod) => pod.metadata?.deletionTimestamp && deleted(pod),
    delete: deleted,
  });

  return [
    defineController({
      name: kind.name,
      for: kind.type,
      watches: [watch(Pods, (pod, old) => wake(loop, pod, old))],
      reads: [Namespaces],
      workers: 5,
      reconcile: (context, key) => reconcile(context, key, loop),
    }),
  ];
}

function ownerKey(type: ResourceType<unknown>, pod: Pod): string | undefined {
  const owner = controllerOf(pod);
  return owner?.kind === type.kind && parseApiVersion(owner.apiVersion).group === type.group
    ? `${pod.metadata?.namespace}/${owner.name}`
    : undefined;
}

/** A pod wakes the set that controls it or did so; one without controller wakes all that could adopt it. */
function wake<T extends KubeObject>({ kind, sets }: Loop<T>, pod: Pod, old: Pod | undefined): string[] {
  const keys = [ownerKey(kind.type, pod), old && ownerKey(kind.type, old)].filter((key) => key !== undefined);
  if (controllerOf(pod) || !pod.metadata?.labels) return keys;
  for (const set of sets.list(pod.metadata.namespace)) {
    if (ownedSelector(kind.view(set).spec?.selector).matches(pod.metadata.labels)) keys.push(objectKey(set));
  }
  return keys;
}

async function reconcile<T extends KubeObject>(context: ControllerContext, key: string, loop: Loop<T>) {
  const { kind, expectations, pods: podLister, sets } = loop;
  const before = sets.get(key);
  const going = before && isGoing(before, loop);
  await coalesce(context, (before && kind.view(before).status?.replicas) ?? 0);
  const object = sets.get(key);
  if (!object) {
    expectations.forget(key);
    return;
  }
  const rs = kind.view(object);
  if (expectations.isUnsure(key)) {
    const shown = await showsAllPods(context.client, podLister, object, rs.spec?.selector);
    if (!shown) return { requeueAfterMs: CACHE_WAIT_MS };
    expectations.setUnsure(key, false);
  }
  const settled = expectations.satisfied(key);
  const selector = ownedSelector(rs.spec?.selector);
  const active = controlledOrOrphan(podLister, rs).filter(isPodActive);
  const pods = await claimObjects(active, {
    client: context.client,
    ownerType: kind.type,
    owner: object,
    type: Pods,
    matches: (labels) => selector.matches(labels),
  });
  let failure: unknown;
  if (settled && !going && !rs.metadata?.deletionTimestamp) {
    const related = () => relatedPods(rs, pods, podLister, sets);
    failure = await manageReplicas(context, rs, pods, related, loop);
  }
  const now = context.clock.now();
  const message = failure === undefined ? undefined : messageOf(failure);
  // What was deleted just now is not counted: nobody may rely on it.
  const counted = failure ? pods : pods.filter((pod) => !expectations.expectsDeletion(key, objectKey(pod)));
  await writeStatus(context.client, kind.type, object, (current) => {
    const rs = kind.view(current);
    // The generation is the one that was acted on, not that of a newer object.
    const next = {
      ...replicaSetStatus(rs, counted, message, now),
      observedGeneration: object.metadata?.generation ?? 0,
    };
    return isStatusCurrent(rs, next) ? undefined : next;
  });
  if (failure !== undefined) throw failure;
  const requeueAfterMs = nextAvailabilityMs(pods, rs.spec?.minReadySeconds, now);
  if (requeueAfterMs !== undefined) return { requeueAfterMs };
}

/** Nothing can be made in place of its pods. */
const isGoing = <T extends KubeObject>({ metadata }: T, { namespaces }: Loop<T>): boolean =>
  namespaces.get(metadata?.namespace ?? '')?.metadata?.deletionTimestamp !== undefined;

/** All pods of the sets that the same Deployment controls: they decide which nodes are crowded. */
function relatedPods(rs: ReplicaSet, own: readonly Pod[], pods: Lister<Pod>, sets: Lister<KubeObject>): readonly Pod[] {
  const owner = controllerOf(rs);
  if (!owner) return own;
  return controlledBy(sets, owner.uid).flatMap((relative) => controlledBy(pods, relative.metadata?.uid ?? ''));
}

/** Answers the first error of what it tried. */
async function manageReplicas<T extends KubeObject>(
  context: ControllerContext,
  rs: ReplicaSet,
  pods: readonly Pod[],
  related: () => readonly Pod[],
  { kind, expectations }: Loop<T>,
): Promise<unknown> {
  const key = objectKey(rs);
  const owner = about(kind.type, rs as KubeObject as T);
  const owned = { client: context.client, events: context.events, owner };
  const difference = pods.length - (rs.spec?.replicas ?? 1);
  if (difference < 0) {
    const count = Math.min(-difference, BURST);
    expectations.expectCreations(key, count);
    const pod = podFromTemplate(rs.spec?.template ?? {}, owner, newControllerRef(kind.type, rs));
    return createExpected(owned, expectations, count, () => pod);
  }
  if (difference === 0) return undefined;
  const victims = podsToDelete(pods, related(), Math.min(difference, BURST), context.clock.now());
  expectations.expectDeletions(key, victims.map(objectKey));
  return deleteExpected(owned, expectations, victims);
}
