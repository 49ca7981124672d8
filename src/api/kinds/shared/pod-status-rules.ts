// Which changes of a pod's status are refused: containers that ended come back, addresses that are none. Upstream:
// ValidatePodStatusUpdate, ValidateContainerStateTransition, validatePodIPs, validateContainerStatusUsers.
import type * as core from 'kubernetes-types/core/v1.js';
import { dns1123SubdomainErrors, rangeMessage } from '../../names.ts';
import { type FieldErrors, GoStruct } from '../../validation.ts';
import { dnsSubdomain, immutable, ipAddress, ipFamily, push, qualifiedName } from './field-rules.ts';
import { validateAnnotationUpdates, validatePodAnnotations } from './pod-annotations.ts';
import { dropPodStatus } from './pod-disabled.ts';
import type { Container, Pod } from './pod-types.ts';

interface AllocatedStatus {
  name?: string;
  resources?: { resourceID?: string; health?: string }[];
}
type Status = core.ContainerStatus & {
  user?: { linux?: { uid?: number; gid?: number; supplementalGroups?: number[] } };
  allocatedResourcesStatus?: AllocatedStatus[];
};
type Statuses = readonly Status[] | undefined;

function noRevival(
  errors: FieldErrors,
  path: string,
  now: Statuses,
  old: Statuses,
  restart: string,
  mayRestart?: ReadonlySet<string>,
): void {
  if (restart === 'Always') return;
  old?.forEach((before, i) => {
    const ended = before.state?.terminated;
    if (!ended || (ended.exitCode !== 0 && restart === 'OnFailure') || mayRestart?.has(before.name)) return;
    for (const after of now ?? []) {
      if (after.name !== before.name || after.state?.terminated) continue;
      errors.forbidden(`${path}[${i}].state`, 'may not be transitioned to non-terminated state');
    }
  });
}

/** One of each family at most, and none twice. */
function addresses(errors: FieldErrors, path: string, list: readonly { ip?: string }[]): void {
  list.forEach(({ ip }, i) => ipAddress(errors, `${path}[${i}]`, ip));
  if (list.length < 2) return;
  const families = list.map(({ ip }) => ipFamily(ip ?? ''));
  if (list.length > 2 || !families.includes(4) || !families.includes(6)) {
    const shown = list.map(({ ip }) => new GoStruct({ IP: ip ?? '' }));
    errors.invalid(path, shown, 'may specify no more than one IP for each IP family');
  }
  const seen = new Set<string>();
  list.forEach(({ ip = '' }, i) => {
    if (seen.has(ip)) errors.duplicate(`${path}[${i}]`, new GoStruct({ IP: ip }));
    seen.add(ip);
  });
}

const MAX_ID = 2147483647;
function id(errors: FieldErrors, field: string, value = 0): void {
  if (value < 0 || value > MAX_ID) errors.invalid(field, value, rangeMessage(0, MAX_ID));
}

function users(errors: FieldErrors, path: string, statuses: Statuses, os: string): void {
  statuses?.forEach(({ user }, i) => {
    if (!user?.linux) return;
    const field = `${path}[${i}].linux`;
    if (os === 'windows') return errors.forbidden(field, 'cannot be set for a windows pod');
    id(errors, `${field}.uid`, user.linux.uid);
    id(errors, `${field}.gid`, user.linux.gid);
    user.linux.supplementalGroups?.forEach((g, j) => id(errors, `${field}.supplementalGroups[${j}]`, g));
  });
}

const HEALTH = ['Healthy', 'Unhealthy', 'Unknown'];
const OF_CLAIM =
  "must match one of the container's resource claims in a format 'claim:<claimName>/<request>' or 'claim:<claimName>' if request is empty";

function isKnownResource(container: Container, name: string): boolean {
  if (!name.startsWith('claim:')) return Object.hasOwn(container.resources?.requests ?? {}, name);
  const claims = container.resources?.claims ?? [];
  return claims.some((c) => name === `claim:${c.name}${c.request ? `/${c.request}` : ''}`);
}

function allocated(
  errors: FieldErrors,
  path: string,
  statuses: Statuses,
  containers: readonly Container[] | undefined,
): void {
  statuses?.forEach((status, i) => {
    status.allocatedResourcesStatus?.forEach(({ name = '', resources = [] }, j) => {
      const field = `${path}[${i}].allocatedResourcesStatus[${j}]`;
      const container = containers?.find((c) => c.name === status.name);
      if (container && !isKnownResource(container, name)) {
        const why = name.startsWith('claim:') ? OF_CLAIM : "must match one of the container's resource requests";
        errors.invalid(`${field}.name`, name, why);
      }
      const seen = new Set<string>();
      resources.forEach(({ resourceID = '', health = '' }, k) => {
        const at = `${field}.resources[${k}]`;
        if (!HEALTH.includes(health)) errors.notSupported(`${at}.health`, health, HEALTH);
        if (seen.has(resourceID)) errors.duplicate(`${at}.resourceID`, resourceID);
        seen.add(resourceID);
      });
    });
  });
}

interface ClaimStatus {
  name: string;
  resourceClaimName?: string;
}

function claims(errors: FieldErrors, pod: Pod): void {
  const list = pod.status?.resourceClaimStatuses as ClaimStatus[] | undefined;
  const seen = new Set<string>();
  list?.forEach(({ name, resourceClaimName }, i) => {
    const field = `status.resourceClaimStatuses[${i}].name`;
    if (!pod.spec?.resourceClaims?.some((c) => c.name === name)) {
      errors.invalid(field, name, 'must match the name of an entry in `spec.resourceClaims`');
    }
    if (seen.has(name)) errors.duplicate(field, name);
    seen.add(name);
    if (resourceClaimName != null) dnsSubdomain(errors, field, resourceClaimName);
  });
}

interface Observed {
  type?: string;
  observedGeneration?: number;
}

/** Who leaves out which generation it saw does not clear it. Upstream: preserveOldObservedGeneration. */
function keepObserved(now: Observed & { conditions?: Observed[] }, old: Observed & { conditions?: Observed[] }): void {
  if (!now.observedGeneration && old.observedGeneration) now.observedGeneration = old.observedGeneration;
  // There may be several of one type.
  const before = [...(old.conditions ?? [])];
  for (const condition of now.conditions ?? []) {
    const i = before.findIndex((c) => c.type === condition.type);
    const [same] = i < 0 ? [] : before.splice(i, 1);
    if (!condition.observedGeneration && same?.observedGeneration) {
      condition.observedGeneration = same.observedGeneration;
    }
  }
}

/** Upstream: podStatusStrategy.PrepareForUpdate. */
export function preparePodStatus(pod: Pod, old: Pod): void {
  const now = (pod.status ??= {});
  // Old nodes drop it when they refuse a pod.
  if (!now.qosClass && old.status?.qosClass) now.qosClass = old.status.qosClass;
  keepObserved(now as Observed, (old.status ?? {}) as Observed);
  dropPodStatus(now, old.status);
}

const SYSTEM_CONDITIONS = new Set(['PodScheduled', 'Ready', 'Initialized']);
const LISTS = ['containerStatuses', 'initContainerStatuses', 'ephemeralContainerStatuses'] as const;

function containerStatuses(errors: FieldErrors, pod: Pod, oldPod: Pod): void {
  const [now, old] = [pod.status ?? {}, oldPod.status ?? {}];
  const restart = oldPod.spec?.restartPolicy ?? 'Always';
  const inits = oldPod.spec?.initContainers;
  const sidecars = inits && new Set(inits.filter((c) => c.restartPolicy === 'Always').map((c) => c.name));
  for (const list of LISTS) {
    const policy = list === 'ephemeralContainerStatuses' ? 'Never' : restart;
    const mayRestart = list === 'initContainerStatuses' ? sidecars : undefined;
    noRevival(errors, `status.${list}`, now[list], old[list], policy, mayRestart);
  }
}

export function validatePodStatus(pod: Pod, oldPod: Pod, errors: FieldErrors): void {
  const [now, old] = [pod.status ?? {}, oldPod.status ?? {}];
  const annotations = pod.metadata?.annotations;
  validateAnnotationUpdates(errors, 'metadata.annotations', annotations, oldPod.metadata?.annotations);
  if (pod.spec) validatePodAnnotations(errors, 'metadata.annotations', annotations, pod.spec);
  now.conditions?.forEach((condition, i) => {
    // Upstream's path says metadata.
    if (SYSTEM_CONDITIONS.has(condition.type)) return;
    qualifiedName(errors, `metadata.conditions[${i}].Type`, condition.type ?? '');
  });
  if (now.nominatedNodeName && now.nominatedNodeName !== old.nominatedNodeName) {
    push(errors, 'status.nominatedNodeName', now.nominatedNodeName, dns1123SubdomainErrors(now.nominatedNodeName));
  }
  immutable(errors, 'status.qosClass', now.qosClass ?? '', old.qosClass ?? '');
  containerStatuses(errors, pod, oldPod);
  if (now.resourceClaimStatuses?.length) claims(errors, pod);
  if (now.podIPs?.length) addresses(errors, 'status.podIPs', now.podIPs);
  if (now.hostIPs?.length) {
    const first = now.hostIPs[0]!.ip;
    if (now.hostIP !== first) errors.invalid('status.hostIPs[0].ip', first ?? '', 'must be equal to `hostIP`');
    addresses(errors, 'status.hostIPs', now.hostIPs);
  }
  const os = pod.spec?.os?.name ?? 'linux';
  for (const list of LISTS) users(errors, `status.${list}`, now[list], os);
  allocated(errors, 'status.containerStatuses', now.containerStatuses, pod.spec?.containers);
  allocated(errors, 'status.initContainerStatuses', now.initContainerStatuses, pod.spec?.initContainers);
  (now.ephemeralContainerStatuses as Statuses)?.forEach((status, i) => {
    if (!status.allocatedResourcesStatus?.length) return;
    const field = `status.ephemeralContainerStatuses[${i}].allocatedResourcesStatus`;
    errors.forbidden(field, 'must not be specified in container status');
  });
}
