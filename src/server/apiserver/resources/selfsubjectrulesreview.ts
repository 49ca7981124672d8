// SelfSubjectRulesReview: what may I do here? The rules that the authorizers can enumerate; nodes, whose rights depend
// on what runs on them, are told that theirs are incomplete. Upstream: pkg/registry/authorization/selfsubjectrulesreview.
import type { PolicyRule } from 'kubernetes-types/rbac/v1.js';
import { badRequest } from '../../../api/status.ts';
import type { Unstructured } from '../../../api/types.ts';
import { nodeOf } from '../../auth/types.ts';
import { defineHooks } from '../types.ts';

export default defineHooks({
  group: 'authorization.k8s.io',
  plural: 'selfsubjectrulesreviews',
  async create(draft, { user, options }) {
    const spec = (draft['spec'] ?? {}) as { namespace?: string };
    if (!spec.namespace) throw badRequest('no namespace on request');
    const { authorizer } = options;
    const rules = authorizer.rulesFor?.(user, spec.namespace) ?? [];
    const isNode = nodeOf(user) !== undefined;
    return {
      kind: 'SelfSubjectRulesReview',
      apiVersion: 'authorization.k8s.io/v1',
      metadata: { creationTimestamp: null },
      spec: {},
      status: {
        resourceRules: rules.filter((rule) => rule.resources?.length).map(resourceRule),
        nonResourceRules: rules
          .filter((rule) => rule.nonResourceURLs?.length)
          .map(({ verbs, nonResourceURLs }) => ({ verbs, nonResourceURLs })),
        incomplete: isNode || !authorizer.rulesFor,
        ...(isNode ? { evaluationError: 'node authorizer does not support user rule resolution' } : {}),
      },
    } as unknown as Unstructured;
  },
});

const resourceRule = ({ verbs, apiGroups, resources, resourceNames }: PolicyRule): object => ({
  verbs,
  apiGroups,
  resources,
  ...(resourceNames?.length ? { resourceNames } : {}),
});
