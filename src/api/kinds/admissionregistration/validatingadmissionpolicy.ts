// ValidatingAdmissionPolicy. Upstream: pkg/registry/admissionregistration/validatingadmissionpolicy/strategy.go.
import { defineKind } from '../../kind.ts';
import type { KubeObject } from '../../types.ts';
import { ageColumn, column } from '../shared/columns.ts';
import { status } from '../shared/workloads.ts';

const group = 'admissionregistration.k8s.io';

interface Policy extends KubeObject {
  spec?: {
    failurePolicy?: string;
    paramKind?: { apiVersion?: string; kind?: string };
    matchConstraints?: {
      matchPolicy?: string;
      namespaceSelector?: object;
      objectSelector?: object;
      resourceRules?: { scope?: string }[];
    };
    validations?: { expression?: string }[];
    auditAnnotations?: unknown[];
  };
  status?: object;
}

export default defineKind<Policy>({
  group,
  kind: 'ValidatingAdmissionPolicy',
  plural: 'validatingadmissionpolicies',
  categories: ['api-extensions'],
  scope: 'Cluster',
  storage: { group, version: 'v1' },
  served: [
    { group, version: 'v1' },
    { group, version: 'v1beta1' },
  ],
  subresources: { status },
  generation: true,
  defaults({ spec }) {
    if (!spec) return;
    spec.failurePolicy ??= 'Fail';
    const match = spec.matchConstraints;
    if (!match) return;
    match.matchPolicy ??= 'Equivalent';
    match.namespaceSelector ??= {};
    match.objectSelector ??= {};
    for (const rule of match.resourceRules ?? []) rule.scope ??= '*';
  },
  prepareCreate(draft) {
    draft.status = {};
  },
  validate({ spec }, errors) {
    if (!spec?.matchConstraints) errors.required('spec.matchConstraints');
    else if (!spec.matchConstraints.resourceRules?.length) errors.required('spec.matchConstraints.resourceRules');
    if (!spec?.validations?.length && !spec?.auditAnnotations?.length) {
      const why = 'validations or auditAnnotations must contain at least one item';
      errors.required('spec.validations', why);
    }
    spec?.validations?.forEach((v, i) => {
      if (!v.expression?.trim()) errors.required(`spec.validations[${i}].expression`, 'expression is not specified');
    });
  },
  columns: [
    column(
      'Validations',
      'integer',
      'Validations indicates the number of validation rules defined in this configuration',
      (p) => p.spec?.validations?.length ?? 0,
    ),
    column('ParamKind', 'string', 'ParamKind specifies the kind of resources used to parameterize this policy', (p) =>
      p.spec?.paramKind ? `${p.spec.paramKind.apiVersion}/${p.spec.paramKind.kind}` : '<unset>',
    ),
    ageColumn,
  ],
});
