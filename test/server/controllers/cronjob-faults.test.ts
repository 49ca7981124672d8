// CronJobs whose every fifth write fails, before or after it was done, whose caches lag behind, and whose controllers are
// killed meanwhile: no minute is run twice, Forbid and Replace never run two at once, and in the end the status names what
// runs. The seed is in the test's name.
import { afterEach, describe, expect, it } from 'vitest';
import type { CronJob, CronJobSpec, Job } from 'kubernetes-types/batch/v1.js';
import { CronJobs, Jobs } from '../../../src/api/resources.ts';
import { silentLogger } from '../../../src/client/log.ts';
import { Client } from '../../../src/client/rest.ts';
import { controllerUser } from '../../../src/client/transport/in-process.ts';
import { watcher } from '../../../src/client/watcher.ts';
import { runControllers } from '../../../src/server/controllers/run.ts';
import { FastClock } from './clock.ts';
import { type TestCluster, eventually, startCluster } from './cluster.ts';
import { late, random, unreliable } from './faults.ts';

let cluster: TestCluster;
afterEach(() => cluster.stop());

/** How many lives a controller has while things go wrong. */
const LIVES = 25;
const POLICIES = ['Allow', 'Forbid', 'Replace'] as const;

function cronJob(concurrencyPolicy: CronJobSpec['concurrencyPolicy'] & string, seconds: number): CronJob {
  const spec = { restartPolicy: 'Never', containers: [{ name: 'app', image: 'app:1' }] };
  const annotations = { 'sampan.io/simulate': `succeed-after=${seconds}s` };
  return {
    metadata: { name: concurrencyPolicy.toLowerCase(), namespace: 'default' },
    spec: {
      schedule: '* * * * *',
      timeZone: 'Etc/UTC',
      concurrencyPolicy,
      successfulJobsHistoryLimit: 2,
      jobTemplate: { spec: { template: { metadata: { annotations }, spec } } },
    },
  };
}

const ownerOf = ({ metadata }: Job): string => metadata?.ownerReferences?.[0]?.name ?? '';
const isFinished = ({ status }: Job): boolean =>
  status?.conditions?.some((c) => (c.type === 'Complete' || c.type === 'Failed') && c.status === 'True') ?? false;

/** What ever was of each CronJob: uids by minute, and the most that ran at once. */
function observe() {
  const stop = new AbortController();
  const minutes = new Map<string, Set<string>>();
  const running = new Map<string, Set<string>>();
  const most = new Map<string, number>();
  const look = (job: Job, gone: boolean): void => {
    const owner = ownerOf(job);
    const { name = '', uid = '', deletionTimestamp } = job.metadata ?? {};
    minutes.set(name, (minutes.get(name) ?? new Set()).add(uid));
    const now = running.get(owner) ?? new Set<string>();
    running.set(owner, now);
    if (gone || deletionTimestamp || isFinished(job)) now.delete(uid);
    else now.add(uid);
    most.set(owner, Math.max(most.get(owner) ?? 0, now.size));
  };
  const done = (async () => {
    for await (const event of watcher(cluster.client, Jobs, { namespace: 'default', signal: stop.signal })) {
      if (event.type === 'init') for (const job of event.objects) look(job, false);
      else look(event.object, event.type === 'delete');
    }
  })();
  return {
    minutes,
    most,
    async stop() {
      stop.abort();
      await done;
    },
  };
}

async function live(clock: FastClock, next: () => number, faulty: boolean, ms: number): Promise<void> {
  const stop = new AbortController();
  const run = runControllers({
    client: (name) => {
      const own = cluster.server.client(controllerUser(name));
      return new Client(late(faulty ? unreliable(own.handler, next) : own.handler, next));
    },
    clock,
    log: silentLogger,
    signal: stop.signal,
    names: ['cronjob', 'job'],
  });
  await new Promise((resolve) => setTimeout(resolve, ms));
  stop.abort();
  await run;
}

describe('cron jobs', () => {
  // More of them on demand: SEEDS=100.
  const seeds = Array.from({ length: Number(process.env['SEEDS'] ?? 2) }, (_, i) => i + 1);
  it.each(seeds)('seed %d', async (seed) => {
    const clock = new FastClock(300);
    const next = random(seed);
    cluster = await startCluster({ controllers: ['garbage-collector', 'node-ipam'], nodes: 1, clock });
    const seen = observe();
    for (const policy of POLICIES) await cluster.client.create(CronJobs, cronJob(policy, 30 + next() * 120));
    for (let i = 0; i < LIVES; i++) await live(clock, next, true, 40 + next() * 200);
    // Nothing more is due: what runs ends, and what is told of it comes true.
    for (const policy of POLICIES) {
      const key = { name: policy.toLowerCase(), namespace: 'default' };
      await cluster.client.patch(CronJobs, key, 'merge', { spec: { suspend: true } });
    }
    let ended = false;
    const rest = (async () => {
      while (!ended) await live(clock, next, false, 400);
    })();
    for (const policy of POLICIES) {
      const name = policy.toLowerCase();
      await eventually(`${name} has come to rest`, async () => {
        const { status } = await cluster.client.get(CronJobs, { name, namespace: 'default' });
        const { items } = await cluster.client.list(Jobs, { namespace: 'default' });
        const own = items.filter((job) => ownerOf(job) === name);
        return (status?.active ?? []).length === 0 && own.every(isFinished) && own.length <= 2;
      });
    }
    ended = true;
    await rest;
    await seen.stop();
    expect(seen.minutes.size).toBeGreaterThan(POLICIES.length);
    for (const [name, uids] of seen.minutes) expect([name, uids.size]).toEqual([name, 1]);
    expect(seen.most.get('forbid')).toBe(1);
    expect(seen.most.get('replace')).toBe(1);
  });
});
