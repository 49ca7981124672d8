// When no node fits: finds the node where evicting the fewest and least important pods of lower priority helps.
// Upstream: pkg/scheduler/framework/{preemption,plugins/defaultpreemption}. How, is in ../preemption.ts.
import { type AnyPlugin, type PostFilterContext, Rejections, definePlugin, unresolvable } from '../framework.ts';
import { fitMessage } from '../messages.ts';
import { Budgets, type Candidate, compareHarm } from '../preemption.ts';
import { VictimMemo } from '../victim-memo.ts';
import type { NodeInfo } from '../node-info.ts';
import type { PodInfo } from '../pod-info.ts';

const NOT_HELPFUL = unresolvable('Preemption is not helpful for scheduling');
const NO_VICTIMS = unresolvable('No preemption victims found for incoming pod');

interface Args {
  minCandidateNodesPercentage?: number;
  minCandidateNodesAbsolute?: number;
}

function isPreempted({ pod }: PodInfo): boolean {
  if (!pod.metadata?.deletionTimestamp) return false;
  const condition = pod.status?.conditions?.find(({ type }) => type === 'DisruptionTarget');
  return condition?.status === 'True' && condition.reason === 'PreemptionByScheduler';
}

/** Why the pod may not evict anybody. Upstream: PodEligibleToPreemptOthers. */
function ineligible(pod: PodInfo, { view, rejections }: PostFilterContext): string | undefined {
  if (pod.pod.spec?.preemptionPolicy === 'Never') return 'not eligible due to preemptionPolicy=Never.';
  const nominated = pod.pod.status?.nominatedNodeName;
  const node = nominated ? view.node(nominated) : undefined;
  if (!node || (rejections.of(node.name)?.code ?? 'unresolvable') === 'unresolvable') return undefined;
  for (const placed of node.pods.values()) {
    if (placed.priority < pod.priority && isPreempted(placed)) {
      return 'not eligible due to a terminating pod on the nominated node.';
    }
  }
  return undefined;
}

/** Nodes on which evictions may help. */
function potentialNodes({ rejections }: PostFilterContext): NodeInfo[] {
  return rejections.nodes.filter((_node, i) => rejections.reasons[i]!.code === 'unschedulable');
}

function create({ minCandidateNodesPercentage = 10, minCandidateNodesAbsolute = 100 }: Args): AnyPlugin {
  const memo = new VictimMemo();
  return definePlugin({
    name: 'DefaultPreemption',
    configure: (args) => create(args as Args),
    postFilter(pod, context) {
      const { view, random } = context;
      const why = ineligible(pod, context);
      if (why !== undefined) return { message: `preemption: ${why}` };
      const nodes = potentialNodes(context);
      const enough = Math.max(
        Math.trunc((nodes.length * minCandidateNodesPercentage) / 100),
        minCandidateNodesAbsolute,
      );
      // Nobody anywhere is less important: then no node has to be looked at closely.
      const hopeless = view.lowestPriority >= pod.priority;
      const victimsOn = memo.finder(pod, new Budgets(view), context);
      const refused = new Rejections();
      const candidates: Candidate[] = [];
      let best: Candidate | undefined;
      const offset = Math.floor(random() * nodes.length);
      let harmless = 0;
      // Enough candidates are enough when one of them breaks no budget.
      for (let i = 0; i < nodes.length && (candidates.length < enough || harmless === 0); i++) {
        const node = nodes[(offset + i) % nodes.length]!;
        const result = hopeless ? NO_VICTIMS : victimsOn(node);
        if ('code' in result) refused.add(node, result);
        else {
          candidates.push(result);
          if (result.violations === 0) harmless++;
          if (!best || compareHarm(result, best) < 0) best = result;
        }
      }
      if (best) return { message: '', nominatedNode: best.node.name, victims: best.victims, candidates };
      for (let i = nodes.length; i < view.nodes.length; i++) refused.reasons.push(NOT_HELPFUL);
      return {
        message: `preemption: ${fitMessage({ nodeCount: view.nodes.length, rejections: refused })}`,
        nominatedNode: '',
      };
    },
  });
}

export default create({});
