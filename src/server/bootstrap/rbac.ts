// Brings the roles and bindings that every cluster has up to date, as upstream's does at each start: rules and subjects
// that are missing are added, none is taken away, a binding of another role is made anew, and who sets the autoupdate
// annotation to "false" is left alone.
// Upstream: component-helpers/auth/rbac/reconciliation/{reconcile_role,reconcile_rolebindings}.go.
import type { ClusterRole, ClusterRoleBinding, Role, RoleBinding } from 'kubernetes-types/rbac/v1.js';
import { aggregateRules } from '../../api/rbac.ts';
import { type RbacObject, reconciled } from '../../api/rbac-reconcile.ts';
import { ClusterRoleBindings, ClusterRoles, RoleBindings, Roles } from '../../api/resources.ts';
import type { ObjectMeta } from 'kubernetes-types/meta/v1.js';
import type { ResourceType } from '../../api/types.ts';
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

type RbacKind = ClusterRole | Role | ClusterRoleBinding | RoleBinding;

export async function ensurePolicy(ensurer: Ensurer): Promise<void> {
  const all = [...withAggregatedRules(clusterRoles), ...controllerClusterRoles()];
  await Promise.all([
    ...all.map((role) => ensure(ensurer, ClusterRoles, role)),
    ...roles.map((role) => ensure(ensurer, Roles, role)),
    ...[...clusterRoleBindings, ...controllerBindings()].map((binding) =>
      ensure(ensurer, ClusterRoleBindings, binding),
    ),
    ...roleBindings.map((binding) => ensure(ensurer, RoleBindings, binding)),
  ]);
}

/** Aggregated roles with their rules filled in, as people will look for them in the object. */
function withAggregatedRules(list: readonly ClusterRole[]): ClusterRole[] {
  const byName = new Map(list.map((role) => [role.metadata?.name ?? '', role]));
  return list.map((role) => (role.aggregationRule ? { ...role, rules: aggregateRules(role, byName) } : role));
}

const controllerRoleName = (account: string): string => `system:controller:${account}`;

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
    subjects: [{ kind: 'ServiceAccount', namespace: 'kube-system', name }],
  }));

async function ensure<T extends RbacKind>(ensurer: Ensurer, type: ResourceType<T>, object: T): Promise<void> {
  const wanted = marked(object);
  await ensurer.matches(type, wanted, (stored) => {
    const kind = { apiVersion: `${GROUP}/v1`, kind: type.kind };
    const result = reconciled({ ...stored, ...kind } as RbacObject, { ...wanted, ...kind } as RbacObject, false);
    if (result.isProtected || result.operation === 'none') return undefined;
    return result.operation === 'recreate' ? 'recreate' : (result.object as unknown as T);
  });
}
