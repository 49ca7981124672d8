// What the pods of an indexed job say about its indexes: which are done, which have failed for good, which failed pods
// must stay until they are replaced, which active pods are one too many.
// Upstream: pkg/controller/job/indexed_job_utils.go.
import type { Job } from 'kubernetes-types/batch/v1.js';
import type { Pod } from 'kubernetes-types/core/v1.js';
import { type Intervals, firstFree, hasIndex, mergeIntervals, parseIntervals, withIndexes } from './intervals.ts';
import {
  allIndexFailures,
  completionIndex,
  finishedAt,
  hasFailed,
  hasSucceeded,
  indexFailures,
  isTerminating,
  isTracked,
  limitsEachIndex,
  uidOf,
  validIndex,
} from './pods.ts';
import { failureVerdict, replacesOnlyFailed } from './policies.ts';

export interface JobIndexes {
  /** As the status says. */
  before: Intervals;
  /** With those whose pods have succeeded since. */
  succeeded: Intervals;
  /** Only with a limit for each index. */
  failed?: Intervals;
}

export function jobIndexes(job: Job, pods: readonly Pod[]): JobIndexes {
  const completions = job.spec?.completions ?? 0;
  const before = parseIntervals(job.status?.completedIndexes, completions);
  const tracked = pods.filter(isTracked);
  const indexesOf = (chosen: readonly Pod[]) => chosen.flatMap((pod) => validIndex(pod, job) ?? []);
  const succeeded = withIndexes(before, indexesOf(tracked.filter(hasSucceeded)));
  if (!limitsEachIndex(job)) return { before, succeeded };
  const known = parseIntervals(job.status?.failedIndexes, completions);
  return { before, succeeded, failed: withIndexes(known, indexesOf(tracked.filter((pod) => failsIndex(pod, job)))) };
}

/** Upstream: isIndexFailed. */
function failsIndex(pod: Pod, job: Job): boolean {
  if (!hasFailed(pod, job)) return false;
  const { action, counts } = failureVerdict(job.spec?.podFailurePolicy, pod);
  return action === 'FailIndex' || (counts && indexFailures(pod) >= (job.spec?.backoffLimitPerIndex ?? 0));
}

const indexesOfPods = (pods: readonly Pod[]): number[] => pods.flatMap((pod) => completionIndex(pod) ?? []);

/** The next indexes to make pods for. Upstream: firstPendingIndexes. */
export function pendingIndexes(
  job: Job,
  { succeeded, failed }: JobIndexes,
  active: readonly Pod[],
  pods: readonly Pod[],
  count: number,
): number[] {
  const busy = replacesOnlyFailed(job) ? [...active, ...pods.filter(isTerminating)] : active;
  const taken = mergeIntervals(withIndexes(succeeded, indexesOfPods(busy)), failed ?? []);
  return firstFree(taken, count, job.spec?.completions ?? 0);
}

/**
 * The last failed pod of every index that waits for a new one: it keeps its finalizer until then, so that the number of
 * failures, which its annotation says, is not lost. Upstream: getPodsWithDelayedDeletionPerIndex.
 */
export function podsToReplace(
  job: Job,
  { succeeded, failed }: JobIndexes,
  active: readonly Pod[],
  pods: readonly Pod[],
  removed: ReadonlySet<string>,
): Map<number, Pod> {
  const running = new Set(indexesOfPods(active));
  const result = new Map<number, Pod>();
  for (const pod of pods) {
    const index = validIndex(pod, job);
    if (index === undefined || !isTracked(pod) || removed.has(uidOf(pod)) || !hasFailed(pod, job)) continue;
    if (hasIndex(succeeded, index) || hasIndex(failed ?? [], index) || running.has(index)) continue;
    const other = result.get(index);
    const later = !other || (allIndexFailures(other) <= allIndexFailures(pod) && finishedAt(pod) >= finishedAt(other));
    if (later) result.set(index, pod);
  }
  return result;
}

/**
 * Active pods without an index, with one that the job has not, and all but the best of each index.
 * Upstream: appendDuplicatedIndexPodsForRemoval.
 */
export function surplusByIndex(
  job: Job,
  active: readonly Pod[],
  /** The pods in the order in which they are deleted. */
  rank: (pods: readonly Pod[]) => Pod[],
): { surplus: Pod[]; left: Pod[] } {
  const byIndex = new Map<number, Pod[]>();
  const surplus: Pod[] = [];
  for (const pod of active) {
    const index = validIndex(pod, job);
    if (index === undefined) surplus.push(pod);
    else byIndex.set(index, [...(byIndex.get(index) ?? []), pod]);
  }
  const left: Pod[] = [];
  for (const [, pods] of [...byIndex].sort(([a], [b]) => a - b)) {
    const ranked = pods.length > 1 ? rank(pods) : pods;
    surplus.push(...ranked.slice(0, -1));
    left.push(ranked.at(-1)!);
  }
  return { surplus, left };
}
