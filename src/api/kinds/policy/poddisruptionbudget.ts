// PodDisruptionBudget. Upstream: pkg/registry/policy/poddisruptionbudget/strategy.go, printPodDisruptionBudget.
import type { PodDisruptionBudget } from 'kubernetes-types/policy/v1.js';
import { defineKind } from '../../kind.ts';
import type { FieldErrors } from '../../validation.ts';
import { ageColumn, column } from '../shared/columns.ts';
import { deprecated } from '../shared/deprecations.ts';
import { labelSelector, nonNegative, optionalOneOf } from '../shared/field-rules.ts';
import { conditions } from '../shared/conditions.ts';
import { notMoreThanAll, positiveIntOrPercent } from '../shared/int-or-percent.ts';
import { status } from '../shared/workloads.ts';

const group = 'policy';

function bound(errors: FieldErrors, field: string, value: number | string | undefined): void {
  positiveIntOrPercent(errors, field, value);
  notMoreThanAll(errors, field, value);
}

export default defineKind<PodDisruptionBudget>({
  group,
  kind: 'PodDisruptionBudget',
  plural: 'poddisruptionbudgets',
  short: ['pdb'],
  scope: 'Namespaced',
  storage: { group, version: 'v1' },
  served: [
    { group, version: 'v1' },
    {
      group,
      version: 'v1beta1',
      deprecated: deprecated(
        { group, version: 'v1beta1' },
        'PodDisruptionBudget',
        '1.21',
        '1.25',
        'policy/v1 PodDisruptionBudget',
      ),
    },
  ],
  subresources: { status },
  generation: true,
  unconditionalUpdate: false,
  defaults(draft) {
    draft.spec ??= {};
  },
  prepareCreate(draft) {
    const none = { currentHealthy: 0, desiredHealthy: 0, disruptionsAllowed: 0, expectedPods: 0 };
    (draft as { status?: object }).status = none;
  },
  validate({ spec }, errors) {
    if (spec?.minAvailable != null && spec.maxUnavailable != null) {
      errors.invalid('spec', spec, 'minAvailable and maxUnavailable cannot be both set');
    }
    bound(errors, 'spec.minAvailable', spec?.minAvailable);
    bound(errors, 'spec.maxUnavailable', spec?.maxUnavailable);
    labelSelector(errors, 'spec.selector', spec?.selector);
    optionalOneOf(errors, 'spec.unhealthyPodEvictionPolicy', spec?.unhealthyPodEvictionPolicy, [
      'AlwaysAllow',
      'IfHealthyBudget',
    ]);
  },
  validateStatus({ status: s }, _old, errors) {
    conditions(errors, 'status.conditions', s?.conditions);
    for (const field of ['disruptionsAllowed', 'currentHealthy', 'desiredHealthy', 'expectedPods'] as const) {
      nonNegative(errors, `status.${field}`, s?.[field]);
    }
  },
  columns: [
    column('Min Available', 'string', 'The minimum number of pods that must be available.', (b) =>
      String(b.spec?.minAvailable ?? 'N/A'),
    ),
    column('Max Unavailable', 'string', 'The maximum number of pods that may be unavailable.', (b) =>
      String(b.spec?.maxUnavailable ?? 'N/A'),
    ),
    column(
      'Allowed Disruptions',
      'integer',
      'Calculated number of pods that may be disrupted at this time.',
      (b) => b.status?.disruptionsAllowed ?? 0,
    ),
    ageColumn,
  ],
});
