// Deletes Jobs, with their pods, so long after they have ended as spec.ttlSecondsAfterFinished says.
// Upstream: pkg/controller/ttlafterfinished.
import type { Job } from 'kubernetes-types/batch/v1.js';
import { Jobs } from '../../api/resources.ts';
import { isNotFound } from '../../api/status.ts';
import { type ControllerContext, type ReconcileResult, defineController } from '../../client/controller.ts';
import { finishedCondition } from './job/conditions.ts';

/** Milliseconds until the job is to go, at most 0 when it is due; undefined: it stays. */
function timeLeft(job: Job, nowMs: number): number | undefined {
  const ttl = job.spec?.ttlSecondsAfterFinished;
  const end = finishedCondition(job);
  if (ttl == null || !end || job.metadata?.deletionTimestamp !== undefined) return undefined;
  if (!end.lastTransitionTime) {
    const { namespace, name } = job.metadata ?? {};
    throw new Error(`unable to find the time when the Job ${namespace}/${name} finished`);
  }
  return Date.parse(end.lastTransitionTime as string) + ttl * 1000 - nowMs;
}

async function reconcile({ client, clock, lister }: ControllerContext, key: string): Promise<ReconcileResult | void> {
  const job = lister(Jobs).get(key);
  const left = job && timeLeft(job, clock.now());
  if (!job || left === undefined) return;
  if (left > 0) return { requeueAfterMs: left };
  const { name = '', namespace } = job.metadata ?? {};
  try {
    // The cache may lag: its time may just have been made longer.
    const live = await client.get(Jobs, { name, namespace });
    const liveLeft = timeLeft(live, clock.now());
    if (liveLeft === undefined) return;
    if (liveLeft > 0) return { requeueAfterMs: liveLeft };
    const preconditions = { uid: live.metadata?.uid ?? '' };
    await client.delete(Jobs, { name, namespace }, { propagationPolicy: 'Foreground', preconditions });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

export default defineController({
  name: 'ttl-after-finished',
  for: Jobs,
  filter: (job) => job.spec?.ttlSecondsAfterFinished != null,
  reconcile,
});
