// The Job of one start of a CronJob. Its name says the minute of the start, so that no start can have two Jobs.
// Upstream: getJobFromTemplate2 and getJobName in pkg/controller/cronjob.
import type { CronJob, Job } from 'kubernetes-types/batch/v1.js';
import { CronJobs } from '../../../api/resources.ts';
import { newControllerRef } from '../shared/owners.ts';
import { rfc3339 } from './zone.ts';

const SCHEDULED_AT = 'batch.kubernetes.io/cronjob-scheduled-timestamp';

export const jobName = (cronJob: CronJob, startMs: number): string =>
  `${cronJob.metadata?.name}-${Math.floor(startMs / 60_000)}`;

export function jobOf(cronJob: CronJob, startMs: number): Job {
  const { namespace } = cronJob.metadata ?? {};
  const { jobTemplate, timeZone } = cronJob.spec!;
  const { labels, annotations } = jobTemplate.metadata ?? {};
  return {
    metadata: {
      name: jobName(cronJob, startMs),
      namespace,
      ...(labels ? { labels } : {}),
      annotations: { ...annotations, [SCHEDULED_AT]: rfc3339(timeZone ?? 'UTC', startMs) },
      ownerReferences: [newControllerRef(CronJobs, cronJob) as never],
    },
    spec: jobTemplate.spec,
  } as Job;
}
