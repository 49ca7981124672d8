// What upstream's conformance suite asks of deployments, replica sets, the scheduler and runtime classes
// (test/e2e/{apps,scheduling}, test/e2e/common/node/runtimeclass.go), on simulated nodes.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Api, type Cluster, type Doc } from './api.ts';
import { startSimulatedCluster } from './simulated.ts';

let cluster: Cluster;
let api: Api;
beforeAll(async () => {
  cluster = await startSimulatedCluster(2);
  ({ api } = cluster);
});
afterAll(() => cluster?.close());

const template = (labels: object, image: string, more: object = {}) => ({
  metadata: { labels },
  spec: { containers: [{ name: 'c', image }], ...more },
});
const path = (namespace: string, plural: string, group = 'api/v1') => `/${group}/namespaces/${namespace}/${plural}`;
const apps = (namespace: string, plural: string) => path(namespace, plural, 'apis/apps/v1');
const deploy = (namespace: string, name: string, replicas: number, image: string, more: object = {}) =>
  api.post(apps(namespace, 'deployments'), {
    metadata: { name },
    spec: { replicas, selector: { matchLabels: { name } }, template: template({ name }, image), ...more },
  });
const rolled = (namespace: string, name: string, image: string) =>
  api.until(
    () => api.get(`${apps(namespace, 'deployments')}/${name}`),
    ({ metadata, spec, status }) =>
      status?.observedGeneration === metadata.generation &&
      spec.template.spec.containers[0].image === image &&
      status.updatedReplicas === spec.replicas &&
      status.availableReplicas === spec.replicas &&
      status.replicas === spec.replicas,
    'rolled out',
  );

it('a rollover leaves one replica set with pods; old ones beyond the limit go', async () => {
  const ns = await cluster.namespace();
  await deploy(ns, 'web', 3, 'one', { revisionHistoryLimit: 1 });
  const change = (image: string) =>
    api.patch(`${apps(ns, 'deployments')}/web`, { spec: { template: template({ name: 'web' }, image) } }, 'strategic');
  await rolled(ns, 'web', 'one');
  for (const image of ['two', 'three', 'four']) await change(image);
  await rolled(ns, 'web', 'four');
  const sets = await api.until(
    () => api.items(apps(ns, 'replicasets')),
    (all) => all.length === 2,
    'cleaned up',
  );
  expect(sets.map((s) => s['spec'].replicas).sort()).toEqual([0, 3]);
});

it('Recreate never runs old and new pods at the same time', async () => {
  const ns = await cluster.namespace();
  await deploy(ns, 'web', 2, 'one', { strategy: { type: 'Recreate' } });
  await rolled(ns, 'web', 'one');
  const watch = api.watch(`${path(ns, 'pods')}?labelSelector=name%3Dweb`);
  await api.patch(
    `${apps(ns, 'deployments')}/web`,
    { spec: { template: template({ name: 'web' }, 'two') } },
    'strategic',
  );
  await rolled(ns, 'web', 'two');
  const living = new Map<string, string>();
  for (;;) {
    const { type, object } = await watch.next();
    if (type === 'DELETED') living.delete(object.metadata.name);
    else living.set(object.metadata.name, object['spec'].containers[0].image);
    const images = new Set(living.values());
    expect(images.size).toBeLessThan(2);
    if (images.has('two') && living.size === 2) break;
  }
  watch.close();
});

it('a deployment that is scaled while it rolls out keeps the proportions', async () => {
  const ns = await cluster.namespace();
  const strategy = { type: 'RollingUpdate', rollingUpdate: { maxSurge: 3, maxUnavailable: 2 } };
  await deploy(ns, 'web', 10, 'one', { strategy });
  await rolled(ns, 'web', 'one');
  const stuck = {
    metadata: { labels: { name: 'web' }, annotations: { 'sampan.io/simulate': 'never-ready' } },
    spec: { containers: [{ name: 'c', image: 'two' }] },
  };
  await api.patch(`${apps(ns, 'deployments')}/web`, { spec: { template: stuck } }, 'strategic');
  const counts = async () => {
    const sets = await api.items(apps(ns, 'replicasets'));
    const of = (image: string) =>
      sets.find((s) => s['spec'].template.spec.containers[0].image === image)?.['spec'].replicas;
    return [of('one'), of('two')];
  };
  await api.until(counts, (c) => c.join() === '8,5', '8 old, 5 new');
  await api.patch(`${apps(ns, 'deployments')}/web`, { spec: { replicas: 30 } });
  await api.until(counts, (c) => c.join() === '20,13', '20 old, 13 new');
});

it('a replica set adopts what matches, and lets go of what no longer does', async () => {
  const ns = await cluster.namespace();
  await api.post(path(ns, 'pods'), {
    metadata: { name: 'orphan', labels: { name: 'adopt' } },
    spec: { containers: [{ name: 'c', image: 'i' }] },
  });
  await api.post(apps(ns, 'replicasets'), {
    metadata: { name: 'adopt' },
    spec: { replicas: 1, selector: { matchLabels: { name: 'adopt' } }, template: template({ name: 'adopt' }, 'i') },
  });
  const orphan = () => api.get(`${path(ns, 'pods')}/orphan`);
  await api.until(orphan, (p) => p.metadata.ownerReferences?.[0]?.name === 'adopt', 'adopted');
  await api.patch(`${path(ns, 'pods')}/orphan`, { metadata: { labels: { name: 'not-adopt' } } });
  await api.until(orphan, (p) => !p.metadata.ownerReferences?.length, 'released');
  await api.until(
    () => api.items(`${path(ns, 'pods')}?labelSelector=name%3Dadopt`),
    (all) => all.length === 1,
    'replaced',
  );
});

it('pods of a higher priority take the place of lower ones', async () => {
  const ns = await cluster.namespace();
  const all = await api.items('/api/v1/nodes');
  for (const { metadata } of all) {
    const five = { 'scheduling.example.com/foo': '5' };
    await api.patch(`/api/v1/nodes/${metadata.name}/status`, { status: { capacity: five, allocatable: five } });
  }
  await api.post('/apis/scheduling.k8s.io/v1/priorityclasses', { metadata: { name: 'high' }, value: 1000 });
  const make = (name: string, amount: number, more: object = {}) => {
    const resources = {
      requests: { 'scheduling.example.com/foo': String(amount) },
      limits: { 'scheduling.example.com/foo': String(amount) },
    };
    return api.post(path(ns, 'pods'), {
      metadata: { name },
      spec: { containers: [{ name: 'c', image: 'i', resources }], ...more },
    });
  };
  const running = (name: string) =>
    api.until(
      () => api.get(`${path(ns, 'pods')}/${name}`),
      (p) => p['status'].phase === 'Running',
      'running',
    );
  await Promise.all([make('low-0', 3), make('low-1', 3)]);
  await Promise.all(['low-0', 'low-1'].map(running));
  const victim = (await api.get(`${path(ns, 'pods')}/low-0`))['spec'].nodeName;
  await make('urgent', 3, { priorityClassName: 'high', nodeSelector: { 'kubernetes.io/hostname': victim } });
  await running('urgent');
  await api.gone(`${path(ns, 'pods')}/low-0`);
  expect((await api.get(`${path(ns, 'pods')}/low-1`))['status'].phase).toBe('Running');
});

it('node selectors, resources and host ports decide where pods may run', async () => {
  const ns = await cluster.namespace();
  const [{ metadata }] = (await api.items('/api/v1/nodes')) as [Doc];
  const make = (name: string, spec: object, container: object = {}) =>
    api.post(path(ns, 'pods'), {
      metadata: { name },
      spec: { containers: [{ name: 'c', image: 'i', ...container }], ...spec },
    });
  const message = async (name: string, text: string) =>
    api.until(
      () => api.get(`${path(ns, 'pods')}/${name}`),
      (p) => Boolean(p['status'].conditions?.[0]?.message?.includes(text)),
      text,
    );
  await make('nowhere', { nodeSelector: { label: 'nonempty' } });
  await message('nowhere', "2 node(s) didn't match Pod's node affinity/selector");
  await make('huge', {}, { resources: { requests: { cpu: '100000' } } });
  await message('huge', '2 Insufficient cpu');
  await api.patch(`/api/v1/nodes/${metadata.name}`, { metadata: { labels: { label: 'nonempty' } } });
  await api.until(
    () => api.get(`${path(ns, 'pods')}/nowhere`),
    (p) => p['spec'].nodeName === metadata.name,
    'scheduled',
  );
  const nodeSelector = { label: 'nonempty' };
  const port = (hostIP?: string, protocol = 'TCP') => ({
    ports: [{ hostPort: 54321, containerPort: 80, protocol, ...(hostIP ? { hostIP } : {}) }],
  });
  await make('port-1', { nodeSelector }, port('127.0.0.1'));
  await make('port-2', { nodeSelector }, port('10.0.0.9'));
  await make('port-3', { nodeSelector }, port('10.0.0.9', 'UDP'));
  for (const name of ['port-1', 'port-2', 'port-3'])
    await api.until(
      () => api.get(`${path(ns, 'pods')}/${name}`),
      (p) => Boolean(p['spec'].nodeName),
      'scheduled',
    );
  await make('port-4', { nodeSelector }, port());
  await message('port-4', "1 node(s) didn't have free ports for the requested pod ports");
});

it('runtime classes are there, or the pod is not; they say what they cost and where they run', async () => {
  const ns = await cluster.namespace();
  const make = (name: string, spec: object) =>
    api.post(path(ns, 'pods'), { metadata: { name }, spec: { containers: [{ name: 'c', image: 'i' }], ...spec } });
  expect(await api.failure(make('none', { runtimeClassName: 'none' }))).toMatchObject({
    code: 403,
    message: 'pods "none" is forbidden: pod rejected: RuntimeClass "none" not found',
  });
  await api.post('/apis/node.k8s.io/v1/runtimeclasses', {
    metadata: { name: 'heavy' },
    handler: 'heavy',
    overhead: { podFixed: { cpu: '10m' } },
    scheduling: { nodeSelector: { fast: 'yes' }, tolerations: [{ key: 'fast', operator: 'Exists' }] },
  });
  const made = await make('heavy', { runtimeClassName: 'heavy', nodeSelector: { big: 'yes' } });
  expect(made['spec']).toMatchObject({ overhead: { cpu: '10m' }, nodeSelector: { big: 'yes', fast: 'yes' } });
  expect(made['spec'].tolerations).toContainEqual({ key: 'fast', operator: 'Exists' });
  const conflict = await api.failure(make('conflict', { runtimeClassName: 'heavy', nodeSelector: { fast: 'no' } }));
  expect(conflict.message).toContain(
    'conflict: runtimeClass.scheduling.nodeSelector[fast] = yes; pod.spec.nodeSelector[fast] = no',
  );
  const uncovered = await api.failure(make('uncovered', { overhead: { cpu: '1m' } }));
  expect(uncovered.message).toContain('Pod Overhead set without corresponding RuntimeClass defined Overhead');
  await api.del('/apis/node.k8s.io/v1/runtimeclasses/heavy');
  await api.failure(make('late', { runtimeClassName: 'heavy' }));
});
