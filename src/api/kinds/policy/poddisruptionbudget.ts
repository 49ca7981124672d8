// PodDisruptionBudget. Upstream: pkg/registry/policy/poddisruptionbudget/strategy.go, printPodDisruptionBudget.
import type { PodDisruptionBudget } from 'kubernetes-types/policy/v1.js';
import { semanticEqual } from '../../equal.ts';
import { type ServedVersion, defineKind } from '../../kind.ts';
import type { Unstructured } from '../../types.ts';
import type { FieldErrors } from '../../validation.ts';
import { ageColumn, column } from '../shared/columns.ts';
import { deprecated } from '../shared/deprecations.ts';
import { labelSelector, nonNegative, optionalOneOf } from '../shared/field-rules.ts';
import { conditions } from '../shared/conditions.ts';
import { type GoFields, goStruct } from '../shared/go-structs.ts';
import { notMoreThanAll, positiveIntOrPercent } from '../shared/int-or-percent.ts';
import { status } from '../shared/workloads.ts';

const group = 'policy';

type Budget = Unstructured & { spec?: PodDisruptionBudget['spec']; status?: PodDisruptionBudget['status'] };

/** In v1beta1 an empty selector selects nothing, in v1 everything. What the other one cannot say is said by this key. */
const MARK = 'pdb.kubernetes.io/deprecated-v1beta1-empty-selector-match';
const NONE = { matchExpressions: [{ key: MARK, operator: 'Exists' }] };
const ALL_IN_V1BETA1 = { matchExpressions: [{ key: MARK, operator: 'DoesNotExist' }] };

/** Beside other requirements the key means nothing. Upstream: StripPDBV1beta1Label. */
function stripMarks({ spec }: Budget): void {
  const selector = spec?.selector;
  if (!selector?.matchExpressions?.some((e) => e.key === MARK) || semanticEqual(selector, NONE)) return;
  selector.matchExpressions = selector.matchExpressions.filter((e) => e.key !== MARK);
  if (!selector.matchExpressions.length) delete selector.matchExpressions;
}

/** Upstream: pkg/apis/policy/v1beta1/conversion.go. */
const v1beta1: NonNullable<ServedVersion['convert']> = {
  toStorage(draft: Budget) {
    const selector = draft.spec?.selector;
    if (!selector) return;
    if (semanticEqual(selector, {})) draft.spec!.selector = structuredClone(NONE);
    else if (semanticEqual(selector, ALL_IN_V1BETA1)) draft.spec!.selector = {};
    else stripMarks(draft);
  },
  fromStorage(draft: Budget) {
    const selector = draft.spec?.selector;
    if (!selector) return;
    if (semanticEqual(selector, {})) draft.spec!.selector = structuredClone(ALL_IN_V1BETA1);
    else if (semanticEqual(selector, NONE)) draft.spec!.selector = {};
  },
};

const SPEC: GoFields = { MinAvailable: null, Selector: null, MaxUnavailable: null, UnhealthyPodEvictionPolicy: null };

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
    { group, version: 'v1', defaults: stripMarks },
    {
      group,
      version: 'v1beta1',
      convert: v1beta1,
      // Its counters were not looked at, and so are not.
      validateStatus: ({ status: s }: Budget, _old, errors) => conditions(errors, 'status.conditions', s?.conditions),
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
      errors.invalid('spec', goStruct(spec, SPEC), 'minAvailable and maxUnavailable cannot be both set');
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
