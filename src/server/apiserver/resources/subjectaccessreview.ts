// SubjectAccessReview: may somebody else do it?
import { namedUser, review, specOf } from '../reviews/access.ts';
import { defineHooks } from '../types.ts';

export default defineHooks({
  group: 'authorization.k8s.io',
  plural: 'subjectaccessreviews',
  create: (draft, context) => review('SubjectAccessReview', draft, namedUser(specOf(draft)), context),
});
