// Why an autoscaler does not scale.
import type { HorizontalPodAutoscaler } from 'kubernetes-types/autoscaling/v2.js';
import { core, type Finding, inNamespace, type WhyContext } from './finding.ts';

/** The controller's words to what they mean and what to type. */
const meanings: readonly [RegExp, string, string?][] = [
  [/missing request for (\S+)/, 'A share of a request needs a request: set resources.requests.$1 of the containers.'],
  [
    /could not find the requested resource|unable to (?:fetch metrics|get metrics).*(?:metrics\.k8s\.io|resource metrics API)/,
    'Nothing serves metrics in this cluster: install metrics-server.',
    'get apiservice v1beta1.metrics.k8s.io',
  ],
  [/no metrics returned|did not receive metrics/, 'The pods are too young to have been measured, or do not run.'],
  [/custom\.metrics|external\.metrics/, 'Nothing serves such metrics in this cluster: install an adapter.'],
  [/not found$/, 'What it is to scale is not there: look at spec.scaleTargetRef.'],
];

export async function autoscalerFindings(context: WhyContext, hpa: HorizontalPodAutoscaler): Promise<Finding[]> {
  const { name = '', namespace = '' } = hpa.metadata ?? {};
  const about = `horizontalpodautoscaler.autoscaling/${name}`;
  const { kind = '', name: target = '' } = hpa.spec?.scaleTargetRef ?? {};
  const conditions = hpa.status?.conditions ?? [];
  const found = conditions.flatMap(({ type, status, reason = '', message = '' }): Finding[] => {
    if (type === 'ScalingLimited' || status !== 'False') return [];
    if (reason === 'ScalingDisabled') {
      const next = `scale ${kind.toLowerCase()}/${target} --replicas=1${inNamespace(context, namespace)}`;
      return [{ severity: 'warning', about, reason, message: 'its target is scaled to zero', next }];
    }
    const meaning = meanings.find(([pattern]) => pattern.test(message));
    const hint = meaning?.[1].replace('$1', meaning[0].exec(message)?.[1] ?? '');
    const next = meaning?.[2] ?? `describe hpa ${name}${inNamespace(context, namespace)}`;
    return [{ severity: 'error', about, reason: reason || type, message, ...(hint ? { hint } : {}), next }];
  });
  if (conditions.length === 0) {
    found.push({ severity: 'warning', about, reason: 'NotSeen', message: 'no controller has looked at it yet' });
  }
  return [...found, ...atItsLimit(hpa, about), ...(await rivals(context, hpa, about))];
}

/** Wants more than it may have. */
function atItsLimit({ spec, status }: HorizontalPodAutoscaler, about: string): Finding[] {
  const limited = status?.conditions?.find((c) => c.type === 'ScalingLimited' && c.status === 'True');
  if (limited?.reason !== 'TooManyReplicas') return [];
  const message = `it would like more than its maxReplicas, ${spec?.maxReplicas}`;
  return [{ severity: 'warning', about, reason: 'TooManyReplicas', message }];
}

/** Two autoscalers of one target undo each other's work. */
async function rivals(context: WhyContext, hpa: HorizontalPodAutoscaler, about: string): Promise<Finding[]> {
  const { name = '', namespace = '' } = hpa.metadata ?? {};
  const path = core(namespace, 'horizontalpodautoscalers').replace('/api/v1/', '/apis/autoscaling/v2/');
  const all = (await context.read<{ items?: HorizontalPodAutoscaler[] }>(path))?.items ?? [];
  const key = ({ spec }: HorizontalPodAutoscaler): string =>
    `${spec?.scaleTargetRef.kind}/${spec?.scaleTargetRef.name}`;
  const others = all.filter((other) => other.metadata?.name !== name && key(other) === key(hpa));
  if (others.length === 0) return [];
  const names = others.map((other) => other.metadata?.name).join(', ');
  return [{ severity: 'error', about, reason: 'AmbiguousTarget', message: `${names} scales ${key(hpa)}, too` }];
}
