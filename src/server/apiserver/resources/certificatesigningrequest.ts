// CertificateSigningRequest: who asks is what the server knows, not what the body says; approval is a subresource.
// Upstream: pkg/registry/certificates/certificates/strategy.go.
import type { Unstructured } from '../../../api/types.ts';
import { timestamp } from '../verbs/metadata.ts';
import { defineHooks } from '../types.ts';

interface Condition {
  type: string;
  status?: string;
  lastUpdateTime?: string;
  lastTransitionTime?: string;
}
type Request = Unstructured & { status?: { conditions?: Condition[]; certificate?: string } };

export default defineHooks({
  group: 'certificates.k8s.io',
  plural: 'certificatesigningrequests',
  async beginCreate(draft, { user }) {
    const {
      username: _username,
      uid: _uid,
      groups: _groups,
      extra: _extra,
      ...spec
    } = draft['spec'] as Record<string, unknown>;
    draft['spec'] = {
      ...spec,
      username: user.name,
      ...(user.uid ? { uid: user.uid } : {}),
      groups: user.groups,
      ...(user.extra ? { extra: user.extra } : {}),
    };
  },
  prepareSubresource: {
    approval(draft, old) {
      const conditions = (draft as Request).status?.conditions;
      const now = timestamp(Date.now());
      draft['spec'] = old['spec'];
      const stamped = conditions?.map((condition) => stamp(condition, (old as Request).status?.conditions, now));
      draft['status'] = { ...(old as Request).status, ...(stamped ? { conditions: stamped } : {}) };
    },
  },
});

/** Upstream's populateConditionTimestamps. */
function stamp(condition: Condition, before: readonly Condition[] | undefined, now: string): Condition {
  const same = before?.find((c) => c.type === condition.type && c.status === condition.status);
  return {
    ...condition,
    lastUpdateTime: condition.lastUpdateTime ?? now,
    lastTransitionTime: condition.lastTransitionTime ?? same?.lastTransitionTime ?? now,
  };
}
