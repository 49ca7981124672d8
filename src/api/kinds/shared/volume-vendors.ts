// Rules for the volume sources of storage systems, in pods and in persistent volumes. Most of them have no driver any
// more; their fields are checked as ever. Upstream: validateISCSIVolumeSource … validateScaleIOVolumeSource.
import type * as core from 'kubernetes-types/core/v1.js';
import { rangeMessage } from '../../names.ts';
import type { FieldErrors } from '../../validation.ts';
import { csiDriverName } from './csi-names.ts';
import { dnsLabel, dnsSubdomain, optionalOneOf, requiredLabel } from './field-rules.ts';

const IQN = /iqn\.\d{4}-\d{2}\.([A-Za-z0-9.-]+)(:[^,;*&$|\s]+)$/;
const EUI = /^eui.[A-Za-z0-9]{16}$/;
const NAA = /^naa.[A-Za-z0-9]{32}$/;
const HOST_PORT = /^(?:\[[^\]]*\]|[^:[\]]*):[^:[\]]*$/;
const REGISTRY = 'must be a host:port pair or multiple pairs separated by commas';
export const ISCSI_LENGTH =
  'Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.';

/** Each of these must be set. */
export function requireFields<T extends object>(
  errors: FieldErrors,
  path: string,
  source: T,
  ...fields: readonly (keyof T & string)[]
): void {
  for (const field of fields) if (!source[field]) errors.required(`${path}.${field}`);
}

interface SecretReference {
  name?: string;
  namespace?: string;
}

/** The name of a secret, and its namespace where the volume has none of its own. */
function secretRef(errors: FieldErrors, path: string, ref: SecretReference | undefined, inVolume: boolean): void {
  if (!ref) return;
  if (!ref.name) errors.required(`${path}.secretRef.name`);
  if (inVolume && !ref.namespace) errors.required(`${path}.secretRef.namespace`);
}

function initiator(errors: FieldErrors, field: string, name: string, why: string): void {
  const kind = name.slice(0, 3);
  if (kind !== 'iqn' && kind !== 'eui' && kind !== 'naa') errors.invalid(field, name, why);
  else if (!(kind === 'iqn' ? IQN : kind === 'eui' ? EUI : NAA).test(name)) {
    errors.invalid(field, name, 'must be valid format');
  }
}

/** `pvName` is there for persistent volumes, whose secrets have a namespace. */
export function iscsi(
  errors: FieldErrors,
  path: string,
  source: core.ISCSIVolumeSource | core.ISCSIPersistentVolumeSource,
  pvName?: string,
): void {
  const inVolume = pvName !== undefined;
  const why = inVolume ? 'must be valid format' : 'must be valid format starting with iqn, eui, or naa';
  requireFields(errors, path, source, 'targetPortal');
  if (inVolume && source.initiatorName != null && `${pvName}:${source.targetPortal ?? ''}`.length > 64) {
    errors.invalid(`${path}.targetportal`, source.targetPortal, ISCSI_LENGTH);
  }
  if (!source.iqn) errors.required(`${path}.iqn`);
  else initiator(errors, `${path}.iqn`, source.iqn, why);
  lun(errors, path, source.lun ?? 0);
  if ((source.chapAuthDiscovery || source.chapAuthSession) && !source.secretRef) errors.required(`${path}.secretRef`);
  if (inVolume && source.secretRef && !source.secretRef.name) errors.required(`${path}.secretRef.name`);
  if (source.initiatorName != null) initiator(errors, `${path}.initiatorname`, source.initiatorName, why);
}

function lun(errors: FieldErrors, path: string, value: number): void {
  if (value < 0 || value > 255) errors.invalid(`${path}.lun`, value, rangeMessage(0, 255));
}

export function fibreChannel(errors: FieldErrors, path: string, source: core.FCVolumeSource): void {
  const [names, ids] = [source.targetWWNs?.length ?? 0, source.wwids?.length ?? 0];
  const field = `${path}.targetWWNs`;
  if (!names && !ids) errors.required(field, 'must specify either targetWWNs or wwids, but not both');
  if (names && ids) {
    errors.invalid(field, source.targetWWNs, 'targetWWNs and wwids can not be specified simultaneously');
  }
  if (!names) return;
  if (source.lun == null) errors.required(`${path}.lun`, 'lun is required if targetWWNs is specified');
  else lun(errors, path, source.lun);
}

function partition(errors: FieldErrors, path: string, value = 0): void {
  if (value < 0 || value > 255) errors.invalid(`${path}.partition`, value, rangeMessage(1, 255));
}

export function gceDisk(errors: FieldErrors, path: string, source: core.GCEPersistentDiskVolumeSource): void {
  // Upstream's path for what is inside differs from the field's name.
  const inside = path.replace(/gcePersistentDisk$/, 'persistentDisk');
  requireFields(errors, inside, source, 'pdName');
  partition(errors, inside, source.partition);
}

export function awsDisk(errors: FieldErrors, path: string, source: core.AWSElasticBlockStoreVolumeSource): void {
  requireFields(errors, path, source, 'volumeID');
  partition(errors, path, source.partition);
}

export function nfs(errors: FieldErrors, path: string, source: core.NFSVolumeSource): void {
  requireFields(errors, path, source, 'server', 'path');
  if (!source.path?.startsWith('/')) errors.invalid(`${path}.path`, source.path ?? '', 'must be an absolute path');
}

export function quobyte(errors: FieldErrors, path: string, source: core.QuobyteVolumeSource): void {
  if (!source.registry) errors.required(`${path}.registry`, REGISTRY);
  else if ((source.tenant?.length ?? 0) >= 65) {
    errors.required(`${path}.tenant`, 'must be a UUID and may not exceed a length of 64 characters');
  } else {
    for (const pair of source.registry.split(',')) {
      if (!HOST_PORT.test(pair)) errors.invalid(`${path}.registry`, source.registry, REGISTRY);
    }
  }
  requireFields(errors, path, source, 'volume');
}

export function glusterfs(
  errors: FieldErrors,
  path: string,
  source: core.GlusterfsVolumeSource & { endpointsNamespace?: string },
): void {
  requireFields(errors, path, source, 'endpoints', 'path');
  const namespace = source.endpointsNamespace;
  if (namespace == null) return;
  const field = `${path}.endpointsNamespace`;
  if (namespace !== '') return dnsLabel(errors, field, namespace);
  errors.invalid(field, '', 'if the endpointnamespace is set, it must be a valid namespace name');
}

export function flocker(errors: FieldErrors, path: string, source: core.FlockerVolumeSource): void {
  if (!source.datasetName && !source.datasetUUID) {
    errors.required(path, 'one of datasetName and datasetUUID is required');
  }
  if (source.datasetName && source.datasetUUID) {
    errors.invalid(path, 'resource', 'datasetName and datasetUUID can not be specified simultaneously');
  }
  if (source.datasetName?.includes('/')) {
    errors.invalid(`${path}.datasetName`, source.datasetName, "must not contain '/'");
  }
}

export function rbd(
  errors: FieldErrors,
  path: string,
  source: core.RBDVolumeSource | core.RBDPersistentVolumeSource,
): void {
  if (!source.monitors?.length) errors.required(`${path}.monitors`);
  requireFields(errors, path, source, 'image');
}

export function cephfs(
  errors: FieldErrors,
  path: string,
  source: core.CephFSVolumeSource | core.CephFSPersistentVolumeSource,
): void {
  if (!source.monitors?.length) errors.required(`${path}.monitors`);
}

export function cinder(
  errors: FieldErrors,
  path: string,
  source: core.CinderVolumeSource | core.CinderPersistentVolumeSource,
  inVolume: boolean,
): void {
  requireFields(errors, path, source, 'volumeID');
  secretRef(errors, path, source.secretRef, inVolume);
}

export function flexVolume(
  errors: FieldErrors,
  path: string,
  source: core.FlexVolumeSource | core.FlexPersistentVolumeSource,
): void {
  requireFields(errors, path, source, 'driver');
  for (const key in source.options) {
    const slash = key.indexOf('/');
    const namespace = `.${(slash < 0 ? key : key.slice(0, slash)).toLowerCase()}`;
    if (!namespace.endsWith('.kubernetes.io') && !namespace.endsWith('.k8s.io')) continue;
    errors.invalid(`${path}.options[${key}]`, key, 'kubernetes.io and k8s.io namespaces are reserved');
  }
}

export function azureFile(
  errors: FieldErrors,
  path: string,
  source: core.AzureFileVolumeSource & { secretNamespace?: string },
): void {
  requireFields(errors, path, source, 'secretName', 'shareName');
  if (source.secretNamespace === '') errors.required(`${path}.secretNamespace`);
}

const MANAGED_URI = '/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}';
const BLOB_URI = 'https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd';

export function azureDisk(errors: FieldErrors, path: string, source: core.AzureDiskVolumeSource): void {
  requireFields(errors, path, source, 'diskName', 'diskURI');
  optionalOneOf(errors, `${path}.cachingMode`, source.cachingMode, ['None', 'ReadOnly', 'ReadWrite']);
  optionalOneOf(errors, `${path}.kind`, source.kind, ['Dedicated', 'Managed', 'Shared']);
  if (source.kind == null) return;
  const isManaged = source.kind === 'Managed';
  const uri = source.diskURI ?? '';
  if (uri.startsWith(isManaged ? '/subscriptions/' : 'https://')) return;
  errors.notSupported(`${path}.diskURI`, uri, [isManaged ? MANAGED_URI : BLOB_URI]);
}

export function storageOs(
  errors: FieldErrors,
  path: string,
  source: core.StorageOSVolumeSource | core.StorageOSPersistentVolumeSource,
  inVolume: boolean,
): void {
  requiredLabel(errors, `${path}.volumeName`, source.volumeName);
  if (source.volumeNamespace) dnsLabel(errors, `${path}.volumeNamespace`, source.volumeNamespace);
  secretRef(errors, path, source.secretRef, inVolume);
}

export function csi(errors: FieldErrors, path: string, source: core.CSIVolumeSource): void {
  csiDriverName(errors, `${path}.driver`, source.driver);
  const ref = source.nodePublishSecretRef;
  if (!ref) return;
  if (!ref.name) errors.required(`${path}.nodePublishSecretRef.name`);
  // Upstream's path is short of the reference.
  else dnsSubdomain(errors, `${path}.name`, ref.name);
}

const CSI_SECRETS = [
  'controllerPublishSecretRef',
  'controllerExpandSecretRef',
  'nodePublishSecretRef',
  'nodeExpandSecretRef',
] as const;

export function csiPersistent(errors: FieldErrors, path: string, source: core.CSIPersistentVolumeSource): void {
  csiDriverName(errors, `${path}.driver`, source.driver);
  requireFields(errors, path, source, 'volumeHandle');
  for (const field of CSI_SECRETS) {
    const ref = source[field];
    if (!ref) continue;
    if (!ref.name) errors.required(`${path}.${field}.name`);
    else dnsSubdomain(errors, `${path}.${field}.name`, ref.name);
    requiredLabel(errors, `${path}.${field}.namespace`, ref.namespace);
  }
}
