// One reconcile of a job: counts what ended, decides whether the job has, else sees to its pods, then writes.
// Upstream: syncJob in pkg/controller/job/job_controller.go.
import type { Job, JobCondition, JobStatus } from 'kubernetes-types/batch/v1.js';
import type { Pod } from 'kubernetes-types/core/v1.js';
import { Jobs, Pods } from '../../../api/resources.ts';
import type { ControllerContext, ReconcileResult } from '../../../client/controller.ts';
import { claimObjects } from '../shared/claim.ts';
import { timestamp } from '../shared/conditions.ts';
import { about, coalesce } from '../shared/objects.ts';
import { controlledOrOrphan } from '../shared/owners.ts';
import { isPodActive, isPodReady } from '../shared/pods.ts';
import { ownedSelector } from '../shared/selectors.ts';
import { type BackoffRecord, nextRecord } from './backoff.ts';
import {
  failureDecided,
  finishedCondition,
  isFinished,
  isManagedElsewhere,
  newCondition,
  successDecided,
  withJobCondition,
} from './conditions.ts';
import { type JobIndexes, jobIndexes, podsToReplace } from './indexes.ts';
import { totalOf } from './intervals.ts';
import {
  TRACKING_FINALIZER,
  hasFailed,
  hasSucceeded,
  isIndexed,
  isTerminating,
  isTracked,
  limitsEachIndex,
  uidOf,
  validIndex,
} from './pods.ts';
import { failureVerdict, successMessage } from './policies.ts';
import { type Managed, deleteActive, manageReplicas, seesAllPods } from './replicas.ts';
import type { JobState } from './state.ts';
import { type Tracking, trackPods } from './tracking.ts';

const CREATION_CHECK_MS = 20;

export async function syncJob(
  context: ControllerContext,
  key: string,
  state: JobState,
): Promise<ReconcileResult | void> {
  const { active = 0, terminating = 0 } = state.jobs.get(key)?.status ?? {};
  await coalesce(context, active + terminating);
  const job = state.jobs.get(key);
  if (!job?.spec || isManagedElsewhere(job)) return;
  const uid = job.metadata?.uid ?? '';
  if (isFinished(job)) return state.forget(uid);
  const mode = job.spec.completionMode;
  if (mode != null && mode !== 'NonIndexed' && mode !== 'Indexed') {
    const message = 'Skipped Job sync because completion mode is unknown';
    context.events.event(about(Jobs, job), 'Warning', 'UnknownCompletionMode', message);
    return;
  }
  // The cache will say more soon, and that wakes this job again.
  if (!state.written.isCurrent(job)) return;
  if (state.isUncertain(uid)) {
    if (!(await seesAllPods(context, state, job))) return { requeueAfterMs: CREATION_CHECK_MS };
    state.setUncertain(uid, false);
  }
  // As of the moment of the pods below: what is seen meanwhile is not in them.
  const seen = { settled: state.expectations.satisfied(uid), untracked: new Set(state.untrackedOf(uid)) };
  return new JobSync(context, job, state, seen, await claimPods(context, job, state)).run();
}

/** What it adopts gets the finalizer as well. Upstream: getPodsForJob. */
async function claimPods({ client }: ControllerContext, job: Job, state: JobState): Promise<Pod[]> {
  const selector = ownedSelector(job.spec?.selector);
  return claimObjects(controlledOrOrphan(state.pods, job), {
    client,
    ownerType: Jobs,
    owner: job,
    type: Pods,
    matches: (labels) => selector.matches(labels),
    finalizer: TRACKING_FINALIZER,
  });
}

const minimum = (...values: (number | undefined)[]): number | undefined => {
  const given = values.filter((value) => value !== undefined);
  return given.length > 0 ? Math.min(...given) : undefined;
};

interface Seen {
  settled: boolean;
  untracked: ReadonlySet<string>;
}

class JobSync {
  private readonly now: number;
  private status: JobStatus;
  readonly active: Pod[];
  private readonly indexes: JobIndexes | undefined;
  private readonly replaced: Map<number, Pod>;
  private readonly succeeded: number;
  private readonly failed: number;
  private readonly backoff: BackoffRecord;
  private changed = false;
  private lookAgainMs: number | undefined;
  readonly context: ControllerContext;
  readonly job: Job;
  readonly state: JobState;
  readonly pods: Pod[];
  /** Everything that was made or deleted before is in the cache. */
  private readonly settled: boolean;
  /** Pods that have no finalizer any more, whatever the cache shows. */
  private readonly untracked: ReadonlySet<string>;

  constructor(context: ControllerContext, job: Job, state: JobState, seen: Seen, pods: Pod[]) {
    this.context = context;
    this.job = job;
    this.state = state;
    this.settled = seen.settled;
    this.untracked = seen.untracked;
    this.pods = pods;
    const uid = job.metadata?.uid ?? '';
    this.now = context.clock.now();
    this.status = { ...job.status, uncountedTerminatedPods: job.status?.uncountedTerminatedPods ?? {} };
    this.active = pods.filter(isPodActive);
    const { succeeded, failed } = this.newlyEnded();
    const uncounted = this.status.uncountedTerminatedPods;
    const counted = failed.filter((pod) => failureVerdict(job.spec?.podFailurePolicy, pod).counts);
    this.failed = (this.status.failed ?? 0) + counted.length + (uncounted?.failed?.length ?? 0);
    this.indexes = isIndexed(job) ? jobIndexes(job, pods) : undefined;
    this.succeeded = this.indexes
      ? totalOf(this.indexes.succeeded)
      : (this.status.succeeded ?? 0) + succeeded.length + (uncounted?.succeeded?.length ?? 0);
    this.replaced =
      this.indexes && limitsEachIndex(job)
        ? podsToReplace(job, this.indexes, this.active, pods, seen.untracked)
        : new Map();
    this.backoff = nextRecord(state.backoffOf(uid), succeeded, failed);
    if (!this.status.startTime && !job.spec?.suspend) this.status.startTime = timestamp(this.now);
  }

  /** Ended, and not in the status yet. Upstream: getNewFinishedPods. */
  private newlyEnded(): { succeeded: Pod[]; failed: Pod[] } {
    const { job } = this;
    const { succeeded = [], failed = [] } = this.status.uncountedTerminatedPods ?? {};
    const counts = (pod: Pod): boolean =>
      isTracked(pod) && !this.untracked.has(uidOf(pod)) && (!isIndexed(job) || validIndex(pod, job) !== undefined);
    const fresh = this.pods.filter(counts);
    return {
      succeeded: fresh.filter((pod) => hasSucceeded(pod) && !succeeded.includes(uidOf(pod))),
      failed: fresh.filter((pod) => hasFailed(pod, job) && !failed.includes(uidOf(pod))),
    };
  }

  async run(): Promise<ReconcileResult | void> {
    const decided = this.decideEnd();
    const managed = decided ? await deleteActive(this) : await this.manage();
    const active = this.active.length + managed.created - managed.deleted;
    const terminating = this.pods.filter(isTerminating).length + managed.deleted;
    const end = decided ? this.unlessPodsAreLeft(decided, managed) : this.completion(active);
    if (!decided && !end && this.mayManage) this.noteSuspension();
    this.setCounts(active, this.active.filter(isPodReady).length - managed.deletedReady, terminating);
    const tracking: Tracking = {
      context: this.context,
      state: this.state,
      job: this.job,
      status: this.status,
      changed: this.changed,
      pods: this.pods,
      untracked: this.untracked,
      indexes: this.indexes,
      replaced: this.replaced,
      end,
      terminating,
      backoff: this.backoff,
    };
    if (await trackPods(tracking)) this.tellEnd(tracking.job);
    if (managed.error !== undefined) throw managed.error;
    const requeueAfterMs = minimum(this.lookAgainMs, managed.retryMs);
    if (requeueAfterMs !== undefined) return { requeueAfterMs };
  }

  private get mayManage(): boolean {
    return this.settled && this.job.metadata?.deletionTimestamp === undefined;
  }

  private manage(): Managed | Promise<Managed> {
    const nothing: Managed = { created: 0, deleted: 0, deletedReady: 0 };
    if (!this.mayManage) return nothing;
    const terminating = this.pods.filter(isTerminating).length;
    const { context, state, job, pods, active, succeeded, indexes, replaced, backoff } = this;
    return manageReplicas({ context, state, job, pods, active, succeeded, terminating, indexes, replaced, backoff });
  }

  /** Why the job ends now, whatever still runs of it. */
  private decideEnd(): JobCondition | undefined {
    const success = successDecided(this.job);
    if (success) return success;
    const failure = failureDecided(this.job);
    if (failure) return newCondition('Failed', 'True', failure.reason ?? '', failure.message ?? '', this.now);
    const broken = this.failureByPolicy() ?? this.failureByLimit() ?? this.failureByIndexes();
    if (broken) return newCondition('FailureTarget', 'True', ...broken, this.now);
    const { successPolicy, completions = 0 } = this.job.spec!;
    const met = this.indexes && successMessage(successPolicy, completions, this.indexes.succeeded);
    return met === undefined ? undefined : newCondition('SuccessCriteriaMet', 'True', 'SuccessPolicy', met, this.now);
  }

  private failureByPolicy(): [string, string] | undefined {
    const { podFailurePolicy } = this.job.spec!;
    if (!podFailurePolicy) return undefined;
    for (const pod of this.pods) {
      if (!hasFailed(pod, this.job)) continue;
      const { message } = failureVerdict(podFailurePolicy, pod);
      if (message !== undefined) return ['PodFailurePolicy', message];
    }
    return undefined;
  }

  private failureByLimit(): [string, string] | undefined {
    const { backoffLimit = 6, activeDeadlineSeconds, suspend } = this.job.spec!;
    if (this.failed > backoffLimit || this.restartsExceed(backoffLimit)) {
      return ['BackoffLimitExceeded', 'Job has reached the specified backoff limit'];
    }
    if (activeDeadlineSeconds == null || suspend || !this.status.startTime) return undefined;
    const left = Date.parse(this.status.startTime as string) + activeDeadlineSeconds * 1000 - this.now;
    if (left <= 0) {
      return ['DeadlineExceeded', 'Job was active longer than specified deadline'];
    }
    this.lookAgainMs = Math.max(left, 1);
    return undefined;
  }

  /** Upstream: pastBackoffLimitOnFailure. */
  private restartsExceed(limit: number): boolean {
    if (this.job.spec?.template.spec?.restartPolicy !== 'OnFailure') return false;
    let restarts = 0;
    for (const { status } of this.pods) {
      if (status?.phase !== 'Running' && status?.phase !== 'Pending') continue;
      const { initContainerStatuses = [], containerStatuses = [] } = status;
      for (const { restartCount } of [...initContainerStatuses, ...containerStatuses]) restarts += restartCount;
    }
    return limit === 0 ? restarts > 0 : restarts >= limit;
  }

  private failureByIndexes(): [string, string] | undefined {
    const failed = this.indexes?.failed;
    if (!failed) return undefined;
    const { maxFailedIndexes, completions = 0 } = this.job.spec!;
    const count = totalOf(failed);
    if (maxFailedIndexes != null && count > maxFailedIndexes) {
      return ['MaxFailedIndexesExceeded', 'Job has exceeded the specified maximal number of failed indexes'];
    }
    if (count > 0 && count + this.succeeded >= completions) return ['FailedIndexes', 'Job has failed indexes'];
    return undefined;
  }

  /** A job with pods that could not be deleted, or that the cache does not show yet, is not at its end. */
  private unlessPodsAreLeft(end: JobCondition, { deleted }: Managed): JobCondition | undefined {
    return deleted === this.active.length && this.settled ? end : undefined;
  }

  private completion(active: number): JobCondition | undefined {
    const { completions } = this.job.spec!;
    const enough = completions == null ? this.succeeded > 0 : this.succeeded >= completions;
    return enough && active === 0 ? newCondition('SuccessCriteriaMet', 'True', '', '', this.now) : undefined;
  }

  private noteSuspension(): void {
    const suspended = this.job.spec?.suspend === true;
    const [status, reason, message] = suspended
      ? (['True', 'JobSuspended', 'Job suspended'] as const)
      : (['False', 'JobResumed', 'Job resumed'] as const);
    const next = newCondition('Suspended', status, reason, message, this.now);
    const conditions = withJobCondition(this.status.conditions, next);
    if (!conditions) return;
    this.status.conditions = conditions;
    // What counts for the deadline is the time since the job was last resumed.
    if (!suspended) this.status.startTime = timestamp(this.now);
    this.changed = true;
    this.context.events.event(about(Jobs, this.job), 'Normal', suspended ? 'Suspended' : 'Resumed', message);
  }

  private setCounts(active: number, ready: number, terminating: number): void {
    const before = this.status;
    this.changed ||= active !== (before.active ?? 0) || ready !== before.ready || terminating !== before.terminating;
    const { active: _active, ...rest } = before;
    this.status = { ...rest, ...(active > 0 ? { active } : {}), ready, terminating };
  }

  private tellEnd(job: Job): void {
    const end = finishedCondition(job);
    if (!end) return;
    const tell = (type: 'Normal' | 'Warning', reason: string, message: string): void =>
      this.context.events.event(about(Jobs, job), type, reason, message);
    if (end.type === 'Failed') return tell('Warning', end.reason ?? '', end.message ?? '');
    if (job.spec?.completions != null && (job.status?.succeeded ?? 0) > job.spec.completions) {
      const message = 'Too many succeeded pods running after completion count reached';
      tell('Warning', 'TooManySucceededPods', message);
    }
    tell('Normal', 'Completed', 'Job completed');
  }
}
