// What RBAC's policy rules mean: which requests a rule lets through, which rules cover others, and what aggregated
// cluster roles add up to. Who is bound to which role is not known here (server/auth/rbac).
// Upstream: plugin/pkg/auth/authorizer/rbac/rbac.go (RuleAllows), pkg/apis/rbac/v1/evaluation_helpers.go, and
// component-helpers/auth/rbac/validation/policy_comparator.go (Covers).
import type { ClusterRole, PolicyRule } from 'kubernetes-types/rbac/v1.js';
import { selectorFromObject } from './selector.ts';

const has = (list: readonly string[] | undefined, value: string): boolean => list?.includes(value) ?? false;
const hasOrAll = (list: readonly string[] | undefined, value: string): boolean =>
  list !== undefined && (list.includes(value) || list.includes('*'));

/** What is matched, computed once per request and not once per rule. */
export interface RuleQuery {
  verb: string;
  /** Undefined for a non-resource request. */
  group: string;
  /** `pods` or `pods/log`. */
  resource: string | undefined;
  /** Star and subresource, as in a rule for every kind's `scale`. Empty without a subresource. */
  anyWithSubresource: string;
  name: string;
  path: string;
}

/** A request as an authorizer sees it (server/auth/types.ts has the whole). */
interface RequestAttributes {
  verb: string;
  group?: string;
  resource?: string;
  subresource?: string;
  name?: string;
  path?: string;
}

export function ruleQuery(attributes: RequestAttributes): RuleQuery {
  const { resource, subresource } = attributes;
  return {
    verb: attributes.verb,
    group: attributes.group ?? '',
    resource: resource === undefined ? undefined : subresource ? `${resource}/${subresource}` : resource,
    anyWithSubresource: subresource ? `*/${subresource}` : '',
    name: attributes.name ?? '',
    path: attributes.path ?? '',
  };
}

export function ruleAllows(rule: PolicyRule, query: RuleQuery): boolean {
  if (!hasOrAll(rule.verbs, query.verb)) return false;
  if (query.resource === undefined) return pathMatches(rule.nonResourceURLs, query.path);
  return (
    hasOrAll(rule.apiGroups, query.group) &&
    (hasOrAll(rule.resources, query.resource) ||
      (query.anyWithSubresource !== '' && has(rule.resources, query.anyWithSubresource))) &&
    (!rule.resourceNames?.length || rule.resourceNames.includes(query.name))
  );
}

function pathMatches(urls: readonly string[] | undefined, path: string): boolean {
  return urls?.some((url) => url === '*' || url === path || (url.endsWith('*') && path.startsWith(stem(url)))) ?? false;
}

/** Upstream trims every star at the end: `strings.TrimRight(ruleURL, "*")`. */
const stem = (url: string): string => url.replace(/\*+$/, '');

/** The parts of `wanted` that `held` does not cover, each of one verb and one resource or path. */
export function uncovered(held: readonly PolicyRule[], wanted: readonly PolicyRule[]): PolicyRule[] {
  return wanted.flatMap(breakDown).filter((part) => !held.some((rule) => covers(rule, part)));
}

function breakDown(rule: PolicyRule): PolicyRule[] {
  const parts: PolicyRule[] = [];
  for (const group of rule.apiGroups ?? []) {
    for (const resource of rule.resources ?? []) {
      for (const verb of rule.verbs) {
        const part = { apiGroups: [group], resources: [resource], verbs: [verb] };
        if (!rule.resourceNames?.length) parts.push(part);
        else for (const name of rule.resourceNames) parts.push({ ...part, resourceNames: [name] });
      }
    }
  }
  for (const url of rule.nonResourceURLs ?? []) {
    for (const verb of rule.verbs) parts.push({ nonResourceURLs: [url], verbs: [verb] });
  }
  return parts;
}

function covers(rule: PolicyRule, part: PolicyRule): boolean {
  if (!part.verbs.every((verb) => hasOrAll(rule.verbs, verb))) return false;
  if (part.nonResourceURLs?.length) return part.nonResourceURLs.every((url) => pathMatches(rule.nonResourceURLs, url));
  const [resource = ''] = part.resources ?? [];
  const slash = resource.indexOf('/');
  return (
    (part.apiGroups ?? []).every((group) => hasOrAll(rule.apiGroups, group)) &&
    (hasOrAll(rule.resources, resource) || (slash >= 0 && has(rule.resources, `*${resource.slice(slash)}`))) &&
    (!rule.resourceNames?.length ||
      (!!part.resourceNames?.length && part.resourceNames.every((name) => has(rule.resourceNames, name))))
  );
}

/** A rule as upstream's messages print it (CompactString). */
export function ruleText(rule: PolicyRule): string {
  const fields: [string, readonly string[] | undefined][] = [
    ['APIGroups', rule.apiGroups],
    ['Resources', rule.resources],
    ['NonResourceURLs', rule.nonResourceURLs],
    ['ResourceNames', rule.resourceNames],
    ['Verbs', rule.verbs],
  ];
  const shown = fields.filter(([, values]) => values?.length);
  return `{${shown.map(([name, values]) => `${name}:[${values!.map((v) => JSON.stringify(v)).join(' ')}]`).join(', ')}}`;
}

/** Simple rules (of one resource, and one name at most) that differ only in their verbs as one. Upstream: CompactRules. */
export function compactRules(rules: readonly PolicyRule[]): PolicyRule[] {
  const compact: PolicyRule[] = [];
  const merged = new Map<string, PolicyRule>();
  for (const rule of rules) {
    if (!isSimple(rule)) {
      compact.push(rule);
      continue;
    }
    const { apiGroups, resources, resourceNames } = rule;
    const key = JSON.stringify([apiGroups, resources, resourceNames]);
    const known = merged.get(key);
    if (known) {
      known.verbs = [...(known.verbs ?? []), ...(rule.verbs ?? [])];
      continue;
    }
    const first = { ...rule };
    merged.set(key, first);
    compact.push(first);
  }
  return compact;
}

const isSimple = ({ apiGroups, resources, resourceNames, nonResourceURLs }: PolicyRule): boolean =>
  apiGroups?.length === 1 && resources?.length === 1 && (resourceNames?.length ?? 0) <= 1 && !nonResourceURLs?.length;

/** The union that a cluster role with an aggregation rule stands for; selected roles may themselves be aggregated. */
export function aggregateRules(role: ClusterRole, all: ReadonlyMap<string, ClusterRole>): PolicyRule[] {
  const rules = new Map<string, PolicyRule>();
  const seen = new Set<ClusterRole>();
  const add = (from: ClusterRole): void => {
    if (seen.has(from)) return;
    seen.add(from);
    for (const rule of from.rules ?? []) rules.set(JSON.stringify(rule), rule);
    for (const selector of from.aggregationRule?.clusterRoleSelectors ?? []) {
      const compiled = selectorFromObject(selector);
      for (const other of all.values()) if (compiled.matches(other.metadata?.labels ?? {})) add(other);
    }
  };
  add(role);
  return [...rules.values()];
}
