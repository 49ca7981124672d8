// PersistentVolumeClaim. Upstream: pkg/registry/core/persistentvolumeclaim/strategy.go,
// ValidatePersistentVolumeClaimSpec, ValidatePersistentVolumeClaimUpdate.
import type { PersistentVolumeClaim as CoreClaim } from 'kubernetes-types/core/v1.js';
import { differences, semanticEqual } from '../../equal.ts';
import { defineKind } from '../../kind.ts';
import { compareQuantities, tryParseQuantity } from '../../quantity.ts';
import type { FieldErrors } from '../../validation.ts';
import { ageColumn, column, wide } from '../shared/columns.ts';
import { texts } from '../shared/column-texts.ts';
import { POSITIVE, dnsSubdomain, immutable, labelSelector, optionalOneOf } from '../shared/field-rules.ts';
import { type ResourceList, defaultResourceList } from '../shared/resource-list.ts';
import { ACCESS_MODES, VOLUME_MODES, accessModesText, storageClassOf } from '../shared/storage-rules.ts';
import { status } from '../shared/workloads.ts';

type Claim = Omit<CoreClaim, 'status'> & {
  status?: { phase?: string; capacity?: ResourceList; accessModes?: string[] };
};

const storageOf = (claim: Claim): string | undefined =>
  (claim.spec?.resources?.requests as ResourceList | undefined)?.['storage'];

function validate({ spec }: Claim, errors: FieldErrors): void {
  const modes = spec?.accessModes ?? [];
  if (!modes.length) errors.required('spec.accessModes', 'at least 1 access mode is required');
  labelSelector(errors, 'spec.selector', spec?.selector);
  for (const mode of modes)
    if (!ACCESS_MODES.includes(mode)) errors.notSupported('spec.accessModes', mode, ACCESS_MODES);
  if (modes.includes('ReadWriteOncePod') && modes.length > 1) {
    errors.forbidden('spec.accessModes', 'may not use ReadWriteOncePod with other access modes');
  }
  const storage = (spec?.resources?.requests as ResourceList | undefined)?.['storage'];
  if (storage === undefined) errors.required('spec.resources[storage]');
  else if ((tryParseQuantity(storage)?.nanos ?? 0n) <= 0n) errors.invalid('spec.resources[storage]', storage, POSITIVE);
  if (spec?.storageClassName) dnsSubdomain(errors, 'spec.storageClassName', spec.storageClassName);
  optionalOneOf(errors, 'spec.volumeMode', spec?.volumeMode, VOLUME_MODES);
}

/** A bound claim may grow; a volume, once named, stays; a class may be filled in. Everything else is fixed. */
function validateUpdate(claim: Claim, old: Claim, errors: FieldErrors): void {
  const [now, before] = [structuredClone(claim.spec ?? {}), structuredClone(old.spec ?? {})];
  if (!before.volumeName) before.volumeName = now.volumeName as string;
  if (before.storageClassName == null && now.storageClassName != null) before.storageClassName = now.storageClassName;
  if (claim.status?.phase === 'Bound') {
    const requests = now.resources?.requests as ResourceList | undefined;
    if (requests) requests['storage'] = storageOf(old) ?? '0';
    if (now.volumeAttributesClassName != null)
      now.volumeAttributesClassName = before.volumeAttributesClassName as string;
  }
  if (!semanticEqual(now, before)) {
    const why =
      'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims';
    errors.forbidden('spec', `${why}\n${differences(before, now, 'spec').join('\n')}\n`);
  }
  const [size, oldSize] = [storageOf(claim) ?? '0', storageOf(old) ?? '0'];
  if (compareQuantities(size, oldSize) < 0 && compareQuantities(size, old.status?.capacity?.['storage'] ?? '0') <= 0) {
    errors.forbidden('spec.resources.requests.storage', 'field can not be less than status.capacity');
  }
  immutable(errors, 'volumeMode', claim.spec?.volumeMode, old.spec?.volumeMode);
}

export default defineKind<Claim>({
  group: '',
  kind: 'PersistentVolumeClaim',
  plural: 'persistentvolumeclaims',
  short: ['pvc'],
  scope: 'Namespaced',
  storage: { group: '', version: 'v1' },
  served: [{ group: '', version: 'v1' }],
  subresources: { status },
  generation: false,
  defaults(draft) {
    (draft.status ??= {}).phase ||= 'Pending';
    const { spec } = draft;
    if (!spec) return;
    spec.volumeMode ??= 'Filesystem';
    defaultResourceList(spec.resources?.requests as ResourceList | undefined);
    defaultResourceList(spec.resources?.limits as ResourceList | undefined);
  },
  prepareCreate(draft) {
    draft.status = { phase: 'Pending' };
  },
  validate,
  validateUpdate,
  selectableFields: {},
  columns: [
    column('Status', 'string', texts['PersistentVolumeClaimStatus.phase']!, (c) =>
      c.metadata?.deletionTimestamp ? 'Terminating' : (c.status?.phase ?? ''),
    ),
    column('Volume', 'string', texts['PersistentVolumeClaimSpec.volumeName']!, (c) => c.spec?.volumeName ?? ''),
    column('Capacity', 'string', texts['PersistentVolumeClaimStatus.capacity']!, (c) =>
      c.spec?.volumeName ? (c.status?.capacity?.['storage'] ?? '0') : '',
    ),
    column('Access Modes', 'string', texts['PersistentVolumeClaimStatus.accessModes']!, (c) =>
      c.spec?.volumeName ? accessModesText(c.status?.accessModes) : '',
    ),
    column('StorageClass', 'string', 'StorageClass of the pvc', storageClassOf),
    column(
      'VolumeAttributesClass',
      'string',
      'VolumeAttributesClass of the pvc',
      (c) => c.spec?.volumeAttributesClassName ?? '<unset>',
    ),
    ageColumn,
    wide(
      'VolumeMode',
      'string',
      texts['PersistentVolumeClaimSpec.volumeMode']!,
      (c) => c.spec?.volumeMode ?? '<unset>',
    ),
  ],
});
