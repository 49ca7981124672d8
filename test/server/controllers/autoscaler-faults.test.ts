// Autoscalers whose reads are late and whose writes fail, killed meanwhile, while the metric jumps: never beyond their
// bounds, never down again within the window of stabilisation, and in the end as many as the metric asks for. The seed is
// in the test's name; more of them on demand: SEEDS=100.
import { afterEach, describe, expect, it } from 'vitest';
import type { HorizontalPodAutoscaler } from 'kubernetes-types/autoscaling/v2.js';
import { Deployments, HorizontalPodAutoscalers } from '../../../src/api/resources.ts';
import { watcher } from '../../../src/client/watcher.ts';
import type { Handler } from '../../../src/wire/http.ts';
import { FastClock } from './clock.ts';
import { type TestCluster, eventually, startCluster } from './cluster.ts';
import { calm, random, storm } from './faults.ts';
import { deployment } from './objects.ts';

let cluster: TestCluster;
afterEach(() => cluster.stop());

const MIN = 2;
const MAX = 9;
const EACH = 10;
const at = (name: string) => ({ name, namespace: 'default' });
/** Seconds of stabilisation before each may shrink. */
const WINDOWS: Readonly<Record<string, number>> = { plain: 300, quick: 150 };

const scaled = (name: string) => {
  const { spec } = deployment(name, 3);
  const labels = { app: name };
  const template = { ...spec!.template, metadata: { labels } };
  return { metadata: at(name), spec: { ...spec!, selector: { matchLabels: labels }, template } };
};

function autoscaler(name: string): HorizontalPodAutoscaler {
  const rules = { scaleDown: { stabilizationWindowSeconds: WINDOWS['quick']! } };
  return {
    metadata: at(name),
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name },
      minReplicas: MIN,
      maxReplicas: MAX,
      ...(name === 'quick' ? { behavior: rules } : {}),
      metrics: [
        {
          type: 'External',
          external: { metric: { name }, target: { type: 'AverageValue', averageValue: String(EACH) as never } },
        },
      ],
    },
  };
}

/** Answers for the metrics, when it answers. */
const metrics =
  (values: ReadonlyMap<string, number>, fails: () => boolean) =>
  (handler: Handler): Handler =>
  async (request) => {
    const [, name] =
      /^\/apis\/external\.metrics\.k8s\.io\/v1beta1\/namespaces\/default\/(\w+)$/.exec(request.path) ?? [];
    if (name === undefined) return handler(request);
    if (fails()) throw new Error('the adapter is away');
    const items = [{ metricName: name, value: String(values.get(name)) }];
    const headers = { 'content-type': 'application/json' };
    return { status: 200, headers, body: { bytes: () => Buffer.from(JSON.stringify({ items })) } };
  };

interface Change {
  name: string;
  from: number;
  to: number;
  at: number;
}

/** Every change of a size, with its moment. */
function watchSizes(clock: FastClock) {
  const stop = new AbortController();
  const sizes = new Map<string, number>();
  const changes: Change[] = [];
  const done = (async () => {
    for await (const event of watcher(cluster.client, Deployments, { namespace: 'default', signal: stop.signal })) {
      for (const { metadata, spec } of event.type === 'init' ? event.objects : [event.object]) {
        const name = metadata!.name!;
        const from = sizes.get(name);
        const to = spec!.replicas!;
        sizes.set(name, to);
        if (from !== undefined && from !== to) changes.push({ name, from, to, at: clock.now() });
      }
    }
  })();
  return async () => {
    stop.abort();
    await done;
    return changes;
  };
}

describe('an autoscaler', () => {
  const seeds = Array.from({ length: Number(process.env['SEEDS'] ?? 1) }, (_, i) => i + 1);
  it.each(seeds)('keeps calm, seed %d', async (seed) => {
    const next = random(seed);
    const clock = new FastClock(300);
    const controllers = ['deployment', 'replicaset', 'node-ipam'];
    cluster = await startCluster({ controllers, nodes: 3, clock, server: { clock } });
    const values = new Map(Object.keys(WINDOWS).map((name) => [name, 3 * EACH]));
    let faulty = true;
    const running = {
      server: cluster.server,
      names: ['horizontal-pod-autoscaler'],
      clock,
      around: metrics(values, () => faulty && next() < 0.2),
    };
    for (const name of Object.keys(WINDOWS)) {
      await cluster.client.create(Deployments, scaled(name));
      await cluster.client.create(HorizontalPodAutoscalers, autoscaler(name));
    }
    const stop = watchSizes(clock);
    const disturb = async () => {
      for (const name of values.keys()) if (next() < 0.5) values.set(name, Math.floor(next() * 13 * EACH));
    };
    await storm({ ...running, next, lives: 8, pauseMs: 250, disturb });
    faulty = false;
    await calm(running, async () => {
      for (const [name, value] of values) {
        const wanted = Math.min(MAX, Math.max(MIN, Math.ceil(value / EACH)));
        await eventually(`${name} has ${wanted}`, async () => {
          const { spec, status } = await cluster.client.get(Deployments, at(name));
          const near = Math.abs(value / (EACH * (status?.replicas ?? 0)) - 1) <= 0.1;
          return spec?.replicas === wanted || (near && status?.replicas === spec?.replicas);
        });
      }
    });
    const changes = await stop();
    expect(changes.filter(({ to }) => to < MIN || to > MAX)).toEqual([]);
    // Without the time that the watch may take: 150 ms.
    const early = changes.filter((down) =>
      changes.some((up) => {
        const between = down.at - up.at;
        const within = between > 0 && between < (WINDOWS[up.name]! - 45) * 1000;
        return up.name === down.name && up.to > up.from && within && down.to < up.to;
      }),
    );
    expect(early).toEqual([]);
    expect(changes.length).toBeGreaterThan(2);
  });
});
