// HorizontalPodAutoscaler. Upstream: pkg/registry/autoscaling/horizontalpodautoscaler/strategy.go,
// pkg/apis/autoscaling/validation, printHorizontalPodAutoscaler.
import type { HorizontalPodAutoscaler as Hpa } from 'kubernetes-types/autoscaling/v2.js';
import { defineKind } from '../../kind.ts';
import { pathSegmentErrors } from '../../names.ts';
import { canonicalQuantity } from '../../quantity.ts';
import type { FieldErrors } from '../../validation.ts';
import { ageColumn, column } from '../shared/columns.ts';
import { texts } from '../shared/column-texts.ts';
import { deprecated } from '../shared/deprecations.ts';
import { NOT_NEGATIVE, POSITIVE, push } from '../shared/field-rules.ts';
import { type MetricSpec, type MetricTarget, v1, v2beta1 } from '../shared/hpa-versions.ts';
import { status } from '../shared/workloads.ts';

const group = 'autoscaling';

interface Rules {
  stabilizationWindowSeconds?: number;
  selectPolicy?: string;
  policies?: { type: string; value: number; periodSeconds: number }[];
}

function fillRules(rules: Rules | undefined, defaults: Rules): Rules {
  return { ...defaults, ...Object.fromEntries(Object.entries(rules ?? {}).filter(([, v]) => v != null)) };
}
const PERCENT = { type: 'Percent', value: 100, periodSeconds: 15 };
const PODS = { type: 'Pods', value: 4, periodSeconds: 15 };

const parts = (m: MetricSpec): { target?: MetricTarget; current?: MetricTarget } =>
  (m.resource ?? m.containerResource ?? m.pods ?? m.object ?? m.external ?? {}) as never;

function validateMetric(errors: FieldErrors, path: string, metric: MetricSpec): void {
  const types = ['ContainerResource', 'External', 'Object', 'Pods', 'Resource'];
  if (!metric.type) return errors.required(`${path}.type`, 'must specify a metric source type');
  if (!types.includes(metric.type)) return errors.notSupported(`${path}.type`, metric.type, types);
  const key = metric.type === 'ContainerResource' ? 'containerResource' : (metric.type.toLowerCase() as 'resource');
  const source = metric[key];
  if (!source) return errors.required(`${path}.${key}`, 'must populate information for the given metric source');
  if (!source.target?.type) errors.required(`${path}.${key}.target.type`, 'must specify a metric target type');
  const percent = source.target?.averageUtilization;
  if (percent != null && percent < 1) {
    errors.invalid(`${path}.${key}.target.averageUtilization`, percent, 'must be greater than 0');
  }
}

function validate({ spec }: Hpa, errors: FieldErrors): void {
  if (!spec) return errors.required('spec');
  const { minReplicas, maxReplicas, scaleTargetRef: ref } = spec;
  if (minReplicas != null && minReplicas < 1) {
    errors.invalid('spec.minReplicas', minReplicas, 'must be greater than or equal to 1');
  }
  if ((maxReplicas ?? 0) < 1) errors.invalid('spec.maxReplicas', maxReplicas ?? 0, 'must be greater than 0');
  if (minReplicas != null && (maxReplicas ?? 0) < minReplicas) {
    errors.invalid('spec.maxReplicas', maxReplicas ?? 0, 'must be greater than or equal to `minReplicas`');
  }
  for (const field of ['kind', 'name'] as const) {
    const value = ref?.[field];
    if (!value) errors.required(`spec.scaleTargetRef.${field}`);
    else push(errors, `spec.scaleTargetRef.${field}`, value, pathSegmentErrors(value));
  }
  spec.metrics?.forEach((m, i) => validateMetric(errors, `spec.metrics[${i}]`, m as never));
  for (const direction of ['scaleUp', 'scaleDown'] as const) {
    const rules = spec.behavior?.[direction] as Rules | undefined;
    const path = `spec.behavior.${direction}`;
    const window = rules?.stabilizationWindowSeconds;
    if (window != null && window < 0) errors.invalid(`${path}.stabilizationWindowSeconds`, window, NOT_NEGATIVE);
    rules?.policies?.forEach((policy, i) => {
      for (const field of ['value', 'periodSeconds'] as const) {
        if ((policy[field] ?? 0) <= 0) errors.invalid(`${path}.policies[${i}].${field}`, policy[field] ?? 0, POSITIVE);
      }
    });
  }
}

/** Upstream: formatHPAMetrics. */
function metrics({ spec, status: s }: Hpa): string {
  const specs = (spec?.metrics ?? []) as unknown as MetricSpec[];
  if (!specs.length) return '<none>';
  const list = specs.map((m, i) => {
    const current = parts((s?.currentMetrics?.[i] ?? {}) as MetricSpec).current;
    const goal = parts(m).target;
    const name = m.resource?.name ?? m.containerResource?.name;
    if (name !== undefined) {
      if (goal?.averageValue != null) return `${name}: ${current?.averageValue ?? '<unknown>'}/${goal.averageValue}`;
      const now = current?.averageUtilization == null ? '<unknown>' : `${current.averageUtilization}%`;
      return `${name}: ${now}/${goal?.averageUtilization == null ? '<auto>' : `${goal.averageUtilization}%`}`;
    }
    if (m.pods) return `${current?.averageValue ?? '<unknown>'}/${goal?.averageValue}`;
    if (goal?.averageValue != null) return `${current?.averageValue ?? '<unknown>'}/${goal.averageValue} (avg)`;
    return goal ? `${current?.value ?? '<unknown>'}/${goal.value}` : '<unknown type>';
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
    spec.behavior.scaleUp = fillRules(spec.behavior.scaleUp as Rules, {
      stabilizationWindowSeconds: 0,
      selectPolicy: 'Max',
      policies: [{ ...PODS }, { ...PERCENT }],
    }) as never;
    spec.behavior.scaleDown = fillRules(spec.behavior.scaleDown as Rules, {
      selectPolicy: 'Max',
      policies: [{ ...PERCENT }],
    }) as never;
  },
  prepareCreate(draft) {
    (draft as { status?: object }).status = { currentMetrics: null, desiredReplicas: 0 };
  },
  validate,
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
