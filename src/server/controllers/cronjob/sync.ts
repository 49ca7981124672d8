// One reconcile of a CronJob: forgets what ended, deletes old history, and starts what is due.
// Upstream: syncCronJob and cleanupFinishedJobs in pkg/controller/cronjob/cronjob_controllerv2.go.
import type { CronJob, CronJobStatus, Job } from 'kubernetes-types/batch/v1.js';
import type { ObjectReference } from 'kubernetes-types/core/v1.js';
import { CronJobs, Jobs } from '../../../api/resources.ts';
import { isAlreadyExists, isNotFound } from '../../../api/status.ts';
import type { ControllerContext } from '../../../client/controller.ts';
import { finishedCondition } from '../job/conditions.ts';
import { timestamp } from '../shared/conditions.ts';
import { about, messageOf } from '../shared/objects.ts';
import { isControlledBy } from '../shared/owners.ts';
import { isNamespaceTerminating } from '../shared/pod-control.ts';
import { mostRecent, untilNextMs } from './missed.ts';
import { type Schedule, scheduleOf } from './schedule.ts';
import { jobName, jobOf } from './template.ts';
import { isZone } from './zone.ts';

const TZ_LINK = 'https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details';

export class CronJobSync {
  private readonly context: ControllerContext;
  private readonly cronJob: CronJob;
  /** What it controls. */
  private readonly jobs: readonly Job[];
  private readonly nowMs: number;
  status: CronJobStatus;
  changed = false;

  constructor(context: ControllerContext, cronJob: CronJob, jobs: readonly Job[]) {
    this.context = context;
    this.cronJob = cronJob;
    this.jobs = jobs;
    this.nowMs = context.clock.now();
    this.status = { ...cronJob.status };
  }

  private get active(): ObjectReference[] {
    return this.status.active ?? [];
  }

  private tell(type: 'Normal' | 'Warning', reason: string, message: string): void {
    this.context.events.event(about(CronJobs, this.cronJob), type, reason, message);
  }

  /** Answers in how many milliseconds to look again. */
  async run(): Promise<number | undefined> {
    await this.deleteHistory();
    for (const job of this.jobs) await this.look(job);
    await this.forgetMissing();
    if (this.cronJob.metadata?.deletionTimestamp !== undefined) return undefined;
    const schedule = this.schedule();
    return schedule && this.start(schedule);
  }

  private async look(job: Job): Promise<void> {
    const { uid, name } = job.metadata ?? {};
    const end = finishedCondition(job);
    const listed = this.active.some((reference) => reference.uid === uid);
    if (!end) {
      if (listed || (await this.listedLive(uid))) return;
      this.tell('Warning', 'UnexpectedJob', `Saw a job that the controller did not create or forgot: ${name}`);
      return;
    }
    if (listed) {
      this.removeActive(uid);
      this.tell('Normal', 'SawCompletedJob', `Saw completed job: ${name}, condition: ${end.type}`);
    }
    const completed = job.status?.completionTime as string | undefined;
    if (end.type !== 'Complete' || !completed) return;
    const last = this.status.lastSuccessfulTime as string | undefined;
    if (last && Date.parse(completed) <= Date.parse(last)) return;
    this.status = { ...this.status, lastSuccessfulTime: completed };
    this.changed = true;
  }

  /** The cache may be older than what was written when the job was made. */
  private async listedLive(uid: string | undefined): Promise<boolean> {
    const { name = '', namespace } = this.cronJob.metadata ?? {};
    const live = await this.context.client.get(CronJobs, { name, namespace });
    return live.status?.active?.some((reference) => reference.uid === uid) ?? false;
  }

  private removeActive(uid: string | undefined): void {
    const { active = [], ...rest } = this.status;
    const left = active.filter((reference) => reference.uid !== uid);
    this.status = left.length > 0 ? { ...rest, active: left } : rest;
    this.changed = true;
  }

  private async forgetMissing(): Promise<void> {
    const known = new Set(this.jobs.map((job) => job.metadata?.uid));
    for (const { uid, name = '', namespace } of this.active) {
      if (known.has(uid)) continue;
      try {
        await this.context.client.get(Jobs, { name, namespace });
      } catch (error) {
        if (!isNotFound(error)) throw error;
        this.tell('Normal', 'MissingJob', `Active job went missing: ${name}`);
        this.removeActive(uid);
      }
    }
  }

  /** Undefined: nothing is to be started. */
  private schedule(): Schedule | undefined {
    const { timeZone, suspend, schedule } = this.cronJob.spec!;
    if (timeZone != null && !isZone(timeZone)) {
      const why = `unknown time zone ${timeZone}`;
      this.tell('Warning', 'UnknownTimeZone', `invalid timeZone: ${JSON.stringify(timeZone)}: ${why}`);
      return undefined;
    }
    if (suspend) return undefined;
    const quoted = JSON.stringify(schedule);
    if (schedule.includes('TZ')) {
      const message = `CRON_TZ or TZ used in schedule ${quoted} is not officially supported, see ${TZ_LINK}`;
      this.tell('Warning', 'UnsupportedSchedule', message);
    }
    try {
      return scheduleOf(this.cronJob.spec!);
    } catch (error) {
      this.tell('Warning', 'UnparseableSchedule', `unparseable schedule: ${quoted} : ${messageOf(error)}`);
      return undefined;
    }
  }

  private async start(schedule: Schedule): Promise<number | undefined> {
    const { startingDeadlineSeconds: deadline, concurrencyPolicy } = this.cronJob.spec!;
    let due: number | undefined;
    try {
      due = this.due(schedule);
    } catch (error) {
      const text = this.cronJob.spec!.schedule;
      this.tell('Warning', 'InvalidSchedule', `invalid schedule: ${text} : ${messageOf(error)}`);
      return undefined;
    }
    const later = (): number => untilNextMs({ ...this.cronJob, status: this.status }, schedule, this.nowMs);
    if (due === undefined) return later();
    if (deadline != null && due + deadline * 1000 < this.nowMs) {
      this.tell('Warning', 'MissSchedule', `Missed scheduled time to start a job: ${rfc1123(due)}`);
      return later();
    }
    if (this.wasStarted(due)) return later();
    if (concurrencyPolicy === 'Forbid' && this.active.length + this.unlisted(due).length > 0) {
      const message = 'Not starting job because prior execution is running and concurrency policy is Forbid';
      this.tell('Normal', 'JobAlreadyActive', message);
      return later();
    }
    if (concurrencyPolicy === 'Replace') await this.deleteActive(due);
    const job = await this.create(due);
    if (job) this.noteStarted(job, due);
    return later();
  }

  /** Upstream: nextScheduleTime. */
  private due(schedule: Schedule): number | undefined {
    const { dueMs, missed } = mostRecent(this.cronJob, schedule, this.nowMs, true);
    if (dueMs !== undefined && missed === 'many') {
      const message = 'too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew';
      this.tell('Warning', 'TooManyMissedTimes', message);
    }
    return dueMs;
  }

  private wasStarted(due: number): boolean {
    const name = jobName(this.cronJob, due);
    const last = this.status.lastScheduleTime as string | undefined;
    return this.active.some((reference) => reference.name === name) || (!!last && Date.parse(last) === due);
  }

  /**
   * What it made before and runs, but could not note: the answer or the status was lost. Upstream only tells of these. The
   * job of this start is none of them: to make it once more is how it is found.
   */
  private unlisted(due: number): readonly Job[] {
    const listed = new Set(this.active.map(({ uid }) => uid));
    const own = jobName(this.cronJob, due);
    return this.jobs.filter(
      ({ metadata, ...job }) =>
        !listed.has(metadata?.uid) && metadata?.name !== own && !metadata?.deletionTimestamp && !finishedCondition(job),
    );
  }

  private async deleteActive(due: number): Promise<void> {
    for (const job of this.unlisted(due)) await this.mustDelete(job);
    for (const { name = '', namespace } of this.active) {
      let job: Job;
      try {
        job = await this.context.client.get(Jobs, { name, namespace });
      } catch (error) {
        this.tell('Warning', 'FailedGet', `Get job: ${messageOf(error)}`);
        throw error;
      }
      await this.mustDelete(job);
    }
  }

  private async mustDelete(job: Job): Promise<void> {
    const { name, namespace } = job.metadata ?? {};
    if (!(await this.deleteJob(job))) throw new Error(`could not replace job ${namespace}/${name}`);
  }

  private async deleteJob(job: Job): Promise<boolean> {
    const { name = '', namespace, uid } = job.metadata ?? {};
    try {
      await this.context.client.delete(Jobs, { name, namespace }, { propagationPolicy: 'Background' });
    } catch (error) {
      this.tell('Warning', 'FailedDelete', `Deleted job: ${messageOf(error)}`);
      return false;
    }
    this.removeActive(uid);
    this.tell('Normal', 'SuccessfulDelete', `Deleted job ${name}`);
    return true;
  }

  /** Undefined when the job of this start is there already, and noted or somebody else's. */
  private async create(due: number): Promise<Job | undefined> {
    const { client } = this.context;
    const wanted = jobOf(this.cronJob, due);
    try {
      const job = await client.create(Jobs, wanted);
      this.tell('Normal', 'SuccessfulCreate', `Created job ${job.metadata?.name}`);
      return job;
    } catch (error) {
      if (isAlreadyExists(error)) {
        const { name = '', namespace } = wanted.metadata ?? {};
        const job = await client.get(Jobs, { name, namespace });
        const known = this.active.some((reference) => reference.uid === job.metadata?.uid);
        return isControlledBy(job, this.cronJob) && !known ? job : undefined;
      }
      if (!isNamespaceTerminating(error)) {
        this.tell('Warning', 'FailedCreate', `Error creating job: ${messageOf(error)}`);
      }
      throw error;
    }
  }

  private noteStarted({ metadata }: Job, due: number): void {
    const reference: ObjectReference = {
      kind: 'Job',
      namespace: metadata?.namespace,
      name: metadata?.name,
      uid: metadata?.uid,
      apiVersion: 'batch/v1',
      resourceVersion: metadata?.resourceVersion,
    } as ObjectReference;
    this.status = { ...this.status, active: [...this.active, reference], lastScheduleTime: timestamp(due) as never };
    this.changed = true;
  }

  private async deleteHistory(): Promise<void> {
    const { successfulJobsHistoryLimit: good, failedJobsHistoryLimit: bad } = this.cronJob.spec!;
    const ended = (type: string) => this.jobs.filter((job) => finishedCondition(job)?.type === type);
    if (good != null) await this.deleteOldest(ended('Complete'), good);
    if (bad != null) await this.deleteOldest(ended('Failed'), bad);
  }

  private async deleteOldest(jobs: readonly Job[], keep: number): Promise<void> {
    const surplus = jobs.toSorted(byStart).slice(0, Math.max(0, jobs.length - keep));
    // One that goes already, with finalizers, was told of before.
    for (const job of surplus) if (job.metadata?.deletionTimestamp === undefined) await this.deleteJob(job);
  }
}

/** Those that never started are the newest. */
function byStart(a: Job, b: Job): number {
  const start = (job: Job): number => (job.status?.startTime ? Date.parse(job.status.startTime as string) : Infinity);
  const [x, y] = [start(a), start(b)];
  if (x !== y) return x < y ? -1 : 1;
  return (a.metadata?.name ?? '') < (b.metadata?.name ?? '') ? -1 : 1;
}

/** Go's RFC1123Z: `Mon, 02 Jan 2006 15:04:05 +0000`. */
const rfc1123 = (ms: number): string => new Date(ms).toUTCString().replace('GMT', '+0000');
