// Upstream: kubectl/pkg/describe RoleBindingDescriber.
import type { RoleBinding } from 'kubernetes-types/rbac/v1.js';
import type { KubeObject } from '../../api/types.ts';
import { describeBinding } from './_rbac.ts';
import { defineDescriber } from './types.ts';

export default defineDescriber<RoleBinding>({
  group: 'rbac.authorization.k8s.io',
  kind: 'RoleBinding',
  async describe(binding) {
    return describeBinding(binding as KubeObject & RoleBinding);
  },
});
