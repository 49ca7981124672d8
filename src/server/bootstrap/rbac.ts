// Brings the roles and bindings that every cluster has up to date, as upstream's does at each start: rules and subjects
// that are missing are added, none is taken away, and who sets the autoupdate annotation to "false" is left alone.
// Upstream: component-helpers/auth/rbac/reconciliation/{reconcile_role,reconcile_rolebindings}.go.
import type { ClusterRole, ClusterRoleBinding, Role, RoleBinding, Subject } from 'kubernetes-types/rbac/v1.js';
import { aggregateRules, uncovered } from '../../api/rbac.ts';
import { ClusterRoleBindings, ClusterRoles, RoleBindings, Roles } from '../../api/resources.ts';
import type { ObjectMeta } from 'kubernetes-types/meta/v1.js';
import { clusterRoleBindings, roleBindings, roles } from '../auth/policy/bindings.ts';
import { clusterRoles } from '../auth/policy/cluster-roles.ts';
import { controllerRules } from '../auth/policy/controller-roles.ts';
import type { Ensurer } from './ensure.ts';

const AUTOUPDATE = 'rbac.authorization.kubernetes.io/autoupdate';
const GROUP = 'rbac.authorization.k8s.io';

interface Named {
  metadata?: ObjectMeta;
}

/** Labels and annotations of all that is made here. */
function marked<T extends Named>(object: T): T {
  const { labels, annotations, ...metadata } = object.metadata ?? {};
  return {
    ...object,
    metadata: {
      ...metadata,
      labels: { 'kubernetes.io/bootstrapping': 'rbac-defaults', ...labels },
      annotations: { [AUTOUPDATE]: 'true', ...annotations },
    },
  };
}

const isLeftAlone = (stored: Named): boolean => stored.metadata?.annotations?.[AUTOUPDATE] === 'false';

export async function ensurePolicy(ensure: Ensurer): Promise<void> {
  const all = [...withAggregatedRules(clusterRoles), ...controllerClusterRoles()];
  await Promise.all([
    ...all.map((role) => ensureRole(ensure, ClusterRoles, marked(role))),
    ...roles.map((role) => ensureRole(ensure, Roles, marked(role))),
    ...[...clusterRoleBindings, ...controllerBindings()].map((binding) =>
      ensureBinding(ensure, ClusterRoleBindings, marked(binding)),
    ),
    ...roleBindings.map((binding) => ensureBinding(ensure, RoleBindings, marked(binding))),
  ]);
}

/** Aggregated roles with their rules filled in, as people will look for them in the object. */
function withAggregatedRules(list: readonly ClusterRole[]): ClusterRole[] {
  const byName = new Map(list.map((role) => [role.metadata?.name ?? '', role]));
  return list.map((role) => (role.aggregationRule ? { ...role, rules: aggregateRules(role, byName) } : role));
}

const controllerRoleName = (name: string): string => `system:controller:${name}-controller`;

const controllerClusterRoles = (): ClusterRole[] =>
  Object.entries(controllerRules).map(([name, rules]) => ({
    apiVersion: `${GROUP}/v1`,
    kind: 'ClusterRole',
    metadata: { name: controllerRoleName(name) },
    rules: [...rules],
  }));

const controllerBindings = (): ClusterRoleBinding[] =>
  Object.keys(controllerRules).map((name) => ({
    apiVersion: `${GROUP}/v1`,
    kind: 'ClusterRoleBinding',
    metadata: { name: controllerRoleName(name) },
    roleRef: { apiGroup: GROUP, kind: 'ClusterRole', name: controllerRoleName(name) },
    subjects: [{ kind: 'ServiceAccount', namespace: 'kube-system', name: `${name}-controller` }],
  }));

async function ensureRole<T extends ClusterRole | Role>(
  ensure: Ensurer,
  type: typeof ClusterRoles | typeof Roles,
  wanted: T,
): Promise<void> {
  await ensure.matches(type as typeof ClusterRoles, wanted as ClusterRole, (stored) => {
    if (isLeftAlone(stored)) return undefined;
    const rules = stored.rules ?? [];
    const missing = uncovered(rules, wanted.rules ?? []);
    const metadata = withMarks(stored, wanted);
    if (missing.length === 0 && !metadata) return undefined;
    return { ...stored, metadata: metadata ?? stored.metadata, rules: [...rules, ...missing] };
  });
}

async function ensureBinding<T extends ClusterRoleBinding | RoleBinding>(
  ensure: Ensurer,
  type: typeof ClusterRoleBindings | typeof RoleBindings,
  wanted: T,
): Promise<void> {
  await ensure.matches(type as typeof ClusterRoleBindings, wanted as ClusterRoleBinding, (stored) => {
    if (isLeftAlone(stored)) return undefined;
    const subjects = stored.subjects ?? [];
    const missing = (wanted.subjects ?? []).filter((subject) => !subjects.some((other) => isSame(subject, other)));
    const metadata = withMarks(stored, wanted);
    if (missing.length === 0 && !metadata) return undefined;
    return { ...stored, metadata: metadata ?? stored.metadata, subjects: [...subjects, ...missing] };
  });
}

const isSame = (a: Subject, b: Subject): boolean =>
  a.kind === b.kind && a.name === b.name && (a.namespace ?? '') === (b.namespace ?? '');

/** The stored metadata with our labels and annotations; undefined when it has them. */
function withMarks(stored: Named, wanted: Named): ObjectMeta | undefined {
  const lacks = (have: Record<string, string> | undefined, want: Record<string, string> | undefined): boolean =>
    Object.entries(want ?? {}).some(([key, value]) => have?.[key] !== value);
  const { metadata: have } = stored;
  const { metadata: want } = wanted;
  if (!lacks(have?.labels, want?.labels) && !lacks(have?.annotations, want?.annotations)) return undefined;
  return {
    ...have,
    labels: { ...have?.labels, ...want?.labels },
    annotations: { ...have?.annotations, ...want?.annotations },
  };
}
