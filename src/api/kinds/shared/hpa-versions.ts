// The four versions of HorizontalPodAutoscaler: v2 is stored, v2beta2 has its shape, v2beta1 flat metrics, v1 a single
// percentage (other metrics ride in an annotation). Upstream: pkg/apis/autoscaling/{v1,v2beta1}/conversion.go.
import type { ServedVersion } from '../../kind.ts';
import type { Unstructured } from '../../types.ts';

export interface MetricTarget {
  type: string;
  value?: string;
  averageValue?: string;
  averageUtilization?: number;
}
export interface MetricSpec {
  type: string;
  resource?: { name: string; target: MetricTarget };
  containerResource?: { name: string; container: string; target: MetricTarget };
  pods?: { metric: { name: string; selector?: object }; target: MetricTarget };
  object?: {
    metric: { name: string; selector?: object };
    describedObject: { kind: string; name: string };
    target: MetricTarget;
  };
  external?: { metric: { name: string; selector?: object }; target: MetricTarget };
}
type Convert = NonNullable<ServedVersion['convert']>;
type Flat = Record<string, unknown>;

const PREFIX = 'autoscaling.alpha.kubernetes.io/';
const METRICS = `${PREFIX}metrics`;
const CURRENT = `${PREFIX}current-metrics`;
const CONDITIONS = `${PREFIX}conditions`;
const BEHAVIOR = `${PREFIX}behavior`;

function target(flat: Flat, averageUtilization: string, averageValue: string, value: string): MetricTarget {
  const number = flat[averageUtilization] as number | undefined;
  if (number != null) return { type: 'Utilization', averageUtilization: number };
  const average = flat[averageValue] as string | undefined;
  return average != null
    ? { type: 'AverageValue', averageValue: average }
    : { type: 'Value', value: flat[value] as string };
}

/** v2beta1 (and the annotation of v1) → v2. */
function nested(metric: Flat): MetricSpec {
  const type = (metric['type'] ?? '') as string;
  const key = type === 'ContainerResource' ? 'containerResource' : type.toLowerCase();
  const flat = (metric[key] ?? {}) as Flat;
  const selector = (flat['selector'] ?? flat['metricSelector']) as object | undefined;
  const metricOf = { name: flat['metricName'] as string, ...(selector ? { selector } : {}) };
  const goal = target(flat, 'targetAverageUtilization', 'targetAverageValue', 'targetValue');
  switch (type) {
    case 'Resource':
      return { type, resource: { name: flat['name'] as string, target: goal } };
    case 'ContainerResource':
      return {
        type,
        containerResource: { name: flat['name'] as string, container: flat['container'] as string, target: goal },
      };
    case 'Pods':
      return { type, pods: { metric: metricOf, target: goal } };
    case 'Object': {
      const average = flat['averageValue'] as string | undefined;
      const objectGoal = average != null ? { type: 'AverageValue', averageValue: average } : goal;
      return { type, object: { metric: metricOf, describedObject: flat['target'] as never, target: objectGoal } };
    }
    default:
      return { type, external: { metric: metricOf, target: goal } };
  }
}

/** v2 → v2beta1 (and the annotation of v1). */
function flat(metric: MetricSpec): Flat {
  const { type } = metric;
  const key = (type === 'ContainerResource' ? 'containerResource' : type.toLowerCase()) as 'pods';
  const part = metric[key] as (NonNullable<MetricSpec['pods']> & Flat) | undefined;
  if (!part) return { type };
  const { target: t, metric: m, describedObject, ...rest } = part;
  const out: Flat = { ...rest };
  if (m) {
    out['metricName'] = m.name;
    if (m.selector) out[type === 'External' ? 'metricSelector' : 'selector'] = m.selector;
  }
  if (describedObject) out['target'] = describedObject;
  if (t?.averageUtilization != null) out['targetAverageUtilization'] = t.averageUtilization;
  else if (t?.averageValue != null) out[type === 'Object' ? 'averageValue' : 'targetAverageValue'] = t.averageValue;
  else if (t?.value != null) out['targetValue'] = t.value;
  return { type, [key]: out };
}

interface MetricStatus {
  type: string;
  [source: string]: unknown;
}

const fieldOf = (type = ''): string => (type === 'ContainerResource' ? 'containerResource' : type.toLowerCase());
const known = (fields: Flat): Flat => Object.fromEntries(Object.entries(fields).filter(([, value]) => value != null));

/** The state of a metric, v2 → v2beta1 and v1. Amounts that must be there and are not print as Go's zero. */
function flatStatus(status: MetricStatus): Flat {
  const { type } = status;
  const part = status[fieldOf(type)] as (Flat & { current?: MetricTarget; metric?: Flat }) | undefined;
  if (!part) return { type };
  const { current = {} as MetricTarget, metric } = part;
  const average = current.averageValue;
  const metricOf = { metricName: metric?.['name'] ?? '' };
  const selector = metric?.['selector'];
  const out: Record<string, () => Flat> = {
    Object: () => ({
      target: part['describedObject'],
      ...metricOf,
      currentValue: current.value ?? '0',
      selector,
      averageValue: average,
    }),
    Pods: () => ({ ...metricOf, currentAverageValue: average ?? '0', selector }),
    External: () => ({
      ...metricOf,
      metricSelector: selector,
      currentValue: current.value ?? '0',
      currentAverageValue: average,
    }),
    Resource: () => ({
      name: part['name'],
      currentAverageUtilization: current.averageUtilization,
      currentAverageValue: average ?? '0',
    }),
  };
  const make = out[type === 'ContainerResource' ? 'Resource' : type];
  const container = type === 'ContainerResource' ? { container: part['container'] } : {};
  return make ? { type, [fieldOf(type)]: known({ ...make(), ...container }) } : { type };
}

/** And back. */
function nestedStatus(flatten: Flat): MetricStatus {
  const type = flatten['type'] as string;
  const field = fieldOf(type);
  const part = (flatten[field] ?? {}) as Flat;
  const selector = part['selector'] ?? part['metricSelector'];
  const current = known({
    value: part['currentValue'],
    averageValue: part['currentAverageValue'] ?? part['averageValue'],
    averageUtilization: part['currentAverageUtilization'],
  });
  const named = known({ name: part['name'], container: part['container'], describedObject: part['target'] });
  const metric = part['metricName'] === undefined ? {} : { metric: known({ name: part['metricName'], selector }) };
  return { type, [field]: { ...named, ...metric, current } };
}

const specOf = (draft: Unstructured): Flat & { metrics?: MetricSpec[] } => (draft['spec'] ??= {}) as Flat;
const isCpu = (m: MetricSpec): boolean =>
  m.type === 'Resource' && m.resource?.name === 'cpu' && m.resource.target?.averageUtilization != null;

/** What an annotation holds; what cannot be read is dropped, as upstream does. */
function unpack(text: string | undefined): unknown {
  if (!text) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
const unpackList = (text: string | undefined): Flat[] => {
  const list = unpack(text);
  return Array.isArray(list) ? (list as Flat[]) : [];
};

/** Keys of Go's internal types, which this annotation has for the sake of old servers: `ScaleUp`, `PeriodSeconds`. */
function recase(value: unknown, change: (key: string) => string): unknown {
  if (Array.isArray(value)) return value.map((item) => recase(item, change));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, v]) => v !== null);
  return Object.fromEntries(entries.map(([key, v]) => [change(key), recase(v, change)]));
}
const upper = (key: string): string => key.charAt(0).toUpperCase() + key.slice(1);
const lower = (key: string): string => key.charAt(0).toLowerCase() + key.slice(1);

/** Go prints every field of the struct, absent ones as null. */
function goBehavior(behavior: { scaleUp?: Flat; scaleDown?: Flat }): unknown {
  const rules = (r: Flat | undefined): unknown =>
    r
      ? {
          StabilizationWindowSeconds: r['stabilizationWindowSeconds'] ?? null,
          SelectPolicy: r['selectPolicy'] ?? null,
          Policies: recase(r['policies'] ?? null, upper),
          Tolerance: r['tolerance'] ?? null,
        }
      : null;
  return { ScaleUp: rules(behavior.scaleUp), ScaleDown: rules(behavior.scaleDown) };
}

function statusFromV1(draft: Unstructured, annotations: Record<string, string>): void {
  const status = draft['status'] as Flat | undefined;
  const percent = status?.['currentCPUUtilizationPercentage'];
  const current = unpackList(annotations[CURRENT]).map(nestedStatus);
  const conditions = unpackList(annotations[CONDITIONS]);
  if (!status && !current.length && !conditions.length) return;
  const { currentCPUUtilizationPercentage: _percent, ...rest } = status ?? {};
  const cpu = { type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: percent } } };
  const metrics = current.length ? current : percent != null ? [cpu] : undefined;
  draft['status'] = {
    ...rest,
    ...(metrics ? { currentMetrics: metrics } : {}),
    ...(conditions.length ? { conditions } : {}),
  };
}

export const v1: Convert = {
  toStorage(draft) {
    const spec = specOf(draft);
    const annotations = draft.metadata.annotations ?? {};
    const metrics = unpackList(annotations[METRICS]).map(nested);
    const percent = spec['targetCPUUtilizationPercentage'] as number | undefined;
    delete spec['targetCPUUtilizationPercentage'];
    if (percent != null) {
      const goal = { type: 'Utilization', averageUtilization: percent };
      metrics.push({ type: 'Resource', resource: { name: 'cpu', target: goal } });
    }
    if (metrics.length) spec.metrics = metrics;
    const behavior = unpack(annotations[BEHAVIOR]);
    if (behavior && typeof behavior === 'object') spec['behavior'] = recase(behavior, lower);
    statusFromV1(draft, annotations);
    for (const name of [METRICS, CURRENT, CONDITIONS, BEHAVIOR]) delete annotations[name];
    if (draft.metadata.annotations && !Object.keys(annotations).length) delete draft.metadata.annotations;
  },
  fromStorage(draft) {
    const { metrics = [], behavior, ...spec } = specOf(draft);
    const cpu = metrics.find((m) => m.resource?.name === 'cpu');
    const percent = cpu?.resource?.target?.averageUtilization;
    draft['spec'] = percent == null ? spec : { ...spec, targetCPUUtilizationPercentage: percent };
    const annotations: Record<string, string> = { ...draft.metadata.annotations };
    const others = metrics.filter((m) => !isCpu(m));
    const { currentMetrics, conditions, ...status } = (draft['status'] ?? {}) as Flat;
    const current = (currentMetrics ?? []) as MetricStatus[];
    const states = (conditions ?? []) as Flat[];
    if (others.length) annotations[METRICS] = JSON.stringify(others.map(flat));
    if (current.length) annotations[CURRENT] = JSON.stringify(current.map(flatStatus));
    if (states.length) annotations[CONDITIONS] = JSON.stringify(states);
    if (behavior) annotations[BEHAVIOR] = JSON.stringify(goBehavior(behavior as Flat));
    if (Object.keys(annotations).length) draft.metadata = { ...draft.metadata, annotations };
    const used = current.map((m) => m['resource'] as { name: string; current?: MetricTarget } | undefined);
    const now = used.find((r) => r?.name === 'cpu')?.current?.averageUtilization;
    draft['status'] = {
      ...status,
      currentReplicas: status['currentReplicas'] ?? 0,
      desiredReplicas: status['desiredReplicas'] ?? 0,
      ...(now == null ? {} : { currentCPUUtilizationPercentage: now }),
    };
  },
};

export const v2beta1: Convert = {
  toStorage(draft) {
    const spec = specOf(draft);
    if (spec.metrics) spec.metrics = (spec.metrics as unknown as Flat[]).map(nested);
    const status = draft['status'] as Flat | undefined;
    if (status?.['currentMetrics']) status['currentMetrics'] = (status['currentMetrics'] as Flat[]).map(nestedStatus);
  },
  fromStorage(draft) {
    const spec = specOf(draft);
    if (spec.metrics) draft['spec'] = { ...spec, metrics: spec.metrics.map(flat) };
    const status = draft['status'] as Flat | undefined;
    const current = status?.['currentMetrics'] as MetricStatus[] | undefined;
    if (current) draft['status'] = { ...status, currentMetrics: current.map(flatStatus) };
  },
};
