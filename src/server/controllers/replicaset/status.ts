// A ReplicaSet's status from its pods. Upstream: calculateStatus in pkg/controller/replicaset/replica_set_utils.go.
import type { ReplicaSet, ReplicaSetCondition, ReplicaSetStatus } from 'kubernetes-types/apps/v1.js';
import type { Pod } from 'kubernetes-types/core/v1.js';
import { findCondition, timestamp, withCondition, withoutCondition } from '../shared/conditions.ts';
import { isPodAvailable, isPodReady } from '../shared/pods.ts';
import { semanticEqual } from '../../../api/equal.ts';

const hasLabels = (pod: Pod, labels: Readonly<Record<string, string>>): boolean =>
  Object.entries(labels).every(([key, value]) => pod.metadata?.labels?.[key] === value);

/** `failure` is the message of what went wrong while managing the replicas. */
export function replicaSetStatus(
  rs: ReplicaSet,
  pods: readonly Pod[],
  failure: string | undefined,
  nowMs: number,
): ReplicaSetStatus {
  const labels = rs.spec?.template?.metadata?.labels ?? {};
  const minReadySeconds = rs.spec?.minReadySeconds ?? 0;
  let [fullyLabeled, ready, available] = [0, 0, 0];
  for (const pod of pods) {
    if (hasLabels(pod, labels)) fullyLabeled++;
    if (!isPodReady(pod)) continue;
    ready++;
    if (isPodAvailable(pod, minReadySeconds, nowMs)) available++;
  }
  let conditions: ReplicaSetCondition[] | undefined = rs.status?.conditions;
  const present = findCondition(conditions, 'ReplicaFailure');
  if (failure !== undefined && !present) {
    const difference = pods.length - (rs.spec?.replicas ?? 1);
    const reason = difference < 0 ? 'FailedCreate' : difference > 0 ? 'FailedDelete' : '';
    const lastTransitionTime = timestamp(nowMs);
    const next = { type: 'ReplicaFailure', status: 'True', lastTransitionTime, reason, message: failure };
    conditions = withCondition<ReplicaSetCondition>(conditions, next);
  } else if (failure === undefined && present) {
    conditions = withoutCondition(conditions, 'ReplicaFailure');
  }
  return {
    replicas: pods.length,
    ...(fullyLabeled ? { fullyLabeledReplicas: fullyLabeled } : {}),
    ...(ready ? { readyReplicas: ready } : {}),
    ...(available ? { availableReplicas: available } : {}),
    observedGeneration: rs.metadata?.generation ?? 0,
    ...(conditions?.length ? { conditions } : {}),
  };
}

/** True when the stored status already says this. */
export const isStatusCurrent = (rs: ReplicaSet, status: ReplicaSetStatus): boolean =>
  semanticEqual({ ...rs.status, replicas: rs.status?.replicas ?? 0 }, status);
