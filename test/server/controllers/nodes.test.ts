// Nodes: their ranges, their silence, and what becomes of their pods. Time is the tests' own.
import { afterEach, describe, expect, it } from 'vitest';
import type { Node, Pod, Taint } from 'kubernetes-types/core/v1.js';
import { CoreEvents, Nodes, Pods } from '../../../src/api/resources.ts';
import { CidrSet } from '../../../src/server/controllers/node/cidr.ts';
import { evictionOf } from '../../../src/server/controllers/node/eviction.ts';
import { EvictionLimiter, zoneState } from '../../../src/server/controllers/node/disruption.ts';
import { desiredTaints, graceLeftMs, observe, silentConditions } from '../../../src/server/controllers/node/health.ts';
import { collectable } from '../../../src/server/controllers/pod-garbage-collector.ts';
import { FakeClock } from './clock.ts';
import { type TestCluster, eventually, startCluster } from './cluster.ts';
import { pod } from './objects.ts';

const node = (name: string, ready?: 'True' | 'False' | 'Unknown', more: Partial<Node['spec']> = {}): Node => ({
  metadata: { name },
  spec: more as Node['spec'],
  status: ready ? { conditions: [{ type: 'Ready', status: ready, lastHeartbeatTime: 'then' }] } : {},
});

describe('a silent node', () => {
  let cluster: TestCluster | undefined;
  afterEach(() => cluster?.stop());

  it('is marked, tainted and emptied after its pods’ patience', async () => {
    const clock = new FakeClock();
    cluster = await startCluster({ nodes: 0, clock });
    const { client } = cluster;
    cluster.startNodes({ names: ['alive'], clock });
    const doomed = cluster.startNodes({ names: ['doomed'], clock });
    await eventually('both are ready', async () => {
      const { items } = await client.list(Nodes, {});
      return items.length === 2 && items.every((n) => n.spec?.podCIDR && !n.spec.taints?.length);
    });
    const tolerations = ['not-ready', 'unreachable'].map((name) => ({
      key: `node.kubernetes.io/${name}`,
      operator: 'Exists',
      effect: 'NoExecute',
      tolerationSeconds: 30,
    }));
    const bound = { nodeName: 'doomed', tolerations };
    await client.create(Pods, pod('patient', { spec: bound }));
    await client.create(Pods, pod('loyal', { spec: { ...bound, tolerations: [{ operator: 'Exists' }] } }));
    const get = (name: string) => client.get(Pods, { name, namespace: 'default' });
    await eventually(
      'both run',
      async () =>
        (await get('patient')).status?.phase === 'Running' && (await get('loyal')).status?.phase === 'Running',
    );
    await doomed.stop();
    // Looks again every 5 seconds of the tests' time; reconciles themselves are woken by the queue's own timers.
    const tick = async () => {
      await clock.advance(5_000);
      await client.patch(Nodes, { name: 'doomed' }, 'merge', {
        metadata: { annotations: { tick: String(clock.now()) } },
      });
    };
    for (let i = 0; i < 7; i++) await tick();
    const before = await client.get(Nodes, { name: 'doomed' });
    expect(before.status?.conditions?.find((c) => c.type === 'Ready')?.status).toBe('True');
    for (let i = 0; i < 3; i++) await tick();
    const marked = await eventually('it is tainted', async () => {
      const live = await client.get(Nodes, { name: 'doomed' });
      return live.spec?.taints?.length === 2 && live;
    });
    expect(marked.status?.conditions?.find((c) => c.type === 'Ready')).toMatchObject({
      status: 'Unknown',
      reason: 'NodeStatusUnknown',
      message: 'Kubelet stopped posting node status.',
    });
    expect(marked.spec?.taints?.map((t) => `${t.key}:${t.effect}`).sort()).toEqual([
      'node.kubernetes.io/unreachable:NoExecute',
      'node.kubernetes.io/unreachable:NoSchedule',
    ]);
    await eventually('its pods are not ready', async () => isReady(await get('patient')) === false);
    expect((await get('patient')).metadata?.deletionTimestamp).toBeUndefined();
    // The patience of `patient` ends.
    await clock.advance(31_000);
    await client.patch(Pods, { name: 'patient', namespace: 'default' }, 'strategic', {
      spec: { tolerations: [...tolerations, { key: 'x', operator: 'Exists' }] },
    });
    const evicted = await eventually('it is evicted', async () => {
      const live = await get('patient');
      return live.metadata?.deletionTimestamp ? live : undefined;
    });
    expect(evicted.status?.conditions?.find((c) => c.type === 'DisruptionTarget')).toMatchObject({
      status: 'True',
      reason: 'DeletionByTaintManager',
      message: 'Taint manager: deleting due to NoExecute taint',
    });
    expect((await get('loyal')).metadata?.deletionTimestamp).toBeUndefined();
    // Nobody ends its containers: the pod stays until the node is removed.
    await client.delete(Nodes, { name: 'doomed' });
    for (let i = 0; i < 4; i++) await clock.advance(20_000);
    await eventually('orphans are removed', async () => (await client.list(Pods, {})).items.length === 0);
  });

  it('comes back when it speaks again', async () => {
    const clock = new FakeClock();
    cluster = await startCluster({ nodes: 2, clock });
    const { client } = cluster;
    await eventually(
      'ready',
      async () => (await client.list(Nodes, {})).items.filter((n) => n.spec?.podCIDR).length === 2,
    );
    const conditions = [{ type: 'Ready', status: 'Unknown', reason: 'NodeStatusUnknown', message: 'x' }];
    const key = { name: 'simulated-0' };
    await client.patch(Nodes, key, 'strategic', { status: { conditions } }, { subresource: 'status' });
    await eventually('tainted', async () => ((await client.get(Nodes, key)).spec?.taints?.length ?? 0) > 0);
    await clock.advance(12_000);
    await eventually('untainted', async () => !(await client.get(Nodes, key)).spec?.taints?.length);
  });
});

const isReady = (p: Pod) => p.status?.conditions?.find((c) => c.type === 'Ready')?.status === 'True';

describe('signs of life', () => {
  const lease = (renewTime: string) => ({ spec: { renewTime } });

  it('are changes of the lease or of the heartbeat, by our own clock', () => {
    const n = node('a', 'True');
    const first = observe(n, lease('1'), undefined, 1_000);
    expect(graceLeftMs(n, first, 1_000)).toBe(40_000);
    const silent = observe(n, lease('1'), first, 20_000);
    expect(graceLeftMs(n, silent, 41_000)).toBe(0);
    const renewed = observe(n, lease('2'), silent, 41_000);
    expect(graceLeftMs(n, renewed, 41_000)).toBe(40_000);
    expect(observe(node('a', 'False'), lease('1'), first, 9_000).sinceMs).toBe(9_000);
    expect(observe(node('a', 'Unknown'), lease('1'), first, 9_000).sinceMs).toBe(1_000);
  });

  it('are awaited longer from a node that never spoke', () => {
    const n = node('a');
    expect(graceLeftMs(n, observe(n, undefined, undefined, 0), 0)).toBe(60_000);
    expect(silentConditions(n, 0)?.map((c) => [c.type, c.reason])).toEqual([
      ['Ready', 'NodeStatusNeverUpdated'],
      ['MemoryPressure', 'NodeStatusNeverUpdated'],
      ['DiskPressure', 'NodeStatusNeverUpdated'],
      ['PIDPressure', 'NodeStatusNeverUpdated'],
    ]);
  });
});

describe('taints', () => {
  const keys = (taints: Taint[] | undefined) => taints?.map((t) => `${t.key.split('/').pop()}:${t.effect}`);
  const own = { key: 'mine', effect: 'NoExecute' };

  it.each<[string, Node, boolean, string[] | undefined]>([
    ['a ready node has none', node('a', 'True'), true, undefined],
    [
      'not ready',
      node('a', 'False', { taints: [own] }),
      true,
      ['mine:NoExecute', 'not-ready:NoSchedule', 'not-ready:NoExecute'],
    ],
    ['unknown', node('a', 'Unknown'), true, ['unreachable:NoSchedule', 'unreachable:NoExecute']],
    ['nobody is evicted when all look dead', node('a', 'Unknown'), false, ['unreachable:NoSchedule']],
    ['cordoned', node('a', 'True', { unschedulable: true }), true, ['unschedulable:NoSchedule']],
    [
      'one that has not reported keeps what it was born with',
      node('a', undefined, { taints: [{ key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' }] }),
      true,
      undefined,
    ],
    [
      'ready again',
      node('a', 'True', { taints: [{ key: 'node.kubernetes.io/unreachable', effect: 'NoExecute' }, own] }),
      true,
      ['mine:NoExecute'],
    ],
  ])('%s', (_what, n, evict, wanted) => {
    expect(keys(desiredTaints(n, () => (evict ? 'add' : 'remove'), 0))).toEqual(wanted);
  });
});

describe('how fast nodes are emptied', () => {
  const many = (ready: number, silent: number, labels = {}): Node[] => {
    const make = (i: number, status: 'True' | 'Unknown'): Node => ({
      ...node(`n${i}`, status),
      metadata: { name: `n${i}`, labels },
    });
    return Array.from({ length: ready + silent }, (_, i) => make(i, i < silent ? 'Unknown' : 'True'));
  };

  it.each<[number, number, ReturnType<typeof zoneState>]>([
    [3, 0, 'normal'],
    [1, 2, 'normal'],
    [2, 3, 'partial'],
    [3, 3, 'normal'],
    [0, 1, 'full'],
  ])('%i ready and %i silent nodes: %s', (ready, silent, wanted) =>
    expect(zoneState(many(ready, silent))).toBe(wanted),
  );

  it('depends on how many others are silent', () => {
    const clock = new FakeClock();
    const ask = (all: Node[], hasTaint = false) => new EvictionLimiter(clock).ask(all[0]!, all, hasTaint);
    expect(ask(many(1, 2))).toBe('add');
    expect(ask(many(1, 2), true)).toBe('keep');
    expect(ask(many(2, 3))).toBe('keep');
    expect(ask(many(20, 40))).toBe('add');
    expect(ask(many(0, 3))).toBe('remove');
    const zones = [...many(0, 2, { 'topology.kubernetes.io/zone': 'a' }), { ...node('other', 'True') }];
    expect(ask(zones)).toBe('add');
  });

  it('is one node in ten seconds per zone', async () => {
    const clock = new FakeClock();
    const limiter = new EvictionLimiter(clock);
    const all = many(3, 2);
    expect([limiter.ask(all[0]!, all, false), limiter.ask(all[1]!, all, false)]).toEqual(['add', 'keep']);
    await clock.advance(10_000);
    expect(limiter.ask(all[1]!, all, false)).toBe('add');
  });
});

describe('eviction', () => {
  const tainted = node('a', 'Unknown', {
    taints: [
      { key: 'x', value: '1', effect: 'NoExecute', timeAdded: '1970-01-01T00:00:10Z' },
      { key: 'y', effect: 'NoSchedule' },
    ],
  });
  const tolerating = (...tolerations: object[]): Pod => ({
    spec: { containers: [], tolerations: tolerations as never },
  });

  it.each<[string, Pod, ReturnType<typeof evictionOf>]>([
    ['without toleration: at once', tolerating(), { atMs: 0 }],
    ['for good', tolerating({ key: 'x', operator: 'Exists' }), { stay: true }],
    ['for a while', tolerating({ key: 'x', operator: 'Exists', tolerationSeconds: 5 }), { atMs: 15_000 }],
    [
      'the shortest counts',
      tolerating(
        { operator: 'Exists', tolerationSeconds: 9 },
        { key: 'x', operator: 'Equal', value: '1', tolerationSeconds: 3 },
      ),
      { atMs: 13_000 },
    ],
    ['another value', tolerating({ key: 'x', operator: 'Equal', value: '2' }), { atMs: 0 }],
    ['negative is none', tolerating({ key: 'x', operator: 'Exists', tolerationSeconds: -1 }), { atMs: 10_000 }],
  ])('%s', (_what, p, wanted) => {
    expect(evictionOf(p, tainted, 0)).toEqual(wanted);
  });

  it('is of no concern on a node without such taints, or that is not known', () => {
    expect(evictionOf(tolerating(), node('a', 'True'), 0)).toEqual({ stay: true });
    expect(evictionOf(tolerating(), undefined, 0)).toEqual({ stay: true });
  });
});

describe('node ranges', () => {
  it('are disjoint, skip what is taken, and are used again only after the others', () => {
    const set = new CidrSet('10.244.0.0/22', 24);
    set.occupy('10.244.1.0/24');
    set.occupy('192.168.0.0/16');
    expect([set.allocate(), set.allocate(), set.allocate(), set.allocate()]).toEqual([
      '10.244.0.0/24',
      '10.244.2.0/24',
      '10.244.3.0/24',
      undefined,
    ]);
    set.release('10.244.2.0/24');
    expect(set.allocate()).toBe('10.244.2.0/24');
    const wide = new CidrSet('10.244.0.0/22', 24);
    wide.occupy('10.244.0.0/23');
    expect(wide.allocate()).toBe('10.244.2.0/24');
  });

  it('survive a restart of the controller', async () => {
    const first = await startCluster({ nodes: 3 });
    const ranges = async (client: TestCluster['client']) =>
      new Map((await client.list(Nodes, {})).items.map((n) => [n.metadata?.name, n.spec?.podCIDR]));
    await eventually(
      'ranges',
      async () => ![...(await ranges(first.client)).values(), undefined].slice(0, 3).includes(undefined),
    );
    const before = await ranges(first.client);
    expect(new Set(before.values()).size).toBe(3);
    const names = ['node-ipam'];
    const { runControllers } = await import('../../../src/server/controllers/run.ts');
    const { silentLogger: log } = await import('../../../src/client/log.ts');
    const { systemClock: clock } = await import('../../../src/client/clock.ts');
    const again = new AbortController();
    const running = runControllers({ client: () => first.client, names, log, clock, signal: again.signal });
    first.startNodes({ names: ['late'] });
    await eventually('the late one', async () => (await ranges(first.client)).get('late'));
    const after = await ranges(first.client);
    expect(new Set(after.values()).size).toBe(4);
    for (const [name, range] of before) expect(after.get(name)).toBe(range);
    again.abort();
    await running;
    await first.stop();
  });

  it('are given up for once when none is left, and come with the next one that is free', async () => {
    const cluster = await startCluster({ nodes: 0, controllers: ['node-ipam'], scheduler: false });
    const { client } = cluster;
    const make = (name: string, podCIDR?: string) =>
      client.create(Nodes, { metadata: { name }, spec: podCIDR ? { podCIDR, podCIDRs: [podCIDR] } : {} });
    for (const [name, range] of Object.entries({ low: '10.244.0.0/17', high: '10.244.128.0/17' }))
      await make(name, range);
    await make('more');
    const told = async () =>
      (await client.list(CoreEvents, {})).items.filter((event) => event.reason === 'CIDRNotAvailable');
    await eventually('it is told', async () => (await told()).length === 1);
    for (const step of ['1', '2', '3']) {
      await client.patch(Nodes, { name: 'more' }, 'merge', { metadata: { labels: { step } } });
    }
    await make('another');
    await eventually('so is the next', async () => (await told()).length === 2);
    expect((await told()).map(({ count }) => count)).toEqual([1, 1]);
    await client.delete(Nodes, { name: 'low' });
    const rangeOf = async (name: string) => (await client.get(Nodes, { name })).spec?.podCIDR;
    await eventually('a range', () => rangeOf('more'));
    expect([await rangeOf('more'), await rangeOf('another')]).toEqual(['10.244.0.0/24', undefined]);
    await cluster.stop();
  });
});

describe('pod garbage', () => {
  const p = (name: string, more: object): Pod => ({ metadata: { name, ...more } });

  it('is of gone nodes after a quarantine, and pods that end without ever having been placed', () => {
    const since = new Map<string, number>();
    const orphan: Pod = { ...p('orphan', {}), spec: { containers: [], nodeName: 'gone' } };
    const waiting = p('waiting', { deletionTimestamp: 'now' });
    const fine: Pod = { ...p('fine', {}), spec: { containers: [], nodeName: 'here' } };
    const pods = [orphan, waiting, fine];
    const has = (name: string) => (name === 'here' ? node('here', 'True') : undefined);
    expect(collectable(pods, has, since, 0)).toMatchObject({ orphaned: [], unscheduled: [waiting], terminated: [] });
    expect(collectable(pods, has, since, 39_999).orphaned).toEqual([]);
    expect(collectable(pods, has, since, 40_000).orphaned).toEqual([orphan]);
    expect(collectable(pods, (name) => node(name, 'True'), since, 50_000).orphaned).toEqual([]);
    expect(collectable(pods, has, since, 60_000).orphaned).toEqual([]);
  });

  it('is what terminates on a node that is out of service and not ready', () => {
    const going: Pod = { ...p('going', { deletionTimestamp: 'now' }), spec: { containers: [], nodeName: 'n' } };
    const taints = [{ key: 'node.kubernetes.io/out-of-service', effect: 'NoExecute' }];
    const on = (of: Node) => collectable([going], () => of, new Map(), 0).outOfService;
    expect(on(node('n', 'Unknown', { taints }))).toEqual([going]);
    expect(on(node('n', 'True', { taints }))).toEqual([]);
    expect(on(node('n', 'Unknown'))).toEqual([]);
  });

  it('is the oldest finished pods beyond 12,500', () => {
    const finished = (i: number): Pod => ({
      metadata: { name: `p${i}`, creationTimestamp: new Date(i * 1000).toISOString() },
      status: { phase: 'Succeeded' },
    });
    const pods = Array.from({ length: 12_502 }, (_, i) => finished(12_502 - i));
    const { terminated } = collectable(pods, () => undefined, new Map(), 0);
    expect(terminated.map((t) => t.metadata?.name)).toEqual(['p1', 'p2']);
    pods[0] = { ...pods[0]!, status: { phase: 'Failed', reason: 'Evicted' } };
    const evicted = collectable(pods, () => undefined, new Map(), 0).terminated;
    expect(evicted.map((t) => t.metadata?.name)).toEqual(['p12502', 'p1']);
  });
});
