// Upstream: kubectl/pkg/describe RoleDescriber.
import type { Role } from 'kubernetes-types/rbac/v1.js';
import type { KubeObject } from '../../api/types.ts';
import { describeRole } from './_rbac.ts';
import { defineDescriber } from './types.ts';

export default defineDescriber<Role>({
  group: 'rbac.authorization.k8s.io',
  kind: 'Role',
  async describe(role) {
    return describeRole(role as KubeObject & Role);
  },
});
