// What of its pods a disruption budget looks at: who is healthy, and which evictions were granted and not seen yet.
// Pure. Upstream: countHealthyPods, buildDisruptedPodMap and nonTerminatingPodHasStaleDisruptionCondition.
import { isDeepStrictEqual } from 'node:util';
import type { Pod } from 'kubernetes-types/core/v1.js';
import { DISRUPTION_TARGET } from '../../../api/disruption.ts';
import { controllerOf } from '../shared/owners.ts';
import { isPodReady, isPodTerminal } from '../shared/pods.ts';

/** An eviction that was granted so long ago and whose pod is still there will not happen. */
const DELETION_TIMEOUT_MS = 2 * 60_000;
/** So long a pod may say that it is about to be ended without being ended. */
const STALE_TARGET_MS = 2 * 60_000;

/** Pod name → when its eviction was granted. */
export type DisruptedPods = Record<string, string>;

export interface Disrupted {
  pods: DisruptedPods;
  /** Pods whose eviction never came. */
  overdue: Pod[];
  /** When the next of them is overdue. */
  recheckInMs?: number;
}

export function disruptedPods(pods: readonly Pod[], granted: DisruptedPods | undefined, nowMs: number): Disrupted {
  const result: Disrupted = { pods: {}, overdue: [] };
  if (!granted) return result;
  for (const pod of pods) {
    const name = pod.metadata?.name ?? '';
    const since = granted[name];
    if (pod.metadata?.deletionTimestamp || since === undefined) continue;
    const leftMs = Date.parse(since) + DELETION_TIMEOUT_MS - nowMs;
    if (leftMs < 0) {
      result.overdue.push(pod);
      continue;
    }
    result.pods[name] = since;
    result.recheckInMs = Math.min(result.recheckInMs ?? leftMs, leftMs);
  }
  return result;
}

/** Ready, and neither on its way out nor about to be. */
export const countHealthy = (pods: readonly Pod[], disrupted: DisruptedPods): number =>
  pods.filter(
    (pod) => !pod.metadata?.deletionTimestamp && disrupted[pod.metadata?.name ?? ''] === undefined && isPodReady(pod),
  ).length;

/** Whether a change of a pod can change a budget's numbers. */
export function matters(pod: Pod, old: Pod | undefined): boolean {
  if (!old) return true;
  return (
    isPodReady(pod) !== isPodReady(old) ||
    pod.metadata?.deletionTimestamp !== old.metadata?.deletionTimestamp ||
    !isDeepStrictEqual(pod.metadata?.labels, old.metadata?.labels) ||
    controllerOf(pod)?.uid !== controllerOf(old)?.uid
  );
}

/** How long a pod may still say so; undefined when it does not, or is right to. */
export function staleTargetInMs(pod: Pod, nowMs: number): number | undefined {
  if (pod.metadata?.deletionTimestamp || isPodTerminal(pod)) return undefined;
  const condition = pod.status?.conditions?.find((c) => c.type === DISRUPTION_TARGET);
  // The node may take as long as it likes.
  if (condition?.status !== 'True' || condition.reason === 'TerminationByKubelet') return undefined;
  const since = condition.lastTransitionTime ? Date.parse(condition.lastTransitionTime) : 0;
  return Math.max(0, since + STALE_TARGET_MS - nowMs);
}
