// Rules for a pod's volumes and for mounting them. Upstream: ValidateVolumes, validateVolumeSource,
// ValidateVolumeMounts, ValidateVolumeDevices. What the sources hold is checked in volume-*.ts.
import type * as core from 'kubernetes-types/core/v1.js';
import { dns1123SubdomainErrors } from '../../names.ts';
import { tryParseQuantity } from '../../quantity.ts';
import type { FieldErrors } from '../../validation.ts';
import { type ClaimSpec, validateClaimTemplate } from './claim-spec.ts';
import { dnsLabel, localDescendingPath, noBacksteps, oneOf, optionalOneOf } from './field-rules.ts';
import type { Container, Volume } from './pod-types.ts';
import { downwardApi, keyedVolume, projected } from './volume-projected.ts';
import * as vendors from './volume-vendors.ts';

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
const PULL_POLICIES = ['Always', 'IfNotPresent', 'Never'];

export function hostPath(errors: FieldErrors, path: string, source: core.HostPathVolumeSource): void {
  if (!source.path) return errors.required(`${path}.path`);
  noBacksteps(errors, `${path}.path`, source.path);
  optionalOneOf(errors, `${path}.type`, source.type, HOST_PATH_TYPES);
}

type Sources = Omit<Volume, 'name'>;
type Checks = {
  [K in keyof Sources]-?: (errors: FieldErrors, path: string, source: NonNullable<Sources[K]>, isPod: boolean) => void;
};

/** In upstream's order: of several sources the first is checked and the others are forbidden. */
const SOURCES: Checks = {
  emptyDir(errors, path, source) {
    const limit = tryParseQuantity((source.sizeLimit as string | undefined) ?? '0');
    if (limit && limit.nanos >= 0n) return;
    errors.forbidden(`${path}.sizeLimit`, 'SizeLimit field must be a valid resource quantity');
  },
  hostPath,
  gitRepo(errors, path, source) {
    vendors.requireFields(errors, path, source, 'repository');
    localDescendingPath(errors, `${path}.directory`, source.directory ?? '');
  },
  gcePersistentDisk: vendors.gceDisk,
  awsElasticBlockStore: vendors.awsDisk,
  secret: (errors, path, source) => keyedVolume(errors, path, source, 'secretName', source.secretName),
  nfs: vendors.nfs,
  iscsi: (errors, path, source) => vendors.iscsi(errors, path, source),
  glusterfs: vendors.glusterfs,
  flocker: vendors.flocker,
  persistentVolumeClaim: (errors, path, source) => vendors.requireFields(errors, path, source, 'claimName'),
  rbd: vendors.rbd,
  cinder: (errors, path, source) => vendors.cinder(errors, path, source, false),
  cephfs: vendors.cephfs,
  quobyte: vendors.quobyte,
  downwardAPI: downwardApi,
  fc: vendors.fibreChannel,
  flexVolume: vendors.flexVolume,
  configMap: (errors, path, source) => keyedVolume(errors, path, source, 'name', source.name),
  azureFile: vendors.azureFile,
  vsphereVolume: (errors, path, source) => vendors.requireFields(errors, path, source, 'volumePath'),
  photonPersistentDisk: (errors, path, source) => vendors.requireFields(errors, path, source, 'pdID'),
  portworxVolume: (errors, path, source) => vendors.requireFields(errors, path, source, 'volumeID'),
  azureDisk: vendors.azureDisk,
  storageos: (errors, path, source) => vendors.storageOs(errors, path, source, false),
  projected,
  scaleIO: (errors, path, source) => vendors.requireFields(errors, path, source, 'gateway', 'system', 'volumeName'),
  csi: vendors.csi,
  ephemeral(errors, path, source) {
    const template = source.volumeClaimTemplate;
    if (!template) return errors.required(`${path}.volumeClaimTemplate`);
    const { metadata, spec } = template as { metadata?: object; spec?: ClaimSpec };
    validateClaimTemplate(errors, `${path}.volumeClaimTemplate`, { metadata, spec });
  },
  image(errors, path, source, isPod) {
    if (isPod && !source.reference) errors.required(`${path}.reference`);
    oneOf(errors, `${path}.pullPolicy`, source.pullPolicy, PULL_POLICIES);
  },
};
/** Where upstream's path is not the field's name. */
const SECOND: Readonly<Record<string, string>> = { cephfs: 'cephFS', downwardAPI: 'downwarAPI' };
const ORDER = Object.keys(SOURCES) as (keyof Sources)[];
type Check = (errors: FieldErrors, path: string, source: unknown, isPod: boolean) => void;

function volumeSource(errors: FieldErrors, path: string, volume: Volume, isPod: boolean): void {
  let first: keyof Sources | undefined;
  let count = 0;
  for (const key in volume) {
    if (key === 'name' || volume[key as keyof Volume] == null) continue;
    first = key as keyof Sources;
    count++;
  }
  if (first === undefined) return errors.required(path, 'must specify a volume type');
  if (count === 1) return (SOURCES[first] as Check)(errors, `${path}.${first}`, volume[first], isPod);
  let found = 0;
  for (const key of ORDER) {
    if (volume[key] == null) continue;
    if (found++ === 0) (SOURCES[key] as Check)(errors, `${path}.${key}`, volume[key], isPod);
    else errors.forbidden(`${path}.${SECOND[key] ?? key}`, 'may not specify more than 1 volume type');
  }
}

const NO_VOLUMES: VolumeMap = new Map();

/** The claim that is made for an ephemeral volume is named after both. */
function claimName(errors: FieldErrors, path: string, podName: string, name: string): void {
  const claim = `${podName}-${name}`;
  for (const message of dns1123SubdomainErrors(claim)) {
    errors.invalid(`${path}.name`, name, `PVC name ${JSON.stringify(claim)}: ${message}`);
  }
}

/** Answers the valid volumes by name, for the mounts. */
export function validateVolumes(
  errors: FieldErrors,
  path: string,
  volumes: readonly Volume[] | undefined,
  podName: string | undefined,
): VolumeMap {
  if (!volumes?.length) return NO_VOLUMES;
  const isPod = podName !== undefined;
  const valid = new Map<string, Volume>();
  let made: Set<string> | undefined;
  if (podName) {
    for (const v of volumes) if (v.ephemeral) (made ??= new Set()).add(`${podName}-${v.name}`);
  }
  for (let i = 0; i < volumes.length; i++) {
    const volume = volumes[i]!;
    const field = `${path}[${i}]`;
    const before = errors.list.length;
    volumeSource(errors, field, volume, isPod);
    const source = volume.iscsi;
    if (source?.initiatorName != null && `${volume.name ?? ''}:${source.targetPortal ?? ''}`.length > 64) {
      errors.invalid(`${field}.name`, volume.name ?? '', vendors.ISCSI_LENGTH);
    }
    if (volume.ephemeral && podName && volume.name) claimName(errors, field, podName, volume.name);
    if (!volume.name) errors.required(`${field}.name`);
    else dnsLabel(errors, `${field}.name`, volume.name);
    if (valid.has(volume.name)) errors.duplicate(`${field}.name`, volume.name);
    if (errors.list.length === before) valid.set(volume.name, volume);
    const claim = volume.persistentVolumeClaim?.claimName;
    if (claim !== undefined && made?.has(claim)) {
      const why = 'must not reference a PVC that gets created for an ephemeral volume';
      errors.invalid(`${field}.persistentVolumeClaim.claimName`, claim, why);
    }
  }
  return valid;
}

const RECURSIVE = ['Disabled', 'Enabled', 'IfPossible'];

function recursiveReadOnly(errors: FieldErrors, field: string, m: core.VolumeMount): void {
  const mode = m.recursiveReadOnly;
  if (mode == null || mode === 'Disabled') return;
  if (!RECURSIVE.includes(mode)) return errors.notSupported(field, mode, RECURSIVE);
  if (!m.readOnly) errors.forbidden(field, 'may only be specified when readOnly is true');
  if (m.mountPropagation != null && m.mountPropagation !== 'None') {
    errors.forbidden(field, 'may only be specified when mountPropagation is None or not specified');
  }
}

/** Upstream gives what is inside a mount the list's path. */
function mount(errors: FieldErrors, path: string, list: string, m: core.VolumeMount, container: Container): void {
  if (m.subPath) localDescendingPath(errors, `${list}.subPath`, m.subPath);
  if (m.subPathExpr) {
    if (m.subPath) {
      errors.invalid(`${path}.subPathExpr`, m.subPathExpr, 'subPathExpr and subPath are mutually exclusive');
    }
    localDescendingPath(errors, `${list}.subPathExpr`, m.subPathExpr);
  }
  if (m.mountPropagation != null) {
    const field = `${list}.mountPropagation`;
    optionalOneOf(errors, field, m.mountPropagation, ['Bidirectional', 'HostToContainer', 'None']);
    if (m.mountPropagation === 'Bidirectional' && !container.securityContext?.privileged) {
      errors.forbidden(field, 'Bidirectional mount propagation is available only to privileged containers');
    }
  }
  recursiveReadOnly(errors, `${list}.recursiveReadOnly`, m);
}

export function validateVolumeMounts(
  errors: FieldErrors,
  path: string,
  container: Container,
  volumes: VolumeMap,
): void {
  const mounts = container.volumeMounts;
  if (!mounts?.length) return;
  const devices = container.volumeDevices;
  const seen = new Set<string>();
  for (let i = 0; i < mounts.length; i++) {
    const m = mounts[i]!;
    const field = `${path}.volumeMounts[${i}]`;
    if (!m.name) errors.required(`${field}.name`);
    if (!volumes.has(m.name)) errors.notFound(`${field}.name`, m.name ?? '');
    if (!m.mountPath) errors.required(`${field}.mountPath`);
    if (seen.has(m.mountPath)) errors.invalid(`${field}.mountPath`, m.mountPath, 'must be unique');
    seen.add(m.mountPath);
    if (devices?.some((d) => d.name === m.name)) {
      errors.invalid(`${field}.name`, m.name, 'must not already exist in volumeDevices');
    }
    if (devices?.some((d) => d.devicePath === m.mountPath)) {
      errors.invalid(`${field}.mountPath`, m.mountPath, 'must not already exist as a path in volumeDevices');
    }
    mount(errors, field, `${path}.volumeMounts`, m, container);
  }
}

function deviceName(
  errors: FieldErrors,
  field: string,
  name: string,
  seen: ReadonlySet<string>,
  volumes: VolumeMap,
): void {
  const volume = volumes.get(name);
  if (!name) errors.required(field);
  if (seen.has(name)) errors.invalid(field, name, 'must be unique');
  if (!volume) errors.notFound(field, name);
  else if (!volume.persistentVolumeClaim && !volume.ephemeral) {
    const why = 'can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode';
    errors.invalid(field, name, why);
  }
}

export function validateVolumeDevices(
  errors: FieldErrors,
  path: string,
  container: Container,
  volumes: VolumeMap,
): void {
  const devices = container.volumeDevices;
  if (!devices?.length) return;
  const mounts = container.volumeMounts;
  const [names, paths] = [new Set<string>(), new Set<string>()];
  devices.forEach(({ name = '', devicePath = '' }, i) => {
    const field = `${path}.volumeDevices[${i}]`;
    deviceName(errors, `${field}.name`, name, names, volumes);
    if (!devicePath) errors.required(`${field}.devicePath`);
    if (paths.has(devicePath)) errors.invalid(`${field}.devicePath`, devicePath, 'must be unique');
    if (devicePath.split('/').includes('..')) {
      errors.invalid(`${field}.devicePath`, devicePath, "can not contain backsteps ('..')");
    } else paths.add(devicePath);
    if (mounts?.some((m) => m.name === name)) {
      errors.invalid(`${field}.name`, name, 'must not already exist in volumeMounts');
    }
    if (mounts?.some((m) => m.mountPath === devicePath)) {
      errors.invalid(`${field}.devicePath`, devicePath, 'must not already exist as a path in volumeMounts');
    }
    if (name) names.add(name);
  });
}
