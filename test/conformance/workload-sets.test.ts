// What upstream's conformance suite asks of replication controllers, stateful sets, daemon sets and controller
// revisions (test/e2e/apps/{rc,statefulset,daemon_set,controller_revision}.go), on simulated nodes.
import { setMaxListeners } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/client/clock.ts';
import { silentLogger } from '../../src/client/log.ts';
import { runSimulatedNodes } from '../../src/node/simulated/run.ts';
import { type Api, type Cluster, type Doc, startCluster } from './api.ts';

let cluster: Cluster;
let api: Api;
let nodes: Promise<void>;
const stop = new AbortController();
setMaxListeners(0, stop.signal);
beforeAll(async () => {
  cluster = await startCluster();
  ({ api } = cluster);
  const { signal } = stop;
  const client = cluster.server.client();
  nodes = runSimulatedNodes({ client, count: 3, clock: systemClock, log: silentLogger, signal });
  await api.until(
    () => api.items('/api/v1/nodes'),
    (all) =>
      all.filter((n) => n['status'].conditions?.some((c: Doc) => c['type'] === 'Ready' && c['status'] === 'True'))
        .length === 3,
  );
});
afterAll(async () => {
  stop.abort();
  await nodes?.catch(() => undefined);
  await cluster?.close();
});

const template = (labels: object, image: string, more: object = {}) => ({
  metadata: { labels },
  spec: { containers: [{ name: 'c', image }], ...more },
});
const path = (namespace: string, plural: string, group = 'api/v1') => `/${group}/namespaces/${namespace}/${plural}`;
const podsOf = (namespace: string, label: string) =>
  api.items(`${path(namespace, 'pods')}?labelSelector=${encodeURIComponent(label)}`);

describe('ReplicationController', () => {
  const controllers = (ns: string) => path(ns, 'replicationcontrollers');
  const create = (ns: string, name: string, replicas: number) =>
    api.post(controllers(ns), {
      metadata: { name },
      spec: { replicas, selector: { name }, template: template({ name }, 'i') },
    });
  const until = (ns: string, name: string, good: (status: Doc) => boolean) =>
    api.until(
      () => api.get(`${controllers(ns)}/${name}`),
      (rc) => good(rc['status']),
    );

  it('serves a pod for each replica, and is resized through its scale', async () => {
    const ns = await cluster.namespace();
    await create(ns, 'rc', 2);
    await until(ns, 'rc', (s) => s['availableReplicas'] === 2);
    const scale = await api.get(`${controllers(ns)}/rc/scale`);
    expect(scale).toMatchObject({ kind: 'Scale', spec: { replicas: 2 }, status: { replicas: 2, selector: 'name=rc' } });
    await api.put(`${controllers(ns)}/rc/scale`, { ...scale, spec: { replicas: 1 } });
    await until(ns, 'rc', (s) => s['replicas'] === 1 && s['observedGeneration'] === 2);
  });

  it('surfaces a failure condition when a quota is exceeded, and clears it', async () => {
    const ns = await cluster.namespace();
    await api.post(path(ns, 'resourcequotas'), { metadata: { name: 'q' }, spec: { hard: { pods: '2' } } });
    await api.until(
      () => api.get(`${path(ns, 'resourcequotas')}/q`),
      (q) => q['status']?.hard?.pods === '2',
    );
    await create(ns, 'rc', 3);
    const failing = await until(ns, 'rc', (s) => s['replicas'] === 2 && s['conditions']?.length === 1);
    expect(failing['status'].conditions).toMatchObject([
      { type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate' },
    ]);
    expect(failing['status'].conditions[0].message).toMatch(/^pods "rc-\w+" is forbidden: exceeded quota: q, /);
    await api.patch(`${controllers(ns)}/rc`, { spec: { replicas: 2 } });
    await until(ns, 'rc', (s) => s['conditions'] === undefined);
    const { items } = await api.get(path(ns, 'events'));
    expect(items.some((e: Doc) => e['reason'] === 'FailedCreate' && e['type'] === 'Warning')).toBe(true);
  });

  it('adopts matching pods on creation, and releases what no longer matches', async () => {
    const ns = await cluster.namespace();
    await api.post(path(ns, 'pods'), { metadata: { name: 'orphan', labels: { name: 'rc' } }, ...podSpec() });
    await create(ns, 'rc', 1);
    const orphan = () => api.get(`${path(ns, 'pods')}/orphan`);
    const adopted = await api.until(orphan, (p) => p.metadata.ownerReferences?.length === 1, 'adopted');
    expect(adopted.metadata.ownerReferences).toMatchObject([{ kind: 'ReplicationController', controller: true }]);
    await api.patch(`${path(ns, 'pods')}/orphan`, { metadata: { labels: { name: 'other' } } });
    await api.until(orphan, (p) => !p.metadata.ownerReferences?.length, 'released');
    await api.until(
      () => podsOf(ns, 'name=rc'),
      (all) => all.length === 1,
      'replaced',
    );
  });

  it('deletes its pods with itself, or leaves them when asked', async () => {
    const ns = await cluster.namespace();
    await create(ns, 'rc', 2);
    await until(ns, 'rc', (s) => s['readyReplicas'] === 2);
    await api.del(`${controllers(ns)}/rc`, { propagationPolicy: 'Orphan' });
    await api.gone(`${controllers(ns)}/rc`);
    const left = await podsOf(ns, 'name=rc');
    expect(left.map((p) => p.metadata.ownerReferences)).toEqual([undefined, undefined]);
    await create(ns, 'rc', 2);
    await until(ns, 'rc', (s) => s['readyReplicas'] === 2);
    await api.del(`${controllers(ns)}/rc`, { propagationPolicy: 'Background' });
    await api.until(
      () => podsOf(ns, 'name=rc'),
      (all) => all.length === 0,
      'collected',
    );
  });
});

const podSpec = () => ({ spec: { containers: [{ name: 'c', image: 'i' }] } });
