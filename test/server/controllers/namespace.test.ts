// A namespace from its first account to its end.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConfigMaps, Deployments, Namespaces, Pods, ReplicaSets, ServiceAccounts } from '../../../src/api/resources.ts';
import { isNotFound } from '../../../src/api/status.ts';
import type { KubeObject } from '../../../src/api/types.ts';
import { createInformers } from '../../../src/client/informer.ts';
import { namespaceConditions } from '../../../src/server/controllers/namespace/conditions.ts';
import { type TestCluster, eventually, startCluster } from './cluster.ts';
import { deployment } from './objects.ts';

const ns = (name: string) => ({ apiVersion: 'v1' as const, kind: 'Namespace' as const, metadata: { name } });

describe('a namespace', () => {
  let cluster: TestCluster;
  beforeEach(async () => {
    cluster = await startCluster({ nodes: 1 });
  });
  afterEach(() => cluster.stop());

  const isGone = (name: string) => async () => {
    try {
      await cluster.client.get(Namespaces, { name });
      return false;
    } catch (error) {
      return isNotFound(error);
    }
  };

  it('gets its account and its CA, again when somebody takes them away', async () => {
    await cluster.client.create(Namespaces, ns('team'));
    const both = () =>
      eventually('account and CA', async () => {
        await cluster.client.get(ServiceAccounts, { name: 'default', namespace: 'team' });
        const map = await cluster.client.get(ConfigMaps, { name: 'kube-root-ca.crt', namespace: 'team' });
        return map.data?.['ca.crt'] === 'test CA';
      });
    await both();
    await cluster.client.delete(ServiceAccounts, { name: 'default', namespace: 'team' });
    await cluster.client.delete(ConfigMaps, { name: 'kube-root-ca.crt', namespace: 'team' });
    await both();
    const key = { name: 'kube-root-ca.crt', namespace: 'team' };
    await cluster.client.patch(ConfigMaps, key, 'merge', { data: { 'ca.crt': 'forged', more: 'x' } });
    await eventually('the CA is put right', async () => {
      const { data } = await cluster.client.get(ConfigMaps, key);
      return data?.['ca.crt'] === 'test CA' && data['more'] === undefined;
    });
  });

  it('takes all that is in it with it', async () => {
    await cluster.client.create(Namespaces, ns('team'));
    const web = deployment('web', 2);
    await cluster.client.create(Deployments, { ...web, metadata: { ...web.metadata, namespace: 'team' } });
    await eventually('pods run', async () => {
      const { items } = await cluster.client.list(Pods, { namespace: 'team' });
      return items.length === 2 && items.every((p) => p.status?.phase === 'Running');
    });
    const settled = async () =>
      (await cluster.client.list(Deployments, { namespace: 'team' })).items[0]?.status?.readyReplicas === 2;
    await eventually('it is Ready', settled);
    const stop = new AbortController();
    const informers = createInformers(cluster.client, { signal: stop.signal });
    let counted = 0;
    for (const type of [Deployments, ReplicaSets]) {
      const informer = informers.for<KubeObject>(type, { namespace: 'team' });
      await informer.whenSynced();
      informer.addHandler({ update: () => counted++ });
    }
    await cluster.client.delete(Namespaces, { name: 'team' });
    await eventually('the namespace is gone', isGone('team'));
    stop.abort();
    // Nobody writes how many pods are left while all of them go.
    expect(counted).toBe(0);
    expect((await cluster.client.list(Pods, { namespace: 'team' })).items).toEqual([]);
    expect((await cluster.client.list(ConfigMaps, { namespace: 'team' })).items).toEqual([]);
  });

  it('says what keeps it', async () => {
    await cluster.client.create(Namespaces, ns('team'));
    const metadata = { name: 'held', namespace: 'team', finalizers: ['test/hold'] };
    await cluster.client.create(ConfigMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata });
    await cluster.client.delete(Namespaces, { name: 'team' });
    const held = await eventually('conditions', async () => {
      const live = await cluster.client.get(Namespaces, { name: 'team' });
      return (
        live.status?.conditions?.some((c) => c.type === 'NamespaceFinalizersRemaining' && c.status === 'True') && live
      );
    });
    expect(held.status?.phase).toBe('Terminating');
    expect(held.status?.conditions?.map((c) => `${c.type} ${c.status} ${c.reason} ${c.message}`)).toEqual([
      'NamespaceDeletionDiscoveryFailure False ResourcesDiscovered All resources successfully discovered',
      'NamespaceDeletionGroupVersionParsingFailure False ParsedGroupVersions All legacy kube types successfully parsed',
      'NamespaceDeletionContentFailure False ContentDeleted All content successfully deleted, may be waiting on finalization',
      'NamespaceContentRemaining True SomeResourcesRemain Some resources are remaining: configmaps. has 1 resource instances',
      'NamespaceFinalizersRemaining True SomeFinalizersRemain Some content in the namespace has finalizers remaining: test/hold in 1 resource instances',
    ]);
  });
});

describe('conditions of a terminating namespace', () => {
  const none = { undiscovered: [], errors: [], remaining: new Map(), finalizers: new Map() };

  it('keep their time while their status stays, and are not written again when nothing changed', () => {
    const first = namespaceConditions(undefined, { ...none, errors: ['b', 'a'] }, 0);
    const failure = first?.find((c) => c.type === 'NamespaceDeletionContentFailure');
    expect(failure).toEqual({
      type: 'NamespaceDeletionContentFailure',
      status: 'True',
      reason: 'ContentDeletionFailed',
      message: 'Failed to delete all resource types, 2 remaining: a, b',
      lastTransitionTime: '1970-01-01T00:00:00Z',
    });
    expect(namespaceConditions(first, { ...none, errors: ['a', 'b'] }, 5_000)).toBeUndefined();
    const third = namespaceConditions(first, { ...none, errors: ['a'] }, 5_000);
    expect(third?.[2]).toMatchObject({ status: 'True', lastTransitionTime: '1970-01-01T00:00:00Z' });
    const fourth = namespaceConditions(third, none, 9_000);
    expect(fourth?.[2]).toMatchObject({ status: 'False', lastTransitionTime: '1970-01-01T00:00:09Z' });
  });
});
