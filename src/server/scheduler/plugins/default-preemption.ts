// When no node fits: finds the node where evicting the fewest and least important pods of lower priority helps.
// Upstream: pkg/scheduler/framework/{preemption,plugins/defaultpreemption}. Disruption budgets are not considered.
import { type PostFilterContext, type Rejection, definePlugin, unresolvable, unschedulable } from '../framework.ts';
import { fitMessage } from '../messages.ts';
import type { NodeInfo } from '../node-info.ts';
import type { PodInfo } from '../pod-info.ts';

const NOT_HELPFUL = unresolvable('Preemption is not helpful for scheduling');
const NO_VICTIMS = unschedulable('No preemption victims found for incoming pod');
const STILL_UNFIT = unschedulable('Preemption would not make room for incoming pod');

interface Candidate {
  node: NodeInfo;
  victims: PodInfo[];
}

/** Who started first is more important, at equal priority. Upstream: util.MoreImportantPod. */
const byImportance = (a: PodInfo, b: PodInfo): number => b.priority - a.priority || startMs(a) - startMs(b);
const startMs = (pod: PodInfo): number => Date.parse(pod.pod.status?.startTime ?? '') || pod.createdMs;

/** The pods of a node that must go; or why that does not help. Upstream: SelectVictimsOnNode. */
function selectVictims(pod: PodInfo, node: NodeInfo, fits: PostFilterContext['fits']): PodInfo[] | Rejection {
  const lower = [...node.pods.values()].filter((p) => p.priority < pod.priority);
  if (lower.length === 0) return NO_VICTIMS;
  const trial = node.clone();
  for (const victim of lower) trial.removePod(victim.uid);
  if (!fits(trial)) return STILL_UNFIT;
  const victims: PodInfo[] = [];
  // The most important are spared first, as far as there is room.
  for (const candidate of lower.sort(byImportance)) {
    trial.addPod(candidate);
    if (fits(trial)) continue;
    trial.removePod(candidate.uid);
    victims.push(candidate);
  }
  return victims;
}

/** Negative: a hurts less. Upstream: pickOneNodeForPreemption. */
function compareHarm(a: Candidate, b: Candidate): number {
  const highest = ({ victims }: Candidate) => Math.max(...victims.map((v) => v.priority));
  const sum = ({ victims }: Candidate) => victims.reduce((total, v) => total + v.priority + 2 ** 31, 0);
  const earliest = ({ victims }: Candidate) => {
    const top = Math.max(...victims.map((v) => v.priority));
    return Math.min(...victims.filter((v) => v.priority === top).map(startMs));
  };
  return highest(a) - highest(b) || sum(a) - sum(b) || a.victims.length - b.victims.length || earliest(b) - earliest(a);
}

export default definePlugin({
  name: 'DefaultPreemption',
  postFilter(pod, { view, rejections, fits }) {
    if (pod.pod.spec?.preemptionPolicy === 'Never') {
      return { message: 'preemption: not eligible due to preemptionPolicy=Never.' };
    }
    const why = new Map<string, Rejection>();
    let best: Candidate | undefined;
    // Nobody anywhere is less important: then no node has to be looked at closely.
    const hopeless = view.lowestPriority >= pod.priority;
    for (const node of view.nodes) {
      const rejection = rejections.get(node.name);
      if (!rejection || rejection.code !== 'unschedulable') {
        why.set(node.name, NOT_HELPFUL);
        continue;
      }
      const victims = hopeless ? NO_VICTIMS : selectVictims(pod, node, fits);
      if (!Array.isArray(victims)) why.set(node.name, victims);
      else if (!best || compareHarm({ node, victims }, best) < 0) best = { node, victims };
    }
    if (best) return { message: '', nominatedNode: best.node.name, victims: best.victims };
    return { message: `preemption: ${fitMessage({ nodeCount: view.nodes.length, rejections: why })}` };
  },
});
