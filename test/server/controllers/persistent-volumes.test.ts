// Claims and volumes in a cluster in this process: how they find one another, part, and what is told.
import type { PersistentVolume, PersistentVolumeClaim } from 'kubernetes-types/core/v1.js';
import type { StorageClass } from 'kubernetes-types/storage/v1.js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hostPathClass } from '../../../src/api/host-path.ts';
import {
  CoreEvents,
  Nodes,
  PersistentVolumeClaims,
  PersistentVolumes,
  Pods,
  StorageClasses,
} from '../../../src/api/resources.ts';
import { isNotFound } from '../../../src/api/status.ts';
import { type TestCluster, eventually, startCluster } from './cluster.ts';

let cluster: TestCluster;
const start = async (nodes = 0) => {
  const controllers = ['persistent-volume-binder', 'host-path-provisioner', 'pv-protection', 'pvc-protection'];
  cluster = await startCluster({ nodes, scheduler: false, controllers });
};
afterEach(() => cluster.stop());

const at = (name = 'data') => ({ name, namespace: 'default' });
const claim = (
  spec: Partial<PersistentVolumeClaim['spec']> = {},
  name = 'data',
  annotations: Record<string, string> = {},
): PersistentVolumeClaim => ({
  metadata: { ...at(name), annotations },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, ...spec },
});
const volume = (name: string, spec: Partial<PersistentVolume['spec']> = {}): PersistentVolume => ({
  metadata: { name },
  spec: { accessModes: ['ReadWriteOnce'], capacity: { storage: '1Gi' }, hostPath: { path: '/tmp/x' }, ...spec },
});
const add = (object: PersistentVolumeClaim) => cluster.client.create(PersistentVolumeClaims, object);
const addVolume = (object: PersistentVolume) => cluster.client.create(PersistentVolumes, object);
const getVolume = (name: string) => cluster.client.get(PersistentVolumes, { name });
const getClaim = (name = 'data') => cluster.client.get(PersistentVolumeClaims, at(name));
const claimIs = (phase: string, name = 'data') =>
  eventually(`claim ${name} is ${phase}`, async () => {
    const found = await getClaim(name);
    return found.status?.phase === phase && found;
  });
const volumeIs = (phase: string, name: string) =>
  eventually(`volume ${name} is ${phase}`, async () => {
    const found = await getVolume(name);
    return found.status?.phase === phase && found;
  });
const told = (reason: string, name: string) =>
  eventually(`${reason} is told of ${name}`, async () => {
    const { items } = await cluster.client.list(CoreEvents);
    return items.find((e) => e.reason === reason && e.involvedObject.name === name);
  });
const isGone = (name: string) =>
  eventually(`${name} is gone`, () =>
    getVolume(name).then(
      () => false,
      (error: unknown) => isNotFound(error),
    ),
  );

describe('binding', () => {
  beforeEach(() => start());

  it('takes the smallest volume that fits, and says on both sides what it did', async () => {
    await addVolume(volume('large', { capacity: { storage: '5Gi' } }));
    await addVolume(volume('small'));
    await volumeIs('Available', 'small');
    await volumeIs('Available', 'large');
    await add(claim());
    const bound = await claimIs('Bound');
    expect(bound.spec?.volumeName).toBe('small');
    expect(bound.metadata?.annotations).toEqual({
      'pv.kubernetes.io/bind-completed': 'yes',
      'pv.kubernetes.io/bound-by-controller': 'yes',
    });
    expect(bound.status).toMatchObject({ accessModes: ['ReadWriteOnce'], capacity: { storage: '1Gi' } });
    const taken = await volumeIs('Bound', 'small');
    expect(taken.spec?.claimRef).toMatchObject({
      kind: 'PersistentVolumeClaim',
      name: 'data',
      uid: bound.metadata?.uid,
    });
    expect(taken.metadata?.annotations).toEqual({ 'pv.kubernetes.io/bound-by-controller': 'yes' });
    expect((taken.status as { lastPhaseTransitionTime?: string }).lastPhaseTransitionTime).toBeDefined();
  });

  it('waits for a volume, and says so', async () => {
    await add(claim());
    expect((await told('FailedBinding', 'data')).message).toBe(
      'no persistent volumes available for this claim and no storage class is set',
    );
    await addVolume(volume('late'));
    expect((await claimIs('Bound')).spec?.volumeName).toBe('late');
  });

  it('gives many claims a volume each', async () => {
    const names = Array.from({ length: 20 }, (_, i) => `c${i}`);
    await Promise.all(names.flatMap((name) => [addVolume(volume(`v-${name}`)), add(claim({}, name))]));
    const bound = await Promise.all(names.map((name) => claimIs('Bound', name)));
    expect(new Set(bound.map((c) => c.spec?.volumeName)).size).toBe(20);
  });

  it('keeps what the user has reserved, from either side', async () => {
    await addVolume(volume('mine', { claimRef: { namespace: 'default', name: 'reserved' } }));
    await addVolume(volume('other', { capacity: { storage: '2Gi' } }));
    await add(claim({}, 'first'));
    expect((await claimIs('Bound', 'first')).spec?.volumeName).toBe('other');
    await add(claim({}, 'reserved'));
    expect((await claimIs('Bound', 'reserved')).spec?.volumeName).toBe('mine');
    expect((await getVolume('mine')).metadata?.annotations).toBeUndefined();
    await add(claim({ volumeName: 'mine' }, 'thief'));
    expect((await told('FailedBinding', 'thief')).message).toBe('volume "mine" already bound to a different claim.');
    await addVolume(volume('tiny', { capacity: { storage: '1Mi' } }));
    await add(claim({ volumeName: 'tiny' }, 'picky'));
    const why = 'Cannot bind to requested volume "tiny": requested PV is too small';
    expect((await told('VolumeMismatch', 'picky')).message).toBe(why);
  });

  it('loses a claim whose volume is gone', async () => {
    await addVolume(volume('v'));
    await add(claim());
    await claimIs('Bound');
    const held = await volumeIs('Bound', 'v');
    await cluster.client.update(PersistentVolumes, { ...held, metadata: { ...held.metadata, finalizers: [] } });
    await cluster.client.delete(PersistentVolumes, { name: 'v' });
    await claimIs('Lost');
    expect((await told('ClaimLost', 'data')).message).toBe(
      'Bound claim has lost its PersistentVolume. Data on the volume is lost!',
    );
  });
});

describe('a volume whose claim is deleted', () => {
  const released = async (spec: Partial<PersistentVolume['spec']>, phase = 'Released') => {
    await start();
    await addVolume(volume('v', spec));
    await add(claim());
    await claimIs('Bound');
    await cluster.client.delete(PersistentVolumeClaims, at());
    return volumeIs(phase, 'v');
  };

  it('is retained, with its claim’s name on it', async () => {
    const kept = await released({});
    expect(kept.spec?.claimRef?.name).toBe('data');
    await add(claim());
    await told('FailedBinding', 'data');
    expect((await getClaim()).status?.phase).toBe('Pending');
  });

  it('fails when nobody knows how to delete it', async () => {
    await released({ persistentVolumeReclaimPolicy: 'Delete' }, 'Failed');
    expect((await told('VolumeFailedDelete', 'v')).message).toBe(
      'error getting deleter volume plugin for volume "v": no volume plugin matched',
    );
  });

  it('is emptied by a pod, and free again', async () => {
    await released({ persistentVolumeReclaimPolicy: 'Recycle' });
    const key = { namespace: 'default', name: 'recycler-for-v' };
    const pod = await eventually('the recycler', () => cluster.client.get(Pods, key));
    expect(pod.spec?.volumes?.[0]?.hostPath?.path).toBe('/tmp/x');
    await cluster.client.updateStatus(Pods, { ...pod, status: { phase: 'Succeeded' } });
    const free = await volumeIs('Available', 'v');
    expect(free.spec?.claimRef).toBeUndefined();
    await told('VolumeRecycled', 'v');
    await add(claim({}, 'next'));
    expect((await claimIs('Bound', 'next')).spec?.volumeName).toBe('v');
  });
});

describe('the host path provisioner', () => {
  const className = 'host-path';
  const withClass = async (more: Partial<StorageClass> = {}) => {
    await start(2);
    await cluster.client.create(StorageClasses, { ...hostPathClass(true), ...more });
    await eventually('nodes keep volumes', async () => {
      const { items } = await cluster.client.list(Nodes);
      return items.length === 2 && items.every((n) => n.metadata?.annotations?.['sampan.io/host-path-root']);
    });
  };
  const selected = { 'volume.kubernetes.io/selected-node': 'simulated-1' };

  it('waits for the first consumer, then makes a volume on its node, grows and removes it', async () => {
    await withClass();
    await add(claim({ storageClassName: className }));
    expect((await told('WaitForFirstConsumer', 'data')).message).toBe(
      'waiting for first consumer to be created before binding',
    );
    await cluster.client.patch(PersistentVolumeClaims, at(), 'merge', { metadata: { annotations: selected } });
    const bound = await claimIs('Bound');
    const name = `pvc-${bound.metadata?.uid}`;
    expect(bound.spec?.volumeName).toBe(name);
    expect(bound.metadata?.annotations).toMatchObject({
      'volume.kubernetes.io/storage-provisioner': 'sampan.io/host-path',
    });
    await told('ExternalProvisioning', 'data');
    await told('ProvisioningSucceeded', 'data');
    const made = await volumeIs('Bound', name);
    expect(made.metadata?.labels).toEqual({ 'sampan.io/node': 'simulated-1' });

    await cluster.client.patch(PersistentVolumeClaims, at(), 'merge', {
      spec: { resources: { requests: { storage: '3Gi' } } },
    });
    await eventually('it has grown', async () => (await getClaim()).status?.capacity?.['storage'] === '3Gi');
    expect((await getVolume(name)).spec?.capacity).toEqual({ storage: '3Gi' });
    await told('VolumeResizeSuccessful', 'data');

    await cluster.client.delete(PersistentVolumeClaims, at());
    await isGone(name);
  });

  it('chooses a node itself when the class does not wait, and refuses what a folder cannot be', async () => {
    await withClass({ volumeBindingMode: 'Immediate', reclaimPolicy: 'Retain' });
    await add(claim({ storageClassName: className }));
    const bound = await claimIs('Bound');
    await add(claim({ storageClassName: className, volumeMode: 'Block' }, 'block'));
    expect((await told('ProvisioningFailed', 'block')).message).toBe(
      'failed to provision volume with StorageClass "host-path": host paths are folders: volumeMode Block is not supported',
    );
    await cluster.client.delete(PersistentVolumeClaims, at());
    await volumeIs('Released', bound.spec?.volumeName ?? '');
  });

  it('goes on without a node that is gone', async () => {
    await withClass();
    await add(claim({ storageClassName: className }, 'data', selected));
    const name = (await claimIs('Bound')).spec?.volumeName ?? '';
    await cluster.client.patch(PersistentVolumes, { name }, 'merge', {
      metadata: { labels: { 'sampan.io/node': 'no' } },
    });
    await cluster.client.delete(PersistentVolumeClaims, at());
    await isGone(name);
  });
});
