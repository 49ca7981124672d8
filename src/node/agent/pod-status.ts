// The status of a pod as the node reports it: a pure function of the pod, what runs, and what the probes say.
// Upstream: kubelet_pods.go generateAPIPodStatus.
import type { Pod, PodCondition, PodStatus } from 'kubernetes-types/core/v1.js';
import { podConditions } from './conditions.ts';
import { type StatusInput, containerStatuses } from './container-status.ts';
import {
  appContainers,
  ephemeralContainers,
  initContainers,
  isHostNetwork,
  isTerminalPhase,
  qosClass,
} from './pod-facts.ts';
import { type Phase, podPhase } from './pod-phase.ts';
import { liveSandbox } from './runtime-state.ts';

export interface PodStatusInput extends StatusInput {
  hostIps: readonly string[];
  /** Containers will not be restarted: the pod is being deleted or has come to its end. */
  terminal: boolean;
  /** The node has ended the pod: phase Failed with this reason. */
  failed?: { reason: string; message: string };
  /** RFC 3339, whole seconds. */
  now: string;
}

export function podStatus(input: PodStatusInput): PodStatus {
  const { pod, runtime, hostIps, now } = input;
  const old = pod.status ?? {};
  const apps = containerStatuses(input, appContainers(pod), 'app', old.containerStatuses);
  const inits = containerStatuses(input, initContainers(pod), 'init', old.initContainerStatuses);
  const ephemeral = containerStatuses(input, ephemeralContainers(pod), 'ephemeral', old.ephemeralContainerStatuses);
  const all = [...inits, ...apps];
  const sandbox = liveSandbox(runtime);
  const ranBefore = apps.some((s) => s.state?.running ?? s.state?.terminated ?? s.lastState?.terminated);

  let phase: Phase = podPhase(pod, all, input.terminal, ranBefore);
  let { reason, message } = old;
  if (input.failed) {
    phase = 'Failed';
    ({ reason, message } = input.failed);
  }
  // A pod does not come back from its end.
  if (isTerminalPhase(old.phase)) phase = old.phase as Phase;
  else if (phase !== old.phase && !input.failed) reason = message = undefined;

  const ips = podIps(pod, sandbox?.ip ?? '', hostIps);
  const generation = (pod.metadata as { generation?: number } | undefined)?.generation;
  return {
    ...(generation !== undefined && { observedGeneration: generation }),
    phase,
    conditions: podConditions(pod, all, phase, sandbox !== undefined, now),
    ...(message && { message }),
    ...(reason && { reason }),
    ...(hostIps[0] && { hostIP: hostIps[0], hostIPs: hostIps.map((ip) => ({ ip })) }),
    ...(ips[0] && { podIP: ips[0], podIPs: ips.map((ip) => ({ ip })) }),
    startTime: old.startTime ?? now,
    ...(inits.length > 0 && { initContainerStatuses: inits }),
    containerStatuses: apps,
    qosClass: qosClass(pod),
    ...(ephemeral.length > 0 && { ephemeralContainerStatuses: ephemeral }),
  } as PodStatus;
}

/** The address stays in the status when the sandbox is gone: clients look up what a finished pod had. */
function podIps(pod: Pod, sandboxIp: string, hostIps: readonly string[]): string[] {
  if (isHostNetwork(pod)) return [...hostIps];
  if (sandboxIp !== '') return [sandboxIp];
  return (pod.status?.podIPs ?? []).flatMap(({ ip }) => (ip ? [ip] : []));
}

/** The pod as its own containers see it, with addresses that the API does not know yet. */
export function withAddresses(pod: Pod, sandboxIp: string, hostIps: readonly string[]): Pod {
  const ips = podIps(pod, sandboxIp, hostIps);
  return {
    ...pod,
    status: {
      ...pod.status,
      ...(hostIps[0] && { hostIP: hostIps[0], hostIPs: hostIps.map((ip) => ({ ip })) }),
      ...(ips[0] && { podIP: ips[0], podIPs: ips.map((ip) => ({ ip })) }),
    },
  };
}

/**
 * A strategic merge patch of what changed, or undefined. Lists with merge keys that must lose entries carry a replace
 * directive; conditions merge by type, so that other writers' conditions survive.
 */
export function statusPatch(pod: Pod, next: PodStatus): object | undefined {
  const old = (pod.status ?? {}) as Record<string, unknown>;
  const patch: Record<string, unknown> = {};
  for (const [field, value] of Object.entries(next)) {
    if (same(old[field], value)) continue;
    if (field === 'podIPs' || field === 'hostIPs') patch[field] = [{ $patch: 'replace' }, ...(value as object[])];
    else if (field === 'conditions') patch[field] = conditionPatch(pod.status?.conditions ?? [], next.conditions ?? []);
    else patch[field] = value;
  }
  for (const field of ['reason', 'message', 'initContainerStatuses']) {
    if (old[field] !== undefined && !(field in next)) patch[field] = null;
  }
  if (Object.keys(patch).length === 0) return undefined;
  return { metadata: { uid: pod.metadata?.uid }, status: patch };
}

/** Conditions that changed; what such a condition no longer says is set to null, because merging keeps it. */
function conditionPatch(old: readonly PodCondition[], next: readonly PodCondition[]): object[] {
  return next.flatMap((condition) => {
    const before = old.find((c) => c.type === condition.type);
    if (same(before, condition)) return [];
    const dropped = Object.keys(before ?? {}).filter((field) => !(field in condition));
    return [{ ...Object.fromEntries(dropped.map((field) => [field, null])), ...condition }];
  });
}

/** Deep equality of JSON values; undefined fields do not count. */
export function same(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
  for (const key of keys) {
    if (!same((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key])) return false;
  }
  return true;
}
