// The rules for metrics and behaviour of a HorizontalPodAutoscaler. Upstream: pkg/apis/autoscaling/validation.
import { pathSegmentErrors } from '../../names.ts';
import { tryParseQuantity } from '../../quantity.ts';
import type { FieldErrors } from '../../validation.ts';
import { POSITIVE, dnsLabel, push } from './field-rules.ts';
import type { MetricSpec, MetricTarget } from './hpa-versions.ts';
import { segment } from './references.ts';

export interface ScalingRules {
  stabilizationWindowSeconds?: number;
  selectPolicy?: string;
  policies?: { type: string; value: number; periodSeconds: number }[];
  tolerance?: string;
}

const SOURCES = ['object', 'external', 'pods', 'resource', 'containerResource'] as const;
type Source = (typeof SOURCES)[number];
const FIELD_OF: Readonly<Record<string, Source>> = {
  Object: 'object',
  External: 'external',
  Pods: 'pods',
  Resource: 'resource',
  ContainerResource: 'containerResource',
};
const TYPES = ['ContainerResource', 'External', 'Object', 'Pods', 'Resource'];
const TARGET_TYPES = ['Utilization', 'Value', 'AverageValue'];
const SELECT_POLICIES = ['Disabled', 'Max', 'Min'];
const POLICY_TYPES = ['Percent', 'Pods'];
const MAX_WINDOW = 3600;
const MAX_PERIOD = 1800;

export function crossVersionReference(
  errors: FieldErrors,
  path: string,
  ref: { kind?: string; name?: string } | undefined,
): void {
  segment(errors, `${path}.kind`, ref?.kind);
  segment(errors, `${path}.name`, ref?.name);
}

function target(errors: FieldErrors, path: string, t: MetricTarget | undefined): void {
  const type = t?.type ?? '';
  if (!type) errors.required(`${path}.type`, 'must specify a metric target type');
  if (!TARGET_TYPES.includes(type)) {
    errors.invalid(`${path}.type`, type, 'must be either Utilization, Value, or AverageValue');
  }
  for (const field of ['value', 'averageValue'] as const) {
    const value = t?.[field];
    const quantity = value == null ? undefined : tryParseQuantity(value);
    if (quantity && quantity.nanos <= 0n) errors.invalid(`${path}.${field}`, value, 'must be positive');
  }
  const percent = t?.averageUtilization;
  if (percent != null && percent < 1) errors.invalid(`${path}.averageUtilization`, percent, 'must be greater than 0');
}

function identifier(errors: FieldErrors, path: string, metric: { name?: string } | undefined): void {
  if (!metric?.name) errors.required(`${path}.name`, 'must specify a metric name');
  else push(errors, `${path}.name`, metric.name, pathSegmentErrors(metric.name));
}

function object(errors: FieldErrors, path: string, source: NonNullable<MetricSpec['object']>): void {
  crossVersionReference(errors, `${path}.describedObject`, source.describedObject);
  identifier(errors, `${path}.metric`, source.metric);
  target(errors, `${path}.target`, source.target);
  if (source.target?.value == null && source.target?.averageValue == null) {
    errors.required(`${path}.target.averageValue`, 'must set either a target value or averageValue');
  }
}

function external(errors: FieldErrors, path: string, source: NonNullable<MetricSpec['external']>): void {
  identifier(errors, `${path}.metric`, source.metric);
  target(errors, `${path}.target`, source.target);
  const [value, average] = [source.target?.value != null, source.target?.averageValue != null];
  if (!value && !average) {
    errors.required(`${path}.target.averageValue`, 'must set either a target value for metric or a per-pod target');
  } else if (value && average) {
    errors.forbidden(`${path}.target.value`, 'may not set both a target value for metric and a per-pod target');
  }
}

function pods(errors: FieldErrors, path: string, source: NonNullable<MetricSpec['pods']>): void {
  identifier(errors, `${path}.metric`, source.metric);
  target(errors, `${path}.target`, source.target);
  if (source.target?.averageValue == null) {
    errors.required(`${path}.target.averageValue`, 'must specify a positive target averageValue');
  }
}

function resource(
  errors: FieldErrors,
  path: string,
  source: { name?: string; container?: string; target?: MetricTarget },
  ofContainer = false,
): void {
  if (!source.name) errors.required(`${path}.name`, 'must specify a resource name');
  if (ofContainer) {
    if (!source.container) errors.required(`${path}.container`, 'must specify a container');
    else dnsLabel(errors, `${path}.container`, source.container);
  }
  target(errors, `${path}.target`, source.target);
  const [percent, average] = [source.target?.averageUtilization != null, source.target?.averageValue != null];
  if (!percent && !average) {
    const why = 'must set either a target raw value or a target utilization';
    errors.required(`${path}.target.averageUtilization`, why);
  } else if (percent && average) {
    const why = 'may not set both a target raw value and a target utilization';
    errors.forbidden(`${path}.target.averageValue`, why);
  }
}

function source(errors: FieldErrors, path: string, metric: MetricSpec, field: Source): void {
  if (field === 'object') object(errors, path, metric.object!);
  else if (field === 'external') external(errors, path, metric.external!);
  else if (field === 'pods') pods(errors, path, metric.pods!);
  else if (field === 'resource') resource(errors, path, metric.resource!);
  else resource(errors, path, metric.containerResource!, true);
}

function metricRules(errors: FieldErrors, path: string, metric: MetricSpec): void {
  const type = metric.type ?? '';
  if (!type) errors.required(`${path}.type`, 'must specify a metric source type');
  if (!TYPES.includes(type)) errors.notSupported(`${path}.type`, type, TYPES);
  const present = SOURCES.filter((field) => metric[field]);
  if (present[0]) source(errors, `${path}.${present[0]}`, metric, present[0]);
  const expected = FIELD_OF[type];
  if (expected && !metric[expected]) {
    errors.required(`${path}.${expected}`, 'must populate information for the given metric source');
  }
  if (present.length === 1) return;
  for (const field of present) {
    if (field !== expected) errors.forbidden(`${path}.${field}`, 'must populate the given metric source only');
  }
}

export function validateMetrics(
  errors: FieldErrors,
  path: string,
  metrics: readonly MetricSpec[] | undefined,
  minReplicas: number | undefined,
): void {
  metrics?.forEach((metric, i) => metricRules(errors, `${path}[${i}]`, metric));
  if (minReplicas !== 0 || metrics?.some((m) => m.type === 'Object' || m.type === 'External')) return;
  errors.forbidden(path, 'must specify at least one Object or External metric to support scaling to zero replicas');
}

export function validateScalingRules(errors: FieldErrors, path: string, rules: ScalingRules | undefined): void {
  if (!rules) return;
  const { stabilizationWindowSeconds: window, selectPolicy, policies } = rules;
  const field = `${path}.stabilizationWindowSeconds`;
  if (window != null && window < 0) errors.invalid(field, window, 'must be greater than or equal to zero');
  if (window != null && window > MAX_WINDOW) {
    errors.invalid(field, window, `must be less than or equal to ${MAX_WINDOW}`);
  }
  if (selectPolicy != null && !SELECT_POLICIES.includes(selectPolicy)) {
    errors.notSupported(`${path}.selectPolicy`, selectPolicy, SELECT_POLICIES);
  }
  if (!policies?.length) errors.required(`${path}.policies`, 'must specify at least one Policy');
  policies?.forEach(({ type, value = 0, periodSeconds = 0 }, i) => {
    const at = `${path}.policies[${i}]`;
    if (!POLICY_TYPES.includes(type)) errors.notSupported(`${at}.type`, type ?? '', POLICY_TYPES);
    if (value <= 0) errors.invalid(`${at}.value`, value, POSITIVE);
    if (periodSeconds <= 0) errors.invalid(`${at}.periodSeconds`, periodSeconds, POSITIVE);
    if (periodSeconds > MAX_PERIOD) {
      errors.invalid(`${at}.periodSeconds`, periodSeconds, `must be less than or equal to ${MAX_PERIOD}`);
    }
  });
}
