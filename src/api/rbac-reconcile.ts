// What a role or a binding must become so that it grants what somebody wants. Pure: who reads and writes is `kubectl auth
// reconcile` (cli/rbac) and the start of a server (server/bootstrap). Upstream: component-helpers/auth/rbac/reconciliation computeReconciledRole and
// computeReconciledRoleBinding.
import type { AggregationRule, PolicyRule, RoleRef, Subject } from 'kubernetes-types/rbac/v1.js';
import type { LabelSelector } from 'kubernetes-types/meta/v1.js';
import { deepEqual } from './patch/equal.ts';
import { uncovered } from './rbac.ts';
import type { Unstructured } from './types.ts';

export type Operation = 'create' | 'update' | 'recreate' | 'none';

/** A Role, ClusterRole, RoleBinding or ClusterRoleBinding. */
export interface RbacObject extends Unstructured {
  rules?: PolicyRule[];
  aggregationRule?: AggregationRule;
  subjects?: Subject[];
  roleRef?: RoleRef;
}

export interface Reconciled {
  object: RbacObject;
  operation: Operation;
  /** The object opted out: it stays as it is. */
  isProtected: boolean;
  missingRules: PolicyRule[];
  extraRules: PolicyRule[];
  missingSubjects: Subject[];
  extraSubjects: Subject[];
}

const AUTO_UPDATE = 'rbac.authorization.kubernetes.io/autoupdate';

const nothing = { missingRules: [], extraRules: [], missingSubjects: [], extraSubjects: [] };

export const isBinding = (object: RbacObject): boolean => object.kind.endsWith('Binding');

/** What is done when there is no such object yet. */
export const created = (expected: RbacObject): Reconciled => ({
  ...nothing,
  object: expected,
  operation: 'create',
  isProtected: false,
  missingRules: expected.rules ?? [],
  missingSubjects: expected.subjects ?? [],
});

/** `removeExtra`: what the manifest does not grant is taken away. */
export function reconciled(existing: RbacObject, expected: RbacObject, removeExtra: boolean): Reconciled {
  const isProtected = existing.metadata.annotations?.[AUTO_UPDATE] === 'false';
  if (isBinding(existing) && !deepEqual(roleRefOf(expected), roleRefOf(existing))) {
    return { ...nothing, object: expected, operation: 'recreate', isProtected };
  }
  const annotations = merged(expected.metadata.annotations, existing.metadata.annotations);
  const labels = merged(expected.metadata.labels, existing.metadata.labels);
  const metadata = { ...existing.metadata, ...(annotations && { annotations }), ...(labels && { labels }) };
  const result: Reconciled = { ...nothing, object: { ...existing, metadata }, operation: 'none', isProtected };
  if (!deepEqual(metadata, existing.metadata)) result.operation = 'update';
  if (isBinding(existing)) reconcileSubjects(result, existing, expected, removeExtra);
  else {
    reconcileRules(result, existing, expected, removeExtra);
    if (existing.kind === 'ClusterRole') reconcileAggregation(result, existing, expected, removeExtra);
  }
  return result;
}

function reconcileRules(result: Reconciled, existing: RbacObject, expected: RbacObject, removeExtra: boolean): void {
  const [held, wanted] = [existing.rules ?? [], expected.rules ?? []];
  // The rules of aggregated roles are the controller's.
  if (!expected.aggregationRule || !existing.aggregationRule) result.extraRules = uncovered(wanted, held);
  result.missingRules = uncovered(held, wanted);
  if (!removeExtra && result.missingRules.length > 0) result.object.rules = [...held, ...result.missingRules];
  else if (removeExtra && result.missingRules.length + result.extraRules.length > 0) result.object.rules = wanted;
  else return;
  result.operation = 'update';
}

function reconcileAggregation(
  result: Reconciled,
  existing: RbacObject,
  expected: RbacObject,
  removeExtra: boolean,
): void {
  const extra = unmatched(expected.aggregationRule, existing.aggregationRule);
  const missing = unmatched(existing.aggregationRule, expected.aggregationRule);
  if (!expected.aggregationRule && existing.aggregationRule) delete result.object.aggregationRule;
  else if (!removeExtra && missing.length > 0) {
    const selectors = existing.aggregationRule?.clusterRoleSelectors ?? [];
    result.object.aggregationRule = { clusterRoleSelectors: [...selectors, ...missing] };
  } else if (removeExtra && missing.length + extra.length > 0) {
    result.object.aggregationRule = expected.aggregationRule;
  } else return;
  result.operation = 'update';
}

/** The selectors of `servant` that `owner` does not have. */
function unmatched(owner: AggregationRule | undefined, servant: AggregationRule | undefined): LabelSelector[] {
  const selectors = servant?.clusterRoleSelectors ?? [];
  const held = owner?.clusterRoleSelectors ?? [];
  return selectors.filter((selector) => !held.some((other) => deepEqual(other, selector)));
}

function reconcileSubjects(result: Reconciled, existing: RbacObject, expected: RbacObject, removeExtra: boolean): void {
  const [held, wanted] = [existing.subjects ?? [], expected.subjects ?? []];
  result.missingSubjects = onlyIn(wanted, held);
  result.extraSubjects = onlyIn(held, wanted);
  if (!removeExtra && result.missingSubjects.length > 0) result.object.subjects = [...held, ...result.missingSubjects];
  else if (removeExtra && result.missingSubjects.length + result.extraSubjects.length > 0) {
    result.object.subjects = wanted;
  } else return;
  result.operation = 'update';
}

/** Each of the first list that the second does not have, once. */
function onlyIn(first: readonly Subject[], second: readonly Subject[]): Subject[] {
  const known = new Set(second.map(subjectText));
  return first.filter((subject) => {
    const text = subjectText(subject);
    const isNew = !known.has(text);
    known.add(text);
    return isNew;
  });
}

/** Upstream: `%+v` of a Subject. */
export const subjectText = ({ kind, apiGroup = '', name, namespace = '' }: Subject): string =>
  `{Kind:${kind} APIGroup:${apiGroup} Name:${name} Namespace:${namespace}}`;

/** Upstream: `%+v` of a PolicyRule. */
export function policyRuleText(rule: PolicyRule): string {
  const list = (values: readonly string[] | undefined): string => `[${(values ?? []).join(' ')}]`;
  return `{Verbs:${list(rule.verbs)} APIGroups:${list(rule.apiGroups)} Resources:${list(rule.resources)} ResourceNames:${list(rule.resourceNames)} NonResourceURLs:${list(rule.nonResourceURLs)}}`;
}

const roleRefOf = ({ roleRef }: RbacObject) => ({
  apiGroup: roleRef?.apiGroup ?? '',
  kind: roleRef?.kind ?? '',
  name: roleRef?.name ?? '',
});

/** The later map wins. Undefined when there is neither. */
const merged = (
  first: Record<string, string> | undefined,
  second: Record<string, string> | undefined,
): Record<string, string> | undefined => (first || second ? { ...first, ...second } : undefined);
