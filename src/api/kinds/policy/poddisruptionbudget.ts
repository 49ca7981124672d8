// PodDisruptionBudget. Upstream: pkg/registry/policy/poddisruptionbudget/strategy.go, printPodDisruptionBudget.
import type { PodDisruptionBudget } from 'kubernetes-types/policy/v1.js';
import { defineKind } from '../../kind.ts';
import { percentErrors } from '../../names.ts';
import type { FieldErrors } from '../../validation.ts';
import { ageColumn, column } from '../shared/columns.ts';
import { deprecated } from '../shared/deprecations.ts';
import { labelSelector, nonNegative, optionalOneOf, push } from '../shared/field-rules.ts';
import { status } from '../shared/workloads.ts';

const group = 'policy';

function bound(errors: FieldErrors, field: string, value: number | string | undefined): void {
  if (typeof value === 'number') nonNegative(errors, field, value);
  else if (value !== undefined) {
    push(errors, field, value, percentErrors(value));
    if (/^\d+%$/.test(value) && Number(value.slice(0, -1)) > 100)
      errors.invalid(field, value, 'must not be greater than 100%');
  }
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
