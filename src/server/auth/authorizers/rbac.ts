// Role-based access control over the index of roles and bindings. Upstream: plugin/pkg/auth/authorizer/rbac/rbac.go.
import type { PolicyRule } from 'kubernetes-types/rbac/v1.js';
import type { RbacIndex } from '../rbac/index.ts';
import { ruleAllows, ruleQuery } from '../../../api/rbac.ts';
import type { Authorizer, Decision } from '../types.ts';

const NO_OPINION: Decision = Object.freeze({ allowed: false });

export function rbacAuthorizer(index: RbacIndex): Authorizer {
  return {
    name: 'RBAC',
    authorize(attributes) {
      const query = ruleQuery(attributes);
      let allowed: Decision | undefined;
      let missing: string[] | undefined;
      index.forEachGrant(attributes.user, attributes.namespace, (grant) => {
        const rules = index.rulesOf(grant.roleRef, grant.namespace);
        if (!rules) {
          (missing ??= []).push(missingRole(grant.roleRef));
          return false;
        }
        if (!rules.some((rule) => ruleAllows(rule, query))) return false;
        allowed = grant.decision;
        return true;
      });
      if (allowed) return allowed;
      return missing ? { allowed: false, reason: `RBAC: ${listed(missing)}` } : NO_OPINION;
    },
    rulesFor(user, namespace) {
      const rules: PolicyRule[] = [];
      index.forEachGrant(user, namespace, (grant) => {
        rules.push(...(index.rulesOf(grant.roleRef, grant.namespace) ?? []));
        return false;
      });
      return rules;
    },
  };
}

const missingRole = (roleRef: { kind: string; name: string }): string =>
  `${roleRef.kind.toLowerCase()}.rbac.authorization.k8s.io ${JSON.stringify(roleRef.name)} not found`;

/** How upstream prints several errors (utilerrors.NewAggregate): each once, in brackets. */
function listed(errors: string[]): string {
  const unique = [...new Set(errors)];
  return unique.length === 1 ? unique[0]! : `[${unique.join(', ')}]`;
}
