// SelfSubjectReview: a question, answered by the API server's hook and never stored.
import { defineKind } from '../../kind.ts';

const group = 'authentication.k8s.io';

export default defineKind({
  group,
  kind: 'SelfSubjectReview',
  plural: 'selfsubjectreviews',
  scope: 'Cluster',
  verbs: ['create'],
  virtual: true,
  storage: { group, version: 'v1' },
  served: [{ group, version: 'v1' }],
  nameRule: 'path',
  generation: false,
});
