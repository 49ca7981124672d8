// Which old pods of a DaemonSet go and which nodes get a second pod in this step of a rolling update. Pure.
// Upstream: rollingUpdate in pkg/controller/daemon/update.go.
//
// Without surge old pods are deleted while fewer nodes than maxUnavailable lack an available pod; the next placement
// fills the gaps. With surge up to maxSurge nodes get a new pod beside the old one, which goes when the new one is
// available.
import type { DaemonSet } from 'kubernetes-types/apps/v1.js';
import type { Node, Pod } from 'kubernetes-types/core/v1.js';
import { isPodAvailable } from '../shared/pods.ts';
import type { Eligibility } from './eligibility.ts';
import { type PodsByNode, limits } from './placement.ts';
import { isPodUpdated } from './pod.ts';

export interface Roll {
  delete: Pod[];
  /** Names of nodes. */
  create: string[];
}

interface Pair {
  fresh?: Pod;
  old?: Pod;
}

/** Undefined: more than one of a kind, which placement has to clear up first. Upstream: findUpdatedPodsOnNode. */
function pairOf(ds: DaemonSet, pods: readonly Pod[], hash: string): Pair | undefined {
  const pair: Pair = {};
  for (const pod of pods) {
    if (pod.metadata?.deletionTimestamp !== undefined) continue;
    const side = isPodUpdated(ds, pod, hash) ? 'fresh' : 'old';
    if (pair[side]) return undefined;
    pair[side] = pod;
  }
  return pair;
}

export interface RollInput {
  ds: DaemonSet;
  nodes: readonly Node[];
  eligible: Eligibility;
  pods: PodsByNode;
  hash: string;
  nowMs: number;
}

export function rollingUpdate(input: RollInput): Roll {
  const { ds, nodes, eligible, pods, hash, nowMs } = input;
  const byNode = new Map<string, readonly Pod[]>(pods);
  let desired = 0;
  for (const node of nodes) {
    if (!eligible(node).run) continue;
    desired++;
    const name = node.metadata?.name ?? '';
    if (!byNode.has(name)) byNode.set(name, []);
  }
  const { maxSurge, maxUnavailable } = limits(ds, desired);
  const available = (pod: Pod) => isPodAvailable(pod, ds.spec?.minReadySeconds ?? 0, nowMs);
  const pairs = [...byNode].map(([node, list]) => ({ node, pair: pairOf(ds, list, hash) }));
  if (maxSurge === 0) return { delete: withoutSurge(pairs, maxUnavailable, available), create: [] };
  return withSurge(pairs, input, { maxSurge, desired, available });
}

interface NodePair {
  node: string;
  pair: Pair | undefined;
}
type Judge = (pod: Pod) => boolean;

function withoutSurge(pairs: readonly NodePair[], maxUnavailable: number, available: Judge): Pod[] {
  let unavailable = 0;
  const broken: Pod[] = [];
  const candidates: Pod[] = [];
  for (const { pair } of pairs) {
    if (!pair || Boolean(pair.fresh) === Boolean(pair.old)) unavailable++;
    else if (pair.fresh) unavailable += available(pair.fresh) ? 0 : 1;
    else if (!available(pair.old!)) {
      broken.push(pair.old!);
      unavailable++;
    } else candidates.push(pair.old!);
  }
  return [...broken, ...candidates.slice(0, Math.max(0, maxUnavailable - unavailable))];
}

function withSurge(
  pairs: readonly NodePair[],
  { nodes, eligible }: RollInput,
  { maxSurge, desired, available }: { maxSurge: number; desired: number; available: Judge },
): Roll {
  const shouldRun = new Set(nodes.filter((n) => eligible(n).run).map((n) => n.metadata?.name));
  const goes: Pod[] = [];
  /** Old pods of nodes that are no longer wanted: they wait until the wanted nodes are served. */
  const unwanted: Pod[] = [];
  const atOnce: string[] = [];
  const candidates: string[] = [];
  let [surging, serving] = [0, 0];
  for (const { node, pair } of pairs) {
    if (!pair) {
      surging++;
      continue;
    }
    const { fresh, old } = pair;
    const first = old ?? fresh;
    if (first && available(first)) serving++;
    if (!old) continue;
    if (fresh) {
      if (available(fresh)) goes.push(old);
      else surging++;
    } else if (shouldRun.has(node)) (available(old) ? candidates : atOnce).push(node);
    else (available(old) ? unwanted : goes).push(old);
  }
  goes.push(...unwanted.slice(0, Math.max(0, serving - desired)));
  return { delete: goes, create: [...atOnce, ...candidates.slice(0, Math.max(0, maxSurge - surging))] };
}
