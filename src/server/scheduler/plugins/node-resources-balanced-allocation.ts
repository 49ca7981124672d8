// Prefers nodes on which CPU and memory would be used in like proportion. Upstream:
// pkg/scheduler/framework/plugins/noderesources/balanced_allocation.go.
import { MAX_NODE_SCORE, SKIP, definePlugin } from '../framework.ts';

const share = (total: number, used: number): number => Math.min(1, used / total);

export default definePlugin<undefined, undefined>({
  name: 'NodeResourcesBalancedAllocation',
  weight: 1,
  /** A pod that asks for nothing moves no balance. */
  preScore: ({ requests }) => (requests.milliCpu === 0 && requests.memory === 0 ? SKIP : undefined),
  score(pod, node) {
    const { allocatable, requested } = node;
    if (allocatable.milliCpu === 0 || allocatable.memory === 0) return MAX_NODE_SCORE;
    const cpu = share(allocatable.milliCpu, requested.milliCpu + pod.requests.milliCpu);
    const memory = share(allocatable.memory, requested.memory + pod.requests.memory);
    // The standard deviation of two values is half their distance.
    return Math.trunc((1 - Math.abs(cpu - memory) / 2) * MAX_NODE_SCORE);
  },
});
