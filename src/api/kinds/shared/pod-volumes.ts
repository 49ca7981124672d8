// Rules for a pod's volumes and for mounting them. Upstream: ValidateVolumes, validateVolumeSource,
// ValidateVolumeMounts, ValidateVolumeDevices. Sources of storage vendors are checked for being single only.
import type * as core from 'kubernetes-types/core/v1.js';
import { dns1123SubdomainErrors } from '../../names.ts';
import { tryParseQuantity } from '../../quantity.ts';
import type { FieldErrors } from '../../validation.ts';
import {
  dnsLabel,
  fileMode,
  labelSelector,
  localDescendingPath,
  localNonReservedPath,
  noBacksteps,
  optionalOneOf,
} from './field-rules.ts';
import { VOLUME_FIELDS, objectFieldSelector, resourceFieldSelector } from './pod-env.ts';
import type { Container, Volume } from './pod-types.ts';

export type VolumeMap = ReadonlyMap<string, Volume>;

const HOST_PATH_TYPES = [
  '',
  'BlockDevice',
  'CharDevice',
  'Directory',
  'DirectoryOrCreate',
  'File',
  'FileOrCreate',
  'Socket',
];

function items(errors: FieldErrors, path: string, list: readonly core.KeyToPath[] | undefined): void {
  list?.forEach((item, i) => {
    const field = `${path}.items[${i}]`;
    if (!item.key) errors.required(`${field}.key`);
    if (!item.path) errors.required(`${field}.path`);
    localNonReservedPath(errors, `${field}.path`, item.path ?? '');
    fileMode(errors, `${field}.mode`, item.mode);
  });
}

function downwardFile(errors: FieldErrors, path: string, file: core.DownwardAPIVolumeFile): void {
  if (!file.path) errors.required(`${path}.path`);
  localNonReservedPath(errors, `${path}.path`, file.path ?? '');
  if (file.fieldRef) {
    objectFieldSelector(errors, `${path}.fieldRef`, file.fieldRef, VOLUME_FIELDS);
    if (file.resourceFieldRef) {
      errors.invalid(path, 'resource', 'fieldRef and resourceFieldRef can not be specified simultaneously');
    }
  } else if (file.resourceFieldRef) {
    resourceFieldSelector(errors, `${path}.resourceFieldRef`, file.resourceFieldRef, true);
  } else errors.required(path, 'one of fieldRef and resourceFieldRef is required');
  fileMode(errors, `${path}.mode`, file.mode);
}

function projection(errors: FieldErrors, path: string, source: core.VolumeProjection, allPaths: Set<string>): void {
  let count = 0;
  const isFirst = (name: string): boolean => {
    if (count++ === 0) return true;
    errors.forbidden(`${path}.${name}`, 'may not specify more than 1 volume type');
    return false;
  };
  const unique = (file: string | undefined, why: string) => {
    if (!file) return;
    if (allPaths.has(file)) errors.invalid(path, file, why);
    allPaths.add(file);
  };
  for (const kind of ['secret', 'configMap'] as const) {
    const from = source[kind];
    if (!from || !isFirst(kind)) continue;
    if (!from.name) errors.required(`${path}.${kind}.name`);
    items(errors, `${path}.${kind}`, from.items);
    for (const item of from.items ?? []) unique(item.path, `conflicting duplicate paths`);
  }
  if (source.downwardAPI && isFirst('downwardAPI')) {
    for (const file of source.downwardAPI.items ?? []) {
      downwardFile(errors, `${path}.downwardAPI`, file);
      unique(file.path, 'conflicting duplicate paths');
    }
  }
  if (source.serviceAccountToken && isFirst('serviceAccountToken')) {
    const token = source.serviceAccountToken;
    const field = `${path}.serviceAccountToken`;
    if (token.expirationSeconds === undefined) errors.required(`${field}.expirationSeconds`);
    else if (token.expirationSeconds < 600) {
      errors.invalid(
        `${field}.expirationSeconds`,
        token.expirationSeconds,
        'may not specify a duration less than 10 minutes',
      );
    } else if (token.expirationSeconds > 2 ** 32) {
      errors.invalid(
        `${field}.expirationSeconds`,
        token.expirationSeconds,
        'may not specify a duration larger than 2^32 seconds',
      );
    }
    if (!token.path) errors.required(`${field}.path`);
    else localNonReservedPath(errors, `${field}.path`, token.path);
    unique(token.path, 'conflicting duplicate paths');
  }
  if (source.clusterTrustBundle && isFirst('clusterTrustBundle')) {
    const bundle = source.clusterTrustBundle;
    if (bundle.labelSelector) labelSelector(errors, `${path}.clusterTrustBundle.labelSelector`, bundle.labelSelector);
    if (!bundle.path) errors.required(`${path}.clusterTrustBundle.path`);
  }
  if (count === 0) errors.required(path, 'must specify a volume type');
}

function ephemeral(errors: FieldErrors, path: string, source: core.EphemeralVolumeSource): void {
  const claim = source.volumeClaimTemplate;
  if (!claim) return errors.required(`${path}.volumeClaimTemplate`);
  const field = `${path}.volumeClaimTemplate.spec`;
  if (!claim.spec?.accessModes?.length) errors.required(`${field}.accessModes`, 'at least 1 access mode is required');
  if (claim.spec?.resources?.requests?.['storage'] === undefined) errors.required(`${field}.resources[storage]`);
}

type Check = (errors: FieldErrors, path: string, volume: Volume) => void;

/** By the name of the source; a source without an entry has no rules beyond being the only one. */
const SOURCES: Readonly<Record<string, Check>> = {
  emptyDir: (errors, path, { emptyDir }) => {
    const limit = tryParseQuantity((emptyDir!.sizeLimit as string | undefined) ?? '0');
    if (!limit || limit.nanos < 0n) {
      errors.forbidden(`${path}.sizeLimit`, 'SizeLimit field must be a valid resource quantity');
    }
  },
  hostPath: (errors, path, { hostPath }) => {
    if (!hostPath!.path) return errors.required(`${path}.path`);
    noBacksteps(errors, `${path}.path`, hostPath!.path);
    optionalOneOf(errors, `${path}.type`, hostPath!.type, HOST_PATH_TYPES);
  },
  secret: (errors, path, { secret }) => {
    if (!secret!.secretName) errors.required(`${path}.secretName`);
    fileMode(errors, `${path}.defaultMode`, secret!.defaultMode);
    items(errors, path, secret!.items);
  },
  configMap: (errors, path, { configMap }) => {
    if (!configMap!.name) errors.required(`${path}.name`);
    fileMode(errors, `${path}.defaultMode`, configMap!.defaultMode);
    items(errors, path, configMap!.items);
  },
  persistentVolumeClaim: (errors, path, { persistentVolumeClaim }) => {
    if (!persistentVolumeClaim!.claimName) errors.required(`${path}.claimName`);
  },
  downwardAPI: (errors, path, { downwardAPI }) => {
    fileMode(errors, `${path}.defaultMode`, downwardAPI!.defaultMode);
    for (const file of downwardAPI!.items ?? []) downwardFile(errors, path, file);
  },
  projected: (errors, path, { projected }) => {
    fileMode(errors, `${path}.defaultMode`, projected!.defaultMode);
    const paths = new Set<string>();
    projected!.sources?.forEach((source, i) => projection(errors, `${path}.sources[${i}]`, source, paths));
  },
  nfs: (errors, path, { nfs }) => {
    if (!nfs!.server) errors.required(`${path}.server`);
    if (!nfs!.path) errors.required(`${path}.path`);
    if (!nfs!.path?.startsWith('/')) errors.invalid(`${path}.path`, nfs!.path ?? '', 'must be an absolute path');
  },
  gitRepo: (errors, path, { gitRepo }) => {
    if (!gitRepo!.repository) errors.required(`${path}.repository`);
    localDescendingPath(errors, `${path}.directory`, gitRepo!.directory ?? '');
  },
  csi: (errors, path, { csi }) => {
    if (!csi!.driver) errors.required(`${path}.driver`);
    if (csi!.nodePublishSecretRef && !csi!.nodePublishSecretRef.name)
      errors.required(`${path}.nodePublishSecretRef.name`);
  },
  ephemeral: (errors, path, volume) => ephemeral(errors, path, volume.ephemeral!),
  image: (errors, path, { image }) => {
    if (!image!.reference) errors.required(`${path}.reference`);
    optionalOneOf(errors, `${path}.pullPolicy`, image!.pullPolicy, ['Always', 'IfNotPresent', 'Never']);
  },
};

function volumeSource(errors: FieldErrors, path: string, volume: Volume): void {
  let count = 0;
  for (const key in volume) {
    if (key === 'name' || volume[key as keyof Volume] == null) continue;
    if (count++ > 0) errors.forbidden(`${path}.${key}`, 'may not specify more than 1 volume type');
    else SOURCES[key]?.(errors, `${path}.${key}`, volume);
  }
  if (count === 0) errors.required(path, 'must specify a volume type');
}

const NO_VOLUMES: VolumeMap = new Map();

/** Answers the valid volumes by name, for the mounts. */
export function validateVolumes(
  errors: FieldErrors,
  path: string,
  volumes: readonly Volume[] | undefined,
  podName: string | undefined,
): VolumeMap {
  if (!volumes?.length) return NO_VOLUMES;
  const valid = new Map<string, Volume>();
  for (let i = 0; i < volumes.length; i++) {
    const volume = volumes[i]!;
    const field = `${path}[${i}]`;
    const before = errors.list.length;
    volumeSource(errors, field, volume);
    if (!volume.name) errors.required(`${field}.name`);
    else dnsLabel(errors, `${field}.name`, volume.name);
    if (valid.has(volume.name)) errors.duplicate(`${field}.name`, volume.name);
    if (volume.ephemeral && podName && volume.name) {
      const claim = `${podName}-${volume.name}`;
      for (const message of dns1123SubdomainErrors(claim)) {
        errors.invalid(`${field}.name`, volume.name, `PVC name ${JSON.stringify(claim)}: ${message}`);
      }
    }
    if (errors.list.length === before) valid.set(volume.name, volume);
  }
  return valid;
}

function mount(errors: FieldErrors, path: string, list: string, m: core.VolumeMount, container: Container): void {
  if (m.subPath) localDescendingPath(errors, `${list}.subPath`, m.subPath);
  if (m.subPathExpr) {
    if (m.subPath)
      errors.invalid(`${path}.subPathExpr`, m.subPathExpr, 'subPathExpr and subPath are mutually exclusive');
    localDescendingPath(errors, `${list}.subPathExpr`, m.subPathExpr);
  }
  if (m.mountPropagation != null) {
    const field = `${list}.mountPropagation`;
    optionalOneOf(errors, field, m.mountPropagation, ['Bidirectional', 'HostToContainer', 'None']);
    if (m.mountPropagation === 'Bidirectional' && !container.securityContext?.privileged) {
      errors.forbidden(field, 'Bidirectional mount propagation is available only to privileged containers');
    }
  }
}

export function validateVolumeMounts(
  errors: FieldErrors,
  path: string,
  container: Container,
  volumes: VolumeMap,
): void {
  const mounts = container.volumeMounts;
  if (!mounts?.length) return;
  const seen = new Set<string>();
  for (let i = 0; i < mounts.length; i++) {
    const m = mounts[i]!;
    const field = `${path}.volumeMounts[${i}]`;
    if (!m.name) errors.required(`${field}.name`);
    if (!volumes.has(m.name)) errors.notFound(`${field}.name`, m.name ?? '');
    if (!m.mountPath) errors.required(`${field}.mountPath`);
    if (seen.has(m.mountPath)) errors.invalid(`${field}.mountPath`, m.mountPath, 'must be unique');
    seen.add(m.mountPath);
    for (const device of container.volumeDevices ?? []) {
      if (device.name === m.name) {
        errors.invalid(`${field}.name`, m.name, 'must not already exist in volumeDevices');
      }
      if (device.devicePath === m.mountPath) {
        errors.invalid(`${field}.mountPath`, m.mountPath, 'must not already exist as a path in volumeDevices');
      }
    }
    mount(errors, field, `${path}.volumeMounts`, m, container);
  }
}

export function validateVolumeDevices(
  errors: FieldErrors,
  path: string,
  container: Container,
  volumes: VolumeMap,
): void {
  const names = new Set<string>();
  const paths = new Set<string>();
  container.volumeDevices?.forEach((device, i) => {
    const field = `${path}.volumeDevices[${i}]`;
    const volume = volumes.get(device.name);
    if (!device.name) errors.required(`${field}.name`);
    if (names.has(device.name)) errors.invalid(`${field}.name`, device.name, 'must be unique');
    if (!volume) errors.notFound(`${field}.name`, device.name ?? '');
    else if (!volume.persistentVolumeClaim && !volume.ephemeral) {
      const why = 'can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode';
      errors.invalid(`${field}.name`, device.name, why);
    }
    if (!device.devicePath) errors.required(`${field}.devicePath`);
    if (paths.has(device.devicePath)) errors.invalid(`${field}.devicePath`, device.devicePath, 'must be unique');
    if (device.devicePath?.split('/').includes('..')) {
      errors.invalid(`${field}.devicePath`, device.devicePath, "can not contain backsteps ('..')");
    }
    names.add(device.name);
    paths.add(device.devicePath);
  });
}
