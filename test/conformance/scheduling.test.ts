// What upstream's suite asks of preemption, taints, spreading and scoring (test/e2e/scheduling/{preemption,predicates,
// priorities}.go), on two simulated nodes. Resources that are counted are extended ones, as in upstream's tests.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Api, type Cluster } from './api.ts';
import { startSimulatedCluster } from './simulated.ts';

const RESOURCE = 'scheduling.k8s.io/foo';
const HOST = 'kubernetes.io/hostname';
const NODES = ['simulated-0', 'simulated-1'] as const;
const PRIORITIES = { low: 1, medium: 100, high: 1000 };

let cluster: Cluster;
let api: Api;
beforeAll(async () => {
  cluster = await startSimulatedCluster(2);
  ({ api } = cluster);
  for (const name of NODES) {
    const amounts = { capacity: { [RESOURCE]: '10' }, allocatable: { [RESOURCE]: '10' } };
    await api.patch(`/api/v1/nodes/${name}/status`, { status: amounts }, 'strategic');
  }
  for (const [name, value] of Object.entries(PRIORITIES)) {
    await api.post('/apis/scheduling.k8s.io/v1/priorityclasses', { metadata: { name }, value });
  }
});
afterAll(() => cluster?.close());

const path = (namespace: string, plural = 'pods', group = 'api/v1') => `/${group}/namespaces/${namespace}/${plural}`;
const containers = (amount: number) => {
  const amounts = { [RESOURCE]: String(amount) };
  return [{ name: 'c', image: 'i', resources: { requests: amounts, limits: amounts } }];
};
const on = (node: string) => ({
  affinity: {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: [node] }] }],
      },
    },
  },
});
const make = (ns: string, name: string, amount: number, spec: object = {}, labels: object = {}) =>
  api.post(path(ns), { metadata: { name, labels }, spec: { containers: containers(amount), ...spec } });
const placed = async (ns: string, name: string): Promise<string> => {
  const pod = await api.until(
    () => api.get(`${path(ns)}/${name}`),
    (p) => p['status'].phase === 'Running',
    `${name} runs`,
  );
  return pod['spec'].nodeName as string;
};
const clear = async (ns: string) => {
  await api.del(path(ns));
  await api.until(
    () => api.items(path(ns)),
    (all) => all.length === 0,
  );
};

it.each([
  ['a more important pod', 'default', 'high'],
  ['a critical pod', 'kube-system', 'system-cluster-critical'],
])('%s takes the place of the least important', async (_what, namespace, priorityClassName) => {
  const ns = await cluster.namespace();
  await make(ns, 'low', 7, { priorityClassName: 'low', ...on(NODES[0]) });
  await make(ns, 'medium', 7, { priorityClassName: 'medium', ...on(NODES[1]) });
  await Promise.all(['low', 'medium'].map((name) => placed(ns, name)));
  await make(namespace, 'preemptor', 7, { priorityClassName });
  expect(await placed(namespace, 'preemptor')).toBe(NODES[0]);
  await api.gone(`${path(ns)}/low`);
  expect((await api.get(`${path(ns)}/medium`)).metadata.deletionTimestamp).toBeUndefined();
  await api.del(`${path(namespace)}/preemptor`);
  await clear(ns);
});

it('preemption heeds spreading: as many go as it takes', async () => {
  const ns = await cluster.namespace();
  const labels = { spread: '' };
  await make(ns, 'high', 9, { priorityClassName: 'high' }, labels);
  await placed(ns, 'high');
  for (const i of [1, 2, 3]) await make(ns, `low-${i}`, 3, { priorityClassName: 'low' }, labels);
  for (const i of [1, 2, 3]) await placed(ns, `low-${i}`);
  const constraint = {
    maxSkew: 1,
    topologyKey: HOST,
    whenUnsatisfiable: 'DoNotSchedule',
    labelSelector: { matchExpressions: [{ key: 'spread', operator: 'Exists' }] },
  };
  await make(ns, 'medium', 3, { priorityClassName: 'medium', topologySpreadConstraints: [constraint] }, labels);
  await placed(ns, 'medium');
  const left = await api.until(
    () => api.items(path(ns)),
    (all) => all.length === 3,
    'three are left',
  );
  expect(left.map(({ metadata }) => String(metadata.name).split('-')[0]).sort()).toEqual(['high', 'low', 'medium']);
  await clear(ns);
});

it('replica sets of four priorities end with the pods of the most important', async () => {
  const ns = await cluster.namespace();
  const sets = path(ns, 'replicasets', 'apis/apps/v1');
  for (let i = 1; i <= 4; i++) {
    await api.post('/apis/scheduling.k8s.io/v1/priorityclasses', { metadata: { name: `p${i}` }, value: i });
  }
  const set = async (i: number, replicas: number, amount: number) => {
    const labels = { name: `set${i}` };
    const spec = { containers: containers(amount), priorityClassName: `p${i}`, nodeSelector: { [HOST]: NODES[0] } };
    await api.post(sets, {
      metadata: { name: `set${i}` },
      spec: { replicas, selector: { matchLabels: labels }, template: { metadata: { labels }, spec } },
    });
    await api.until(
      () => api.get(`${sets}/set${i}`),
      (s) => s['status'].readyReplicas === replicas,
      `set${i} is ready`,
    );
  };
  await set(1, 5, 1);
  await set(2, 4, 1);
  await set(3, 4, 2);
  await api.until(
    () => api.items(path(ns)),
    (all) =>
      all.filter((p) => p['spec'].nodeName && !p.metadata.deletionTimestamp && p['spec'].priority === 1).length <= 2,
    'the least important have gone',
  );
  await set(4, 1, 4);
  for (let i = 1; i <= 4; i++) await api.del(`${sets}/set${i}`);
  await clear(ns);
});

it('taints keep pods away unless they tolerate them; soft ones when there is another node', async () => {
  const ns = await cluster.namespace();
  const taint = (effect: string) => ({ spec: { taints: [{ key: 'k', value: 'v', effect }] } });
  const node = `/api/v1/nodes/${NODES[0]}`;
  await api.patch(node, taint('NoSchedule'), 'strategic');
  const nodeSelector = { [HOST]: NODES[0] };
  await make(ns, 'tolerant', 1, { nodeSelector, tolerations: [{ key: 'k', value: 'v', effect: 'NoSchedule' }] });
  expect(await placed(ns, 'tolerant')).toBe(NODES[0]);
  await make(ns, 'kept-out', 1, { nodeSelector });
  await api.until(
    () => api.get(`${path(ns)}/kept-out`),
    (p) => String(p['status'].conditions?.[0]?.message).includes('1 node(s) had untolerated taint {k: v}'),
    'it is told',
  );
  await api.patch(node, taint('PreferNoSchedule'), 'merge');
  expect(await placed(ns, 'kept-out')).toBe(NODES[0]);
  await make(ns, 'choosy', 1);
  expect(await placed(ns, 'choosy')).toBe(NODES[1]);
  await api.patch(node, { spec: { taints: null } }, 'merge');
  await clear(ns);
});

it('four pods spread over two nodes evenly', async () => {
  const ns = await cluster.namespace();
  const labels = { app: 'even' };
  const constraint = {
    maxSkew: 1,
    topologyKey: HOST,
    whenUnsatisfiable: 'DoNotSchedule',
    labelSelector: { matchLabels: labels },
  };
  for (let i = 0; i < 4; i++) await make(ns, `p${i}`, 1, { topologySpreadConstraints: [constraint] }, labels);
  const where = await Promise.all([0, 1, 2, 3].map((i) => placed(ns, `p${i}`)));
  expect(where.filter((name) => name === NODES[0])).toHaveLength(2);
  await clear(ns);
});

it('preferred anti-affinity chooses the node without the other', async () => {
  const ns = await cluster.namespace();
  await make(ns, 'first', 1, on(NODES[1]), { security: 'S1' });
  await placed(ns, 'first');
  const term = { topologyKey: HOST, labelSelector: { matchLabels: { security: 'S1' } } };
  const preferred = [{ weight: 10, podAffinityTerm: term }];
  await make(ns, 'second', 1, {
    affinity: { podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: preferred } },
  });
  expect(await placed(ns, 'second')).toBe(NODES[0]);
  await clear(ns);
});
