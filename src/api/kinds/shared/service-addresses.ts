// Rules for a service's addresses and their families. The cluster has one family, IPv4; a headless service without a
// selector may say that its own endpoints have both. Upstream: ValidateServiceClusterIPsRelatedFields,
// validateUpgradeDowngradeClusterIPs, validateUpgradeDowngradeIPFamilies, initIPFamilyFields (storage/alloc.go).
import type { FieldErrors } from '../../validation.ts';
import { ipAddress, ipFamily } from './field-rules.ts';
import type { ServiceSpec } from './service-spec.ts';

const FAMILIES = ['IPv4', 'IPv6'];
const POLICIES = ['PreferDualStack', 'RequireDualStack', 'SingleStack'];
const NONE = 'None';
const CLUSTER_FAMILY = 'IPv4';

export const isHeadless = (spec: ServiceSpec): boolean => spec.clusterIPs?.length === 1 && spec.clusterIPs[0] === NONE;
const isOpen = (spec: ServiceSpec): boolean => spec.clusterIP === NONE && Object.keys(spec.selector ?? {}).length === 0;

function families(errors: FieldErrors, spec: ServiceSpec): void {
  const list = spec.ipFamilies ?? [];
  list.forEach((family, i) => {
    if (!FAMILIES.includes(family)) errors.notSupported(`spec.ipFamilies[${i}]`, family, FAMILIES);
    if (list.indexOf(family) < i) errors.duplicate(`spec.ipFamilies[${i}]`, family);
  });
  const policy = spec.ipFamilyPolicy;
  if (policy != null && !POLICIES.includes(policy)) errors.notSupported('spec.ipFamilyPolicy', policy, POLICIES);
}

/** Answers whether all are addresses. */
function addresses(errors: FieldErrors, list: readonly string[]): boolean {
  let valid = true;
  list.forEach((address, i) => {
    if (i > 0 || address !== NONE) valid = ipAddress(errors, `spec.clusterIPs[${i}]`, address) && valid;
    else if (list.length > 1) {
      valid = false;
      errors.invalid('spec.clusterIPs', list, "'None' must be the first and only value");
    }
  });
  if (list.length > 2) errors.invalid('spec.clusterIPs', list, 'may only hold up to 2 values');
  return valid;
}

export function validateClusterIps(errors: FieldErrors, spec: ServiceSpec): void {
  if (spec.type === 'ExternalName') return;
  const list = spec.clusterIPs ?? [];
  if (spec.clusterIP) {
    if (!list.length) errors.required('spec.clusterIPs');
    else if (list[0] !== spec.clusterIP) {
      errors.invalid('spec.clusterIPs', list, 'first value must match `clusterIP`');
    }
  } else if (list.length) {
    errors.invalid('spec.clusterIPs', list, 'must be empty when `clusterIP` is not specified');
  }
  families(errors, spec);
  if (!addresses(errors, list)) return;
  if (list.length > 1) {
    const found = list.map((address) => ipFamily(address));
    if (!found.includes(4) || !found.includes(6)) {
      errors.invalid('spec.clusterIPs', list, 'may specify no more than one IP for each IP family');
    }
  }
  if (isHeadless(spec)) return;
  list.forEach((address, i) => {
    const family = spec.ipFamilies?.[i];
    if (!family || !FAMILIES.includes(family) || family === `IPv${ipFamily(address)}`) return;
    const why = `expected an ${family} value as indicated by \`ipFamilies[${i}]\``;
    errors.invalid(`spec.clusterIPs[${i}]`, address, why);
  });
}

/** What this cluster can give; after the rules above, and only when they found nothing. */
export function validateAvailability(errors: FieldErrors, spec: ServiceSpec): void {
  if (spec.type === 'ExternalName') return;
  const before = errors.list.length;
  const [list, wanted, policy] = [spec.clusterIPs ?? [], spec.ipFamilies ?? [], spec.ipFamilyPolicy];
  if (policy === 'SingleStack') {
    const why = "must be 'RequireDualStack' or 'PreferDualStack' when multiple";
    if (list.length === 2) errors.invalid('spec.ipFamilyPolicy', policy, `${why} cluster IPs are specified`);
    if (wanted.length === 2) errors.invalid('spec.ipFamilyPolicy', policy, `${why} IP families are specified`);
  }
  list.forEach((address, i) => {
    if (address === NONE || wanted[i] || ipFamily(address) !== 6) return;
    errors.invalid(`spec.clusterIPs[${i}]`, list, 'IPv6 is not configured on this cluster');
  });
  if (errors.list.length > before || isOpen(spec)) return;
  if (policy === 'RequireDualStack') {
    errors.invalid('spec.ipFamilyPolicy', policy, 'this cluster is not configured for dual-stack services');
  }
  wanted.forEach((family, i) => {
    if (family !== CLUSTER_FAMILY) errors.invalid(`spec.ipFamilies[${i}]`, family, 'not configured on this cluster');
  });
}

const CHANGED = 'may not change once set';

function changedIps(errors: FieldErrors, now: ServiceSpec, old: ServiceSpec): void {
  const [list, before] = [now.clusterIPs ?? [], old.clusterIPs ?? []];
  if (before.length === list.length) {
    before.forEach((address, i) => {
      if (address !== list[i]) errors.invalid(`spec.clusterIPs[${i}]`, list, CHANGED);
    });
    return;
  }
  if (list.length === 0) {
    errors.invalid('spec.clusterIPs[0]', now.clusterIPs ?? null, 'primary clusterIP can not be unset');
  } else if (before.length && list[0] !== before[0]) errors.invalid('spec.clusterIPs[0]', list, CHANGED);
  if (before.length > list.length && list.length === 1 && now.ipFamilyPolicy !== 'SingleStack') {
    const why = "must be set to 'SingleStack' when releasing the secondary clusterIP";
    errors.invalid('spec.ipFamilyPolicy', now.ipFamilyPolicy, why);
  }
}

function changedFamilies(errors: FieldErrors, now: ServiceSpec, old: ServiceSpec): void {
  const [list, before] = [now.ipFamilies ?? [], old.ipFamilies ?? []];
  const field = 'spec.ipFamilies[0]';
  if (before.length === list.length) {
    before.forEach((family, i) => {
      if (family !== list[i]) errors.invalid(field, list, CHANGED);
    });
    return;
  }
  if (before.length > list.length && !now.clusterIPs?.length) {
    errors.invalid(field, list, 'primary ipFamily can not be unset');
  }
  if (before.length && list.length && list[0] !== before[0]) errors.invalid(field, now.clusterIPs, CHANGED);
  if (before.length > list.length && list.length === 1 && now.ipFamilyPolicy !== 'SingleStack') {
    const why = "must be set to 'SingleStack' when releasing the secondary ipFamily";
    errors.invalid('spec.ipFamilyPolicy', now.ipFamilyPolicy, why);
  }
}

/** Whoever comes from or goes to ExternalName starts anew, and headless services have no addresses to keep. */
export function validateAddressUpdate(errors: FieldErrors, now: ServiceSpec, old: ServiceSpec): void {
  if (now.type === 'ExternalName' || old.type === 'ExternalName') return;
  const [headless, was] = [isHeadless(now), isHeadless(old)];
  if (headless && was) return;
  changedIps(errors, now, old);
  if (!headless && !was) changedFamilies(errors, now, old);
}
