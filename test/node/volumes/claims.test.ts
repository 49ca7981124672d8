// Volumes behind claims on a real file system: what is mounted, who may have it, and where a node makes folders.
import { existsSync, mkdtempSync } from 'node:fs';
import { mkdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PersistentVolume, PersistentVolumeClaim, Pod, Volume } from 'kubernetes-types/core/v1.js';
import { afterAll, describe, expect, it } from 'vitest';
import { VolumeManager } from '../../../src/node/volumes/manager.ts';
import type { VolumeSources } from '../../../src/node/volumes/payload.ts';
import { PodDirectories } from '../../../src/node/volumes/pod-directory.ts';
import { VolumeFolders } from '../../../src/node/volumes/volume-folders.ts';

const root = mkdtempSync(join(tmpdir(), 'sampan-claims-'));
afterAll(() => rm(root, { recursive: true, force: true }));
let count = 0;

const nothing = {} as VolumeSources;
function machine() {
  const folder = join(root, String(++count));
  const folders = new VolumeFolders(join(folder, 'volumes'));
  const claims = new Map<string, PersistentVolumeClaim>();
  const volumes = new Map<string, PersistentVolume>();
  const manager = new VolumeManager(new PodDirectories(folder), folders, {
    ...nothing,
    claim: async (namespace, name) => claims.get(`${namespace}/${name}`),
    volume: async (name) => volumes.get(name),
    node: () => ({ name: 'n', labels: { 'kubernetes.io/hostname': 'n' } }),
  });
  const bind = (spec: Partial<PersistentVolume['spec']>, phase = 'Bound') => {
    const claimRef = { namespace: 'ns', name: 'c', uid: 'c1' };
    claims.set('ns/c', {
      metadata: { namespace: 'ns', name: 'c', uid: 'c1' },
      spec: { volumeName: 'v' },
      status: { phase },
    });
    volumes.set('v', { metadata: { name: 'v', uid: 'v1' }, spec: { claimRef, ...spec } });
  };
  return { folder, folders, claims, volumes, manager, bind };
}
const pod = (uid = 'u', volume: Partial<Volume> = { persistentVolumeClaim: { claimName: 'c' } }): Pod => ({
  metadata: { name: 'p', namespace: 'ns', uid },
  spec: { containers: [], volumes: [{ name: 'data', ...volume }] },
});
const mine = 'volumes/pvc-1_ns_c';
const waits = (why: string) =>
  `Unable to attach or mount volumes: unmounted volumes=[data], unattached volumes=[data], failed to process volumes=[data]: ${why}`;

describe('a claim in a pod', () => {
  it('is the folder of its volume, made when it is first needed', async () => {
    const { folder, manager, bind } = machine();
    bind({ local: { path: join(folder, mine) } });
    const made = await manager.setUp(pod());
    expect(made.get('data')).toEqual({ path: join(folder, mine), readOnly: false });
    expect((await stat(join(folder, mine))).mode & 0o777).toBe(0o777);
    await writeFile(join(folder, mine, 'kept'), 'x');
    const again = await manager.setUp(pod('later', { persistentVolumeClaim: { claimName: 'c', readOnly: true } }));
    expect(again.get('data')?.readOnly).toBe(true);
    expect(await readFile(join(folder, mine, 'kept'), 'utf8')).toBe('x');
  });

  it('may be a path that the user named, which is not made for a local volume', async () => {
    const { folder, manager, bind } = machine();
    bind({ hostPath: { path: join(folder, 'host'), type: 'DirectoryOrCreate' } });
    expect((await manager.setUp(pod())).get('data')?.path).toBe(join(folder, 'host'));
    bind({ local: { path: join(folder, 'none') } });
    const why = `MountVolume.SetUp failed for volume "v" : path "${join(folder, 'none')}" does not exist`;
    await expect(manager.setUp(pod('other'))).rejects.toThrow(why);
  });

  it('keeps the pod waiting until it is bound, in the kubelet’s words', async () => {
    const { claims, manager, bind } = machine();
    const missing = 'failed to fetch PVC from API server: persistentvolumeclaims "c" not found';
    await expect(manager.setUp(pod())).rejects.toThrow(waits(`error processing PVC ns/c: ${missing}`));
    bind({ hostPath: { path: root } }, 'Pending');
    await expect(manager.setUp(pod())).rejects.toThrow(waits('error processing PVC ns/c: PVC is not bound'));
    bind({ hostPath: { path: root } });
    Object.assign(claims.get('ns/c')!.metadata!, { deletionTimestamp: 'now' });
    await expect(manager.setUp(pod())).rejects.toThrow("can't start pod because PVC is being deleted");
  });

  it.each<[Partial<PersistentVolume['spec']>, string]>([
    [{ hostPath: { path: '/' }, volumeMode: 'Block' }, 'raw block volumes (volumeMode: Block) are not supported'],
    [{ nfs: { server: 's', path: '/' } }, 'persistent volumes of the type nfs are not supported by this node'],
    [{ hostPath: { path: '/' }, claimRef: { namespace: 'ns', name: 'c', uid: 'x' } }, 'is not bound to PVC ns/c'],
    [
      {
        hostPath: { path: '/' },
        nodeAffinity: {
          required: {
            nodeSelectorTerms: [
              { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: ['elsewhere'] }] },
            ],
          },
        },
      },
      'MountVolume.NodeAffinity check failed for volume "v" : no matching NodeSelectorTerms',
    ],
  ])('is refused when the node cannot serve it: %j', async (spec, why) => {
    const { manager, bind } = machine();
    bind(spec);
    await expect(manager.setUp(pod())).rejects.toThrow(why);
  });

  it('of ReadWriteOncePod is one pod’s at a time', async () => {
    const { folder, manager, bind } = machine();
    bind({ local: { path: join(folder, mine) }, accessModes: ['ReadWriteOncePod'] });
    await manager.setUp(pod('first'));
    await manager.setUp(pod('first'));
    await expect(manager.setUp(pod('second'))).rejects.toThrow(
      'volume uses the ReadWriteOncePod access mode and is already in use by another pod',
    );
    manager.forget('first');
    await manager.setUp(pod('second'));
  });

  it('that is ephemeral must have been made for the pod', async () => {
    const { folder, claims, manager, bind } = machine();
    bind({ local: { path: join(folder, mine) } });
    const claim = claims.get('ns/c')!;
    claims.set('ns/p-data', claim);
    await expect(manager.setUp(pod('u', { ephemeral: {} }))).rejects.toThrow('was not created for pod ns/p');
    claim.metadata!.ownerReferences = [{ apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'u', controller: true }];
    expect((await manager.setUp(pod('u', { ephemeral: {} }))).has('data')).toBe(true);
  });
});

describe('folders of volumes', () => {
  it('are removed with all that is in them, and nothing that they link to', async () => {
    const { folder, folders } = machine();
    const path = join(folder, mine);
    await folders.make(path);
    await mkdir(join(folder, 'precious'));
    await symlink(join(folder, 'precious'), join(path, 'link'));
    await folders.remove(path);
    await folders.remove(path);
    expect(existsSync(path)).toBe(false);
    expect(existsSync(join(folder, 'precious'))).toBe(true);
  });

  it('are nowhere else', async () => {
    const { folder, folders } = machine();
    await mkdir(join(folder, 'precious'), { recursive: true });
    for (const path of [join(folder, 'precious'), folders.root, join(folders.root, '..', 'precious')]) {
      await expect(folders.remove(path)).rejects.toThrow('is no volume of this node');
      await expect(folders.make(path)).rejects.toThrow('is no volume of this node');
    }
    await mkdir(folders.root);
    await symlink(join(folder, 'precious'), join(folders.root, 'pvc-2_ns_c'));
    await folders.remove(join(folders.root, 'pvc-2_ns_c'));
    expect(existsSync(join(folder, 'precious'))).toBe(true);
  });
});
