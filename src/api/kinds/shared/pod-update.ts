// What may change in a pod that exists. Upstream: ValidatePodUpdate, ValidatePodStatusUpdate,
// ValidatePodEphemeralContainersUpdate.
import type * as core from 'kubernetes-types/core/v1.js';
import { differences, semanticEqual } from '../../equal.ts';
import { dns1123SubdomainErrors, rangeMessage } from '../../names.ts';
import type { FieldErrors } from '../../validation.ts';
import { immutable, ipAddress, push, qualifiedName } from './field-rules.ts';
import type { Container, Pod, PodSpec } from './pod-types.ts';

const UPDATABLE = [
  '`spec.containers[*].image`',
  '`spec.initContainers[*].image`',
  '`spec.activeDeadlineSeconds`',
  '`spec.tolerations` (only additions to existing tolerations)',
  '`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)',
].join(',');
const MAX_INT32 = 2147483647;

function sameNumber(errors: FieldErrors, path: string, now: readonly Container[], old: readonly Container[]): boolean {
  if (now.length !== old.length) {
    errors.forbidden(path, 'pod updates may not add or remove containers');
    return false;
  }
  now.forEach((c, i) => {
    if (!c.image) errors.required(`${path}[${i}].image`);
  });
  return true;
}

function deadline(errors: FieldErrors, now: number | undefined, old: number | undefined): boolean {
  const field = 'spec.activeDeadlineSeconds';
  if (now == null) {
    if (old != null) errors.invalid(field, null, 'must not update from a positive integer to nil value');
    return true;
  }
  if (now < 0 || now > MAX_INT32) errors.invalid(field, now, rangeMessage(0, MAX_INT32));
  else if (old != null && old < now) errors.invalid(field, now, 'must be less than or equal to previous value');
  else return true;
  return false;
}

function tolerations(errors: FieldErrors, now: readonly core.Toleration[], old: readonly core.Toleration[]): void {
  const kept = old.every((o) =>
    now.some((n) => semanticEqual({ ...o, tolerationSeconds: 0 }, { ...n, tolerationSeconds: 0 })),
  );
  if (!kept)
    errors.forbidden('spec.tolerations', 'existing toleration can not be modified except its tolerationSeconds');
}

function schedulingGates(errors: FieldErrors, now: PodSpec, old: PodSpec): void {
  const before = new Set(old.schedulingGates?.map((g) => g.name));
  now.schedulingGates?.forEach((gate, i) => {
    if (before.has(gate.name)) return;
    const why = `only deletion is allowed, but found new scheduling gate '${gate.name}'`;
    errors.forbidden(`spec.schedulingGates[${i}].name`, why);
  });
}

const withImages = (now: readonly Container[] | undefined, old: readonly Container[] | undefined) =>
  now?.map((c, i) => ({ ...c, image: old?.[i]?.image }));

/** The new spec with everything that may change set back. */
function munged(now: PodSpec, old: PodSpec): object {
  const spec: Record<string, unknown> = {
    ...now,
    containers: withImages(now.containers, old.containers),
    initContainers: withImages(now.initContainers, old.initContainers),
    activeDeadlineSeconds: old.activeDeadlineSeconds,
    schedulingGates: old.schedulingGates,
    tolerations: old.tolerations,
  };
  const [grace, oldGrace] = [now.terminationGracePeriodSeconds, old.terminationGracePeriodSeconds];
  if (oldGrace != null && oldGrace < 0 && grace === 1) spec['terminationGracePeriodSeconds'] = oldGrace;
  return spec;
}

function gatedChanges(errors: FieldErrors, spec: Record<string, unknown>, now: PodSpec, old: PodSpec): void {
  for (const key in old.nodeSelector) {
    if (now.nodeSelector?.[key] === old.nodeSelector[key]) continue;
    const why = 'only additions to spec.nodeSelector are allowed (no mutations or deletions)';
    errors.invalid('spec.nodeSelector', now.nodeSelector ?? {}, why);
  }
  spec['nodeSelector'] = old.nodeSelector;
  if (now.affinity || old.affinity) {
    spec['affinity'] = { ...now.affinity, nodeAffinity: old.affinity?.nodeAffinity };
  }
}

export function validatePodUpdate(pod: Pod, oldPod: Pod, errors: FieldErrors): void {
  const [now, old] = [pod.spec!, oldPod.spec!];
  if (!sameNumber(errors, 'spec.containers', now.containers ?? [], old.containers ?? [])) return;
  if (!sameNumber(errors, 'spec.initContainers', now.initContainers ?? [], old.initContainers ?? [])) return;
  if (!deadline(errors, now.activeDeadlineSeconds, old.activeDeadlineSeconds)) return;
  tolerations(errors, now.tolerations ?? [], old.tolerations ?? []);
  schedulingGates(errors, now, old);
  if (semanticEqual(now, old)) return;
  const spec = munged(now, old) as Record<string, unknown>;
  if (old.schedulingGates?.length) gatedChanges(errors, spec, now, old);
  if (semanticEqual(spec, old)) return;
  const changes = differences(old, spec, 'spec').join('\n');
  errors.forbidden('spec', `pod updates may not change fields other than ${UPDATABLE}\n${changes}\n`);
}

type Statuses = readonly core.ContainerStatus[] | undefined;

function noRevival(errors: FieldErrors, path: string, now: Statuses, old: Statuses, restart: string): void {
  if (restart === 'Always') return;
  old?.forEach((before, i) => {
    const ended = before.state?.terminated;
    if (!ended || (ended.exitCode !== 0 && restart === 'OnFailure')) return;
    const after = now?.find((s) => s.name === before.name);
    if (after && !after.state?.terminated) {
      errors.forbidden(`${path}[${i}].state`, 'may not be transitioned to non-terminated state');
    }
  });
}

const SYSTEM_CONDITIONS = new Set(['PodScheduled', 'Ready', 'Initialized', 'ContainersReady']);

export function validatePodStatus(pod: Pod, oldPod: Pod, errors: FieldErrors): void {
  const [now, old] = [pod.status ?? {}, oldPod.status ?? {}];
  now.conditions?.forEach((condition, i) => {
    if (!SYSTEM_CONDITIONS.has(condition.type)) {
      qualifiedName(errors, `status.conditions[${i}].Type`, condition.type ?? '');
    }
  });
  if ((pod.spec?.nodeName ?? '') !== (oldPod.spec?.nodeName ?? '')) {
    errors.forbidden('status.nodeName', 'may not be changed directly');
  }
  if (now.nominatedNodeName && now.nominatedNodeName !== old.nominatedNodeName) {
    push(errors, 'status.nominatedNodeName', now.nominatedNodeName, dns1123SubdomainErrors(now.nominatedNodeName));
  }
  // Absent is kept as it was by the server: old nodes drop it.
  if (now.qosClass) immutable(errors, 'status.qosClass', now.qosClass, old.qosClass);
  const restart = oldPod.spec?.restartPolicy ?? 'Always';
  noRevival(errors, 'status.containerStatuses', now.containerStatuses, old.containerStatuses, restart);
  const sidecars = new Set(oldPod.spec?.initContainers?.filter((c) => c.restartPolicy === 'Always').map((c) => c.name));
  const oldInit = old.initContainerStatuses?.filter((s) => !sidecars.has(s.name));
  noRevival(errors, 'status.initContainerStatuses', now.initContainerStatuses, oldInit, restart);
  const path = 'status.ephemeralContainerStatuses';
  noRevival(errors, path, now.ephemeralContainerStatuses, old.ephemeralContainerStatuses, 'Never');
  now.podIPs?.forEach((address, i) => ipAddress(errors, `status.podIPs[${i}]`, address.ip));
  now.hostIPs?.forEach((address, i) => ipAddress(errors, `status.hostIPs[${i}]`, address.ip));
  if (now.hostIPs?.length && now.hostIP !== now.hostIPs[0]!.ip) {
    errors.invalid('status.hostIPs[0].ip', now.hostIPs[0]!.ip, 'must be equal to `hostIP`');
  }
}

/** For the subresource `ephemeralcontainers`: containers may be added, never changed or removed. */
export function validateEphemeralContainersUpdate(pod: Pod, oldPod: Pod, errors: FieldErrors): void {
  for (const old of oldPod.spec?.ephemeralContainers ?? []) {
    const now = pod.spec?.ephemeralContainers?.find((c) => c.name === old.name);
    const which = `existing ephemeral containers ${JSON.stringify(old.name)}`;
    if (!now) errors.forbidden('spec.ephemeralContainers', `${which} may not be removed\n`);
    else if (!semanticEqual(now, old)) {
      errors.forbidden('spec.ephemeralContainers', `${which} may not be changed\n${differences(old, now).join('\n')}`);
    }
  }
}
