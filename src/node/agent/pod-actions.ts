// The decision: what must be done so that a pod is as its spec says, given what runs. Pure: the worker carries it out.
// Upstream: kuberuntime_manager.go computePodActions and computeInitContainerActions, here with sidecars from the start.
import type { Container, Pod } from 'kubernetes-types/core/v1.js';
import { containerHash } from './names.ts';
import {
  type ContainerKind,
  appContainers,
  ephemeralContainers,
  initContainers,
  isRestartable,
  restartsAfter,
} from './pod-facts.ts';
import { type ContainerRecord, type PodRuntime, liveSandbox, newestOf } from './runtime-state.ts';

export type ProbeVerdict = 'success' | 'failure' | 'unknown';

/** By container id; undefined when the container has no such probe. */
export interface ProbeVerdicts {
  liveness(containerId: string): ProbeVerdict | undefined;
  startup(containerId: string): ProbeVerdict | undefined;
  readiness(containerId: string): ProbeVerdict | undefined;
}

export interface ContainerToKill {
  record: ContainerRecord;
  message: string;
  /** Which probe's own grace period applies. */
  probe?: 'livenessProbe' | 'startupProbe';
}

export interface PodActions {
  /** Nothing is left to run: the sandbox goes too. With `createSandbox`, a new one takes its place. */
  killPod: boolean;
  createSandbox: boolean;
  /** The sandbox that is there, good or not. */
  sandboxId?: string;
  /** The number of the sandbox to make. */
  attempt: number;
  kill: ContainerToKill[];
  start: { container: Container; kind: ContainerKind }[];
}

export function computePodActions(pod: Pod, runtime: PodRuntime, probes: ProbeVerdicts): PodActions {
  const newest = runtime.sandboxes[0];
  const live = liveSandbox(runtime);
  const actions: PodActions = {
    killPod: false,
    createSandbox: false,
    ...(newest && { sandboxId: newest.id }),
    attempt: newest ? newest.attempt + (live ? 0 : 1) : 0,
    kill: [],
    start: [],
  };
  if (!live) return forNewSandbox(pod, runtime, actions);

  for (const container of ephemeralContainers(pod)) {
    if (!newestOf(runtime, container.name)) actions.start.push({ container, kind: 'ephemeral' });
  }
  const initialised = initActions(pod, inSandbox(runtime, live.id), probes, actions);
  if (actions.killPod || !initialised) return actions;
  const kept = appActions(pod, runtime, probes, actions);
  if (kept === 0 && !actions.start.some((item) => item.kind === 'app')) {
    actions.killPod = true;
    actions.start = [];
  }
  return actions;
}

const inSandbox = (runtime: PodRuntime, id: string): PodRuntime => ({
  ...runtime,
  containers: runtime.containers.filter((record) => record.sandboxId === id),
});

/** Without a sandbox all starts again, except what has come to its end for good. */
function forNewSandbox(pod: Pod, runtime: PodRuntime, actions: PodActions): PodActions {
  actions.killPod = true;
  const ranBefore = runtime.containers.length > 0;
  if (ranBefore && pod.spec?.restartPolicy === 'Never') return actions;
  const start = appContainers(pod).filter((container) => {
    const record = newestOf(runtime, container.name);
    return !(record?.state === 'exited' && !restartsAfter(pod, container, record.exitCode));
  });
  if (start.length === 0) return actions;
  actions.createSandbox = true;
  const first = initContainers(pod)[0];
  actions.start = first
    ? [{ container: first, kind: 'init' }]
    : start.map((container) => ({ container, kind: 'app' as const }));
  return actions;
}

/** True when the app containers may run. Walks in order; the first container that is not through ends the walk. */
function initActions(pod: Pod, runtime: PodRuntime, probes: ProbeVerdicts, actions: PodActions): boolean {
  const appStarted = appContainers(pod).some((container) => newestOf(runtime, container.name) !== undefined);
  for (const container of initContainers(pod)) {
    const record = newestOf(runtime, container.name);
    if (isRestartable(container)) {
      if (record?.state === 'running') {
        const unhealthy = unhealthyReason(container, record, probes);
        if (unhealthy) {
          actions.kill.push({ ...unhealthy, message: `${unhealthy.message}, will be restarted` });
          actions.start.push({ container, kind: 'init' });
        }
        const started = !container.startupProbe || probes.startup(record.id) === 'success';
        if (!appStarted && (unhealthy || !started)) return false;
        continue;
      }
      actions.start.push({ container, kind: 'init' });
      if (!appStarted) return false;
      continue;
    }
    if (appStarted) continue;
    if (record?.state === 'running') return false;
    if (record?.state === 'exited' && record.exitCode === 0) continue;
    if (record?.state === 'exited' && !restartsAfter(pod, container, record.exitCode)) actions.killPod = true;
    else actions.start.push({ container, kind: 'init' });
    return false;
  }
  return true;
}

/** How many app containers run and stay. */
function appActions(pod: Pod, runtime: PodRuntime, probes: ProbeVerdicts, actions: PodActions): number {
  let kept = 0;
  for (const container of appContainers(pod)) {
    const record = newestOf(runtime, container.name);
    if (record?.state !== 'running') {
      if (!record || record.state === 'created' || restartsAfter(pod, container, record.exitCode)) {
        actions.start.push({ container, kind: 'app' });
      }
      continue;
    }
    let restart = pod.spec?.restartPolicy !== 'Never';
    let kill: ContainerToKill | undefined;
    if (record.hash !== '' && record.hash !== containerHash(container)) {
      kill = { record, message: `Container ${container.name} definition changed` };
      restart = true;
    } else kill = unhealthyReason(container, record, probes);
    if (!kill) {
      kept++;
      continue;
    }
    actions.kill.push(restart ? { ...kill, message: `${kill.message}, will be restarted` } : kill);
    if (restart) actions.start.push({ container, kind: 'app' });
  }
  return kept;
}

function unhealthyReason(
  container: Container,
  record: ContainerRecord,
  probes: ProbeVerdicts,
): ContainerToKill | undefined {
  if (container.livenessProbe && probes.liveness(record.id) === 'failure') {
    return { record, message: `Container ${container.name} failed liveness probe`, probe: 'livenessProbe' };
  }
  if (container.startupProbe && probes.startup(record.id) === 'failure') {
    return { record, message: `Container ${container.name} failed startup probe`, probe: 'startupProbe' };
  }
  return undefined;
}
