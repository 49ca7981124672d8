// Deployments that are changed in the middle of a rollout while writes fail, caches are late, watches are cut and their
// controllers are killed: never more pods asked for than surge allows, never fewer available than allowed, and the end is
// what was asked for last. The seed is in the test's name; more of them on demand: SEEDS=100.
import { afterEach, describe, expect, it } from 'vitest';
import type { Deployment, ReplicaSet } from 'kubernetes-types/apps/v1.js';
import type { Pod } from 'kubernetes-types/core/v1.js';
import { Deployments, Pods, ReplicaSets } from '../../../src/api/resources.ts';
import type { KubeObject, ResourceType } from '../../../src/api/types.ts';
import { watcher } from '../../../src/client/watcher.ts';
import { isPodReady } from '../../../src/server/controllers/shared/pods.ts';
import { FastClock } from './clock.ts';
import { type TestCluster, eventually, startCluster } from './cluster.ts';
import { calm, random, storm } from './faults.ts';

let cluster: TestCluster;
afterEach(() => cluster.stop());

const names = ['deployment', 'replicaset'];
const LIMIT = 3;
const at = (name: string) => ({ name, namespace: 'default' });

function web(name: string, replicas: number, maxSurge: number | string, maxUnavailable: number | string): Deployment {
  const labels = { app: name };
  return {
    metadata: at(name),
    spec: {
      replicas,
      revisionHistoryLimit: LIMIT,
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge, maxUnavailable } },
      selector: { matchLabels: labels },
      template: {
        metadata: { labels, annotations: { 'sampan.io/simulate': 'ready-after=2s' } },
        spec: { containers: [{ name: 'app', image: 'app:1' }], terminationGracePeriodSeconds: 0 },
      },
    },
  };
}

/** Replicas, surge, how many may be unavailable. */
const SHAPES: Readonly<Record<string, [number, number, number]>> = {
  wide: [6, 2, 1],
  tight: [4, 1, 0],
  lazy: [5, 0, 2],
};

/** What is there at every moment, as watches of objects tell it in their order. */
function follow<T extends KubeObject>(type: ResourceType<T>, look: (objects: Map<string, T>) => void) {
  const stop = new AbortController();
  const objects = new Map<string, T>();
  const done = (async () => {
    for await (const event of watcher(cluster.client, type, { namespace: 'default', signal: stop.signal })) {
      if (event.type === 'init') for (const object of event.objects) objects.set(object.metadata!.name!, object);
      else if (event.type === 'delete') objects.delete(event.object.metadata!.name!);
      else objects.set(event.object.metadata!.name!, event.object);
      look(objects);
    }
  })();
  return async () => {
    stop.abort();
    await done;
  };
}

const ownerOf = ({ metadata }: KubeObject): string => metadata?.ownerReferences?.[0]?.name ?? '';

/** The most that the sets of each Deployment asked for, and the fewest pods that were ready. */
function watchBounds() {
  const most = new Map<string, number>();
  const fewest = new Map<string, number>();
  const stopSets = follow<ReplicaSet>(ReplicaSets, (sets) => {
    for (const name of Object.keys(SHAPES)) {
      const own = [...sets.values()].filter((rs) => ownerOf(rs) === name);
      const asked = own.reduce((sum, rs) => sum + (rs.spec?.replicas ?? 0), 0);
      most.set(name, Math.max(most.get(name) ?? 0, asked));
    }
  });
  const stopPods = follow<Pod>(Pods, (pods) => {
    for (const name of Object.keys(SHAPES)) {
      const ready = [...pods.values()].filter(
        (p) => p.metadata?.labels?.['app'] === name && isPodReady(p) && !p.metadata?.deletionTimestamp,
      );
      fewest.set(name, Math.min(fewest.get(name) ?? Infinity, ready.length));
    }
  });
  return {
    most,
    fewest,
    async stop() {
      await stopSets();
      await stopPods();
    },
  };
}

async function settled(name: string, replicas: number, image: string): Promise<void> {
  await eventually(`${name} runs ${replicas} of ${image}`, async () => {
    const d = await cluster.client.get(Deployments, at(name));
    const { items } = await cluster.client.list(Pods, { namespace: 'default', labelSelector: `app=${name}` });
    const sets = (await cluster.client.list(ReplicaSets, { namespace: 'default', labelSelector: `app=${name}` })).items;
    const { status = {} } = d;
    const counted = [status.replicas, status.updatedReplicas, status.availableReplicas].every((n) => n === replicas);
    return (
      counted &&
      status.observedGeneration === d.metadata?.generation &&
      items.length === replicas &&
      items.every((p) => p.spec?.containers[0]?.image === image) &&
      sets.filter((rs) => (rs.spec?.replicas ?? 0) > 0).length === 1 &&
      sets.length <= LIMIT + 1
    );
  });
}

const setImage = (name: string, image: string) =>
  cluster.client.patch(Deployments, at(name), 'strategic', {
    spec: { template: { spec: { containers: [{ name: 'app', image }] } } },
  });
const change = (name: string, spec: object) => cluster.client.patch(Deployments, at(name), 'merge', { spec });

describe('a rollout', () => {
  const seeds = Array.from({ length: Number(process.env['SEEDS'] ?? 2) }, (_, i) => i + 1);

  it.each(seeds)('keeps its bounds, seed %d', async (seed) => {
    const next = random(seed);
    const clock = new FastClock(100);
    cluster = await startCluster({ controllers: ['garbage-collector', 'node-ipam'], nodes: 3, clock });
    const running = { server: cluster.server, names, clock };
    for (const [name, [replicas, surge, away]] of Object.entries(SHAPES)) {
      await cluster.client.create(Deployments, web(name, replicas, surge, away));
    }
    const all = (image: (name: string) => string) =>
      calm(running, async () => {
        for (const [name, [replicas]] of Object.entries(SHAPES)) await settled(name, replicas, image(name));
      });
    await all(() => 'app:1');
    const bounds = watchBounds();
    const images = new Map<string, string>();
    const disturb = async () => {
      const name = Object.keys(SHAPES)[Math.floor(next() * 3)]!;
      const chance = next();
      if (chance < 0.15) await change(name, { paused: true });
      else if (chance < 0.3) await change(name, { paused: null });
      else if (chance < 0.6) {
        const image = `app:${1 + Math.floor(next() * 6)}`;
        images.set(name, image);
        await setImage(name, image);
      }
    };
    await storm({ ...running, next, lives: 12, disturb });
    for (const name of Object.keys(SHAPES)) await change(name, { paused: null });
    await all((name) => images.get(name) ?? 'app:1');
    await bounds.stop();
    for (const [name, [replicas, surge, away]] of Object.entries(SHAPES)) {
      expect(bounds.most.get(name)).toBeLessThanOrEqual(replicas + surge);
      expect(bounds.fewest.get(name)).toBeGreaterThanOrEqual(replicas - away);
    }
  });

  it.each(seeds)('ends as was asked for last, whatever is scaled and killed, seed %d', async (seed) => {
    const next = random(seed + 1000);
    const clock = new FastClock(100);
    cluster = await startCluster({ controllers: ['garbage-collector', 'node-ipam'], nodes: 3, clock });
    const running = { server: cluster.server, names, clock };
    const wanted = new Map<string, { replicas: number; image: string }>();
    for (const [name, [replicas, surge, away]] of Object.entries(SHAPES)) {
      await cluster.client.create(Deployments, web(name, replicas, surge, away));
      wanted.set(name, { replicas, image: 'app:1' });
    }
    const disturb = async () => {
      const name = Object.keys(SHAPES)[Math.floor(next() * 3)]!;
      const want = wanted.get(name)!;
      const chance = next();
      if (chance < 0.3) await setImage(name, (want.image = `app:${1 + Math.floor(next() * 6)}`));
      else if (chance < 0.55) await change(name, { replicas: (want.replicas = Math.floor(next() * 9)) });
      else if (chance < 0.8) {
        const { items } = await cluster.client.list(Pods, { namespace: 'default', labelSelector: `app=${name}` });
        for (const pod of items) {
          if (next() < 0.4) await cluster.client.delete(Pods, at(pod.metadata!.name!)).catch(() => undefined);
        }
      } else {
        const strategy =
          next() < 0.5
            ? { type: 'Recreate', rollingUpdate: null }
            : { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 1 } };
        await change(name, { strategy });
      }
    };
    await storm({ ...running, next, lives: 15, disturb });
    await calm(running, async () => {
      for (const [name, { replicas, image }] of wanted) {
        if (replicas === 0) await change(name, { replicas: (wanted.get(name)!.replicas = 2) });
        await settled(name, replicas || 2, image);
      }
    });
  });
});
