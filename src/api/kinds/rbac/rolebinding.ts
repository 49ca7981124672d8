// RoleBinding. Upstream: pkg/registry/rbac/rolebinding/strategy.go, printRoleBinding.
import type { RoleBinding } from 'kubernetes-types/rbac/v1.js';
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

export default defineKind<RoleBinding>({
  group: RBAC,
  kind: 'RoleBinding',
  plural: 'rolebindings',
  scope: 'Namespaced',
  createOnUpdate: true,
  storage: { group: RBAC, version: 'v1' },
  served: rbacVersions('RoleBinding', true),
  nameRule: 'path',
  generation: false,
  defaults: defaultBinding,
  validate: (binding, errors) => validateBinding(errors, binding, ['Role', 'ClusterRole']),
  validateUpdate: validateBindingUpdate,
  columns: bindingColumns(texts['RoleBinding.roleRef']!, 'roleBinding', ageColumn),
});
