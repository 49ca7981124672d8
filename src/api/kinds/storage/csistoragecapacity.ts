// CSIStorageCapacity. Upstream: pkg/registry/storage/csistoragecapacity/strategy.go.
import type { CSIStorageCapacity } from 'kubernetes-types/storage/v1.js';
import { defineKind } from '../../kind.ts';
import { canonicalQuantity, tryParseQuantity } from '../../quantity.ts';
import { column } from '../shared/columns.ts';
import { texts } from '../shared/column-texts.ts';
import { oldVersion } from '../shared/deprecations.ts';
import { NOT_NEGATIVE, dnsSubdomain, immutable, labelSelector } from '../shared/field-rules.ts';

const group = 'storage.k8s.io';

export default defineKind<CSIStorageCapacity>({
  group,
  kind: 'CSIStorageCapacity',
  plural: 'csistoragecapacities',
  scope: 'Namespaced',
  storage: { group, version: 'v1' },
  served: [
    { group, version: 'v1' },
    oldVersion(group, 'v1beta1', 'CSIStorageCapacity', '1.24', '1.27', 'storage.k8s.io/v1 CSIStorageCapacity'),
    oldVersion(group, 'v1alpha1', 'CSIStorageCapacity', '1.21', '1.24', 'storage.k8s.io/v1 CSIStorageCapacity'),
  ],
  generation: false,
  unconditionalUpdate: false,
  defaults(draft) {
    for (const field of ['capacity', 'maximumVolumeSize'] as const) {
      if (draft[field] != null) draft[field] = canonicalQuantity(draft[field] as string);
    }
  },
  validate(object, errors) {
    labelSelector(errors, 'nodeTopology', object.nodeTopology);
    dnsSubdomain(errors, 'storageClassName', object.storageClassName ?? '');
    const capacity = object.capacity == null ? undefined : tryParseQuantity(object.capacity as string);
    if (capacity && capacity.nanos < 0n) errors.invalid('capacity', object.capacity, NOT_NEGATIVE);
  },
  validateUpdate(object, old, errors) {
    immutable(errors, 'nodeTopology', object.nodeTopology, old.nodeTopology);
    immutable(errors, 'storageClassName', object.storageClassName, old.storageClassName);
  },
  columns: [
    column(
      'StorageClassName',
      'string',
      texts['CSIStorageCapacity.storageClassName']!,
      (c) => c.storageClassName ?? '',
    ),
    column('Capacity', 'string', texts['CSIStorageCapacity.capacity']!, (c) => String(c.capacity ?? '<unset>')),
  ],
});
