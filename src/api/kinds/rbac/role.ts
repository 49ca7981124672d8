// Role. Upstream: pkg/registry/rbac/role/strategy.go. Escalation is checked by the API server's hook.
import type { Role } from 'kubernetes-types/rbac/v1.js';
import { defineKind } from '../../kind.ts';
import { RBAC, rbacVersions, validateRules } from '../shared/rbac-rules.ts';

export default defineKind<Role>({
  group: RBAC,
  kind: 'Role',
  plural: 'roles',
  scope: 'Namespaced',
  createOnUpdate: true,
  storage: { group: RBAC, version: 'v1' },
  served: rbacVersions('Role', false),
  nameRule: 'path',
  generation: false,
  validate(role, errors) {
    validateRules(errors, role.rules, true);
  },
});
