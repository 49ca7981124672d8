// Which requests an admission webhook or policy is for. Upstream: pkg/apis/admissionregistration/validation.
import { dns1035LabelErrors, dns1123SubdomainErrors, pathSegmentErrors } from '../../names.ts';
import type { FieldErrors } from '../../validation.ts';
import { labelSelector, push } from './field-rules.ts';

export interface Rule {
  operations?: string[];
  apiGroups?: string[];
  apiVersions?: string[];
  resources?: string[];
  scope?: string;
  resourceNames?: string[];
}
export interface MatchResources {
  matchPolicy?: string;
  namespaceSelector?: object;
  objectSelector?: object;
  resourceRules?: Rule[];
  excludeResourceRules?: Rule[];
}

export const FAILURE_POLICIES = ['Fail', 'Ignore'];
export const MATCH_POLICIES = ['Equivalent', 'Exact'];
const OPERATIONS = ['*', 'CONNECT', 'CREATE', 'DELETE', 'UPDATE'];
const SCOPES = ['*', 'Cluster', 'Namespaced'];

function wildcardAlone(errors: FieldErrors, field: string, list: readonly string[], what: string): void {
  if (list.length > 1 && list.includes('*')) {
    errors.invalid(field, list, `if '*' is present, must not specify other ${what}`);
  }
}

function subresources(errors: FieldErrors, path: string, list: readonly string[]): void {
  const [whole, anywhere] = [new Set<string>(), new Set<string>()];
  let plain = false;
  list.forEach((name, i) => {
    const field = `${path}[${i}]`;
    if (name === '') return errors.required(field);
    const slash = name.indexOf('/');
    if (slash < 0) {
      // Upstream remembers the last such name only.
      plain = name !== '*';
      return;
    }
    const [resource, sub] = [name.slice(0, slash), name.slice(slash + 1)];
    if (whole.has(resource)) {
      errors.invalid(field, name, `if '${resource}/*' is present, must not specify ${name}`);
    }
    if (anywhere.has(sub)) errors.invalid(field, name, `if '*/${sub}' is present, must not specify ${name}`);
    if (sub === '*') whole.add(resource);
    if (resource === '*') anywhere.add(sub);
  });
  if (list.length > 1 && list.includes('*/*')) {
    errors.invalid(path, list, "if '*/*' is present, must not specify other resources");
  }
  if (plain && list.includes('*')) {
    errors.invalid(path, list, "if '*' is present, must not specify other resources without subresources");
  }
}

export function validateRule(errors: FieldErrors, path: string, rule: Rule): void {
  const { operations = [], apiGroups = [], apiVersions = [], resources = [], scope } = rule;
  if (!operations.length) errors.required(`${path}.operations`);
  wildcardAlone(errors, `${path}.operations`, operations, 'operations');
  operations.forEach((operation, i) => {
    if (!OPERATIONS.includes(operation)) errors.notSupported(`${path}.operations[${i}]`, operation, OPERATIONS);
  });
  if (!apiGroups.length) errors.required(`${path}.apiGroups`);
  wildcardAlone(errors, `${path}.apiGroups`, apiGroups, 'API groups');
  if (!apiVersions.length) errors.required(`${path}.apiVersions`);
  wildcardAlone(errors, `${path}.apiVersions`, apiVersions, 'API versions');
  apiVersions.forEach((version, i) => {
    if (version === '') errors.required(`${path}.apiVersions[${i}]`);
  });
  if (!resources.length) errors.required(`${path}.resources`);
  subresources(errors, `${path}.resources`, resources);
  if (scope != null && !SCOPES.includes(scope)) errors.notSupported(`${path}.scope`, scope, SCOPES);
}

function namedRule(errors: FieldErrors, path: string, rule: Rule): void {
  const seen = new Set<string>();
  rule.resourceNames?.forEach((name, i) => {
    push(errors, `${path}.resourceNames[${i}]`, name, pathSegmentErrors(name));
    if (seen.has(name)) errors.duplicate(`${path}.resourceNames[${i}]`, name);
    seen.add(name);
  });
  validateRule(errors, path, rule);
}

export function validateMatchResources(errors: FieldErrors, path: string, match: MatchResources | undefined): void {
  if (!match) return;
  if (match.matchPolicy == null) errors.required(`${path}.matchPolicy`);
  else if (!MATCH_POLICIES.includes(match.matchPolicy)) {
    errors.notSupported(`${path}.matchPolicy`, match.matchPolicy, MATCH_POLICIES);
  }
  for (const field of ['namespaceSelector', 'objectSelector'] as const) {
    if (match[field]) labelSelector(errors, `${path}.${field}`, match[field]);
    else errors.required(`${path}.${field}`);
  }
  match.resourceRules?.forEach((rule, i) => namedRule(errors, `${path}.resourceRules[${i}]`, rule));
  match.excludeResourceRules?.forEach((rule, i) => namedRule(errors, `${path}.excludeResourceRules[${i}]`, rule));
}

/** Upstream: SetDefaults_MatchResources. */
export function defaultMatchResources(match: MatchResources | undefined): void {
  if (!match) return;
  match.matchPolicy ??= 'Equivalent';
  match.namespaceSelector ??= {};
  match.objectSelector ??= {};
  for (const rule of [...(match.resourceRules ?? []), ...(match.excludeResourceRules ?? [])]) rule.scope ??= '*';
}

const ACCEPTED_VERSIONS = ['v1', 'v1beta1'];

/** Upstream: validateAdmissionReviewVersions. */
export function validateReviewVersions(
  errors: FieldErrors,
  path: string,
  versions: readonly string[] | undefined,
  recognized: boolean,
): void {
  if (!versions?.length) return errors.required(path, `must specify one of ${ACCEPTED_VERSIONS.join(', ')}`);
  versions.forEach((version, i) => {
    if (versions.indexOf(version) < i) return errors.invalid(`${path}[${i}]`, version, 'duplicate version');
    push(errors, `${path}[${i}]`, version, dns1035LabelErrors(version));
  });
  if (recognized && !knowsVersion(versions)) {
    errors.invalid(path, versions, `must include at least one of ${ACCEPTED_VERSIONS.join(', ')}`);
  }
}
export const knowsVersion = (versions: readonly string[]): boolean =>
  versions.some((version) => ACCEPTED_VERSIONS.includes(version));

export function fullyQualifiedName(errors: FieldErrors, field: string, name: string | undefined): void {
  if (!name) return errors.required(field);
  const bad = dns1123SubdomainErrors(name);
  if (bad.length) return errors.invalid(field, name, bad.join(','));
  if (name.split('.').length >= 3) return;
  errors.invalid(field, name, 'should be a domain with at least three segments separated by dots');
}
