// Roles and bindings with their fields in the order of Go's structs, as kubectl prints what it holds as typed objects.
import type { Unstructured } from '../../api/types.ts';
import type { RbacObject } from '../../api/rbac-reconcile.ts';

type Fields = Record<string, unknown>;

const METADATA = [
  'name',
  'generateName',
  'namespace',
  'selfLink',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'labels',
  'annotations',
  'ownerReferences',
  'finalizers',
  'managedFields',
];
const RULE = ['verbs', 'apiGroups', 'resources', 'resourceNames', 'nonResourceURLs'];
const SUBJECT = ['kind', 'apiGroup', 'name', 'namespace'];
const ROLE_REF = ['apiGroup', 'kind', 'name'];

/** The named fields that are there, in this order. */
function ordered(value: object, order: readonly string[]): Fields {
  const fields = value as Fields;
  return Object.fromEntries(order.filter((key) => fields[key] !== undefined).map((key) => [key, fields[key]]));
}

export function typedRbac({ kind, apiVersion, metadata, ...rest }: RbacObject): Unstructured {
  const { rules, aggregationRule, subjects, roleRef } = rest;
  const isRole = !kind.endsWith('Binding');
  return {
    kind,
    apiVersion,
    metadata: ordered({ creationTimestamp: null, ...metadata }, METADATA),
    ...(isRole ? { rules: rules?.map((rule) => ordered(rule, RULE)) ?? null } : {}),
    ...(aggregationRule ? { aggregationRule } : {}),
    ...(subjects?.length ? { subjects: subjects.map((subject) => ordered(subject, SUBJECT)) } : {}),
    ...(roleRef ? { roleRef: ordered(roleRef, ROLE_REF) } : {}),
  } as unknown as Unstructured;
}
