// SelfSubjectAccessReview: a question, answered by the API server's hook and never stored.
import { defineKind } from '../../kind.ts';
import { deprecated } from '../shared/deprecations.ts';

const group = 'authorization.k8s.io';

export default defineKind({
  group,
  kind: 'SelfSubjectAccessReview',
  plural: 'selfsubjectaccessreviews',
  scope: 'Cluster',
  verbs: ['create'],
  virtual: true,
  storage: { group, version: 'v1' },
  served: [
    { group, version: 'v1' },
    {
      group,
      version: 'v1beta1',
      deprecated: deprecated(
        { group, version: 'v1beta1' },
        'SelfSubjectAccessReview',
        '1.19',
        '1.22',
        'authorization.k8s.io/v1 SelfSubjectAccessReview',
      ),
    },
  ],
  nameRule: 'path',
  generation: false,
});
