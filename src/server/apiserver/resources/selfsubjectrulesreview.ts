// SelfSubjectRulesReview: what may I do here? Authorizers are only asked yes-or-no questions, so the answer is always
// marked as incomplete, as upstream's is for authorizers that cannot list rules.
import { defineHooks } from '../types.ts';

export default defineHooks({
  group: 'authorization.k8s.io',
  plural: 'selfsubjectrulesreviews',
  async create(draft, { user }) {
    const all = user.groups.includes('system:masters');
    return {
      kind: 'SelfSubjectRulesReview',
      apiVersion: 'authorization.k8s.io/v1',
      metadata: { creationTimestamp: null },
      spec: draft['spec'] ?? {},
      status: {
        resourceRules: all ? [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }] : [],
        nonResourceRules: all ? [{ verbs: ['*'], nonResourceURLs: ['*'] }] : [],
        incomplete: !all,
        ...(all ? {} : { evaluationError: 'the authorizers of this server do not enumerate rules' }),
      },
    };
  },
});
