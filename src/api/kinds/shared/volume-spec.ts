// The spec of a PersistentVolume, on its own or inside a VolumeAttachment. Upstream: ValidatePersistentVolumeSpec,
// pkg/apis/core/v1/zz_generated.defaults.go.
import type * as core from 'kubernetes-types/core/v1.js';
import { tryParseQuantity } from '../../quantity.ts';
import type { FieldErrors } from '../../validation.ts';
import { POSITIVE, dnsSubdomain, noBacksteps, optionalOneOf } from './field-rules.ts';
import { validateNodeSelector } from './pod-scheduling.ts';
import { hostPath } from './pod-volumes.ts';
import { type ResourceList, defaultResourceList } from './resource-list.ts';
import { VOLUME_MODES, validateAccessModes } from './storage-rules.ts';
import * as vendors from './volume-vendors.ts';

type Spec = core.PersistentVolumeSpec;

export type SourceName = Exclude<
  keyof Spec,
  | 'accessModes'
  | 'capacity'
  | 'claimRef'
  | 'mountOptions'
  | 'nodeAffinity'
  | 'persistentVolumeReclaimPolicy'
  | 'storageClassName'
  | 'volumeAttributesClassName'
  | 'volumeMode'
>;
/** The spec that a source stands in, where it stands, and the name of the volume that it belongs to. */
interface Whole {
  path: string;
  spec: Spec;
  name: string;
}
type Checks = {
  [K in SourceName]-?: (errors: FieldErrors, path: string, source: NonNullable<Spec[K]>, volume: Whole) => void;
};

/** In upstream's order: of several sources the first is checked and the others are forbidden. */
const SOURCES: Checks = {
  hostPath,
  gcePersistentDisk: vendors.gceDisk,
  awsElasticBlockStore: vendors.awsDisk,
  glusterfs: vendors.glusterfs,
  flocker: vendors.flocker,
  nfs: vendors.nfs,
  rbd: vendors.rbd,
  quobyte: vendors.quobyte,
  cephfs: vendors.cephfs,
  iscsi: (errors, path, source, volume) => vendors.iscsi(errors, path, source, volume.name),
  cinder: (errors, path, source) => vendors.cinder(errors, path, source, true),
  fc: vendors.fibreChannel,
  flexVolume: vendors.flexVolume,
  azureFile: vendors.azureFile,
  vsphereVolume: (errors, path, source) => vendors.requireFields(errors, path, source, 'volumePath'),
  photonPersistentDisk: (errors, path, source) => vendors.requireFields(errors, path, source, 'pdID'),
  portworxVolume: (errors, path, source) => vendors.requireFields(errors, path, source, 'volumeID'),
  azureDisk: vendors.azureDisk,
  scaleIO: (errors, path, source) => vendors.requireFields(errors, path, source, 'gateway', 'system', 'volumeName'),
  local(errors, path, source, volume) {
    if (!source.path) errors.required(`${path}.path`);
    else noBacksteps(errors, `${path}.path`, source.path);
    if (!volume.spec.nodeAffinity) {
      errors.required(`${volume.path}.nodeAffinity`, 'Local volume requires node affinity');
    }
  },
  storageos: (errors, path, source) => vendors.storageOs(errors, path, source, true),
  csi: vendors.csiPersistent,
};
export const ORDER = Object.keys(SOURCES) as SourceName[];
type Check = (errors: FieldErrors, path: string, source: unknown, volume: Whole) => void;

/** `/`, however it is written. */
function isRoot(path: string): boolean {
  let depth = 0;
  for (const part of path.split('/')) {
    if (part === '..') depth = Math.max(0, depth - 1);
    else if (part !== '' && part !== '.') depth++;
  }
  return path.startsWith('/') && depth === 0;
}

function validateSource(errors: FieldErrors, volume: Whole): void {
  const { spec, path } = volume;
  let count = 0;
  for (const name of ORDER) {
    if (spec[name] == null) continue;
    // FlexVolume is the one that upstream lets stand beside others.
    if (count++ === 0 || name === 'flexVolume') (SOURCES[name] as Check)(errors, `${path}.${name}`, spec[name], volume);
    else {
      errors.forbidden(`${path}.${name === 'cephfs' ? 'cephFS' : name}`, 'may not specify more than 1 volume type');
    }
  }
  if (count === 0) errors.required(path, 'must specify a volume type');
  if (spec.persistentVolumeReclaimPolicy !== 'Recycle' || !spec.hostPath?.path) return;
  if (isRoot(spec.hostPath.path)) {
    errors.forbidden(`${path}.persistentVolumeReclaimPolicy`, "may not be 'recycle' for a hostPath mount of '/'");
  }
}

function validateCapacity(errors: FieldErrors, path: string, capacity: ResourceList): void {
  const names = Object.keys(capacity);
  if (!names.length) errors.required(path);
  if (capacity['storage'] === undefined || names.length > 1) {
    errors.notSupported(path, capacity, ['storage']);
  }
  for (const name of names) {
    const field = `${path}[${name}]`;
    const quantity = tryParseQuantity(capacity[name]!);
    if (quantity && quantity.nanos < 0n) {
      errors.invalid(field, -(-quantity.nanos / 1_000_000_000n), 'must be a valid resource quantity');
    }
    if (!quantity || quantity.nanos <= 0n) errors.invalid(field, capacity[name], POSITIVE);
  }
}

const INLINE = 'in the context of inline volumes';

/** What a spec in an attachment may not say, which has no volume of its own. */
function validateInline(errors: FieldErrors, path: string, spec: Spec): void {
  const not = `may not be specified ${INLINE}`;
  if (spec.claimRef) errors.forbidden(`${path}.claimRef`, not);
  if (Object.keys(spec.capacity ?? {}).length) errors.forbidden(`${path}.capacity`, not);
  if (!spec.csi) errors.required(`${path}.csi`, `has to be specified ${INLINE}`);
}

function validateInlineRest(errors: FieldErrors, path: string, spec: Spec): void {
  if (spec.storageClassName) errors.forbidden(`${path}.storageClassName`, `may not be specified ${INLINE}`);
  if (spec.volumeMode != null && spec.volumeMode !== 'Filesystem') {
    errors.forbidden(`${path}.volumeMode`, `may not specify volumeMode other than Filesystem ${INLINE}`);
  }
}

function validatePolicy(errors: FieldErrors, path: string, policy: string | undefined, isInline: boolean): void {
  if (!policy) return;
  if (!isInline) optionalOneOf(errors, path, policy, ['Delete', 'Recycle', 'Retain']);
  else if (policy !== 'Retain') errors.forbidden(path, `may only be Retain ${INLINE}`);
}

function validateAffinity(errors: FieldErrors, path: string, spec: Spec, isInline: boolean): void {
  if (!spec.nodeAffinity) return;
  if (isInline) return errors.forbidden(path, `may not be specified ${INLINE}`);
  const { required } = spec.nodeAffinity;
  if (required) validateNodeSelector(errors, `${path}.required`, required);
  else errors.required(`${path}.required`, 'must specify required node constraints');
}

function validateAttributesClass(errors: FieldErrors, path: string, spec: Spec): void {
  const attributes = spec.volumeAttributesClassName;
  if (attributes == null) return;
  if (attributes === '') errors.required(`${path}.volumeAttributesClassName`, 'an empty string is disallowed');
  else dnsSubdomain(errors, `${path}.volumeAttributesClassName`, attributes);
  if (!spec.csi) errors.required(`${path}.csi`, 'has to be specified when using volumeAttributesClassName');
}

/** `name` is the volume's; a spec without one stands in an attachment. */
export function validateVolumeSpec(errors: FieldErrors, path: string, spec: Spec, name: string | undefined): void {
  const isInline = name === undefined;
  if (isInline) validateInline(errors, path, spec);
  if (!spec.accessModes?.length) errors.required(`${path}.accessModes`);
  validateAccessModes(errors, `${path}.accessModes`, spec.accessModes);
  if (!isInline) validateCapacity(errors, `${path}.capacity`, (spec.capacity ?? {}) as ResourceList);
  validatePolicy(errors, `${path}.persistentVolumeReclaimPolicy`, spec.persistentVolumeReclaimPolicy, isInline);
  validateAffinity(errors, `${path}.nodeAffinity`, spec, isInline);
  validateSource(errors, { path, spec, name: name ?? '' });
  if (isInline) validateInlineRest(errors, path, spec);
  else {
    if (spec.storageClassName) dnsSubdomain(errors, `${path}.storageClassName`, spec.storageClassName);
    optionalOneOf(errors, `${path}.volumeMode`, spec.volumeMode, VOLUME_MODES);
  }
  validateAttributesClass(errors, path, spec);
}

/** What is set for volumes in pods, too: zz_generated.defaults.go. */
export function defaultVolumeSpec(spec: Spec): void {
  if (spec.hostPath) spec.hostPath.type ??= '';
  if (spec.iscsi && !spec.iscsi.iscsiInterface) spec.iscsi.iscsiInterface = 'default';
  if (spec.rbd) {
    spec.rbd.pool ||= 'rbd';
    spec.rbd.user ||= 'admin';
    spec.rbd.keyring ||= '/etc/ceph/keyring';
  }
  if (spec.azureDisk) {
    spec.azureDisk.cachingMode ??= 'ReadWrite';
    spec.azureDisk.kind ??= 'Shared';
    spec.azureDisk.fsType ??= 'ext4';
    spec.azureDisk.readOnly ??= false;
  }
  if (spec.scaleIO) {
    spec.scaleIO.storageMode ||= 'ThinProvisioned';
    spec.scaleIO.fsType ||= 'xfs';
  }
  defaultResourceList(spec.capacity as ResourceList | undefined);
}
