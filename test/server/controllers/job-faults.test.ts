// Jobs whose every fifth write fails, before or after it was done, whose caches lag behind, and whose controller is
// killed meanwhile, while pods fail, succeed and are deleted: no pod is counted twice, and no more run than may. The
// seed is in the test's name.
import { afterEach, describe, expect, it } from 'vitest';
import type { Job, JobSpec } from 'kubernetes-types/batch/v1.js';
import type { Pod } from 'kubernetes-types/core/v1.js';
import { Jobs, Pods } from '../../../src/api/resources.ts';
import { silentLogger } from '../../../src/client/log.ts';
import { Client } from '../../../src/client/rest.ts';
import { controllerUser } from '../../../src/client/transport/in-process.ts';
import { watcher } from '../../../src/client/watcher.ts';
import { runControllers } from '../../../src/server/controllers/run.ts';
import { countIndexes } from '../../../src/api/kinds/shared/job-policies.ts';
import { FastClock } from './clock.ts';
import { type TestCluster, eventually, startCluster } from './cluster.ts';
import { late, random, unreliable } from './faults.ts';

let cluster: TestCluster;
afterEach(() => cluster.stop());

const TRACKING = 'batch.kubernetes.io/job-tracking';
const template = {
  spec: { restartPolicy: 'Never', containers: [{ name: 'app', image: 'app:1' }], terminationGracePeriodSeconds: 0 },
};
const job = (name: string, spec: Partial<JobSpec>): Job => ({
  metadata: { name, namespace: 'default' },
  spec: { backoffLimit: 1000, ...spec, template },
});
const JOBS: readonly Job[] = [
  job('plain', { completions: 12, parallelism: 4 }),
  job('indexed', { completions: 12, parallelism: 4, completionMode: 'Indexed' }),
  job('each', { completions: 6, parallelism: 3, completionMode: 'Indexed', backoffLimitPerIndex: 1000 }),
];

/** Every pod by its uid: whose it is, whether it succeeded, and whether it failed or was asked to go. */
function observe() {
  const stop = new AbortController();
  const succeeded = new Map<string, string>();
  const failed = new Map<string, string>();
  const active = new Map<string, string>();
  const most = new Map<string, number>();
  const look = (pod: Pod, gone: boolean): void => {
    const { uid = '', labels, deletionTimestamp } = pod.metadata ?? {};
    const owner = labels?.['job-name'] ?? '';
    const { phase = '' } = pod.status ?? {};
    const going = deletionTimestamp !== undefined;
    if (phase === 'Succeeded') succeeded.set(uid, owner);
    else if (phase === 'Failed' || going) failed.set(uid, owner);
    if (gone || going || phase === 'Succeeded' || phase === 'Failed') active.delete(uid);
    else active.set(uid, owner);
    const running = [...active.values()].filter((name) => name === owner).length;
    most.set(owner, Math.max(most.get(owner) ?? 0, running));
  };
  const done = (async () => {
    for await (const event of watcher(cluster.client, Pods, { namespace: 'default', signal: stop.signal })) {
      if (event.type === 'init') for (const pod of event.objects) look(pod, false);
      else look(event.object, event.type === 'delete');
    }
  })();
  return {
    succeeded,
    failed,
    most,
    async stop() {
      stop.abort();
      await done;
    },
  };
}

/** Ends some pods, well or badly, and deletes others. */
async function disturb(next: () => number): Promise<void> {
  const { items } = await cluster.client.list(Pods, { namespace: 'default' });
  for (const { metadata, status } of items) {
    if (status?.phase !== 'Running' || metadata?.deletionTimestamp) continue;
    const key = { name: metadata!.name!, namespace: 'default' };
    const chance = next();
    if (chance < 0.1) await cluster.client.delete(Pods, key).catch(() => undefined);
    else if (chance < 0.6) {
      const phase = chance < 0.45 ? 'Succeeded' : 'Failed';
      await cluster.client.patch(Pods, key, 'merge', { status: { phase } }, { subresource: 'status' });
    }
  }
}

async function untilEnd(seed: number, clock: FastClock): Promise<void> {
  const next = random(seed);
  const finished = async () =>
    (await cluster.client.list(Jobs, { namespace: 'default' })).items.every((j) =>
      j.status?.conditions?.some((c) => c.type === 'Complete'),
    );
  for (let i = 0; i < 400 && !(await finished()); i++) {
    const stop = new AbortController();
    const faulty = i < 60;
    const run = runControllers({
      client: (name) => {
        const own = cluster.server.client(controllerUser(name));
        return new Client(late(faulty ? unreliable(own.handler, next) : own.handler, next));
      },
      clock,
      log: silentLogger,
      signal: stop.signal,
      names: ['job'],
    });
    for (let j = 0; j < 3; j++) {
      await new Promise((resolve) => setTimeout(resolve, 5 + next() * 20));
      await disturb(next);
    }
    stop.abort();
    await run;
  }
}

describe('a job and its pods', () => {
  // More of them on demand: SEEDS=100.
  const seeds = Array.from({ length: Number(process.env['SEEDS'] ?? 3) }, (_, i) => i + 1);
  it.each(seeds)('seed %d', async (seed) => {
    // Not quicker: what a controller waits for in vain it waits for five minutes.
    const clock = new FastClock(300);
    cluster = await startCluster({ controllers: ['garbage-collector', 'node-ipam'], nodes: 3, clock });
    const seen = observe();
    for (const object of JOBS) await cluster.client.create(Jobs, object);
    await untilEnd(seed, clock);
    for (const { metadata, spec } of JOBS) {
      const name = metadata!.name!;
      const done = await eventually(`${name} is complete`, async () => {
        const object = await cluster.client.get(Jobs, { name, namespace: 'default' });
        return object.status?.conditions?.some((c) => c.type === 'Complete') && object;
      });
      const of = (ended: ReadonlyMap<string, string>) => [...ended.values()].filter((owner) => owner === name).length;
      const { succeeded = 0, failed = 0, uncountedTerminatedPods, completedIndexes = '' } = done.status!;
      expect(uncountedTerminatedPods).toEqual({});
      expect(succeeded).toBe(spec!.completions);
      if (spec?.completionMode === 'Indexed') expect(countIndexes(completedIndexes, 100)).toBe(spec.completions);
      await eventually(`${succeeded} pods of ${name} succeeded`, async () => {
        return of(seen.succeeded) >= succeeded;
      });
      await eventually(`${failed} pods of ${name} failed or went`, async () => of(seen.failed) >= failed);
      expect(seen.most.get(name)).toBeLessThanOrEqual(spec!.parallelism!);
    }
    await seen.stop();
    const { items } = await cluster.client.list(Pods, { namespace: 'default' });
    expect(items.filter((pod) => pod.metadata?.finalizers?.includes(TRACKING))).toEqual([]);
  });
});
