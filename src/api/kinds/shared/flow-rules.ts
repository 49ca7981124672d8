// Which requests a FlowSchema takes, and how a priority level queues them. Upstream: pkg/apis/flowcontrol/validation.
import type { FlowSchemaSpec, LimitedPriorityLevelConfiguration } from 'kubernetes-types/flowcontrol/v1.js';
import { dns1123LabelErrors, dns1123SubdomainErrors } from '../../names.ts';
import type { FieldErrors } from '../../validation.ts';
import { push } from './field-rules.ts';

type Rule = NonNullable<FlowSchemaSpec['rules']>[number];
type Subject = Rule['subjects'][number];

const VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'proxy', 'update', 'watch'];
const SUBJECTS: Readonly<Record<string, 'group' | 'serviceAccount' | 'user'>> = {
  Group: 'group',
  ServiceAccount: 'serviceAccount',
  User: 'user',
};
const MAX_QUEUES = 10_000_000;
const HASH_BITS = 60;

function subject(errors: FieldErrors, path: string, s: Subject): void {
  const own = SUBJECTS[s.kind];
  if (!own) return errors.notSupported(`${path}.kind`, s.kind ?? '', Object.keys(SUBJECTS));
  const chosen = s[own] as { name?: string; namespace?: string } | undefined;
  const at = `${path}.${own}`;
  if (!chosen) errors.required(at, `${own} is required when subject kind is '${s.kind}'`);
  else {
    if (!chosen.name) errors.required(`${at}.name`);
    else if (own === 'serviceAccount' && chosen.name !== '*') {
      push(errors, `${at}.name`, chosen.name, dns1123SubdomainErrors(chosen.name));
    }
    if (own === 'serviceAccount') {
      if (chosen.namespace) push(errors, `${at}.namespace`, chosen.namespace, dns1123LabelErrors(chosen.namespace));
      else errors.required(`${at}.namespace`, 'must specify namespace for service account');
    }
  }
  for (const kind of ['ServiceAccount', 'User', 'Group']) {
    const other = SUBJECTS[kind]!;
    if (other === own || !s[other]) continue;
    errors.forbidden(`${path}.${other}`, `${other} is forbidden when subject kind is not '${kind}'`);
  }
}

function wildcardAlone(errors: FieldErrors, field: string, list: readonly string[], what: string): boolean {
  if (!list.includes('*')) return false;
  if (list.length > 1) errors.invalid(field, list, `if '*' is present, must not specify other ${what}`);
  return true;
}

function verbs(errors: FieldErrors, field: string, list: readonly string[] = []): void {
  if (!list.length) return errors.required(field, 'verbs must contain at least one value');
  if (wildcardAlone(errors, field, list, 'verbs')) return;
  if (!list.every((verb) => VERBS.includes(verb))) errors.notSupported(field, list, VERBS);
}

function resourceRule(errors: FieldErrors, path: string, rule: NonNullable<Rule['resourceRules']>[number]): void {
  verbs(errors, `${path}.verbs`, rule.verbs);
  const { apiGroups = [], resources = [], namespaces = [] } = rule;
  if (!apiGroups.length) errors.required(`${path}.apiGroups`, 'resource rules must supply at least one api group');
  wildcardAlone(errors, `${path}.apiGroups`, apiGroups, 'api groups');
  if (!resources.length) errors.required(`${path}.resources`, 'resource rules must supply at least one resource');
  wildcardAlone(errors, `${path}.resources`, resources, 'resources');
  const field = `${path}.namespaces`;
  if (!namespaces.length && !rule.clusterScope) {
    const why = 'resource rules that are not cluster scoped must supply at least one namespace';
    errors.required(field, why);
  } else if (!wildcardAlone(errors, field, namespaces, 'namespaces')) {
    namespaces.forEach((name, i) => {
      for (const why of dns1123LabelErrors(name)) {
        errors.invalid(`${field}[${i}]`, name, `each member of this list must be '*' or a DNS-1123 label; ${why}`);
      }
    });
  }
}

function pathProblem(path: string): string | undefined {
  if (path === '') return 'must not be empty';
  if (path === '/') return undefined;
  if (!path.startsWith('/')) return 'must start with slash';
  if (path.includes(' ')) return 'must not contain white-space';
  if (path.includes('//')) return 'must not contain double slash';
  const stars = path.split('*').length - 1;
  return stars > 1 || (stars === 1 && !path.endsWith('/*')) ? 'wildcard can only do suffix matching' : undefined;
}

function pathRule(errors: FieldErrors, path: string, rule: NonNullable<Rule['nonResourceRules']>[number]): void {
  verbs(errors, `${path}.verbs`, rule.verbs);
  const { nonResourceURLs: urls = [] } = rule;
  const field = `${path}.nonResourceURLs`;
  if (!urls.length) return errors.required(field, 'nonResourceURLs must contain at least one value');
  if (wildcardAlone(errors, field, urls, 'non-resource URLs')) return;
  urls.forEach((url, i) => {
    const problem = pathProblem(url);
    if (problem) errors.invalid(`${field}[${i}]`, url, problem);
  });
}

export function validateFlowRule(errors: FieldErrors, path: string, rule: Rule): void {
  if (!rule.subjects?.length) errors.required(`${path}.subjects`, 'subjects must contain at least one value');
  rule.subjects?.forEach((s, i) => subject(errors, `${path}.subjects[${i}]`, s));
  if (!rule.resourceRules?.length && !rule.nonResourceRules?.length) {
    errors.required(path, 'at least one of resourceRules and nonResourceRules has to be non-empty');
  }
  rule.resourceRules?.forEach((r, i) => resourceRule(errors, `${path}.resourceRules[${i}]`, r));
  rule.nonResourceRules?.forEach((r, i) => pathRule(errors, `${path}.nonResourceRules[${i}]`, r));
}

export function validateFlowConditions(errors: FieldErrors, conditions: readonly { type?: string }[] = []): void {
  const seen = new Set<string>();
  conditions.forEach(({ type = '' }, i) => {
    const field = `status.conditions[${i}].type`;
    if (seen.has(type)) errors.duplicate(field, type);
    seen.add(type);
    if (!type) errors.required(field, 'must not be empty');
  });
}

function queuing(
  errors: FieldErrors,
  path: string,
  q: { queues?: number; handSize?: number; queueLengthLimit?: number },
): void {
  const { queues = 0, handSize = 0, queueLengthLimit = 0 } = q;
  if (queueLengthLimit <= 0) errors.invalid(`${path}.queueLengthLimit`, queueLengthLimit, 'must be positive');
  if (queues <= 0) errors.invalid(`${path}.queues`, queues, 'must be positive');
  else if (queues > MAX_QUEUES) errors.invalid(`${path}.queues`, queues, `must not be greater than ${MAX_QUEUES}`);
  const field = `${path}.handSize`;
  if (handSize <= 0) errors.invalid(field, handSize, 'must be positive');
  else if (handSize > queues) errors.invalid(field, handSize, `should not be greater than queues (${queues})`);
  else if (Math.ceil(Math.log2(queues) * handSize) > HASH_BITS) {
    const sizes = `deckSize ${queues} and handSize ${handSize}`;
    errors.invalid(field, handSize, `required entropy bits of ${sizes} should not be greater than ${HASH_BITS}`);
  }
}

export function share(errors: FieldErrors, field: string, percent: number | undefined): void {
  if (percent != null && (percent < 0 || percent > 100)) {
    errors.invalid(field, percent, 'must be between 0 and 100, inclusive');
  }
}

export function validateLimited(errors: FieldErrors, path: string, limited: LimitedPriorityLevelConfiguration): void {
  const { nominalConcurrencyShares: shares, borrowingLimitPercent: borrowing, limitResponse: response } = limited;
  if (shares != null && shares < 0) {
    errors.invalid(`${path}.nominalConcurrencyShares`, shares, 'must be a non-negative integer');
  }
  const at = `${path}.limitResponse`;
  if (response?.type === 'Reject') {
    const why = 'must be nil if limited.limitResponse.type is not Limited';
    if (response.queuing) errors.forbidden(`${at}.queuing`, why);
  } else if (response?.type === 'Queue') {
    if (response.queuing) queuing(errors, `${at}.queuing`, response.queuing);
    else errors.required(`${at}.queuing`, 'must not be empty if limited.limitResponse.type is Limited');
  } else errors.notSupported(`${at}.type`, response?.type ?? '', ['Queue', 'Reject']);
  share(errors, `${path}.lendablePercent`, limited.lendablePercent);
  if (borrowing != null && borrowing < 0) {
    const why = 'if specified, must be a non-negative integer';
    errors.invalid(`${path}.borrowingLimitPercent`, borrowing, why);
  }
}
