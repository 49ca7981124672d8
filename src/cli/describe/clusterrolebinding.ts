// Upstream: kubectl/pkg/describe ClusterRoleBindingDescriber.
import type { ClusterRoleBinding } from 'kubernetes-types/rbac/v1.js';
import type { KubeObject } from '../../api/types.ts';
import { describeBinding } from './_rbac.ts';
import { defineDescriber } from './types.ts';

export default defineDescriber<ClusterRoleBinding>({
  group: 'rbac.authorization.k8s.io',
  kind: 'ClusterRoleBinding',
  async describe(binding) {
    return describeBinding(binding as KubeObject & ClusterRoleBinding);
  },
});
