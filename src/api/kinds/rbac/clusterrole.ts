// ClusterRole. Upstream: pkg/registry/rbac/clusterrole/strategy.go. Escalation is checked by the API server's hook.
import type { ClusterRole } from 'kubernetes-types/rbac/v1.js';
import { defineKind } from '../../kind.ts';
import { labelSelector } from '../shared/field-rules.ts';
import { RBAC, rbacVersions, validateRules } from '../shared/rbac-rules.ts';

export default defineKind<ClusterRole>({
  group: RBAC,
  kind: 'ClusterRole',
  plural: 'clusterroles',
  scope: 'Cluster',
  createOnUpdate: true,
  storage: { group: RBAC, version: 'v1' },
  served: rbacVersions('ClusterRole', false),
  nameRule: 'path',
  generation: false,
  validate(role, errors) {
    validateRules(errors, role.rules, false);
    const selectors = role.aggregationRule?.clusterRoleSelectors;
    if (role.aggregationRule && !selectors?.length) {
      errors.required(
        'aggregationRule.clusterRoleSelectors',
        'at least one clusterRoleSelector required if aggregationRule is non-nil',
      );
    }
    selectors?.forEach((selector, i) => labelSelector(errors, `aggregationRule.clusterRoleSelectors[${i}]`, selector));
  },
});
