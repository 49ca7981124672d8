// A Deployment's status and its conditions Available, Progressing and ReplicaFailure. Upstream:
// pkg/controller/deployment/progress.go, sync.go (calculateStatus) and util/deployment_util.go. Pure.
import type { Deployment, DeploymentCondition, DeploymentStatus, ReplicaSet } from 'kubernetes-types/apps/v1.js';
import { findCondition, timestamp, withCondition, withoutCondition } from '../shared/conditions.ts';
import {
  actualReplicas,
  availableReplicas,
  desiredReplicas,
  maxUnavailable,
  readyReplicas,
  specReplicas,
} from './arithmetic.ts';

/** Go's math.MaxInt32 stands for "no deadline". */
const NO_DEADLINE = 2 ** 31 - 1;
type Sets = readonly ReplicaSet[];

export const hasProgressDeadline = (d: Deployment): boolean =>
  d.spec?.progressDeadlineSeconds !== undefined && d.spec.progressDeadlineSeconds !== NO_DEADLINE;

export function deploymentCondition(
  type: 'Available' | 'Progressing' | 'ReplicaFailure',
  status: 'True' | 'False' | 'Unknown',
  reason: string,
  message: string,
  nowMs: number,
): DeploymentCondition {
  const now = timestamp(nowMs);
  return { type, status, lastUpdateTime: now, lastTransitionTime: now, reason, message };
}

export const progressingCondition = (d: Deployment): DeploymentCondition | undefined =>
  findCondition(d.status?.conditions, 'Progressing');

/** The numbers and the condition Available. Upstream: calculateStatus. Zeros are left out, as Go's omitempty does. */
export function baseStatus(d: Deployment, all: Sets, newest: ReplicaSet | undefined, nowMs: number): DeploymentStatus {
  const available = availableReplicas(all);
  const enough = available >= desiredReplicas(d) - maxUnavailable(d);
  const condition = enough
    ? deploymentCondition(
        'Available',
        'True',
        'MinimumReplicasAvailable',
        'Deployment has minimum availability.',
        nowMs,
      )
    : deploymentCondition(
        'Available',
        'False',
        'MinimumReplicasUnavailable',
        'Deployment does not have minimum availability.',
        nowMs,
      );
  const counts = {
    replicas: actualReplicas(all),
    updatedReplicas: actualReplicas([newest].filter((rs) => rs !== undefined)),
    readyReplicas: readyReplicas(all),
    availableReplicas: available,
    unavailableReplicas: Math.max(0, specReplicas(all) - available),
  };
  return {
    observedGeneration: d.metadata?.generation ?? 0,
    ...(Object.fromEntries(Object.entries(counts).filter(([, n]) => n !== 0)) as Partial<typeof counts>),
    conditions: withCondition(d.status?.conditions, condition),
    ...(d.status?.collisionCount === undefined ? {} : { collisionCount: d.status.collisionCount }),
  };
}

/** All pods updated and available, none old. Upstream: DeploymentComplete. */
export function isComplete(d: Deployment, status: DeploymentStatus): boolean {
  const desired = desiredReplicas(d);
  return (
    (status.updatedReplicas ?? 0) === desired &&
    (status.replicas ?? 0) === desired &&
    (status.availableReplicas ?? 0) === desired &&
    (status.observedGeneration ?? 0) >= (d.metadata?.generation ?? 0)
  );
}

/** Upstream: DeploymentProgressing. */
function isProgressing(d: Deployment, status: DeploymentStatus): boolean {
  const old = d.status ?? {};
  const stale = (s: DeploymentStatus) => (s.replicas ?? 0) - (s.updatedReplicas ?? 0);
  return (
    (status.updatedReplicas ?? 0) > (old.updatedReplicas ?? 0) ||
    stale(status) < stale(old) ||
    (status.readyReplicas ?? 0) > (old.readyReplicas ?? 0) ||
    (status.availableReplicas ?? 0) > (old.availableReplicas ?? 0)
  );
}

/** Upstream: DeploymentTimedOut. */
function isTimedOut(d: Deployment, status: DeploymentStatus, nowMs: number): boolean {
  const condition = findCondition(status.conditions, 'Progressing');
  if (!condition || condition.reason === 'NewReplicaSetAvailable') return false;
  if (condition.reason === 'ProgressDeadlineExceeded') return true;
  const from = Date.parse(condition.lastUpdateTime ?? '');
  return from + (d.spec?.progressDeadlineSeconds ?? 0) * 1000 < nowMs;
}

/** The whole status while a rollout is followed. Upstream: syncRolloutStatus. */
export function rolloutStatus(
  d: Deployment,
  all: Sets,
  newest: ReplicaSet | undefined,
  nowMs: number,
): DeploymentStatus {
  const status = baseStatus(d, all, newest, nowMs);
  let conditions: DeploymentCondition[] = status.conditions ?? [];
  const subject = newest ? `ReplicaSet "${newest.metadata?.name}"` : `Deployment "${d.metadata?.name}"`;
  const progress = (value: 'True' | 'False', reason: string, text: string) =>
    deploymentCondition('Progressing', value, reason, `${subject} ${text}`, nowMs);
  const current = progressingCondition(d);
  const settled =
    (status.replicas ?? 0) === (status.updatedReplicas ?? 0) && current?.reason === 'NewReplicaSetAvailable';
  if (!hasProgressDeadline(d)) conditions = withoutCondition(conditions, 'Progressing');
  else if (!settled) {
    if (isComplete(d, status)) {
      const next = progress('True', 'NewReplicaSetAvailable', 'has successfully progressed.');
      conditions = withCondition(conditions, next);
    } else if (isProgressing(d, status)) {
      // Replaced even with an equal reason: lastUpdateTime is what the deadline counts from.
      const next = progress('True', 'ReplicaSetUpdated', 'is progressing.');
      if (current?.status === 'True') next.lastTransitionTime = current.lastTransitionTime;
      conditions = [...withoutCondition(conditions, 'Progressing'), next];
    } else if (isTimedOut(d, status, nowMs)) {
      const next = progress('False', 'ProgressDeadlineExceeded', 'has timed out progressing.');
      conditions = withCondition(conditions, next);
    }
  }
  const failure = replicaFailure(all, newest);
  conditions = failure ? withCondition(conditions, failure) : withoutCondition(conditions, 'ReplicaFailure');
  return { ...status, conditions };
}

/** The newest set's failure, else that of any. Upstream: getReplicaFailures. */
function replicaFailure(all: Sets, newest: ReplicaSet | undefined): DeploymentCondition | undefined {
  const failures = [newest, ...all].map((rs) => findCondition(rs?.status?.conditions, 'ReplicaFailure'));
  const failure = failures.find((c) => c !== undefined);
  if (!failure) return undefined;
  return {
    type: failure.type,
    status: failure.status,
    lastUpdateTime: failure.lastTransitionTime,
    lastTransitionTime: failure.lastTransitionTime,
    reason: failure.reason,
    message: failure.message,
  };
}

/** When to look whether the deadline has passed; undefined when it does not matter. Upstream: requeueStuckDeployment. */
export function deadlineCheckMs(d: Deployment, status: DeploymentStatus, nowMs: number): number | undefined {
  const condition = progressingCondition(d);
  if (!hasProgressDeadline(d) || !condition) return undefined;
  if (isComplete(d, status) || condition.reason === 'ProgressDeadlineExceeded') return undefined;
  const from = Date.parse(condition.lastUpdateTime ?? '');
  const after = from + (d.spec?.progressDeadlineSeconds ?? 0) * 1000 - nowMs;
  // One second more, to be past the deadline when it is looked at again.
  return Math.max(0, after) + 1000;
}

/** The Progressing condition that pause or resume calls for; undefined when nothing changes. checkPausedConditions. */
export function pausedCondition(d: Deployment, nowMs: number): DeploymentCondition | undefined {
  if (!hasProgressDeadline(d)) return undefined;
  const current = progressingCondition(d);
  if (current?.reason === 'ProgressDeadlineExceeded') return undefined;
  const said = current?.reason === 'DeploymentPaused';
  if (d.spec?.paused && !said) {
    return deploymentCondition('Progressing', 'Unknown', 'DeploymentPaused', 'Deployment is paused', nowMs);
  }
  if (!d.spec?.paused && said) {
    return deploymentCondition('Progressing', 'Unknown', 'DeploymentResumed', 'Deployment is resumed', nowMs);
  }
  return undefined;
}
