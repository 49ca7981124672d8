// StorageClass. Upstream: pkg/registry/storage/storageclass/strategy.go, printStorageClass.
import type { StorageClass } from 'kubernetes-types/storage/v1.js';
import { semanticEqual } from '../../equal.ts';
import { defineKind } from '../../kind.ts';
import type { FieldErrors } from '../../validation.ts';
import { ageColumn, column, nameColumn } from '../shared/columns.ts';
import { texts } from '../shared/column-texts.ts';
import { deprecated } from '../shared/deprecations.ts';
import { qualifiedName } from '../shared/field-rules.ts';
import { labelKeyWarning } from '../shared/node-label-warnings.ts';
import { parameters, provisioner } from '../shared/storage-parameters.ts';

const group = 'storage.k8s.io';
const DEFAULT_ANNOTATIONS = [
  'storageclass.kubernetes.io/is-default-class',
  'storageclass.beta.kubernetes.io/is-default-class',
];

/** `standard (default)`. */
function name(storageClass: StorageClass): string {
  const annotations = storageClass.metadata?.annotations;
  const isDefault = DEFAULT_ANNOTATIONS.some((a) => annotations?.[a] === 'true');
  return `${storageClass.metadata?.name ?? ''}${isDefault ? ' (default)' : ''}`;
}

/** Upstream: validateAllowedTopologies, ValidateTopologySelectorTerm. */
function topologies(errors: FieldErrors, terms: StorageClass['allowedTopologies']): void {
  // Upstream compares with empty terms as well, of which it made one for each term.
  const seen: string[] = ['[]'];
  terms?.forEach((term, i) => {
    const path = `allowedTopologies[${i}].matchLabelExpressions`;
    const keys = new Map<string, string[]>();
    term.matchLabelExpressions?.forEach(({ key = '', values = [] }, j) => {
      const unique = new Set<string>();
      if (!values.length) errors.required(`${path}[${j}].values`);
      values.forEach((value, k) => {
        if (unique.has(value)) errors.duplicate(`${path}[${j}].values[${k}]`, value);
        unique.add(value);
      });
      qualifiedName(errors, `${path}[${j}].key`, key);
      if (keys.has(key)) errors.duplicate(`${path}[${j}].key`, key);
      keys.set(key, [...unique].sort());
    });
    const shape = JSON.stringify([...keys].sort(([a], [b]) => (a < b ? -1 : 1)));
    if (seen.includes(shape)) errors.duplicate(path, '');
    seen.push(shape);
  });
}

export default defineKind<StorageClass>({
  group,
  kind: 'StorageClass',
  plural: 'storageclasses',
  short: ['sc'],
  scope: 'Cluster',
  storage: { group, version: 'v1' },
  served: [
    { group, version: 'v1' },
    {
      group,
      version: 'v1beta1',
      deprecated: deprecated(
        { group, version: 'v1beta1' },
        'StorageClass',
        '1.19',
        '1.22',
        'storage.k8s.io/v1 StorageClass',
      ),
    },
  ],
  generation: false,
  defaults(draft) {
    draft.reclaimPolicy ??= 'Delete';
    draft.volumeBindingMode ??= 'Immediate';
  },
  validate(storageClass, errors) {
    provisioner(errors, 'provisioner', storageClass.provisioner);
    parameters(errors, 'parameters', storageClass.parameters);
    const { reclaimPolicy, volumeBindingMode } = storageClass;
    if (reclaimPolicy && !['Delete', 'Retain'].includes(reclaimPolicy)) {
      errors.notSupported('reclaimPolicy', reclaimPolicy, ['Delete', 'Retain']);
    }
    if (volumeBindingMode == null) errors.required('volumeBindingMode');
    else if (!['Immediate', 'WaitForFirstConsumer'].includes(volumeBindingMode)) {
      errors.notSupported('volumeBindingMode', volumeBindingMode, ['Immediate', 'WaitForFirstConsumer']);
    }
    topologies(errors, storageClass.allowedTopologies);
  },
  warnings({ allowedTopologies: terms }) {
    const expressions = (terms ?? []).map((term) => term.matchLabelExpressions ?? []);
    return expressions.flatMap((list, i) =>
      list.flatMap(({ key }, j) => labelKeyWarning(`allowedTopologies[${i}].matchLabelExpressions[${j}].key`, key)),
    );
  },
  validateUpdate(storageClass, old, errors) {
    if (!semanticEqual(storageClass.parameters, old.parameters)) {
      errors.forbidden('parameters', 'updates to parameters are forbidden.');
    }
    if (storageClass.provisioner !== old.provisioner)
      errors.forbidden('provisioner', 'updates to provisioner are forbidden.');
    if (storageClass.reclaimPolicy !== old.reclaimPolicy) {
      errors.forbidden('reclaimPolicy', 'updates to reclaimPolicy are forbidden.');
    }
    if (storageClass.volumeBindingMode !== old.volumeBindingMode) {
      errors.invalid('volumeBindingMode', storageClass.volumeBindingMode, 'field is immutable');
    }
  },
  columns: [
    { ...nameColumn, value: name as never },
    column('Provisioner', 'string', texts['StorageClass.provisioner']!, (c) => c.provisioner ?? ''),
    column('ReclaimPolicy', 'string', texts['StorageClass.reclaimPolicy']!, (c) => c.reclaimPolicy ?? 'Delete'),
    column(
      'VolumeBindingMode',
      'string',
      texts['StorageClass.volumeBindingMode']!,
      (c) => c.volumeBindingMode ?? 'Immediate',
    ),
    column(
      'AllowVolumeExpansion',
      'string',
      texts['StorageClass.allowVolumeExpansion']!,
      (c) => c.allowVolumeExpansion ?? false,
    ),
    ageColumn,
  ],
});
