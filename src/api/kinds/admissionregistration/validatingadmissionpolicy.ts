// ValidatingAdmissionPolicy. Upstream: pkg/registry/admissionregistration/validatingadmissionpolicy/strategy.go.
import { defineKind } from '../../kind.ts';
import type { KubeObject } from '../../types.ts';
import { dns1035LabelErrors, dns1123SubdomainErrors } from '../../names.ts';
import type { FieldErrors } from '../../validation.ts';
import {
  FAILURE_POLICIES,
  type MatchResources,
  defaultMatchResources,
  validateMatchResources,
} from '../shared/admission-rules.ts';
import { ageColumn, column } from '../shared/columns.ts';
import { type Condition, conditions } from '../shared/conditions.ts';
import { optionalOneOf, qualifiedName } from '../shared/field-rules.ts';
import { type MatchCondition, conditionNames } from '../shared/match-conditions.ts';
import { KEPT_BY_STATUS, status } from '../shared/workloads.ts';
import { oldVersion } from '../shared/deprecations.ts';

const group = 'admissionregistration.k8s.io';

interface Policy extends KubeObject {
  spec?: {
    failurePolicy?: string;
    paramKind?: { apiVersion?: string; kind?: string };
    matchConstraints?: MatchResources;
    matchConditions?: MatchCondition[];
    variables?: { name?: string; expression?: string }[];
    validations?: { expression?: string; message?: string; messageExpression?: string; reason?: string }[];
    auditAnnotations?: { key?: string; valueExpression?: string }[];
  };
  status?: {
    typeChecking?: { expressionWarnings?: { fieldRef?: string; warning?: string }[] };
    conditions?: Condition[];
  };
}
type Spec = NonNullable<Policy['spec']>;

const REASONS = ['Forbidden', 'Invalid', 'RequestEntityTooLarge'];
const LINE_BREAK = /[\n\r]/;
const MAX_ANNOTATIONS = 20;
const MAX_ANNOTATION_EXPRESSION = 5 * 1024;
const IDENTIFIER = /^[_a-zA-Z][_a-zA-Z0-9]*$/;
const RESERVED = new Set(
  'true false null in as break const continue else for function if import let loop package namespace return var void while'.split(
    ' ',
  ),
);

function paramKind(
  errors: FieldErrors,
  path: string,
  { apiVersion = '', kind = '' }: NonNullable<Spec['paramKind']>,
): void {
  const field = `${path}.apiVersion`;
  const parts = apiVersion.split('/');
  if (!apiVersion) errors.required(field);
  else if (parts.length > 2) errors.invalid(field, apiVersion, `unexpected GroupVersion string: ${apiVersion}`);
  else {
    const [group, version] = parts.length === 2 ? (parts as [string, string]) : ['', apiVersion];
    const badGroup = group ? dns1123SubdomainErrors(group) : [];
    if (badGroup.length) errors.invalid(field, group, badGroup.join(','));
    const badVersion = dns1035LabelErrors(version);
    if (!version) errors.invalid(field, apiVersion, 'version must be specified');
    else if (badVersion.length) errors.invalid(field, version, badVersion.join(','));
  }
  const bad = dns1035LabelErrors(kind.toLowerCase());
  if (!kind) errors.required(`${path}.kind`);
  else if (bad.length) {
    const why = `may have mixed case, but should otherwise match: ${bad.join(',')}`;
    errors.invalid(`${path}.kind`, kind, why);
  }
}

function validation(errors: FieldErrors, path: string, v: NonNullable<Spec['validations']>[number]): void {
  const { expression = '', message = '', messageExpression = '', reason } = v;
  if (!expression.trim()) errors.required(`${path}.expression`, 'expression is not specified');
  if (messageExpression && !messageExpression.trim()) {
    errors.invalid(`${path}.messageExpression`, messageExpression, 'must be non-empty if specified');
  }
  if (message && !message.trim()) errors.invalid(`${path}.message`, message, 'message must be non-empty if specified');
  else if (LINE_BREAK.test(message.trim())) {
    errors.invalid(`${path}.message`, message, 'message must not contain line breaks');
  }
  optionalOneOf(errors, `${path}.reason`, reason, REASONS);
}

function auditAnnotations(
  errors: FieldErrors,
  name: string | undefined,
  list: NonNullable<Spec['auditAnnotations']>,
): void {
  const path = 'spec.auditAnnotations';
  const keys = new Set<string>();
  if (list.length > MAX_ANNOTATIONS) {
    errors.invalid(path, list, `must not have more than ${MAX_ANNOTATIONS} auditAnnotations`);
  }
  list.forEach(({ key = '', valueExpression = '' }, i) => {
    const at = `${path}[${i}]`;
    if (name) qualifiedName(errors, `${at}.key`, `${name}/${key}`);
    else errors.invalid(`${at}.key`, key, 'requires metadata.name be non-empty');
    const expression = valueExpression.trim();
    if (!expression) errors.required(`${at}.valueExpression`, 'valueExpression is not specified');
    else if (expression.length > MAX_ANNOTATION_EXPRESSION) {
      errors.required(`${at}.valueExpression`, `must not exceed ${MAX_ANNOTATION_EXPRESSION} bytes in length`);
    }
    if (keys.has(key)) errors.duplicate(`${at}.key`, key);
    keys.add(key);
  });
}

/** Upstream: validateValidatingAdmissionPolicySpec. Expressions are compiled where they are used. */
function validate({ spec = {}, metadata }: Policy, errors: FieldErrors): void {
  if (spec.failurePolicy == null) errors.required('spec.failurePolicy');
  else optionalOneOf(errors, 'spec.failurePolicy', spec.failurePolicy, FAILURE_POLICIES);
  if (spec.paramKind) paramKind(errors, 'spec.paramKind', spec.paramKind);
  if (!spec.matchConstraints) errors.required('spec.matchConstraints');
  else {
    validateMatchResources(errors, 'spec.matchConstraints', spec.matchConstraints);
    if (!spec.matchConstraints.resourceRules?.length) errors.required('spec.matchConstraints.resourceRules');
  }
  conditionNames(errors, 'spec.matchConditions', spec.matchConditions);
  spec.variables?.forEach(({ name = '', expression = '' }, i) => {
    const at = `spec.variables[${i}]`;
    if (!name.trim()) errors.required(`${at}.name`, 'name is not specified');
    else if (!IDENTIFIER.test(name) || RESERVED.has(name)) {
      errors.invalid(`${at}.name`, name, 'name is not a valid CEL identifier');
    }
    if (!expression.trim()) errors.required(`${at}.expression`, 'expression is not specified');
  });
  const { validations = [], auditAnnotations: annotations = [] } = spec;
  if (!validations.length && !annotations.length) {
    const why = 'validations or auditAnnotations must contain at least one item';
    errors.required('spec.validations', why);
    return errors.required('spec.auditAnnotations', why);
  }
  validations.forEach((v, i) => validation(errors, `spec.validations[${i}]`, v));
  auditAnnotations(errors, metadata?.name, annotations);
}

function validateStatus({ status: s }: Policy, _old: Policy, errors: FieldErrors): void {
  s?.typeChecking?.expressionWarnings?.forEach(({ warning, fieldRef }, i) => {
    const at = `status.typeChecking.expressionWarnings[${i}]`;
    if (!warning) errors.required(`${at}.warning`);
    if (!fieldRef?.trim()) errors.required(`${at}.fieldRef`);
  });
  conditions(errors, 'status.conditions', s?.conditions);
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
    oldVersion(group, 'v1beta1', 'ValidatingAdmissionPolicy', '1.31', '1.34', `${group}/v1 ValidatingAdmissionPolicy`),
  ],
  subresources: { status },
  statusKeeps: KEPT_BY_STATUS,
  generation: true,
  defaults({ spec }) {
    if (!spec) return;
    spec.failurePolicy ??= 'Fail';
    defaultMatchResources(spec.matchConstraints);
  },
  prepareCreate(draft) {
    draft.status = {};
  },
  unconditionalUpdate: false,
  validate,
  validateStatus,
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
