// Disruption budgets: their numbers, what they are computed from, and evictions that they allow or refuse.
import type { Pod } from 'kubernetes-types/core/v1.js';
import type { PodDisruptionBudget } from 'kubernetes-types/policy/v1.js';
import { afterEach, describe, expect, it } from 'vitest';
import {
  PodDisruptionBudgets,
  conditionsFor,
  desiredHealthy,
  disruptionsAllowed,
  withAllowedCondition,
} from '../../../src/api/disruption.ts';
import { CoreEvents, CustomResourceDefinitions, Deployments, Pods } from '../../../src/api/resources.ts';
import { isReason } from '../../../src/api/status.ts';
import type { ResourceType, Unstructured } from '../../../src/api/types.ts';
import {
  countHealthy,
  disruptedPods,
  matters,
  staleTargetInMs,
} from '../../../src/server/controllers/disruption/pods.ts';
import { FakeClock } from './clock.ts';
import { type TestCluster, eventually, startCluster } from './cluster.ts';
import { deployment, pod } from './objects.ts';

const namespace = 'default';
const budgetOf = (spec: object): PodDisruptionBudget => ({ metadata: { name: 'b', namespace }, spec }) as never;

describe('arithmetic', () => {
  it.each<[string, object, number, number]>([
    ['a number available', { minAvailable: 2 }, 5, 2],
    ['a share available, rounded up', { minAvailable: '30%' }, 5, 2],
    ['a number unavailable', { maxUnavailable: 2 }, 5, 3],
    ['a share unavailable, rounded up', { maxUnavailable: '30%' }, 5, 3],
    ['more unavailable than there are', { maxUnavailable: 7 }, 5, 0],
    ['nothing said', {}, 5, 0],
  ])('%s', (_what, spec, expected, wanted) => {
    expect(desiredHealthy(budgetOf(spec), expected)).toBe(wanted);
  });

  it('lets nothing go while nothing is expected', () => {
    expect(disruptionsAllowed(3, 1, 0)).toBe(0);
    expect(disruptionsAllowed(3, 1, 3)).toBe(2);
    expect(disruptionsAllowed(1, 2, 3)).toBe(0);
  });

  it('keeps the time of a condition whose status stays', () => {
    const zero = { currentHealthy: 0, desiredHealthy: 0, expectedPods: 0, observedGeneration: 2 };
    const first = conditionsFor({ ...zero, disruptionsAllowed: 1 }, 't1');
    expect(first).toEqual([
      {
        type: 'DisruptionAllowed',
        status: 'True',
        reason: 'SufficientPods',
        message: '',
        observedGeneration: 2,
        lastTransitionTime: 't1',
      },
    ]);
    const same = conditionsFor({ ...zero, disruptionsAllowed: 2, conditions: first }, 't2');
    expect(same[0]?.lastTransitionTime).toBe('t1');
    const failed = { status: 'False', reason: 'SyncFailed', message: 'x' };
    const other = withAllowedCondition({ ...zero, disruptionsAllowed: 0, conditions: same }, failed, 't3');
    expect(other).toMatchObject([{ ...failed, lastTransitionTime: 't3' }]);
  });
});

describe('pods', () => {
  const ready = (name: string, more: object = {}): Pod =>
    ({ metadata: { name, ...more }, status: { conditions: [{ type: 'Ready', status: 'True' }] } }) as Pod;
  const at = '2026-01-01T00:00:00Z';
  const now = Date.parse(at);

  it('are healthy when ready, staying, and not granted to anybody', () => {
    const pods = [ready('a'), ready('b'), ready('c', { deletionTimestamp: at }), { metadata: { name: 'd' } }];
    expect(countHealthy(pods, { b: at })).toBe(1);
  });

  it('are expected to go for two minutes', () => {
    const pods = [ready('a'), ready('b', { deletionTimestamp: at }), ready('c')];
    const granted = { a: at, b: at, gone: at };
    expect(disruptedPods(pods, granted, now + 1000)).toEqual({ pods: { a: at }, overdue: [], recheckInMs: 119_000 });
    expect(disruptedPods(pods, granted, now + 120_001)).toEqual({ pods: {}, overdue: [pods[0]] });
  });

  it('matter when their readiness, labels, owner or end change', () => {
    const a = ready('a', { labels: { x: '1' } });
    expect(matters(a, undefined)).toBe(true);
    expect(matters({ ...a, status: { ...a.status, podIP: '1.1.1.1' } }, structuredClone(a))).toBe(false);
    expect(matters({ ...a, status: {} }, a)).toBe(true);
    expect(matters({ ...a, metadata: { ...a.metadata, labels: { x: '2' } } }, a)).toBe(true);
    expect(matters({ ...a, metadata: { ...a.metadata, deletionTimestamp: at } }, a)).toBe(true);
  });

  it('may be about to be ended for two minutes', () => {
    const target = (reason: string): Pod => ({
      metadata: { name: 'a' },
      status: { conditions: [{ type: 'DisruptionTarget', status: 'True', reason, lastTransitionTime: at as never }] },
    });
    expect(staleTargetInMs(target('EvictionByEvictionAPI'), now)).toBe(120_000);
    expect(staleTargetInMs(target('EvictionByEvictionAPI'), now + 200_000)).toBe(0);
    expect(staleTargetInMs(target('TerminationByKubelet'), now)).toBeUndefined();
    expect(staleTargetInMs(ready('a'), now)).toBeUndefined();
  });
});

let cluster: TestCluster | undefined;
afterEach(async () => {
  await cluster?.stop();
  cluster = undefined;
});

const selector = { matchLabels: { app: 'web' } };
const key = { name: 'b', namespace };
const status = async () => (await cluster!.client.get(PodDisruptionBudgets, key)).status;
const until = (what: string, wanted: object) =>
  eventually(what, async () => {
    const found = await status();
    return Object.entries(wanted).every(([k, v]) => found?.[k as 'expectedPods'] === v) && found;
  });

describe('in a cluster', () => {
  it('follows a deployment by its scale, and evictions wait for the replacement', async () => {
    cluster = await startCluster({ nodes: 2 });
    const { client } = cluster;
    await client.create(Deployments, deployment('web', 3));
    await client.create(PodDisruptionBudgets, budgetOf({ maxUnavailable: 1, selector }));
    const counted = await until('all are healthy', { currentHealthy: 3, disruptionsAllowed: 1 });
    expect(counted).toMatchObject({ desiredHealthy: 2, expectedPods: 3, observedGeneration: 1 });
    expect(counted.conditions).toMatchObject([{ type: 'DisruptionAllowed', status: 'True', reason: 'SufficientPods' }]);
    const pods = (await client.list(Pods, { namespace })).items.map((p) => p.metadata!.name!);
    const evict = (name: string) =>
      client.create(Pods, { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace } } as never, {
        name,
        subresource: 'eviction',
      });
    const results = await Promise.allSettled(pods.map(evict));
    expect(results.filter((r) => r.status === 'fulfilled')).toHaveLength(1);
    expect(results.every((r) => r.status === 'fulfilled' || isReason(r.reason, 'TooManyRequests'))).toBe(true);
    const again = await until('the replacement is healthy', { currentHealthy: 3, disruptionsAllowed: 1 });
    expect(again.disruptedPods).toBeUndefined();
  });

  it('asks custom resources for their scale', async () => {
    cluster = await startCluster({ nodes: 0, scheduler: false, controllers: ['disruption'] });
    const { client } = cluster;
    await client.create(CustomResourceDefinitions, scalable());
    const owner = await client.create(Shops, { ...shop(), spec: { replicas: 10 } });
    await makeOwned('a', owner);
    await client.create(PodDisruptionBudgets, budgetOf({ minAvailable: '25%', selector }));
    await until('the scale counts', { expectedPods: 10, desiredHealthy: 3, currentHealthy: 0 });
  });

  it('allows nothing and says why when a pod has no controller that can be asked', async () => {
    cluster = await startCluster({ nodes: 0, scheduler: false, controllers: ['disruption'] });
    const { client } = cluster;
    await makeOwned('a', { ...shop(), metadata: { name: 'none', uid: 'u' } });
    await client.create(PodDisruptionBudgets, budgetOf({ maxUnavailable: 1, selector }));
    const failed = await eventually('it fails', async () => {
      const found = await status();
      return found?.conditions?.[0] && found;
    });
    expect(failed.disruptionsAllowed).toBe(0);
    expect(failed.conditions).toMatchObject([
      { status: 'False', reason: 'SyncFailed', message: 'no matches for kind "Shop" in version "example.com/v1"' },
    ]);
    await eventually('an event says so', async () =>
      (await client.list(CoreEvents, { namespace })).items.some((e) => e.reason === 'CalculateExpectedPodCountFailed'),
    );
  });

  it('counts pods without controllers for a whole number alone', async () => {
    cluster = await startCluster({ nodes: 0, scheduler: false, controllers: ['disruption'] });
    const { client } = cluster;
    await client.create(Pods, pod('a', { labels: { app: 'web' } }));
    await client.create(PodDisruptionBudgets, budgetOf({ minAvailable: 1, selector }));
    await until('it is counted', { expectedPods: 1, desiredHealthy: 1 });
    await client.patch(PodDisruptionBudgets, key, 'merge', { spec: { minAvailable: '50%' } });
    await until('it is not', { expectedPods: 0, desiredHealthy: 0, observedGeneration: 2 });
    await eventually('an event says so', async () =>
      (await client.list(CoreEvents, { namespace })).items.some((e) => e.reason === 'UnmanagedPods'),
    );
  });

  it('forgets evictions that never came, and so do their pods', async () => {
    const clock = new FakeClock();
    cluster = await startCluster({ nodes: 0, scheduler: false, controllers: ['disruption'], clock });
    const { client } = cluster;
    const granted = new Date(clock.now()).toISOString().replace('.000Z', 'Z');
    await client.create(Pods, pod('a', { labels: { app: 'web' }, spec: { nodeName: 'n' } }));
    const conditions = [
      { type: 'Ready', status: 'True' },
      { type: 'DisruptionTarget', status: 'True', reason: 'EvictionByEvictionAPI', lastTransitionTime: granted },
    ];
    const running = { status: { phase: 'Running', conditions } };
    await client.patch(Pods, { name: 'a', namespace }, 'merge', running, { subresource: 'status' });
    await client.create(PodDisruptionBudgets, budgetOf({ minAvailable: 0, selector }));
    await until('it is healthy', { currentHealthy: 1 });
    const patch = { status: { disruptedPods: { a: granted } } };
    await client.patch(PodDisruptionBudgets, key, 'merge', patch, { subresource: 'status' });
    await until('it is on its way', { currentHealthy: 0 });
    await clock.advance(121_000);
    // The queues wait in real time: a change brings both back now.
    const touched = { metadata: { annotations: { touched: 'yes' } } };
    await client.patch(PodDisruptionBudgets, key, 'merge', touched);
    await client.patch(Pods, { name: 'a', namespace }, 'merge', touched);
    expect((await until('it stayed', { currentHealthy: 1 })).disruptedPods).toBeUndefined();
    await eventually('the pod is no target any more', async () =>
      (await client.get(Pods, { name: 'a', namespace })).status?.conditions?.some(
        (c) => c.type === 'DisruptionTarget' && c.status === 'False',
      ),
    );
  });
});

const Shops: ResourceType<Unstructured> = {
  group: 'example.com',
  version: 'v1',
  plural: 'shops',
  kind: 'Shop',
  namespaced: true,
};
const shop = (): Unstructured => ({ apiVersion: 'example.com/v1', kind: 'Shop', metadata: { name: 's', namespace } });

async function makeOwned(name: string, owner: Unstructured): Promise<void> {
  const { apiVersion = '', kind = '', metadata } = owner;
  const made = pod(name, { labels: { app: 'web' } });
  const reference = { apiVersion, kind, name: metadata.name!, uid: metadata.uid!, controller: true };
  await cluster!.client.create(Pods, { ...made, metadata: { ...made.metadata, ownerReferences: [reference] } });
}

function scalable(): Unstructured {
  const names = { plural: 'shops', kind: 'Shop', singular: 'shop', listKind: 'ShopList' };
  const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
  const scale = { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' };
  const version = { name: 'v1', served: true, storage: true, schema, subresources: { scale } };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'shops.example.com' },
    spec: { group: 'example.com', scope: 'Namespaced', names, versions: [version] },
  };
}
