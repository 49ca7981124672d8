// TokenReview: whose token is it? Upstream: pkg/registry/authentication/tokenreview/storage.go.
import { badRequest, isReason } from '../../../api/status.ts';
import type { Unstructured } from '../../../api/types.ts';
import { type HookContext, defineHooks } from '../types.ts';

interface Spec {
  token?: string;
  audiences?: string[];
}

export default defineHooks({
  group: 'authentication.k8s.io',
  plural: 'tokenreviews',
  async create(draft, context): Promise<Unstructured> {
    const spec = (draft['spec'] ?? {}) as Spec;
    if (!spec.token) throw badRequest('token is required for TokenReview in authentication');
    const status = await statusOf(spec, context);
    return {
      kind: 'TokenReview',
      apiVersion: 'authentication.k8s.io/v1',
      metadata: { ...(draft.metadata.name ? { name: draft.metadata.name } : {}), creationTimestamp: null },
      spec: draft['spec'],
      status,
    };
  },
});

async function statusOf(spec: Spec, { options }: HookContext): Promise<object> {
  if (!options.reviewToken) return { user: {}, error: 'this server reviews no tokens' };
  try {
    const { user, audiences } = await options.reviewToken(spec.token ?? '', spec.audiences ?? []);
    const { name, uid, groups, extra } = user;
    return {
      authenticated: true,
      user: { username: name, ...(uid ? { uid } : {}), groups, ...(extra ? { extra } : {}) },
      audiences,
    };
  } catch (error) {
    if (!isReason(error, 'Unauthorized')) throw error;
    return { user: {}, error: typeof error.cause === 'string' ? error.cause : error.message };
  }
}
