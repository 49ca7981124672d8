// What an object counts for in its namespace's ResourceQuotas. Pure; who may create what is decided by the admission
// plug-in, and the numbers in status are kept by the controller.
// Upstream: pkg/quota/v1/evaluator/core/{pods,services,persistent_volume_claims}.go, apiserver/pkg/quota/v1/generic.
import type {
  Container,
  PersistentVolumeClaim,
  Pod,
  ResourceQuota,
  ScopedResourceSelectorRequirement,
  Service,
} from 'kubernetes-types/core/v1.js';
import { formatQuantity, parseQuantity } from './quantity.ts';
import type { KubeObject } from './types.ts';

/** Amounts by quota resource name, in billionths. */
export type Usage = Map<string, bigint>;

interface CountedType {
  group: string;
  plural: string;
}
type ResourceList = Record<string, string>;

const ONE = 1_000_000_000n;
/** Kinds that have had a name of their own since before `count/…`. */
const NAMED = new Set([
  'configmaps',
  'secrets',
  'replicationcontrollers',
  'resourcequotas',
  'services',
  'persistentvolumeclaims',
]);
/** Without a scope of their own, these are named as they are and as `requests.<name>`. */
const PLAIN_REQUESTS = new Set(['cpu', 'memory', 'ephemeral-storage']);
const COMPUTE = /^(?:requests\.|limits\.)?(?:cpu|memory)$/;

const add = (usage: Usage, name: string, amount: bigint): void =>
  void usage.set(name, (usage.get(name) ?? 0n) + amount);

export function usageOf(type: CountedType, object: KubeObject): Usage {
  const usage: Usage = new Map();
  add(usage, `count/${type.plural}${type.group ? `.${type.group}` : ''}`, ONE);
  if (type.group !== '') return usage;
  if (NAMED.has(type.plural)) add(usage, type.plural, ONE);
  if (type.plural === 'pods') addPod(usage, object as Pod);
  else if (type.plural === 'services') addService(usage, object as Service);
  else if (type.plural === 'persistentvolumeclaims') addClaim(usage, object as PersistentVolumeClaim);
  return usage;
}

function addPod(usage: Usage, pod: Pod): void {
  const { phase } = pod.status ?? {};
  if (phase === 'Succeeded' || phase === 'Failed') return;
  add(usage, 'pods', ONE);
  for (const [name, amount] of podAmounts(pod, 'requests')) {
    if (PLAIN_REQUESTS.has(name) || name.startsWith('hugepages-')) add(usage, name, amount);
    add(usage, `requests.${name}`, amount);
  }
  for (const [name, amount] of podAmounts(pod, 'limits')) add(usage, `limits.${name}`, amount);
}

/** The containers' sum, or what one init container needs when that is more; side cars run beside both. */
function podAmounts(pod: Pod, what: 'requests' | 'limits'): Usage {
  const of = (container: Container): ResourceList => container.resources?.[what] ?? {};
  const total: Usage = new Map();
  const peak: Usage = new Map();
  const sidecars: Usage = new Map();
  const sum = (to: Usage, list: ResourceList): void => {
    for (const [name, value] of Object.entries(list)) add(to, name, parseQuantity(value).nanos);
  };
  for (const container of pod.spec?.containers ?? []) sum(total, of(container));
  for (const container of pod.spec?.initContainers ?? []) {
    if ((container as { restartPolicy?: string }).restartPolicy === 'Always') {
      sum(sidecars, of(container));
      sum(total, of(container));
      continue;
    }
    const needed: Usage = new Map(sidecars);
    sum(needed, of(container));
    for (const [name, amount] of needed) if (amount > (peak.get(name) ?? 0n)) peak.set(name, amount);
  }
  for (const [name, amount] of peak) if (amount > (total.get(name) ?? 0n)) total.set(name, amount);
  sum(total, pod.spec?.overhead ?? {});
  return total;
}

function addService(usage: Usage, service: Service): void {
  const { type, ports = [], allocateLoadBalancerNodePorts: allocate = true } = service.spec ?? {};
  if (type === 'LoadBalancer') add(usage, 'services.loadbalancers', ONE);
  if (type === 'NodePort' || (type === 'LoadBalancer' && allocate)) {
    add(usage, 'services.nodeports', ONE * BigInt(ports.length));
  }
}

function addClaim(usage: Usage, claim: PersistentVolumeClaim): void {
  const { storageClassName, resources } = claim.spec ?? {};
  const storage = parseQuantity(resources?.requests?.['storage'] ?? '0').nanos;
  add(usage, 'requests.storage', storage);
  if (!storageClassName) return;
  add(usage, `${storageClassName}.storageclass.storage.k8s.io/requests.storage`, storage);
  add(usage, `${storageClassName}.storageclass.storage.k8s.io/persistentvolumeclaims`, ONE);
}

/** Whether a quota's scopes let it count this object; a quota with scopes counts pods alone. */
export function isInScope(quota: ResourceQuota, type: CountedType, object: KubeObject): boolean {
  const selectors: ScopedResourceSelectorRequirement[] = [
    ...(quota.spec?.scopes ?? []).map((scopeName) => ({ scopeName, operator: 'Exists' as const })),
    ...(quota.spec?.scopeSelector?.matchExpressions ?? []),
  ];
  if (selectors.length === 0) return true;
  if (type.group !== '' || type.plural !== 'pods') return false;
  return selectors.every((selector) => matchesScope(selector, object as Pod));
}

function matchesScope({ scopeName, operator, values = [] }: ScopedResourceSelectorRequirement, pod: Pod): boolean {
  const { activeDeadlineSeconds, priorityClassName = '', affinity } = pod.spec ?? {};
  switch (scopeName as string) {
    case 'Terminating':
      return activeDeadlineSeconds !== undefined && activeDeadlineSeconds >= 0;
    case 'NotTerminating':
      return activeDeadlineSeconds === undefined;
    case 'BestEffort':
      return isBestEffort(pod);
    case 'NotBestEffort':
      return !isBestEffort(pod);
    case 'PriorityClass':
      if (operator === 'Exists') return priorityClassName !== '';
      if (operator === 'DoesNotExist') return priorityClassName === '';
      return values.includes(priorityClassName) === (operator === 'In');
    case 'CrossNamespacePodAffinity': {
      const { podAffinity, podAntiAffinity } = affinity ?? {};
      const terms = [podAffinity, podAntiAffinity].flatMap((a) => [
        ...(a?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
        ...(a?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map((t) => t.podAffinityTerm),
      ]);
      return terms.some((term) => term.namespaces?.length || term.namespaceSelector);
    }
    default:
      return false;
  }
}

function isBestEffort(pod: Pod): boolean {
  const containers = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])];
  return !containers.some(({ resources }) =>
    [resources?.requests, resources?.limits].some(
      (list) => list?.['cpu'] !== undefined || list?.['memory'] !== undefined,
    ),
  );
}

/** What containers must say because the quota counts it: `must specify cpu for: a,b; memory for: a`. */
export function unspecified(quota: ResourceQuota, pod: Pod): string | undefined {
  const missing: string[] = [];
  for (const name of Object.keys(quota.spec?.hard ?? {})
    .filter((n) => COMPUTE.test(n))
    .sort()) {
    const [what, resource] = name.startsWith('limits.')
      ? (['limits', name.slice(7)] as const)
      : (['requests', name.replace('requests.', '')] as const);
    const containers = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])];
    const silent = containers.filter((c) => c.resources?.[what]?.[resource] === undefined).map((c) => c.name);
    if (silent.length > 0) missing.push(`${name} for: ${silent.sort().join(',')}`);
  }
  return missing.length > 0 ? `must specify ${missing.join('; ')}` : undefined;
}

/** An amount in the notation of the quota's own limit. */
export const formatAmount = (amount: bigint, like: string): string =>
  formatQuantity({ nanos: amount, format: parseQuantity(like).format });

/** Which kinds a quota counts, by the names of its limits. */
export function countedTypes(quota: ResourceQuota): CountedType[] {
  const types = new Map<string, CountedType>();
  for (const name of Object.keys(quota.spec?.hard ?? {})) {
    const type = typeOf(name);
    types.set(`${type.plural}.${type.group}`, type);
  }
  return [...types.values()];
}

function typeOf(name: string): CountedType {
  if (name.startsWith('count/')) {
    const [plural = '', ...group] = name.slice('count/'.length).split('.');
    return { plural, group: group.join('.') };
  }
  if (name === 'requests.storage' || name.includes('.storageclass.storage.k8s.io/')) {
    return { group: '', plural: 'persistentvolumeclaims' };
  }
  const plural = name.split('.')[0]!;
  return { group: '', plural: NAMED.has(plural) ? plural : 'pods' };
}
