// What upstream's suite asks of CronJobs (test/e2e/apps/cronjob.go), each entry by its name, on a simulated node in a time
// that runs two hundred times as quick. The API operations are in api-operations.test.ts.
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { CronJob, CronJobSpec, Job } from 'kubernetes-types/batch/v1.js';
import { CoreEvents, CronJobs, Jobs } from '../../src/api/resources.ts';
import { FastClock } from '../server/controllers/clock.ts';
import { type TestCluster, eventually, startCluster } from '../server/controllers/cluster.ts';

let cluster: TestCluster;
beforeEach(async () => {
  const controllers = ['cronjob', 'job', 'garbage-collector', 'node-ipam'];
  cluster = await startCluster({ controllers, nodes: 1, clock: new FastClock(200) });
});
afterEach(() => cluster.stop());

const MINUTE_MS = 300;
const key = { name: 'test', namespace: 'default' };
const SLEEP = 'succeed-after=1000s';
const SUCCEED = 'succeed-after=1s';
const FAIL = 'fail-after=1s';

function make(concurrencyPolicy: string, simulate: string, more: Partial<CronJobSpec> = {}): Promise<CronJob> {
  const annotations = { 'sampan.io/simulate': simulate };
  const spec = { restartPolicy: 'Never', containers: [{ name: 'c', image: 'busybox' }] };
  const jobTemplate = { spec: { backoffLimit: 0, template: { metadata: { annotations }, spec } } };
  return cluster.client.create(CronJobs, {
    metadata: key,
    spec: { schedule: '*/1 * * * ?', concurrencyPolicy, jobTemplate, ...more },
  });
}
const get = () => cluster.client.get(CronJobs, key);
const jobs = async (): Promise<Job[]> => (await cluster.client.list(Jobs, { namespace: 'default' })).items;
const isFinished = ({ status }: Job): boolean =>
  status?.conditions?.some(({ type, status: value }) => /^(Complete|Failed)$/.test(type) && value === 'True') ?? false;
const running = async (): Promise<Job[]> => (await jobs()).filter((job) => !isFinished(job));
const active = (count: number) =>
  eventually(`${count} active`, async () => {
    const cronJob = await get();
    return (cronJob.status?.active?.length ?? 0) >= count && cronJob;
  });
const reasons = async (): Promise<(string | undefined)[]> =>
  (await cluster.client.list(CoreEvents, { namespace: 'default' })).items
    .filter(({ involvedObject }) => involvedObject.kind === 'CronJob')
    .map(({ reason }) => reason);
const minutes = (count: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, count * MINUTE_MS));

it('should schedule multiple jobs concurrently', async () => {
  await make('Allow', SLEEP);
  await active(2);
  expect((await running()).length).toBeGreaterThanOrEqual(2);
});

it('should not schedule jobs when suspended', async () => {
  await make('Allow', SLEEP, { suspend: true });
  await minutes(3);
  expect((await get()).status?.active ?? []).toEqual([]);
  expect(await jobs()).toEqual([]);
});

it('should not schedule new jobs when ForbidConcurrent', async () => {
  await make('Forbid', SLEEP);
  expect((await active(1)).status?.active).toHaveLength(1);
  expect(await running()).toHaveLength(1);
  await minutes(3);
  expect((await get()).status?.active).toHaveLength(1);
  expect(await running()).toHaveLength(1);
});

it('should replace jobs when ReplaceConcurrent', async () => {
  await make('Replace', SLEEP);
  const name = (await active(1)).status?.active?.[0]?.name;
  await eventually('it is replaced', async () => {
    const { status } = await get();
    return status?.active?.length === 1 && status.active[0]!.name !== name;
  });
  await eventually('the first is gone', async () => !(await jobs()).some(({ metadata }) => metadata?.name === name));
  expect((await running()).length).toBeLessThanOrEqual(1);
});

it('should be able to schedule after more than 100 missed schedule', async () => {
  await make('Forbid', SLEEP);
  const long = new Date(Date.now() - 98 * 24 * 3_600_000).toISOString();
  // What a client says of the status when it creates is not heard, so it is said again.
  await cluster.client.patch(CronJobs, key, 'merge', { status: { lastScheduleTime: long } }, { subresource: 'status' });
  await active(1);
  expect(await running()).not.toEqual([]);
});

it('should not emit unexpected warnings', async () => {
  await make('Allow', SUCCEED);
  await eventually('two jobs, one finished', async () => {
    const all = await jobs();
    return all.length >= 2 && all.some(isFinished);
  });
  await minutes(1);
  const told = await reasons();
  expect(told).toContain('SuccessfulCreate');
  expect(told.filter((reason) => reason === 'MissingJob' || reason === 'UnexpectedJob')).toEqual([]);
});

it('should set the cronjob-scheduled-timestamp annotation on a job', async () => {
  await make('Allow', SUCCEED);
  const [job] = await eventually('a job', async () => {
    const all = await jobs();
    return all.length > 0 && all;
  });
  const time = job!.metadata?.annotations?.['batch.kubernetes.io/cronjob-scheduled-timestamp'] ?? '';
  expect(time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:00(Z|[+-]\d\d:\d\d)$/);
});

it('should remove from active list jobs that have been deleted', async () => {
  await make('Forbid', SLEEP);
  const { name = '' } = (await active(1)).status!.active![0]!;
  await cluster.client.patch(CronJobs, key, 'merge', { spec: { suspend: true } });
  await cluster.client.delete(Jobs, { name, namespace: 'default' }, { propagationPolicy: 'Background' });
  await eventually('it is not active', async () => !(await get()).status?.active?.some((job) => job.name === name));
  await eventually('it is told', async () => (await reasons()).includes('MissingJob'));
});

it.each([
  ['successful', SUCCEED, { successfulJobsHistoryLimit: 1, failedJobsHistoryLimit: 0 }],
  ['failed', FAIL, { successfulJobsHistoryLimit: 0, failedJobsHistoryLimit: 1 }],
])('should delete %s finished jobs with limit of one job', async (_what, simulate, limits) => {
  await make('Allow', simulate, limits);
  const first = await eventually('one has finished', async () => (await jobs()).find(isFinished)?.metadata?.name);
  await eventually('it is deleted', async () => !(await jobs()).some(({ metadata }) => metadata?.name === first));
  await cluster.client.patch(CronJobs, key, 'merge', { spec: { suspend: true } });
  await eventually('one is kept', async () => (await jobs()).filter(isFinished).length === 1);
  await eventually('both are told', async () => {
    const told = await reasons();
    return told.includes('SawCompletedJob') && told.includes('SuccessfulDelete');
  });
});

it('should support timezone', async () => {
  await expect(make('Allow', FAIL, { timeZone: 'bad-time-zone' })).rejects.toThrow(/spec\.timeZone: Invalid value/);
});
