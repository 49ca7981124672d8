// Services, disruption budgets, stateful sets and the garbage collector while writes fail, caches are late, watches are cut
// and all controllers are killed: no eviction goes below its budget, a stateful set updates one pod at a time, endpoints
// end as the ready pods, and nothing is left of what was deleted. The seed is in the test's name; more: SEEDS=100.
import { afterEach, describe, expect, it } from 'vitest';
import type { Pod } from 'kubernetes-types/core/v1.js';
import { PodDisruptionBudgets } from '../../../src/api/disruption.ts';
import {
  ControllerRevisions,
  EndpointSlices,
  EndpointsType,
  Pods,
  ReplicaSets,
  Services,
  StatefulSets,
} from '../../../src/api/resources.ts';
import type { KubeObject, ResourceType } from '../../../src/api/types.ts';
import { watcher } from '../../../src/client/watcher.ts';
import { isPodReady } from '../../../src/server/controllers/shared/pods.ts';
import { FastClock } from './clock.ts';
import { type TestCluster, eventually, startCluster } from './cluster.ts';
import { type StormOptions, calm, random, storm } from './faults.ts';
import { replicaSet, statefulSet } from './objects.ts';

let cluster: TestCluster;
afterEach(() => cluster.stop());

const names = ['replicaset', 'statefulset', 'endpointslice', 'endpoint', 'disruption', 'garbage-collector'];
const namespace = 'default';
const at = (name: string) => ({ name, namespace });
const SIZE = 6;
const LEAST = 4;

const labelled = (app: string, image = 'app:1') => ({
  selector: { matchLabels: { app } },
  template: {
    metadata: { labels: { app }, annotations: { 'sampan.io/simulate': 'ready-after=3s' } },
    spec: { containers: [{ name: 'app', image }], terminationGracePeriodSeconds: 0 },
  },
});
const podsOf = async (app: string) =>
  (await cluster.client.list(Pods, { namespace, labelSelector: `app=${app}` })).items;
const service = (app: string) => ({
  metadata: at(app),
  spec: { selector: { app }, ports: [{ port: 80 }], clusterIP: 'None' },
});

async function build(): Promise<void> {
  const { client } = cluster;
  await client.create(ReplicaSets, replicaSet('web', SIZE, labelled('web')));
  await client.create(StatefulSets, statefulSet('db', 4, labelled('db')));
  await client.create(PodDisruptionBudgets, {
    metadata: at('web'),
    spec: { minAvailable: LEAST, selector: { matchLabels: { app: 'web' } } },
  });
  for (const app of ['web', 'db']) await client.create(Services, service(app));
}

/** The fewest pods of each that were ready at once, from now on. */
function watchReady(apps: readonly string[]) {
  const stop = new AbortController();
  const fewest = new Map(apps.map((app) => [app, Infinity]));
  const pods = new Map<string, Pod>();
  const done = (async () => {
    for await (const event of watcher(cluster.client, Pods, { namespace, signal: stop.signal })) {
      if (event.type === 'init') for (const pod of event.objects) pods.set(pod.metadata!.name!, pod);
      else if (event.type === 'delete') pods.delete(event.object.metadata!.name!);
      else pods.set(event.object.metadata!.name!, event.object);
      for (const app of apps) {
        const ready = [...pods.values()].filter(
          (p) => p.metadata?.labels?.['app'] === app && isPodReady(p) && !p.metadata.deletionTimestamp,
        );
        fewest.set(app, Math.min(fewest.get(app)!, ready.length));
      }
    }
  })();
  return async () => {
    stop.abort();
    await done;
    return fewest;
  };
}

/** Everything is ready, and the endpoints say exactly so. */
async function settled(): Promise<void> {
  for (const [app, size] of [
    ['web', SIZE],
    ['db', 4],
  ] as const) {
    await eventually(`${app} is ready and has its endpoints`, async () => {
      const ready = (await podsOf(app)).filter(isPodReady);
      const addresses = ready.map((p) => p.status?.podIP).toSorted();
      const labelSelector = `kubernetes.io/service-name=${app}`;
      const slices = (await cluster.client.list(EndpointSlices, { namespace, labelSelector })).items;
      const inSlices = slices.flatMap((s) => s.endpoints).flatMap((e) => (e.conditions?.ready ? e.addresses : []));
      const { subsets = [] } = await cluster.client.get(EndpointsType, at(app));
      const inEndpoints = subsets.flatMap((s) => s.addresses ?? []).map((a) => a.ip);
      const same = [inSlices, inEndpoints].every((list) => list.toSorted().join() === addresses.join());
      return ready.length === size && same;
    });
  }
  await eventually('the budget allows what it may', async () => {
    const { status } = await cluster.client.get(PodDisruptionBudgets, at('web'));
    return status?.currentHealthy === SIZE && status.disruptionsAllowed === SIZE - LEAST;
  });
}

async function evictOne(next: () => number): Promise<boolean> {
  const pods = await podsOf('web');
  const { metadata } = pods[Math.floor(next() * pods.length)]!;
  const body = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: at(metadata!.name!) };
  const path = `/api/v1/namespaces/${namespace}/pods/${metadata!.name}/eviction`;
  try {
    await cluster.client.request('POST', path, { body });
    return true;
  } catch {
    return false;
  }
}

type Running = Pick<StormOptions, 'server' | 'names' | 'clock' | 'next'>;

/** Evicts and updates, and never goes too far. */
async function evictions(running: Running): Promise<void> {
  const { next } = running;
  const stop = watchReady(['web', 'db']);
  let evicted = 0;
  let revision = 1;
  const disturb = async () => {
    for (let i = 0; i < 3; i++) if (await evictOne(next)) evicted++;
    if (next() < 0.15) {
      const { template } = labelled('db', `app:${++revision}`);
      await cluster.client.patch(StatefulSets, at('db'), 'strategic', { spec: { template } });
    }
  };
  await storm({ ...running, lives: 10, disturb });
  await calm(running, async () => {
    await eventually('another eviction', async () => {
      if (await evictOne(next)) evicted++;
      return evicted > 0;
    });
    await settled();
    await eventually('the update is through', async () => {
      const { status } = await cluster.client.get(StatefulSets, at('db'));
      const images = (await podsOf('db')).map((p) => p.spec?.containers[0]?.image);
      return status?.updateRevision === status?.currentRevision && images.every((i) => i === `app:${revision}`);
    });
  });
  const fewest = await stop();
  expect(fewest.get('web')).toBeGreaterThanOrEqual(LEAST);
  expect(fewest.get('db')).toBeGreaterThanOrEqual(3);
}

const uids = new Set<string>();
async function ownersAreThere(): Promise<string[]> {
  const types: ResourceType<KubeObject>[] = [
    Pods,
    ReplicaSets,
    StatefulSets,
    ControllerRevisions,
    Services,
    EndpointSlices,
  ];
  const lists = await Promise.all(types.map((type) => cluster.client.list(type, { namespace })));
  const objects = lists.flatMap((list) => list.items);
  uids.clear();
  for (const { metadata } of objects) uids.add(metadata?.uid ?? '');
  const orphaned = objects.filter((o) => o.metadata?.ownerReferences?.some((r) => !uids.has(r.uid)));
  return orphaned.map((o) => o.metadata!.name!);
}

/** Owners go in all three ways while things are made. */
async function deletions(running: Running): Promise<void> {
  const { client } = cluster;
  const extra = ['a', 'b', 'c', 'd', 'e', 'f'];
  for (const name of extra) await client.create(ReplicaSets, replicaSet(name, 3, labelled(name)));
  const ways = ['Background', 'Foreground', 'Orphan'] as const;
  const left = [...extra];
  const disturb = async () => {
    const name = running.next() < 0.4 ? left.pop() : undefined;
    if (!name) return;
    const propagationPolicy = ways[extra.indexOf(name) % ways.length]!;
    await client.delete(ReplicaSets, at(name), { propagationPolicy });
  };
  await storm({ ...running, lives: 6, disturb });
  for (const name of left) {
    await client.delete(ReplicaSets, at(name), { propagationPolicy: ways[extra.indexOf(name) % ways.length]! });
  }
  await client.delete(StatefulSets, at('db'), { propagationPolicy: 'Foreground' });
  await client.delete(Services, at('db'));
  await calm(running, async () => {
    await eventually('all of them are gone', async () => {
      const sets = (await client.list(ReplicaSets, { namespace })).items.map((rs) => rs.metadata?.name);
      return sets.join() === 'web' && (await ownersAreThere()).length === 0;
    });
    const kept = await Promise.all(extra.map(async (name) => (await podsOf(name)).length > 0));
    expect(extra.filter((_, i) => kept[i])).toEqual(extra.filter((_, i) => i % 3 === 2 && kept[i]));
    for (const name of extra.filter((_, i) => i % 3 === 2)) {
      expect((await podsOf(name)).flatMap((p) => p.metadata?.ownerReferences ?? [])).toEqual([]);
    }
    await eventually('nothing is left of the service', async () => {
      const labelSelector = 'kubernetes.io/service-name=db';
      const slices = (await client.list(EndpointSlices, { namespace, labelSelector })).items;
      const endpoints = (await client.list(EndpointsType, { namespace })).items.map((e) => e.metadata?.name);
      return slices.length === 0 && !endpoints.includes('db') && (await podsOf('db')).length === 0;
    });
    expect((await client.list(ControllerRevisions, { namespace })).items).toEqual([]);
  });
}

describe('services, budgets and owners', () => {
  const seeds = Array.from({ length: Number(process.env['SEEDS'] ?? 1) }, (_, i) => i + 1);
  it.each(seeds)('seed %d', async (seed) => {
    const clock = new FastClock(100);
    cluster = await startCluster({ controllers: ['node-ipam'], nodes: 3, clock, server: { clock } });
    const running = { server: cluster.server, names, clock, next: random(seed) };
    await build();
    await calm(running, settled);
    await evictions(running);
    await deletions(running);
  });
});
