// Roles and bindings with their fields in the order of Go's structs, as kubectl prints what it holds as typed objects.
import { META_ORDER, inOrder } from '../../api/go-order.ts';
import type { Unstructured } from '../../api/types.ts';
import type { RbacObject } from '../../api/rbac-reconcile.ts';

const RULE = ['verbs', 'apiGroups', 'resources', 'resourceNames', 'nonResourceURLs'];
const SUBJECT = ['kind', 'apiGroup', 'name', 'namespace'];
const ROLE_REF = ['apiGroup', 'kind', 'name'];

export function typedRbac({ kind, apiVersion, metadata, ...rest }: RbacObject): Unstructured {
  const { rules, aggregationRule, subjects, roleRef } = rest;
  const isRole = !kind.endsWith('Binding');
  return {
    kind,
    apiVersion,
    metadata: inOrder({ creationTimestamp: null, ...metadata }, META_ORDER),
    ...(isRole ? { rules: rules?.map((rule) => inOrder(rule, RULE)) ?? null } : {}),
    ...(aggregationRule ? { aggregationRule } : {}),
    ...(subjects?.length ? { subjects: subjects.map((subject) => inOrder(subject, SUBJECT)) } : {}),
    ...(roleRef ? { roleRef: inOrder(roleRef, ROLE_REF) } : {}),
  } as unknown as Unstructured;
}
