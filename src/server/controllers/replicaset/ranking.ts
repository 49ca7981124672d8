// Which pods go first when there are too many. Upstream: ActivePodsWithRanks in pkg/controller/controller_utils.go and
// getPodsToDelete in pkg/controller/replicaset/replica_set.go.
import type { Pod } from 'kubernetes-types/core/v1.js';
import { isPodActive, isPodReady, maxContainerRestarts, podReadySince } from '../shared/pods.ts';

export const POD_DELETION_COST = 'controller.kubernetes.io/pod-deletion-cost';

const PHASE_ORDER: Readonly<Record<string, number>> = { Pending: 0, Unknown: 1, Running: 2 };

interface Ranked {
  pod: Pod;
  /** How many pods of the same owner's relatives are on its node. */
  rank: number;
}

/** An invalid or absent cost is 0; validation refuses what is no 32-bit integer. */
export function podDeletionCost(pod: Pod): number {
  const text = pod.metadata?.annotations?.[POD_DELETION_COST];
  if (text === undefined || !/^(0|-?[1-9]\d*)$/.test(text)) return 0;
  return Number(text);
}

/** Ages are compared by magnitude (log2 of nanoseconds), so that victims are spread over similar ages. */
function logarithmicRankDifference(t1: number, t2: number, nowMs: number): number {
  const magnitude = (t: number) => {
    const nanoseconds = (nowMs - t) * 1e6;
    return nanoseconds > 0 ? Math.floor(Math.log2(nanoseconds)) : -1;
  };
  return magnitude(t1) - magnitude(t2);
}

/** Negative: a goes before b. */
function compareAges(a: number | undefined, b: number | undefined, pods: [Pod, Pod], nowMs: number): number {
  if (a === b) return 0;
  // A zero time counts as the newest.
  if (a === undefined) return -1;
  if (b === undefined) return 1;
  const difference = logarithmicRankDifference(a, b, nowMs);
  if (difference !== 0) return difference;
  return (pods[0].metadata?.uid ?? '') < (pods[1].metadata?.uid ?? '') ? -1 : 1;
}

export function compareForDeletion(x: Ranked, y: Ranked, nowMs: number): number {
  const [a, b] = [x.pod, y.pod];
  const assigned = Number(Boolean(a.spec?.nodeName)) - Number(Boolean(b.spec?.nodeName));
  if (assigned !== 0) return assigned;
  const phase = (PHASE_ORDER[a.status?.phase ?? ''] ?? 0) - (PHASE_ORDER[b.status?.phase ?? ''] ?? 0);
  if (phase !== 0) return phase;
  const ready = Number(isPodReady(a)) - Number(isPodReady(b));
  if (ready !== 0) return ready;
  const cost = podDeletionCost(a) - podDeletionCost(b);
  if (cost !== 0) return cost;
  if (x.rank !== y.rank) return y.rank - x.rank;
  if (isPodReady(a)) {
    const since = compareAges(podReadySince(a), podReadySince(b), [a, b], nowMs);
    if (since !== 0) return since;
  }
  const restarts = maxContainerRestarts(b) - maxContainerRestarts(a);
  if (restarts !== 0) return restarts;
  const created = (pod: Pod) =>
    pod.metadata?.creationTimestamp ? Date.parse(pod.metadata.creationTimestamp) : undefined;
  return compareAges(created(a), created(b), [a, b], nowMs);
}

/** The `count` pods to delete. `related` are the active pods of all replica sets with the same owner. */
export function podsToDelete(pods: readonly Pod[], related: readonly Pod[], count: number, nowMs: number): Pod[] {
  if (count >= pods.length) return [...pods];
  const onNode = new Map<string, number>();
  for (const pod of related) {
    if (!isPodActive(pod)) continue;
    const node = pod.spec?.nodeName ?? '';
    onNode.set(node, (onNode.get(node) ?? 0) + 1);
  }
  const ranked = pods.map((pod) => ({ pod, rank: onNode.get(pod.spec?.nodeName ?? '') ?? 0 }));
  ranked.sort((x, y) => compareForDeletion(x, y, nowMs));
  return ranked.slice(0, count).map((r) => r.pod);
}
