// Counts of pods by topology for (anti-)affinity between pods. Upstream: interpodaffinity/{filtering,scoring}.go.
import type { ClusterView } from '../framework.ts';
import type { NodeInfo } from '../node-info.ts';
import type { AffinityTerm, PodInfo } from '../pod-info.ts';

/** Topology key → label value → count or score. */
export type TopologyCounts = Map<string, Map<string, number>>;

/** Soft weight of existing pods' required affinity. Upstream: hardPodAffinityWeight. */
const HARD_AFFINITY_WEIGHT = 1;

export const countOf = (counts: TopologyCounts, key: string, value: string): number => counts.get(key)?.get(value) ?? 0;

function add(counts: TopologyCounts, key: string, node: NodeInfo, amount: number): void {
  const value = node.labels[key];
  if (value === undefined) return;
  let values = counts.get(key);
  if (!values) counts.set(key, (values = new Map()));
  values.set(value, (values.get(value) ?? 0) + amount);
}

export function matchesTerm(term: AffinityTerm, pod: PodInfo, view: ClusterView): boolean {
  if (!term.selector.matches(pod.labels)) return false;
  return term.namespaces.has(pod.namespace) || term.namespaceSelector.matches(view.namespaceLabels(pod.namespace));
}

/** Where placed pods do not want this one. */
export function existingAntiAffinity(pod: PodInfo, view: ClusterView): TopologyCounts {
  const counts: TopologyCounts = new Map();
  for (const node of view.nodesWithAffinityPods) {
    for (const placed of node.affinityPods.values()) {
      for (const term of placed.requiredAntiAffinity) {
        if (matchesTerm(term, pod, view)) add(counts, term.topologyKey, node, 1);
      }
    }
  }
  return counts;
}

/** Where pods are that this one must be near (a pod counts when it matches all terms), or away from. */
export function incomingCounts(pod: PodInfo, view: ClusterView) {
  const affinity: TopologyCounts = new Map();
  const antiAffinity: TopologyCounts = new Map();
  const { requiredAffinity, requiredAntiAffinity } = pod;
  if (requiredAffinity.length === 0 && requiredAntiAffinity.length === 0) return { affinity, antiAffinity };
  for (const node of view.nodes) {
    for (const placed of node.pods.values()) {
      if (requiredAffinity.length > 0 && requiredAffinity.every((term) => matchesTerm(term, placed, view))) {
        for (const term of requiredAffinity) add(affinity, term.topologyKey, node, 1);
      }
      for (const term of requiredAntiAffinity) {
        if (matchesTerm(term, placed, view)) add(antiAffinity, term.topologyKey, node, 1);
      }
    }
  }
  return { affinity, antiAffinity };
}

/** Preferences in both directions, as points per topology. */
export function topologyScores(pod: PodInfo, view: ClusterView): TopologyCounts {
  const scores: TopologyCounts = new Map();
  const own = [
    ...pod.preferredAffinity.map((term) => ({ term, sign: 1 })),
    ...pod.preferredAntiAffinity.map((term) => ({ term, sign: -1 })),
  ];
  const nodes = own.length > 0 ? view.nodes : view.nodesWithAffinityPods;
  for (const node of nodes) {
    if (own.length > 0) {
      for (const placed of node.pods.values()) {
        for (const { term, sign } of own) {
          if (matchesTerm(term, placed, view)) add(scores, term.topologyKey, node, sign * term.weight);
        }
      }
    }
    for (const placed of node.affinityPods.values()) scoreForPlaced(scores, placed, pod, node, view);
  }
  return scores;
}

function scoreForPlaced(scores: TopologyCounts, placed: PodInfo, pod: PodInfo, node: NodeInfo, view: ClusterView) {
  const points = (terms: readonly AffinityTerm[], weight: (term: AffinityTerm) => number) => {
    for (const term of terms) if (matchesTerm(term, pod, view)) add(scores, term.topologyKey, node, weight(term));
  };
  points(placed.requiredAffinity, () => HARD_AFFINITY_WEIGHT);
  points(placed.preferredAffinity, (term) => term.weight);
  points(placed.preferredAntiAffinity, (term) => -term.weight);
}
