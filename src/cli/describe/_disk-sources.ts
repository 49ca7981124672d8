// The volume sources of clouds and of storage systems: a title each, and their fields in kubectl's order.
// Upstream: kubectl/pkg/describe print*VolumeSource.
import type { Volume } from 'kubernetes-types/core/v1.js';

type Row = readonly [label: string, value: unknown];
/** A field by its name in the API; the second word is its label, the third what stands for none. */
type Field = readonly [path: string, label: string, none?: string];

const FS: Field = ['fsType', 'FSType', ''];
const READ_ONLY: Field = ['readOnly', 'ReadOnly', 'false'];
const SECRET: Field = ['secretRef', 'SecretRef', 'nil'];

type Source = readonly [type: string, ...fields: Field[]];

const SCALE_IO: Source = [
  'ScaleIO (a persistent volume backed by a block device in ScaleIO)',
  ['gateway', 'Gateway'],
  ['system', 'System'],
  ['protectionDomain', 'Protection Domain'],
  ['storagePool', 'Storage Pool'],
  ['storageMode', 'Storage Mode'],
  ['volumeName', 'VolumeName'],
];

const sources: Readonly<Record<string, Source>> = {
  gcePersistentDisk: [
    'GCEPersistentDisk (a Persistent Disk resource in Google Compute Engine)',
    ['pdName', 'PDName'],
    FS,
    ['partition', 'Partition', '0'],
    READ_ONLY,
  ],
  awsElasticBlockStore: [
    'AWSElasticBlockStore (a Persistent Disk resource in AWS)',
    ['volumeID', 'VolumeID'],
    FS,
    ['partition', 'Partition', '0'],
    READ_ONLY,
  ],
  gitRepo: [
    'GitRepo (a volume that is pulled from git when the pod is created)',
    ['repository', 'Repository'],
    ['revision', 'Revision'],
  ],
  iscsi: [
    "ISCSI (an ISCSI Disk resource that is attached to a kubelet's host machine and then exposed to the pod)",
    ['targetPortal', 'TargetPortal'],
    ['iqn', 'IQN'],
    ['lun', 'Lun', '0'],
    ['iscsiInterface', 'ISCSIInterface'],
    FS,
    READ_ONLY,
    ['portals', 'Portals', '[]'],
    ['chapAuthDiscovery', 'DiscoveryCHAPAuth', 'false'],
    ['chapAuthSession', 'SessionCHAPAuth', 'false'],
    SECRET,
    ['initiatorName', 'InitiatorName', '<none>'],
  ],
  glusterfs: [
    "Glusterfs (a Glusterfs mount on the host that shares a pod's lifetime)",
    ['endpoints', 'EndpointsName'],
    ['path', 'Path'],
    READ_ONLY,
  ],
  rbd: [
    "RBD (a Rados Block Device mount on the host that shares a pod's lifetime)",
    ['monitors', 'CephMonitors', '[]'],
    ['image', 'RBDImage'],
    FS,
    ['pool', 'RBDPool'],
    ['user', 'RadosUser'],
    ['keyring', 'Keyring'],
    SECRET,
    READ_ONLY,
  ],
  azureDisk: [
    'AzureDisk (an Azure Data Disk mount on the host and bind mount to the pod)',
    ['diskName', 'DiskName'],
    ['diskURI', 'DiskURI'],
    ['kind', 'Kind'],
    FS,
    ['cachingMode', 'CachingMode'],
    READ_ONLY,
  ],
  vsphereVolume: [
    'vSphereVolume (a Persistent Disk resource in vSphere)',
    ['volumePath', 'VolumePath'],
    FS,
    ['storagePolicyName', 'StoragePolicyName'],
  ],
  cinder: ['Cinder (a Persistent Disk resource in OpenStack)', ['volumeID', 'VolumeID'], FS, READ_ONLY, SECRET],
  cephfs: [
    "CephFS (a CephFS mount on the host that shares a pod's lifetime)",
    ['monitors', 'Monitors', '[]'],
    ['path', 'Path'],
    ['user', 'User'],
    ['secretFile', 'SecretFile'],
    SECRET,
    READ_ONLY,
  ],
  fc: ['FC (a Fibre Channel disk)', ['targetWWNs', 'TargetWWNs'], ['lun', 'LUN', '<none>'], FS, READ_ONLY],
  azureFile: [
    'AzureFile (an Azure File Service mount on the host and bind mount to the pod)',
    ['secretName', 'SecretName'],
    ['shareName', 'ShareName'],
    READ_ONLY,
  ],
  flexVolume: [
    'FlexVolume (a generic volume resource that is provisioned/attached using an exec based plugin)',
    ['driver', 'Driver'],
    FS,
    SECRET,
    READ_ONLY,
    ['options', 'Options', 'map[]'],
  ],
  image: ['Image (a container image or OCI artifact)', ['reference', 'Reference'], ['pullPolicy', 'PullPolicy']],
  quobyte: [
    "Quobyte (a Quobyte mount on the host that shares a pod's lifetime)",
    ['registry', 'Registry'],
    ['volume', 'Volume'],
    READ_ONLY,
  ],
  scaleIO: [...SCALE_IO, ['fsType', 'FSType', ''], READ_ONLY],
  storageos: [
    'StorageOS (a StorageOS Persistent Disk resource)',
    ['volumeName', 'VolumeName'],
    ['volumeNamespace', 'VolumeNamespace'],
    FS,
    READ_ONLY,
  ],
  portworxVolume: ['PortworxVolume (a Portworx Volume resource)', ['volumeID', 'VolumeID']],
  flocker: [
    'Flocker (a Flocker volume mounted by the Flocker agent)',
    ['datasetName', 'DatasetName'],
    ['datasetUUID', 'DatasetUUID'],
  ],
};

/** What a persistent volume says more of. */
const persistentSources: Readonly<Record<string, Source>> = {
  glusterfs: [
    "Glusterfs (a Glusterfs mount on the host that shares a pod's lifetime)",
    ['endpoints', 'EndpointsName'],
    ['endpointsNamespace', 'EndpointsNamespace', '<unset>'],
    ['path', 'Path'],
    READ_ONLY,
  ],
  scaleIO: [...SCALE_IO, ['secretRef.name', 'SecretName'], ['secretRef.namespace', 'SecretNamespace'], FS, READ_ONLY],
};

/** Undefined for a source that is none of these. */
export function diskRows(volume: Volume, isPersistent: boolean): Row[] | undefined {
  const name = Object.keys(sources).find((key) => volume[key as keyof Volume] !== undefined);
  if (name === undefined) return undefined;
  const [type, ...fields] = (isPersistent ? persistentSources[name] : undefined) ?? sources[name]!;
  const source = volume[name as keyof Volume] as Record<string, unknown>;
  return [
    ['Type', type],
    ...fields.map(([path, label, none = '']): Row => [label, textOf(path, valueAt(source, path), none)]),
  ];
}

const valueAt = (source: unknown, path: string): unknown =>
  path.split('.').reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], source);

/** Go's `%v` of a field of this name. */
function textOf(path: string, value: unknown, none: string): unknown {
  if (value == null) return none;
  if (path === 'secretRef') {
    const { name = '', namespace } = value as { name?: string; namespace?: string };
    return namespace === undefined
      ? `&LocalObjectReference{Name:${name},}`
      : `&SecretReference{Name:${name},Namespace:${namespace},}`;
  }
  if (path === 'targetWWNs') return (value as string[]).join(', ');
  if (Array.isArray(value)) return `[${value.join(' ')}]`;
  if (typeof value !== 'object') return value;
  const entries = Object.entries(value as Record<string, unknown>).sort(([a], [b]) => (a < b ? -1 : 1));
  return `map[${entries.map(([key, v]) => `${key}:${String(v)}`).join(' ')}]`;
}
