// Simulated nodes against an API server in this process: registration, heartbeats, pods from start to end.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Leases, Nodes, Pods } from '../../../src/api/resources.ts';
import { isNotFound } from '../../../src/api/status.ts';
import { type TestCluster, eventually, startCluster } from '../../server/controllers/cluster.ts';
import { FakeClock } from '../../server/controllers/clock.ts';
import { pod } from '../../server/controllers/objects.ts';

let cluster: TestCluster;
let clock: FakeClock;
beforeEach(async () => {
  clock = new FakeClock();
  cluster = await startCluster({ nodes: 0, controllers: ['node-ipam'], scheduler: false });
});
afterEach(() => cluster.stop());

const get = (name: string) => cluster.client.get(Pods, { name, namespace: 'default' });
const onNode = (name: string, simulate: string, spec = {}) =>
  cluster.client.create(
    Pods,
    pod(name, { annotations: { 'sampan.io/simulate': simulate }, spec: { nodeName: 'n0', ...spec } }),
  );
const phase = (name: string, wanted: string) =>
  eventually(`${name} is ${wanted}`, async () => (await get(name)).status?.phase === wanted);

describe('simulated nodes', () => {
  it('register, and renew their leases', async () => {
    cluster.startNodes({ count: 3, clock });
    const { items } = await eventually('three', async () => {
      const list = await cluster.client.list(Nodes, {});
      return list.items.length === 3 && list;
    });
    expect(items[0]?.status).toMatchObject({
      capacity: { cpu: '32', memory: '256Gi', pods: '110' },
      addresses: [{ type: 'InternalIP' }, { type: 'Hostname', address: 'simulated-0' }],
    });
    expect(new Set(items.map((n) => n.status?.addresses?.[0]?.address)).size).toBe(3);
    await clock.advance(11_000);
    const renewals = async () =>
      (await cluster.client.list(Leases, { namespace: 'kube-node-lease' })).items.map((l) => l.spec?.renewTime);
    const before = await eventually('leases', async () => (await renewals()).length === 3 && (await renewals()));
    await clock.advance(11_000);
    await eventually('all are renewed', async () => (await renewals()).every((time, i) => time !== before[i]));
  });

  it('leave half of the range of the cluster to others when they are many', async () => {
    cluster.startNodes({ count: 130, clock });
    const nodes = await eventually('ranges', async () => {
      const { items } = await cluster.client.list(Nodes, {});
      return items.length === 130 && items.every(({ spec }) => spec?.podCIDR) && items;
    });
    const own = nodes.filter(({ spec }) => !spec?.podCIDR?.startsWith('10.244.')).map(({ metadata }) => metadata?.name);
    expect(own).toEqual(['simulated-128', 'simulated-129']);
  });

  it('come back when somebody deletes them', async () => {
    cluster.startNodes({ names: ['n0'], clock });
    const first = await eventually('it', () => cluster.client.get(Nodes, { name: 'n0' }));
    await cluster.client.delete(Nodes, { name: 'n0' });
    await eventually('it is gone', async () => cluster.client.get(Nodes, { name: 'n0' }).then(() => false, isNotFound));
    await clock.advance(11_000);
    const again = await eventually('it is back', () => cluster.client.get(Nodes, { name: 'n0' }));
    expect(again.metadata?.uid).not.toBe(first.metadata?.uid);
  });

  it('say that there is nothing to read or run on them', async () => {
    cluster.startNodes({ names: ['n0'], clock });
    await onNode('web', 'ready-after=0s');
    await phase('web', 'Running');
    const ask = (path: string) => cluster.client.request('GET', `/api/v1/${path}`);
    const refusal = 'node "n0" is simulated: it runs no containers, so there is nothing to read, run or reach on it';
    await expect(ask('namespaces/default/pods/web/log')).rejects.toThrow(refusal);
    await expect(ask('nodes/n0/proxy/stats/summary')).rejects.toThrow(refusal);
  });

  it('run pods by their rules', async () => {
    cluster.startNodes({ names: ['n0'], clock });
    await onNode('web', 'ready-after=0s');
    await onNode('job', 'succeed-after=5s', { restartPolicy: 'Never' });
    await onNode('host', 'ready-after=0s', { hostNetwork: true });
    for (const name of ['web', 'job', 'host']) await phase(name, 'Running');
    const address = (await cluster.client.get(Nodes, { name: 'n0' })).status?.addresses?.[0]?.address;
    expect((await get('host')).status?.podIP).toBe(address);
    expect((await get('web')).status?.podIP).toMatch(/^10\.244\.0\.[23]$/);
    await clock.advance(5_000);
    await phase('job', 'Succeeded');
    expect((await get('web')).status?.phase).toBe('Running');
    await cluster.client.delete(Pods, { name: 'web', namespace: 'default' });
    await eventually('it is gone', async () => get('web').then(() => false, isNotFound));
  });

  it('continue after a restart where the pods stand, with the addresses that they have', async () => {
    const first = cluster.startNodes({ names: ['n0'], clock });
    await onNode('old', 'succeed-after=60s', { restartPolicy: 'Never' });
    await phase('old', 'Running');
    await first.stop();
    await clock.advance(30_000);
    cluster.startNodes({ names: ['n0'], clock });
    await onNode('new', 'ready-after=0s');
    await phase('new', 'Running');
    const [old, young] = [await get('old'), await get('new')];
    expect(young.status?.podIP).not.toBe(old.status?.podIP);
    expect(old.status?.phase).toBe('Running');
    await clock.advance(30_000);
    await phase('old', 'Succeeded');
  });
});
