// ResourceQuota. Upstream: pkg/registry/core/resourcequota/strategy.go, ValidateResourceQuota, printResourceQuota.
import type { ResourceQuota as CoreQuota } from 'kubernetes-types/core/v1.js';
import { defineKind } from '../../kind.ts';
import type { FieldErrors } from '../../validation.ts';
import { ageColumn, column } from '../shared/columns.ts';
import { IMMUTABLE } from '../shared/field-rules.ts';
import { type ResourceList, defaultResourceList, resourceName, resourceQuantity } from '../shared/resource-list.ts';
import { status } from '../shared/workloads.ts';

type Quota = Omit<CoreQuota, 'status'> & { status?: { hard?: ResourceList; used?: ResourceList } };

const SCOPES = [
  'Terminating',
  'NotTerminating',
  'BestEffort',
  'NotBestEffort',
  'PriorityClass',
  'CrossNamespacePodAffinity',
  'VolumeAttributesClass',
];

function validateList(errors: FieldErrors, path: string, list: ResourceList | undefined): void {
  for (const name in list) {
    // Counts of any resource: `count/deployments.apps`.
    if (!name.startsWith('count/')) resourceName(errors, `${path}[${name}]`, name);
    resourceQuantity(errors, `${path}[${name}]`, name, list[name]!);
  }
}

/** `cpu: 1/2, pods: 3/10`; limits apart from the rest. */
function usage(quota: Quota, limits: boolean): string {
  const { hard = {}, used = {} } = quota.status ?? {};
  return Object.keys(hard)
    .filter((name) => name.startsWith('limits.') === limits)
    .sort()
    .map((name) => `${name}: ${used[name] ?? '0'}/${hard[name]}`)
    .join(', ');
}

export default defineKind<Quota>({
  group: '',
  kind: 'ResourceQuota',
  plural: 'resourcequotas',
  short: ['quota'],
  scope: 'Namespaced',
  storage: { group: '', version: 'v1' },
  served: [{ group: '', version: 'v1' }],
  subresources: { status },
  generation: false,
  defaults({ spec, status: s }) {
    defaultResourceList(spec?.hard as ResourceList | undefined);
    defaultResourceList(s?.hard);
    defaultResourceList(s?.used);
  },
  prepareCreate(draft) {
    draft.status = {};
  },
  validate({ spec }, errors) {
    validateList(errors, 'spec.hard', spec?.hard as ResourceList | undefined);
    const scopes = (spec?.scopes ?? []) as string[];
    for (const scope of scopes) if (!SCOPES.includes(scope)) errors.invalid('spec.scopes', scopes, 'unsupported scope');
    const clash = (a: string, b: string) => scopes.includes(a) && scopes.includes(b);
    if (clash('BestEffort', 'NotBestEffort') || clash('Terminating', 'NotTerminating')) {
      errors.invalid('spec.scopes', scopes, 'conflicting scopes');
    }
  },
  validateUpdate(quota, old, errors) {
    const sorted = (q: Quota) => [...(q.spec?.scopes ?? [])].sort().join();
    if (sorted(quota) !== sorted(old)) errors.invalid('spec.scopes', quota.spec?.scopes ?? [], IMMUTABLE);
  },
  validateStatus({ status: s }, _old, errors) {
    validateList(errors, 'status.hard', s?.hard);
    validateList(errors, 'status.used', s?.used);
  },
  columns: [
    column(
      'Request',
      'string',
      'Request represents a minimum amount of cpu/memory that a container may consume.',
      (q) => usage(q, false),
    ),
    column(
      'Limit',
      'string',
      'Limits control the maximum amount of cpu/memory that a container may use independent of contention on the node.',
      (q) => usage(q, true),
    ),
    ageColumn,
  ],
});
