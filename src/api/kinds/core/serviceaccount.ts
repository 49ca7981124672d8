// ServiceAccount. Upstream: pkg/registry/core/serviceaccount/strategy.go.
import type { ServiceAccount } from 'kubernetes-types/core/v1.js';
import { defineKind } from '../../kind.ts';
import { ageColumn, column } from '../shared/columns.ts';
import { texts } from '../shared/column-texts.ts';

const MOUNTABLE = 'kubernetes.io/enforce-mountable-secrets';

/** Of its secrets only the names are kept. Upstream: cleanSecretReferences. */
function namesOnly(draft: ServiceAccount): void {
  if (draft.secrets) draft.secrets = draft.secrets.map(({ name }) => (name === undefined ? {} : { name }));
}

export default defineKind<ServiceAccount>({
  group: '',
  kind: 'ServiceAccount',
  plural: 'serviceaccounts',
  short: ['sa'],
  scope: 'Namespaced',
  storage: { group: '', version: 'v1' },
  served: [{ group: '', version: 'v1' }],
  subresources: {
    token: { verbs: ['create'], kind: { group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest' } },
  },
  generation: false,
  prepareCreate: namesOnly,
  prepareUpdate: namesOnly,
  warnings(account, old) {
    const has = (a: ServiceAccount | undefined) => a?.metadata?.annotations?.[MOUNTABLE] !== undefined;
    if (!has(account) || has(old)) return [];
    const instead = 'prefer separate namespaces to isolate access to mounted secrets';
    return [`metadata.annotations[${MOUNTABLE}]: deprecated in v1.32+; ${instead}`];
  },
  columns: [column('Secrets', 'string', texts['ServiceAccount.secrets']!, (a) => a.secrets?.length ?? 0), ageColumn],
});
