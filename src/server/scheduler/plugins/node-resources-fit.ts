// The node has room for what the pod requests; emptier nodes score higher (LeastAllocated, CPU and memory).
// Upstream: pkg/scheduler/framework/plugins/noderesources/{fit,least_allocated}.go.
import { MAX_NODE_SCORE, type Rejection, definePlugin, unresolvable, unschedulable } from '../framework.ts';
import type { NodeInfo } from '../node-info.ts';
import type { PodInfo } from '../pod-info.ts';

const TOO_MANY = 'Too many pods';

/** The few combinations that occur are made once. */
const rejections = new Map<string, Rejection>();
function rejection(reasons: string[], hopeless: boolean): Rejection {
  const id = `${hopeless}|${reasons.join('|')}`;
  let result = rejections.get(id);
  if (!result) {
    if (rejections.size > 1000) rejections.clear();
    rejections.set(id, (result = hopeless ? unresolvable(...reasons) : unschedulable(...reasons)));
  }
  return result;
}

function fits(pod: PodInfo, node: NodeInfo): boolean {
  const { requests } = pod;
  const { allocatable, requested } = node;
  if (node.pods.size + 1 > node.allowedPods) return false;
  if (requests.milliCpu > 0 && requests.milliCpu > allocatable.milliCpu - requested.milliCpu) return false;
  if (requests.memory > 0 && requests.memory > allocatable.memory - requested.memory) return false;
  const disk = requests.ephemeralStorage;
  if (disk > 0 && disk > allocatable.ephemeralStorage - requested.ephemeralStorage) return false;
  if (!requests.scalars) return true;
  for (const [name, amount] of requests.scalars) {
    const free = (allocatable.scalars?.get(name) ?? 0) - (requested.scalars?.get(name) ?? 0);
    if (amount > 0 && amount > free) return false;
  }
  return true;
}

/** What is short. Hopeless: even the empty node is too small. */
function explain(pod: PodInfo, node: NodeInfo): Rejection {
  const reasons: string[] = [];
  let hopeless = false;
  if (node.pods.size + 1 > node.allowedPods) reasons.push(TOO_MANY);
  const check = (name: string, amount: number, total: number, used: number) => {
    if (amount <= 0 || amount <= total - used) return;
    reasons.push(`Insufficient ${name}`);
    if (amount > total) hopeless = true;
  };
  const { requests } = pod;
  const { allocatable: total, requested: used } = node;
  check('cpu', requests.milliCpu, total.milliCpu, used.milliCpu);
  check('memory', requests.memory, total.memory, used.memory);
  check('ephemeral-storage', requests.ephemeralStorage, total.ephemeralStorage, used.ephemeralStorage);
  for (const [name, amount] of requests.scalars ?? []) {
    check(name, amount, total.scalars?.get(name) ?? 0, used.scalars?.get(name) ?? 0);
  }
  return rejection(reasons, hopeless);
}

const free = (total: number, wanted: number): number =>
  total === 0 || wanted > total ? 0 : Math.trunc(((total - wanted) * MAX_NODE_SCORE) / total);

export default definePlugin({
  name: 'NodeResourcesFit',
  weight: 1,
  filter: (pod, node) => (fits(pod, node) ? undefined : explain(pod, node)),
  score(pod, node) {
    const { allocatable, nonZeroRequested } = node;
    const weights = Number(allocatable.milliCpu > 0) + Number(allocatable.memory > 0);
    if (weights === 0) return 0;
    const cpu = free(allocatable.milliCpu, nonZeroRequested.milliCpu + pod.nonZero.milliCpu);
    const memory = free(allocatable.memory, nonZeroRequested.memory + pod.nonZero.memory);
    return Math.trunc((cpu + memory) / weights);
  },
  events: [
    { resource: 'AssignedPod', actions: ['delete', 'updateRequests'] },
    { resource: 'Pod', actions: ['updateRequests'] },
    {
      resource: 'Node',
      actions: ['add', 'updateAllocatable'],
      helps: (pod, { node }) => !node || fits(pod, node),
    },
  ],
});
