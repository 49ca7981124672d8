// The spec of a PersistentVolumeClaim, on its own or as a template in a pod or a StatefulSet. Upstream:
// ValidatePersistentVolumeClaimSpec, ValidatePersistentVolumeClaimTemplate, SetDefaults_PersistentVolumeClaimSpec.
import type { LabelSelector } from '../../selector.ts';
import { validateAnnotations, validateLabels } from '../../names.ts';
import { tryParseQuantity } from '../../quantity.ts';
import type { ObjectMeta } from '../../types.ts';
import type { FieldErrors } from '../../validation.ts';
import { POSITIVE, dnsLabel, dnsSubdomain, labelSelector, optionalOneOf } from './field-rules.ts';
import { type ResourceList, defaultResourceList, resourceQuantity } from './resource-list.ts';
import { VOLUME_MODES, fractionalBytes, validateAccessModes } from './storage-rules.ts';

interface DataSource {
  apiGroup?: string;
  kind?: string;
  name?: string;
  namespace?: string;
}
export interface ClaimSpec {
  accessModes?: string[];
  selector?: LabelSelector;
  resources?: { requests?: ResourceList; limits?: ResourceList };
  volumeName?: string;
  storageClassName?: string;
  volumeMode?: string;
  dataSource?: DataSource;
  dataSourceRef?: DataSource;
  volumeAttributesClassName?: string;
}

export function defaultClaimSpec(spec: ClaimSpec): void {
  spec.volumeMode ??= 'Filesystem';
  defaultResourceList(spec.resources?.requests);
  defaultResourceList(spec.resources?.limits);
}

interface Sources {
  dataSource?: DataSource;
  dataSourceRef?: DataSource;
}

const isClaimOrSnapshot = ({ apiGroup, kind }: DataSource): boolean =>
  (!apiGroup && kind === 'PersistentVolumeClaim') ||
  (apiGroup === 'snapshot.storage.k8s.io' && kind === 'VolumeSnapshot');

/**
 * What was never a source is forgotten, as it was before there were references, and so are references to other
 * namespaces (CrossNamespaceVolumeDataSource, alpha). Upstream: DropDisabledFields,
 * EnforceDataSourceBackwardsCompatibility in pkg/api/persistentvolumeclaim.
 */
export function dropDataSources(spec: ClaimSpec, old: Sources = {}): void {
  if (spec.dataSourceRef?.namespace && !old.dataSourceRef) delete spec.dataSourceRef;
  if (old.dataSource || old.dataSourceRef || !spec.dataSource) return;
  if (!isClaimOrSnapshot(spec.dataSource)) delete spec.dataSource;
}

/** Upstream's NormalizeDataSources: the two fields say the same, unless the reference goes to another namespace. */
export function normalizeDataSources(spec: ClaimSpec): void {
  const { dataSource, dataSourceRef } = spec;
  if (dataSource && !dataSourceRef) spec.dataSourceRef = { ...dataSource };
  else if (dataSourceRef && !dataSource && !dataSourceRef.namespace) {
    const { apiGroup, kind, name } = dataSourceRef;
    spec.dataSource = { ...(apiGroup != null ? { apiGroup } : {}), kind: kind ?? '', name: name ?? '' };
  }
}

function dataSource(errors: FieldErrors, path: string, source: DataSource, allowAnyGroup: boolean): void {
  if (!source.name) errors.required(`${path}.name`);
  if (!source.kind) errors.required(`${path}.kind`);
  if (!source.apiGroup && source.kind !== 'PersistentVolumeClaim') {
    const why = "must be 'PersistentVolumeClaim' when referencing the default apiGroup";
    errors.invalid(path, source.kind ?? '', why);
  }
  if (source.apiGroup && !allowAnyGroup) dnsSubdomain(errors, `${path}.apiGroup`, source.apiGroup);
  if (source.namespace) dnsLabel(errors, `${path}.namespace`, source.namespace);
}

function dataSources(errors: FieldErrors, path: string, spec: ClaimSpec, old: ClaimSpec | undefined): void {
  const { dataSource: from, dataSourceRef: ref } = spec;
  const allowAnyGroup = old?.dataSource?.apiGroup != null || old?.dataSourceRef?.apiGroup != null;
  if (from) dataSource(errors, `${path}.dataSource`, { ...from, namespace: '' }, allowAnyGroup);
  if (ref) dataSource(errors, `${path}.dataSourceRef`, ref, allowAnyGroup);
  if (!from || !ref) return;
  // Upstream shows a path, which has nothing to show.
  if (ref.namespace) {
    errors.invalid(path, {}, 'may not be specified when dataSourceRef.namespace is specified');
  } else if (from.apiGroup !== ref.apiGroup || from.kind !== ref.kind || from.name !== ref.name) {
    errors.invalid(path, {}, 'must match dataSourceRef');
  }
}

/** What was allowed once stays: `old` is the spec as it was. */
export function validateClaimSpec(
  errors: FieldErrors,
  path: string,
  spec: ClaimSpec | undefined = {},
  old?: ClaimSpec,
): void {
  if (!spec.accessModes?.length) errors.required(`${path}.accessModes`, 'at least 1 access mode is required');
  labelSelector(errors, `${path}.selector`, spec.selector);
  validateAccessModes(errors, `${path}.accessModes`, spec.accessModes);
  const storage = spec.resources?.requests?.['storage'];
  const field = `${path}.resources[storage]`;
  if (storage === undefined) errors.required(field);
  else if ((tryParseQuantity(storage)?.nanos ?? 0n) <= 0n) errors.invalid(field, storage, POSITIVE);
  else resourceQuantity(errors, field, 'storage', storage);
  if (spec.storageClassName) dnsSubdomain(errors, `${path}.storageClassName`, spec.storageClassName);
  optionalOneOf(errors, `${path}.volumeMode`, spec.volumeMode, VOLUME_MODES);
  dataSources(errors, path, spec, old);
  if (spec.volumeAttributesClassName) {
    dnsSubdomain(errors, `${path}.volumeAttributesClassName`, spec.volumeAttributesClassName);
  }
}

/** In the order of Go's struct, as upstream names them. */
const META_FIELDS: readonly (readonly [keyof ObjectMeta, string])[] = [
  ['name', 'name'],
  ['generateName', 'generateName'],
  ['namespace', 'namespace'],
  ['selfLink', 'selfLink'],
  ['uid', 'uID'],
  ['resourceVersion', 'resourceVersion'],
  ['generation', 'generation'],
  ['creationTimestamp', 'creationTimestamp'],
  ['deletionTimestamp', 'deletionTimestamp'],
  ['deletionGracePeriodSeconds', 'deletionGracePeriodSeconds'],
  ['ownerReferences', 'ownerReferences'],
  ['finalizers', 'finalizers'],
  ['managedFields', 'managedFields'],
];

/** Only labels and annotations are taken from a template's metadata. Upstream: ValidateTemplateObjectMeta. */
export function validateTemplateMetadata(errors: FieldErrors, path: string, metadata: ObjectMeta = {}): void {
  validateAnnotations(errors, `${path}.annotations`, metadata.annotations);
  validateLabels(errors, `${path}.labels`, metadata.labels);
  for (const [field, name] of META_FIELDS) {
    if (metadata[field]) errors.forbidden(`${path}.${name}`, 'cannot be set');
  }
}

/** A template in a pod. */
export function validateClaimTemplate(
  errors: FieldErrors,
  path: string,
  template: { metadata?: ObjectMeta; spec?: ClaimSpec },
): void {
  validateTemplateMetadata(errors, `${path}.metadata`, template.metadata);
  validateClaimSpec(errors, `${path}.spec`, template.spec);
}

/** Upstream: warningsForPersistentVolumeClaimResources. */
export function claimSpecWarnings(path: string, spec: ClaimSpec | undefined): string[] {
  return [
    ...fractionalBytes(`${path}.resources.requests[storage]`, spec?.resources?.requests?.['storage']),
    ...fractionalBytes(`${path}.resources.limits[storage]`, spec?.resources?.limits?.['storage']),
  ];
}
