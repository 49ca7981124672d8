// What `kubectl get pods` says of a pod: READY, STATUS and RESTARTS, and its quality of service class.
// Upstream: printPod in pkg/printers/internalversion/printers.go, ComputePodQOS in pkg/apis/core/helper/qos.
import type { ContainerStatus, Pod as CorePod } from 'kubernetes-types/core/v1.js';
import { humanDuration } from './duration.ts';
import { tryParseQuantity } from './quantity.ts';

/** What is read of a pod. */
export type PodLike = Pick<CorePod, 'metadata' | 'spec' | 'status'>;

export interface PodSummary {
  ready: number;
  total: number;
  /** `Running`, `Init:0/1`, `CrashLoopBackOff`, `Completed`, `Terminating` … */
  reason: string;
  restarts: number;
  /** Milliseconds since the epoch; undefined when no container ended before. */
  lastRestartMs?: number;
}

type Terminated = NonNullable<NonNullable<ContainerStatus['state']>['terminated']>;

const endReason = (t: Terminated): string => t.reason || (t.signal ? `Signal:${t.signal}` : `ExitCode:${t.exitCode}`);

function later(current: number | undefined, status: ContainerStatus): number | undefined {
  const finished = status.lastState?.terminated?.finishedAt;
  if (!finished) return current;
  const ms = Date.parse(finished);
  return Number.isNaN(ms) || (current !== undefined && current >= ms) ? current : ms;
}

const isTrue = (pod: PodLike, type: string): boolean =>
  pod.status?.conditions?.some((c) => c.type === type && c.status === 'True') ?? false;

/** Answers whether initialization is still going on (or failed). */
function initContainers(pod: PodLike, sidecars: ReadonlySet<string>, s: PodSummary, sidecarPart: PodSummary): boolean {
  const statuses = pod.status?.initContainerStatuses ?? [];
  for (let i = 0; i < statuses.length; i++) {
    const status = statuses[i]!;
    const isSidecar = sidecars.has(status.name);
    for (const part of isSidecar ? [s, sidecarPart] : [s]) {
      part.restarts += status.restartCount ?? 0;
      const last = later(part.lastRestartMs, status);
      if (last !== undefined) part.lastRestartMs = last;
    }
    const { terminated, waiting } = status.state ?? {};
    if (terminated && (terminated.exitCode ?? 0) === 0) continue;
    if (isSidecar && status.started) {
      if (status.ready) s.ready++;
      continue;
    }
    if (terminated) s.reason = `Init:${endReason(terminated)}`;
    else if (waiting?.reason && waiting.reason !== 'PodInitializing') s.reason = `Init:${waiting.reason}`;
    else s.reason = `Init:${i}/${pod.spec?.initContainers?.length ?? 0}`;
    return true;
  }
  return false;
}

function containers(pod: PodLike, s: PodSummary): void {
  let running = false;
  const statuses = pod.status?.containerStatuses ?? [];
  for (let i = statuses.length - 1; i >= 0; i--) {
    const status = statuses[i]!;
    s.restarts += status.restartCount ?? 0;
    const last = later(s.lastRestartMs, status);
    if (last !== undefined) s.lastRestartMs = last;
    const { waiting, terminated } = status.state ?? {};
    if (waiting?.reason) s.reason = waiting.reason;
    else if (terminated) s.reason = endReason(terminated);
    else if (status.ready && status.state?.running) {
      running = true;
      s.ready++;
    }
  }
  if (s.reason === 'Completed' && running) s.reason = isTrue(pod, 'Ready') ? 'Running' : 'NotReady';
}

const NO_NAMES: ReadonlySet<string> = new Set();

export function summarizePod(pod: PodLike): PodSummary {
  const { spec, status } = pod;
  const phase = status?.phase ?? '';
  const sidecars = spec?.initContainers?.length
    ? new Set(spec.initContainers.filter((c) => c.restartPolicy === 'Always').map((c) => c.name))
    : NO_NAMES;
  const total = (spec?.containers?.length ?? 0) + sidecars.size;
  const s: PodSummary = { ready: 0, total, reason: status?.reason || phase, restarts: 0 };
  for (const c of status?.conditions ?? []) {
    if (c.type === 'PodScheduled' && c.reason === 'SchedulingGated') s.reason = 'SchedulingGated';
  }
  const sidecarPart: PodSummary = { ready: 0, total: 0, reason: '', restarts: 0 };
  const initializing = initContainers(pod, sidecars, s, sidecarPart);
  if (!initializing || isTrue(pod, 'Initialized')) {
    s.restarts = sidecarPart.restarts;
    if (sidecarPart.lastRestartMs === undefined) delete s.lastRestartMs;
    else s.lastRestartMs = sidecarPart.lastRestartMs;
    containers(pod, s);
  }
  if (pod.metadata?.deletionTimestamp) {
    if (status?.reason === 'NodeLost') s.reason = 'Unknown';
    else if (phase !== 'Succeeded' && phase !== 'Failed') s.reason = 'Terminating';
  }
  return s;
}

/** `3 (5m ago)`, or the bare number. */
export function restartsText(s: PodSummary, nowMs: number): string {
  if (s.restarts === 0 || s.lastRestartMs === undefined) return String(s.restarts);
  return `${s.restarts} (${humanDuration(nowMs - s.lastRestartMs)} ago)`;
}

type ResourceLists = { limits?: Record<string, string>; requests?: Record<string, string> };

/** Guaranteed, Burstable or BestEffort. Upstream: ComputePodQOS. */
export function podQosClass(pod: PodLike): 'Guaranteed' | 'Burstable' | 'BestEffort' {
  const spec = pod.spec as (PodLike['spec'] & { resources?: ResourceLists }) | undefined;
  const podLevel = spec?.resources;
  const lists: (ResourceLists | undefined)[] = podLevel
    ? [podLevel]
    : [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])].map(
        (c) => c.resources as ResourceLists | undefined,
      );
  const requests = new Map<string, bigint>();
  const limits = new Map<string, bigint>();
  let guaranteed = true;
  for (const list of lists) {
    let limited = 0;
    for (const name of ['cpu', 'memory']) {
      const [request, limit] = [amount(list?.requests?.[name]), amount(list?.limits?.[name])];
      if (request > 0n) requests.set(name, (requests.get(name) ?? 0n) + request);
      if (limit > 0n) limits.set(name, (limits.get(name) ?? 0n) + limit);
      if (limit > 0n) limited++;
    }
    if (limited < 2) guaranteed = false;
  }
  if (requests.size + limits.size === 0) return 'BestEffort';
  // A request of zero is none, which is less than the limit.
  const same = requests.size === limits.size && [...requests].every(([name, sum]) => limits.get(name) === sum);
  return guaranteed && same ? 'Guaranteed' : 'Burstable';
}

const amount = (text: string | undefined): bigint => (text === undefined ? 0n : (tryParseQuantity(text)?.nanos ?? 0n));

/** True when a pod counts as ready: its Ready condition is True. */
export const isPodReady = (pod: PodLike): boolean => isTrue(pod, 'Ready');
/** True when its containers will not run again. */
export const isPodTerminal = (pod: PodLike): boolean =>
  pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
