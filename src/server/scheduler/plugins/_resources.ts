// Arithmetic of resources that several plug-ins share: what is short, and scores by how full a node is. Upstream:
// pkg/scheduler/framework/plugins/noderesources/{fit,resource_allocation,least_allocated,most_allocated,
// requested_to_capacity_ratio}.go.
import { MAX_NODE_SCORE, type Rejection, unresolvable, unschedulable } from '../framework.ts';
import type { NodeInfo } from '../node-info.ts';
import type { PodInfo } from '../pod-info.ts';
import type { Amounts } from '../resources.ts';

export interface WeightedResource {
  name: string;
  weight: number;
}

export const CPU_AND_MEMORY: readonly WeightedResource[] = [
  { name: 'cpu', weight: 1 },
  { name: 'memory', weight: 1 },
];

export function amountOf(amounts: Amounts, name: string): number {
  if (name === 'cpu') return amounts.milliCpu;
  if (name === 'memory') return amounts.memory;
  if (name === 'ephemeral-storage') return amounts.ephemeralStorage;
  return amounts.scalars?.get(name) ?? 0;
}

/** Extended resources that the filter leaves to somebody else. */
export type Ignored = (name: string) => boolean;

export function fits(pod: PodInfo, node: NodeInfo, ignored?: Ignored): boolean {
  const { requests } = pod;
  const { allocatable, requested } = node;
  if (node.pods.size + 1 > node.allowedPods) return false;
  if (requests.milliCpu > 0 && requests.milliCpu > allocatable.milliCpu - requested.milliCpu) return false;
  if (requests.memory > 0 && requests.memory > allocatable.memory - requested.memory) return false;
  const disk = requests.ephemeralStorage;
  if (disk > 0 && disk > allocatable.ephemeralStorage - requested.ephemeralStorage) return false;
  if (!requests.scalars) return true;
  for (const [name, amount] of requests.scalars) {
    if (amount <= 0 || ignored?.(name)) continue;
    if (amount > (allocatable.scalars?.get(name) ?? 0) - (requested.scalars?.get(name) ?? 0)) return false;
  }
  return true;
}

/** The few combinations that occur are made once. */
const known = new Map<string, Rejection>();
const plain = new Array<Rejection | undefined>(32);
const REASONS = ['Too many pods', 'Insufficient cpu', 'Insufficient memory', 'Insufficient ephemeral-storage'];

function plainRejection(short: number, hopeless: boolean): Rejection {
  const index = hopeless ? short + 16 : short;
  const reasons = REASONS.filter((_reason, bit) => short & (1 << bit));
  return (plain[index] ??= hopeless ? unresolvable(...reasons) : unschedulable(...reasons));
}

/** What is short. Hopeless: even the empty node is too small. */
export function shortage(pod: PodInfo, node: NodeInfo, ignored?: Ignored): Rejection {
  const { requests: want } = pod;
  const { allocatable: total, requested: used } = node;
  let short = node.pods.size + 1 > node.allowedPods ? 1 : 0;
  let hopeless = false;
  if (want.milliCpu > 0 && want.milliCpu > total.milliCpu - used.milliCpu) {
    short |= 2;
    hopeless ||= want.milliCpu > total.milliCpu;
  }
  if (want.memory > 0 && want.memory > total.memory - used.memory) {
    short |= 4;
    hopeless ||= want.memory > total.memory;
  }
  if (want.ephemeralStorage > 0 && want.ephemeralStorage > total.ephemeralStorage - used.ephemeralStorage) {
    short |= 8;
    hopeless ||= want.ephemeralStorage > total.ephemeralStorage;
  }
  if (!want.scalars) return plain[hopeless ? short + 16 : short] ?? plainRejection(short, hopeless);
  const names: string[] = [];
  for (const [name, amount] of want.scalars) {
    const all = total.scalars?.get(name) ?? 0;
    if (amount <= 0 || ignored?.(name) || amount <= all - (used.scalars?.get(name) ?? 0)) continue;
    names.push(`Insufficient ${name}`);
    hopeless ||= amount > all;
  }
  if (names.length === 0) return plainRejection(short, hopeless);
  const id = `${short}|${hopeless}|${names.join('|')}`;
  let rejection = known.get(id);
  if (rejection) return rejection;
  if (known.size > 1000) known.clear();
  const reasons = [...plainRejection(short, hopeless).reasons, ...names];
  known.set(id, (rejection = hopeless ? unresolvable(...reasons) : unschedulable(...reasons)));
  return rejection;
}

/** From 0 to 100 for one resource of which `wanted` of `total` would be used. */
export type ResourceScore = (wanted: number, total: number) => number;

export const leastAllocated: ResourceScore = (wanted, total) =>
  total === 0 || wanted > total ? 0 : Math.trunc(((total - wanted) * MAX_NODE_SCORE) / total);

export const mostAllocated: ResourceScore = (wanted, total) =>
  total === 0 ? 0 : Math.trunc((Math.min(wanted, total) * MAX_NODE_SCORE) / total);

export interface ShapePoint {
  utilization: number;
  score: number;
}

/** Straight lines between points; scores of the shape are 0…10. Upstream: buildBrokenLinearFunction. */
export function byShape(shape: readonly ShapePoint[]): ResourceScore {
  const points = shape.map(({ utilization, score }) => ({ x: utilization, y: score * 10 }));
  const line = (x: number): number => {
    for (let i = 0; i < points.length; i++) {
      const to = points[i]!;
      if (x > to.x) continue;
      if (i === 0) return to.y;
      const from = points[i - 1]!;
      return from.y + Math.trunc(((to.y - from.y) * (x - from.x)) / (to.x - from.x));
    }
    return points.at(-1)!.y;
  };
  return (wanted, total) => line(total === 0 || wanted > total ? 100 : Math.trunc((wanted * 100) / total));
}

/** Of a node with the pod on it, over several resources. */
export function allocationScore(
  pod: PodInfo,
  node: NodeInfo,
  resources: readonly WeightedResource[],
  scoreOf: ResourceScore,
  roundUp: boolean,
): number {
  let [sum, weights] = [0, 0];
  for (const { name, weight } of resources) {
    const total = amountOf(node.allocatable, name);
    if (total === 0) continue;
    const asked = name === 'cpu' || name === 'memory' ? pod.nonZero : pod.requests;
    const mine = amountOf(asked, name);
    // An extended resource that the pod does not ask for says nothing about the node.
    if (mine === 0 && asked === pod.requests && name.includes('/')) continue;
    const used = amountOf(asked === pod.nonZero ? node.nonZeroRequested : node.requested, name);
    const score = scoreOf(used + mine, total);
    // A shape that gives 0 takes the resource out of the mean.
    if (roundUp && score <= 0) continue;
    sum += score * weight;
    weights += weight;
  }
  if (weights === 0) return 0;
  return roundUp ? Math.round(sum / weights) : Math.trunc(sum / weights);
}
