// The scheduler against an API server in this process: bindings, what it tells, and what wakes it.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CoreEvents, Nodes, Pods } from '../../../src/api/resources.ts';
import { PodDisruptionBudgets } from '../../../src/api/disruption.ts';
import { runAsLeader } from '../../../src/client/leader.ts';
import { readConfiguration } from '../../../src/server/scheduler/config/configuration.ts';
import type { Client } from '../../../src/client/rest.ts';
import { systemClock } from '../../../src/client/clock.ts';
import { silentLogger } from '../../../src/client/log.ts';
import { type SchedulerConfig, runScheduler } from '../../../src/server/scheduler/run.ts';
import { definePlugin } from '../../../src/server/scheduler/framework.ts';
import { defaultPlugins } from '../../../src/server/scheduler/profile.ts';
import { type TestServer, startTestServer } from '../../support/server.ts';
import { eventually } from '../controllers/cluster.ts';
import { makeNode, makePod } from './objects.ts';

let server: TestServer;
let client: Client;
let stopper: AbortController;
let running: Promise<void>[];

beforeEach(async () => {
  server = await startTestServer();
  client = server.client();
  stopper = new AbortController();
  running = [];
});
afterEach(async () => {
  stopper.abort();
  await Promise.all(running);
  await server.close();
});

const start = (more: SchedulerConfig = {}) => {
  const config = { initialBackoffMs: 10, maxBackoffMs: 100, ...more };
  running.push(runScheduler({ client, clock: systemClock, log: silentLogger, signal: stopper.signal, config }));
};
const create = (...args: Parameters<typeof makePod>) => {
  const { uid: _, ...metadata } = makePod(...args).metadata!;
  return client.create(Pods, { ...makePod(...args), metadata });
};
const get = (name: string) => client.get(Pods, { name, namespace: 'default' });
const nodeOf = (name: string) => eventually(`${name} is bound`, async () => (await get(name)).spec?.nodeName);
const condition = async (name: string) => (await get(name)).status?.conditions?.find((c) => c.type === 'PodScheduled');
const eventsOf = async (name: string) =>
  (await client.list(CoreEvents, { namespace: 'default' })).items
    .filter((e) => e.involvedObject.name === name)
    .map((e) => `${e.type} ${e.reason} ${e.message}`);

describe('the scheduler', () => {
  it('binds what waits for it and what comes, and says so', async () => {
    await client.create(Nodes, makeNode('a'));
    await create('early');
    start();
    expect(await nodeOf('early')).toBe('a');
    await create('late');
    expect(await nodeOf('late')).toBe('a');
    expect(await condition('late')).toMatchObject({ status: 'True' });
    const events = await eventually('its event', async () => {
      const list = await eventsOf('late');
      return list.length > 0 && list;
    });
    expect(events).toEqual(['Normal Scheduled Successfully assigned default/late to a']);
  });

  it('says why a pod cannot be placed, and places it when that changes', async () => {
    start();
    await create('p', { requests: { cpu: '3' } });
    const first = await eventually('no nodes', () => condition('p'));
    expect(first).toMatchObject({
      status: 'False',
      reason: 'Unschedulable',
      message: 'no nodes available to schedule pods',
    });
    await client.create(Nodes, makeNode('small', { allocatable: { cpu: '1' } }));
    await client.create(
      Nodes,
      makeNode('tainted', { spec: { taints: [{ key: 'a', value: 'b', effect: 'NoSchedule' }] } }),
    );
    const message =
      '0/2 nodes are available: 1 Insufficient cpu, 1 node(s) had untolerated taint {a: b}. ' +
      'preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.';
    await eventually('the reasons', async () => (await condition('p'))?.message === message);
    const told = await eventually('the event', async () => {
      const list = await eventsOf('p');
      return list.includes(`Warning FailedScheduling ${message}`) && list;
    });
    expect(told[0]).toBe('Warning FailedScheduling no nodes available to schedule pods');
    await client.patch(Nodes, { name: 'tainted' }, 'merge', { spec: { taints: null } });
    expect(await nodeOf('p')).toBe('tainted');
  });

  it('uses the room that a deleted pod leaves', async () => {
    await client.create(Nodes, makeNode('a'));
    start();
    await create('first', { requests: { cpu: '3' } });
    await nodeOf('first');
    await create('second', { requests: { cpu: '3' } });
    await eventually('it waits', async () => (await condition('second'))?.reason === 'Unschedulable');
    await client.delete(Pods, { name: 'first', namespace: 'default' }, { gracePeriodSeconds: 0 });
    expect(await nodeOf('second')).toBe('a');
  });

  it('never gives away the same room twice, however many binds are under way', async () => {
    for (const name of ['a', 'b'])
      await client.create(Nodes, makeNode(name, { allocatable: { cpu: '10', pods: '10' } }));
    start();
    await Promise.all(Array.from({ length: 30 }, (_, i) => create(`p${i}`, { requests: { cpu: '1' } })));
    await eventually('all were tried', async () => {
      const { items } = await client.list(Pods, {});
      return items.every((p) => p.spec?.nodeName ?? p.status?.conditions?.some((c) => c.reason === 'Unschedulable'));
    });
    const { items } = await client.list(Pods, {});
    const counts = ['a', 'b', undefined].map((name) => items.filter((p) => p.spec?.nodeName === name).length);
    expect(counts).toEqual([10, 10, 10]);
  });

  it('leaves other schedulers’ pods and gated pods alone', async () => {
    await client.create(Nodes, makeNode('a'));
    start();
    await create('theirs', { spec: { schedulerName: 'other' } });
    await create('gated', { spec: { schedulingGates: [{ name: 'example.org/wait' }] } });
    await create('ours');
    await nodeOf('ours');
    expect((await get('theirs')).spec?.nodeName).toBeUndefined();
    expect((await get('gated')).spec?.nodeName).toBeUndefined();
    await client.patch(Pods, { name: 'gated', namespace: 'default' }, 'merge', { spec: { schedulingGates: null } });
    expect(await nodeOf('gated')).toBe('a');
  });

  it('evicts less important pods for a more important one', async () => {
    await client.create(Nodes, makeNode('a'));
    start();
    await create('cheap', { requests: { cpu: '3' } });
    await nodeOf('cheap');
    await create('dear', { requests: { cpu: '3' }, spec: { priority: 1000 } });
    const victim = await eventually('the victim goes', async () => {
      const live = await get('cheap');
      return live.metadata?.deletionTimestamp ? live : undefined;
    });
    expect(victim.status?.conditions?.find((c) => c.type === 'DisruptionTarget')?.reason).toBe('PreemptionByScheduler');
    expect((await get('dear')).status?.nominatedNodeName).toBe('a');
    await client.delete(Pods, { name: 'cheap', namespace: 'default' }, { gracePeriodSeconds: 0 });
    expect(await nodeOf('dear')).toBe('a');
  });

  it('outlives a plug-in that throws', async () => {
    let broken = true;
    const bomb = definePlugin({
      name: 'Bomb',
      filter: (pod) => {
        if (broken && pod.pod.metadata?.name === 'p') throw new Error('boom');
        return undefined;
      },
    });
    await client.create(Nodes, makeNode('a'));
    start({ plugins: [...defaultPlugins(), bomb] });
    await create('p');
    const failed = await eventually('it is told', async () => {
      const c = await condition('p');
      return c?.status === 'False' && c;
    });
    expect(failed).toMatchObject({ reason: 'SchedulerError', message: 'boom' });
    await create('q');
    expect(await nodeOf('q')).toBe('a');
    broken = false;
    expect(await nodeOf('p')).toBe('a');
  });

  it('asks plug-ins at every point, and takes back what one of them refuses', async () => {
    const seen: string[] = [];
    let allow = false;
    const probe = definePlugin({
      name: 'Probe',
      reserve: () => void seen.push('reserve'),
      unreserve: () => void seen.push('unreserve'),
      permit: async () => {
        seen.push('permit');
        return allow ? undefined : { code: 'unschedulable', reasons: ['not yet'] };
      },
      preBind: async () => void seen.push('preBind'),
      postBind: () => void seen.push('postBind'),
      events: [{ resource: 'Node', actions: ['updateLabels'] }],
    });
    await client.create(Nodes, makeNode('a'));
    start({ plugins: [...defaultPlugins(), probe] });
    await create('p');
    await eventually('it is refused', async () => (await condition('p'))?.message === 'not yet');
    expect(seen).toEqual(['reserve', 'permit', 'unreserve']);
    allow = true;
    await client.patch(Nodes, { name: 'a' }, 'merge', { metadata: { labels: { x: 'y' } } });
    await nodeOf('p');
    await eventually('it is over', async () => seen.at(-1) === 'postBind');
    expect(seen.slice(3)).toEqual(['reserve', 'permit', 'preBind', 'postBind']);
  });

  it('shares the pods with a second scheduler of the same name without binding one twice', async () => {
    for (const name of ['a', 'b']) await client.create(Nodes, makeNode(name, { allocatable: { pods: '200' } }));
    start();
    start();
    await Promise.all(Array.from({ length: 60 }, (_, i) => create(`p${i}`)));
    await eventually('all are bound', async () => {
      const { items } = await client.list(Pods, {});
      return items.every((p) => p.spec?.nodeName);
    });
    stopper.abort();
    await Promise.all(running);
    const { items } = await client.list(Pods, {});
    for (const pod of items) {
      const name = pod.metadata?.name ?? '';
      expect(await condition(name)).toMatchObject({ status: 'True' });
      const told = await eventsOf(name);
      expect(told).toEqual([`Normal Scheduled Successfully assigned default/${name} to ${pod.spec?.nodeName}`]);
    }
  });

  it('places the pods of several profiles, each by its own rules', async () => {
    const labels = { pool: 'batch' };
    await client.create(Nodes, makeNode('a'));
    await client.create(Nodes, makeNode('b', { labels }));
    const { profiles } = readConfiguration(`
apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
profiles:
- schedulerName: default-scheduler
- schedulerName: batch
  pluginConfig:
  - name: NodeAffinity
    args:
      addedAffinity:
        requiredDuringSchedulingIgnoredDuringExecution:
          nodeSelectorTerms: [{matchExpressions: [{key: pool, operator: In, values: [batch]}]}]
`);
    start({ profiles });
    const spec = { schedulerName: 'batch' };
    await Promise.all(['x', 'y', 'z'].map((name) => create(name, { spec })));
    await create('big', { requests: { cpu: '9' }, spec });
    await create('plain');
    expect(await Promise.all(['x', 'y', 'z'].map(nodeOf))).toEqual(['b', 'b', 'b']);
    await nodeOf('plain');
    const told = await eventually('its reason', () => condition('big'));
    expect(told.message).toContain(
      "0/2 nodes are available: 1 Insufficient cpu, 1 node(s) didn't match scheduler-enforced node affinity.",
    );
    const { items } = await client.list(CoreEvents, { namespace: 'default' });
    const source = (name: string) => items.find((e) => e.involvedObject.name === name)?.source?.component;
    expect([source('x'), source('plain')]).toEqual(['batch', 'default-scheduler']);
  });

  it('spares what a disruption budget keeps, and gives the place of a lesser nominated pod away', async () => {
    for (const name of ['a', 'b']) await client.create(Nodes, makeNode(name));
    const budget = {
      apiVersion: 'policy/v1' as const,
      kind: 'PodDisruptionBudget' as const,
      metadata: { name: 'keep', namespace: 'default' },
      spec: { minAvailable: 1 as never, selector: { matchLabels: { app: 'kept' } } },
    };
    await client.create(PodDisruptionBudgets, budget);
    start();
    await create('kept', { labels: { app: 'kept' }, requests: { cpu: '3' } });
    const spared = await nodeOf('kept');
    // Its priority speaks for it, the budget for the other.
    await create('dearer', { requests: { cpu: '3' }, spec: { priority: 5 } });
    const other = await nodeOf('dearer');
    expect(other).not.toBe(spared);
    await create('dear', { requests: { cpu: '3' }, spec: { priority: 10 } });
    await eventually('it is nominated', async () => (await get('dear')).status?.nominatedNodeName === other);
    expect((await get('kept')).metadata?.deletionTimestamp).toBeUndefined();
    await create('dearest', {
      requests: { cpu: '3' },
      spec: { priority: 20, nodeSelector: { 'kubernetes.io/hostname': other } },
    });
    await eventually('the place is taken', async () => (await get('dearest')).status?.nominatedNodeName === other);
    await eventually('it is told', async () => (await get('dear')).status?.nominatedNodeName !== other);
  });
});

describe('several schedulers with one lease', () => {
  it('take over from each other, one at a time', async () => {
    await client.create(Nodes, makeNode('a'));
    const acting: string[] = [];
    const candidate = (identity: string) => {
      const stop = new AbortController();
      const ended = runAsLeader(
        {
          client,
          namespace: 'kube-system',
          name: 'kube-scheduler',
          identity,
          clock: systemClock,
          log: silentLogger,
          signal: stop.signal,
          leaseMs: 1000,
          renewDeadlineMs: 500,
          retryMs: 50,
        },
        async (signal) => {
          acting.push(identity);
          await runScheduler({ client, clock: systemClock, log: silentLogger, signal });
        },
      );
      running.push(ended);
      stopper.signal.addEventListener('abort', () => stop.abort());
      return stop;
    };
    const first = candidate('one');
    await create('p');
    await nodeOf('p');
    candidate('two');
    first.abort();
    await create('q');
    expect(await nodeOf('q')).toBe('a');
    expect(acting).toEqual(['one', 'two']);
  });
});
