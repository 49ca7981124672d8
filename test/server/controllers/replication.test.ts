// ReplicationControllers: the same loop as replica sets', with the defaults, conditions and events of their own kind.
import { afterEach, describe, expect, it } from 'vitest';
import type { ReplicationController } from 'kubernetes-types/core/v1.js';
import { CoreEvents, Deployments, Pods, ReplicaSets, ReplicationControllers } from '../../../src/api/resources.ts';
import { type TestCluster, eventually, startCluster } from './cluster.ts';
import { containers, deployment, pod } from './objects.ts';

let cluster: TestCluster;
afterEach(() => cluster.stop());

const at = { name: 'web', namespace: 'default' };
const pods = async () => (await cluster.client.list(Pods, { namespace: 'default' })).items;
const owned = async () =>
  (await pods()).filter((p) => p.metadata?.ownerReferences?.length && !p.metadata.deletionTimestamp);
const get = () => cluster.client.get(ReplicationControllers, at);
/** As manifests of 2015 have it: no selector, labels only in the template. */
const controller = (replicas: number): ReplicationController => ({
  apiVersion: 'v1',
  kind: 'ReplicationController',
  metadata: at,
  spec: { replicas, template: { metadata: { labels: { app: 'web' } }, spec: containers() } },
});

describe('the replication controller', () => {
  it('runs a manifest without selector, scales, replaces what is deleted, and tells', async () => {
    cluster = await startCluster();
    const { client } = cluster;
    await client.create(ReplicationControllers, controller(2));
    const ready = await eventually('two are available', async () => {
      const rc = await get();
      return rc.status?.availableReplicas === 2 && rc;
    });
    expect(ready.spec?.selector).toEqual({ app: 'web' });
    expect(ready.status).toEqual({
      replicas: 2,
      fullyLabeledReplicas: 2,
      readyReplicas: 2,
      availableReplicas: 2,
      observedGeneration: 1,
    });
    const [first] = await owned();
    expect(first?.metadata?.ownerReferences).toMatchObject([
      { apiVersion: 'v1', kind: 'ReplicationController', name: 'web', controller: true, blockOwnerDeletion: true },
    ]);
    await client.delete(Pods, { name: first?.metadata?.name ?? '', namespace: 'default' });
    await eventually('another', async () => {
      const names = (await owned()).map((p) => p.metadata?.name);
      return names.length === 2 && !names.includes(first?.metadata?.name);
    });
    await client.patch(ReplicationControllers, at, 'merge', { spec: { replicas: 0 } });
    await eventually('none', async () => (await pods()).length === 0);
    const events = await eventually('events', async () => {
      const { items } = await client.list(CoreEvents, {});
      const own = items.filter((e) => e.involvedObject.kind === 'ReplicationController');
      return own.some((e) => e.reason === 'SuccessfulDelete') && own;
    });
    expect(events.map((e) => `${e.source?.component} ${e.reason} ${e.message}`)).toContain(
      `replication-controller SuccessfulCreate Created pod: ${first?.metadata?.name}`,
    );
  });

  it('leaves the pods of replica sets alone, and they leave its own', async () => {
    cluster = await startCluster();
    const { client } = cluster;
    await client.create(Deployments, deployment('app', 2));
    await eventually('the deployment has its pods', async () => (await owned()).length === 2);
    await client.create(ReplicationControllers, controller(2));
    await eventually('four', async () => (await owned()).length === 4);
    await client.create(Pods, pod('orphan', { labels: { app: 'web' } }));
    // The orphan matches both; whoever takes it gives up one of its own.
    await eventually('four again, the orphan among them', async () => {
      const all = await pods();
      return all.length === 4 && all.every((p) => p.metadata?.ownerReferences?.length === 1);
    });
    const kinds = (await owned()).map((p) => p.metadata?.ownerReferences?.[0]?.kind).sort();
    expect(kinds).toEqual(['ReplicaSet', 'ReplicaSet', 'ReplicationController', 'ReplicationController']);
    expect((await client.list(ReplicaSets, { namespace: 'default' })).items).toHaveLength(1);
  });
});
