// Why a cron job does not start jobs, or starts them in vain.
import type { CronJob, Job } from 'kubernetes-types/batch/v1.js';
import { ageOf } from '../../api/duration.ts';
import { type CronSchedule, parseCron } from '../../api/cron.ts';
import { core, type Finding, inNamespace, type WhyContext } from './finding.ts';
import { workloadFindings } from './workload.ts';

export async function cronJobFindings(context: WhyContext, cronJob: CronJob): Promise<Finding[]> {
  const { name = '', namespace = '' } = cronJob.metadata ?? {};
  const { spec, status } = cronJob;
  const about = `cronjob.batch/${name}`;
  const where = inNamespace(context, namespace);
  const found: Finding[] = [];
  if (spec?.suspend) {
    const next = `patch cronjob ${name} -p '{"spec":{"suspend":false}}'${where}`;
    found.push({ severity: 'warning', about, reason: 'Suspended', message: 'starts no jobs', next });
  }
  found.push(...scheduleFindings(cronJob, about, context.nowMs));
  const active = status?.active ?? [];
  if (spec?.concurrencyPolicy === 'Forbid' && active.length > 0) {
    const job = active[0]!.name;
    const message = `job ${job} still runs, and concurrencyPolicy Forbid starts none beside it`;
    found.push({ severity: 'info', about, reason: 'Busy', message, next: `why job/${job}${where}` });
  }
  const [event] = await context.warnings(cronJob as never);
  if (event) found.push({ severity: 'warning', about, reason: event.reason ?? '', message: event.message ?? '' });
  return [...found, ...(await lastJob(context, cronJob))];
}

function scheduleFindings({ spec, status }: CronJob, about: string, nowMs: number): Finding[] {
  const { schedule = '' } = spec ?? {};
  try {
    if (isEverDue(parseCron(schedule))) return [];
  } catch (error) {
    return [{ severity: 'error', about, reason: 'BadSchedule', message: (error as Error).message }];
  }
  const last = status?.lastScheduleTime ? `; it ran last ${ageOf(String(status.lastScheduleTime), nowMs)} ago` : '';
  const message = `the schedule ${JSON.stringify(schedule)} names no day that there is${last}`;
  return [{ severity: 'error', about, reason: 'NeverDue', message }];
}

const DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** The thirty-first of February never comes. A day of the week that is named counts by itself. */
function isEverDue(schedule: CronSchedule): boolean {
  if ('everyMs' in schedule || !schedule.dayOfWeek.star) return true;
  const { month, dayOfMonth } = schedule;
  return DAYS.some((days, i) => month.values.has(i + 1) && [...dayOfMonth.values].some((day) => day <= days));
}

/** What is wrong with the job that was started last. */
async function lastJob(context: WhyContext, cronJob: CronJob): Promise<Finding[]> {
  const { namespace = '', uid } = cronJob.metadata ?? {};
  const path = core(namespace, 'jobs').replace('/api/v1/', '/apis/batch/v1/');
  const jobs = (await context.read<{ items?: Job[] }>(path))?.items ?? [];
  const own = jobs.filter((job) => job.metadata?.ownerReferences?.some((owner) => owner.uid === uid));
  const time = (job: Job): string => String(job.metadata?.creationTimestamp ?? '');
  const [latest] = own.sort((a, b) => (time(a) < time(b) ? 1 : -1));
  return latest ? workloadFindings(context, { apiVersion: 'batch/v1', kind: 'Job', ...latest } as never) : [];
}
