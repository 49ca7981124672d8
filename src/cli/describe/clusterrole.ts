// Upstream: kubectl/pkg/describe ClusterRoleDescriber.
import type { ClusterRole } from 'kubernetes-types/rbac/v1.js';
import type { KubeObject } from '../../api/types.ts';
import { describeRole } from './_rbac.ts';
import { defineDescriber } from './types.ts';

export default defineDescriber<ClusterRole>({
  group: 'rbac.authorization.k8s.io',
  kind: 'ClusterRole',
  async describe(role) {
    return describeRole(role as KubeObject & ClusterRole);
  },
});
