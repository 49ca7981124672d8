// Starts Jobs at the times of a schedule: CronJobs. This file wakes and writes; a reconcile is in cronjob/sync.ts.
// Upstream: pkg/controller/cronjob.
import type { CronJob, Job } from 'kubernetes-types/batch/v1.js';
import { CronJobs, Jobs } from '../../api/resources.ts';
import { isNotFound } from '../../api/status.ts';
import { objectKey } from '../../api/types.ts';
import { type ControllerContext, type ReconcileResult, defineController } from '../../client/controller.ts';
import type { Lister } from '../../client/informer.ts';
import { type ControllerEnvironment, defineControllerModule } from './_types.ts';
import { untilNextMs } from './cronjob/missed.ts';
import { scheduleOf } from './cronjob/schedule.ts';
import { CronJobSync } from './cronjob/sync.ts';
import { about } from './shared/objects.ts';
import { controlledBy, indexByController } from './shared/owners.ts';
import { unlessTerminating } from './shared/pod-control.ts';
import { WrittenVersions } from './shared/written-versions.ts';

interface State {
  jobs: Lister<Job>;
  written: WrittenVersions;
  /** Keys whose schedule has just changed: what the new one missed before is not made up for. */
  rescheduled: Set<string>;
}

function setup({ informers }: ControllerEnvironment) {
  const written = new WrittenVersions();
  const state: State = { jobs: indexByController(informers.for(Jobs)), written, rescheduled: new Set() };
  informers.for(CronJobs).addHandler({
    delete: (cronJob) => {
      written.forget(cronJob.metadata?.uid ?? '');
      state.rescheduled.delete(objectKey(cronJob));
    },
  });
  return [
    defineController({
      name: 'cronjob',
      for: CronJobs,
      owns: [Jobs],
      filter(cronJob, old) {
        const [now, before] = [cronJob.spec, old?.spec];
        const moved = now?.schedule !== before?.schedule || now?.timeZone !== before?.timeZone;
        if (old && moved) state.rescheduled.add(objectKey(cronJob));
        return true;
      },
      workers: 5,
      reconcile: (context, key) => unlessTerminating(reconcile(context, key, state)),
    }),
  ];
}

async function reconcile(context: ControllerContext, key: string, state: State): Promise<ReconcileResult | void> {
  const cronJob = context.lister(CronJobs).get(key);
  if (!cronJob?.spec || !state.written.isCurrent(cronJob)) return;
  if (state.rescheduled.delete(key)) return waitForNext(context, cronJob);
  const sync = new CronJobSync(context, cronJob, controlledBy(state.jobs, cronJob.metadata?.uid ?? ''));
  let requeueAfterMs: number | undefined;
  let failure: unknown;
  try {
    requeueAfterMs = await sync.run();
  } catch (error) {
    failure = error;
  }
  // What was done before a failure is noted all the same.
  if (sync.changed) {
    try {
      state.written.wrote(await context.client.updateStatus(CronJobs, { ...cronJob, status: sync.status }));
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
  if (failure !== undefined) throw failure as Error;
  if (requeueAfterMs !== undefined) return { requeueAfterMs };
}

/** Upstream: updateCronJob. */
function waitForNext({ events, clock }: ControllerContext, cronJob: CronJob): ReconcileResult | void {
  try {
    return { requeueAfterMs: Math.max(1, untilNextMs(cronJob, scheduleOf(cronJob.spec!), clock.now())) };
  } catch {
    const message = `unparseable schedule for cronjob: ${cronJob.spec?.schedule}`;
    events.event(about(CronJobs, cronJob), 'Warning', 'UnParseableCronJobSchedule', message);
  }
}

export default defineControllerModule({ name: 'cronjob', setup });
