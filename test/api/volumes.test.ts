// Which volume a claim may have, as a table, and the volumes that the provisioner names.
import type { PersistentVolume, PersistentVolumeClaim } from 'kubernetes-types/core/v1.js';
import { describe, expect, it } from 'vitest';
import { folderIn, hostPathClass, hostPathVolume, refusal } from '../../src/api/host-path.ts';
import { type MatchOptions, findVolume, mismatch, notForPod } from '../../src/api/volumes.ts';

const volume = (
  name: string,
  spec: Partial<PersistentVolume['spec']> = {},
  metadata: PersistentVolume['metadata'] = {},
  phase = 'Available',
): PersistentVolume => ({
  metadata: { name, ...metadata },
  spec: { accessModes: ['ReadWriteOnce'], capacity: { storage: '1Gi' }, hostPath: { path: '/x' }, ...spec },
  status: { phase },
});
const claim = (
  spec: Partial<PersistentVolumeClaim['spec']> = {},
  metadata: PersistentVolumeClaim['metadata'] = {},
): PersistentVolumeClaim => ({
  metadata: { namespace: 'ns', name: 'c', uid: 'u', ...metadata },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, ...spec },
});
const onNode = (name: string) => ({
  required: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'host', operator: 'In', values: [name] }] }] },
});
const reserved = (uid?: string) => ({ claimRef: { namespace: 'ns', name: 'c', ...(uid ? { uid } : {}) } });
const big = { capacity: { storage: '5Gi' } };
const beta = { annotations: { 'volume.beta.kubernetes.io/storage-class': 'gold' } };
const now: MatchOptions = { delayed: false };
const node = (name: string) => ({ name, labels: { host: name } });

describe('the volume of a claim', () => {
  it.each<[string, PersistentVolumeClaim, PersistentVolume[], MatchOptions, string | undefined]>([
    ['the smallest that fits', claim(), [volume('big', big), volume('fit'), volume('z')], now, 'fit'],
    ['none is large enough', claim({ resources: { requests: { storage: '2Gi' } } }), [volume('a')], now, undefined],
    ['sizes are quantities', claim({ resources: { requests: { storage: '1000Mi' } } }), [volume('a')], now, 'a'],
    ['all its modes', claim({ accessModes: ['ReadWriteOnce', 'ReadOnlyMany'] }), [volume('a')], now, undefined],
    ['some of a volume’s modes', claim(), [volume('a', { accessModes: ['ReadWriteMany', 'ReadWriteOnce'] })], now, 'a'],
    ['another class', claim({ storageClassName: 'x' }), [volume('a')], now, undefined],
    ['its class', claim({ storageClassName: 'x' }), [volume('a', { storageClassName: 'x' })], now, 'a'],
    ['the old annotation', claim({}, beta), [volume('a', { storageClassName: 'gold' })], now, 'a'],
    ['a class of its own, explicitly none', claim({ storageClassName: '' }), [volume('a')], now, 'a'],
    ['its selector', claim({ selector: { matchLabels: { a: '1' } } }), [volume('a')], now, undefined],
    [
      'its selector',
      claim({ selector: { matchLabels: { a: '1' } } }),
      [volume('a', {}, { labels: { a: '1' } })],
      now,
      'a',
    ],
    ['block for a file system', claim(), [volume('a', { volumeMode: 'Block' })], now, undefined],
    ['block for block', claim({ volumeMode: 'Block' }), [volume('a', { volumeMode: 'Block' })], now, 'a'],
    ['one that is going', claim(), [volume('a', {}, { deletionTimestamp: 'now' as never })], now, undefined],
    [
      'one that is not free',
      claim(),
      [volume('a', {}, {}, 'Released'), volume('b', {}, {}, 'Pending')],
      now,
      undefined,
    ],
    ['reserved for it, though larger', claim(), [volume('a'), volume('mine', { ...big, ...reserved() })], now, 'mine'],
    ['reserved for it in another class', claim(), [volume('m', { storageClassName: 'x', ...reserved('u') })], now, 'm'],
    ['reserved for an older claim of that name', claim(), [volume('m', reserved('old'))], now, undefined],
    ['reserved for another', claim({}, { name: 'd' }), [volume('m', reserved())], now, undefined],
    ['waits for its first pod', claim(), [volume('a')], { delayed: true }, undefined],
    ['waits, but has one reserved', claim(), [volume('m', reserved())], { delayed: true }, 'm'],
    ['on a node', claim(), [volume('a', { nodeAffinity: onNode('x') })], { delayed: true, node: node('x') }, 'a'],
    ['not there', claim(), [volume('a', { nodeAffinity: onNode('x') })], { delayed: true, node: node('y') }, undefined],
    ['promised to another', claim(), [volume('a')], { delayed: false, excluded: new Set(['a']) }, undefined],
  ])('%s', (_what, wanted, volumes, options, expected) => {
    expect(findVolume(wanted, volumes, options)?.metadata?.name).toBe(expected);
    expect(findVolume(wanted, volumes.toReversed(), options)?.metadata?.name).toBe(expected);
  });

  it.each<[PersistentVolumeClaim, string | undefined]>([
    [claim(), undefined],
    [claim({ resources: { requests: { storage: '2Gi' } } }), 'requested PV is too small'],
    [claim({ storageClassName: 'x' }), 'storageClassName does not match'],
    [claim({ volumeMode: 'Block' }), 'incompatible volumeMode'],
    [claim({ accessModes: ['ReadWriteMany'] }), 'incompatible accessMode'],
  ])('that the user named does or does not do', (wanted, why) => {
    expect(mismatch(volume('a'), wanted)).toBe(why);
  });

  it('of an ephemeral volume belongs to its pod', () => {
    const pod = { metadata: { namespace: 'ns', name: 'p', uid: 'p1' } };
    const owner = { apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'p1', controller: true };
    expect(notForPod(pod, claim({}, { ownerReferences: [owner] }))).toBeUndefined();
    expect(notForPod(pod, claim())).toBe('PVC ns/c was not created for pod ns/p (pod is not owner)');
  });
});

describe('host path volumes', () => {
  const able = {
    metadata: {
      name: 'n',
      labels: { 'kubernetes.io/hostname': 'n' },
      annotations: { 'sampan.io/host-path-root': '/data/volumes' },
    },
  };
  const uid = '0b1c';

  it('are folders of one node, named after their claim', () => {
    const made = hostPathVolume(claim({ storageClassName: 'host-path' }, { uid }), hostPathClass(true), able);
    expect(made).toMatchObject({
      metadata: { name: 'pvc-0b1c', labels: { 'sampan.io/node': 'n' }, finalizers: ['sampan.io/host-path'] },
      spec: {
        local: { path: '/data/volumes/pvc-0b1c_ns_c' },
        persistentVolumeReclaimPolicy: 'Delete',
        storageClassName: 'host-path',
        claimRef: { namespace: 'ns', name: 'c', uid },
      },
    });
    const path = (made as PersistentVolume).spec?.local?.path;
    expect(folderIn('/data/volumes', path)).toBe('pvc-0b1c_ns_c');
  });

  it('need a node that keeps volumes, and a claim that a folder can serve', () => {
    const unable = { metadata: { name: 'k', labels: able.metadata.labels } };
    expect(hostPathVolume(claim(), hostPathClass(true), unable)).toBe('node "k" keeps no host path volumes');
    expect(refusal(claim(), hostPathClass(true))).toBeUndefined();
    expect(refusal(claim({ volumeMode: 'Block' }), hostPathClass(true))).toContain('Block is not supported');
    expect(refusal(claim({ selector: {} }), hostPathClass(true))).toBe('claim Selector is not supported');
    const odd = { ...hostPathClass(false), parameters: { path: '/etc' } };
    expect(refusal(claim(), odd)).toBe('unknown parameter "path" of storage class');
  });

  it.each(['/etc', '/data/volumes', '/data/volumes/../x', '/data/volumes/pvc-1_a/b', '/data/volumes/x', undefined])(
    'are nowhere else: %s',
    (path) => {
      expect(folderIn('/data/volumes', path)).toBeUndefined();
    },
  );
});
