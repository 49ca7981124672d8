// nodeSelector and node affinity, required and preferred. Upstream: pkg/scheduler/framework/plugins/nodeaffinity.
import { SKIP, definePlugin, normalizeByMax, unresolvable } from '../framework.ts';

const REJECTION = unresolvable("node(s) didn't match Pod's node affinity/selector");
const CONFLICT = unresolvable('pod affinity terms conflict');

export default definePlugin<undefined, undefined>({
  name: 'NodeAffinity',
  weight: 2,
  preFilter(pod) {
    if (!pod.nodeMatcher) return SKIP;
    if (pod.namedNodes === 'conflict') return CONFLICT;
    return { state: undefined, ...(pod.namedNodes ? { nodeNames: pod.namedNodes } : {}) };
  },
  filter: (pod, node) => (!pod.nodeMatcher || pod.nodeMatcher(node) ? undefined : REJECTION),
  preScore: (pod) => (pod.preferredNodes.length === 0 ? SKIP : undefined),
  score(pod, node) {
    let score = 0;
    for (const { weight, matches } of pod.preferredNodes) if (matches(node)) score += weight;
    return score;
  },
  normalize: (scores) => normalizeByMax(scores, false),
  events: [
    {
      resource: 'Node',
      actions: ['add', 'updateLabels'],
      helps: (pod, { node }) => !node || !pod.nodeMatcher || pod.nodeMatcher(node),
    },
  ],
});
