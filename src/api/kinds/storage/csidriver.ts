// CSIDriver. Upstream: pkg/registry/storage/csidriver/strategy.go, pkg/apis/storage/v1/defaults.go, printCSIDriver.
import type { CSIDriver } from 'kubernetes-types/storage/v1.js';
import { defineKind } from '../../kind.ts';
import type { FieldErrors } from '../../validation.ts';
import { ageColumn, column } from '../shared/columns.ts';
import { texts } from '../shared/column-texts.ts';
import { oldVersion } from '../shared/deprecations.ts';
import { CSI_DRIVER_GATES, dropper } from '../shared/feature-gates.ts';
import { immutable } from '../shared/field-rules.ts';

const group = 'storage.k8s.io';
const drop = dropper(CSI_DRIVER_GATES);

const GROUP_POLICIES = ['File', 'None', 'ReadWriteOnceWithFSType'];
const MIN_EXPIRATION = 600;
const MAX_EXPIRATION = 2 ** 32;

function tokenRequests(errors: FieldErrors, list: CSIDriver['spec']['tokenRequests']): void {
  const audiences = new Set<string>();
  list?.forEach(({ audience = '', expirationSeconds: seconds }, i) => {
    const path = `spec.tokenRequests[${i}]`;
    if (audiences.has(audience)) return errors.duplicate(`${path}.audience`, audience);
    audiences.add(audience);
    if (seconds == null) return;
    const field = `${path}.expirationSeconds`;
    if (seconds < MIN_EXPIRATION) errors.invalid(field, seconds, 'may not specify a duration less than 10 minutes');
    if (seconds > MAX_EXPIRATION) errors.invalid(field, seconds, 'may not specify a duration larger than 2^32 seconds');
  });
}

function validateSpec(
  errors: FieldErrors,
  spec: CSIDriver['spec'] & { nodeAllocatableUpdatePeriodSeconds?: number },
): void {
  // Upstream's name of the first is not the field's.
  if (spec.attachRequired == null) errors.required('spec.attachedRequired');
  if (spec.podInfoOnMount == null) errors.required('spec.podInfoOnMount');
  if (spec.storageCapacity == null) errors.required('spec.storageCapacity');
  const policy = spec.fsGroupPolicy;
  if (policy != null && !GROUP_POLICIES.includes(policy)) {
    errors.notSupported('spec.fsGroupPolicy', policy, GROUP_POLICIES);
  }
  tokenRequests(errors, spec.tokenRequests);
  for (const mode of spec.volumeLifecycleModes ?? []) {
    if (mode === 'Persistent' || mode === 'Ephemeral') continue;
    errors.notSupported('spec.volumeLifecycleModes', mode, ['Persistent', 'Ephemeral']);
  }
  if (spec.seLinuxMount == null) errors.required('spec.seLinuxMount');
  const period = spec.nodeAllocatableUpdatePeriodSeconds;
  if (period != null && period < 10) {
    const why = 'must be greater than or equal to 10 seconds';
    errors.invalid('spec.nodeAllocatableUpdatePeriodSeconds', period, why);
  }
}

export default defineKind<CSIDriver>({
  group,
  kind: 'CSIDriver',
  plural: 'csidrivers',
  scope: 'Cluster',
  storage: { group, version: 'v1' },
  served: [
    { group, version: 'v1' },
    oldVersion(group, 'v1beta1', 'CSIDriver', '1.19', '1.22', 'storage.k8s.io/v1 CSIDriver'),
  ],
  generation: 'on update',
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
  prepareCreate: (draft) => drop(draft.spec),
  prepareUpdate: (draft, old) => drop(draft.spec, old.spec),
  unconditionalUpdate: false,
  validate: ({ spec }, errors) => validateSpec(errors, spec ?? {}),
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
