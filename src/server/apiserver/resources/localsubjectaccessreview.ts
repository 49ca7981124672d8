// LocalSubjectAccessReview: may somebody else do it in this namespace?
import { namedUser, review, specOf } from '../reviews/access.ts';
import { defineHooks } from '../types.ts';

export default defineHooks({
  group: 'authorization.k8s.io',
  plural: 'localsubjectaccessreviews',
  create: (draft, context) => review('LocalSubjectAccessReview', draft, namedUser(specOf(draft)), context),
});
