// CSIDriver. Upstream: pkg/registry/storage/csidriver/strategy.go, pkg/apis/storage/v1/defaults.go, printCSIDriver.
import type { CSIDriver } from 'kubernetes-types/storage/v1.js';
import { defineKind } from '../../kind.ts';
import { ageColumn, column } from '../shared/columns.ts';
import { texts } from '../shared/column-texts.ts';
import { immutable } from '../shared/field-rules.ts';

const group = 'storage.k8s.io';

export default defineKind<CSIDriver>({
  group,
  kind: 'CSIDriver',
  plural: 'csidrivers',
  scope: 'Cluster',
  storage: { group, version: 'v1' },
  served: [{ group, version: 'v1' }],
  generation: true,
  defaults({ spec }) {
    if (!spec) return;
    spec.attachRequired ??= true;
    spec.podInfoOnMount ??= false;
    spec.storageCapacity ??= false;
    spec.fsGroupPolicy ??= 'ReadWriteOnceWithFSType';
    if (!spec.volumeLifecycleModes?.length) spec.volumeLifecycleModes = ['Persistent'];
    spec.requiresRepublish ??= false;
    spec.seLinuxMount ??= false;
  },
  validate({ spec, metadata }, errors) {
    if ((metadata?.name?.length ?? 0) > 63) errors.tooLong('metadata.name', 63);
    spec?.volumeLifecycleModes?.forEach((mode) => {
      if (mode !== 'Persistent' && mode !== 'Ephemeral') {
        errors.notSupported('spec.volumeLifecycleModes', mode, ['Ephemeral', 'Persistent']);
      }
    });
  },
  validateUpdate(driver, old, errors) {
    immutable(errors, 'spec.attachedRequired', driver.spec?.attachRequired, old.spec?.attachRequired);
    immutable(errors, 'spec.volumeLifecycleModes', driver.spec?.volumeLifecycleModes, old.spec?.volumeLifecycleModes);
  },
  columns: [
    column('AttachRequired', 'boolean', texts['CSIDriverSpec.attachRequired']!, (d) => d.spec?.attachRequired ?? true),
    column('PodInfoOnMount', 'boolean', texts['CSIDriverSpec.podInfoOnMount']!, (d) => d.spec?.podInfoOnMount ?? false),
    column(
      'StorageCapacity',
      'boolean',
      texts['CSIDriverSpec.storageCapacity']!,
      (d) => d.spec?.storageCapacity ?? false,
    ),
    column(
      'TokenRequests',
      'string',
      texts['CSIDriverSpec.tokenRequests']!,
      (d) => d.spec?.tokenRequests?.map((t) => t.audience).join(',') ?? '<unset>',
    ),
    column(
      'RequiresRepublish',
      'boolean',
      texts['CSIDriverSpec.requiresRepublish']!,
      (d) => d.spec?.requiresRepublish ?? false,
    ),
    column(
      'Modes',
      'string',
      texts['CSIDriverSpec.volumeLifecycleModes']!,
      (d) => d.spec?.volumeLifecycleModes?.join(',') || '<none>',
    ),
    ageColumn,
  ],
});
