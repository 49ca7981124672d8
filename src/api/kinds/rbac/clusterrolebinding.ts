// ClusterRoleBinding. Upstream: pkg/registry/rbac/clusterrolebinding/strategy.go, printClusterRoleBinding.
import type { ClusterRoleBinding } from 'kubernetes-types/rbac/v1.js';
import { defineKind } from '../../kind.ts';
import { ageColumn } from '../shared/columns.ts';
import { texts } from '../shared/column-texts.ts';
import {
  RBAC,
  bindingColumns,
  defaultBinding,
  rbacVersions,
  validateBinding,
  validateBindingUpdate,
} from '../shared/rbac-rules.ts';

export default defineKind<ClusterRoleBinding>({
  group: RBAC,
  kind: 'ClusterRoleBinding',
  plural: 'clusterrolebindings',
  scope: 'Cluster',
  createOnUpdate: true,
  storage: { group: RBAC, version: 'v1' },
  served: rbacVersions('ClusterRoleBinding', true),
  nameRule: 'path',
  generation: false,
  defaults: defaultBinding,
  validate: (binding, errors) => validateBinding(errors, binding, ['ClusterRole']),
  validateUpdate: validateBindingUpdate,
  columns: bindingColumns(texts['ClusterRoleBinding.roleRef']!, 'clusterRoleBinding', ageColumn),
});
