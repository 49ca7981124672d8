// Usage as the objects of metrics.k8s.io, for the hooks that answer them. Upstream: metrics-server pkg/api.
import type { Pod } from 'kubernetes-types/core/v1.js';
import { formatDuration } from '../../../api/duration.ts';
import { canonicalQuantity } from '../../../api/quantity.ts';
import { Nodes, Pods } from '../../../api/resources.ts';
import { isSimulated } from '../../../api/simulated-usage.ts';
import type { KubeObject, Unstructured } from '../../../api/types.ts';
import type { ApiServerOptions, HookContext } from '../types.ts';
import { type NodeUsage, type Rate, Sampler } from './sampler.ts';
import { simulatedUsages } from './simulated.ts';

/** One for each server: what was measured belongs to its nodes. */
const samplers = new WeakMap<ApiServerOptions, Sampler>();

function samplerOf({ options, lister }: HookContext): Sampler | undefined {
  const { nodes } = options;
  if (!nodes) return undefined;
  let sampler = samplers.get(options);
  if (!sampler) samplers.set(options, (sampler = new Sampler(nodes, lister, () => (options.clock ?? Date).now())));
  return sampler;
}

/** Real nodes are asked; simulated ones have nobody who could be. */
async function usagesOf(context: HookContext, names: readonly string[]): Promise<ReadonlyMap<string, NodeUsage>> {
  const { lister, options } = context;
  const simulated = names.filter((name) => isSimulated(lister.get(Nodes, undefined, name)));
  const declaring = new Set(simulated);
  const real = names.filter((name) => !declaring.has(name));
  const measured = real.length === 0 ? undefined : await samplerOf(context)?.usage(real);
  if (simulated.length === 0) return measured ?? new Map();
  const declared = simulatedUsages(simulated, lister.list(Pods), (options.clock ?? Date).now());
  return new Map([...(measured ?? []), ...declared]);
}

const timestamp = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
const usageText = ({ cpu, memory }: Rate): object => ({
  cpu: canonicalQuantity(`${Math.round(cpu * 1e9)}n`),
  memory: canonicalQuantity(`${Math.ceil(memory / 1024)}Ki`),
});

function envelope(kind: string, of: KubeObject, usage: NodeUsage): Unstructured {
  const { name, namespace, labels } = of.metadata ?? {};
  return {
    kind,
    apiVersion: 'metrics.k8s.io/v1beta1',
    metadata: {
      name,
      ...(namespace ? { namespace } : {}),
      creationTimestamp: timestamp(usage.at),
      ...(labels ? { labels } : {}),
    },
    timestamp: timestamp(usage.at),
    window: formatDuration(usage.windowMs),
  } as Unstructured;
}

/** All nodes, or the one that the request names. */
export async function nodeMetrics(context: HookContext): Promise<Unstructured[]> {
  const { lister, name } = context;
  const nodes = lister.list(Nodes).filter((node) => name === '' || node.metadata?.name === name);
  const usages = await usagesOf(
    context,
    nodes.map((node) => node.metadata?.name ?? ''),
  );
  return nodes.flatMap((node) => {
    const usage = usages.get(node.metadata?.name ?? '');
    return usage?.node ? [{ ...envelope('NodeMetrics', node, usage), usage: usageText(usage.node) }] : [];
  });
}

/** Running pods of one namespace or all, or the one that the request names. */
export async function podMetrics(context: HookContext): Promise<Unstructured[]> {
  const { lister, name, namespace } = context;
  const pods = lister
    .list(Pods, namespace || undefined)
    .filter((pod) => (name === '' || pod.metadata?.name === name) && pod.status?.phase === 'Running');
  const nodes = new Set(pods.flatMap((pod) => pod.spec?.nodeName ?? []));
  const usages = await usagesOf(context, [...nodes]);
  return pods.flatMap((pod) => ofPod(pod, usages.get(pod.spec?.nodeName ?? '')));
}

/** Nothing until every container has been measured. */
function ofPod(pod: Pod, usage: NodeUsage | undefined): Unstructured[] {
  const { namespace, name } = pod.metadata ?? {};
  const measured = usage?.pods.get(`${namespace}/${name}`);
  if (!usage || !measured) return [];
  const names = (pod.spec?.containers ?? []).map((container) => container.name);
  if (names.some((container) => !measured.has(container))) return [];
  const containers = names.map((container) => ({ name: container, usage: usageText(measured.get(container)!) }));
  return [{ ...envelope('PodMetrics', pod, usage), containers } as Unstructured];
}
