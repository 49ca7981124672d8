// Persistent volumes and claims: what is refused, what may change, what a status may say.
import { describe, expect, it } from 'vitest';
import volume from '../../../../src/api/kinds/core/persistentvolume.ts';
import claim from '../../../../src/api/kinds/core/persistentvolumeclaim.ts';
import type { Unstructured } from '../../../../src/api/types.ts';
import { create, update, updateOf, warningsOf } from '../lifecycle.ts';

const MODES = '"ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"';

describe('persistent volumes', () => {
  const hostPath = { path: '/a' };
  const base = { accessModes: ['ReadWriteOnce'], capacity: { storage: '1Gi' } };
  const document = (spec: object) => ({ metadata: { name: 'v' }, spec: { ...base, ...spec } });
  const refusals = (spec: object) => create(volume, document(spec)).errors.map((e) => e.replace(/^spec\./, ''));
  const csi = { driver: 'd', volumeHandle: 'h' };

  it.each<[object, string[]]>([
    [{ hostPath }, []],
    [{}, ['spec: Required value: must specify a volume type']],
    [{ hostPath, accessModes: [] }, ['accessModes: Required value']],
    [
      { hostPath, accessModes: ['x', 'ReadWriteOncePod', 'ReadWriteOnce'] },
      [
        `accessModes: Unsupported value: "x": supported values: ${MODES}`,
        'accessModes: Forbidden: may not use ReadWriteOncePod with other access modes',
      ],
    ],
    [
      { hostPath, capacity: {} },
      ['capacity: Required value', 'capacity: Unsupported value: {}: supported values: "storage"'],
    ],
    [{ hostPath, capacity: { storage: '0' } }, ['capacity[storage]: Invalid value: "0": must be greater than zero']],
    [
      { hostPath, capacity: { storage: '-1' } },
      [
        'capacity[storage]: Invalid value: -1: must be a valid resource quantity',
        'capacity[storage]: Invalid value: "-1": must be greater than zero',
      ],
    ],
    [
      { hostPath, capacity: { storage: '1', cpu: '1' } },
      ['capacity: Unsupported value: {"cpu":"1","storage":"1"}: supported values: "storage"'],
    ],
    [
      { hostPath, persistentVolumeReclaimPolicy: 'x' },
      ['persistentVolumeReclaimPolicy: Unsupported value: "x": supported values: "Delete", "Recycle", "Retain"'],
    ],
    [
      { hostPath: { path: '/./' }, persistentVolumeReclaimPolicy: 'Recycle' },
      ["persistentVolumeReclaimPolicy: Forbidden: may not be 'recycle' for a hostPath mount of '/'"],
    ],
    [{ hostPath, nfs: { server: 's', path: '/p' } }, ['nfs: Forbidden: may not specify more than 1 volume type']],
    [{ hostPath, volumeMode: 'x' }, ['volumeMode: Unsupported value: "x": supported values: "Block", "Filesystem"']],
    [{ hostPath, nodeAffinity: {} }, ['nodeAffinity.required: Required value: must specify required node constraints']],
    [{ local: { path: '/a' } }, ['nodeAffinity: Required value: Local volume requires node affinity']],
    [
      { local: {} },
      ['local.path: Required value', 'nodeAffinity: Required value: Local volume requires node affinity'],
    ],
    [{ csi: { driver: 'd' } }, ['csi.volumeHandle: Required value']],
    [
      { csi: { ...csi, nodePublishSecretRef: {} } },
      ['csi.nodePublishSecretRef.name: Required value', 'csi.nodePublishSecretRef.namespace: Required value'],
    ],
    [
      { hostPath, volumeAttributesClassName: '' },
      [
        'volumeAttributesClassName: Required value: an empty string is disallowed',
        'csi: Required value: has to be specified when using volumeAttributesClassName',
      ],
    ],
    [{ cinder: { volumeID: 'v', secretRef: { name: 's' } } }, ['cinder.secretRef.namespace: Required value']],
    [
      { azureFile: { secretName: 's', shareName: 'x', secretNamespace: '' } },
      ['azureFile.secretNamespace: Required value'],
    ],
    [
      { glusterfs: { endpoints: 'e', path: 'p', endpointsNamespace: '' } },
      [
        'glusterfs.endpointsNamespace: Invalid value: "": if the endpointnamespace is set, it must be a valid namespace name',
      ],
    ],
    [
      { iscsi: { targetPortal: 'x'.repeat(64), iqn: 'bad', initiatorName: 'iqn.2015-02.example.com:i' } },
      [
        `iscsi.targetportal: Invalid value: "${'x'.repeat(64)}": Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.`,
        'iscsi.iqn: Invalid value: "bad": must be valid format',
      ],
    ],
  ])('%j', (spec, expected) => expect(refusals(spec)).toEqual(expected));

  it.each<[object, object, string[]]>([
    [
      { hostPath },
      { hostPath: { path: '/b' } },
      [
        'spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is immutable after creation\n- hostPath.path: "/a"\n+ hostPath.path: "/b"\n',
      ],
    ],
    [{ csi }, { csi: { ...csi, controllerExpandSecretRef: { name: 'a', namespace: 'b' } } }, []],
    [{ hostPath }, { hostPath, volumeMode: 'Block' }, ['volumeMode: Invalid value: "Block": field is immutable']],
    [
      { csi, volumeAttributesClassName: 'a' },
      { csi },
      ['spec.volumeAttributesClassName: Forbidden: update from non-nil value to nil is forbidden'],
    ],
    [{ hostPath }, { hostPath, capacity: { storage: '2Gi' }, persistentVolumeReclaimPolicy: 'Delete' }, []],
  ])('from %j to %j', (before, after, expected) => {
    expect(update(volume, create(volume, document(before)).object, document(after)).errors).toEqual(expected);
  });

  it('keep their node affinity, but for labels that became stable', () => {
    const affinity = (key: string, value = 'z') => ({
      hostPath,
      nodeAffinity: {
        required: { nodeSelectorTerms: [{ matchExpressions: [{ key, operator: 'In', values: [value] }] }] },
      },
    });
    const old = create(volume, document(affinity('failure-domain.beta.kubernetes.io/zone'))).object;
    expect(update(volume, old, document(affinity('topology.kubernetes.io/zone'))).errors).toEqual([]);
    expect(update(volume, old, document(affinity('topology.kubernetes.io/zone', 'y'))).errors[0]).toMatch(
      /^nodeAffinity: Invalid value: .*: field is immutable, except for updating from beta label to GA$/,
    );
    expect(warningsOf(volume, document(affinity('beta.kubernetes.io/os')))).toEqual([
      'spec.nodeAffinity.required.nodeSelectorTerms[0].matchExpressions[0].key: beta.kubernetes.io/os is deprecated since v1.14; use "kubernetes.io/os" instead',
    ]);
  });
});

describe('claims', () => {
  const base = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };
  const document = (spec: object, metadata: object = {}) => ({
    metadata: { name: 'c', namespace: 'n', ...metadata },
    spec: { ...base, ...spec },
  });
  const refusals = (spec: object) => create(claim, document(spec)).errors.map((e) => e.replace(/^spec\./, ''));
  const ref = { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', name: 's' };
  const storage = (amount: string) => ({ resources: { requests: { storage: amount } } });

  it.each<[object, string[]]>([
    [{}, []],
    [{ accessModes: [] }, ['accessModes: Required value: at least 1 access mode is required']],
    [{ resources: {} }, ['resources[storage]: Required value']],
    [storage('0'), ['resources[storage]: Invalid value: "0": must be greater than zero']],
    [{ storageClassName: '' }, []],
    [{ volumeMode: 'x' }, ['volumeMode: Unsupported value: "x": supported values: "Block", "Filesystem"']],
    [{ dataSource: ref }, []],
    [{ dataSource: { kind: 'VolumeSnapshot', name: 's' } }, []],
    [
      { dataSourceRef: { kind: 'VolumeSnapshot', name: 's' } },
      [
        'dataSource: Invalid value: "VolumeSnapshot": must be \'PersistentVolumeClaim\' when referencing the default apiGroup',
        'dataSourceRef: Invalid value: "VolumeSnapshot": must be \'PersistentVolumeClaim\' when referencing the default apiGroup',
      ],
    ],
    [{ dataSource: ref, dataSourceRef: { ...ref, name: 't' } }, ['spec: Invalid value: {}: must match dataSourceRef']],
    [
      { dataSourceRef: { apiGroup: 'A_b', kind: '', name: '' } },
      [
        expect.stringMatching(/^dataSource\.name: Required/),
        'dataSource.kind: Required value',
        expect.stringMatching(/^dataSource\.apiGroup: Invalid/),
        'dataSourceRef.name: Required value',
        'dataSourceRef.kind: Required value',
        expect.stringMatching(/^dataSourceRef\.apiGroup: Invalid/),
      ] as unknown as string[],
    ],
  ])('%j', (spec, expected) => expect(refusals(spec)).toEqual(expected));

  it('say the source in both fields', () => {
    expect(create(claim, document({ dataSource: ref })).object['spec']).toMatchObject({ dataSourceRef: ref });
    expect(create(claim, document({ dataSourceRef: ref })).object['spec']).toMatchObject({ dataSource: ref });
  });

  it('forget what was never a source, and references to other namespaces, but where they were', () => {
    const elsewhere = { ...ref, namespace: 'x' };
    const other = { apiGroup: 'a.b', kind: 'Tape', name: 't' };
    const specOf = (spec: object) => create(claim, document(spec)).object['spec'];
    expect(specOf({ dataSource: other })).toEqual(specOf({}));
    expect(specOf({ dataSourceRef: other })).toMatchObject({ dataSource: other, dataSourceRef: other });
    expect(specOf({ dataSourceRef: elsewhere })).toEqual(specOf({}));
    const old = {
      ...create(claim, document({})).object,
      spec: { dataSourceRef: elsewhere },
    } as unknown as Unstructured;
    const kept = update(claim, old, document({ dataSource: ref, dataSourceRef: elsewhere }));
    expect(kept.object['spec']).toMatchObject({ dataSourceRef: elsewhere });
    expect(kept.errors).toContain(
      'spec: Invalid value: {}: may not be specified when dataSourceRef.namespace is specified',
    );
  });

  const made = (spec: object, status: object = { phase: 'Pending' }, metadata: object = {}) =>
    ({ ...create(claim, document(spec, metadata)).object, status }) as Unstructured;
  const bound = { phase: 'Bound', capacity: { storage: '1Gi' } };
  const FIXED =
    'spec: Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims';
  it.each<[object, object, object, string[]]>([
    [{}, bound, storage('2Gi'), []],
    [
      {},
      { phase: 'Pending' },
      storage('2Gi'),
      [`${FIXED}\n- spec.resources.requests.storage: "1Gi"\n+ spec.resources.requests.storage: "2Gi"\n`],
    ],
    [storage('3Gi'), bound, storage('2Gi'), []],
    [
      storage('3Gi'),
      bound,
      storage('1Gi'),
      ['spec.resources.requests.storage: Forbidden: field can not be less than status.capacity'],
    ],
    [{}, bound, { volumeName: 'v' }, []],
    [{ volumeName: 'v' }, bound, { volumeName: 'w' }, [`${FIXED}\n- spec.volumeName: "v"\n+ spec.volumeName: "w"\n`]],
    [{}, bound, { storageClassName: 'a' }, []],
    [
      { storageClassName: 'a' },
      bound,
      { storageClassName: 'b' },
      [`${FIXED}\n- spec.storageClassName: "a"\n+ spec.storageClassName: "b"\n`],
    ],
    [{}, bound, { volumeAttributesClassName: 'a' }, []],
    [
      { volumeAttributesClassName: 'a' },
      bound,
      { volumeAttributesClassName: '' },
      ['spec.volumeAttributesClassName: Forbidden: update from non-nil value to an empty string is forbidden'],
    ],
    [
      { volumeMode: 'Block' },
      bound,
      {},
      [
        `${FIXED}\n- spec.volumeMode: "Block"\n+ spec.volumeMode: "Filesystem"\n`,
        'volumeMode: Invalid value: "Filesystem": field is immutable',
      ],
    ],
  ])('from %j (%j) to %j', (before, status, after, expected) => {
    expect(update(claim, made(before, status), document(after)).errors).toEqual(expected);
  });

  it('move their class from the annotation to the field', () => {
    const metadata = { annotations: { 'volume.beta.kubernetes.io/storage-class': 'a' } };
    const old = made({}, bound, metadata);
    expect(update(claim, old, document({ storageClassName: 'a' }, metadata)).errors).toEqual([]);
    expect(update(claim, old, document({})).errors).toEqual([
      'metadata.annotations.volume.beta.kubernetes.io/storage-class: Invalid value: "": field is immutable',
    ]);
    expect(warningsOf(claim, document(storage('1500m'), metadata))).toEqual([
      'metadata.annotations[volume.beta.kubernetes.io/storage-class]: deprecated since v1.8; use "storageClassName" attribute instead',
      'spec.resources.requests[storage]: fractional byte value "1500m" is invalid, must be an integer',
    ]);
  });

  it.each<[object, string[]]>([
    [bound, []],
    [
      { capacity: { storage: '-1' } },
      ['status.capacity[storage]: Invalid value: -1: must be a valid resource quantity'],
    ],
    [
      { allocatedResources: { cpu: '1' } },
      ['status.allocatedResources: Unsupported value: "cpu": supported values: "storage"'],
    ],
    [
      { allocatedResourceStatuses: { storage: 'x' } },
      [
        'status.allocatedResourceStatus: Unsupported value: "storage": supported values: "ControllerResizeInProgress", "ControllerResizeInfeasible", "NodeResizeInProgress", "NodeResizeInfeasible", "NodeResizePending"',
      ],
    ],
  ])('status %j', (status, expected) => {
    const object = made({}, status);
    expect(updateOf(claim, 'status', object, object)).toEqual(expected);
  });
});
