// Volumes that are folders on a node: what the provisioner, the nodes and the storage class agree on. Pure.
// A node says in an annotation where it keeps them; the provisioner names a folder there; the node makes the folder when
// a pod first needs it, and removes it when the volume is deleted, for which the volume's finalizer waits.
import type { Node, PersistentVolume, PersistentVolumeClaim } from 'kubernetes-types/core/v1.js';
import type { StorageClass } from 'kubernetes-types/storage/v1.js';
import { PROVISIONED_BY, requestedStorage } from './volumes.ts';

export const HOST_PATH = 'sampan.io/host-path';
/** On nodes: the folder in which they keep volumes. */
export const ROOT_ANNOTATION = 'sampan.io/host-path-root';
/** On volumes, and as the key of selectors: their node. */
export const NODE_LABEL = 'sampan.io/node';
const HOSTNAME = 'kubernetes.io/hostname';
const LABEL_MAX = 63;

/** The class that every new cluster has. */
export const hostPathClass = (isDefault: boolean): StorageClass => ({
  apiVersion: 'storage.k8s.io/v1',
  kind: 'StorageClass',
  metadata: {
    name: 'host-path',
    ...(isDefault ? { annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } } : {}),
  },
  provisioner: HOST_PATH,
  reclaimPolicy: 'Delete',
  volumeBindingMode: 'WaitForFirstConsumer',
  allowVolumeExpansion: true,
});

export const isHostPathVolume = ({ metadata }: PersistentVolume): boolean =>
  metadata?.annotations?.[PROVISIONED_BY] === HOST_PATH;

/** The node that keeps the volume's folder. */
export const nodeOfVolume = ({ metadata }: PersistentVolume): string => metadata?.labels?.[NODE_LABEL] ?? '';

/** Why the provisioner cannot make the volume; undefined when it can. */
export function refusal(claim: PersistentVolumeClaim, storageClass: StorageClass): string | undefined {
  const { selector, volumeMode, dataSource, dataSourceRef } = (claim.spec ?? {}) as NonNullable<
    PersistentVolumeClaim['spec']
  > & { dataSourceRef?: unknown };
  if (selector) return 'claim Selector is not supported';
  if (volumeMode === 'Block') return 'host paths are folders: volumeMode Block is not supported';
  if (dataSource || dataSourceRef) return 'host paths are made empty: a dataSource is not supported';
  const [unknown] = Object.keys(storageClass.parameters ?? {});
  return unknown === undefined ? undefined : `unknown parameter "${unknown}" of storage class`;
}

export const volumeNameOf = (claim: PersistentVolumeClaim): string => `pvc-${claim.metadata?.uid ?? ''}`;

/** The volume of a claim on a node; a sentence when the node keeps none. */
export function hostPathVolume(
  claim: PersistentVolumeClaim,
  storageClass: StorageClass,
  node: Node,
): PersistentVolume | string {
  const { name: nodeName = '', labels, annotations } = node.metadata ?? {};
  const root = annotations?.[ROOT_ANNOTATION];
  const host = labels?.[HOSTNAME];
  if (!root || !host) return `node "${nodeName}" keeps no host path volumes`;
  if (nodeName.length > LABEL_MAX) return `the name of node "${nodeName}" is too long for a label`;
  const { namespace = '', name: claimName = '', uid } = claim.metadata ?? {};
  const name = volumeNameOf(claim);
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: {
      name,
      labels: { [NODE_LABEL]: nodeName },
      annotations: { [PROVISIONED_BY]: HOST_PATH },
      finalizers: [HOST_PATH],
    },
    spec: {
      accessModes: claim.spec?.accessModes ?? [],
      capacity: { storage: requestedStorage(claim) },
      claimRef: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace, name: claimName, uid },
      // Names of claims say which folder is whose; the uid in front keeps them apart.
      local: { path: `${root}/${name}_${namespace}_${claimName}`.slice(0, root.length + 1 + 255) },
      nodeAffinity: {
        required: {
          nodeSelectorTerms: [{ matchExpressions: [{ key: HOSTNAME, operator: 'In', values: [host] }] }],
        },
      },
      persistentVolumeReclaimPolicy: storageClass.reclaimPolicy ?? 'Delete',
      storageClassName: storageClass.metadata?.name,
      volumeMode: 'Filesystem',
    },
  };
}

/** The folder's name inside of `root`; undefined for a path that is anywhere else. */
export function folderIn(root: string, path: string | undefined): string | undefined {
  if (!path?.startsWith(`${root}/`)) return undefined;
  const name = path.slice(root.length + 1);
  return /^pvc-[0-9a-f-]+_[a-z0-9._-]*$/.test(name) ? name : undefined;
}
