// Rules of roles and bindings. Upstream: pkg/apis/rbac/validation/validation.go, pkg/apis/rbac/v1/defaults.go.
import type { PolicyRule, RoleRef, Subject } from 'kubernetes-types/rbac/v1.js';
import type { ServedVersion } from '../../kind.ts';
import { dns1123SubdomainErrors, pathSegmentErrors } from '../../names.ts';
import type { KubeObject, Unstructured } from '../../types.ts';
import type { FieldErrors } from '../../validation.ts';
import { type Column } from '../../kind.ts';
import { column, wide } from './columns.ts';
import { deprecated } from './deprecations.ts';
import { semanticEqual } from '../../equal.ts';
import { push } from './field-rules.ts';
import { type GoFields, goStruct } from './go-structs.ts';

export const RBAC = 'rbac.authorization.k8s.io';
const ROLE_REF: GoFields = { APIGroup: '', Kind: '', Name: '' };

export function validateRules(
  errors: FieldErrors,
  rules: readonly PolicyRule[] | undefined,
  namespaced: boolean,
): void {
  rules?.forEach((rule, i) => {
    const path = `rules[${i}]`;
    if (!rule.verbs?.length) errors.required(`${path}.verbs`, 'verbs must contain at least one value');
    if (rule.nonResourceURLs?.length) {
      if (namespaced) {
        const why = 'namespaced rules cannot apply to non-resource URLs';
        errors.invalid(`${path}.nonResourceURLs`, rule.nonResourceURLs, why);
      }
      if (rule.apiGroups?.length || rule.resources?.length || rule.resourceNames?.length) {
        const why = 'rules cannot apply to both regular resources and non-resource URLs';
        errors.invalid(`${path}.nonResourceURLs`, rule.nonResourceURLs, why);
      }
      return;
    }
    if (!rule.apiGroups?.length)
      errors.required(`${path}.apiGroups`, 'resource rules must supply at least one api group');
    if (!rule.resources?.length)
      errors.required(`${path}.resources`, 'resource rules must supply at least one resource');
  });
}

interface Binding extends KubeObject {
  roleRef: RoleRef;
  subjects?: Subject[];
}

export function defaultBinding(draft: Binding): void {
  if (draft.roleRef && !draft.roleRef.apiGroup) draft.roleRef.apiGroup = RBAC;
  for (const subject of draft.subjects ?? []) {
    if (!subject.apiGroup && (subject.kind === 'User' || subject.kind === 'Group')) subject.apiGroup = RBAC;
  }
}

function validateSubject(errors: FieldErrors, path: string, subject: Subject, namespaced: boolean): void {
  if (!subject.name) errors.required(`${path}.name`);
  switch (subject.kind) {
    case 'ServiceAccount':
      if (subject.name) push(errors, `${path}.name`, subject.name, dns1123SubdomainErrors(subject.name));
      if (subject.apiGroup) errors.notSupported(`${path}.apiGroup`, subject.apiGroup, ['']);
      if (!namespaced && !subject.namespace) errors.required(`${path}.namespace`);
      break;
    case 'User':
    case 'Group':
      if (subject.apiGroup !== RBAC) errors.notSupported(`${path}.apiGroup`, subject.apiGroup ?? '', [RBAC]);
      break;
    default:
      errors.notSupported(`${path}.kind`, subject.kind ?? '', ['ServiceAccount', 'User', 'Group']);
  }
}

export function validateBinding(errors: FieldErrors, binding: Binding, kinds: readonly string[]): void {
  const ref = binding.roleRef ?? { kind: '', name: '', apiGroup: '' };
  if (ref.apiGroup !== RBAC) errors.notSupported('roleRef.apiGroup', ref.apiGroup ?? '', [RBAC]);
  if (!kinds.includes(ref.kind)) errors.notSupported('roleRef.kind', ref.kind ?? '', kinds);
  if (!ref.name) errors.required('roleRef.name');
  else push(errors, 'roleRef.name', ref.name, pathSegmentErrors(ref.name));
  // Only bindings in a namespace may name roles.
  const namespaced = kinds.includes('Role');
  binding.subjects?.forEach((s, i) => validateSubject(errors, `subjects[${i}]`, s, namespaced));
}

export function validateBindingUpdate(binding: Binding, old: Binding, errors: FieldErrors): void {
  if (!semanticEqual(binding.roleRef, old.roleRef))
    errors.invalid('roleRef', goStruct(binding.roleRef, ROLE_REF), 'cannot change roleRef');
}

const names = (binding: Binding, kind: string): string =>
  (binding.subjects ?? [])
    .filter((s) => s.kind === kind)
    .map((s) => (kind === 'ServiceAccount' ? `${s.namespace ?? ''}/${s.name}` : s.name))
    .join(', ');

export function bindingColumns(roleText: string, what: string, age: Column<KubeObject>): Column<Binding>[] {
  return [
    column('Role', 'string', roleText, (b) => `${b.roleRef?.kind}/${b.roleRef?.name}`),
    age,
    wide('Users', 'string', `Users in the ${what}`, (b) => names(b, 'User')),
    wide('Groups', 'string', `Groups in the ${what}`, (b) => names(b, 'Group')),
    wide('ServiceAccounts', 'string', `ServiceAccounts in the ${what}`, (b) => names(b, 'ServiceAccount')),
  ];
}

/** v1alpha1 subjects had an apiVersion where later ones have an apiGroup, and `*` for all users. */
const v1alpha1 = {
  toStorage(draft: Unstructured): void {
    for (const subject of (draft['subjects'] ?? []) as (Subject & { apiVersion?: string })[]) {
      delete subject.apiVersion;
      if (subject.kind === 'User' && subject.name === '*') {
        subject.kind = 'Group';
        subject.name = 'system:authenticated';
      }
    }
  },
  fromStorage(draft: Unstructured): void {
    const list = (draft['subjects'] ?? []) as Subject[];
    draft['subjects'] = list.map(({ apiGroup, ...subject }) => ({
      ...subject,
      apiVersion: apiGroup ? `${apiGroup}/v1alpha1` : 'v1',
    }));
  },
};

export function rbacVersions(kind: string, binding: boolean): ServedVersion[] {
  const old = (version: string, removed: string): NonNullable<ServedVersion['deprecated']> =>
    deprecated({ group: RBAC, version }, kind, '1.17', removed, `${RBAC}/v1 ${kind}`);
  return [
    { group: RBAC, version: 'v1' },
    { group: RBAC, version: 'v1beta1', deprecated: old('v1beta1', '1.22') },
    {
      group: RBAC,
      version: 'v1alpha1',
      ...(binding ? { convert: v1alpha1 } : {}),
      deprecated: old('v1alpha1', '1.22'),
    },
  ];
}
