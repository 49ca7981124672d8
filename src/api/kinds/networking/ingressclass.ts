// IngressClass. Upstream: pkg/registry/networking/ingressclass/strategy.go.
import type { IngressClass } from 'kubernetes-types/networking/v1.js';
import { defineKind } from '../../kind.ts';
import { domainPrefixedPath } from '../../names.ts';
import type { FieldErrors } from '../../validation.ts';
import { ageColumn, column } from '../shared/columns.ts';
import { deprecated } from '../shared/deprecations.ts';
import { dnsLabel, immutable } from '../shared/field-rules.ts';
import { typedReference } from '../shared/references.ts';

const group = 'networking.k8s.io';

function parameters({ spec }: IngressClass): string {
  const p = spec?.parameters;
  if (!p) return '<none>';
  return `${p.apiGroup != null ? `${p.kind}.${p.apiGroup}` : p.kind}/${p.name}`;
}

function scope(errors: FieldErrors, path: string, p: { scope?: string; namespace?: string | null }): void {
  if (p.scope == null) return errors.required(`${path}.scope`);
  if (p.scope === 'Namespace') {
    if (p.namespace == null) errors.required(`${path}.namespace`, "`parameters.scope` is set to 'Namespace'");
    else dnsLabel(errors, `${path}.namespace`, p.namespace);
  } else if (p.scope !== 'Cluster') errors.notSupported(`${path}.scope`, p.scope, ['Cluster', 'Namespace']);
  else if (p.namespace != null) errors.forbidden(`${path}.namespace`, "`parameters.scope` is set to 'Cluster'");
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
    typedReference(errors, 'spec.parameters', p);
    scope(errors, 'spec.parameters', p);
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
