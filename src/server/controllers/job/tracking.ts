// Counts every pod of a job once, whatever dies when. In this order:
//   1. the uid of an ended pod is written to status.uncountedTerminatedPods (an indexed success: to completedIndexes)
//   2. its tracking finalizer is removed
//   3. the next write takes the uid out of the list and adds one to the count
// A uid in the list whose pod has no finalizer is one that was not counted yet; one with a finalizer is known already.
// Upstream: trackJobStatusAndRemoveFinalizers in pkg/controller/job/job_controller.go.
import type { Job, JobCondition, JobStatus } from 'kubernetes-types/batch/v1.js';
import type { Pod } from 'kubernetes-types/core/v1.js';
import { Jobs, Pods } from '../../../api/resources.ts';
import { isNotFound } from '../../../api/status.ts';
import type { ControllerContext } from '../../../client/controller.ts';
import type { BackoffRecord } from './backoff.ts';
import { newCondition, successDecided, withJobCondition } from './conditions.ts';
import type { JobIndexes } from './indexes.ts';
import { formatIntervals, hasIndex, totalOf, withIndexes } from './intervals.ts';
import {
  TRACKING_FINALIZER,
  completionIndex,
  hasFailed,
  hasSucceeded,
  isIndexed,
  isTracked,
  uidOf,
  validIndex,
} from './pods.ts';
import { failureVerdict } from './policies.ts';
import type { JobState } from './state.ts';

/** Uids in the status at once: it must stay small, and one job must not starve others. Upstream: MaxUncountedPods. */
const MAX_UNCOUNTED = 500;

export interface Tracking {
  context: ControllerContext;
  state: JobState;
  /** As cached; written over with its resourceVersion. */
  job: Job;
  /** The status as far as it was worked out; this module completes and writes it. */
  status: JobStatus;
  /** The status has changed already. */
  changed: boolean;
  pods: readonly Pod[];
  /** Those of them whose finalizer was removed here before they were read. */
  untracked: ReadonlySet<string>;
  indexes: JobIndexes | undefined;
  /** Failed pods that wait for their successors. */
  replaced: ReadonlyMap<number, Pod>;
  /** Why the job ends, once it does: SuccessCriteriaMet, FailureTarget or Failed. */
  end: JobCondition | undefined;
  terminating: number;
  backoff: BackoffRecord;
}

const uncountedOf = (status: JobStatus) => {
  const { succeeded = [], failed = [] } = status.uncountedTerminatedPods ?? {};
  return { succeeded, failed };
};

/** Answers true when it wrote that the job has ended. */
export async function trackPods(tracking: Tracking): Promise<boolean> {
  const { job, state, pods } = tracking;
  const uid = job.metadata?.uid ?? '';
  const tracked = pods.filter((pod) => isTracked(pod) && !tracking.untracked.has(uidOf(pod)));
  const withFinalizer = new Set(tracked.map(uidOf));
  countGone(tracking, withFinalizer);
  const { ended, complete } = noteEnded(tracking, tracked);
  const end = noteEnd(tracking);
  if (tracking.changed) {
    await writeStatus(tracking);
    state.setBackoff(uid, tracking.backoff);
  }
  await removeFinalizers(tracking, ended, withFinalizer);
  const finished = complete && finish(tracking, end);
  if (tracking.changed) await writeStatus(tracking);
  return finished;
}

/** Counts the uids whose pods have no finalizer any more. Upstream: cleanUncountedPodsWithoutFinalizers. */
function countGone(tracking: Tracking, withFinalizer: ReadonlySet<string>): void {
  const uncounted = uncountedOf(tracking.status);
  const left = {
    succeeded: uncounted.succeeded.filter((uid) => withFinalizer.has(uid)),
    failed: uncounted.failed.filter((uid) => withFinalizer.has(uid)),
  };
  const succeeded = uncounted.succeeded.length - left.succeeded.length;
  const failed = uncounted.failed.length - left.failed.length;
  if (succeeded + failed === 0) return;
  const { status } = tracking;
  tracking.changed = true;
  tracking.status = {
    ...status,
    ...(succeeded > 0 ? { succeeded: (status.succeeded ?? 0) + succeeded } : {}),
    ...(failed > 0 ? { failed: (status.failed ?? 0) + failed } : {}),
    uncountedTerminatedPods: lists(left),
  };
}

/** Empty lists are left out, as upstream writes them. */
const lists = ({ succeeded, failed }: { succeeded: string[]; failed: string[] }) => ({
  ...(succeeded.length > 0 ? { succeeded } : {}),
  ...(failed.length > 0 ? { failed } : {}),
});

/** Puts what ended into the status; answers the pods that may go, and whether these were all. */
function noteEnded(tracking: Tracking, tracked: readonly Pod[]): { ended: Pod[]; complete: boolean } {
  const { job, indexes, end } = tracking;
  const known = uncountedOf(tracking.status);
  const [succeeded, failed] = [[...known.succeeded], [...known.failed]];
  const [knownSucceeded, knownFailed] = [new Set(succeeded), new Set(failed)];
  const newIndexes: number[] = [];
  const ended: Pod[] = [];
  let complete = true;
  const order = indexes ? tracked.toSorted((a, b) => (completionIndex(a) ?? -1) - (completionIndex(b) ?? -1)) : tracked;
  const failsAll = end !== undefined && end.type !== 'SuccessCriteriaMet';
  for (const pod of order) {
    const isFailure = hasFailed(pod, job);
    if (!mayGo(tracking, pod, isFailure)) continue;
    const uid = uidOf(pod);
    const index = validIndex(pod, job);
    ended.push(pod);
    if (hasSucceeded(pod) && !knownFailed.has(uid)) {
      if (!indexes) {
        if (!knownSucceeded.has(uid)) succeeded.push(uid);
      } else if (index !== undefined && !hasIndex(indexes.before, index)) newIndexes.push(index);
    } else if ((isFailure || failsAll) && !knownFailed.has(uid) && (!indexes || index !== undefined)) {
      // When a job has ended, what still runs of it counts as failed.
      if (failureVerdict(job.spec?.podFailurePolicy, pod).counts) failed.push(uid);
    }
    if (newIndexes.length + succeeded.length + failed.length >= MAX_UNCOUNTED) {
      complete = false;
      break;
    }
  }
  if (succeeded.length + failed.length > knownSucceeded.size + knownFailed.size || newIndexes.length > 0) {
    tracking.changed = true;
    tracking.status = { ...tracking.status, uncountedTerminatedPods: lists({ succeeded, failed }) };
  }
  if (indexes) noteIndexes(tracking, indexes, newIndexes);
  return { ended, complete };
}

function noteIndexes(tracking: Tracking, indexes: JobIndexes, added: readonly number[]): void {
  const done = withIndexes(indexes.succeeded, added);
  const completedIndexes = formatIntervals(done);
  const failedIndexes = indexes.failed && formatIntervals(indexes.failed);
  const { status } = tracking;
  if (completedIndexes !== (status.completedIndexes ?? '') || failedIndexes !== status.failedIndexes) {
    tracking.changed = true;
  }
  const { completedIndexes: _done, failedIndexes: _failed, ...rest } = status;
  tracking.status = {
    ...rest,
    succeeded: totalOf(done),
    ...(completedIndexes === '' ? {} : { completedIndexes }),
    ...(failedIndexes === undefined ? {} : { failedIndexes }),
  };
}

/** Whether a pod has nothing more to tell. Upstream: canRemoveFinalizer. */
function mayGo({ job, end, replaced }: Tracking, pod: Pod, isFailure: boolean): boolean {
  if (job.metadata?.deletionTimestamp !== undefined || end !== undefined || hasSucceeded(pod)) return true;
  if (!isFailure) return false;
  const index = completionIndex(pod);
  const waits = index !== undefined && uidOf(replaced.get(index) ?? {}) === uidOf(pod);
  return !waits;
}

/** Puts the decision into the status; answers the condition that will say that it is done. */
function noteEnd(tracking: Tracking): JobCondition | undefined {
  const { end, status } = tracking;
  if (!end) return undefined;
  if (end.type === 'FailureTarget' || (end.type === 'SuccessCriteriaMet' && !successDecided({ status }))) {
    tracking.status = { ...status, conditions: [...(status.conditions ?? []), end] };
    tracking.changed = true;
  }
  const type = end.type === 'SuccessCriteriaMet' ? 'Complete' : 'Failed';
  return newCondition(type, 'True', end.reason ?? '', end.message ?? '', tracking.context.clock.now());
}

/** Throws the first error, after what could be removed was counted and written. */
async function removeFinalizers(tracking: Tracking, ended: readonly Pod[], withFinalizer: Set<string>): Promise<void> {
  const { context, state, job } = tracking;
  const owner = job.metadata?.uid ?? '';
  state.expectUntracked(owner, ended.map(uidOf));
  const results = await Promise.allSettled(
    ended.map(async (pod) => {
      try {
        await removeFinalizer(context, pod);
      } catch (error) {
        // One that is gone may be in the cache still: it must not be counted again.
        if (!isNotFound(error)) {
          state.untrackedObserved(owner, uidOf(pod));
          throw error;
        }
      }
      withFinalizer.delete(uidOf(pod));
    }),
  );
  countGone(tracking, withFinalizer);
  const failed = results.find((r) => r.status === 'rejected');
  if (!failed) return;
  if (tracking.changed) await writeStatus(tracking);
  throw failed.reason;
}

/** Only from the pod that was meant: another one may have its name by now. */
export async function removeFinalizer({ client }: Pick<ControllerContext, 'client'>, pod: Pod): Promise<void> {
  const { name = '', namespace, uid } = pod.metadata ?? {};
  const patch = { metadata: { uid, '$deleteFromPrimitiveList/finalizers': [TRACKING_FINALIZER] } };
  await client.patch(Pods, { name, namespace }, 'strategic', patch);
}

/** Upstream: enactJobFinished. */
function finish(tracking: Tracking, end: JobCondition | undefined): boolean {
  const { succeeded, failed } = uncountedOf(tracking.status);
  if (!end || succeeded.length + failed.length > 0 || tracking.terminating > 0) return false;
  const conditions = withJobCondition(tracking.status.conditions, end);
  tracking.status = {
    ...tracking.status,
    ...(conditions ? { conditions } : {}),
    ...(end.type === 'Complete' ? { completionTime: end.lastTransitionTime as string } : {}),
  };
  tracking.changed = true;
  return true;
}

async function writeStatus(tracking: Tracking): Promise<void> {
  const written = await tracking.context.client.updateStatus(Jobs, { ...tracking.job, status: tracking.status });
  tracking.state.written.wrote(written);
  tracking.job = written;
  tracking.status = written.status ?? {};
  tracking.changed = false;
}

export const countsIndexes = isIndexed;
