// Which changes of a Job's status are refused: what says of a job's end must be coherent, and stay. Rules look only at
// what changed, so that a status that is wrong already can still be mended. Upstream: pkg/apis/batch/validation
// (validateJobStatus, ValidateJobStatusUpdate), pkg/registry/batch/job/strategy.go (getStatusValidationOptions).
import type { Job as BatchJob } from 'kubernetes-types/batch/v1.js';
import { semanticEqual } from '../../equal.ts';
import { type FieldErrors, OMITTED } from '../../validation.ts';
import { nonNegative } from './field-rules.ts';
import { countIndexes, indexInterval } from './job-policies.ts';
import type { JobSpec } from './job-spec.ts';

type Status = NonNullable<BatchJob['status']>;
interface Job {
  spec?: JobSpec;
  status?: BatchJob['status'];
}

const has = (status: Status, type: string): boolean =>
  status.conditions?.some((c) => c.type === type && c.status === 'True') ?? false;
const finished = (status: Status): boolean => has(status, 'Complete') || has(status, 'Failed');

function conditionsRule(errors: FieldErrors, message: string): void {
  errors.invalid('status.conditions', OMITTED, message);
}

function uncounted(errors: FieldErrors, status: Status): void {
  const seen = new Set<string>();
  for (const list of ['succeeded', 'failed'] as const) {
    status.uncountedTerminatedPods?.[list]?.forEach((uid, i) => {
      const field = `status.uncountedTerminatedPods.${list}[${i}]`;
      if (uid === '') errors.invalid(field, uid, 'must not be empty');
      else if (seen.has(uid)) errors.duplicate(field, uid);
      else seen.add(uid);
    });
  }
}

/** What changed, by the names of upstream's options. */
function changes(now: Status, before: Status) {
  const flipped = (type: string): boolean => has(now, type) !== has(before, type);
  const differs = (field: keyof Status): boolean => !semanticEqual(now[field] || null, before[field] || null);
  return {
    finished: finished(now) !== finished(before),
    complete: flipped('Complete'),
    failed: flipped('Failed'),
    failureTarget: flipped('FailureTarget'),
    criteria: flipped('SuccessCriteriaMet'),
    completedIndexes: (now.completedIndexes ?? '') !== (before.completedIndexes ?? ''),
    failedIndexes: now.failedIndexes !== before.failedIndexes,
    active: differs('active'),
    ready: differs('ready'),
    terminating: differs('terminating'),
    startTime: differs('startTime'),
    completionTime: differs('completionTime'),
    uncounted: differs('uncountedTerminatedPods'),
  };
}
type Changes = ReturnType<typeof changes>;

function times(errors: FieldErrors, status: Status, changed: Changes): void {
  const { completionTime, startTime } = status;
  const field = 'status.completionTime';
  const complete = has(status, 'Complete');
  if (changed.complete || changed.completionTime) {
    if (completionTime && !complete) {
      const why = 'cannot set completionTime when there is no Complete=True condition';
      errors.invalid(field, completionTime, why);
    }
    if (!completionTime && complete) errors.required(field, 'completionTime is required for Complete jobs');
  }
  if ((changed.startTime || changed.completionTime) && startTime && completionTime) {
    if (Date.parse(completionTime) < Date.parse(startTime)) {
      errors.invalid(field, completionTime, 'completionTime cannot be set before startTime');
    }
  }
}

function endings(errors: FieldErrors, status: Status, changed: Changes, spec: JobSpec): void {
  const [complete, failed] = [has(status, 'Complete'), has(status, 'Failed')];
  if ((changed.failed || changed.failedIndexes) && failed && !has(status, 'FailureTarget')) {
    conditionsRule(errors, 'cannot set Failed=True condition without the FailureTarget=true condition');
  }
  if ((changed.complete || changed.criteria) && complete && !has(status, 'SuccessCriteriaMet')) {
    conditionsRule(errors, 'cannot set Complete=True condition without the SuccessCriteriaMet=true condition');
  }
  if (!complete && !failed) return;
  if ((changed.finished || changed.active) && (status.active ?? 0) > 0) {
    errors.invalid('status.active', status.active, 'active>0 is invalid for finished job');
  }
  // A suspended job that wants nothing ends without having begun.
  const idle = spec.suspend === true && spec.completions === 0;
  if ((changed.finished || changed.startTime) && !idle && !status.startTime) {
    errors.required('status.startTime', 'startTime is required for finished job');
  }
  const pods = status.uncountedTerminatedPods;
  if ((changed.finished || changed.uncounted) && (pods?.failed?.length || pods?.succeeded?.length)) {
    const why = 'uncountedTerminatedPods needs to be empty for finished job';
    errors.invalid('status.uncountedTerminatedPods', pods, why);
  }
}

function overlap(completed: string, failed: string, completions: number): number | undefined {
  const parse = (text: string) =>
    text.split(',').flatMap((part) => {
      const interval = indexInterval(part, completions);
      // What cannot be read has its own error.
      return typeof interval === 'string' ? [] : [interval];
    });
  const [a, b] = [parse(completed), parse(failed)];
  for (let i = 0, j = 0; i < a.length && j < b.length;) {
    const [x, y] = [a[i]!, b[j]!];
    if (x[0] <= y[1] && y[0] <= x[1]) return Math.max(x[0], y[0]);
    if (x[0] <= y[0]) i++;
    else j++;
  }
  return undefined;
}

function indexes(errors: FieldErrors, status: Status, changed: Changes, spec: JobSpec): void {
  const { completedIndexes: completed = '', failedIndexes: failed } = status;
  const { completions, backoffLimitPerIndex } = spec;
  const check = (field: 'completedIndexes' | 'failedIndexes', text: string, many: number): void => {
    const counted = countIndexes(text, many);
    if (typeof counted === 'string') errors.invalid(`status.${field}`, text, `error parsing ${field}: ${counted}`);
  };
  if (changed.completedIndexes && completions != null) check('completedIndexes', completed, completions);
  if (changed.failedIndexes && completions != null && backoffLimitPerIndex != null && failed != null) {
    check('failedIndexes', failed, completions);
  }
  if (changed.completedIndexes && completed !== '' && spec.completionMode !== 'Indexed') {
    const why = 'cannot set non-empty completedIndexes when non-indexed completion mode';
    errors.invalid('status.completedIndexes', completed, why);
  }
  if (changed.failedIndexes && backoffLimitPerIndex == null && failed != null) {
    const why = 'cannot set non-null failedIndexes when backoffLimitPerIndex is null';
    errors.invalid('status.failedIndexes', failed, why);
  }
  if ((changed.failedIndexes || changed.completedIndexes) && completions != null && failed && completed) {
    const common = overlap(completed, failed, completions);
    if (common !== undefined) {
      errors.invalid('status.failedIndexes', failed, `failedIndexes and completedIndexes overlap at index: ${common}`);
    }
  }
}

function criteria(errors: FieldErrors, status: Status, spec: JobSpec): void {
  const met = has(status, 'SuccessCriteriaMet');
  if (met && has(status, 'Failed')) {
    conditionsRule(errors, 'cannot set SuccessCriteriaMet=True and Failed=true conditions');
  }
  if (met && has(status, 'FailureTarget')) {
    conditionsRule(errors, 'cannot set SuccessCriteriaMet=True and FailureTarget=true conditions');
  }
  if (spec.successPolicy && !met && has(status, 'Complete')) {
    const why = 'cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True';
    conditionsRule(errors, why);
  }
}

/** Upstream: validateJobStatus. */
function state(errors: FieldErrors, status: Status, changed: Changes, spec: JobSpec): void {
  for (const field of ['active', 'succeeded', 'failed', 'ready', 'terminating'] as const) {
    nonNegative(errors, `status.${field}`, status[field]);
  }
  uncounted(errors, status);
  const complete = has(status, 'Complete');
  if ((changed.complete || changed.failed) && complete && has(status, 'Failed')) {
    conditionsRule(errors, 'cannot set Complete=True and Failed=true conditions');
  }
  if ((changed.complete || changed.failureTarget) && complete && has(status, 'FailureTarget')) {
    conditionsRule(errors, 'cannot set Complete=True and FailureTarget=true conditions');
  }
  times(errors, status, changed);
  endings(errors, status, changed, spec);
  indexes(errors, status, changed, spec);
  if ((changed.finished || changed.terminating) && (status.terminating ?? 0) > 0 && finished(status)) {
    errors.invalid('status.terminating', status.terminating, 'terminating>0 is invalid for finished job');
  }
  if ((changed.ready || changed.active) && status.ready != null && status.ready > (status.active ?? 0)) {
    errors.invalid('status.ready', status.ready, 'cannot set more ready pods than active');
  }
  criteria(errors, status, spec);
}

export function validateJobStatus(job: Job, old: Job, errors: FieldErrors): void {
  const [now, before, spec] = [job.status ?? {}, old.status ?? {}, job.spec!];
  const changed = changes(now, before);
  state(errors, now, changed, spec);
  for (const type of ['Failed', 'Complete', 'FailureTarget']) {
    if (has(before, type) && !has(now, type)) {
      conditionsRule(errors, `cannot disable the terminal ${type}=True condition`);
    }
  }
  if ((now.failed ?? 0) < (before.failed ?? 0)) {
    errors.invalid('status.failed', now.failed ?? 0, 'cannot decrease the failed counter');
  }
  // An indexed job may have been scaled down.
  const elastic = spec.completionMode === 'Indexed' && spec.completions === spec.parallelism;
  if (!elastic && (now.succeeded ?? 0) < (before.succeeded ?? 0)) {
    errors.invalid('status.succeeded', now.succeeded ?? 0, 'cannot decrease the succeeded counter');
  }
  if (now.completionTime && before.completionTime && changed.completionTime) {
    errors.invalid('status.completionTime', now.completionTime, 'completionTime cannot be mutated');
  }
  // One that goes on begins anew; upstream since 1.34.2.
  const resumed = has(before, 'Suspended') && !has(now, 'Suspended');
  if (changed.startTime && before.startTime && !spec.suspend && !resumed) {
    errors.required('status.startTime', 'startTime cannot be removed for unsuspended job');
  }
  const met = has(now, 'SuccessCriteriaMet');
  if (has(before, 'SuccessCriteriaMet') && !met) {
    conditionsRule(errors, 'cannot disable the SuccessCriteriaMet=True condition');
  }
  if (has(before, 'Complete') && !has(before, 'SuccessCriteriaMet') && met) {
    conditionsRule(errors, 'cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions');
  }
}
