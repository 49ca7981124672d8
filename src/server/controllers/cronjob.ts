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
import { controlledBy, indexByController, isControlledBy } from './shared/owners.ts';
import { unlessTerminating } from './shared/pod-control.ts';
import { WrittenVersions } from './shared/written-versions.ts';

interface State {
  jobs: Lister<Job>;
  written: WrittenVersions;
  /** Keys whose schedule has just changed: what the new one missed before is not made up for. */
  rescheduled: Set<string>;
  /** Keys of which nobody knows whether what was written last was done: the server is asked, the caches may be older. */
  doubtful: Set<string>;
}

function setup({ informers }: ControllerEnvironment) {
  const written = new WrittenVersions();
  const state: State = {
    jobs: indexByController(informers.for(Jobs)),
    written,
    rescheduled: new Set(),
    doubtful: new Set(),
  };
  informers.for(CronJobs).addHandler({
    delete: (cronJob) => {
      written.forget(cronJob.metadata?.uid ?? '');
      state.rescheduled.delete(objectKey(cronJob));
      state.doubtful.delete(objectKey(cronJob));
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
  const cached = context.lister(CronJobs).get(key);
  if (!cached?.spec || !state.written.isCurrent(cached)) return;
  if (state.rescheduled.delete(key)) return waitForNext(context, cached);
  const { cronJob, jobs } = await current(context, cached, state);
  if (!cronJob) return;
  const sync = new CronJobSync(context, cronJob, jobs);
  // Until all of it was answered.
  state.doubtful.add(key);
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
  const isCached = ({ metadata }: Job) => state.jobs.get(`${metadata?.namespace}/${metadata?.name}`) !== undefined;
  if (jobs.every(isCached)) state.doubtful.delete(key);
  if (requeueAfterMs !== undefined) return { requeueAfterMs };
}

/** The CronJob and its Jobs: as the caches have them, or live when those may lack what was done last. */
async function current(context: ControllerContext, cached: CronJob, state: State) {
  const { name = '', namespace, uid = '' } = cached.metadata ?? {};
  if (!state.doubtful.has(objectKey(cached))) return { cronJob: cached, jobs: controlledBy(state.jobs, uid) };
  const { client } = context;
  const cronJob = await client.get(CronJobs, { name, namespace }).catch((error: unknown) => {
    if (isNotFound(error)) return undefined;
    throw error;
  });
  // The cache has to get so far before it is believed again.
  if (cronJob) state.written.wrote(cronJob);
  const { items } = await client.list(Jobs, { namespace });
  const own = items.filter((job) => isControlledBy(job, cached));
  return { cronJob: cronJob?.metadata?.uid === uid ? cronJob : undefined, jobs: own };
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
