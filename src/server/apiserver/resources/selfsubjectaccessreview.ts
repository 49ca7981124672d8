// SelfSubjectAccessReview: may I do it?
import { review } from '../reviews/access.ts';
import { defineHooks } from '../types.ts';

export default defineHooks({
  group: 'authorization.k8s.io',
  plural: 'selfsubjectaccessreviews',
  create: (draft, context) => review('SelfSubjectAccessReview', draft, context.user, context),
});
