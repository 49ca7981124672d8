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

const METRICS_ANNOTATION = 'autoscaling.alpha.kubernetes.io/metrics';
const ANNOTATIONS = [
  METRICS_ANNOTATION,
  'autoscaling.alpha.kubernetes.io/current-metrics',
  'autoscaling.alpha.kubernetes.io/conditions',
  'autoscaling.alpha.kubernetes.io/behavior',
];

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
  const type = metric['type'] as string;
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

const specOf = (draft: Unstructured): Flat & { metrics?: MetricSpec[] } => (draft['spec'] ??= {}) as Flat;
const isCpu = (m: MetricSpec): boolean =>
  m.type === 'Resource' && m.resource?.name === 'cpu' && m.resource.target.averageUtilization != null;

export const v1: Convert = {
  toStorage(draft) {
    const spec = specOf(draft);
    const metrics: MetricSpec[] = [];
    const percent = spec['targetCPUUtilizationPercentage'] as number | undefined;
    delete spec['targetCPUUtilizationPercentage'];
    if (percent != null) {
      const goal = { type: 'Utilization', averageUtilization: percent };
      metrics.push({ type: 'Resource', resource: { name: 'cpu', target: goal } });
    }
    const { annotations } = draft.metadata;
    const packed = annotations?.[METRICS_ANNOTATION];
    if (packed) {
      try {
        for (const metric of JSON.parse(packed) as Flat[]) metrics.push(nested(metric));
      } catch {
        // What cannot be read is dropped, as upstream does for a bad annotation.
      }
    }
    for (const name of ANNOTATIONS) delete annotations?.[name];
    if (metrics.length) spec.metrics = metrics;
    const status = draft['status'] as Flat | undefined;
    delete status?.['currentCPUUtilizationPercentage'];
  },
  fromStorage(draft) {
    const { metrics = [], behavior, ...spec } = specOf(draft);
    const cpu = metrics.find(isCpu);
    const others = metrics.filter((m) => m !== cpu);
    draft['spec'] = cpu ? { ...spec, targetCPUUtilizationPercentage: cpu.resource!.target.averageUtilization } : spec;
    const annotations: Record<string, string> = { ...draft.metadata.annotations };
    if (others.length) annotations[METRICS_ANNOTATION] = JSON.stringify(others.map(flat));
    if (behavior) annotations['autoscaling.alpha.kubernetes.io/behavior'] = JSON.stringify(behavior);
    if (Object.keys(annotations).length) draft.metadata = { ...draft.metadata, annotations };
    const { currentMetrics, conditions, ...status } = (draft['status'] ?? {}) as Flat;
    const current = (
      currentMetrics as { type: string; resource?: { name: string; current: MetricTarget } }[] | undefined
    )?.find((m) => m.type === 'Resource' && m.resource?.name === 'cpu');
    const percent = current?.resource?.current.averageUtilization;
    draft['status'] = percent == null ? status : { ...status, currentCPUUtilizationPercentage: percent };
    void conditions;
  },
};

export const v2beta1: Convert = {
  toStorage(draft) {
    const spec = specOf(draft);
    if (spec.metrics) spec.metrics = (spec.metrics as unknown as Flat[]).map(nested);
  },
  fromStorage(draft) {
    const spec = specOf(draft);
    if (spec.metrics) draft['spec'] = { ...spec, metrics: spec.metrics.map(flat) };
  },
};
