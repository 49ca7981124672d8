// Facts about one pod that several controllers ask for. Upstream: pkg/api/v1/pod/util.go,
// pkg/controller/controller_utils.go. No I/O, no clock: callers pass the time.
import type { Pod } from 'kubernetes-types/core/v1.js';

export const isPodTerminal = (pod: Pod): boolean => pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';

/** Neither finished nor being deleted: what counts as a replica. */
export const isPodActive = (pod: Pod): boolean => !isPodTerminal(pod) && pod.metadata?.deletionTimestamp === undefined;

const readyCondition = (pod: Pod) => pod.status?.conditions?.find((c) => c.type === 'Ready');

export const isPodReady = (pod: Pod): boolean => readyCondition(pod)?.status === 'True';

/** When a ready pod became ready, in milliseconds; undefined when it is not ready or does not say. */
export function podReadySince(pod: Pod): number | undefined {
  const condition = readyCondition(pod);
  if (condition?.status !== 'True' || !condition.lastTransitionTime) return undefined;
  return Date.parse(condition.lastTransitionTime);
}

/** Ready for minReadySeconds. */
export function isPodAvailable(pod: Pod, minReadySeconds: number, nowMs: number): boolean {
  if (!isPodReady(pod)) return false;
  if (minReadySeconds <= 0) return true;
  const since = podReadySince(pod);
  return since !== undefined && since + minReadySeconds * 1000 <= nowMs;
}

/** How long until the next ready pod becomes available; undefined when none waits for it. */
export function nextAvailabilityMs(
  pods: Iterable<Pod>,
  minReadySeconds: number | undefined,
  nowMs: number,
): number | undefined {
  const wait = (minReadySeconds ?? 0) * 1000;
  if (wait === 0) return undefined;
  let next: number | undefined;
  for (const pod of pods) {
    if (!isPodReady(pod) || isPodAvailable(pod, wait / 1000, nowMs)) continue;
    const left = Math.max(1, (podReadySince(pod) ?? nowMs) + wait - nowMs);
    next = next === undefined ? left : Math.min(next, left);
  }
  return next;
}

/** The restarts of the container that restarted most, restartable init containers included. */
export function maxContainerRestarts(pod: Pod): number {
  let most = 0;
  for (const status of pod.status?.containerStatuses ?? []) most = Math.max(most, status.restartCount);
  for (const status of pod.status?.initContainerStatuses ?? []) {
    const container = pod.spec?.initContainers?.find((c) => c.name === status.name);
    if (container?.restartPolicy === 'Always') most = Math.max(most, status.restartCount);
  }
  return most;
}
