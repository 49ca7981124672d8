// Whether a CronJob starts a Job, and what becomes of those that run: upstream's Test_syncOne2
// (pkg/controller/cronjob/cronjob_controllerv2_test.go), against a server, in a time that is given.
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { CronJob, Job } from 'kubernetes-types/batch/v1.js';
import { CronJobs, Jobs } from '../../../src/api/resources.ts';
import type { ControllerContext } from '../../../src/client/controller.ts';
import type { Client } from '../../../src/client/rest.ts';
import { untilNextMs } from '../../../src/server/controllers/cronjob/missed.ts';
import { scheduleOf } from '../../../src/server/controllers/cronjob/schedule.ts';
import { CronJobSync } from '../../../src/server/controllers/cronjob/sync.ts';
import { type TestServer, startTestServer } from '../../support/server.ts';

let server: TestServer;
let client: Client;
beforeAll(async () => {
  server = await startTestServer();
  client = server.client();
});
afterAll(() => server.close());

const at = (time: string, day = 19): number => Date.parse(`2016-05-${day}T${time}Z`);
const iso = (ms: number) => new Date(ms).toISOString() as never;
const BEFORE = at('09:59:00');
const AFTER = at('10:01:00');
const WEEK_AFTER = at('10:00:00', 26);
const [SHORT, MEDIUM, LONG] = [10, 7200, 1_000_000];

type Policy = 'Allow' | 'Forbid' | 'Replace';
interface Given {
  now: number;
  policies?: readonly Policy[];
  suspend?: boolean;
  deadline?: number;
  /** When it last started a Job; it was made an hour before that, or a minute before the hour. */
  ran?: number;
  /** That Job runs, and is listed. */
  runs?: boolean;
}
interface Expected {
  created: number;
  deleted: number;
  active: number;
}

const ALL: readonly Policy[] = ['Allow', 'Forbid', 'Replace'];
const nothing = (active = 0): Expected => ({ created: 0, deleted: 0, active });
const one: Expected = { created: 1, deleted: 0, active: 1 };
const RAN = at('09:01:00');

const cases: [string, Given, Expected][] = [
  ['never ran, not time', { now: BEFORE }, nothing()],
  ['never ran, time', { now: AFTER }, one],
  ['never ran, suspended', { now: AFTER, suspend: true }, nothing()],
  ['never ran, too late', { now: AFTER, deadline: SHORT }, nothing()],
  ['never ran, not too late', { now: AFTER, deadline: LONG }, one],
  ['ran, not time', { now: BEFORE, ran: RAN }, nothing()],
  ['ran, time', { now: AFTER, ran: RAN }, one],
  ['ran, suspended', { now: AFTER, ran: RAN, suspend: true }, nothing()],
  ['ran, too late', { now: AFTER, ran: RAN, deadline: SHORT }, nothing()],
  ['ran, not too late', { now: AFTER, ran: RAN, deadline: LONG }, one],
  ['runs, not time', { now: BEFORE, ran: RAN, runs: true }, nothing(1)],
  ['runs, time', { now: AFTER, ran: RAN, runs: true, policies: ['Allow'] }, { created: 1, deleted: 0, active: 2 }],
  ['runs, time', { now: AFTER, ran: RAN, runs: true, policies: ['Forbid'] }, nothing(1)],
  ['runs, time', { now: AFTER, ran: RAN, runs: true, policies: ['Replace'] }, { created: 1, deleted: 1, active: 1 }],
  ['runs, suspended', { now: AFTER, ran: RAN, runs: true, suspend: true }, nothing(1)],
  ['runs, too late', { now: AFTER, ran: RAN, runs: true, deadline: SHORT }, nothing(1)],
  ['ran, long ago, not too late', { now: WEEK_AFTER, ran: RAN, deadline: LONG }, one],
  ['ran, long ago', { now: WEEK_AFTER, ran: RAN }, one],
  ['ran, long ago, nearly too late', { now: WEEK_AFTER, ran: RAN, deadline: MEDIUM }, one],
  ['ran, long ago, on the hour', { now: WEEK_AFTER, ran: RAN, deadline: SHORT }, one],
  ['ran, and the clock was put back', { now: BEFORE, ran: AFTER }, nothing()],
];

let serial = 0;
async function made(given: Given, policy: Policy): Promise<{ cronJob: CronJob; jobs: Job[] }> {
  const metadata = { name: `table-${serial++}`, namespace: 'default' };
  const spec = { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'i' }] } } };
  const { suspend = false, deadline, ran, runs } = given;
  const stored = await client.create(CronJobs, {
    metadata,
    spec: {
      schedule: '0 * * * ?',
      timeZone: 'Etc/UTC',
      concurrencyPolicy: policy,
      suspend,
      jobTemplate: { spec },
      ...(deadline === undefined ? {} : { startingDeadlineSeconds: deadline }),
    },
  });
  const creationTimestamp = iso(ran === undefined ? BEFORE : ran - 120_000);
  const cronJob: CronJob = { ...stored, metadata: { ...stored.metadata, creationTimestamp }, status: {} };
  if (ran !== undefined) cronJob.status = { lastScheduleTime: iso(ran) };
  if (!runs) return { cronJob, jobs: [] };
  const { uid } = stored.metadata!;
  const owner = { apiVersion: 'batch/v1', kind: 'CronJob', name: metadata.name, uid: uid!, controller: true };
  const job = await client.create(Jobs, {
    metadata: { name: `${metadata.name}-1`, namespace: 'default', ownerReferences: [owner] },
    spec,
  });
  cronJob.status = { ...cronJob.status, active: [{ kind: 'Job', ...job.metadata } as never] };
  return { cronJob, jobs: [job] };
}

async function sync(given: Given, policy: Policy): Promise<Expected & { againMs: number | undefined }> {
  const { cronJob, jobs } = await made(given, policy);
  const events: string[] = [];
  const context = {
    client,
    clock: { now: () => given.now },
    events: { event: (_about: object, _type: string, reason: string) => void events.push(reason) },
  };
  const turn = new CronJobSync(context as unknown as ControllerContext, cronJob, jobs);
  const againMs = await turn.run();
  const count = (reason: string) => events.filter((r) => r === reason).length;
  const left = (await client.list(Jobs, { namespace: 'default' })).items;
  const own = left.filter((job) => job.metadata?.ownerReferences?.[0]?.uid === cronJob.metadata?.uid);
  expect(own).toHaveLength(jobs.length + count('SuccessfulCreate') - count('SuccessfulDelete'));
  return {
    created: count('SuccessfulCreate'),
    deleted: count('SuccessfulDelete'),
    active: turn.status.active?.length ?? 0,
    againMs,
  };
}

const table = cases.flatMap(([what, given, expected]) =>
  (given.policies ?? ALL).map((policy) => [policy, what, given, expected] as const),
);
it.each(table)('%s: %s', async (policy, _what, given, expected) => {
  const { againMs, ...outcome } = await sync(given, policy);
  // One that is suspended is not looked at again; any other at the hour after its last start, or after now.
  const hourMs = 3_600_000;
  const last = Math.max(given.now, given.ran ?? 0);
  const nextMs = Math.floor(last / hourMs) * hourMs + hourMs - given.now + 100;
  expect(outcome).toEqual(expected);
  expect(againMs).toBe(given.suspend ? undefined : nextMs);
});

it('waits for the next time, not for one that is past', () => {
  const cronJob: CronJob = { metadata: { creationTimestamp: iso(RAN) }, spec: { schedule: '0 * * * ?' } as never };
  expect(untilNextMs(cronJob, scheduleOf({ schedule: '0 * * * ?', timeZone: 'Etc/UTC' }), AFTER)).toBe(
    59 * 60_000 + 100,
  );
});
