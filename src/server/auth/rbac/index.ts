// Who is bound to which rules, kept up to date by each change of a role or binding, so that a decision only looks at
// the bindings of one user. Upstream reads all bindings of a namespace per request (pkg/registry/rbac/validation).
import type { ClusterRole, ClusterRoleBinding, PolicyRule, Role, RoleBinding } from 'kubernetes-types/rbac/v1.js';
import { aggregateRules } from '../../../api/rbac.ts';
import { ClusterRoleBindings, ClusterRoles, RoleBindings, Roles } from '../../../api/resources.ts';
import { objectKey } from '../../../api/types.ts';
import type { User } from '../../../wire/http.ts';
import type { ClusterView } from '../feed.ts';
import type { Decision } from '../types.ts';

/** One subject of one binding. */
export interface Grant {
  roleRef: RoleBinding['roleRef'];
  /** Of the role binding; undefined for a cluster role binding. */
  namespace: string | undefined;
  /** Made when the binding was indexed: what is answered when the grant lets a request through. */
  decision: Decision;
}

type Binding = RoleBinding | ClusterRoleBinding;

const SERVICE_ACCOUNT_PREFIX = 'system:serviceaccount:';

export class RbacIndex {
  private readonly roles = new Map<string, readonly PolicyRule[]>();
  private readonly clusterRoles = new Map<string, ClusterRole>();
  /** Rules of aggregated cluster roles, computed on demand and forgotten when any cluster role changes. */
  private readonly aggregated = new Map<string, readonly PolicyRule[]>();
  /** `<namespace or nothing> <u or g> <name>` → binding key → grants. */
  private readonly grants = new Map<string, Map<string, Grant>>();

  /** Follows the cluster's roles and bindings; answers what stops it. */
  follow(cluster: Pick<ClusterView, 'observe'>): () => void {
    const stops = [
      cluster.observe(Roles, (role, old) => this.role(role, old)),
      cluster.observe(ClusterRoles, (role, old) => this.clusterRole(role, old)),
      cluster.observe(RoleBindings, (binding, old) => this.binding(binding, old)),
      cluster.observe(ClusterRoleBindings, (binding, old) => this.binding(binding, old)),
    ];
    return () => stops.forEach((stop) => stop());
  }

  private role(role: Role | undefined, old: Role | undefined): void {
    if (role) this.roles.set(objectKey(role), role.rules ?? []);
    else if (old) this.roles.delete(objectKey(old));
  }

  private clusterRole(role: ClusterRole | undefined, old: ClusterRole | undefined): void {
    this.aggregated.clear();
    if (role) this.clusterRoles.set(role.metadata?.name ?? '', role);
    else if (old) this.clusterRoles.delete(old.metadata?.name ?? '');
  }

  private binding(binding: Binding | undefined, old: Binding | undefined): void {
    if (old) {
      for (const key of subjectKeys(old).keys()) {
        const grants = this.grants.get(key);
        grants?.delete(objectKey(old));
        if (grants?.size === 0) this.grants.delete(key);
      }
    }
    if (!binding) return;
    for (const [key, decision] of subjectKeys(binding)) {
      let grants = this.grants.get(key);
      if (!grants) this.grants.set(key, (grants = new Map()));
      grants.set(objectKey(binding), {
        roleRef: binding.roleRef,
        namespace: binding.metadata?.namespace,
        decision,
      });
    }
  }

  /** Calls `visit` for every grant of a user, cluster-wide ones first, until it answers true. */
  forEachGrant(user: User, namespace: string | undefined, visit: (grant: Grant) => boolean): boolean {
    return this.visitScope('', user, visit) || (!!namespace && this.visitScope(namespace, user, visit));
  }

  private visitScope(scope: string, user: User, visit: (grant: Grant) => boolean): boolean {
    if (this.visitSubject(`${scope} u ${user.name}`, visit)) return true;
    for (const group of user.groups) if (this.visitSubject(`${scope} g ${group}`, visit)) return true;
    return false;
  }

  private visitSubject(key: string, visit: (grant: Grant) => boolean): boolean {
    const grants = this.grants.get(key);
    if (grants) for (const grant of grants.values()) if (visit(grant)) return true;
    return false;
  }

  /** The rules behind a role reference; undefined when there is no such role. */
  rulesOf(roleRef: RoleBinding['roleRef'], namespace: string | undefined): readonly PolicyRule[] | undefined {
    if (roleRef.kind === 'Role') return this.roles.get(`${namespace ?? ''}/${roleRef.name}`);
    const role = this.clusterRoles.get(roleRef.name);
    if (!role) return undefined;
    return role.aggregationRule ? this.aggregatedRules(role) : (role.rules ?? []);
  }

  /**
   * Stored rules and those of every role that the aggregation selects. Upstream's aggregation controller writes the
   * same union into the object a moment later; computing it here makes a new role count at once.
   */
  private aggregatedRules(role: ClusterRole): readonly PolicyRule[] {
    const name = role.metadata?.name ?? '';
    const known = this.aggregated.get(name);
    if (known) return known;
    const rules = aggregateRules(role, this.clusterRoles);
    this.aggregated.set(name, rules);
    return rules;
  }
}

/** The index keys of a binding's subjects. Upstream: appliesTo in pkg/registry/rbac/validation/rule.go. */
function subjectKeys(binding: Binding): Map<string, Decision> {
  const scope = binding.metadata?.namespace ?? '';
  const keys = new Map<string, Decision>();
  const kind = scope ? 'RoleBinding' : 'ClusterRoleBinding';
  // Upstream prints the name first.
  const shownName = scope ? `${binding.metadata?.name}/${scope}` : (binding.metadata?.name ?? '');
  const by = `RBAC: allowed by ${kind} ${JSON.stringify(shownName)} of ${binding.roleRef.kind} ${JSON.stringify(binding.roleRef.name)}`;
  for (const subject of binding.subjects ?? []) {
    const allow = (shown: string): Decision =>
      Object.freeze({ allowed: true, reason: `${by} to ${subject.kind} ${JSON.stringify(shown)}` });
    if (subject.kind === 'User') keys.set(`${scope} u ${subject.name}`, allow(subject.name));
    else if (subject.kind === 'Group') keys.set(`${scope} g ${subject.name}`, allow(subject.name));
    else if (subject.kind === 'ServiceAccount') {
      const namespace = subject.namespace || scope;
      if (!namespace) continue;
      const user = `${SERVICE_ACCOUNT_PREFIX}${namespace}:${subject.name}`;
      keys.set(`${scope} u ${user}`, allow(`${subject.name}/${namespace}`));
    }
  }
  return keys;
}
