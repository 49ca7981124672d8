// LocalSubjectAccessReview: may somebody else do it in this namespace?
import { checkNamespace, namedUser, review, specOf } from '../reviews/access.ts';
import { defineHooks } from '../types.ts';

export default defineHooks({
  group: 'authorization.k8s.io',
  plural: 'localsubjectaccessreviews',
  async create(draft, context) {
    checkNamespace(draft, context.namespace);
    return review('LocalSubjectAccessReview', draft, namedUser(specOf(draft)), context);
  },
});
