// Upstream: kubectl/pkg/describe HorizontalPodAutoscalerDescriber.
import type { HorizontalPodAutoscaler as HorizontalPodAutoscalerV1 } from 'kubernetes-types/autoscaling/v1.js';
import type {
  HPAScalingRules,
  HorizontalPodAutoscaler,
  MetricSpec,
  MetricStatus,
  MetricTarget,
  MetricValueStatus,
} from 'kubernetes-types/autoscaling/v2.js';
import type { KubeObject } from '../../api/types.ts';
import { Document, rfc1123z } from './_document.ts';
import { eventLines } from './_events.ts';
import { annotationLines, labelLines } from './_metadata.ts';
import { type DescribeContext, defineDescriber } from './types.ts';

/** Version 1 knows one metric only: kubectl asks for version 2 whichever was meant, and older servers for version 1. */
export default defineDescriber<HorizontalPodAutoscaler>({
  group: 'autoscaling',
  kind: 'HorizontalPodAutoscaler',
  async describe(given, context) {
    const doc = new Document();
    const hpa = await inVersion<HorizontalPodAutoscaler>('v2', given, context).catch(() => undefined);
    if (hpa) version2Lines(doc, hpa);
    else version1Lines(doc, await inVersion<HorizontalPodAutoscalerV1>('v1', given, context));
    await eventLines(doc, { ...given, kind: 'HorizontalPodAutoscaler' } as KubeObject, context);
    return doc.toString();
  },
});

async function inVersion<T extends object>(version: string, given: object, context: DescribeContext): Promise<T> {
  const { apiVersion, metadata } = given as KubeObject;
  if (apiVersion === `autoscaling/${version}`) return given as T;
  const { namespace = '', name = '' } = metadata ?? {};
  const path = `/apis/autoscaling/${version}/namespaces/${encodeURIComponent(namespace)}/horizontalpodautoscalers/`;
  return context.cluster.json<T>('GET', path + encodeURIComponent(name));
}

function version2Lines(doc: Document, hpa: HorizontalPodAutoscaler): void {
  const { spec, status } = hpa;
  headLines(doc, hpa);
  doc.field(0, 'Metrics', '( current / target )');
  for (const [i, metric] of (spec?.metrics ?? []).entries()) {
    doc.line(1, metricText(metric, status?.currentMetrics?.[i]));
  }
  replicaLimitLines(doc, hpa);
  if (spec?.behavior) {
    doc.line(0, 'Behavior:');
    rulesLines(doc, 'Scale Up', spec.behavior.scaleUp);
    rulesLines(doc, 'Scale Down', spec.behavior.scaleDown);
  }
  podLines(doc, hpa);
  conditionLines(doc, hpa);
}

/** Upstream: describeHorizontalPodAutoscalerV1. */
function version1Lines(doc: Document, hpa: HorizontalPodAutoscalerV1): void {
  headLines(doc, hpa);
  const target = hpa.spec?.targetCPUUtilizationPercentage;
  if (target !== undefined) {
    doc.field(0, 'Target CPU utilization', `${target}%`);
    doc.field(0, 'Current CPU utilization', `${hpa.status?.currentCPUUtilizationPercentage ?? UNKNOWN}%`);
  }
  replicaLimitLines(doc, hpa);
  podLines(doc, hpa);
}

type AnyVersion = HorizontalPodAutoscaler | HorizontalPodAutoscalerV1;

function headLines(doc: Document, { metadata, spec }: AnyVersion): void {
  doc.field(0, 'Name', metadata?.name);
  doc.field(0, 'Namespace', metadata?.namespace ?? '');
  labelLines(doc, 'Labels', metadata?.labels);
  annotationLines(doc, 'Annotations', metadata?.annotations);
  doc.field(0, 'CreationTimestamp', rfc1123z(metadata?.creationTimestamp));
  doc.field(0, 'Reference', `${spec?.scaleTargetRef.kind}/${spec?.scaleTargetRef.name}`);
}

function replicaLimitLines(doc: Document, { spec }: AnyVersion): void {
  doc.field(0, 'Min replicas', spec?.minReplicas ?? '<unset>');
  doc.field(0, 'Max replicas', spec?.maxReplicas);
}

function podLines(doc: Document, { spec, status }: AnyVersion): void {
  const { currentReplicas = 0, desiredReplicas = 0 } = status ?? {};
  doc.field(0, `${spec?.scaleTargetRef.kind} pods`, `${currentReplicas} current / ${desiredReplicas} desired`);
}

const UNKNOWN = '<unknown>';

function metricText(metric: MetricSpec, now: MetricStatus | undefined): string {
  const { external, pods, object, resource, containerResource } = metric;
  if (metric.type === 'External' && external) {
    const head = JSON.stringify(external.metric.name);
    return byTarget(head, external.target, now?.external?.current);
  }
  if (metric.type === 'Pods' && pods) {
    const current = now?.pods?.current.averageValue ?? UNKNOWN;
    return `${JSON.stringify(pods.metric.name)} on pods:\t${current} / ${pods.target.averageValue}`;
  }
  if (metric.type === 'Object' && object) {
    const { kind, name } = object.describedObject;
    return byTarget(`"${object.metric.name}" on ${kind}/${name}`, object.target, now?.object?.current);
  }
  if (metric.type === 'Resource' && resource) {
    return ofResource(`resource ${resource.name} on pods`, resource.target, now?.resource?.current);
  }
  if (metric.type === 'ContainerResource' && containerResource) {
    const { name, container, target } = containerResource;
    return ofResource(`resource ${name} of container "${container}" on pods`, target, now?.containerResource?.current);
  }
  return `<unknown metric type ${JSON.stringify(metric.type)}>`;
}

function byTarget(head: string, target: MetricTarget, now: MetricValueStatus | undefined): string {
  return target.averageValue != null
    ? `${head} (target average value):\t${now?.averageValue ?? UNKNOWN} / ${target.averageValue}`
    : `${head} (target value):\t${now?.value ?? UNKNOWN} / ${target.value}`;
}

function ofResource(head: string, target: MetricTarget, now: MetricValueStatus | undefined): string {
  if (target.averageValue != null) return `${head}:\t${now?.averageValue ?? UNKNOWN} / ${target.averageValue}`;
  const percent = now?.averageUtilization;
  const current = percent == null ? UNKNOWN : `${percent}% (${now?.averageValue})`;
  const wanted = target.averageUtilization == null ? '<auto>' : `${target.averageUtilization}%`;
  return `${head}  (as a percentage of request):\t${current} / ${wanted}`;
}

function rulesLines(doc: Document, direction: string, rules: HPAScalingRules | undefined): void {
  if (!rules) return;
  doc.line(1, `${direction}:`);
  const seconds = rules.stabilizationWindowSeconds;
  if (seconds != null) doc.line(2, `Stabilization Window: ${seconds} seconds`);
  if (!rules.policies?.length) return;
  doc.line(2, `Select Policy: ${rules.selectPolicy ?? 'Max'}`);
  doc.line(2, 'Policies:');
  for (const { type, value, periodSeconds } of rules.policies) {
    doc.line(3, `- Type: ${type}\tValue: ${value}\tPeriod: ${periodSeconds} seconds`);
  }
}

function conditionLines(doc: Document, { status }: HorizontalPodAutoscaler): void {
  if (!status?.conditions?.length) return;
  doc.line(0, 'Conditions:');
  doc.line(1, 'Type\tStatus\tReason\tMessage');
  doc.line(1, '----\t------\t------\t-------');
  for (const c of status.conditions) doc.line(1, `${c.type}\t${c.status}\t${c.reason ?? ''}\t${c.message ?? ''}`);
}
