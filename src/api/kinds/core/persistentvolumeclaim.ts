// PersistentVolumeClaim. Upstream: pkg/registry/core/persistentvolumeclaim/strategy.go,
// ValidatePersistentVolumeClaimSpec, ValidatePersistentVolumeClaimUpdate.
import type { ObjectMeta } from '../../types.ts';
import { qualifiedNameErrors } from '../../names.ts';
import { differences, semanticEqual } from '../../equal.ts';
import { defineKind } from '../../kind.ts';
import { compareQuantities, tryParseQuantity } from '../../quantity.ts';
import type { FieldErrors } from '../../validation.ts';
import {
  type ClaimSpec,
  claimSpecWarnings,
  defaultClaimSpec,
  dropDataSources,
  normalizeDataSources,
  validateClaimSpec,
} from '../shared/claim-spec.ts';
import { ageColumn, column, wide } from '../shared/columns.ts';
import { texts } from '../shared/column-texts.ts';
import { IMMUTABLE, immutable, push } from '../shared/field-rules.ts';
import { type ResourceList, defaultResourceList, resourceQuantity } from '../shared/resource-list.ts';
import { accessModesText, storageClassOf } from '../shared/storage-rules.ts';
import { status } from '../shared/workloads.ts';

interface ClaimStatus {
  phase?: string;
  capacity?: ResourceList;
  accessModes?: string[];
  conditions?: unknown[];
  allocatedResources?: ResourceList;
  allocatedResourceStatuses?: Record<string, string>;
}
interface Claim {
  apiVersion?: string;
  kind?: string;
  metadata?: ObjectMeta;
  spec?: ClaimSpec;
  status?: ClaimStatus;
}

const BETA_CLASS = 'volume.beta.kubernetes.io/storage-class';
const storageOf = (claim: Claim): string => claim.spec?.resources?.requests?.['storage'] ?? '0';

function settleSources(spec: ClaimSpec, old?: ClaimSpec): void {
  dropDataSources(spec, old);
  normalizeDataSources(spec);
}

/** The class moves from the old annotation to its field, or is filled in; both happen once. */
function settleClass(now: ClaimSpec, claim: Claim, old: Claim, errors: FieldErrors): void {
  const [given, before] = [claim.metadata?.annotations?.[BETA_CLASS], old.metadata?.annotations?.[BETA_CLASS]];
  const wasUnset = old.spec?.storageClassName == null;
  const name = now.storageClassName;
  const isUpgrade = before !== undefined && wasUnset && name === before && (given === undefined || given === before);
  if (isUpgrade) {
    delete now.storageClassName;
    return;
  }
  if ((given ?? '') !== (before ?? '')) {
    errors.invalid(`metadata.annotations.${BETA_CLASS}`, given ?? '', IMMUTABLE);
  }
  if (wasUnset && name != null && (before === undefined || name === before)) delete now.storageClassName;
}

/** A bound claim may grow; a volume, once named, stays; a class may be filled in. Everything else is fixed. */
function validateUpdate(claim: Claim, old: Claim, errors: FieldErrors): void {
  const isBound = claim.status?.phase === 'Bound';
  const now = structuredClone(claim.spec ?? {});
  const before: ClaimSpec = { ...old.spec };
  if (!before.volumeName && now.volumeName) before.volumeName = now.volumeName;
  settleClass(now, claim, old, errors);
  if (isBound && now.resources?.requests) now.resources.requests['storage'] = storageOf(old);
  if (isBound && now.volumeAttributesClassName != null) {
    if (before.volumeAttributesClassName == null) delete now.volumeAttributesClassName;
    else now.volumeAttributesClassName = before.volumeAttributesClassName;
  }
  if (!semanticEqual(now, before)) {
    const why =
      'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims';
    errors.forbidden('spec', `${why}\n${differences(before, now, 'spec').join('\n')}\n`);
  }
  const size = storageOf(claim);
  if (
    compareQuantities(size, storageOf(old)) < 0 &&
    compareQuantities(size, old.status?.capacity?.['storage'] ?? '0') <= 0
  ) {
    errors.forbidden('spec.resources.requests.storage', 'field can not be less than status.capacity');
  }
  immutable(errors, 'volumeMode', claim.spec?.volumeMode, old.spec?.volumeMode);
  if (old.spec?.volumeAttributesClassName == null) return;
  const [field, attributes] = ['spec.volumeAttributesClassName', claim.spec?.volumeAttributesClassName];
  if (attributes == null) errors.forbidden(field, 'update from non-nil value to nil is forbidden');
  else if (attributes === '') errors.forbidden(field, 'update from non-nil value to an empty string is forbidden');
}

const RESIZE_STATUSES = [
  'ControllerResizeInProgress',
  'ControllerResizeInfeasible',
  'NodeResizeInProgress',
  'NodeResizeInfeasible',
  'NodeResizePending',
];

/** Of native resources a claim has but one. */
function resourceKey(errors: FieldErrors, field: string, name: string): boolean {
  const bad = qualifiedNameErrors(name);
  push(errors, field, name, bad);
  if (bad.length) return false;
  const isNative = !name.includes('/') || name.includes('kubernetes.io/');
  if (!isNative || name === 'storage') return true;
  errors.notSupported(field, name, ['storage']);
  return false;
}

function amount(errors: FieldErrors, field: string, value: string): boolean {
  const quantity = tryParseQuantity(value);
  if (!quantity || quantity.nanos >= 0n) return true;
  errors.invalid(field, -(-quantity.nanos / 1_000_000_000n), 'must be a valid resource quantity');
  return false;
}

function validateStatus({ spec, status: s }: Claim, _old: Claim, errors: FieldErrors): void {
  if (!spec?.accessModes?.length) errors.required('Spec.accessModes');
  for (const name in s?.capacity) amount(errors, `status.capacity[${name}]`, s.capacity[name]!);
  for (const name in s?.allocatedResourceStatuses) {
    const field = 'status.allocatedResourceStatus';
    resourceKey(errors, field, name);
    if (!RESIZE_STATUSES.includes(s.allocatedResourceStatuses[name]!))
      errors.notSupported(field, name, [...RESIZE_STATUSES].sort());
  }
  for (const name in s?.allocatedResources) {
    const field = 'status.allocatedResources';
    if (!resourceKey(errors, field, name)) continue;
    const value = s.allocatedResources[name]!;
    if (amount(errors, `${field}[${name}]`, value)) resourceQuantity(errors, `${field}[${name}]`, 'storage', value);
  }
}

/** Upstream: pkg/api/persistentvolumeclaim.GetWarningsForPersistentVolumeClaim. */
function warnings({ metadata, spec }: Claim): string[] {
  const out: string[] = [];
  if (metadata?.annotations?.[BETA_CLASS] !== undefined) {
    out.push(`metadata.annotations[${BETA_CLASS}]: deprecated since v1.8; use "storageClassName" attribute instead`);
  }
  return [...out, ...claimSpecWarnings('spec', spec)];
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
    defaultResourceList(draft.status.capacity);
    defaultResourceList(draft.status.allocatedResources);
    if (draft.spec) defaultClaimSpec(draft.spec);
  },
  prepareCreate(draft) {
    draft.status = { phase: 'Pending' };
    if (draft.spec) settleSources(draft.spec);
  },
  prepareUpdate(draft, old) {
    if (draft.spec) settleSources(draft.spec, old.spec);
  },
  validate: (claim, errors) => validateClaimSpec(errors, 'spec', claim.spec),
  validateUpdate,
  validateStatus,
  warnings,
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
