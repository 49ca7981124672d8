// Daemon sets end to end on simulated nodes: nodes come, change and go, pods fail, templates change.
import { afterEach, describe, expect, it } from 'vitest';
import type { Pod } from 'kubernetes-types/core/v1.js';
import { ControllerRevisions, CoreEvents, DaemonSets, Nodes, Pods } from '../../../src/api/resources.ts';
import { systemClock } from '../../../src/client/clock.ts';
import { silentLogger } from '../../../src/client/log.ts';
import { watcher } from '../../../src/client/watcher.ts';
import { controllerUser } from '../../../src/client/transport/in-process.ts';
import { runControllers } from '../../../src/server/controllers/run.ts';
import { type TestCluster, eventually, startCluster } from './cluster.ts';
import { daemonSet, pod, template } from './objects.ts';

let cluster: TestCluster;
afterEach(() => cluster.stop());

const at = (name = 'web') => ({ name, namespace: 'default' });
const get = () => cluster.client.get(DaemonSets, at());
const pods = async () => (await cluster.client.list(Pods, { namespace: 'default' })).items;
const nodeNames = async () =>
  (await cluster.client.list(Nodes, {})).items.map((n) => n.metadata?.name ?? '').toSorted();
const where = (all: readonly Pod[]) => all.map((p) => p.spec?.nodeName).toSorted();
const imageOf = (p: Pod) => p.spec?.containers[0]?.image;
const patch = (spec: object) => cluster.client.patch(DaemonSets, at(), 'merge', { spec });
const label = (name: string, labels: Record<string, string | null>) =>
  cluster.client.patch(Nodes, { name }, 'merge', { metadata: { labels } });

const isReady = (p: Pod) => p.status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True') ?? false;

/** What `measure` says of the pods that are not on their way out, after every change from now on. */
function record(measure: (living: Pod[]) => number) {
  const values: number[] = [];
  const living = new Map<string, Pod>();
  const stop = new AbortController();
  const done = (async () => {
    for await (const event of watcher(cluster.client, Pods, { namespace: 'default', signal: stop.signal })) {
      for (const p of event.type === 'init' ? event.objects : [event.object]) {
        if (event.type === 'delete' || p.metadata?.deletionTimestamp) living.delete(p.metadata?.uid ?? '');
        else living.set(p.metadata?.uid ?? '', p);
      }
      values.push(measure([...living.values()]));
    }
  })();
  return {
    async stop() {
      stop.abort();
      await done;
      return values;
    },
  };
}

const complete = (nodes: number) =>
  eventually(`${nodes} nodes are served`, async () => {
    const ds = await get();
    const s = ds.status;
    return (
      s?.observedGeneration === ds.metadata?.generation &&
      s?.desiredNumberScheduled === nodes &&
      s.numberAvailable === (nodes || undefined) &&
      s.updatedNumberScheduled === (nodes || undefined) &&
      (await pods()).filter((p) => p.metadata?.ownerReferences?.length).length === nodes &&
      ds
    );
  });

describe('the daemon set controller', () => {
  it('runs a pod on every node, through the scheduler, and says so', async () => {
    cluster = await startCluster();
    await cluster.client.create(DaemonSets, daemonSet('web'));
    const ds = await complete(3);
    expect(ds.status).toEqual({
      currentNumberScheduled: 3,
      numberMisscheduled: 0,
      desiredNumberScheduled: 3,
      numberReady: 3,
      observedGeneration: 1,
      updatedNumberScheduled: 3,
      numberAvailable: 3,
    });
    const all = await pods();
    expect(where(all)).toEqual(await nodeNames());
    const { items } = await cluster.client.list(ControllerRevisions, { namespace: 'default' });
    expect(items).toHaveLength(1);
    const hash = items[0]?.metadata?.labels?.['controller-revision-hash'];
    expect(items[0]?.metadata?.name).toBe(`web-${hash}`);
    expect(all.every((p) => p.metadata?.labels?.['controller-revision-hash'] === hash)).toBe(true);
    const events = await eventually('events', async () => {
      const { items } = await cluster.client.list(CoreEvents, {});
      const own = items.filter((e) => e.involvedObject.kind === 'DaemonSet');
      return own.length === 3 && own.map((e) => `${e.source?.component} ${e.reason} ${e.message}`);
    });
    expect(events).toContain(`daemonset-controller SuccessfulCreate Created pod: ${all[0]?.metadata?.name}`);
  });

  it('follows nodes that come, go and change their labels', async () => {
    cluster = await startCluster();
    const [first = '', second = ''] = await eventually('nodes', async () => {
      const names = await nodeNames();
      return names.length === 3 && names;
    });
    await cluster.client.create(
      DaemonSets,
      daemonSet('web', { template: template('app:1', { nodeSelector: { disk: 'ssd' } }) }),
    );
    await complete(0);
    await label(first, { disk: 'ssd' });
    await label(second, { disk: 'ssd' });
    await complete(2);
    expect(where(await pods())).toEqual([first, second]);
    await label(first, { disk: null });
    await complete(1);
    expect(where(await pods())).toEqual([second]);
    await patch({ template: { spec: { nodeSelector: null } } });
    await complete(3);
    const extra = cluster.startNodes({ names: ['extra'] });
    await complete(4);
    await extra.stop();
    await cluster.client.delete(Nodes, { name: 'extra' });
    // Its pod is the pod collector's business.
    await eventually('three again', async () => (await get()).status?.desiredNumberScheduled === 3);
  });

  it('keeps to taints: some stop new pods, some end them, and a cordon does neither', async () => {
    cluster = await startCluster();
    const [first = ''] = await eventually('nodes', async () => {
      const names = await nodeNames();
      return names.length === 3 && names;
    });
    await cluster.client.create(DaemonSets, daemonSet('web'));
    await complete(3);
    const taint = (effect: string) =>
      cluster.client.patch(Nodes, { name: first }, 'merge', { spec: { taints: [{ key: 'x', effect }] } });
    await taint('NoSchedule');
    await eventually('one too many', async () => (await get()).status?.numberMisscheduled === 1);
    expect(await pods()).toHaveLength(3);
    await taint('NoExecute');
    await complete(2);
    await cluster.client.patch(Nodes, { name: first }, 'merge', { spec: { taints: null, unschedulable: true } });
    await complete(3);
  });

  it('updates no more nodes at a time than it may, and goes back', async () => {
    cluster = await startCluster({ nodes: 5 });
    const updateStrategy = { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 2 } };
    await cluster.client.create(DaemonSets, daemonSet('web', { updateStrategy }));
    await complete(5);
    const bounds = record((living) => living.filter(isReady).length);
    await patch({ template: template('app:2') });
    await complete(5);
    await patch({ template: template('app:1') });
    await complete(5);
    expect(Math.min(...(await bounds.stop()))).toBe(3);
    expect((await pods()).every((p) => imageOf(p) === 'app:1')).toBe(true);
    const { items } = await cluster.client.list(ControllerRevisions, { namespace: 'default' });
    expect(items.map((r) => r.revision).toSorted()).toEqual([2, 3]);
  });

  it('surges: a node is never without a ready pod', async () => {
    cluster = await startCluster();
    const updateStrategy = { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } };
    const slow = (image: string) => template(image, {}, { 'sampan.io/simulate': 'ready-after=20ms' });
    await cluster.client.create(DaemonSets, daemonSet('web', { updateStrategy, template: slow('app:1') }));
    await complete(3);
    const sizes = record((living) => living.length);
    const served = record((living) => new Set(where(living.filter(isReady))).size);
    await patch({ template: slow('app:2') });
    await complete(3);
    expect(Math.max(...(await sizes.stop()))).toBe(4);
    expect(Math.min(...(await served.stop()))).toBe(3);
  });

  it('with OnDelete, updates what somebody deletes', async () => {
    cluster = await startCluster();
    await cluster.client.create(DaemonSets, daemonSet('web', { updateStrategy: { type: 'OnDelete' } }));
    await complete(3);
    await patch({ template: template('app:2') });
    await eventually('observed', async () => (await get()).status?.observedGeneration === 2);
    expect((await get()).status?.updatedNumberScheduled).toBeUndefined();
    const [victim] = await pods();
    await cluster.client.delete(Pods, at(victim?.metadata?.name));
    await eventually('one is new', async () => (await get()).status?.updatedNumberScheduled === 1);
    expect((await pods()).map(imageOf).toSorted()).toEqual(['app:1', 'app:1', 'app:2']);
  });

  it('replaces failed pods, tells, and adopts what matches', async () => {
    cluster = await startCluster({ nodes: 1 });
    await cluster.client.create(DaemonSets, daemonSet('web'));
    await complete(1);
    const [before] = await pods();
    await cluster.client.updateStatus(Pods, { ...before!, status: { ...before!.status, phase: 'Failed' } });
    await eventually('another', async () => {
      const [now, ...more] = await pods();
      return more.length === 0 && now?.metadata?.uid !== before?.metadata?.uid && now?.status?.phase === 'Running';
    });
    const name = before?.metadata?.name;
    const message = `Found failed daemon pod default/${name} on node ${before?.spec?.nodeName}, will try to kill it`;
    await eventually('an event', async () => {
      const { items } = await cluster.client.list(CoreEvents, {});
      return items.some((e) => e.reason === 'FailedDaemonPod' && e.message === message && e.type === 'Warning');
    });
    const [node = ''] = await nodeNames();
    await cluster.client.create(Pods, pod('orphan', { labels: { app: 'web' }, spec: { nodeName: node } }));
    await eventually('one of the two is left', async () => {
      const all = await pods();
      return all.length === 1 && all[0]?.metadata?.ownerReferences?.[0]?.kind === 'DaemonSet';
    });
  });
});

describe('a name that is taken', () => {
  it('by a revision of another template makes the next hash', async () => {
    cluster = await startCluster({ nodes: 1 });
    const { client } = cluster;
    const revisions = async () => (await client.list(ControllerRevisions, { namespace: 'default' })).items;
    await client.create(DaemonSets, daemonSet('web'));
    await complete(1);
    const [first] = await revisions();
    await client.delete(DaemonSets, at(), { propagationPolicy: 'Background' });
    await eventually('all gone', async () => (await revisions()).length + (await pods()).length === 0);
    const data = { spec: { template: { $patch: 'replace' } } };
    await client.create(ControllerRevisions, { metadata: at(first?.metadata?.name), revision: 7, data } as never);
    await client.create(DaemonSets, daemonSet('web'));
    const ds = await complete(1);
    expect(ds.status?.collisionCount).toBe(1);
    expect((await revisions()).map((r) => r.revision).toSorted()).toEqual([1, 7]);
  });
});

describe('a daemon set controller that is killed', () => {
  it('goes on where it was, with one pod a node', async () => {
    cluster = await startCluster({ controllers: ['garbage-collector', 'node-ipam', 'node-lifecycle'], nodes: 20 });
    await eventually('nodes', async () => (await nodeNames()).length === 20);
    const start = () => {
      const stop = new AbortController();
      const run = runControllers({
        client: (name) => cluster.server.client(controllerUser(name)),
        clock: systemClock,
        log: silentLogger,
        signal: stop.signal,
        names: ['daemonset'],
      });
      return async () => {
        stop.abort();
        await run;
      };
    };
    const updateStrategy = { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '50%' } };
    await cluster.client.create(DaemonSets, daemonSet('web', { updateStrategy }));
    for (let i = 0; i < 6; i++) {
      const stop = start();
      await new Promise((resolve) => setTimeout(resolve, 10));
      await stop();
      if (i === 3) await patch({ template: template('app:2') });
      expect((await pods()).length).toBeLessThanOrEqual(20);
    }
    const stop = start();
    await complete(20);
    expect((await pods()).every((p) => imageOf(p) === 'app:2')).toBe(true);
    await stop();
  });
});
