// SelfSubjectReview: a question, answered by the API server's hook and never stored.
import { defineKind } from '../../kind.ts';
import { oldVersion } from '../shared/deprecations.ts';

const group = 'authentication.k8s.io';

export default defineKind({
  group,
  kind: 'SelfSubjectReview',
  plural: 'selfsubjectreviews',
  scope: 'Cluster',
  verbs: ['create'],
  virtual: true,
  storage: { group, version: 'v1' },
  served: [
    { group, version: 'v1' },
    oldVersion(group, 'v1beta1', 'SelfSubjectReview', '1.30', '1.33', 'authentication.k8s.io/v1 SelfSubjectReview'),
  ],
  nameRule: 'path',
  generation: false,
});
