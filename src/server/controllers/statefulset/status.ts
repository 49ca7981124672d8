// A StatefulSet's status from its pods, and what a pod's phase means to it. Pure. Upstream: computeReplicaStatus in
// pkg/controller/statefulset/stateful_set_control.go, completeRollingUpdate and inconsistentStatus in its utils.
import type { StatefulSet, StatefulSetStatus } from 'kubernetes-types/apps/v1.js';
import type { Pod } from 'kubernetes-types/core/v1.js';
import { isPodAvailable, isPodReady } from '../shared/pods.ts';
import { replicasOf, revisionOf } from './identity.ts';

/** The API server knows it; a pod that is only planned has no phase. */
export const isCreated = (pod: Pod): boolean => Boolean(pod.status?.phase);
export const isTerminating = (pod: Pod): boolean => pod.metadata?.deletionTimestamp !== undefined;
export const isRunningAndReady = (pod: Pod): boolean => pod.status?.phase === 'Running' && isPodReady(pod);

/** When pods are judged. */
export interface Moment {
  minReadySeconds: number;
  nowMs: number;
}
export const isAvailable = (pod: Pod, { minReadySeconds, nowMs }: Moment): boolean =>
  isPodAvailable(pod, minReadySeconds, nowMs);
export const isUnavailable = (pod: Pod, moment: Moment): boolean => !isAvailable(pod, moment) || isTerminating(pod);

export interface Revisions {
  current: string;
  update: string;
  collisionCount: number;
}

/** In the order of fields that upstream prints; zeros that it leaves out are left out. */
export function statefulSetStatus(
  set: StatefulSet,
  pods: Iterable<Pod>,
  revisions: Revisions,
  moment: Moment,
): StatefulSetStatus {
  let [replicas, ready, available, current, updated] = [0, 0, 0, 0, 0];
  for (const pod of pods) {
    if (!isCreated(pod)) continue;
    replicas++;
    if (isRunningAndReady(pod)) {
      ready++;
      if (isAvailable(pod, moment)) available++;
    }
    if (isTerminating(pod)) continue;
    if (revisionOf(pod) === revisions.current) current++;
    if (revisionOf(pod) === revisions.update) updated++;
  }
  return {
    observedGeneration: set.metadata?.generation ?? 0,
    replicas,
    ...(ready ? { readyReplicas: ready } : {}),
    ...(current ? { currentReplicas: current } : {}),
    ...(updated ? { updatedReplicas: updated } : {}),
    currentRevision: revisions.current,
    updateRevision: revisions.update,
    collisionCount: revisions.collisionCount,
    availableReplicas: available,
  };
}

/** A rolling update is over when all replicas are updated and ready: the new revision becomes the current one. */
export function completed(set: StatefulSet, status: StatefulSetStatus): StatefulSetStatus {
  const wanted = replicasOf(set);
  const { replicas, readyReplicas = 0, updatedReplicas = 0, updateRevision } = status;
  if (set.spec?.updateStrategy?.type !== 'RollingUpdate') return status;
  if (replicas !== wanted || readyReplicas !== wanted || updatedReplicas !== wanted) return status;
  const { currentReplicas: _, ...rest } = status;
  return {
    ...rest,
    ...(updatedReplicas ? { currentReplicas: updatedReplicas } : {}),
    ...(updateRevision === undefined ? {} : { currentRevision: updateRevision }),
  };
}

const COUNTS = ['replicas', 'readyReplicas', 'currentReplicas', 'updatedReplicas', 'availableReplicas'] as const;

/** True when the stored status says this, or is of a newer generation and says the same. */
export function isStatusCurrent(set: StatefulSet, next: StatefulSetStatus): boolean {
  const stored: Partial<StatefulSetStatus> = set.status ?? {};
  return (
    (next.observedGeneration ?? 0) <= (stored.observedGeneration ?? 0) &&
    COUNTS.every((field) => (stored[field] ?? 0) === (next[field] ?? 0)) &&
    stored.currentRevision === next.currentRevision &&
    stored.updateRevision === next.updateRevision &&
    (stored.collisionCount ?? 0) === (next.collisionCount ?? 0)
  );
}
