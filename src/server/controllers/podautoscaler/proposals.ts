// What each metric of an autoscaler proposes, and what the status says of it. One that cannot be had says why.
// Upstream: computeReplicasForMetrics and computeStatusFor… in pkg/controller/podautoscaler/horizontal.go.
import type { MetricIdentifier, MetricSpec, MetricStatus, MetricTarget } from 'kubernetes-types/autoscaling/v2.js';
import type { Pod } from 'kubernetes-types/core/v1.js';
import { canonicalQuantity, quantityMillis } from '../../../api/quantity.ts';
import { type LabelSelector, type Selector, everything, selectorFromObject } from '../../../api/selector.ts';
import type { Client } from '../../../client/rest.ts';
import { messageOf } from '../shared/objects.ts';
import { externalMetric, objectMetric, podsMetric, resourceMetrics } from './metrics.ts';
import type { Targets } from './target.ts';
import {
  type PodMetrics,
  type Proposal,
  averageOf,
  podRequests,
  proposeFromPods,
  proposeFromShare,
  proposeFromTotal,
  utilizationOf,
} from './usage.ts';

export interface Asking {
  client: Client;
  targets: Targets;
  namespace: string;
  /** Of the target's pods. */
  selector: Selector;
  pods: readonly Pod[];
  specReplicas: number;
  statusReplicas: number;
  nowMs: number;
}

export interface MetricProposal {
  replicas: number;
  /** How conditions and events name the metric. */
  name: string;
  status: MetricStatus;
}

/** A metric that cannot be had: the reason of its event and condition. */
export class MetricError extends Error {
  readonly reason: string;
  /** What is told of it, which is less than the whole message. */
  readonly told: string;
  constructor(reason: string, told: string, message: string) {
    super(message);
    this.reason = reason;
    this.told = told;
  }
}

const quantity = (millis: number): never => canonicalQuantity(`${millis}m`) as never;
const targetMillis = (value: unknown): number => quantityMillis(value as string);
const selectorOf = (selector: unknown): Selector =>
  selector == null ? everything : selectorFromObject(selector as LabelSelector);

/** As Go prints one with %+v. */
export function goSelector(selector: LabelSelector | undefined): string {
  if (!selector) return 'nil';
  const labels = Object.entries(selector.matchLabels ?? {})
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}: ${value},`);
  const expressions = (selector.matchExpressions ?? []).map(
    ({ key, operator, values = [] }) =>
      `LabelSelectorRequirement{Key:${key},Operator:${operator},Values:[${values.join(' ')}],}`,
  );
  const list = `[]LabelSelectorRequirement{${expressions.map((e) => `${e},`).join('')}}`;
  return `&LabelSelector{MatchLabels:map[string]string{${labels.join('')}},MatchExpressions:${list},}`;
}

export async function propose(spec: MetricSpec, asking: Asking): Promise<MetricProposal> {
  switch (spec.type) {
    case 'Resource': {
      const { name, target } = spec.resource!;
      return wrapped('FailedGetResourceMetric', `${name} resource metric value`, async () => {
        const { current, ...rest } = await fromResource(asking, name, target, '');
        return { ...rest, status: { type: 'Resource', resource: { name, current } } };
      });
    }
    case 'ContainerResource': {
      const { name, container, target } = spec.containerResource!;
      return wrapped('FailedGetContainerResourceMetric', `${container} container metric value`, async () => {
        const { current, ...rest } = await fromResource(asking, name, target, container);
        return { ...rest, status: { type: 'ContainerResource', containerResource: { name, container, current } } };
      });
    }
    case 'Pods':
      return wrapped('FailedGetPodsMetric', 'pods metric value', () => fromPods(asking, spec.pods!));
    case 'Object':
      return wrapped('FailedGetObjectMetric', 'object metric value', () => fromObject(asking, spec.object!));
    case 'External':
      return wrapped('FailedGetExternalMetric', `${spec.external!.metric.name} external metric value`, () =>
        fromExternal(asking, spec.external!),
      );
  }
  const why = `unknown metric source type ${JSON.stringify(spec.type)}`;
  throw new MetricError('InvalidMetricSourceType', why, why);
}

async function wrapped(reason: string, what: string, ask: () => Promise<MetricProposal>): Promise<MetricProposal> {
  try {
    return await ask();
  } catch (error) {
    const told = messageOf(error);
    throw new MetricError(reason, told, `failed to get ${what}: ${told}`);
  }
}

/** `${prefix}: ${why}` for what fails. */
async function saying<T>(prefix: string, run: () => T | Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw new Error(`${prefix}: ${messageOf(error)}`, { cause: error });
  }
}

async function fromResource(asking: Asking, resource: string, target: MetricTarget, container: string) {
  const { client, namespace, selector, pods, specReplicas: current, nowMs } = asking;
  const measure = (): Promise<PodMetrics> =>
    saying(`unable to get metrics for resource ${resource}`, () =>
      resourceMetrics(client, namespace, selector, resource, container),
    );
  if (target.averageValue != null) {
    const { replicas, average } = await saying(`failed to get ${resource} usage`, async () =>
      plain(asking, await measure(), targetMillis(target.averageValue), resource),
    );
    return { replicas, name: `${resource} resource`, current: { averageValue: quantity(average) } };
  }
  const wanted = target.averageUtilization;
  if (wanted == null) {
    const neither = 'neither an average utilization target nor an average value (usage) target was set';
    throw new Error(`invalid resource metric source: ${neither}`);
  }
  const proposal = await saying(`failed to get ${resource} utilization`, async () => {
    const metrics = await measure();
    // Made when it is first needed: what is missing in a pod is told after what is missing in the metrics.
    let requests: Map<string, number> | undefined;
    const asked = () => (requests ??= podRequests(pods, container, resource));
    return proposeFromPods({
      current,
      pods,
      metrics,
      resource,
      nowMs,
      usage: (measured) => utilizationOf(measured, asked(), wanted),
      assumed: (name) => Math.trunc(((asked().get(name) ?? 0) * Math.max(100, wanted)) / 100),
    });
  });
  const kind = container === '' ? 'resource' : 'container resource';
  return {
    replicas: proposal.replicas,
    name: `${resource} ${kind} utilization (percentage of request)`,
    current: { averageUtilization: proposal.utilization!, averageValue: quantity(proposal.average) },
  };
}

const plain = (
  { specReplicas: current, pods, nowMs }: Asking,
  metrics: PodMetrics,
  target: number,
  resource: string,
): Proposal =>
  proposeFromPods({
    current,
    pods,
    metrics,
    resource,
    nowMs,
    usage: (measured) => averageOf(measured, target),
    assumed: () => target,
  });

/** Absent selectors stay absent. */
const identified = ({ name, selector }: MetricIdentifier): MetricIdentifier => ({
  name,
  ...(selector ? { selector } : {}),
});

async function fromPods(asking: Asking, { metric, target }: NonNullable<MetricSpec['pods']>): Promise<MetricProposal> {
  const metrics = await saying(`unable to get metric ${metric.name}`, () =>
    podsMetric(asking.client, asking.namespace, asking.selector, metric.name, selectorOf(metric.selector)),
  );
  const { replicas, average } = plain(asking, metrics, targetMillis(target.averageValue), '');
  const current = { averageValue: quantity(average) };
  return {
    replicas,
    name: `pods metric ${metric.name}`,
    status: { type: 'Pods', pods: { metric: identified(metric), current } },
  };
}

async function fromObject(
  asking: Asking,
  { metric, target, describedObject }: NonNullable<MetricSpec['object']>,
): Promise<MetricProposal> {
  const { client, namespace, targets } = asking;
  const { kind, name, apiVersion } = describedObject;
  const measure = (): Promise<number> =>
    saying(`unable to get metric ${metric.name}: ${kind} on ${namespace} ${name}`, async () => {
      const isNamespace = kind === 'Namespace' && (apiVersion === undefined || apiVersion === 'v1');
      const resource = isNamespace ? undefined : await resourceName(targets, apiVersion, kind);
      return objectMetric(client, namespace, { resource, name }, metric.name, selectorOf(metric.selector));
    });
  const status = (current: { value?: never; averageValue?: never }): MetricStatus => ({
    type: 'Object',
    object: { metric: identified(metric), describedObject, current },
  });
  if (target.type === 'Value' && target.value != null) {
    const usage = await measure();
    const { replicas } = proposeFromTotal(asking.specReplicas, usage, targetMillis(target.value), asking.pods);
    return { replicas, name: `${kind} metric ${metric.name}`, status: status({ value: quantity(usage) }) };
  }
  if (target.type === 'AverageValue' && target.averageValue != null) {
    const usage = await saying(`failed to get ${metric.name} object metric`, measure);
    const { replicas, average } = proposeFromShare(asking.statusReplicas, usage, targetMillis(target.averageValue));
    const text = `external metric ${metric.name}(${goSelector(metric.selector as LabelSelector | undefined)})`;
    return { replicas, name: text, status: status({ averageValue: quantity(average) }) };
  }
  throw new Error('invalid object metric source: neither a value target nor an average value target was set');
}

async function resourceName(targets: Targets, apiVersion: string | undefined, kind: string): Promise<string> {
  const [resource] = await targets.resourcesOf(apiVersion, kind);
  return resource!.group === '' ? resource!.plural : `${resource!.plural}.${resource!.group}`;
}

async function fromExternal(
  asking: Asking,
  { metric, target }: NonNullable<MetricSpec['external']>,
): Promise<MetricProposal> {
  const { client, namespace } = asking;
  const selector = goSelector(metric.selector as LabelSelector | undefined);
  const name = `external metric ${metric.name}(${selector})`;
  const measure = (prefix: string): Promise<number> =>
    saying(prefix, () =>
      saying(`unable to get external metric ${namespace}/${metric.name}/${selector}`, () =>
        externalMetric(client, namespace, metric.name, selectorOf(metric.selector)),
      ),
    );
  const status = (current: { value?: never; averageValue?: never }): MetricStatus => ({
    type: 'External',
    external: { metric: identified(metric), current },
  });
  if (target.averageValue != null) {
    const usage = await measure(`failed to get ${metric.name} external metric`);
    const { replicas, average } = proposeFromShare(asking.statusReplicas, usage, targetMillis(target.averageValue));
    return { replicas, name, status: status({ averageValue: quantity(average) }) };
  }
  if (target.value != null) {
    const usage = await measure(`failed to get external metric ${metric.name}`);
    const { replicas } = proposeFromTotal(asking.specReplicas, usage, targetMillis(target.value), asking.pods);
    return { replicas, name, status: status({ value: quantity(usage) }) };
  }
  throw new Error('invalid external metric source: neither a value target nor an average value target was set');
}
