// The phase of a pod from its containers' statuses. Pure. Upstream: kubelet_pods.go getPhase.
import type { ContainerStatus, Pod } from 'kubernetes-types/core/v1.js';
import { appContainers, initContainers, isRestartable, restartsAfter, statusNamed } from './pod-facts.ts';

export type Phase = 'Pending' | 'Running' | 'Succeeded' | 'Failed';

/** `terminal`: nothing will be restarted, whatever the policy says. `initialised`: app containers have run. */
export function podPhase(
  pod: Pod,
  statuses: readonly ContainerStatus[],
  terminal: boolean,
  initialised: boolean,
): Phase {
  const init = initProgress(pod, statuses);
  if (init.failed) return 'Failed';
  const apps = appProgress(pod, statuses);
  const running = apps.running + init.sidecarsRunning;
  const unknown = apps.unknown + init.sidecarsUnknown;
  if (init.pending > 0 || (init.sidecarsPending > 0 && !initialised)) return 'Pending';
  if (apps.waiting + init.sidecarsWaiting > 0) return 'Pending';
  if (running > 0 && unknown === 0) return 'Running';
  if (running === 0 && apps.stopped > 0 && unknown === 0) {
    const verdict = apps.stopped === apps.succeeded ? 'Succeeded' : 'Failed';
    if (terminal) return verdict;
    return apps.restartable > 0 ? 'Running' : verdict;
  }
  return 'Pending';
}

function initProgress(pod: Pod, statuses: readonly ContainerStatus[]) {
  let pending = 0;
  let failed = false;
  let sidecarsPending = 0;
  let sidecarsRunning = 0;
  let sidecarsWaiting = 0;
  let sidecarsUnknown = 0;
  for (const container of initContainers(pod)) {
    const status = statusNamed(statuses, container.name);
    const { running, terminated, waiting } = status?.state ?? {};
    const lastExit = status?.lastState?.terminated;
    if (isRestartable(container)) {
      if (!status) sidecarsUnknown++;
      else if (running) {
        if (!status.started) sidecarsPending++;
        sidecarsRunning++;
      } else if (waiting && !lastExit) {
        sidecarsPending++;
        sidecarsWaiting++;
      }
      continue;
    }
    const exit = terminated ?? (waiting ? lastExit : undefined);
    if (!exit) pending++;
    else if (exit.exitCode !== 0 && !restartsAfter(pod, container, exit.exitCode)) failed = true;
    else if (exit.exitCode !== 0) pending++;
  }
  return { pending, failed, sidecarsPending, sidecarsRunning, sidecarsWaiting, sidecarsUnknown };
}

function appProgress(pod: Pod, statuses: readonly ContainerStatus[]) {
  const count = { running: 0, waiting: 0, stopped: 0, succeeded: 0, restartable: 0, unknown: 0 };
  for (const container of appContainers(pod)) {
    const status = statusNamed(statuses, container.name);
    const { running, terminated, waiting } = status?.state ?? {};
    const exit = terminated ?? (waiting ? status?.lastState?.terminated : undefined);
    if (running) count.running++;
    else if (exit) {
      count.stopped++;
      if (restartsAfter(pod, container, exit.exitCode)) count.restartable++;
      if (terminated?.exitCode === 0) count.succeeded++;
    } else if (waiting) count.waiting++;
    else count.unknown++;
  }
  return count;
}
