// How far the pods of a target are from what they should use, and so how many there should be. Pods without a measure,
// or not ready, are counted as what changes least. Amounts are in thousandths.
// Upstream: pkg/controller/podautoscaler/replica_calculator.go, metrics/utilization.go.
import type { Container, Pod, ResourceRequirements } from 'kubernetes-types/core/v1.js';
import { quantityMillis } from '../../../api/quantity.ts';
import { isPodReady } from '../shared/pods.ts';

const TOLERANCE = 0.1;
/** A pod that started so lately may use much only because it starts. Upstream: cpuInitializationPeriod. */
const CPU_START_MS = 5 * 60_000;
/** A pod that was unready since then was never ready. Upstream: delayOfInitialReadinessStatus. */
const READY_DELAY_MS = 30_000;

export interface PodMetric {
  value: number;
  /** End of the time in which it was measured, and how long that was. */
  timestampMs: number;
  windowMs: number;
}
/** By the pod's name. */
export type PodMetrics = ReadonlyMap<string, PodMetric>;

const nameOf = (pod: Pod): string => pod.metadata?.name ?? '';

export const withinTolerance = (ratio: number): boolean => 1 - TOLERANCE <= ratio && ratio <= 1 + TOLERANCE;

interface Groups {
  /** Measured, and fit to be counted. */
  ready: number;
  unready: string[];
  missing: string[];
  ignored: string[];
}

/** Upstream: groupPods. */
export function groupPods(pods: readonly Pod[], metrics: PodMetrics, resource: string, nowMs: number): Groups {
  const groups: Groups = { ready: 0, unready: [], missing: [], ignored: [] };
  for (const pod of pods) {
    const metric = metrics.get(nameOf(pod));
    const { phase } = pod.status ?? {};
    if (pod.metadata?.deletionTimestamp !== undefined || phase === 'Failed') groups.ignored.push(nameOf(pod));
    else if (phase === 'Pending') groups.unready.push(nameOf(pod));
    else if (!metric) groups.missing.push(nameOf(pod));
    else if (resource === 'cpu' && startsStill(pod, metric, nowMs)) groups.unready.push(nameOf(pod));
    else groups.ready++;
  }
  return groups;
}

function startsStill(pod: Pod, metric: PodMetric, nowMs: number): boolean {
  const condition = pod.status?.conditions?.find((c) => c.type === 'Ready');
  if (!condition || !pod.status?.startTime) return true;
  const started = Date.parse(pod.status.startTime as string);
  const changed = Date.parse((condition.lastTransitionTime as string | undefined) ?? '') || 0;
  const unready = condition.status === 'False';
  if (started + CPU_START_MS > nowMs) return unready || metric.timestampMs < changed + metric.windowMs;
  return unready && started + READY_DELAY_MS > changed;
}

const requested = (of: { resources?: ResourceRequirements }, resource: string): number | undefined => {
  const quantity = of.resources?.requests?.[resource] as string | undefined;
  return quantity === undefined ? undefined : quantityMillis(quantity);
};

/** What each pod, or one container of each, asks for. Throws for one that asks for nothing. */
export function podRequests(pods: readonly Pod[], container: string, resource: string): Map<string, number> {
  const requests = new Map<string, number>();
  for (const pod of pods) {
    const whole =
      container === '' ? requested((pod.spec ?? {}) as { resources?: ResourceRequirements }, resource) : undefined;
    requests.set(nameOf(pod), whole ?? containerRequests(pod, container, resource));
  }
  return requests;
}

function containerRequests(pod: Pod, container: string, resource: string): number {
  const { containers = [], initContainers = [] } = pod.spec ?? {};
  const running: Container[] = [...containers, ...initContainers.filter((c) => c.restartPolicy === 'Always')];
  let sum = 0;
  for (const one of running) {
    if (container !== '' && container !== one.name) continue;
    const request = requested(one, resource);
    if (request === undefined) {
      throw new Error(`missing request for ${resource} in container ${one.name} of Pod ${nameOf(pod)}`);
    }
    sum += request;
  }
  return sum;
}

interface Usage {
  /** Of what is wanted. */
  ratio: number;
  /** In per cent, where a percentage is wanted. */
  utilization?: number;
  /** Of one pod. */
  average: number;
}

/** Upstream: GetResourceUtilizationRatio. */
export function utilizationOf(metrics: PodMetrics, requests: ReadonlyMap<string, number>, target: number): Usage {
  let [used, asked, count] = [0, 0, 0];
  for (const [name, { value }] of metrics) {
    const request = requests.get(name);
    if (request === undefined) continue;
    used += value;
    asked += request;
    count++;
  }
  if (asked === 0) throw new Error('no metrics returned matched known pods');
  const utilization = Math.trunc((used * 100) / asked);
  return { ratio: utilization / target, utilization, average: Math.trunc(used / count) };
}

/** Upstream: GetMetricUsageRatio. */
export function averageOf(metrics: PodMetrics, target: number): Usage {
  let sum = 0;
  for (const { value } of metrics.values()) sum += value;
  const average = Math.trunc(sum / metrics.size);
  return { ratio: average / target, average };
}

export interface Proposal {
  replicas: number;
  utilization?: number;
  average: number;
}

export interface PodsProposal {
  current: number;
  pods: readonly Pod[];
  metrics: PodMetrics;
  /** Empty: no resource, all measured pods count. */
  resource: string;
  nowMs: number;
  usage(metrics: PodMetrics): Usage;
  /** What a pod without a measure is taken to use when there would be fewer. */
  assumed(name: string): number;
}

/** Upstream: GetResourceReplicas, calcPlainMetricReplicas. */
export function proposeFromPods(options: PodsProposal): Proposal {
  const { current, pods, resource, nowMs } = options;
  if (pods.length === 0) throw new Error('no pods returned by selector while calculating replica count');
  const { ready, unready, missing, ignored } = groupPods(pods, options.metrics, resource, nowMs);
  const metrics = new Map(options.metrics);
  for (const name of [...ignored, ...unready]) metrics.delete(name);
  if (metrics.size === 0) throw new Error('did not receive metrics for targeted pods (pods might be unready)');
  const { ratio, ...measured } = options.usage(metrics);
  const withUnready = unready.length > 0 && ratio > 1;
  if (!withUnready && missing.length === 0) {
    const replicas = withinTolerance(ratio) ? current : Math.ceil(ratio * ready);
    return { replicas, ...measured };
  }
  const assume = (name: string, value: number) => metrics.set(name, { value, timestampMs: 0, windowMs: 0 });
  if (ratio !== 1) for (const name of missing) assume(name, ratio < 1 ? options.assumed(name) : 0);
  if (withUnready) for (const name of unready) assume(name, 0);
  const { ratio: next } = options.usage(metrics);
  const replicas = Math.ceil(next * metrics.size);
  const turns = (ratio < 1 && next > 1) || (ratio > 1 && next < 1);
  const contradicts = (next < 1 && replicas > current) || (next > 1 && replicas < current);
  if (withinTolerance(next) || turns || contradicts) return { replicas: current, ...measured };
  return { replicas, ...measured };
}

/** Of one measure for all pods together. Upstream: getUsageRatioReplicaCount. */
export function proposeFromTotal(current: number, usage: number, target: number, pods: readonly Pod[]): Proposal {
  const ratio = usage / target;
  if (current === 0) return { replicas: Math.ceil(ratio), average: usage };
  if (withinTolerance(ratio)) return { replicas: current, average: usage };
  if (pods.length === 0) {
    const why = 'no pods returned by selector while calculating replica count';
    throw new Error(`unable to calculate ready pods: ${why}`);
  }
  const ready = pods.filter((pod) => pod.status?.phase === 'Running' && isPodReady(pod)).length;
  return { replicas: Math.ceil(ratio * ready), average: usage };
}

/** Of one measure that is shared by all pods. Upstream: GetExternalPerPodMetricReplicas. */
export function proposeFromShare(statusReplicas: number, usage: number, target: number): Proposal {
  const keeps = withinTolerance(usage / (target * statusReplicas));
  return {
    replicas: keeps ? statusReplicas : Math.ceil(usage / target),
    average: Math.ceil(usage / statusReplicas),
  };
}
