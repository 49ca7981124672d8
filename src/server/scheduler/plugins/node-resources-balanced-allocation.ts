// Prefers nodes on which resources would be used in like proportion. Upstream:
// pkg/scheduler/framework/plugins/noderesources/balanced_allocation.go.
import { type AnyPlugin, MAX_NODE_SCORE, SKIP, definePlugin } from '../framework.ts';
import type { NodeInfo } from '../node-info.ts';
import type { PodInfo } from '../pod-info.ts';
import { amountOf } from './_resources.ts';

interface Args {
  resources?: readonly { name: string }[];
}

/** The greatest is 1; undefined: the node has none of it. */
function share(pod: PodInfo, node: NodeInfo, name: string): number | undefined {
  const total = amountOf(node.allocatable, name);
  const mine = amountOf(pod.requests, name);
  if (total === 0 || (mine === 0 && name.includes('/'))) return undefined;
  return Math.min(1, (amountOf(node.requested, name) + mine) / total);
}

function deviation(shares: readonly number[]): number {
  // Of two values it is half their distance.
  if (shares.length === 2) return Math.abs(shares[0]! - shares[1]!) / 2;
  if (shares.length < 2) return 0;
  const mean = shares.reduce((sum, s) => sum + s, 0) / shares.length;
  return Math.sqrt(shares.reduce((sum, s) => sum + (s - mean) ** 2, 0) / shares.length);
}

function create({ resources }: Args): AnyPlugin {
  const names = resources?.length ? resources.map(({ name }) => name) : ['cpu', 'memory'];
  return definePlugin<undefined, undefined>({
    name: 'NodeResourcesBalancedAllocation',
    weight: 1,
    configure: (args) => create(args as Args),
    /** A pod that asks for nothing moves no balance. */
    preScore: ({ requests }) => (names.every((name) => amountOf(requests, name) === 0) ? SKIP : undefined),
    score(pod, node) {
      const shares: number[] = [];
      for (const name of names) {
        const part = share(pod, node, name);
        if (part !== undefined) shares.push(part);
      }
      return Math.trunc((1 - deviation(shares)) * MAX_NODE_SCORE);
    },
  });
}

export default create({});
