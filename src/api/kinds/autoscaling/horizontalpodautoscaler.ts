// HorizontalPodAutoscaler. Upstream: pkg/registry/autoscaling/horizontalpodautoscaler/strategy.go,
// pkg/apis/autoscaling/validation, printHorizontalPodAutoscaler.
import type { HorizontalPodAutoscaler as Hpa } from 'kubernetes-types/autoscaling/v2.js';
import { defineKind } from '../../kind.ts';
import { canonicalQuantity } from '../../quantity.ts';
import type { FieldErrors } from '../../validation.ts';
import { ageColumn, column } from '../shared/columns.ts';
import { texts } from '../shared/column-texts.ts';
import { deprecated } from '../shared/deprecations.ts';
import { AUTOSCALER_GATES, dropper } from '../shared/feature-gates.ts';
import { nonNegative } from '../shared/field-rules.ts';
import {
  type ScalingRules,
  crossVersionReference,
  validateMetrics,
  validateScalingRules,
} from '../shared/hpa-rules.ts';
import { type MetricSpec, type MetricTarget, v1, v2beta1 } from '../shared/hpa-versions.ts';
import { status } from '../shared/workloads.ts';

const group = 'autoscaling';

function fillRules(rules: ScalingRules | undefined, defaults: ScalingRules): ScalingRules {
  return { ...defaults, ...Object.fromEntries(Object.entries(rules ?? {}).filter(([, v]) => v != null)) };
}
const PERCENT = { type: 'Percent', value: 100, periodSeconds: 15 };
const PODS = { type: 'Pods', value: 4, periodSeconds: 15 };

const parts = (m: MetricSpec): { target?: MetricTarget; current?: MetricTarget } =>
  (m.resource ?? m.containerResource ?? m.pods ?? m.object ?? m.external ?? {}) as never;

/** `least`: 0 for those that were at 0 already; HPAScaleToZero is off in 1.34. */
function validate({ spec }: Hpa, errors: FieldErrors, least: number): void {
  if (!spec) return errors.required('spec');
  const { minReplicas, maxReplicas = 0 } = spec;
  if (minReplicas != null && minReplicas < least) {
    errors.invalid('spec.minReplicas', minReplicas, `must be greater than or equal to ${least}`);
  }
  if (maxReplicas < 1) errors.invalid('spec.maxReplicas', maxReplicas, 'must be greater than 0');
  if (minReplicas != null && maxReplicas < minReplicas) {
    errors.invalid('spec.maxReplicas', maxReplicas, 'must be greater than or equal to `minReplicas`');
  }
  crossVersionReference(errors, 'spec.scaleTargetRef', spec.scaleTargetRef);
  validateMetrics(errors, 'spec.metrics', spec.metrics as never, minReplicas);
  validateScalingRules(errors, 'spec.behavior.scaleUp', spec.behavior?.scaleUp as ScalingRules);
  validateScalingRules(errors, 'spec.behavior.scaleDown', spec.behavior?.scaleDown as ScalingRules);
}

const dropTolerances = dropper(AUTOSCALER_GATES);

/** What a metric is now; upstream prints an amount that is missing in what was measured as Go does a nil. */
const measured = (current: object | undefined, amount: string | undefined): string =>
  current ? (amount ?? '<nil>') : '<unknown>';

/** Upstream: formatHPAMetrics. */
function metrics({ spec, status: s }: Hpa): string {
  const specs = (spec?.metrics ?? []) as unknown as MetricSpec[];
  if (!specs.length) return '<none>';
  const list = specs.map((m, i) => {
    const current = parts((s?.currentMetrics?.[i] ?? {}) as MetricSpec).current;
    const goal = parts(m).target;
    const name = m.resource?.name ?? m.containerResource?.name;
    if (name !== undefined) {
      if (goal?.averageValue != null) {
        return `${name}: ${measured(current, current?.averageValue)}/${goal.averageValue}`;
      }
      const now = current?.averageUtilization == null ? '<unknown>' : `${current.averageUtilization}%`;
      return `${name}: ${now}/${goal?.averageUtilization == null ? '<auto>' : `${goal.averageUtilization}%`}`;
    }
    if (m.pods) return `${measured(current, current?.averageValue)}/${goal?.averageValue}`;
    if (goal?.averageValue != null) return `${current?.averageValue ?? '<unknown>'}/${goal.averageValue} (avg)`;
    return goal ? `${measured(current, current?.value)}/${goal.value}` : '<unknown type>';
  });
  return list.length > 2 ? `${list.slice(0, 2).join(', ')} + ${list.length - 2} more...` : list.join(', ');
}

const old = (version: string, since: string, removed: string) =>
  deprecated({ group, version }, 'HorizontalPodAutoscaler', since, removed, 'autoscaling/v2 HorizontalPodAutoscaler');

export default defineKind<Hpa>({
  group,
  kind: 'HorizontalPodAutoscaler',
  plural: 'horizontalpodautoscalers',
  short: ['hpa'],
  categories: ['all'],
  scope: 'Namespaced',
  storage: { group, version: 'v2' },
  served: [
    { group, version: 'v2' },
    { group, version: 'v1', convert: v1 },
    { group, version: 'v2beta2', deprecated: old('v2beta2', '1.23', '1.26') },
    { group, version: 'v2beta1', convert: v2beta1, deprecated: old('v2beta1', '1.22', '1.25') },
  ],
  subresources: { status },
  generation: false,
  defaults({ spec }) {
    if (!spec) return;
    spec.minReplicas ??= 1;
    if (!spec.metrics?.length) {
      const target = { type: 'Utilization', averageUtilization: 80 };
      spec.metrics = [{ type: 'Resource', resource: { name: 'cpu', target } }];
    }
    for (const metric of spec.metrics as unknown as MetricSpec[]) {
      const { target } = parts(metric);
      if (target?.value != null) target.value = canonicalQuantity(target.value);
      if (target?.averageValue != null) target.averageValue = canonicalQuantity(target.averageValue);
    }
    if (!spec.behavior) return;
    spec.behavior.scaleUp = fillRules(spec.behavior.scaleUp as ScalingRules, {
      stabilizationWindowSeconds: 0,
      selectPolicy: 'Max',
      policies: [{ ...PODS }, { ...PERCENT }],
    }) as never;
    spec.behavior.scaleDown = fillRules(spec.behavior.scaleDown as ScalingRules, {
      selectPolicy: 'Max',
      policies: [{ ...PERCENT }],
    }) as never;
  },
  prepareCreate(draft) {
    (draft as { status?: object }).status = { currentMetrics: null, desiredReplicas: 0 };
    dropTolerances(draft.spec);
  },
  prepareUpdate: (draft, before) => dropTolerances(draft.spec, before.spec),
  validateCreate: (hpa, errors) => validate(hpa, errors, 1),
  validateUpdate: (hpa, before, errors) => validate(hpa, errors, before.spec?.minReplicas === 0 ? 0 : 1),
  validateStatus({ status: s }, _old, errors) {
    nonNegative(errors, 'status.currentReplicas', s?.currentReplicas);
    nonNegative(errors, 'status.desiredReplicas', s?.desiredReplicas);
  },
  columns: [
    column(
      'Reference',
      'string',
      texts['HorizontalPodAutoscalerSpec.scaleTargetRef']!,
      (h) => `${h.spec?.scaleTargetRef?.kind}/${h.spec?.scaleTargetRef?.name}`,
    ),
    column('Targets', 'string', texts['HorizontalPodAutoscalerSpec.metrics']!, metrics),
    column('MinPods', 'string', texts['HorizontalPodAutoscalerSpec.minReplicas']!, (h) =>
      String(h.spec?.minReplicas ?? '<unset>'),
    ),
    column('MaxPods', 'string', texts['HorizontalPodAutoscalerSpec.maxReplicas']!, (h) => h.spec?.maxReplicas ?? 0),
    column(
      'Replicas',
      'string',
      texts['HorizontalPodAutoscalerStatus.currentReplicas']!,
      (h) => h.status?.currentReplicas ?? 0,
    ),
    ageColumn,
  ],
});
