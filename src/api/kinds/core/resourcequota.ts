// ResourceQuota. Upstream: pkg/registry/core/resourcequota/strategy.go, ValidateResourceQuota, printResourceQuota.
import type { ResourceQuota as CoreQuota } from 'kubernetes-types/core/v1.js';
import { defineKind } from '../../kind.ts';
import { type FieldErrors, GoStruct } from '../../validation.ts';
import { ageColumn, column } from '../shared/columns.ts';
import { IMMUTABLE } from '../shared/field-rules.ts';
import {
  type ResourceList,
  defaultResourceList,
  isQuotaResource,
  quotaResourceName,
  resourceQuantity,
} from '../shared/resource-list.ts';
import { status } from '../shared/workloads.ts';

type Quota = Omit<CoreQuota, 'status'> & { status?: { hard?: ResourceList; used?: ResourceList } };
type Spec = NonNullable<Quota['spec']>;

const COMPUTE = ['cpu', 'memory', 'limits.cpu', 'limits.memory', 'requests.cpu', 'requests.memory'];
const PODS = new Set(['pods', ...COMPUTE]);
const CLAIMS = new Set(['persistentvolumeclaims', 'requests.storage']);
/** What each scope can be applied to. Upstream: IsResourceQuotaScopeValidForResource. */
const SCOPES: Readonly<Record<string, ReadonlySet<string>>> = {
  Terminating: PODS,
  NotTerminating: PODS,
  BestEffort: new Set(['pods']),
  NotBestEffort: PODS,
  PriorityClass: PODS,
  CrossNamespacePodAffinity: PODS,
  VolumeAttributesClass: CLAIMS,
};
const ONLY_EXISTS = new Set([
  'BestEffort',
  'NotBestEffort',
  'Terminating',
  'NotTerminating',
  'CrossNamespacePodAffinity',
]);
const MUST_EXIST =
  "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity";
const NO_VALUE = "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector";
const A_VALUE = "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector";

function validateList(errors: FieldErrors, path: string, list: ResourceList | undefined): void {
  for (const name in list) {
    const field = `${path}[${name}]`;
    quotaResourceName(errors, field, name);
    resourceQuantity(errors, field, name, list[name]!);
  }
}

/** The standard resources of the quota that this scope has nothing to say about. */
const outside = (scope: string, spec: Spec): string[] =>
  Object.keys(spec.hard ?? {})
    .sort()
    .filter((name) => isQuotaResource(name) && SCOPES[scope] !== undefined && !SCOPES[scope].has(name));

function conflicts(errors: FieldErrors, field: string, scopes: readonly string[], shown: unknown): void {
  const both = (a: string, b: string) => scopes.includes(a) && scopes.includes(b);
  if (both('BestEffort', 'NotBestEffort')) errors.invalid(field, shown, 'conflicting scopes');
  if (both('Terminating', 'NotTerminating')) errors.invalid(field, shown, 'conflicting scopes');
}

function validateScopes(errors: FieldErrors, spec: Spec): void {
  const scopes = (spec.scopes ?? []) as string[];
  for (const scope of scopes) {
    if (!SCOPES[scope]) errors.invalid('spec.scopes', scopes, 'unsupported scope');
    for (const _name of outside(scope, spec)) {
      errors.invalid('spec.scopes', scopes, 'unsupported scope applied to resource');
    }
  }
  conflicts(errors, 'spec.scopes', scopes, scopes);
}

function validateSelector(errors: FieldErrors, spec: Spec): void {
  const path = 'spec.scopeSelector.matchExpressions';
  const list = spec.scopeSelector?.matchExpressions ?? [];
  const shown = () =>
    new GoStruct({
      MatchExpressions: list.map(
        (e) => new GoStruct({ ScopeName: e.scopeName, Operator: e.operator, Values: e.values }),
      ),
    });
  for (const { scopeName, operator, values = [] } of list) {
    if (!SCOPES[scopeName]) errors.invalid(`${path}.scopeName`, scopeName ?? '', 'unsupported scope');
    for (const _name of outside(scopeName, spec)) {
      errors.invalid(path, shown(), 'unsupported scope applied to resource');
    }
    if (ONLY_EXISTS.has(scopeName) && operator !== 'Exists') {
      errors.invalid(`${path}.operator`, operator ?? '', MUST_EXIST);
    }
    if (operator === 'In' || operator === 'NotIn') {
      if (!values.length) errors.required(`${path}.values`, A_VALUE);
    } else if (operator === 'Exists' || operator === 'DoesNotExist') {
      if (values.length) errors.invalid(`${path}.values`, values, NO_VALUE);
    } else errors.invalid(`${path}.operator`, operator ?? '', 'not a valid selector operator');
  }
  conflicts(
    errors,
    path,
    list.map((e) => e.scopeName as string),
    spec.scopes,
  );
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
    if (spec?.scopes?.length) validateScopes(errors, spec);
    if (spec?.scopeSelector) validateSelector(errors, spec);
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
