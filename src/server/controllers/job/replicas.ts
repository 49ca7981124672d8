// Makes and deletes a job's pods until as many run as should. A reconcile does one or the other; deletions come first.
// Upstream: manageJob in pkg/controller/job/job_controller.go.
import type { Job } from 'kubernetes-types/batch/v1.js';
import type { Pod } from 'kubernetes-types/core/v1.js';
import { Jobs, Pods } from '../../../api/resources.ts';
import { isNotFound } from '../../../api/status.ts';
import { objectKey } from '../../../api/types.ts';
import type { ControllerContext } from '../../../client/controller.ts';
import { compareForDeletion } from '../replicaset/ranking.ts';
import { about, slowStartBatch } from '../shared/objects.ts';
import { createPod, deletePod, isNamespaceTerminating } from '../shared/pod-control.ts';
import { isPodReady } from '../shared/pods.ts';
import { wasRefused } from '../shared/written-versions.ts';
import { type BackoffRecord, remainingForIndexMs, remainingMs } from './backoff.ts';
import { type JobIndexes, pendingIndexes, surplusByIndex } from './indexes.ts';
import { isIndexed, isTracked, limitsEachIndex } from './pods.ts';
import { replacesOnlyFailed } from './policies.ts';
import type { JobState } from './state.ts';
import { jobPod, jobTemplate } from './template.ts';
import { removeFinalizer } from './tracking.ts';

/** Pods made or deleted in one reconcile. Upstream: MaxPodCreateDeletePerSync. */
const BURST = 500;

export interface Replicas {
  context: ControllerContext;
  state: JobState;
  job: Job;
  pods: readonly Pod[];
  active: readonly Pod[];
  succeeded: number;
  terminating: number;
  indexes: JobIndexes | undefined;
  replaced: ReadonlyMap<number, Pod>;
  backoff: BackoffRecord;
}

/** What changed in the counts, the first error, and when to look again. */
export interface Managed {
  created: number;
  deleted: number;
  deletedReady: number;
  error?: unknown;
  retryMs?: number;
}

const NOTHING: Managed = { created: 0, deleted: 0, deletedReady: 0 };

/** How many pods should run now. */
export function wantedActive({ spec }: Job, active: number, succeeded: number): number {
  const { suspend, completions, parallelism = 1 } = spec ?? {};
  if (suspend) return 0;
  // Once a pod has succeeded no more are made; those that run may end.
  if (completions == null) return succeeded > 0 ? active : parallelism;
  return Math.max(0, Math.min(completions - succeeded, parallelism));
}

export async function manageReplicas(replicas: Replicas): Promise<Managed> {
  const { job, active, terminating } = replicas;
  const wanted = wantedActive(job, active.length, replicas.succeeded);
  const victims = surplusPods(replicas, Math.max(0, active.length - wanted));
  if (victims.length > 0) return deleteSurplus(replicas, job.spec?.suspend ? victims : victims.slice(0, BURST));
  const missing = wanted - active.length - (replacesOnlyFailed(job) ? terminating : 0);
  return missing > 0 ? createMissing(replicas, missing) : NOTHING;
}

/** Upstream: activePodsForRemoval. */
function surplusPods({ job, active, context }: Replicas, least: number): Pod[] {
  const now = context.clock.now();
  const rank = (pods: readonly Pod[]) =>
    pods.toSorted((a, b) => compareForDeletion({ pod: a, rank: 0 }, { pod: b, rank: 0 }, now));
  const { surplus, left } = isIndexed(job) ? surplusByIndex(job, active, rank) : { surplus: [], left: [...active] };
  if (surplus.length < least) surplus.push(...rank(left).slice(0, least - surplus.length));
  return surplus;
}

const ownedBy = ({ context: { client, events }, job }: Pick<Replicas, 'context' | 'job'>) => ({
  client,
  events,
  owner: about(Jobs, job),
});

/** Nobody needs to count them: they go without their finalizer. Upstream: deleteJobPods. */
async function deleteSurplus(replicas: Replicas, victims: readonly Pod[]): Promise<Managed> {
  const { context, state, job } = replicas;
  const uid = job.metadata?.uid ?? '';
  state.expectations.expectDeletions(uid, victims.map(objectKey));
  return deleteAll(victims, async (pod) => {
    try {
      if (isTracked(pod)) await removeFinalizer(context, pod);
      await deletePod(ownedBy(replicas), pod);
    } catch (error) {
      state.expectations.deletionObserved(uid, objectKey(pod));
      if (!isNotFound(error)) throw error;
    }
  });
}

/** Of a job that ends: their finalizers stay until they are counted. Upstream: deleteActivePods. */
export const deleteActive = (replicas: Pick<Replicas, 'context' | 'job' | 'active'>): Promise<Managed> =>
  deleteAll(replicas.active, async (pod) => {
    try {
      await deletePod(ownedBy(replicas), pod);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  });

async function deleteAll(victims: readonly Pod[], remove: (pod: Pod) => Promise<void>): Promise<Managed> {
  const results = await Promise.allSettled(victims.map(remove));
  const gone = victims.filter((_, i) => results[i]!.status === 'fulfilled');
  const failed = results.find((r) => r.status === 'rejected');
  return {
    created: 0,
    deleted: gone.length,
    deletedReady: gone.filter(isPodReady).length,
    ...(failed ? { error: failed.reason } : {}),
  };
}

async function createMissing(replicas: Replicas, missing: number): Promise<Managed> {
  const { job, context, indexes, active, pods, replaced } = replicas;
  const now = context.clock.now();
  const count = Math.min(missing, BURST);
  if (!limitsEachIndex(job)) {
    const retryMs = remainingMs(replicas.backoff, now);
    if (retryMs > 0) return { ...NOTHING, retryMs };
  }
  if (!indexes) return create(replicas, new Array<undefined>(count).fill(undefined));
  const pending = pendingIndexes(job, indexes, active, pods, count);
  if (!limitsEachIndex(job)) return create(replicas, pending);
  const waits = pending.map((index) => remainingForIndexMs(replaced.get(index), now));
  const ready = pending.filter((_, i) => waits[i] === 0);
  const later = waits.filter((wait) => wait > 0);
  const managed = ready.length > 0 ? await create(replicas, ready) : NOTHING;
  return later.length > 0 ? { ...managed, retryMs: Math.min(...later) } : managed;
}

async function create(replicas: Replicas, indexes: readonly (number | undefined)[]): Promise<Managed> {
  const { job, state, replaced } = replicas;
  const uid = job.metadata?.uid ?? '';
  const { expectations } = state;
  expectations.expectCreations(uid, indexes.length);
  const template = jobTemplate(job);
  const { succeeded, error } = await slowStartBatch(indexes.length, async (i) => {
    const index = indexes[i];
    try {
      await createPod(ownedBy(replicas), jobPod(job, template, index, replaced.get(index ?? -1)));
    } catch (failure) {
      if (!wasRefused(failure)) state.setUncertain(uid, true);
      if (!isNamespaceTerminating(failure)) throw failure;
      expectations.creationObserved(uid);
    }
  });
  // What failed or was skipped will never be seen.
  if (succeeded < indexes.length) expectations.creationObserved(uid, indexes.length - succeeded);
  return { ...NOTHING, created: succeeded, ...(error === undefined ? {} : { error }) };
}

/** After a creation without an answer: whether the cache shows every pod that the server has. */
export async function seesAllPods({ client }: ControllerContext, state: JobState, job: Job): Promise<boolean> {
  const { namespace, uid } = job.metadata ?? {};
  const { items } = await client.list(Pods, { namespace });
  const own = items.filter((pod) => pod.metadata?.ownerReferences?.some((r) => r.controller && r.uid === uid));
  return own.every((pod) => state.pods.get(objectKey(pod)) !== undefined);
}
