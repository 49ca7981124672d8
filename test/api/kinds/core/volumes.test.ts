// Every volume source that a pod can have: what is valid, what is required, what the messages are.
import { describe, expect, it } from 'vitest';
import { container, refusals } from './pod-document.ts';

const V = 'spec.volumes[0]';
const volume = (source: object, name = 'v'): string[] => refusals({ volumes: [{ name, ...source }] });
const claimSpec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };
const SUBDOMAIN =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

const VALID: Record<string, object> = {
  emptyDir: { medium: 'Memory', sizeLimit: '1Gi' },
  hostPath: { path: '/a', type: 'DirectoryOrCreate' },
  gitRepo: { repository: 'r', directory: 'a/b' },
  gcePersistentDisk: { pdName: 'd', partition: 1 },
  awsElasticBlockStore: { volumeID: 'd' },
  secret: { secretName: 's', defaultMode: 0o400, items: [{ key: 'k', path: 'a/b', mode: 0o777 }] },
  nfs: { server: 's', path: '/p' },
  iscsi: {
    targetPortal: '1.2.3.4',
    iqn: 'iqn.2015-02.example.com:test',
    lun: 255,
    initiatorName: 'iqn.2015-02.example.com:init',
  },
  glusterfs: { endpoints: 'e', path: 'p' },
  flocker: { datasetName: 'd' },
  persistentVolumeClaim: { claimName: 'c' },
  rbd: { monitors: ['m'], image: 'i' },
  cinder: { volumeID: 'v', secretRef: { name: 's' } },
  cephfs: { monitors: ['m'] },
  quobyte: { registry: 'a:1,[::1]:2', volume: 'v' },
  downwardAPI: { items: [{ path: 'labels', fieldRef: { fieldPath: "metadata.labels['a/b']" } }] },
  fc: { targetWWNs: ['w'], lun: 1 },
  flexVolume: { driver: 'd', options: { 'example.com/x': 'y' } },
  configMap: { name: 'm' },
  azureFile: { secretName: 's', shareName: 'x' },
  vsphereVolume: { volumePath: 'p' },
  photonPersistentDisk: { pdID: 'p' },
  portworxVolume: { volumeID: 'p' },
  azureDisk: { diskName: 'd', diskURI: 'https://x', kind: 'Dedicated' },
  storageos: { volumeName: 'v', volumeNamespace: 'n' },
  projected: { sources: [{ secret: { name: 's' } }, { serviceAccountToken: { path: 't' } }] },
  scaleIO: { gateway: 'g', system: 's', volumeName: 'v' },
  csi: { driver: 'Example.com', nodePublishSecretRef: { name: 's' } },
  ephemeral: { volumeClaimTemplate: { metadata: { labels: { a: 'b' } }, spec: claimSpec } },
  image: { reference: 'i' },
};

describe('volume sources', () => {
  it.each(Object.keys(VALID).filter((k) => k !== 'projected'))('%s is accepted', (name) => {
    expect(volume({ [name]: VALID[name] })).toEqual([]);
  });

  it('projected with a token needs a service account', () => {
    expect(refusals({ serviceAccountName: 'a', volumes: [{ name: 'v', projected: VALID['projected'] }] })).toEqual([]);
    expect(volume({ projected: VALID['projected'] })).toEqual([
      `${V}.projected.sources[1].serviceAccountToken: Forbidden: must not be specified when serviceAccountName is not set`,
    ]);
  });

  // Upstream's order decides which of two is the one too many.
  const order = Object.keys(VALID).filter((k) => k !== 'projected');
  const pairs = order.flatMap((a, i) => order.slice(i + 1).map((b) => [a, b] as const));
  it(`of ${pairs.length} pairs the second is forbidden`, () => {
    const shown: Record<string, string> = { cephfs: 'cephFS', downwardAPI: 'downwarAPI' };
    for (const [a, b] of pairs) {
      const why = `${V}.${shown[b] ?? b}: Forbidden: may not specify more than 1 volume type`;
      expect(volume({ [b]: VALID[b], [a]: VALID[a] }), `${a} and ${b}`).toEqual([why]);
    }
  });

  it.each<[object, string[]]>([
    [
      { emptyDir: { sizeLimit: '-1' } },
      ['emptyDir.sizeLimit: Forbidden: SizeLimit field must be a valid resource quantity'],
    ],
    [{ hostPath: { path: '' } }, ['hostPath.path: Required value']],
    [{ hostPath: { path: '/a/../b' } }, [`hostPath.path: Invalid value: "/a/../b": must not contain '..'`]],
    [
      { hostPath: { path: '/a', type: 'X' } },
      [
        'hostPath.type: Unsupported value: "X": supported values: "", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"',
      ],
    ],
    [{ gitRepo: {} }, ['gitRepo.repository: Required value']],
    [
      { gitRepo: { repository: 'r', directory: '/a' } },
      ['gitRepo.directory: Invalid value: "/a": must be a relative path'],
    ],
    [{ gcePersistentDisk: {} }, ['persistentDisk.pdName: Required value']],
    [
      { gcePersistentDisk: { pdName: 'd', partition: 256 } },
      ['persistentDisk.partition: Invalid value: 256: must be between 1 and 255, inclusive'],
    ],
    [
      { awsElasticBlockStore: { partition: -1 } },
      [
        'awsElasticBlockStore.volumeID: Required value',
        'awsElasticBlockStore.partition: Invalid value: -1: must be between 1 and 255, inclusive',
      ],
    ],
    [{ secret: {} }, ['secret.secretName: Required value']],
    [
      { secret: { secretName: 's', defaultMode: 512 } },
      ['secret.defaultMode: Invalid value: 512: must be a number between 0 and 0777 (octal), both inclusive'],
    ],
    [
      { secret: { secretName: 's', items: [{}] } },
      ['secret.items[0].key: Required value', 'secret.items[0].path: Required value'],
    ],
    [{ configMap: {} }, ['configMap.name: Required value']],
    [
      { configMap: { name: 'm', items: [{ key: 'k', path: '..a', mode: -1 }] } },
      [
        `configMap.items[0].path: Invalid value: "..a": must not start with '..'`,
        'configMap.items[0].mode: Invalid value: -1: must be a number between 0 and 0777 (octal), both inclusive',
      ],
    ],
    [
      { configMap: { name: 'm', items: [{ key: 'k', path: '../a' }] } },
      [`configMap.items[0].path: Invalid value: "../a": must not contain '..'`],
    ],
    [
      { nfs: {} },
      [
        'nfs.server: Required value',
        'nfs.path: Required value',
        'nfs.path: Invalid value: "": must be an absolute path',
      ],
    ],
    [{ iscsi: {} }, ['iscsi.targetPortal: Required value', 'iscsi.iqn: Required value']],
    [
      { iscsi: { targetPortal: 't', iqn: 'x', lun: 256 } },
      [
        'iscsi.iqn: Invalid value: "x": must be valid format starting with iqn, eui, or naa',
        'iscsi.lun: Invalid value: 256: must be between 0 and 255, inclusive',
      ],
    ],
    [{ iscsi: { targetPortal: 't', iqn: 'eui.1' } }, ['iscsi.iqn: Invalid value: "eui.1": must be valid format']],
    [
      { iscsi: { targetPortal: 't', iqn: 'naa.62004567BA64678D0123456789ABCDEF', chapAuthSession: true } },
      ['iscsi.secretRef: Required value'],
    ],
    [{ glusterfs: {} }, ['glusterfs.endpoints: Required value', 'glusterfs.path: Required value']],
    [{ flocker: {} }, ['flocker: Required value: one of datasetName and datasetUUID is required']],
    [{ flocker: { datasetName: 'a/b' } }, [`flocker.datasetName: Invalid value: "a/b": must not contain '/'`]],
    [
      { flocker: { datasetName: 'a', datasetUUID: 'b' } },
      ['flocker: Invalid value: "resource": datasetName and datasetUUID can not be specified simultaneously'],
    ],
    [{ persistentVolumeClaim: {} }, ['persistentVolumeClaim.claimName: Required value']],
    [{ rbd: {} }, ['rbd.monitors: Required value', 'rbd.image: Required value']],
    [{ cinder: { secretRef: {} } }, ['cinder.volumeID: Required value', 'cinder.secretRef.name: Required value']],
    [{ cephfs: {} }, ['cephfs.monitors: Required value']],
    [
      { quobyte: {} },
      [
        'quobyte.registry: Required value: must be a host:port pair or multiple pairs separated by commas',
        'quobyte.volume: Required value',
      ],
    ],
    [
      { quobyte: { registry: 'a:1,b', volume: 'v' } },
      ['quobyte.registry: Invalid value: "a:1,b": must be a host:port pair or multiple pairs separated by commas'],
    ],
    [
      { quobyte: { registry: 'a:1', tenant: 'x'.repeat(65), volume: 'v' } },
      ['quobyte.tenant: Required value: must be a UUID and may not exceed a length of 64 characters'],
    ],
    [
      { downwardAPI: { items: [{ path: 'a' }] } },
      ['downwardAPI: Required value: one of fieldRef and resourceFieldRef is required'],
    ],
    [
      { downwardAPI: { items: [{ path: 'a', fieldRef: { fieldPath: 'spec.nodeName' } }] } },
      [
        'downwardAPI.fieldRef.fieldPath: Unsupported value: "spec.nodeName": supported values: "metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid"',
      ],
    ],
    [
      { downwardAPI: { items: [{ path: 'a', resourceFieldRef: { resource: 'limits.cpu' } }] } },
      ['downwardAPI.resourceFieldRef.containerName: Required value'],
    ],
    [{ fc: {} }, ['fc.targetWWNs: Required value: must specify either targetWWNs or wwids, but not both']],
    [
      { fc: { targetWWNs: ['a'], wwids: ['b'] } },
      [
        'fc.targetWWNs: Invalid value: ["a"]: targetWWNs and wwids can not be specified simultaneously',
        'fc.lun: Required value: lun is required if targetWWNs is specified',
      ],
    ],
    [
      { flexVolume: { options: { 'k8s.io/a': 'b' } } },
      [
        'flexVolume.driver: Required value',
        'flexVolume.options[k8s.io/a]: Invalid value: "k8s.io/a": kubernetes.io and k8s.io namespaces are reserved',
      ],
    ],
    [{ azureFile: {} }, ['azureFile.secretName: Required value', 'azureFile.shareName: Required value']],
    [
      { azureDisk: { diskName: 'd', diskURI: 'x', kind: 'Managed', cachingMode: 'Y' } },
      [
        'azureDisk.cachingMode: Unsupported value: "Y": supported values: "None", "ReadOnly", "ReadWrite"',
        'azureDisk.diskURI: Unsupported value: "x": supported values: "/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}"',
      ],
    ],
    [
      { storageos: { volumeName: '', secretRef: {} } },
      ['storageos.volumeName: Required value', 'storageos.secretRef.name: Required value'],
    ],
    [
      { scaleIO: {} },
      ['scaleIO.gateway: Required value', 'scaleIO.system: Required value', 'scaleIO.volumeName: Required value'],
    ],
    [
      { csi: { nodePublishSecretRef: {} } },
      [
        'csi.driver: Required value',
        `csi.driver: Invalid value: "": ${SUBDOMAIN}`,
        'csi.nodePublishSecretRef.name: Required value',
      ],
    ],
    [{ csi: { driver: 'a'.repeat(64) } }, ['csi.driver: Too long: may not be more than 63 bytes']],
    [{ ephemeral: {} }, ['ephemeral.volumeClaimTemplate: Required value']],
    [
      { ephemeral: { volumeClaimTemplate: { metadata: { name: 'x', uid: 'y' }, spec: {} } } },
      [
        'ephemeral.volumeClaimTemplate.metadata.name: Forbidden: cannot be set',
        'ephemeral.volumeClaimTemplate.metadata.uID: Forbidden: cannot be set',
        'ephemeral.volumeClaimTemplate.spec.accessModes: Required value: at least 1 access mode is required',
        'ephemeral.volumeClaimTemplate.spec.resources[storage]: Required value',
      ],
    ],
    [{ image: { reference: '' } }, ['image.reference: Required value']],
    [
      { image: { reference: 'i', pullPolicy: 'Sometimes' } },
      ['image.pullPolicy: Unsupported value: "Sometimes": supported values: "Always", "IfNotPresent", "Never"'],
    ],
  ])('%j', (source, expected) => {
    expect(volume(source)).toEqual(expected.map((e) => `${V}.${e}`));
  });
});

describe('projected volumes', () => {
  it.each<[object[], string[]]>([
    [[{ secret: {} }], ['sources[0].secret.name: Required value']],
    [
      [{ secret: { name: 's' }, configMap: { name: 'c' } }],
      ['sources[0]: Forbidden: may not specify more than 1 volume type per source'],
    ],
    [
      [
        { secret: { name: 's', items: [{ key: 'k', path: 'p' }] } },
        { configMap: { name: 'c', items: [{ key: 'k', path: 'p' }] } },
      ],
      [': Invalid value: "c": conflicting duplicate paths'],
    ],
    [
      [
        {
          downwardAPI: {
            items: [
              { path: 'a', fieldRef: { fieldPath: 'metadata.uid' } },
              { path: 'a', fieldRef: { fieldPath: 'metadata.name' } },
            ],
          },
        },
      ],
      [': Invalid value: "a": conflicting duplicate paths'],
    ],
    [
      [{ serviceAccountToken: { path: '', expirationSeconds: 599 } }],
      [
        'sources[0].serviceAccountToken.expirationSeconds: Invalid value: 599: may not specify a duration less than 10 minutes',
        'path: Required value',
      ],
    ],
    [
      [{ serviceAccountToken: { path: '../t', expirationSeconds: 4294967297 } }],
      [
        'sources[0].serviceAccountToken.expirationSeconds: Invalid value: 4294967297: may not specify a duration larger than 2^32 seconds',
        `path: Invalid value: "../t": must not contain '..'`,
      ],
    ],
    [
      [{ clusterTrustBundle: { path: 'p' } }],
      ['sources[0].clusterTrustBundle: Required value: either name or signerName must be specified'],
    ],
    [
      [{ clusterTrustBundle: { path: '', name: '' } }],
      [
        'sources[0].clusterTrustBundle.name: Required value: must be a valid object name',
        `sources[0].clusterTrustBundle.name: Invalid value: "": not a valid clustertrustbundlename: ${SUBDOMAIN}`,
        'sources[0].clusterTrustBundle.path: Required value',
      ],
    ],
    [[{}], []],
  ])('%j', (sources, expected) => {
    const errors = refusals({ serviceAccountName: 'a', volumes: [{ name: 'v', projected: { sources } }] });
    expect(errors).toEqual(expected.map((e) => `${V}.projected${e.startsWith(':') ? e : `.${e}`}`));
  });
});

describe('volumes together', () => {
  it('have names, each once', () => {
    const list = [
      { name: 'a', emptyDir: {} },
      { name: 'a', emptyDir: {} },
      { emptyDir: {} },
      { name: 'A.b', emptyDir: {} },
    ];
    expect(refusals({ volumes: list }).map((e) => e.slice(0, 60))).toEqual([
      'spec.volumes[1].name: Duplicate value: "a"',
      'spec.volumes[2].name: Required value',
      'spec.volumes[3].name: Invalid value: "A.b": a lowercase RFC ',
    ]);
  });
  it('without a source are empty directories', () => expect(volume({})).toEqual([]));
  it('do not refer to the claim that is made for another', () => {
    const ephemeral = { volumeClaimTemplate: { spec: claimSpec } };
    const list = [
      { name: 'a', ephemeral },
      { name: 'b', persistentVolumeClaim: { claimName: 'p-a' } },
    ];
    expect(refusals({ volumes: list })).toEqual([
      'spec.volumes[1].persistentVolumeClaim.claimName: Invalid value: "p-a": must not reference a PVC that gets created for an ephemeral volume',
    ]);
  });
});

describe('mounts and devices', () => {
  const volumes = [
    { name: 'v', emptyDir: {} },
    { name: 'b', persistentVolumeClaim: { claimName: 'c' } },
  ];
  const M = 'spec.containers[0].volumeMounts';
  const D = 'spec.containers[0].volumeDevices';
  it.each<[object, string[]]>([
    [{ volumeMounts: [{ name: 'v', mountPath: '/a', readOnly: true, recursiveReadOnly: 'Enabled' }] }, []],
    [
      { volumeMounts: [{ name: '', mountPath: '' }] },
      [`${M}[0].name: Required value`, `${M}[0].name: Not found: ""`, `${M}[0].mountPath: Required value`],
    ],
    [{ volumeMounts: [{ name: 'x', mountPath: '/a' }] }, [`${M}[0].name: Not found: "x"`]],
    [
      {
        volumeMounts: [
          { name: 'v', mountPath: '/a' },
          { name: 'v', mountPath: '/a' },
        ],
      },
      [`${M}[1].mountPath: Invalid value: "/a": must be unique`],
    ],
    [
      { volumeMounts: [{ name: 'v', mountPath: '/a', subPath: '/x' }] },
      [`${M}.subPath: Invalid value: "/x": must be a relative path`],
    ],
    [
      { volumeMounts: [{ name: 'v', mountPath: '/a', subPath: 'x', subPathExpr: '../y' }] },
      [
        `${M}[0].subPathExpr: Invalid value: "../y": subPathExpr and subPath are mutually exclusive`,
        `${M}.subPathExpr: Invalid value: "../y": must not contain '..'`,
      ],
    ],
    [
      { volumeMounts: [{ name: 'v', mountPath: '/a', mountPropagation: 'Bidirectional' }] },
      [`${M}.mountPropagation: Forbidden: Bidirectional mount propagation is available only to privileged containers`],
    ],
    [
      {
        securityContext: { privileged: true },
        volumeMounts: [{ name: 'v', mountPath: '/a', mountPropagation: 'Bidirectional' }],
      },
      [],
    ],
    [
      { volumeMounts: [{ name: 'v', mountPath: '/a', mountPropagation: 'x' }] },
      [`${M}.mountPropagation: Unsupported value: "x": supported values: "Bidirectional", "HostToContainer", "None"`],
    ],
    [
      {
        volumeMounts: [
          { name: 'v', mountPath: '/a', recursiveReadOnly: 'IfPossible', mountPropagation: 'HostToContainer' },
        ],
      },
      [
        `${M}.recursiveReadOnly: Forbidden: may only be specified when readOnly is true`,
        `${M}.recursiveReadOnly: Forbidden: may only be specified when mountPropagation is None or not specified`,
      ],
    ],
    [
      { volumeMounts: [{ name: 'v', mountPath: '/a', recursiveReadOnly: 'x' }] },
      [`${M}.recursiveReadOnly: Unsupported value: "x": supported values: "Disabled", "Enabled", "IfPossible"`],
    ],
    [{ volumeDevices: [{ name: 'b', devicePath: '/dev/x' }] }, []],
    [
      { volumeDevices: [{ name: 'v', devicePath: '/dev/x' }] },
      [
        `${D}[0].name: Invalid value: "v": can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode`,
      ],
    ],
    [
      { volumeDevices: [{ name: 'x', devicePath: '' }] },
      [`${D}[0].name: Not found: "x"`, `${D}[0].devicePath: Required value`],
    ],
    [
      { volumeDevices: [{ name: 'b', devicePath: '/a/../b' }] },
      [`${D}[0].devicePath: Invalid value: "/a/../b": can not contain backsteps ('..')`],
    ],
    [
      {
        volumeDevices: [
          { name: 'b', devicePath: '/a' },
          { name: 'b', devicePath: '/a' },
        ],
      },
      [`${D}[1].name: Invalid value: "b": must be unique`, `${D}[1].devicePath: Invalid value: "/a": must be unique`],
    ],
    [
      { volumeMounts: [{ name: 'b', mountPath: '/a' }], volumeDevices: [{ name: 'b', devicePath: '/a' }] },
      [
        `${M}[0].name: Invalid value: "b": must not already exist in volumeDevices`,
        `${M}[0].mountPath: Invalid value: "/a": must not already exist as a path in volumeDevices`,
        `${D}[0].name: Invalid value: "b": must not already exist in volumeMounts`,
        `${D}[0].devicePath: Invalid value: "/a": must not already exist as a path in volumeMounts`,
      ],
    ],
  ])('%j', (extra, expected) => {
    expect(refusals({ volumes, containers: [container(extra)] })).toEqual(expected);
  });
});
