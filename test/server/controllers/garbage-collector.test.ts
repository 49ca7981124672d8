// Garbage collection end to end, in its three modes, and for owners of odd kinds.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ConfigMap } from 'kubernetes-types/core/v1.js';
import {
  ClusterRoles,
  ConfigMaps,
  CustomResourceDefinitions,
  Deployments,
  Pods,
  ReplicaSets,
} from '../../../src/api/resources.ts';
import { isNotFound } from '../../../src/api/status.ts';
import type { OwnerReference, ResourceType, Unstructured } from '../../../src/api/types.ts';
import { type TestCluster, eventually, startCluster } from './cluster.ts';
import { deployment } from './objects.ts';

let cluster: TestCluster;
beforeEach(async () => {
  cluster = await startCluster({ nodes: 1 });
});
afterEach(() => cluster.stop());

const at = (name: string) => ({ name, namespace: 'default' });
const exists = async (name: string) => {
  try {
    return await cluster.client.get(ConfigMaps, at(name));
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
};
const gone = (name: string) => eventually(`${name} is gone`, async () => !(await exists(name)));

async function make(name: string, ...owners: OwnerReference[]): Promise<ConfigMap & { ref: OwnerReference }> {
  const metadata = { name, namespace: 'default', ownerReferences: owners as never };
  const made = await cluster.client.create(ConfigMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata });
  const ref = { apiVersion: 'v1', kind: 'ConfigMap', name, uid: made.metadata?.uid ?? '' };
  return { ...made, ref };
}

/** A deletion that has had every chance to happen: something later of the same kind has happened. */
async function settled(): Promise<void> {
  const owner = await make('probe-owner');
  await make('probe', owner.ref);
  await cluster.client.delete(ConfigMaps, at('probe-owner'));
  await gone('probe');
}

describe('garbage collector', () => {
  it('deletes dependents in the background, all the way down', async () => {
    await cluster.client.create(Deployments, deployment('web', 2));
    await eventually('pods', async () => (await cluster.client.list(Pods, {})).items.length === 2);
    await cluster.client.delete(Deployments, at('web'), { propagationPolicy: 'Background' });
    await eventually('all is gone', async () => {
      const [sets, pods] = [await cluster.client.list(ReplicaSets, {}), await cluster.client.list(Pods, {})];
      return sets.items.length === 0 && pods.items.length === 0;
    });
  });

  it('keeps an owner in the foreground until its blocking dependents are gone', async () => {
    const owner = await make('owner');
    await make('blocking', { ...owner.ref, blockOwnerDeletion: true });
    await cluster.client.patch(ConfigMaps, at('blocking'), 'merge', { metadata: { finalizers: ['test/hold'] } });
    await cluster.client.delete(ConfigMaps, at('owner'), { propagationPolicy: 'Foreground' });
    await eventually('the dependent is going', async () => (await exists('blocking'))?.metadata?.deletionTimestamp);
    expect((await exists('owner'))?.metadata?.finalizers).toEqual(['foregroundDeletion']);
    await cluster.client.patch(ConfigMaps, at('blocking'), 'merge', { metadata: { finalizers: null } });
    await gone('owner');
    expect(await exists('blocking')).toBeUndefined();
  });

  it('does not wait for dependents that do not block', async () => {
    const owner = await make('owner');
    await make('free', owner.ref);
    await cluster.client.patch(ConfigMaps, at('free'), 'merge', { metadata: { finalizers: ['test/hold'] } });
    await cluster.client.delete(ConfigMaps, at('owner'), { propagationPolicy: 'Foreground' });
    await gone('owner');
    await cluster.client.patch(ConfigMaps, at('free'), 'merge', { metadata: { finalizers: null } });
  });

  it('orphans dependents', async () => {
    await cluster.client.create(Deployments, deployment('web', 1));
    const rs = await eventually('its set', async () => (await cluster.client.list(ReplicaSets, {})).items[0]);
    await cluster.client.delete(Deployments, at('web'), { propagationPolicy: 'Orphan' });
    await eventually(
      'the deployment is gone',
      async () => (await cluster.client.list(Deployments, {})).items.length === 0,
    );
    await settled();
    const left = await cluster.client.get(ReplicaSets, at(rs.metadata?.name ?? ''));
    expect(left.metadata?.uid).toBe(rs.metadata?.uid);
    expect(left.metadata?.ownerReferences).toBeUndefined();
    expect((await cluster.client.list(Pods, {})).items).toHaveLength(1);
  });

  it('keeps what another owner keeps, without the reference to the one that is gone', async () => {
    const [a, b] = [await make('a'), await make('b')];
    await make('shared', a.ref, b.ref);
    await cluster.client.delete(ConfigMaps, at('a'));
    await eventually('one reference is left', async () => {
      const uids = (await exists('shared'))?.metadata?.ownerReferences?.map((r) => r.uid);
      return uids?.length === 1 && uids[0] === b.ref.uid;
    });
    await cluster.client.delete(ConfigMaps, at('b'));
    await gone('shared');
  });

  it('deletes what names an owner that never was, or one of the same name with another uid', async () => {
    const owner = await make('owner');
    await make('wrong-uid', { ...owner.ref, uid: 'ffffffff-0000-0000-0000-000000000000' });
    await gone('wrong-uid');
    expect(await exists('owner')).toBeDefined();
  });

  it('leaves alone what is owned by a kind that the server does not have', async () => {
    await make('mystery', { apiVersion: 'example.org/v1', kind: 'Nothing', name: 'x', uid: 'some-uid' });
    await settled();
    expect(await exists('mystery')).toBeDefined();
  });

  it('looks for cluster-scoped owners of namespaced objects', async () => {
    const role = {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: { name: 'owner' },
      rules: [],
    };
    const made = await cluster.client.create(ClusterRoles, role as never);
    const ref = { apiVersion: role.apiVersion, kind: role.kind, name: 'owner', uid: made.metadata?.uid ?? '' };
    await make('dependent', ref);
    await settled();
    expect(await exists('dependent')).toBeDefined();
    await cluster.client.delete(ClusterRoles, { name: 'owner' });
    await gone('dependent');
  });

  it('knows custom resources as owners and as dependents, as soon as they are defined', async () => {
    await cluster.client.create(CustomResourceDefinitions, boatDefinition as unknown as Unstructured);
    const boat = await eventually('a boat', () => cluster.client.create(Boats, boatObject('owner')));
    const ref = { apiVersion: 'example.org/v1', kind: 'Boat', name: 'owner', uid: boat.metadata.uid ?? '' };
    await make('dependent', ref);
    const second = boatObject('second');
    await cluster.client.create(Boats, { ...second, metadata: { ...second.metadata, ownerReferences: [ref] } });
    await settled();
    expect(await exists('dependent')).toBeDefined();
    await cluster.client.delete(Boats, at('owner'));
    await gone('dependent');
    await eventually('no boat is left', async () => (await cluster.client.list(Boats, {})).items.length === 0);
  });
});

const Boats: ResourceType<Unstructured> = {
  group: 'example.org',
  version: 'v1',
  plural: 'boats',
  kind: 'Boat',
  namespaced: true,
};
const boatObject = (name: string): Unstructured => ({
  apiVersion: 'example.org/v1',
  kind: 'Boat',
  metadata: { name, namespace: 'default' },
});
const boatDefinition = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'boats.example.org' },
  spec: {
    group: 'example.org',
    scope: 'Namespaced',
    names: { plural: 'boats', singular: 'boat', kind: 'Boat', listKind: 'BoatList' },
    versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
  },
};
