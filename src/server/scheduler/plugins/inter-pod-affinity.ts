// Pods that want to be near other pods, or away from them. Upstream: pkg/scheduler/framework/plugins/interpodaffinity.
// Where matching pods are is told by _affinity.ts.
import {
  type AnyPlugin,
  type ClusterEvent,
  MAX_NODE_SCORE,
  SKIP,
  definePlugin,
  unresolvable,
  unschedulable,
} from '../framework.ts';
import type { AffinityTerm, PodInfo } from '../pod-info.ts';
import { type TopologyCount, each, existingAntiAffinity, matchesTerm, together, topologyScores } from './_affinity.ts';

const AFFINITY = unresolvable("node(s) didn't match pod affinity rules");
const ANTI_AFFINITY = unschedulable("node(s) didn't match pod anti-affinity rules");
const EXISTING = unschedulable("node(s) didn't satisfy existing pods anti-affinity rules");

interface FilterState {
  existing: readonly TopologyCount[];
  affinity: readonly TopologyCount[];
  antiAffinity: readonly TopologyCount[];
  /** It matches its own affinity: the first of a group that wants to be together may go anywhere. */
  selfMatching: boolean;
}

interface Args {
  hardPodAffinityWeight?: number;
  ignorePreferredTermsOfExistingPods?: boolean;
}

function occupied(counts: readonly TopologyCount[], labels: Readonly<Record<string, string>>): boolean {
  for (const { key, counts: values } of counts) {
    const value = labels[key];
    if (value !== undefined && (values.get(value) ?? 0) > 0) return true;
  }
  return false;
}

/** Without a look at the namespaces' labels. */
const mayMatch = (term: AffinityTerm, pod: PodInfo): boolean =>
  (term.anyNamespace || term.namespaces.has(pod.namespace)) && term.selector.matches(pod.labels);

/** A placed pod matters when a term of the waiting one selects it, or the other way round. */
function concerns(pod: PodInfo, { pod: other, actions }: ClusterEvent): boolean {
  // What its labels were is not known here.
  if (!other || actions.includes('updateLabels')) return true;
  const terms = [...pod.requiredAffinity, ...pod.requiredAntiAffinity];
  return terms.some((term) => mayMatch(term, other)) || other.requiredAntiAffinity.some((term) => mayMatch(term, pod));
}

const create = ({ hardPodAffinityWeight = 1, ignorePreferredTermsOfExistingPods: ignore = false }: Args): AnyPlugin =>
  definePlugin<FilterState, readonly TopologyCount[]>({
    name: 'InterPodAffinity',
    weight: 2,
    configure: (args) => create(args as Args),
    preFilter(pod, view) {
      const existing = view.placedTerms.size === 0 ? [] : existingAntiAffinity(pod, view);
      const { requiredAffinity, requiredAntiAffinity } = pod;
      if (existing.length === 0 && requiredAffinity.length === 0 && requiredAntiAffinity.length === 0) return SKIP;
      const state = {
        existing,
        affinity: together(requiredAffinity, view),
        antiAffinity: each(requiredAntiAffinity, view),
        selfMatching: requiredAffinity.every((term) => matchesTerm(term, pod, view)),
      };
      return { state, follows: 'live' };
    },
    filter(_pod, node, { existing, affinity, antiAffinity, selfMatching }) {
      let all = true;
      for (const { key, counts } of affinity) {
        const value = node.labels[key];
        if (value === undefined) return AFFINITY;
        if ((counts.get(value) ?? 0) <= 0) all = false;
      }
      if (!all && !(selfMatching && affinity.every(({ counts }) => counts.size === 0))) return AFFINITY;
      if (occupied(antiAffinity, node.labels)) return ANTI_AFFINITY;
      return occupied(existing, node.labels) ? EXISTING : undefined;
    },
    preScore(pod, _nodes, view) {
      const preferring = pod.preferredAffinity.length > 0 || pod.preferredAntiAffinity.length > 0;
      if (!preferring && (ignore || view.placedTerms.size === 0)) return SKIP;
      const scores = topologyScores(pod, view, hardPodAffinityWeight, preferring);
      return scores.length === 0 ? SKIP : scores;
    },
    score(_pod, node, scores) {
      let score = 0;
      for (const { key, counts, weight } of scores) {
        const value = node.labels[key];
        if (value !== undefined) score += weight * (counts.get(value) ?? 0);
      }
      return score;
    },
    normalize(scores) {
      let [min, max] = [Infinity, -Infinity];
      for (const score of scores) {
        if (score < min) min = score;
        if (score > max) max = score;
      }
      for (let i = 0; i < scores.length; i++) {
        scores[i] = max > min ? Math.trunc((MAX_NODE_SCORE * (scores[i]! - min)) / (max - min)) : 0;
      }
    },
    events: [
      { resource: 'Namespace', actions: ['updateLabels'] },
      { resource: 'AssignedPod', actions: ['add', 'delete', 'updateLabels'], helps: concerns },
      { resource: 'Pod', actions: ['updateLabels'] },
      {
        resource: 'Node',
        actions: ['add', 'updateLabels'],
        // A node without the keys of required affinity cannot take the pod.
        helps: (pod, { node }) => !node || pod.requiredAffinity.every((t) => node.labels[t.topologyKey] !== undefined),
      },
    ],
  });

export default create({});
