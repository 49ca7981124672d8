// ServiceAccount. Upstream: pkg/registry/core/serviceaccount/strategy.go.
import type { ServiceAccount } from 'kubernetes-types/core/v1.js';
import { defineKind } from '../../kind.ts';
import { ageColumn, column } from '../shared/columns.ts';
import { texts } from '../shared/column-texts.ts';

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
  columns: [column('Secrets', 'string', texts['ServiceAccount.secrets']!, (a) => a.secrets?.length ?? 0), ageColumn],
});
