// What the subresources of a pod may change: `ephemeralcontainers` adds containers, `resize` changes the resources of
// running ones. Upstream: ValidatePodEphemeralContainersUpdate, ValidatePodResize, the strategies of both in
// pkg/registry/core/pod/strategy.go.
import { differences, semanticEqual } from '../../equal.ts';
import { podQosClass } from '../../pod-status.ts';
import type { Unstructured } from '../../types.ts';
import type { FieldErrors } from '../../validation.ts';
import { validateAnnotationUpdates } from './pod-annotations.ts';
import { dropPodSpec } from './pod-disabled.ts';
import type { Container, Pod, PodSpec } from './pod-types.ts';
import type { ResourceList } from './resource-list.ts';
import { KEPT_BY_STATUS } from './workloads.ts';

const MIRROR = 'kubernetes.io/config.mirror';
/** How upstream's path of the whole object prints. */
const WHOLE = '[]';

/** Only what the endpoint is for comes from the request. */
function keepRest(draft: Unstructured, old: Unstructured, spec: PodSpec): void {
  for (const field of KEPT_BY_STATUS) {
    if (old.metadata[field] === undefined) delete draft.metadata[field];
    else (draft.metadata as Record<string, unknown>)[field] = old.metadata[field];
  }
  draft['spec'] = spec;
  draft['status'] = old['status'];
  dropPodSpec(spec, old['spec'] as PodSpec);
}

/** Upstream: dropNonEphemeralContainerUpdates. */
export function prepareEphemeralContainers(draft: Unstructured, old: Unstructured): void {
  const { ephemeralContainers } = draft['spec'] as PodSpec;
  const { ephemeralContainers: _before, ...rest } = old['spec'] as PodSpec;
  keepRest(draft, old, { ...rest, ...(ephemeralContainers ? { ephemeralContainers } : {}) });
}

/** The old containers with the new resources; other containers, or another order, are left for the rules to refuse. */
function resized(now: Container[] = [], old: Container[] = []): Container[] {
  if (now.some((c, i) => c.name !== old[i]?.name)) return now;
  return old.map((container, i) => {
    const { resources: _resources, resizePolicy: _policy, ...rest } = container;
    const { resources, resizePolicy } = now[i]!;
    return { ...rest, ...(resources ? { resources } : {}), ...(resizePolicy ? { resizePolicy } : {}) };
  });
}

/** Upstream: dropNonResizeUpdates. */
export function prepareResize(draft: Unstructured, old: Unstructured): void {
  const [now, before] = [draft['spec'] as PodSpec, old['spec'] as PodSpec];
  const isSame = (list: 'containers' | 'initContainers') => now[list]?.length === before[list]?.length;
  if (!isSame('containers') || !isSame('initContainers')) return;
  const spec = { ...before, containers: resized(now.containers, before.containers) };
  if (before.initContainers) spec.initContainers = resized(now.initContainers, before.initContainers);
  keepRest(draft, old, spec);
}

const isMirror = (pod: Pod): boolean => pod.metadata?.annotations?.[MIRROR] !== undefined;

/** Containers may be added, never changed or removed. */
export function validateEphemeralContainersUpdate(pod: Pod, oldPod: Pod, errors: FieldErrors): void {
  if (isMirror(oldPod)) return errors.forbidden(WHOLE, 'static pods do not support ephemeral containers');
  validateAnnotationUpdates(errors, 'metadata.annotations', pod.metadata?.annotations, oldPod.metadata?.annotations);
  for (const old of oldPod.spec?.ephemeralContainers ?? []) {
    const now = pod.spec?.ephemeralContainers?.find((c) => c.name === old.name);
    const which = `existing ephemeral containers ${JSON.stringify(old.name)}`;
    if (!now) errors.forbidden('spec.ephemeralContainers', `${which} may not be removed\n`);
    else if (!semanticEqual(now, old)) {
      errors.forbidden('spec.ephemeralContainers', `${which} may not be changed\n${differences(old, now).join('\n')}`);
    }
  }
}

const isRemoved = (now: ResourceList = {}, old: ResourceList = {}): boolean =>
  Object.keys(old).some((name) => !Object.hasOwn(now, name));

function keptResources(errors: FieldErrors, path: string, now: Container | undefined, old: Container): void {
  for (const which of ['requests', 'limits'] as const) {
    if (!isRemoved(now?.resources?.[which], old.resources?.[which])) continue;
    errors.forbidden(`${path}.${which}`, `resource ${which} cannot be removed`);
  }
}

/** Only these two can be changed while a container runs. */
function withOldComputeResources(list: ResourceList | undefined, old: ResourceList | undefined) {
  if (!old) return undefined;
  const { cpu: _cpu, memory: _memory, ...rest } = list ?? {};
  const { cpu, memory } = old;
  return { ...rest, ...(cpu === undefined ? {} : { cpu }), ...(memory === undefined ? {} : { memory }) };
}

function isResizedOnly(now: Container | undefined, old: Container): boolean {
  if (!now) return false;
  const resources = {
    limits: withOldComputeResources(now.resources?.limits, old.resources?.limits),
    requests: withOldComputeResources(now.resources?.requests, old.resources?.requests),
  };
  return semanticEqual({ ...now, resources }, old);
}

const isSidecar = (c: Container): boolean => c.restartPolicy === 'Always';

/** The node must say what containers have: else it knows nothing of resizing. */
function isSupported({ status }: Pod): boolean {
  const running = status?.containerStatuses?.find((c) => c.state?.running);
  return !running || running.resources !== undefined;
}

const hasPodResources = ({ spec }: Pod): boolean => {
  const { requests = {}, limits = {} } = spec?.resources ?? {};
  return Object.keys(requests).length + Object.keys(limits).length > 0;
};

function whatNever(pod: Pod, old: Pod): string | undefined {
  if (hasPodResources(pod) || hasPodResources(old)) return 'pods with pod-level resources cannot be resized';
  if (isMirror(old)) return 'static pods cannot be resized';
  return old.spec?.os?.name === 'windows' ? 'windows pods cannot be resized' : undefined;
}

/** Upstream: validatePodResizeContainerOrdering. */
function ordered(errors: FieldErrors, list: 'containers' | 'initContainers', now: PodSpec, old: PodSpec): boolean {
  const [after, before] = [now[list] ?? [], old[list] ?? []];
  if (after.length !== before.length) {
    errors.forbidden(`spec.${list}`, `${list} may not be added or removed on resize`);
    return false;
  }
  let isOrdered = true;
  before.forEach((container, i) => {
    if (after[i]!.name === container.name) return;
    errors.forbidden(`spec.${list}[${i}].name`, `${list} may not be renamed or reordered on resize`);
    isOrdered = false;
  });
  return isOrdered;
}

type PodForQos = Parameters<typeof podQosClass>[0];

export function validatePodResize(pod: Pod, old: Pod, errors: FieldErrors): void {
  const never = whatNever(pod, old);
  if (never) return errors.forbidden(WHOLE, never);
  const [now, before] = [pod.spec!, old.spec!];
  const qos = old.status?.qosClass ?? podQosClass(old as PodForQos);
  if (qos !== podQosClass(pod as PodForQos)) {
    errors.invalid('spec', pod.status?.qosClass ?? '', 'Pod QOS Class may not change as a result of resizing');
  }
  if (!isSupported(old)) errors.forbidden('spec', 'Pod running on node without support for resize');
  const [containers, inits] = [
    ordered(errors, 'containers', now, before),
    ordered(errors, 'initContainers', now, before),
  ];
  if (!containers || !inits) return;
  before.initContainers?.forEach((c, i) => {
    if (isSidecar(c)) keptResources(errors, `spec.initContainers[${i}].resources`, now.initContainers?.[i], c);
  });
  before.containers?.forEach((c, i) => {
    keptResources(errors, `spec.containers[${i}].resources`, now.containers?.[i], c);
  });
  before.containers?.forEach((c, i) => {
    if (isResizedOnly(now.containers?.[i], c)) return;
    errors.forbidden('spec', 'only cpu and memory resources are mutable');
  });
  before.initContainers?.forEach((c, i) => {
    const after = now.initContainers?.[i];
    if (isSidecar(c)) {
      if (isResizedOnly(after, c)) return;
      errors.forbidden('spec', 'only cpu and memory resources for sidecar containers are mutable');
    } else if (!semanticEqual(after, c)) {
      errors.forbidden('spec', 'resources for non-sidecar init containers are immutable');
    }
  });
}
