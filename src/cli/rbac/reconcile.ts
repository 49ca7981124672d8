// Brings one role or binding of the server to what a manifest grants; others may write it meanwhile. Upstream:
// component-helpers/auth/rbac/reconciliation ReconcileRoleOptions.Run, ReconcileRoleBindingOptions.Run and
// tryEnsureNamespace.
import { isAlreadyExists, isConflict, isNotFound, StatusError } from '../../api/status.ts';
import { ClusterRoleBindings, ClusterRoles, Namespaces, RoleBindings, Roles } from '../../api/resources.ts';
import { resourcePath, type ResourceType } from '../../api/types.ts';
import { deleteBody } from '../../client/rest.ts';
import type { Cluster } from '../cluster.ts';
import { CliError } from '../errors.ts';
import { created, isBinding, type RbacObject, reconciled, type Reconciled } from '../../api/rbac-reconcile.ts';

/** By kind, of rbac.authorization.k8s.io/v1. */
export const rbacTypes: Readonly<Record<string, ResourceType<unknown>>> = {
  Role: Roles,
  ClusterRole: ClusterRoles,
  RoleBinding: RoleBindings,
  ClusterRoleBinding: ClusterRoleBindings,
};

export interface ReconcileOptions {
  dryRun: boolean;
  removeExtra: boolean;
}

/** A conflict is tried three times in all. */
export async function reconcile(
  cluster: Cluster,
  expected: RbacObject,
  options: ReconcileOptions,
): Promise<Reconciled> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await attemptOnce(cluster, expected, options, 0);
    } catch (error) {
      if (!isConflict(error) || attempt === 3) throw error;
    }
  }
}

async function attemptOnce(
  cluster: Cluster,
  expected: RbacObject,
  options: ReconcileOptions,
  attempts: number,
): Promise<Reconciled> {
  // An object that comes and goes meanwhile is looked at again, but not for ever.
  if (attempts > (isBinding(expected) ? 3 : 2)) throw new CliError('exceeded maximum attempts');
  const again = (): Promise<Reconciled> => attemptOnce(cluster, expected, options, attempts + 1);
  const type = rbacTypes[expected.kind]!;
  const { name = '', namespace } = expected.metadata;
  const path = resourcePath(type, { namespace, name });
  let existing: RbacObject | undefined;
  try {
    existing = await cluster.json<RbacObject>('GET', path);
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
  const result = existing ? reconciled(existing, expected, options.removeExtra) : created(expected);
  if (result.isProtected || options.dryRun || result.operation === 'none') return result;
  try {
    if (result.operation === 'update') {
      result.object = await cluster.json<RbacObject>('PUT', path, { body: result.object });
      return result;
    }
    if (result.operation === 'recreate') {
      const body = deleteBody({ preconditions: { uid: existing!.metadata.uid } });
      await cluster.json('DELETE', path, { body }).catch((error: unknown) => {
        if (!isNotFound(error)) throw error;
      });
    }
    if (type.namespaced) await ensureNamespace(cluster, namespace ?? '');
    result.object = await cluster.json<RbacObject>('POST', resourcePath(type, { namespace }), { body: result.object });
    return result;
  } catch (error) {
    const moved =
      result.operation === 'update'
        ? isNotFound(error)
        : isAlreadyExists(error) || (result.operation === 'recreate' && isConflict(error));
    if (moved) return again();
    throw error;
  }
}

/** Who may write roles need not be allowed to see or make namespaces. */
async function ensureNamespace(cluster: Cluster, namespace: string): Promise<void> {
  if (namespace === '') throw new CliError('resource name may not be empty');
  const forbidden = (error: unknown): boolean => error instanceof StatusError && error.reason === 'Forbidden';
  try {
    await cluster.json('GET', resourcePath(Namespaces, { name: namespace }));
    return;
  } catch (error) {
    if (!isNotFound(error) && !forbidden(error)) throw error;
  }
  try {
    const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } };
    await cluster.json('POST', resourcePath(Namespaces, {}), { body });
  } catch (error) {
    if (!isAlreadyExists(error) && !forbidden(error)) throw error;
  }
}
