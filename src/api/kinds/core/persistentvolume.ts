// PersistentVolume. Upstream: pkg/registry/core/persistentvolume/strategy.go, ValidatePersistentVolume.
import type { PersistentVolume as CoreVolume } from 'kubernetes-types/core/v1.js';
import { semanticEqual } from '../../equal.ts';
import { defineKind } from '../../kind.ts';
import { tryParseQuantity } from '../../quantity.ts';
import type { FieldErrors } from '../../validation.ts';
import { ageColumn, column, wide } from '../shared/columns.ts';
import { texts } from '../shared/column-texts.ts';
import { POSITIVE, dnsSubdomain, immutable, noBacksteps, optionalOneOf } from '../shared/field-rules.ts';
import { validateNodeSelector } from '../shared/pod-scheduling.ts';
import { type ResourceList, defaultResourceList } from '../shared/resource-list.ts';
import { ACCESS_MODES, VOLUME_MODES, accessModesText, storageClassOf } from '../shared/storage-rules.ts';
import { status } from '../shared/workloads.ts';

type Volume = Omit<CoreVolume, 'status'> & { status?: { phase?: string; reason?: string; message?: string } };

const OTHER_FIELDS = new Set([
  ...['accessModes', 'capacity', 'claimRef', 'mountOptions', 'nodeAffinity', 'persistentVolumeReclaimPolicy'],
  ...['storageClassName', 'volumeAttributesClassName', 'volumeMode'],
]);

function validateSource(errors: FieldErrors, spec: NonNullable<Volume['spec']>): void {
  const sources = Object.keys(spec).filter((k) => !OTHER_FIELDS.has(k) && spec[k as keyof typeof spec] != null);
  if (sources.length === 0) errors.required('spec', 'must specify a volume type');
  for (const extra of sources.slice(1)) errors.forbidden(`spec.${extra}`, 'may not specify more than 1 volume type');
  const { hostPath, local } = spec;
  if (hostPath) {
    if (!hostPath.path) errors.required('spec.hostPath.path');
    else noBacksteps(errors, 'spec.hostPath.path', hostPath.path);
    if (hostPath.path === '/' && spec.persistentVolumeReclaimPolicy === 'Recycle') {
      errors.forbidden('spec.persistentVolumeReclaimPolicy', "may not be 'recycle' for a hostPath mount of '/'");
    }
  }
  if (local) {
    if (!local.path) errors.required('spec.local.path');
    else noBacksteps(errors, 'spec.local.path', local.path);
    if (!spec.nodeAffinity?.required) errors.required('spec.nodeAffinity', 'Local volume requires node affinity');
  }
  if (spec.csi && !spec.csi.driver) errors.required('spec.csi.driver');
  if (spec.csi && !spec.csi.volumeHandle) errors.required('spec.csi.volumeHandle');
}

function validate({ spec }: Volume, errors: FieldErrors): void {
  if (!spec) return errors.required('spec.accessModes');
  if (!spec.accessModes?.length) errors.required('spec.accessModes');
  for (const mode of spec.accessModes ?? []) {
    if (!ACCESS_MODES.includes(mode)) errors.notSupported('spec.accessModes', mode, ACCESS_MODES);
  }
  const capacity = (spec.capacity ?? {}) as ResourceList;
  const names = Object.keys(capacity);
  if (!names.length) errors.required('spec.capacity');
  else if (capacity['storage'] === undefined || names.length > 1)
    errors.notSupported('spec.capacity', capacity, ['storage']);
  for (const name of names) {
    if ((tryParseQuantity(capacity[name]!)?.nanos ?? 0n) <= 0n) {
      errors.invalid(`spec.capacity[${name}]`, capacity[name], POSITIVE);
    }
  }
  optionalOneOf(errors, 'spec.persistentVolumeReclaimPolicy', spec.persistentVolumeReclaimPolicy, [
    'Delete',
    'Recycle',
    'Retain',
  ]);
  if (spec.nodeAffinity?.required)
    validateNodeSelector(errors, 'spec.nodeAffinity.required', spec.nodeAffinity.required);
  validateSource(errors, spec);
  if (spec.storageClassName) dnsSubdomain(errors, 'spec.storageClassName', spec.storageClassName);
  optionalOneOf(errors, 'spec.volumeMode', spec.volumeMode, VOLUME_MODES);
}

function claim({ spec }: Volume): string {
  const ref = spec?.claimRef;
  return ref ? `${ref.namespace ?? ''}/${ref.name ?? ''}` : '';
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
    if (spec.hostPath) spec.hostPath.type ??= '';
    defaultResourceList(spec.capacity as ResourceList | undefined);
  },
  prepareCreate(draft) {
    draft.status = { phase: 'Pending' };
  },
  validate,
  validateUpdate(volume, old, errors) {
    const source = (v: Volume) =>
      Object.fromEntries(Object.entries(v.spec ?? {}).filter(([k]) => !OTHER_FIELDS.has(k)));
    if (!semanticEqual(source(volume), source(old))) {
      errors.forbidden('spec.persistentvolumesource', 'spec.persistentvolumesource is immutable after creation');
    }
    immutable(errors, 'volumeMode', volume.spec?.volumeMode, old.spec?.volumeMode);
    if (old.spec?.nodeAffinity)
      immutable(errors, 'spec.nodeAffinity', volume.spec?.nodeAffinity, old.spec.nodeAffinity);
  },
  selectableFields: {},
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
