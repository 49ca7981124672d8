// CronJobs on simulated nodes, in a time that runs two hundred times as quick: a minute is 0.3 s.
import { afterEach, describe, expect, it } from 'vitest';
import type { CronJob, CronJobSpec } from 'kubernetes-types/batch/v1.js';
import { CoreEvents, CronJobs, Jobs } from '../../../src/api/resources.ts';
import { FastClock } from './clock.ts';
import { type TestCluster, eventually, startCluster } from './cluster.ts';

let cluster: TestCluster;
let clock: FastClock;
afterEach(() => cluster.stop());

const start = async (controllers = ['cronjob', 'job', 'garbage-collector', 'node-ipam']) => {
  clock = new FastClock(200);
  cluster = await startCluster({ controllers, nodes: 1, clock });
};
const at = (name = 'tick') => ({ name, namespace: 'default' });

function cronJob(simulate: string | undefined, more: Partial<CronJobSpec> = {}): CronJob {
  const spec = { restartPolicy: 'Never', containers: [{ name: 'app', image: 'app:1' }] };
  const annotations: Record<string, string> = simulate === undefined ? {} : { 'sampan.io/simulate': simulate };
  return {
    metadata: at(),
    spec: {
      schedule: '* * * * *',
      timeZone: 'Etc/UTC',
      jobTemplate: {
        metadata: { labels: { made: 'by-tick' }, annotations: { note: 'x' } },
        spec: { backoffLimit: 0, template: { metadata: { annotations }, spec } },
      },
      ...more,
    },
  };
}
const create = (object: CronJob) => cluster.client.create(CronJobs, object);
const get = () => cluster.client.get(CronJobs, at());
const jobs = async () =>
  (await cluster.client.list(Jobs, { namespace: 'default' })).items.toSorted((a, b) =>
    a.metadata!.name! < b.metadata!.name! ? -1 : 1,
  );
const told = async () =>
  (await cluster.client.list(CoreEvents, { namespace: 'default' })).items
    .filter((e) => e.involvedObject.kind === 'CronJob')
    .map((e) => `${e.type} ${e.reason} ${e.message}`);
const jobsAre = (count: number) =>
  eventually(`${count} jobs`, async () => {
    const all = await jobs();
    return all.length >= count && all;
  });

describe('the cron job controller', () => {
  it('starts a job each minute, named by the minute, and keeps what its limits say', async () => {
    await start();
    await create(cronJob('succeed-after=5s', { successfulJobsHistoryLimit: 2 }));
    const [first] = await jobsAre(1);
    const { name, annotations, labels, ownerReferences } = first!.metadata!;
    const minute = Number(name?.replace('tick-', ''));
    expect(annotations).toMatchObject({
      note: 'x',
      'batch.kubernetes.io/cronjob-scheduled-timestamp': `${new Date(minute * 60_000).toISOString().slice(0, 19)}Z`,
    });
    expect(labels).toMatchObject({ made: 'by-tick' });
    expect(ownerReferences).toMatchObject([{ kind: 'CronJob', name: 'tick', controller: true }]);
    await eventually('the first is history', async () => !(await jobs()).some((job) => job.metadata?.name === name));
    const { status } = await get();
    expect(Date.parse(status?.lastSuccessfulTime as string)).toBeGreaterThan(minute * 60_000);
    expect(Date.parse(status?.lastScheduleTime as string)).toBeGreaterThan(minute * 60_000);
    const all = await told();
    expect(all).toContain(`Normal SuccessfulCreate Created job ${name}`);
    expect(all).toContain(`Normal SawCompletedJob Saw completed job: ${name}, condition: Complete`);
    expect(all).toContain(`Normal SuccessfulDelete Deleted job ${name}`);
  });

  it('Allow: several run at once', async () => {
    await start();
    await create(cronJob(undefined));
    await jobsAre(2);
    await eventually('both are listed', async () => ((await get()).status?.active?.length ?? 0) >= 2);
  });

  it('Forbid: one waits for the one before', async () => {
    await start();
    await create(cronJob(undefined, { concurrencyPolicy: 'Forbid' }));
    const message = 'Not starting job because prior execution is running and concurrency policy is Forbid';
    await eventually('it is told', async () => (await told()).includes(`Normal JobAlreadyActive ${message}`));
    expect(await jobs()).toHaveLength(1);
    const [only] = await jobs();
    await cluster.client.delete(Jobs, { name: only!.metadata!.name!, namespace: 'default' });
    await eventually('another one is started', async () => {
      const [next] = await jobs();
      return next && next.metadata?.uid !== only?.metadata?.uid;
    });
    const missing = `Normal MissingJob Active job went missing: ${only?.metadata?.name}`;
    await eventually('that one is missing is told', async () => (await told()).includes(missing));
  });

  it('Replace: one takes the place of the one before', async () => {
    await start();
    await create(cronJob(undefined, { concurrencyPolicy: 'Replace' }));
    const [first] = await jobsAre(1);
    await eventually('it is replaced', async () => {
      const all = await jobs();
      return all.length === 1 && all[0]?.metadata?.uid !== first?.metadata?.uid;
    });
    expect(await told()).toContain(`Normal SuccessfulDelete Deleted job ${first?.metadata?.name}`);
    await eventually('one is active', async () => (await get()).status?.active?.length === 1);
  });

  it('suspended, starts nothing; resumed, starts only the last', async () => {
    await start();
    await create(cronJob(undefined, { suspend: true }));
    const made = Date.parse((await get()).metadata?.creationTimestamp as string);
    await eventually('three minutes pass', async () => clock.now() - made > 200_000);
    expect(await jobs()).toEqual([]);
    await cluster.client.patch(CronJobs, at(), 'merge', { spec: { suspend: false } });
    await jobsAre(1);
    expect((await jobs()).length).toBeLessThanOrEqual(2);
  });

  it('says of a job that it does not know, and lists what it made and forgot', async () => {
    await start();
    const owner = await create(cronJob(undefined, { suspend: true }));
    const reference = {
      apiVersion: 'batch/v1',
      kind: 'CronJob',
      name: 'tick',
      uid: owner.metadata!.uid!,
      controller: true,
    };
    await cluster.client.create(Jobs, {
      metadata: { ...at('stranger'), ownerReferences: [reference] },
      spec: owner.spec!.jobTemplate.spec!,
    });
    const message = 'Warning UnexpectedJob Saw a job that the controller did not create or forgot: stranger';
    await eventually('it is told', async () => (await told()).includes(message));
  });

  it('takes up a job of the same minute that a controller made before it died', async () => {
    await start();
    await create(cronJob(undefined));
    const [first] = await jobsAre(1);
    await cluster.client.patch(
      CronJobs,
      at(),
      'merge',
      { status: { active: null, lastScheduleTime: null } },
      { subresource: 'status' },
    );
    await eventually('it is listed again, or a later one', async () => ((await get()).status?.active?.length ?? 0) > 0);
    const names = (await jobs()).map((job) => job.metadata?.name);
    expect(new Set(names).size).toBe(names.length);
    expect(names).toContain(first?.metadata?.name);
  });

  it.each(['v1beta1', 'v2alpha1'])('runs what a manifest of batch/%s declares', async (version) => {
    await start();
    await cluster.client.create({ ...CronJobs, version }, cronJob('succeed-after=1s'));
    const [first] = await jobsAre(1);
    await eventually('it is complete', async () => {
      const { status } = await cluster.client.get({ ...CronJobs, version }, at());
      return status?.lastScheduleTime !== undefined && first?.metadata?.name?.startsWith('tick-');
    });
  });
});
