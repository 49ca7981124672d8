// Matching pods by topology for (anti-)affinity between pods, read from counts that the cache keeps. Upstream:
// interpodaffinity/{filtering,scoring}.go.
import type { ClusterView } from '../framework.ts';
import type { AffinityTerm, PodInfo } from '../pod-info.ts';
import { labelAskedFor } from '../tally.ts';

/** Live numbers of pods by the value of a node label, and what each is worth. */
export interface TopologyCount {
  key: string;
  counts: ReadonlyMap<string, number>;
  weight: number;
}

export function matchesTerm(term: AffinityTerm, pod: PodInfo, view: ClusterView): boolean {
  if (!term.selector.matches(pod.labels)) return false;
  if (term.namespaces.has(pod.namespace)) return true;
  return term.anyNamespace && term.namespaceSelector.matches(view.namespaceLabels(pod.namespace));
}

/** Where placed pods do not want this one. */
export function existingAntiAffinity(pod: PodInfo, view: ClusterView): TopologyCount[] {
  const result: TopologyCount[] = [];
  for (const { kind, term, tally } of view.placedTerms.about(pod.namespace)) {
    if (kind !== 'requiredAntiAffinity' || !matchesTerm(term, pod, view)) continue;
    result.push({ key: term.topologyKey, counts: tally.values(term.topologyKey), weight: 1 });
  }
  return result;
}

/** A pod counts when it matches all the terms. */
function tallyOf(terms: readonly AffinityTerm[], view: ClusterView) {
  const [first] = terms;
  const namespaces = new Set(terms.flatMap((t) => (t.anyNamespace ? ['*'] : [...t.namespaces])));
  const only = namespaces.size === 1 && !namespaces.has('*') ? [...namespaces][0] : undefined;
  const id = terms.length === 1 ? first!.id : terms.map((t) => t.id).join('&');
  return view.podCounts({
    id,
    ...(only === undefined ? {} : { namespace: only, label: labelAskedFor(first!.selector) }),
    matches: (placed) => terms.every((term) => matchesTerm(term, placed, view)),
  });
}

/** For each term, where pods are that match all of them. */
export function together(terms: readonly AffinityTerm[], view: ClusterView): TopologyCount[] {
  if (terms.length === 0) return [];
  const tally = tallyOf(terms, view);
  return terms.map(({ topologyKey: key, weight }) => ({ key, counts: tally.values(key), weight }));
}

/** For each term, where pods are that match it. */
export const each = (terms: readonly AffinityTerm[], view: ClusterView): TopologyCount[] =>
  terms.flatMap((term) => together([term], view));

/** Preferences in both directions, as points for each pod in a topology. */
export function topologyScores(pod: PodInfo, view: ClusterView, hardWeight: number, own: boolean): TopologyCount[] {
  const scores = own
    ? [
        ...each(pod.preferredAffinity, view),
        ...each(pod.preferredAntiAffinity, view).map((c) => ({ ...c, weight: -c.weight })),
      ]
    : [];
  for (const { kind, term, tally } of view.placedTerms.about(pod.namespace)) {
    if (kind === 'requiredAntiAffinity' || !matchesTerm(term, pod, view)) continue;
    const weight = kind === 'requiredAffinity' ? hardWeight : kind === 'preferredAffinity' ? term.weight : -term.weight;
    if (weight !== 0) scores.push({ key: term.topologyKey, counts: tally.values(term.topologyKey), weight });
  }
  return scores.filter(({ counts }) => counts.size > 0);
}
