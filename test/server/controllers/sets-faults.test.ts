// Stateful sets, daemon sets and replication controllers whose every fifth write fails, before or after it was done, and
// that are killed meanwhile: the end is the same as without. The seed is in the test's name.
import { afterEach, describe, expect, it } from 'vitest';
import type { Pod } from 'kubernetes-types/core/v1.js';
import {
  ControllerRevisions,
  DaemonSets,
  Pods,
  ReplicationControllers,
  StatefulSets,
} from '../../../src/api/resources.ts';
import { systemClock } from '../../../src/client/clock.ts';
import { silentLogger } from '../../../src/client/log.ts';
import { Client } from '../../../src/client/rest.ts';
import { controllerUser } from '../../../src/client/transport/in-process.ts';
import { runControllers } from '../../../src/server/controllers/run.ts';
import { type TestCluster, eventually, startCluster } from './cluster.ts';
import { random, unreliable } from './faults.ts';
import { daemonSet, statefulSet, template } from './objects.ts';

let cluster: TestCluster;
afterEach(() => cluster.stop());

const NAMES = ['statefulset', 'daemonset', 'replication'];
const labelled = (app: string, image: string) => {
  const { spec } = template(image);
  return { selector: { matchLabels: { app } }, template: { metadata: { labels: { app } }, spec } };
};
const at = (name: string) => ({ name, namespace: 'default' });

async function storm(seed: number): Promise<void> {
  const next = random(seed);
  for (let i = 0; i < 8; i++) {
    const stop = new AbortController();
    const run = runControllers({
      client: (name) => new Client(unreliable(cluster.server.client(controllerUser(name)).handler, next)),
      clock: systemClock,
      log: silentLogger,
      signal: stop.signal,
      names: NAMES,
    });
    await new Promise((resolve) => setTimeout(resolve, 5 + next() * 60));
    if (i === 3) {
      const change = { spec: { template: { spec: template('app:2').spec } } };
      await cluster.client.patch(StatefulSets, at('db'), 'strategic', change);
      await cluster.client.patch(DaemonSets, at('agent'), 'strategic', change);
    }
    const names = (await cluster.client.list(Pods, {})).items.map((p) => p.metadata?.name);
    expect(names.filter((name) => name?.startsWith('db-')).length).toBeLessThanOrEqual(4);
    stop.abort();
    await run;
  }
}

describe('writes that fail', () => {
  it.each([1, 2, 3])('seed %d', async (seed) => {
    cluster = await startCluster({ controllers: ['garbage-collector', 'node-ipam'], nodes: 4 });
    const { client } = cluster;
    const parallel = seed % 2 ? { podManagementPolicy: 'Parallel' } : {};
    await client.create(StatefulSets, { ...statefulSet('db', 4, { ...labelled('db', 'app:1'), ...parallel }) });
    await client.create(DaemonSets, daemonSet('agent', labelled('agent', 'app:1')));
    await client.create(ReplicationControllers, {
      metadata: at('legacy'),
      spec: { replicas: 5, template: labelled('legacy', 'app:1').template },
    });
    await storm(seed);
    const stop = new AbortController();
    const run = runControllers({
      client: (name) => cluster.server.client(controllerUser(name)),
      clock: systemClock,
      log: silentLogger,
      signal: stop.signal,
      names: NAMES,
    });
    const of = (pods: readonly Pod[], app: string) => pods.filter((p) => p.metadata?.labels?.['app'] === app);
    const images = (pods: readonly Pod[]) => new Set(pods.map((p) => p.spec?.containers[0]?.image));
    await eventually('everything is as it was asked for', async () => {
      const { items } = await client.list(Pods, { namespace: 'default' });
      const [db, agent, legacy] = [of(items, 'db'), of(items, 'agent'), of(items, 'legacy')];
      const { status: s } = await client.get(StatefulSets, at('db'));
      const { status: d } = await client.get(DaemonSets, at('agent'));
      const { status: r } = await client.get(ReplicationControllers, at('legacy'));
      const rolled = s?.availableReplicas === 4 && s.updateRevision === s.currentRevision && d?.numberAvailable === 4;
      const updated = [...images(db), ...images(agent)].every((image) => image === 'app:2');
      const counts = [db.length, new Set(agent.map((p) => p.spec?.nodeName)).size, agent.length, legacy.length].join();
      return rolled && updated && counts === '4,4,4,5' && r?.availableReplicas === 5;
    });
    const { items } = await client.list(ControllerRevisions, { namespace: 'default' });
    expect(items).toHaveLength(4);
    stop.abort();
    await run;
  });
});
