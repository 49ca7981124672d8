// nodeSelector and node affinity, required and preferred, of the pod and of the configuration. Upstream:
// pkg/scheduler/framework/plugins/nodeaffinity.
import type { NodeAffinity } from 'kubernetes-types/core/v1.js';
import { termMatcher, termsMatcher } from '../../../api/node-selector.ts';
import { type AnyPlugin, SKIP, definePlugin, normalizeByMax, unresolvable } from '../framework.ts';

const REJECTION = unresolvable("node(s) didn't match Pod's node affinity/selector");
const ENFORCED = unresolvable("node(s) didn't match scheduler-enforced node affinity");
const CONFLICT = unresolvable('pod affinity terms conflict');

function create({ addedAffinity }: { addedAffinity?: NodeAffinity }): AnyPlugin {
  const terms = addedAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  const enforced = terms && termsMatcher(terms);
  const added = (addedAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map((term) => ({
    weight: term.weight,
    matches: termMatcher(term.preference),
  }));
  return definePlugin<undefined, undefined>({
    name: 'NodeAffinity',
    weight: 2,
    pure: true,
    configure: (args) => create(args),
    preFilter(pod) {
      if (!pod.nodeMatcher && !enforced) return SKIP;
      if (pod.namedNodes === 'conflict') return CONFLICT;
      return { state: undefined, ...(pod.namedNodes ? { nodeNames: pod.namedNodes } : {}) };
    },
    filter(pod, node) {
      if (enforced && !enforced(node)) return ENFORCED;
      return !pod.nodeMatcher || pod.nodeMatcher(node) ? undefined : REJECTION;
    },
    preScore: (pod) => (pod.preferredNodes.length === 0 && added.length === 0 ? SKIP : undefined),
    score(pod, node) {
      let score = 0;
      for (const { weight, matches } of added) if (matches(node)) score += weight;
      for (const { weight, matches } of pod.preferredNodes) if (matches(node)) score += weight;
      return score;
    },
    normalize: (scores) => normalizeByMax(scores, false),
    events: [
      {
        resource: 'Node',
        actions: ['add', 'updateLabels'],
        helps: (pod, { node }) =>
          !node || ((!enforced || enforced(node)) && (!pod.nodeMatcher || pod.nodeMatcher(node))),
      },
    ],
  });
}

export default create({});
