// What upstream's conformance suite asks of disruption budgets (test/e2e/apps/disruption.go), on simulated nodes.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Api, type Cluster, type Doc } from './api.ts';
import { startSimulatedCluster } from './simulated.ts';

let cluster: Cluster;
let api: Api;
beforeAll(async () => {
  cluster = await startSimulatedCluster(1);
  ({ api } = cluster);
});
afterAll(() => cluster?.close());

const labels = { foo: 'bar' };
const budgets = (ns: string) => `/apis/policy/v1/namespaces/${ns}/poddisruptionbudgets`;
const pods = (ns: string) => `/api/v1/namespaces/${ns}/pods`;
const makeBudget = (ns: string, spec: object) =>
  api.post(budgets(ns), { metadata: { name: 'foo' }, spec: { selector: { matchLabels: labels }, ...spec } });
const processed = (ns: string) =>
  api.until(
    () => api.get(`${budgets(ns)}/foo`),
    ({ metadata, status }) => (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0),
    'processed',
  );
const allowed = (ns: string, count: number) =>
  api.until(
    () => api.get(`${budgets(ns)}/foo`),
    ({ status }) => status?.disruptionsAllowed === count,
    `${count} disruptions allowed`,
  );
async function makePods(ns: string, count: number): Promise<void> {
  const spec = { containers: [{ name: 'donothing', image: 'pause' }], terminationGracePeriodSeconds: 0 };
  for (let i = 0; i < count; i++) await api.post(pods(ns), { metadata: { name: `rs-${i}`, labels }, spec });
  await api.until(
    () => api.items(pods(ns)),
    (all) =>
      all.filter((p: Doc) => p['status'].conditions?.some((c: Doc) => c['type'] === 'Ready' && c['status'] === 'True'))
        .length === count,
    'all pods are ready',
  );
}
const evict = (ns: string, name: string) =>
  api.post(`${pods(ns)}/${name}/eviction`, { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name } });

it('DisruptionController: should create a PodDisruptionBudget; observe that its status is updated', async () => {
  const ns = await cluster.namespace();
  await makeBudget(ns, { minAvailable: '1%' });
  await processed(ns);
  expect((await api.get(`${budgets(ns)}/foo`)).spec.minAvailable).toBe('1%');
  await api.patch(`${budgets(ns)}/foo`, { spec: { minAvailable: '2%' } });
  expect((await processed(ns)).spec.minAvailable).toBe('2%');
  await api.del(`${budgets(ns)}/foo`);
  await makeBudget(ns, { minAvailable: 1 });
  await makePods(ns, 3);
  expect((await allowed(ns, 2)).status).toMatchObject({ currentHealthy: 3, desiredHealthy: 1, expectedPods: 3 });
});

it('DisruptionController: should update/patch PodDisruptionBudget status', async () => {
  const ns = await cluster.namespace();
  await makePods(ns, 1);
  await makeBudget(ns, { minAvailable: 1 });
  await processed(ns);
  const disruptedPods = { 'rs-0': '2026-01-01T00:00:00Z' };
  const patched = await api.patch(`${budgets(ns)}/foo/status`, { status: { disruptedPods } });
  expect(patched['status'].disruptedPods).toEqual(disruptedPods);
});

it('DisruptionController: should block an eviction until the PDB is updated to allow it', async () => {
  const ns = await cluster.namespace();
  await makePods(ns, 1);
  await makeBudget(ns, { minAvailable: 1 });
  await allowed(ns, 0);
  await processed(ns);
  const refused = await api.failure(evict(ns, 'rs-0'));
  expect(refused).toMatchObject({ reason: 'TooManyRequests', code: 429 });
  expect(refused.status.details?.causes?.[0]?.reason).toBe('DisruptionBudget');
  await api.patch(`${budgets(ns)}/foo`, { spec: { minAvailable: 0 } });
  await allowed(ns, 1);
  await evict(ns, 'rs-0');
  await api.until(
    () => api.items(pods(ns)),
    (all) => all.length === 0,
    'the pod is gone',
  );
  await api.del(`${budgets(ns)}/foo`);
});

interface EvictionCase {
  name: string;
  budget?: object;
  pods?: number;
  replicas?: number;
  /** One pod a node: the others find no room. */
  exclusive?: boolean;
  denied?: boolean;
}
const percent = { budget: { minAvailable: '90%' }, replicas: 10 };

it.each<EvictionCase>([
  { name: 'no PDB', pods: 1 },
  { name: 'too few pods, absolute', budget: { minAvailable: 2 }, pods: 2, denied: true },
  { name: 'enough pods, absolute', budget: { minAvailable: 2 }, pods: 3 },
  { name: 'enough pods, replicaSet, percentage', ...percent },
  { name: 'too few pods, replicaSet, percentage', ...percent, exclusive: true, denied: true },
  { name: 'maxUnavailable allow single eviction, percentage', budget: { maxUnavailable: '10%' }, replicas: 10 },
  {
    name: 'maxUnavailable deny evictions, integer',
    budget: { maxUnavailable: 1 },
    replicas: 10,
    exclusive: true,
    denied: true,
  },
])('DisruptionController: evictions: $name', async ({ budget, pods: count = 0, replicas = 0, exclusive, denied }) => {
  const ns = await cluster.namespace();
  if (count > 0) await makePods(ns, count);
  if (replicas > 0) {
    const ports = exclusive ? { ports: [{ hostPort: 5555, containerPort: 5555 }] } : {};
    const spec = { containers: [{ name: 'donothing', image: 'pause', ...ports }], terminationGracePeriodSeconds: 0 };
    await api.post(`/apis/apps/v1/namespaces/${ns}/replicasets`, {
      metadata: { name: 'rs' },
      spec: { replicas, selector: { matchLabels: labels }, template: { metadata: { labels }, spec } },
    });
  }
  const running = exclusive ? 1 : count + replicas;
  const isRunning = (p: Doc): boolean => p['status'].phase === 'Running';
  const all = await api.until(
    () => api.items(pods(ns)),
    (items) => items.filter(isRunning).length === running && items.length === count + replicas,
    'as many run as can',
  );
  if (budget) {
    await makeBudget(ns, budget);
    await allowed(ns, denied ? 0 : 1);
    await processed(ns);
  }
  const { name } = all.find(isRunning)!['metadata'] as { name: string };
  const eviction = evict(ns, name);
  if (denied) {
    await expect(eviction).rejects.toThrow("Cannot evict pod as it would violate the pod's disruption budget.");
  } else await eviction;
  await cluster.api.del(`/api/v1/namespaces/${ns}`);
});
