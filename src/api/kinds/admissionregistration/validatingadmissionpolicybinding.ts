// ValidatingAdmissionPolicyBinding. Upstream: pkg/registry/admissionregistration/validatingadmissionpolicybinding.
import { defineKind } from '../../kind.ts';
import type { KubeObject } from '../../types.ts';
import { ageColumn, column } from '../shared/columns.ts';

const group = 'admissionregistration.k8s.io';

interface Binding extends KubeObject {
  spec?: {
    policyName?: string;
    paramRef?: { name?: string; namespace?: string; selector?: object };
    validationActions?: string[];
    matchResources?: { matchPolicy?: string; namespaceSelector?: object; objectSelector?: object };
  };
}

function parameters({ spec }: Binding): string {
  const ref = spec?.paramRef;
  if (ref?.name) return `${ref.namespace || '*'}/${ref.name}`;
  return ref?.selector ? JSON.stringify(ref.selector) : '<unset>';
}

export default defineKind<Binding>({
  group,
  kind: 'ValidatingAdmissionPolicyBinding',
  plural: 'validatingadmissionpolicybindings',
  categories: ['api-extensions'],
  scope: 'Cluster',
  storage: { group, version: 'v1' },
  served: [
    { group, version: 'v1' },
    { group, version: 'v1beta1' },
  ],
  generation: true,
  defaults({ spec }) {
    const match = spec?.matchResources;
    if (!match) return;
    match.matchPolicy ??= 'Equivalent';
    match.namespaceSelector ??= {};
    match.objectSelector ??= {};
  },
  validate({ spec }, errors) {
    if (!spec?.policyName) errors.required('spec.policyName');
    if (!spec?.validationActions?.length)
      errors.required('spec.validationActions', 'at least one validation action is required');
    spec?.validationActions?.forEach((action, i) => {
      if (!['Audit', 'Deny', 'Warn'].includes(action)) {
        errors.notSupported(`spec.validationActions[${i}]`, action, ['Audit', 'Deny', 'Warn']);
      }
    });
  },
  columns: [
    column(
      'PolicyName',
      'string',
      'PolicyName indicates the policy definition which the policy binding binded to',
      (b) => b.spec?.policyName ?? '',
    ),
    column('ParamRef', 'string', 'ParamRef indicates the param resource which sets the configration param', parameters),
    ageColumn,
  ],
});
