// A job's conditions. The end comes in two steps: SuccessCriteriaMet or FailureTarget when it is decided, Complete or
// Failed when every pod is gone and counted. Upstream: newCondition, ensureJobConditionStatus in
// pkg/controller/job/job_controller.go, pkg/controller/job/util.
import type { Job, JobCondition } from 'kubernetes-types/batch/v1.js';
import { timestamp } from '../shared/conditions.ts';

const isTrue = (job: Job, type: string): JobCondition | undefined =>
  job.status?.conditions?.find((c) => c.type === type && c.status === 'True');

/** The condition that says that the job has ended. */
export const finishedCondition = (job: Job): JobCondition | undefined =>
  job.status?.conditions?.find((c) => (c.type === 'Complete' || c.type === 'Failed') && c.status === 'True');

export const isFinished = (job: Job): boolean => finishedCondition(job) !== undefined;
export const successDecided = (job: Job): JobCondition | undefined => isTrue(job, 'SuccessCriteriaMet');
export const failureDecided = (job: Job): JobCondition | undefined => isTrue(job, 'FailureTarget');

export function newCondition(type: string, status: string, reason: string, message: string, nowMs: number) {
  const time = timestamp(nowMs);
  return {
    type,
    status,
    lastProbeTime: time,
    lastTransitionTime: time,
    ...(reason ? { reason } : {}),
    ...(message ? { message } : {}),
  } satisfies JobCondition;
}

/** The list with the condition in its place; undefined when nothing changes. What is False and new is not added. */
export function withJobCondition(
  conditions: readonly JobCondition[] | undefined,
  next: JobCondition,
): JobCondition[] | undefined {
  const list = conditions ?? [];
  const index = list.findIndex((c) => c.type === next.type);
  if (index < 0) return next.status === 'False' ? undefined : [...list, next];
  const now = list[index]!;
  const same =
    now.status === next.status &&
    (now.reason ?? '') === (next.reason ?? '') &&
    (now.message ?? '') === (next.message ?? '');
  return same ? undefined : list.map((c, i) => (i === index ? next : c));
}

/** Managed by a controller that is not this one. */
export const isManagedElsewhere = ({ spec }: Job): boolean =>
  spec?.managedBy != null && spec.managedBy !== 'kubernetes.io/job-controller';
