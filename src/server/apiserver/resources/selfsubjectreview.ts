// SelfSubjectReview: who am I? Upstream: pkg/registry/authentication/selfsubjectreview/rest.go.
import { timestamp } from '../verbs/metadata.ts';
import { defineHooks } from '../types.ts';

export default defineHooks({
  group: 'authentication.k8s.io',
  plural: 'selfsubjectreviews',
  async create(_draft, { user, options }) {
    const { name, uid, groups, extra } = user;
    return {
      kind: 'SelfSubjectReview',
      apiVersion: 'authentication.k8s.io/v1',
      metadata: { creationTimestamp: timestamp((options.clock ?? Date).now()) },
      status: { userInfo: { username: name, ...(uid ? { uid } : {}), groups, ...(extra ? { extra } : {}) } },
    };
  },
});
