// The usage of simulated nodes: what their running pods declare. See api/simulated-usage.ts.
import type { Pod } from 'kubernetes-types/core/v1.js';
import { simulatedUsage } from '../../../api/simulated-usage.ts';
import type { NodeUsage, Rate } from './sampler.ts';

const WINDOW_MS = 10_000;

/** Who shares a load: the pods of one controller. */
const groupOf = ({ metadata }: Pod): string =>
  metadata?.ownerReferences?.find((r) => r.controller === true)?.uid ?? metadata?.uid ?? '';

/** `pods`: all of the cluster, since those of other nodes may share a load. */
export function simulatedUsages(
  nodes: readonly string[],
  pods: readonly Pod[],
  nowMs: number,
): Map<string, NodeUsage & { node: Rate }> {
  const usages = new Map<string, NodeUsage & { node: Rate }>();
  for (const name of nodes) {
    usages.set(name, { at: nowMs, windowMs: WINDOW_MS, node: { cpu: 0, memory: 0 }, pods: new Map() });
  }
  const running = pods.filter((pod) => pod.status?.phase === 'Running');
  const peers = new Map<string, number>();
  for (const pod of running) peers.set(groupOf(pod), (peers.get(groupOf(pod)) ?? 0) + 1);
  for (const pod of running) {
    const usage = usages.get(pod.spec?.nodeName ?? '');
    if (!usage) continue;
    const each = simulatedUsage(pod, peers.get(groupOf(pod)) ?? 1);
    const containers = (pod.spec?.containers ?? []).map((c): [string, Rate] => [c.name, each]);
    usage.pods.set(`${pod.metadata?.namespace}/${pod.metadata?.name}`, new Map(containers));
    usage.node.cpu += each.cpu * containers.length;
    usage.node.memory += each.memory * containers.length;
  }
  return usages;
}
