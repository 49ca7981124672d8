// Lease: who leads, and which nodes live. Upstream: pkg/registry/coordination/lease/strategy.go.
import type { Lease } from 'kubernetes-types/coordination/v1.js';
import { defineKind } from '../../kind.ts';
import { ageColumn, column } from '../shared/columns.ts';
import { texts } from '../shared/column-texts.ts';
import { deprecated } from '../shared/deprecations.ts';
import { LEASE_GATES, dropper } from '../shared/feature-gates.ts';
import { NOT_NEGATIVE } from '../shared/field-rules.ts';

const group = 'coordination.k8s.io';

const dropStrategy = dropper(LEASE_GATES);

export default defineKind<Lease>({
  group,
  kind: 'Lease',
  plural: 'leases',
  scope: 'Namespaced',
  storage: { group, version: 'v1' },
  served: [
    { group, version: 'v1' },
    {
      group,
      version: 'v1beta1',
      deprecated: deprecated({ group, version: 'v1beta1' }, 'Lease', '1.19', '1.22', 'coordination.k8s.io/v1 Lease'),
    },
  ],
  generation: false,
  createOnUpdate: true,
  unconditionalUpdate: false,
  defaults(draft) {
    draft.spec ??= {};
  },
  prepareCreate: (draft) => dropStrategy(draft.spec),
  prepareUpdate: (draft, before) => dropStrategy(draft.spec, before.spec),
  validate({ spec }, errors) {
    if (spec?.leaseDurationSeconds != null && spec.leaseDurationSeconds <= 0) {
      errors.invalid('spec.leaseDurationSeconds', spec.leaseDurationSeconds, 'must be greater than 0');
    }
    if (spec?.leaseTransitions != null && spec.leaseTransitions < 0) {
      errors.invalid('spec.leaseTransitions', spec.leaseTransitions, NOT_NEGATIVE);
    }
  },
  columns: [
    column('Holder', 'string', texts['LeaseSpec.holderIdentity']!, (l) => l.spec?.holderIdentity ?? ''),
    ageColumn,
  ],
});
