// Lists of resources (`cpu: 100m`): canonical quantities, names, and the relation of requests to limits.
// Upstream: pkg/apis/core/helper/helpers.go, validateResourceRequirements.
import { qualifiedNameErrors } from '../../names.ts';
import { canonicalResource, compareQuantities, quantityMilliValue, tryParseQuantity } from '../../quantity.ts';
import type { FieldErrors } from '../../validation.ts';
import { NOT_NEGATIVE, dnsLabel, qualifiedName } from './field-rules.ts';

export type ResourceList = Record<string, string>;
export interface ResourceRequirements {
  limits?: ResourceList;
  requests?: ResourceList;
  claims?: { name: string; request?: string }[];
}

const STANDARD_CONTAINER = new Set(['cpu', 'memory', 'ephemeral-storage']);
const INTEGER = new Set([
  'pods',
  'services',
  'replicationcontrollers',
  'resourcequotas',
  'secrets',
  'configmaps',
  'persistentvolumeclaims',
  'services.nodeports',
  'services.loadbalancers',
]);
const STANDARD = new Set([
  ...STANDARD_CONTAINER,
  ...INTEGER,
  ...['cpu', 'memory', 'ephemeral-storage'].flatMap((r) => [`requests.${r}`, `limits.${r}`]),
  'storage',
  'requests.storage',
]);

const NO_QUOTA = new Set(['storage']);

const isHugePages = (name: string): boolean => name.startsWith('hugepages-');
const isNative = (name: string): boolean => !name.includes('/') || name.includes('kubernetes.io/');
export const overcommitAllowed = (name: string): boolean => isNative(name) && !isHugePages(name);
export const isStandardResource = (name: string): boolean =>
  STANDARD.has(name) || isHugePages(name) || name.startsWith('requests.hugepages-');

/** Upstream: IsStandardQuotaResourceName. */
export const isQuotaResource = (name: string): boolean => isStandardResource(name) && !NO_QUOTA.has(name);

/** Upstream: IsExtendedResourceName. */
export function isExtendedResource(name: string): boolean {
  if (isNative(name) || name.startsWith('requests.')) return false;
  return qualifiedNameErrors(`requests.${name}`).length === 0;
}

/** SetDefaults_ResourceList: canonical, rounded up to thousandths. */
export function defaultResourceList(list: ResourceList | null | undefined): void {
  if (!list) return;
  for (const name in list) {
    const given = list[name] as string | number;
    const value = canonicalResource(given);
    if (value !== given) list[name] = value;
  }
}

export function resourceName(errors: FieldErrors, field: string, name: string): boolean {
  const before = errors.list.length;
  qualifiedName(errors, field, name);
  if (errors.list.length > before) return false;
  if (name.includes('/') || isStandardResource(name)) return true;
  errors.invalid(field, name, 'must be a standard resource type or fully qualified');
  return false;
}

export function containerResourceName(errors: FieldErrors, field: string, name: string): void {
  if (STANDARD_CONTAINER.has(name)) return;
  resourceName(errors, field, name);
  if (!name.includes('/')) {
    if (!isHugePages(name)) errors.invalid(field, name, 'must be a standard resource for containers');
  } else if (!isNative(name) && !isExtendedResource(name)) {
    errors.invalid(field, name, "doesn't follow extended resource name standard");
  }
}

/** Of a whole pod. Upstream: validatePodResourceName. */
function podResourceName(errors: FieldErrors, field: string, name: string): void {
  if (name === 'cpu' || name === 'memory' || !resourceName(errors, field, name)) return;
  if (!isHugePages(name)) errors.notSupported(field, name, ['cpu', 'hugepages-', 'memory']);
}

/** Upstream: ValidateResourceQuotaResourceName. */
export function quotaResourceName(errors: FieldErrors, field: string, name: string): void {
  resourceName(errors, field, name);
  if (!name.includes('/') && !isQuotaResource(name))
    errors.invalid(field, name, 'must be a standard resource for quota');
}

/** ValidateResourceQuantityValue. */
export function resourceQuantity(errors: FieldErrors, field: string, name: string, value: string): void {
  const quantity = tryParseQuantity(value);
  if (!quantity) return errors.invalid(field, value, 'must be a valid resource quantity');
  if (quantity.nanos < 0n) errors.invalid(field, value, NOT_NEGATIVE);
  if ((INTEGER.has(name) || isExtendedResource(name)) && quantityMilliValue(quantity) % 1000n !== 0n) {
    errors.invalid(field, value, 'must be an integer');
  }
}

function hugePages(errors: FieldErrors, field: string, name: string, value: string): void {
  const [page, have] = [tryParseQuantity(name.slice('hugepages-'.length)), tryParseQuantity(value)];
  if (page && have && page.nanos > 0n && have.nanos > 0n && have.nanos % page.nanos === 0n) return;
  errors.invalid(field, value, `${value} is not positive integer multiple of ${name}`);
}

function request(
  errors: FieldErrors,
  path: string,
  name: string,
  value: string,
  limits: ResourceList | undefined,
): void {
  const limit = limits?.[name];
  if (limit === undefined) {
    if (!overcommitAllowed(name)) {
      errors.required(`${path}.limits`, 'Limit must be set for non overcommitable resources');
    }
    return;
  }
  if (value === limit || !tryParseQuantity(value) || !tryParseQuantity(limit)) return;
  const order = compareQuantities(value, limit);
  if (order !== 0 && !overcommitAllowed(name)) {
    errors.invalid(`${path}.requests`, value, `must be equal to ${name} limit of ${limit}`);
  } else if (order > 0) {
    errors.invalid(`${path}.requests`, value, `must be less than or equal to ${name} limit of ${limit}`);
  }
}

type NameRule = (errors: FieldErrors, field: string, name: string) => void;

/** ValidateContainerResourceRequirements. */
export function resourceRequirements(
  errors: FieldErrors,
  path: string,
  resources: ResourceRequirements | undefined,
  claimNames: readonly string[],
  nameRule: NameRule = containerResourceName,
): void {
  if (!resources) return;
  const { limits } = resources;
  let [computes, huge] = [false, false];
  for (const which of ['limits', 'requests'] as const) {
    const list = resources[which];
    for (const name in list) {
      const value = list[name]!;
      const field = `${path}.${which}[${name}]`;
      nameRule(errors, field, name);
      resourceQuantity(errors, field, name, value);
      if (which === 'requests') request(errors, path, name, value, limits);
      if (name === 'cpu' || name === 'memory') computes = true;
      else if (isHugePages(name)) {
        huge = true;
        hugePages(errors, field, name, value);
      }
    }
  }
  if (huge && !computes) errors.forbidden(path, 'HugePages require cpu or memory');
  if (resources.claims?.length) resourceClaims(errors, `${path}.claims`, resources.claims, claimNames);
}

/** Of a whole pod. Upstream: validatePodResources, less the comparison with the containers. */
export function podResourceRequirements(errors: FieldErrors, path: string, resources: ResourceRequirements): void {
  if (resources.claims) errors.forbidden(`${path}.claims`, 'claims cannot be set for Resources at pod-level');
  resourceRequirements(errors, path, resources, [], podResourceName);
}

/** Upstream: validateResourceClaimNames. */
function resourceClaims(
  errors: FieldErrors,
  path: string,
  claims: { name: string; request?: string }[],
  podClaims: readonly string[],
): void {
  const seen = new Set<string>();
  claims.forEach(({ name, request: part }, i) => {
    const field = `${path}[${i}]`;
    if (!name) return errors.required(field);
    if (seen.has(name)) errors.duplicate(field, name);
    else {
      const key = part ? `${name}/${part}` : name;
      if (part) dnsLabel(errors, `${field}.request`, part);
      if (seen.has(key)) errors.duplicate(field, key);
      else if (!part) for (const other of seen) if (other.startsWith(`${name}/`)) errors.duplicate(field, name);
      seen.add(key);
    }
    if (podClaims.includes(name)) return;
    const known = podClaims.length ? `: ${[...podClaims].sort().join(', ')}` : ' which is empty';
    errors.notFound(field, name, `must be one of the names in pod.spec.resourceClaims${known}`);
  });
}
