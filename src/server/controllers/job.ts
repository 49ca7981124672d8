// Runs pods until enough of them have succeeded: Jobs. This file wakes; a reconcile is in job/sync.ts. A second loop
// takes the tracking finalizer off pods whose job is gone or done. Upstream: pkg/controller/job/job_controller.go.
import type { Job } from 'kubernetes-types/batch/v1.js';
import type { Pod } from 'kubernetes-types/core/v1.js';
import { Jobs, Pods } from '../../api/resources.ts';
import { isNotFound } from '../../api/status.ts';
import { objectKey } from '../../api/types.ts';
import { type ControllerContext, defineController, watch } from '../../client/controller.ts';
import type { Informer } from '../../client/informer.ts';
import { type ControllerEnvironment, defineControllerModule } from './_types.ts';
import { isFinished, isManagedElsewhere } from './job/conditions.ts';
import { isTracked, uidOf } from './job/pods.ts';
import { JobState } from './job/state.ts';
import { syncJob } from './job/sync.ts';
import { removeFinalizer } from './job/tracking.ts';
import { controlledOrOrphan, controllerOf, indexByController } from './shared/owners.ts';
import { unlessTerminating } from './shared/pod-control.ts';
import { ownedSelector } from './shared/selectors.ts';

/** The uid of the job that controls the pod. */
function jobOf(pod: Pod): string | undefined {
  const owner = controllerOf(pod);
  return owner?.kind === 'Job' && owner.apiVersion === 'batch/v1' ? owner.uid : undefined;
}

function setup({ informers, clock }: ControllerEnvironment) {
  const jobs = informers.for(Jobs);
  const pods = informers.for(Pods);
  const state = new JobState(clock, jobs.lister, indexByController(pods));
  jobs.addHandler({ delete: (job) => state.forget(job.metadata?.uid ?? '') });
  observe(pods, state);
  return [
    defineController({
      name: 'job',
      for: Jobs,
      owns: [Pods],
      watches: [watch(Pods, (pod) => adopters(pod, state))],
      workers: 5,
      reconcile: (context, key) => unlessTerminating(syncJob(context, key, state)),
    }),
    defineController({
      name: 'job',
      for: Pods,
      filter: (pod) => isTracked(pod) && isOrphan(pod, state),
      watches: [watch(Jobs, (job) => podsLeftBy(job, state))],
      workers: 2,
      reconcile: (context, key) => syncOrphan(context, key, state),
    }),
  ];
}

/** Tells the state what the cache shows of the controller's own writes. */
function observe(pods: Informer<Pod>, state: JobState): void {
  const { expectations } = state;
  const going = (pod: Pod, owner: string) => expectations.deletionObserved(owner, objectKey(pod));
  pods.addHandler({
    add: (pod, initial) => {
      const owner = jobOf(pod);
      if (owner === undefined) return;
      if (!initial) expectations.creationObserved(owner);
      if (pod.metadata?.deletionTimestamp) going(pod, owner);
    },
    update: (pod, old) => {
      for (const owner of new Set([jobOf(pod), jobOf(old)])) {
        if (owner === undefined) continue;
        if (pod.metadata?.deletionTimestamp) going(pod, owner);
        if (!isTracked(pod)) state.untrackedObserved(owner, uidOf(pod));
      }
    },
    delete: (pod) => {
      const owner = jobOf(pod);
      if (owner === undefined) return;
      going(pod, owner);
      state.untrackedObserved(owner, uidOf(pod));
    },
  });
}

/** A pod that nobody controls wakes every job that could adopt it. */
const adopters = (pod: Pod, state: JobState): string[] => possibleOwners(pod, state).map(objectKey);

function possibleOwners(pod: Pod, { jobs }: JobState): Job[] {
  const { labels, namespace } = pod.metadata ?? {};
  if (controllerOf(pod) || !labels) return [];
  return jobs.list(namespace).filter((job) => ownedSelector(job.spec?.selector).matches(labels));
}

/** No job will count it. Upstream: syncOrphanPod, which also takes it off pods that a job is about to adopt. */
function isOrphan(pod: Pod, state: JobState): boolean {
  const { jobs } = state;
  const owner = controllerOf(pod);
  const counts = (job: Job) => !isFinished(job) && job.metadata?.deletionTimestamp === undefined;
  if (!owner) return !possibleOwners(pod, state).some(counts);
  const uid = jobOf(pod);
  if (uid === undefined) return false;
  const job = jobs.get(`${pod.metadata?.namespace}/${owner.name}`);
  if (job?.metadata?.uid !== uid) return true;
  return !isManagedElsewhere(job) && isFinished(job);
}

/** Of a job that has ended, or went. */
function podsLeftBy(job: Job, { jobs, pods }: JobState): string[] {
  const uid = job.metadata?.uid ?? '';
  const isThere = jobs.get(objectKey(job))?.metadata?.uid === uid && job.metadata?.deletionTimestamp === undefined;
  if (isThere && !isFinished(job)) return [];
  return controlledOrOrphan(pods, job).filter(isTracked).map(objectKey);
}

async function syncOrphan(context: ControllerContext, key: string, state: JobState): Promise<void> {
  const pod = state.pods.get(key);
  if (!pod || !isTracked(pod) || !isOrphan(pod, state)) return;
  try {
    await removeFinalizer(context, pod);
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

export default defineControllerModule({ name: 'job', setup });
