// ValidatingAdmissionPolicyBinding. Upstream: pkg/registry/admissionregistration/validatingadmissionpolicybinding.
import { defineKind } from '../../kind.ts';
import type { KubeObject } from '../../types.ts';
import { pathSegmentErrors } from '../../names.ts';
import type { FieldErrors } from '../../validation.ts';
import { type MatchResources, defaultMatchResources, validateMatchResources } from '../shared/admission-rules.ts';
import { ageColumn, column } from '../shared/columns.ts';
import { dnsSubdomain, labelSelector, push } from '../shared/field-rules.ts';
import { oldVersion } from '../shared/deprecations.ts';

const group = 'admissionregistration.k8s.io';

interface ParamRef {
  name?: string;
  namespace?: string;
  selector?: object;
  parameterNotFoundAction?: string;
}
interface Binding extends KubeObject {
  spec?: {
    policyName?: string;
    paramRef?: ParamRef;
    validationActions?: string[];
    matchResources?: MatchResources;
  };
}

function parameters({ spec }: Binding): string {
  const ref = spec?.paramRef;
  if (ref?.name) return `${ref.namespace || '*'}/${ref.name}`;
  return ref?.selector ? JSON.stringify(ref.selector) : '<unset>';
}

const ACTIONS = ['Audit', 'Deny', 'Warn'];

function paramRef(errors: FieldErrors, path: string, ref: ParamRef): void {
  const both = 'name and selector are mutually exclusive';
  if (ref.name) {
    push(errors, `${path}.name`, ref.name, pathSegmentErrors(ref.name));
    if (ref.selector) errors.forbidden(`${path}.name`, both);
  }
  if (ref.selector) {
    labelSelector(errors, `${path}.selector`, ref.selector);
    if (ref.name) errors.forbidden(`${path}.selector`, both);
  }
  if (!ref.name && !ref.selector) errors.required(path, 'one of name or selector must be specified');
  const action = ref.parameterNotFoundAction;
  if (!action) errors.required(`${path}.parameterNotFoundAction`);
  else if (action !== 'Deny' && action !== 'Allow') {
    errors.notSupported(`${path}.parameterNotFoundAction`, action, ['Deny', 'Allow']);
  }
}

function actions(errors: FieldErrors, path: string, list: readonly string[] = []): void {
  list.forEach((action, i) => {
    if (!ACTIONS.includes(action)) errors.notSupported(`${path}[${i}]`, action, ACTIONS);
    if (list.indexOf(action) < i) errors.duplicate(`${path}[${i}]`, action);
  });
  if (list.includes('Deny') && list.includes('Warn')) {
    const why =
      'must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)';
    errors.invalid(path, list, why);
  }
  if (!list.length) errors.required(path, 'at least one validation action is required');
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
    oldVersion(
      group,
      'v1beta1',
      'ValidatingAdmissionPolicyBinding',
      '1.31',
      '1.34',
      `${group}/v1 ValidatingAdmissionPolicyBinding`,
    ),
  ],
  generation: true,
  defaults({ spec }) {
    defaultMatchResources(spec?.matchResources);
  },
  unconditionalUpdate: false,
  validate({ spec }, errors) {
    if (!spec?.policyName) errors.required('spec.policyName');
    else dnsSubdomain(errors, 'spec.policyName', spec.policyName);
    if (spec?.paramRef) paramRef(errors, 'spec.paramRef', spec.paramRef);
    validateMatchResources(errors, 'spec.matchResources', spec?.matchResources);
    actions(errors, 'spec.validationActions', spec?.validationActions);
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
