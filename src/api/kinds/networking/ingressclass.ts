// IngressClass. Upstream: pkg/registry/networking/ingressclass/strategy.go.
import type { IngressClass } from 'kubernetes-types/networking/v1.js';
import { defineKind } from '../../kind.ts';
import { domainPrefixedPath } from '../../names.ts';
import { ageColumn, column } from '../shared/columns.ts';
import { deprecated } from '../shared/deprecations.ts';
import { immutable } from '../shared/field-rules.ts';

const group = 'networking.k8s.io';

function parameters({ spec }: IngressClass): string {
  const p = spec?.parameters;
  if (!p) return '<none>';
  return `${p.apiGroup != null ? `${p.kind}.${p.apiGroup}` : p.kind}/${p.name}`;
}

export default defineKind<IngressClass>({
  group,
  kind: 'IngressClass',
  plural: 'ingressclasses',
  scope: 'Cluster',
  storage: { group, version: 'v1' },
  served: [
    { group, version: 'v1' },
    {
      group,
      version: 'v1beta1',
      deprecated: deprecated(
        { group, version: 'v1beta1' },
        'IngressClass',
        '1.19',
        '1.22',
        'networking.k8s.io/v1 IngressClass',
      ),
    },
  ],
  generation: true,
  defaults({ spec }) {
    if (spec?.parameters) spec.parameters.scope ??= 'Cluster';
  },
  validate({ spec }, errors) {
    const controller = spec?.controller ?? '';
    if (controller.length > 250) errors.tooLong('spec.controller', 250);
    domainPrefixedPath(errors, 'spec.controller', controller);
    const p = spec?.parameters;
    if (!p) return;
    if (!p.kind) errors.required('spec.parameters.kind', 'kind is required');
    if (!p.name) errors.required('spec.parameters.name', 'name is required');
    if (p.scope === 'Namespace' && !p.namespace) {
      errors.required('spec.parameters.namespace', "`parameters.scope` is set to 'Namespace'");
    }
  },
  validateUpdate: (c, old, errors) => immutable(errors, 'spec.controller', c.spec?.controller, old.spec?.controller),
  columns: [
    column(
      'Controller',
      'string',
      'Controller that is responsible for handling this class',
      (c) => c.spec?.controller ?? '',
    ),
    column('Parameters', 'string', 'A reference to a resource with additional parameters', parameters),
    ageColumn,
  ],
});
