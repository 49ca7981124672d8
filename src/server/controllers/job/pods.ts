// Facts about a job's pods: which have failed, which still have to be counted, which index they are for, when they
// ended. Upstream: pkg/controller/job/job_controller.go, indexed_job_utils.go, backoff_utils.go (getFinishedTime).
import type { Job } from 'kubernetes-types/batch/v1.js';
import type { Pod } from 'kubernetes-types/core/v1.js';
import { replacesOnlyFailed } from './policies.ts';

export const TRACKING_FINALIZER = 'batch.kubernetes.io/job-tracking';
export const COMPLETION_INDEX = 'batch.kubernetes.io/job-completion-index';
export const INDEX_FAILURES = 'batch.kubernetes.io/job-index-failure-count';
export const INDEX_IGNORED_FAILURES = 'batch.kubernetes.io/job-index-ignored-failure-count';
const MAX_INT32 = 2 ** 31 - 1;
const INTEGER = /^[+-]?\d+$/;

/** Its uid is not in the job's counts yet. */
export const isTracked = (pod: Pod): boolean => pod.metadata?.finalizers?.includes(TRACKING_FINALIZER) ?? false;

export const uidOf = (pod: Pod): string => pod.metadata?.uid ?? '';

export const hasSucceeded = (pod: Pod): boolean => pod.status?.phase === 'Succeeded';

/** One that is being deleted counts as failed, unless the job waits for pods to end: it may never get so far. */
export function hasFailed(pod: Pod, job: Job): boolean {
  if (pod.status?.phase === 'Failed') return true;
  if (replacesOnlyFailed(job)) return false;
  return pod.metadata?.deletionTimestamp !== undefined && !hasSucceeded(pod);
}

/** On its way out, and not ended yet. Upstream: IsPodTerminating. */
export const isTerminating = (pod: Pod): boolean =>
  pod.metadata?.deletionTimestamp !== undefined && !hasSucceeded(pod) && pod.status?.phase !== 'Failed';

export const isIndexed = ({ spec }: Job): boolean => spec?.completionMode === 'Indexed';
export const limitsEachIndex = ({ spec }: Job): boolean => spec?.backoffLimitPerIndex != null;

/** Undefined for a pod that says none, or nonsense. */
export function completionIndex(pod: Pod): number | undefined {
  const text = pod.metadata?.annotations?.[COMPLETION_INDEX];
  if (text === undefined || !INTEGER.test(text) || Number(text) < 0) return undefined;
  return Number(text);
}

/** Undefined also for an index that the job has not (any more). */
export function validIndex(pod: Pod, job: Job): number | undefined {
  const index = completionIndex(pod);
  return index !== undefined && index < (job.spec?.completions ?? 0) ? index : undefined;
}

function countAt(pod: Pod, annotation: string): number {
  const text = pod.metadata?.annotations?.[annotation];
  if (text === undefined || !INTEGER.test(text)) return 0;
  const count = Number(text);
  return count < 0 || count > MAX_INT32 ? 0 : count;
}

/** How often this pod's index had failed before it. */
export const indexFailures = (pod: Pod): number => countAt(pod, INDEX_FAILURES);
export const ignoredIndexFailures = (pod: Pod): number => countAt(pod, INDEX_IGNORED_FAILURES);
export const allIndexFailures = (pod: Pod): number => indexFailures(pod) + ignoredIndexFailures(pod);

/** Milliseconds since the epoch: of its last container or sidecar, else what its conditions or its deletion say. */
export function finishedAt(pod: Pod): number {
  const sidecars = (pod.spec?.initContainers ?? []).filter((c) => c.restartPolicy === 'Always').map((c) => c.name);
  const { containerStatuses = [], initContainerStatuses = [] } = pod.status ?? {};
  const counted = [...containerStatuses, ...initContainerStatuses.filter((c) => sidecars.includes(c.name))];
  const ended = counted.map((c) => Date.parse(c.state?.terminated?.finishedAt ?? ''));
  if (ended.length && ended.every((time) => !Number.isNaN(time))) return Math.max(...ended);
  const ready = pod.status?.conditions?.find((c) => c.type === 'Ready');
  if (ready?.status === 'False' && ready.lastTransitionTime) return Date.parse(ready.lastTransitionTime);
  const { deletionTimestamp, deletionGracePeriodSeconds = 0, creationTimestamp } = pod.metadata ?? {};
  if (deletionTimestamp) return Date.parse(deletionTimestamp) - deletionGracePeriodSeconds * 1000;
  return creationTimestamp ? Date.parse(creationTimestamp) : 0;
}
