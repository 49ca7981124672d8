// When a pod must leave a node with NoExecute taints. Upstream: pkg/controller/tainteviction (processPodOnNode). Pure.
import type { Node, Pod, Taint } from 'kubernetes-types/core/v1.js';
import { tolerates } from '../../../api/tolerations.ts';

export type Eviction =
  | { stay: true }
  /** In milliseconds since the epoch; in the past: now. */
  | { atMs: number };

/** A taint without a time counts from `firstSeenMs`. */
export function evictionOf(pod: Pod, node: Node | undefined, firstSeenMs: number): Eviction {
  const taints = (node?.spec?.taints ?? []).filter((t) => t.effect === 'NoExecute');
  if (taints.length === 0) return { stay: true };
  let atMs = Infinity;
  for (const taint of taints) atMs = Math.min(atMs, deadlineOf(pod, taint, firstSeenMs));
  return atMs === Infinity ? { stay: true } : { atMs };
}

/** Infinity: tolerated for good. The shortest of the tolerations that match counts. */
function deadlineOf(pod: Pod, taint: Taint, firstSeenMs: number): number {
  const matching = (pod.spec?.tolerations ?? []).filter((t) => tolerates(t, taint));
  if (matching.length === 0) return 0;
  const limits = matching.map((t) => t.tolerationSeconds).filter((s) => s !== undefined);
  if (limits.length === 0) return Infinity;
  const since = taint.timeAdded ? Date.parse(taint.timeAdded) : firstSeenMs;
  return since + Math.max(0, Math.min(...limits)) * 1000;
}
