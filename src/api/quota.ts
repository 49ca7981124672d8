// What an object counts for in its namespace's ResourceQuotas. Pure; who may create what is decided by the admission
// plug-in, and the numbers in status are kept by the controller.
// Upstream: pkg/quota/v1/evaluator/core/{pods,services,persistent_volume_claims}.go, apiserver/pkg/quota/v1/generic.
import type {
  PersistentVolumeClaim,
  Pod,
  ResourceQuota,
  ScopedResourceSelectorRequirement,
  Service,
} from 'kubernetes-types/core/v1.js';
import { podAmounts, podLevelResources } from './pod-amounts.ts';
import { podQosClass } from './pod-status.ts';
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
/** These are counted under their own name, as `requests.<name>`, and their limits as well. */
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
  for (const [name, { nanos }] of podAmounts(pod, 'requests')) {
    if (PLAIN_REQUESTS.has(name) || name.startsWith('hugepages-')) add(usage, name, nanos);
    add(usage, `requests.${name}`, nanos);
  }
  for (const [name, { nanos }] of podAmounts(pod, 'limits')) {
    if (PLAIN_REQUESTS.has(name)) add(usage, `limits.${name}`, nanos);
  }
}

function addService(usage: Usage, service: Service): void {
  const { type, ports = [], allocateLoadBalancerNodePorts: allocate = true } = service.spec ?? {};
  if (type === 'LoadBalancer') add(usage, 'services.loadbalancers', ONE);
  // Where none are allocated, those count that were asked for by number.
  const counted = type === 'LoadBalancer' && !allocate ? ports.filter((port) => port.nodePort) : ports;
  if (type === 'NodePort' || type === 'LoadBalancer') add(usage, 'services.nodeports', ONE * BigInt(counted.length));
}

const allocatedOf = ({ status }: PersistentVolumeClaim): string =>
  (status as { allocatedResources?: ResourceList } | undefined)?.allocatedResources?.['storage'] ?? '0';

const wholeUnits = (nanos: bigint): bigint => ((nanos + ONE - 1n) / ONE) * ONE;

function addClaim(usage: Usage, claim: PersistentVolumeClaim): void {
  const { storageClassName, resources } = claim.spec ?? {};
  const asked = parseQuantity(resources?.requests?.['storage'] ?? '0').nanos;
  const allocated = parseQuantity(allocatedOf(claim)).nanos;
  // A growth that was taken back counts until the volume is known not to have grown.
  // Whole bytes alone: a quota's status may not say less.
  const storage = wholeUnits(allocated > asked ? allocated : asked);
  add(usage, 'requests.storage', storage);
  if (!storageClassName) return;
  add(usage, `${storageClassName}.storageclass.storage.k8s.io/requests.storage`, storage);
  add(usage, `${storageClassName}.storageclass.storage.k8s.io/persistentvolumeclaims`, ONE);
}

/** Whether a quota's scopes let it count this object; a quota with scopes counts pods alone, or claims of a class. */
export function isInScope(quota: ResourceQuota, type: CountedType, object: KubeObject): boolean {
  const selectors: ScopedResourceSelectorRequirement[] = [
    ...(quota.spec?.scopes ?? []).map((scopeName) => ({ scopeName, operator: 'Exists' as const })),
    ...(quota.spec?.scopeSelector?.matchExpressions ?? []),
  ];
  if (selectors.length === 0) return true;
  if (type.group !== '') return false;
  if (type.plural === 'pods') return selectors.every((selector) => matchesScope(selector, object as Pod));
  if (type.plural !== 'persistentvolumeclaims') return false;
  return selectors.every((selector) => matchesClaimScope(selector, object as PersistentVolumeClaim));
}

function matchesClaimScope(selector: ScopedResourceSelectorRequirement, claim: PersistentVolumeClaim): boolean {
  if ((selector.scopeName as string) !== 'VolumeAttributesClass') return false;
  const { spec, status } = claim as {
    spec?: { volumeAttributesClassName?: string };
    status?: {
      currentVolumeAttributesClassName?: string;
      modifyVolumeStatus?: { targetVolumeAttributesClassName?: string };
    };
  };
  const names = [
    spec?.volumeAttributesClassName,
    status?.currentVolumeAttributesClassName,
    status?.modifyVolumeStatus?.targetVolumeAttributesClassName,
  ].filter((name) => name !== undefined && name !== '');
  return matchesName(selector, new Set(names as string[]));
}

/** As a label selector over the names; without one, what is not there matches what must not be there. */
function matchesName(
  { operator, values = [] }: ScopedResourceSelectorRequirement,
  names: ReadonlySet<string>,
): boolean {
  if (operator === 'Exists') return names.size > 0;
  if (operator === 'DoesNotExist') return names.size === 0;
  const included = values.some((value) => names.has(value));
  return operator === 'In' ? included : !included;
}

function matchesScope(selector: ScopedResourceSelectorRequirement, pod: Pod): boolean {
  const { activeDeadlineSeconds, priorityClassName = '', affinity } = pod.spec ?? {};
  switch (selector.scopeName as string) {
    case 'Terminating':
      return isTerminating(activeDeadlineSeconds);
    case 'NotTerminating':
      return !isTerminating(activeDeadlineSeconds);
    case 'BestEffort':
      return podQosClass(pod) === 'BestEffort';
    case 'NotBestEffort':
      return podQosClass(pod) !== 'BestEffort';
    case 'PriorityClass':
      return matchesName(selector, new Set(priorityClassName === '' ? [] : [priorityClassName]));
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

const isTerminating = (deadline: number | undefined): boolean => (deadline ?? -1) >= 0;

/** What containers must say because the quota counts it: `must specify cpu for: a,b; memory for: a`. */
export function unspecified(quota: ResourceQuota, pod: Pod): string | undefined {
  // Who speaks for the whole pod has said enough.
  if (podLevelResources(pod)) return undefined;
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
