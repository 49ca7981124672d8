// Jobs end to end on simulated nodes, in a time that runs a hundred times as quick.
import { afterEach, describe, expect, it } from 'vitest';
import type { Job, JobSpec } from 'kubernetes-types/batch/v1.js';
import type { Pod } from 'kubernetes-types/core/v1.js';
import { CoreEvents, Jobs, Pods } from '../../../src/api/resources.ts';
import { FastClock } from './clock.ts';
import { type TestCluster, eventually, startCluster } from './cluster.ts';
import { pod } from './objects.ts';

let cluster: TestCluster;
afterEach(() => cluster.stop());

const CONTROLLERS = ['job', 'garbage-collector', 'ttl-after-finished', 'node-ipam'];
const start = async () => {
  cluster = await startCluster({ controllers: CONTROLLERS, nodes: 2, clock: new FastClock(100) });
};

const at = (name = 'work') => ({ name, namespace: 'default' });
const TRACKING = 'batch.kubernetes.io/job-tracking';
const INDEX = 'batch.kubernetes.io/job-completion-index';

/** `simulate` says how its pods behave. */
function job(simulate: string | undefined, more: Partial<JobSpec> = {}, name = 'work'): Job {
  const { template, ...spec } = more;
  return {
    metadata: at(name),
    spec: {
      ...spec,
      template: {
        metadata: simulate === undefined ? {} : { annotations: { 'sampan.io/simulate': simulate } },
        spec: { restartPolicy: 'Never', containers: [{ name: 'app', image: 'app:1' }], ...template?.spec },
      },
    },
  };
}

const create = (object: Job) => cluster.client.create(Jobs, object);
const get = (name = 'work') => cluster.client.get(Jobs, at(name));
const pods = async () => (await cluster.client.list(Pods, { namespace: 'default' })).items;
const patch = (spec: object) => cluster.client.patch(Jobs, at(), 'merge', { spec });
const has = (object: Job, type: string, status = 'True') =>
  object.status?.conditions?.some((c) => c.type === type && c.status === status) ?? false;
const types = (object: Job) => object.status?.conditions?.map((c) => c.type);
const until = (what: string, ask: (object: Job) => boolean, name = 'work') =>
  eventually(what, async () => {
    const object = await get(name);
    return ask(object) && object;
  });
const complete = () => until('the job is complete', (object) => has(object, 'Complete'));
const failed = () => until('the job has failed', (object) => has(object, 'Failed'));
const events = async () =>
  (await cluster.client.list(CoreEvents, { namespace: 'default' })).items
    .filter((e) => e.involvedObject.kind === 'Job')
    .map((e) => `${e.type} ${e.reason} ${e.message?.replace(/work-\S+/, 'POD')}`);
const finalize = (pod: Pod, status: object) =>
  cluster.client.patch(
    Pods,
    { name: pod.metadata!.name!, namespace: 'default' },
    'merge',
    { status },
    {
      subresource: 'status',
    },
  );

describe('the job controller', () => {
  it('runs five pods, two at a time, and says so in the order of upstream', async () => {
    await start();
    await create(job('succeed-after=5s', { completions: 5, parallelism: 2 }));
    const end = await complete();
    expect(types(end)).toEqual(['SuccessCriteriaMet', 'Complete']);
    const { conditions: _, startTime, completionTime, ...counts } = end.status!;
    expect(counts).toEqual({ ready: 0, terminating: 0, succeeded: 5, uncountedTerminatedPods: {} });
    expect(Date.parse(completionTime as string)).toBeGreaterThanOrEqual(Date.parse(startTime as string));
    const all = await pods();
    expect(all).toHaveLength(5);
    expect(all.flatMap((p) => p.metadata?.finalizers ?? [])).toEqual([]);
    expect(all[0]?.metadata?.labels).toMatchObject({ 'job-name': 'work', 'batch.kubernetes.io/job-name': 'work' });
    await eventually('all is told', async () => (await events()).includes('Normal Completed Job completed'));
    expect((await events()).filter((e) => e === 'Normal SuccessfulCreate Created pod: POD')).toHaveLength(5);
  });

  it('without completions ends when one pod has succeeded and the others have ended', async () => {
    await start();
    await create(job('succeed-after=5s', { parallelism: 3 }));
    const end = await complete();
    expect(end.status?.succeeded).toBe(3);
  });

  it('gives up after so many failures, each later than the one before', async () => {
    await start();
    await create(job('fail-after=1s,exit=3', { backoffLimit: 1 }));
    const end = await failed();
    expect(end.status).toMatchObject({ failed: 2, ready: 0, terminating: 0 });
    expect(types(end)).toEqual(['FailureTarget', 'Failed']);
    expect(end.status?.conditions?.[1]).toMatchObject({
      reason: 'BackoffLimitExceeded',
      message: 'Job has reached the specified backoff limit',
    });
    const [first, second] = (await pods())
      .map((p) => Date.parse(p.status!.startTime as string))
      .toSorted((a, b) => a - b);
    expect(second! - first!).toBeGreaterThanOrEqual(10_000);
  });

  it('counts restarts where pods are restarted in place', async () => {
    await start();
    const spec = { restartPolicy: 'OnFailure', containers: [{ name: 'app', image: 'app:1' }] };
    await create(job('fail-after=1s,backoff=1s', { backoffLimit: 2, template: { spec } }));
    const end = await failed();
    expect(end.status?.conditions?.at(-1)?.reason).toBe('BackoffLimitExceeded');
    expect(end.status?.failed).toBe(1);
  });

  it('runs an index once each, with its name, label, annotation and variable', async () => {
    await start();
    await create(job('succeed-after=2s', { completions: 4, parallelism: 3, completionMode: 'Indexed' }));
    const end = await complete();
    expect(end.status).toMatchObject({ succeeded: 4, completedIndexes: '0-3' });
    const all = (await pods()).toSorted((a, b) => (a.metadata!.name! < b.metadata!.name! ? -1 : 1));
    expect(all.map((p) => p.metadata?.annotations?.[INDEX])).toEqual(['0', '1', '2', '3']);
    expect(all.map((p) => p.metadata?.labels?.[INDEX])).toEqual(['0', '1', '2', '3']);
    expect(all.map((p) => p.spec?.hostname)).toEqual(['work-0', 'work-1', 'work-2', 'work-3']);
    expect(all[2]?.metadata?.name).toMatch(/^work-2-\w{5}$/);
    expect(all[0]?.spec?.containers[0]?.env).toEqual([
      {
        name: 'JOB_COMPLETION_INDEX',
        valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: `metadata.labels['${INDEX}']` } },
      },
    ]);
  });

  it('fails each index for itself', async () => {
    await start();
    await create(
      job('fail-after=1s', { completions: 2, parallelism: 2, completionMode: 'Indexed', backoffLimitPerIndex: 1 }),
    );
    const end = await failed();
    expect(end.status).toMatchObject({ failed: 4, failedIndexes: '0,1' });
    expect(end.status?.conditions?.at(-1)).toMatchObject({
      reason: 'FailedIndexes',
      message: 'Job has failed indexes',
    });
    const counts = (await pods()).map((p) => p.metadata?.annotations?.['batch.kubernetes.io/job-index-failure-count']);
    expect(counts.toSorted()).toEqual(['0', '0', '1', '1']);
  });

  it('ends at the first index too many that failed', async () => {
    await start();
    const limits = { completions: 5, parallelism: 1, backoffLimitPerIndex: 0, maxFailedIndexes: 1 };
    await create(job('fail-after=1s', { completionMode: 'Indexed', ...limits }));
    const end = await failed();
    expect(end.status).toMatchObject({ failed: 2, failedIndexes: '0,1' });
    expect(end.status?.conditions?.at(-1)?.reason).toBe('MaxFailedIndexesExceeded');
  });

  it('fails at once for an exit code that the policy names', async () => {
    await start();
    const rules = [{ action: 'FailJob', onExitCodes: { operator: 'In', values: [42] }, onPodConditions: [] }];
    await create(job('fail-after=1s,exit=42', { podFailurePolicy: { rules } }));
    const end = await failed();
    expect(end.status?.failed).toBe(1);
    const [only] = await pods();
    expect(end.status?.conditions?.at(-1)).toMatchObject({
      reason: 'PodFailurePolicy',
      message:
        `Container app for pod default/${only?.metadata?.name} failed with exit code 42 ` +
        'matching FailJob rule at index 0',
    });
  });

  it('does not count what the policy ignores, nor wait for a pod on its way out', async () => {
    await start();
    const onPodConditions = [{ type: 'DisruptionTarget', status: 'True' }];
    const rules = [{ action: 'Ignore', onPodConditions }];
    await create(job(undefined, { backoffLimit: 0, podFailurePolicy: { rules } }));
    const [first] = await eventually('a pod runs', async () => {
      const all = await pods();
      return all[0]?.status?.phase === 'Running' && all;
    });
    await finalize(first!, { phase: 'Failed', conditions: [{ type: 'DisruptionTarget', status: 'True' }] });
    await eventually('another one is there', async () => (await pods()).length === 2);
    expect((await get()).status?.failed).toBeUndefined();
    expect(types(await get())).toBeUndefined();
  });

  it('ends when the indexes that matter have succeeded', async () => {
    await start();
    const successPolicy = { rules: [{ succeededIndexes: '0' }] };
    const spec = { completions: 3, parallelism: 3, completionMode: 'Indexed', successPolicy };
    await create(job(undefined, spec));
    const leader = await eventually('all run', async () => {
      const all = await pods();
      if (all.length < 3 || all.some((p) => p.status?.phase !== 'Running')) return undefined;
      return all.find((p) => p.metadata?.annotations?.[INDEX] === '0');
    });
    await finalize(leader, { phase: 'Succeeded' });
    const end = await complete();
    expect(end.status).toMatchObject({ succeeded: 1, completedIndexes: '0' });
    expect(end.status?.failed).toBeUndefined();
    expect(end.status?.conditions?.map((c) => [c.type, c.reason, c.message])).toEqual([
      ['SuccessCriteriaMet', 'SuccessPolicy', 'Matched rules at index 0'],
      ['Complete', 'SuccessPolicy', 'Matched rules at index 0'],
    ]);
  });

  it('stops after its time, and what still ran has failed', async () => {
    await start();
    await create(job(undefined, { activeDeadlineSeconds: 20, parallelism: 2 }));
    const end = await failed();
    expect(end.status?.conditions?.at(-1)).toMatchObject({
      reason: 'DeadlineExceeded',
      message: 'Job was active longer than specified deadline',
    });
    expect(end.status?.failed).toBe(2);
    await eventually('no pod is left', async () => (await pods()).length === 0);
  });

  it('is suspended and resumed', async () => {
    await start();
    await create(job(undefined, { suspend: true, parallelism: 2 }));
    const waiting = await until('it is suspended', (object) => has(object, 'Suspended'));
    expect(waiting.status?.startTime).toBeUndefined();
    await patch({ suspend: false });
    const running = await until('pods run', (object) => object.status?.ready === 2);
    expect(running.status?.conditions).toMatchObject([
      { type: 'Suspended', status: 'False', reason: 'JobResumed', message: 'Job resumed' },
    ]);
    await patch({ suspend: true });
    const stopped = await until('it stops', (object) => has(object, 'Suspended') && !object.status?.active);
    expect(stopped.status?.failed).toBeUndefined();
    await eventually('no pod is left', async () => (await pods()).length === 0);
    await patch({ suspend: false });
    const again = await until('it goes on', (object) => !has(object, 'Suspended') && object.status?.ready === 2);
    expect(again.status?.startTime).not.toBe(running.status?.startTime);
    const told = await events();
    expect(told).toContain('Normal Suspended Job suspended');
    expect(told).toContain('Normal Resumed Job resumed');
  });

  it('an indexed job is made larger and smaller', async () => {
    await start();
    await create(job(undefined, { completions: 2, parallelism: 2, completionMode: 'Indexed' }));
    await until('two run', (object) => object.status?.active === 2);
    await patch({ completions: 4, parallelism: 4 });
    await until('four run', (object) => object.status?.ready === 4);
    await patch({ completions: 1, parallelism: 1 });
    await until('one runs', (object) => object.status?.active === 1);
    const left = await eventually('three are gone', async () => {
      const all = await pods();
      return all.length === 1 && all;
    });
    expect(left[0]?.metadata?.annotations?.[INDEX]).toBe('0');
  });

  it('adopts, with the finalizer, and lets go of what no longer matches', async () => {
    await start();
    await cluster.client.create(Pods, pod('stray', { labels: { app: 'mine' } }));
    const spec: Partial<JobSpec> = { manualSelector: true, selector: { matchLabels: { app: 'mine' } } };
    const object = job(undefined, spec);
    object.spec!.template.metadata!.labels = { app: 'mine' };
    await create(object);
    const stray = () => cluster.client.get(Pods, { name: 'stray', namespace: 'default' });
    await eventually('it is adopted', async () => (await stray()).metadata?.finalizers?.includes(TRACKING));
    expect((await stray()).metadata?.ownerReferences?.[0]?.name).toBe('work');
    await until('it counts', (o) => o.status?.active === 1);
    await cluster.client.patch(Pods, { name: 'stray', namespace: 'default' }, 'merge', {
      metadata: { labels: { app: 'other' } },
    });
    await eventually('it is let go', async () => {
      const { metadata } = await stray();
      return !metadata?.ownerReferences?.length && !metadata?.finalizers?.length;
    });
    await eventually('another pod takes its place', async () => (await pods()).length === 2);
  });

  it('lets pods go when it is deleted, and leaves them when they are to be left', async () => {
    await start();
    await create(job(undefined, { parallelism: 2 }));
    await until('pods run', (object) => object.status?.ready === 2);
    await cluster.client.delete(Jobs, at(), { propagationPolicy: 'Foreground' });
    await eventually('all is gone', async () => (await pods()).length === 0);
    await create(job(undefined, {}, 'left'));
    await until('a pod runs', (object) => object.status?.ready === 1, 'left');
    await cluster.client.delete(Jobs, at('left'), { propagationPolicy: 'Orphan' });
    await eventually("the pod is nobody's", async () => {
      const [only] = await pods();
      return !only?.metadata?.ownerReferences?.length && !only?.metadata?.finalizers?.length;
    });
  });

  it('leaves alone what another controller manages', async () => {
    await start();
    await create(job(undefined, { managedBy: 'example.com/other' }));
    await create(job('succeed-after=1s', {}, 'own'));
    await until('our own ends', (object) => has(object, 'Complete'), 'own');
    expect((await get()).status).toEqual({});
  });

  it('waits with a replacement until the pod has ended, where it is told to', async () => {
    await start();
    await create(job('terminate-after=20s', { podReplacementPolicy: 'Failed' }));
    await until('a pod runs', (object) => object.status?.ready === 1);
    const [first] = await pods();
    await cluster.client.delete(Pods, { name: first!.metadata!.name!, namespace: 'default' });
    const waiting = await until('it is on its way out', (object) => object.status?.terminating === 1);
    expect(waiting.status?.active).toBeUndefined();
    expect(await pods()).toHaveLength(1);
    await until('it is replaced', (object) => object.status?.active === 1 && object.status.failed === 1);
  });

  it('goes so long after its end as it says', async () => {
    await start();
    await create(job('succeed-after=1s', { ttlSecondsAfterFinished: 1000 }));
    const end = await complete();
    const soon = (await get()).metadata!;
    expect(soon.deletionTimestamp).toBeUndefined();
    // Made shorter, it goes at once.
    await patch({ ttlSecondsAfterFinished: 5 });
    await eventually('it is gone, with its pods', async () => {
      const { items } = await cluster.client.list(Jobs, { namespace: 'default' });
      return items.length === 0 && (await pods()).length === 0;
    });
    expect(end.metadata?.uid).toBe(soon.uid);
  });
});
