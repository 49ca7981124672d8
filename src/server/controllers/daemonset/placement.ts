// What one node of a DaemonSet needs: a pod, or fewer of them. Pure but for the back-off of pods that keep failing, which
// is the caller's. Upstream: podsShouldBeOnNode in pkg/controller/daemon/daemon_controller.go.
import type { DaemonSet } from 'kubernetes-types/apps/v1.js';
import type { Node, Pod } from 'kubernetes-types/core/v1.js';
import { scaledValue } from '../../../api/intstr.ts';
import { REVISION_HASH } from '../../../api/revisions.ts';
import { isPodAvailable, isPodReady, isPodTerminal } from '../shared/pods.ts';
import type { Need } from './eligibility.ts';
import { targetNode } from './pod.ts';

export type PodsByNode = Map<string, Pod[]>;

/** Finished pods that are on their way out are nobody's any more. */
export function podsByNode(pods: Iterable<Pod>): PodsByNode {
  const result: PodsByNode = new Map();
  for (const pod of pods) {
    const node = targetNode(pod);
    if (node === undefined) continue;
    if (isPodTerminal(pod) && pod.metadata?.deletionTimestamp !== undefined) continue;
    const list = result.get(node);
    if (list) list.push(pod);
    else result.set(node, [pod]);
  }
  return result;
}

/** Placed ones first, then the oldest. Upstream: podByCreationTimestampAndPhase. */
export function byPlacementAndAge(a: Pod, b: Pod): number {
  const placed = Number(Boolean(b.spec?.nodeName)) - Number(Boolean(a.spec?.nodeName));
  if (placed !== 0) return placed;
  const created = (p: Pod) => Date.parse(p.metadata?.creationTimestamp ?? '') || 0;
  return created(a) - created(b) || ((a.metadata?.name ?? '') < (b.metadata?.name ?? '') ? -1 : 1);
}

/** Limits of a rolling update, for so many nodes. Upstream: SurgeCount, UnavailableCount. */
export function limits(ds: DaemonSet, nodes: number): { maxSurge: number; maxUnavailable: number } {
  const { type, rollingUpdate } = ds.spec?.updateStrategy ?? {};
  if (type !== 'RollingUpdate' || !rollingUpdate) return { maxSurge: 0, maxUnavailable: 0 };
  const maxSurge = scaledValue(rollingUpdate.maxSurge ?? 0, nodes, true);
  const maxUnavailable = scaledValue(rollingUpdate.maxUnavailable ?? 0, nodes, true);
  // Neither would never end.
  return { maxSurge, maxUnavailable: nodes > 0 && maxSurge === 0 && maxUnavailable === 0 ? 1 : maxUnavailable };
}
export const allowsSurge = (ds: DaemonSet): boolean => limits(ds, 1).maxSurge > 0;

export interface Placement {
  create: boolean;
  delete: Pod[];
  /** Deleted because they have ended: worth an event. */
  ended: Pod[];
}

export interface PlacementInput {
  ds: DaemonSet;
  node: Node;
  need: Need;
  /** Undefined: the DaemonSet has no pod here. */
  pods: readonly Pod[] | undefined;
  hash: string;
  nowMs: number;
  /** False while a pod that failed here is to stay for a while. */
  mayReplaceFailed(pod: Pod): boolean;
}

export function placementOn(input: PlacementInput): Placement {
  const { ds, need, pods } = input;
  if (!pods) return { create: need.run, delete: [], ended: [] };
  const living = pods.filter((pod) => pod.metadata?.deletionTimestamp === undefined);
  if (!need.keep) return { create: false, delete: living, ended: [] };
  const ended = living.filter(
    (pod) => pod.status?.phase === 'Succeeded' || (pod.status?.phase === 'Failed' && input.mayReplaceFailed(pod)),
  );
  const running = living.filter((pod) => !isPodTerminal(pod)).sort(byPlacementAndAge);
  if (!allowsSurge(ds)) return { create: false, delete: [...ended, ...running.slice(1)], ended };
  if (running.length <= 1) return { create: running.length === 0 && need.run, delete: ended, ended };
  return { create: false, delete: [...ended, ...surplusOfSurge(running, input)], ended };
}

/** One pod of each template may stay, as long as the new one is not available and the old one is ready. */
function surplusOfSurge(running: readonly Pod[], { ds, hash, nowMs }: PlacementInput): Pod[] {
  const isNew = (pod: Pod) => pod.metadata?.labels?.[REVISION_HASH] === hash;
  const fresh = running.find(isNew);
  const old = running.find((pod) => !isNew(pod));
  const surplus = running.filter((pod) => pod !== fresh && pod !== old);
  if (!fresh || !old) return surplus;
  const done = !isPodReady(old) || isPodAvailable(fresh, ds.spec?.minReadySeconds ?? 0, nowMs);
  return done ? [...surplus, old] : surplus;
}

/** Waiting for nodes that do not exist: the collector of pods only looks at placed ones. */
export function unplacedWithoutNode(nodes: readonly Node[], pods: PodsByNode): Pod[] {
  const known = new Set(nodes.map((n) => n.metadata?.name));
  return [...pods].filter(([node]) => !known.has(node)).flatMap(([, list]) => list.filter((p) => !p.spec?.nodeName));
}
