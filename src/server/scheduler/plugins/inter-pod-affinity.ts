// Pods that want to be near other pods, or away from them. Upstream: pkg/scheduler/framework/plugins/interpodaffinity.
// Counting matching pods is in _affinity.ts.
import { MAX_NODE_SCORE, SKIP, definePlugin, unresolvable, unschedulable } from '../framework.ts';
import {
  type TopologyCounts,
  countOf,
  existingAntiAffinity,
  incomingCounts,
  matchesTerm,
  topologyScores,
} from './_affinity.ts';

const AFFINITY = unresolvable("node(s) didn't match pod affinity rules");
const ANTI_AFFINITY = unschedulable("node(s) didn't match pod anti-affinity rules");
const EXISTING = unschedulable("node(s) didn't satisfy existing pods anti-affinity rules");

interface FilterState {
  existing: TopologyCounts;
  affinity: TopologyCounts;
  antiAffinity: TopologyCounts;
  /** The first of a group that wants to be together may go anywhere. */
  first: boolean;
}

export default definePlugin<FilterState, TopologyCounts>({
  name: 'InterPodAffinity',
  weight: 2,
  preFilter(pod, view) {
    const existing = existingAntiAffinity(pod, view);
    const { requiredAffinity, requiredAntiAffinity } = pod;
    if (existing.size === 0 && requiredAffinity.length === 0 && requiredAntiAffinity.length === 0) return SKIP;
    const { affinity, antiAffinity } = incomingCounts(pod, view);
    const first = affinity.size === 0 && requiredAffinity.every((term) => matchesTerm(term, pod, view));
    return { state: { existing, affinity, antiAffinity, first } };
  },
  filter(pod, node, { existing, affinity, antiAffinity, first }) {
    let all = true;
    for (const { topologyKey } of pod.requiredAffinity) {
      const value = node.labels[topologyKey];
      if (value === undefined) return AFFINITY;
      if (countOf(affinity, topologyKey, value) <= 0) all = false;
    }
    if (!all && !first) return AFFINITY;
    for (const { topologyKey } of pod.requiredAntiAffinity) {
      const value = node.labels[topologyKey];
      if (value !== undefined && countOf(antiAffinity, topologyKey, value) > 0) return ANTI_AFFINITY;
    }
    for (const [key, values] of existing) {
      const value = node.labels[key];
      if (value !== undefined && (values.get(value) ?? 0) > 0) return EXISTING;
    }
    return undefined;
  },
  preScore(pod, _nodes, view) {
    const scores = topologyScores(pod, view);
    return scores.size === 0 ? SKIP : scores;
  },
  score(_pod, node, scores) {
    let score = 0;
    for (const [key, values] of scores) {
      const value = node.labels[key];
      if (value !== undefined) score += values.get(value) ?? 0;
    }
    return score;
  },
  normalize(scores) {
    const [min, max] = [Math.min(...scores), Math.max(...scores)];
    for (let i = 0; i < scores.length; i++) {
      scores[i] = max > min ? Math.trunc((MAX_NODE_SCORE * (scores[i]! - min)) / (max - min)) : 0;
    }
  },
  events: [
    { resource: 'AssignedPod', actions: ['add', 'delete', 'updateLabels'] },
    { resource: 'Pod', actions: ['updateLabels'] },
    { resource: 'Node', actions: ['add', 'updateLabels'] },
  ],
});
