// CertificateSigningRequest: who asks is what the server knows, not what the body says; approval is a subresource.
// Upstream: pkg/registry/certificates/certificates/strategy.go.
import { type RequestCondition, stampConditions } from '../../../api/kinds/shared/request-conditions.ts';
import type { Unstructured } from '../../../api/types.ts';
import { timestamp } from '../verbs/metadata.ts';
import { defineHooks } from '../types.ts';

type Request = Unstructured & { status?: { conditions?: RequestCondition[]; certificate?: string } };

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
      const { conditions: before, ...rest } = (old as Request).status ?? {};
      const stamped = stampConditions(conditions, before, now);
      draft['status'] = { ...rest, ...(stamped ? { conditions: stamped } : {}) };
    },
  },
});
