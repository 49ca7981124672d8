// PersistentVolume. Upstream: pkg/registry/core/persistentvolume/strategy.go, ValidatePersistentVolume.
import type * as core from 'kubernetes-types/core/v1.js';
import { differences, semanticEqual } from '../../equal.ts';
import { defineKind } from '../../kind.ts';
import { tryParseQuantity } from '../../quantity.ts';
import type { FieldErrors } from '../../validation.ts';
import { ageColumn, column, wide } from '../shared/columns.ts';
import { texts } from '../shared/column-texts.ts';
import { POSITIVE, dnsSubdomain, immutable, noBacksteps, optionalOneOf } from '../shared/field-rules.ts';
import { DEPRECATED_VOLUMES, nodeSelectorTermWarnings } from '../shared/pod-warnings.ts';
import { validateNodeSelector } from '../shared/pod-scheduling.ts';
import { hostPath } from '../shared/pod-volumes.ts';
import { type ResourceList, defaultResourceList } from '../shared/resource-list.ts';
import {
  VOLUME_MODES,
  accessModesText,
  fractionalBytes,
  storageClassOf,
  validateAccessModes,
} from '../shared/storage-rules.ts';
import * as vendors from '../shared/volume-vendors.ts';
import { status } from '../shared/workloads.ts';

type Volume = Omit<core.PersistentVolume, 'status'> & {
  status?: { phase?: string; reason?: string; message?: string; lastPhaseTransitionTime?: string };
};
type Spec = core.PersistentVolumeSpec;

type SourceName = Exclude<
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
type Checks = {
  [K in SourceName]-?: (errors: FieldErrors, path: string, source: NonNullable<Spec[K]>, volume: Volume) => void;
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
  iscsi: (errors, path, source, volume) => vendors.iscsi(errors, path, source, volume.metadata?.name ?? ''),
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
    if (!volume.spec?.nodeAffinity) errors.required('spec.nodeAffinity', 'Local volume requires node affinity');
  },
  storageos: (errors, path, source) => vendors.storageOs(errors, path, source, true),
  csi: vendors.csiPersistent,
};
const ORDER = Object.keys(SOURCES) as SourceName[];
type Check = (errors: FieldErrors, path: string, source: unknown, volume: Volume) => void;

function validateSource(errors: FieldErrors, volume: Volume): void {
  const spec = volume.spec!;
  let count = 0;
  for (const name of ORDER) {
    if (spec[name] == null) continue;
    // FlexVolume is the one that upstream lets stand beside others.
    if (count++ === 0 || name === 'flexVolume') (SOURCES[name] as Check)(errors, `spec.${name}`, spec[name], volume);
    else {
      errors.forbidden(`spec.${name === 'cephfs' ? 'cephFS' : name}`, 'may not specify more than 1 volume type');
    }
  }
  if (count === 0) errors.required('spec', 'must specify a volume type');
  if (spec.persistentVolumeReclaimPolicy !== 'Recycle' || !spec.hostPath?.path) return;
  const parts = spec.hostPath.path.split('/').filter((part) => part !== '' && part !== '.');
  if (spec.hostPath.path.startsWith('/') && parts.length === 0) {
    errors.forbidden('spec.persistentVolumeReclaimPolicy', "may not be 'recycle' for a hostPath mount of '/'");
  }
}

function validateCapacity(errors: FieldErrors, capacity: ResourceList): void {
  const names = Object.keys(capacity);
  if (!names.length) errors.required('spec.capacity');
  if (capacity['storage'] === undefined || names.length > 1) {
    errors.notSupported('spec.capacity', capacity, ['storage']);
  }
  for (const name of names) {
    const field = `spec.capacity[${name}]`;
    const quantity = tryParseQuantity(capacity[name]!);
    if (quantity && quantity.nanos < 0n) {
      errors.invalid(field, -(-quantity.nanos / 1_000_000_000n), 'must be a valid resource quantity');
    }
    if (!quantity || quantity.nanos <= 0n) errors.invalid(field, capacity[name], POSITIVE);
  }
}

function validate(volume: Volume, errors: FieldErrors): void {
  const spec = volume.spec ?? {};
  if (!spec.accessModes?.length) errors.required('spec.accessModes');
  validateAccessModes(errors, 'spec.accessModes', spec.accessModes);
  validateCapacity(errors, (spec.capacity ?? {}) as ResourceList);
  const policy = spec.persistentVolumeReclaimPolicy;
  if (policy) optionalOneOf(errors, 'spec.persistentVolumeReclaimPolicy', policy, ['Delete', 'Recycle', 'Retain']);
  if (spec.nodeAffinity) {
    const { required } = spec.nodeAffinity;
    if (required) validateNodeSelector(errors, 'spec.nodeAffinity.required', required);
    else errors.required('spec.nodeAffinity.required', 'must specify required node constraints');
  }
  if (volume.spec) validateSource(errors, volume);
  else errors.required('spec', 'must specify a volume type');
  if (spec.storageClassName) dnsSubdomain(errors, 'spec.storageClassName', spec.storageClassName);
  optionalOneOf(errors, 'spec.volumeMode', spec.volumeMode, VOLUME_MODES);
  const attributes = spec.volumeAttributesClassName;
  if (attributes == null) return;
  if (attributes === '') errors.required('spec.volumeAttributesClassName', 'an empty string is disallowed');
  else dnsSubdomain(errors, 'spec.volumeAttributesClassName', attributes);
  if (!spec.csi) errors.required('spec.csi', 'has to be specified when using volumeAttributesClassName');
}

const sourceOf = (spec: Spec = {}): Partial<Record<SourceName, unknown>> =>
  Object.fromEntries(ORDER.filter((name) => spec[name] != null).map((name) => [name, spec[name]]));

const STABLE_LABELS: Readonly<Record<string, string>> = {
  'failure-domain.beta.kubernetes.io/zone': 'topology.kubernetes.io/zone',
  'failure-domain.beta.kubernetes.io/region': 'topology.kubernetes.io/region',
  'beta.kubernetes.io/os': 'kubernetes.io/os',
  'beta.kubernetes.io/arch': 'kubernetes.io/arch',
  'beta.kubernetes.io/instance-type': 'node.kubernetes.io/instance-type',
};

/** Equal, but for labels of the beta that became stable. Upstream: validatePvNodeAffinity. */
function sameAffinity(now: core.VolumeNodeAffinity | undefined, old: core.VolumeNodeAffinity): boolean {
  if (semanticEqual(now, old)) return true;
  const renamed = structuredClone(old);
  renamed.required?.nodeSelectorTerms?.forEach((term, i) => {
    for (const list of ['matchExpressions', 'matchFields'] as const) {
      term[list]?.forEach((r, j) => {
        const key = now?.required?.nodeSelectorTerms?.[i]?.[list]?.[j]?.key;
        if (key !== undefined && STABLE_LABELS[r.key] === key) r.key = key;
      });
    }
  });
  return semanticEqual(now, renamed);
}

function validateUpdate(volume: Volume, old: Volume, errors: FieldErrors): void {
  const [now, before] = [volume.spec ?? {}, old.spec ?? {}];
  const source = sourceOf(now);
  if (before.csi && !before.csi.controllerExpandSecretRef && now.csi?.controllerExpandSecretRef) {
    const { controllerExpandSecretRef: _added, ...rest } = now.csi;
    source.csi = rest;
  }
  if (!semanticEqual(source, sourceOf(before))) {
    const changes = differences(sourceOf(before), source).join('\n');
    const why = `spec.persistentvolumesource is immutable after creation\n${changes}\n`;
    errors.forbidden('spec.persistentvolumesource', why);
  }
  immutable(errors, 'volumeMode', now.volumeMode, before.volumeMode);
  if (before.nodeAffinity && !sameAffinity(now.nodeAffinity, before.nodeAffinity)) {
    const why = 'field is immutable, except for updating from beta label to GA';
    errors.invalid('nodeAffinity', now.nodeAffinity, why);
  }
  if (before.volumeAttributesClassName != null && now.volumeAttributesClassName == null) {
    errors.forbidden('spec.volumeAttributesClassName', 'update from non-nil value to nil is forbidden');
  }
}

/** Upstream: pkg/api/persistentvolume.GetWarningsForPersistentVolume. */
function warnings({ metadata, spec }: Volume): string[] {
  const out: string[] = [];
  if (!spec) return out;
  const beta = 'volume.beta.kubernetes.io/storage-class';
  if (metadata?.annotations?.[beta] !== undefined) {
    out.push(`metadata.annotations[${beta}]: deprecated since v1.8; use "storageClassName" attribute instead`);
  }
  const mount = 'volume.beta.kubernetes.io/mount-options';
  if (metadata?.annotations?.[mount] !== undefined) {
    out.push(`metadata.annotations[${mount}]: deprecated since v1.31; use "mountOptions" attribute instead`);
  }
  if (spec.persistentVolumeReclaimPolicy === 'Recycle') {
    out.push(
      'spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.',
    );
  }
  spec.nodeAffinity?.required?.nodeSelectorTerms?.forEach((term, i) => {
    const path = `spec.nodeAffinity.required.nodeSelectorTerms[${i}]`;
    out.push(...nodeSelectorTermWarnings(path, term, false));
  });
  for (const name of ORDER) {
    const why = DEPRECATED_VOLUMES[name];
    if (spec[name] != null && why && name !== 'flexVolume') {
      out.push(`spec.${name === 'storageos' ? 'storageOS' : name}: ${why}`);
    }
  }
  out.push(...fractionalBytes('spec.capacity[storage]', (spec.capacity as ResourceList | undefined)?.['storage']));
  return out;
}

function claim({ spec }: Volume): string {
  const ref = spec?.claimRef;
  return ref ? `${ref.namespace ?? ''}/${ref.name ?? ''}` : '';
}

/** What is set for volumes in pods, too: zz_generated.defaults.go. */
function defaultSources(spec: Spec): void {
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
}

interface PhaseStatus {
  phase?: string;
  lastPhaseTransitionTime?: string;
}

export default defineKind<Volume>({
  group: '',
  kind: 'PersistentVolume',
  plural: 'persistentvolumes',
  short: ['pv'],
  scope: 'Cluster',
  storage: { group: '', version: 'v1' },
  served: [{ group: '', version: 'v1' }],
  subresources: { status },
  generation: false,
  defaults(draft) {
    (draft.status ??= {}).phase ||= 'Pending';
    const { spec } = draft;
    if (!spec) return;
    spec.persistentVolumeReclaimPolicy ||= 'Retain';
    spec.volumeMode ??= 'Filesystem';
    defaultSources(spec);
    defaultResourceList(spec.capacity as ResourceList | undefined);
  },
  prepareStatus(draft, old, now) {
    const [status, before] = [draft.status as PhaseStatus | undefined, old.status as PhaseStatus | undefined];
    if (!status || status.phase === before?.phase) return;
    const at = status.lastPhaseTransitionTime;
    if (at === undefined || at === before?.lastPhaseTransitionTime) status.lastPhaseTransitionTime = now;
  },
  prepareCreate(draft) {
    const since = draft.metadata?.creationTimestamp as string | undefined;
    draft.status = { phase: 'Pending', ...(since ? { lastPhaseTransitionTime: since } : {}) };
  },
  validate,
  validateUpdate,
  warnings,
  columns: [
    column('Capacity', 'string', texts['PersistentVolumeSpec.capacity']!, (v) =>
      String((v.spec?.capacity as ResourceList)?.['storage'] ?? '0'),
    ),
    column('Access Modes', 'string', texts['PersistentVolumeSpec.accessModes']!, (v) =>
      accessModesText(v.spec?.accessModes),
    ),
    column(
      'Reclaim Policy',
      'string',
      texts['PersistentVolumeSpec.persistentVolumeReclaimPolicy']!,
      (v) => v.spec?.persistentVolumeReclaimPolicy ?? '',
    ),
    column('Status', 'string', texts['PersistentVolumeStatus.phase']!, (v) =>
      v.metadata?.deletionTimestamp ? 'Terminating' : (v.status?.phase ?? ''),
    ),
    column('Claim', 'string', texts['PersistentVolumeSpec.claimRef']!, claim),
    column('StorageClass', 'string', 'StorageClass of the pv', storageClassOf),
    column(
      'VolumeAttributesClass',
      'string',
      'VolumeAttributesClass of the pv',
      (v) => v.spec?.volumeAttributesClassName ?? '<unset>',
    ),
    column('Reason', 'string', texts['PersistentVolumeStatus.reason']!, (v) => v.status?.reason ?? ''),
    ageColumn,
    wide('VolumeMode', 'string', texts['PersistentVolumeSpec.volumeMode']!, (v) => v.spec?.volumeMode ?? '<unset>'),
  ],
});
