// What happens next to a simulated pod: from its stored status, its behaviour and the time, one status to write and
// when to look again. Pure and without memory, so that a restart continues where the pod's status stands.
// Shapes as upstream's kubelet reports them (pkg/kubelet/status/generate.go, kubelet_pods.go).
import type {
  Container,
  ContainerState,
  ContainerStatus,
  Pod,
  PodCondition,
  PodStatus,
} from 'kubernetes-types/core/v1.js';
import type { Behaviour } from './rules.ts';

export interface NodeFacts {
  name: string;
  address: string;
  /** The pod's own address; the node's for host network. */
  podIp: string;
}

export interface Step {
  /** A strategic merge patch of the status. */
  status?: PodStatus;
  /** Remove the pod for good. */
  remove?: boolean;
  againInMs?: number;
}

const MAX_BACKOFF_MS = 300_000;
const timestamp = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;
const at = (time: string | undefined): number => Date.parse(time ?? '') || 0;

export function nextStep(pod: Pod, node: NodeFacts, behaviour: Behaviour, nowMs: number): Step {
  const { deletionTimestamp, deletionGracePeriodSeconds = 0 } = pod.metadata ?? {};
  if (deletionTimestamp) {
    // The stamp is the end of the grace period; the request was that much earlier.
    const asked = at(deletionTimestamp) - deletionGracePeriodSeconds * 1000;
    const wait = Math.min(behaviour.terminateAfterMs, deletionGracePeriodSeconds * 1000);
    const left = asked + wait - nowMs;
    // Nothing to wait for: whatever the server's clock says.
    if (wait > 0 && left > 0) return { againInMs: left };
    // Who holds it back must see that it has ended; of the others there is nothing to be seen any more.
    const held = pod.metadata?.finalizers?.length && !hasEnded(pod) && pod.status?.containerStatuses;
    return held ? { status: stopped(pod, nowMs) } : { remove: true };
  }
  const phase = pod.status?.phase;
  if (hasEnded(pod)) return {};
  if (phase !== 'Running') return start(pod, node, behaviour, nowMs);
  return progress(pod, behaviour, nowMs);
}

const hasEnded = ({ status }: Pod): boolean => status?.phase === 'Succeeded' || status?.phase === 'Failed';

/** Its containers have been told to stop, and did: as of SIGTERM. */
function stopped(pod: Pod, nowMs: number): PodStatus {
  const containerStatuses = (pod.status?.containerStatuses ?? []).map((c) => {
    const { startedAt } = c.state?.running ?? {};
    const finishedAt = timestamp(nowMs);
    const terminated = { exitCode: 143, reason: 'Error', startedAt, finishedAt, containerID: c.containerID };
    return c.state?.terminated ? c : { ...c, state: { terminated }, ready: false, started: false };
  });
  return { phase: 'Failed', conditions: conditions(pod, false, nowMs, 'PodFailed'), containerStatuses };
}

const containerId = (pod: Pod, name: string, attempt: number): string =>
  `simulated://${pod.metadata?.uid ?? ''}-${name}-${attempt}`;

const isSidecar = (c: Container): boolean => c.restartPolicy === 'Always';

function containerStatus(
  pod: Pod,
  c: Container,
  state: ContainerState,
  more: Partial<ContainerStatus>,
): ContainerStatus {
  return {
    name: c.name,
    state,
    lastState: {},
    ready: false,
    restartCount: 0,
    image: c.image ?? '',
    imageID: `simulated://${c.image ?? ''}`,
    containerID: containerId(pod, c.name, 0),
    started: true,
    resources: c.resources ?? {},
    ...more,
  };
}

/** Everything starts at once: init containers have ended well, sidecars and containers run. */
function start(pod: Pod, node: NodeFacts, behaviour: Behaviour, nowMs: number): Step {
  const now = timestamp(nowMs);
  const ready = behaviour.readyAfterMs === 0;
  const running = (): ContainerState => ({ running: { startedAt: now } });
  const containerStatuses = (pod.spec?.containers ?? []).map((c) => containerStatus(pod, c, running(), { ready }));
  const initContainerStatuses = (pod.spec?.initContainers ?? []).map((c) => {
    if (isSidecar(c)) return containerStatus(pod, c, running(), { ready: true });
    const id = containerId(pod, c.name, 0);
    const terminated = { exitCode: 0, reason: 'Completed', startedAt: now, finishedAt: now, containerID: id };
    return containerStatus(pod, c, { terminated }, { ready: true, started: false });
  });
  const status: PodStatus = {
    phase: 'Running',
    conditions: conditions(pod, ready, nowMs),
    hostIP: node.address,
    hostIPs: [{ ip: node.address }],
    podIP: node.podIp,
    podIPs: [{ ip: node.podIp }],
    startTime: now,
    ...(initContainerStatuses.length ? { initContainerStatuses } : {}),
    containerStatuses,
  };
  return { status, ...look(pod, { ...status }, behaviour, nowMs) };
}

/** Conditions in upstream's order; only what changes gets a new transition time. */
function conditions(pod: Pod, ready: boolean, nowMs: number, finished?: 'PodCompleted' | 'PodFailed'): PodCondition[] {
  const names = (pod.spec?.containers ?? []).map((c) => c.name).join(' ');
  const unready = finished
    ? { reason: finished }
    : { reason: 'ContainersNotReady', message: `containers with unready status: [${names}]` };
  const make = (type: string, value: boolean, why: { reason?: string; message?: string } = {}): PodCondition => {
    const old = pod.status?.conditions?.find((c) => c.type === type);
    const status = value ? 'True' : 'False';
    const lastTransitionTime = old?.status === status ? old.lastTransitionTime : timestamp(nowMs);
    const cleared = old?.reason && !why.reason ? { reason: null, message: null } : {};
    return { type, status, lastTransitionTime, ...(cleared as object), ...why };
  };
  return [
    make('PodReadyToStartContainers', !finished),
    make('Initialized', true, finished === 'PodCompleted' ? { reason: finished } : {}),
    make('Ready', ready, ready ? {} : unready),
    make('ContainersReady', ready, ready ? {} : unready),
  ];
}

/** When the status that was just written has to be looked at again. */
function look(pod: Pod, status: PodStatus, behaviour: Behaviour, nowMs: number): { againInMs?: number } {
  const next = Math.min(
    ...(status.containerStatuses ?? []).map((c) => {
      if (!c.state?.running) return Infinity;
      const started = at(c.state.running.startedAt);
      const end = behaviour.endAfterMs === undefined ? Infinity : started + behaviour.endAfterMs;
      const ready = c.ready ? Infinity : started + behaviour.readyAfterMs;
      return Math.min(end, ready);
    }),
  );
  return Number.isFinite(next) ? { againInMs: Math.max(1, next - nowMs) } : {};
}

/** A running pod: containers become ready, end, wait for their restart, start again. */
function progress(pod: Pod, behaviour: Behaviour, nowMs: number): Step {
  const before = pod.status?.containerStatuses ?? [];
  const waits: number[] = [];
  const after = before.map((c) => {
    const next = advance(pod, c, behaviour, nowMs);
    if (next.waitMs !== undefined) waits.push(next.waitMs);
    return next.status;
  });
  const againInMs = waits.length ? Math.max(1, Math.min(...waits)) : undefined;
  const again = againInMs === undefined ? {} : { againInMs };
  if (after.every((c, i) => c === before[i])) return again;
  const done = after.length > 0 && after.every((c) => c.state?.terminated);
  const failed = after.some((c) => c.state?.terminated && c.state.terminated.exitCode !== 0);
  const ready = !done && after.every((c) => c.ready);
  const finished = !done ? undefined : failed ? 'PodFailed' : 'PodCompleted';
  const status: PodStatus = {
    phase: !done ? 'Running' : failed ? 'Failed' : 'Succeeded',
    conditions: conditions(pod, ready, nowMs, finished),
    containerStatuses: after,
  };
  return { status, ...(done ? {} : again) };
}

/** One container; the same object when nothing changes. */
function advance(
  pod: Pod,
  c: ContainerStatus,
  behaviour: Behaviour,
  nowMs: number,
): { status: ContainerStatus; waitMs?: number } {
  if (c.state?.running) {
    const started = at(c.state.running.startedAt);
    const end = behaviour.endAfterMs === undefined ? Infinity : started + behaviour.endAfterMs;
    if (end <= nowMs) return ended(pod, c, behaviour, nowMs);
    const readyAt = started + behaviour.readyAfterMs;
    const endWait = Number.isFinite(end) ? { waitMs: end - nowMs } : {};
    if (c.ready || readyAt === Infinity) return { status: c, ...endWait };
    if (readyAt <= nowMs) return { status: { ...c, ready: true }, ...endWait };
    return { status: c, waitMs: Math.min(readyAt, end) - nowMs };
  }
  if (c.state?.waiting && c.lastState?.terminated) {
    const due = at(c.lastState.terminated.finishedAt) + backoff(c.restartCount, behaviour);
    if (due > nowMs) return { status: c, waitMs: due - nowMs };
    const attempt = c.restartCount + 1;
    const status: ContainerStatus = {
      ...c,
      state: { running: { startedAt: timestamp(nowMs) } },
      ready: behaviour.readyAfterMs === 0,
      started: true,
      restartCount: attempt,
      containerID: containerId(pod, c.name, attempt),
    };
    const next = Math.min(behaviour.endAfterMs ?? Infinity, status.ready ? Infinity : behaviour.readyAfterMs);
    return { status, ...(Number.isFinite(next) ? { waitMs: next } : {}) };
  }
  return { status: c };
}

const backoff = (restarts: number, { backoffMs }: Behaviour): number =>
  Math.min(backoffMs * 2 ** Math.min(restarts, 10), MAX_BACKOFF_MS);

/** Ended: for good, or to be restarted after a back-off, as restartPolicy says. */
function ended(
  pod: Pod,
  c: ContainerStatus,
  behaviour: Behaviour,
  nowMs: number,
): { status: ContainerStatus; waitMs?: number } {
  const { exitCode } = behaviour;
  const terminated = {
    exitCode,
    reason: exitCode === 0 ? 'Completed' : 'Error',
    startedAt: c.state?.running?.startedAt,
    finishedAt: timestamp(nowMs),
    containerID: c.containerID,
  };
  const policy = pod.spec?.restartPolicy ?? 'Always';
  const stays = policy === 'Never' || (policy === 'OnFailure' && exitCode === 0);
  if (stays) return { status: { ...c, state: { terminated }, ready: false, started: false } };
  const wait = backoff(c.restartCount, behaviour);
  const podId = `${pod.metadata?.name}_${pod.metadata?.namespace}(${pod.metadata?.uid})`;
  const message = `back-off ${wait / 1000}s restarting failed container=${c.name} pod=${podId}`;
  const waiting = { reason: 'CrashLoopBackOff', message };
  return {
    status: { ...c, state: { waiting }, lastState: { terminated }, ready: false, started: false },
    waitMs: wait,
  };
}
