// A DaemonSet's status from its nodes and pods. Pure. Upstream: updateDaemonSetStatus and storeDaemonSetStatus in
// pkg/controller/daemon/daemon_controller.go.
import type { DaemonSet, DaemonSetStatus } from 'kubernetes-types/apps/v1.js';
import type { Node } from 'kubernetes-types/core/v1.js';
import { isPodAvailable, isPodReady } from '../shared/pods.ts';
import type { Eligibility } from './eligibility.ts';
import { type PodsByNode, byPlacementAndAge } from './placement.ts';
import { isPodUpdated } from './pod.ts';

export interface Counts {
  current: number;
  misscheduled: number;
  desired: number;
  ready: number;
  updated: number;
  available: number;
}

export function daemonCounts(
  ds: DaemonSet,
  nodes: readonly Node[],
  eligible: Eligibility,
  pods: PodsByNode,
  { hash, nowMs }: { hash: string; nowMs: number },
): Counts {
  const counts: Counts = { current: 0, misscheduled: 0, desired: 0, ready: 0, updated: 0, available: 0 };
  for (const node of nodes) {
    const here = pods.get(node.metadata?.name ?? '');
    if (!eligible(node).run) {
      if (here) counts.misscheduled++;
      continue;
    }
    counts.desired++;
    if (!here) continue;
    counts.current++;
    const [pod] = here.length === 1 ? here : here.toSorted(byPlacementAndAge);
    if (isPodReady(pod!)) {
      counts.ready++;
      if (isPodAvailable(pod!, ds.spec?.minReadySeconds ?? 0, nowMs)) counts.available++;
    }
    if (isPodUpdated(ds, pod!, hash)) counts.updated++;
  }
  return counts;
}

/** In the order that upstream prints. `observed` is undefined when the generation was not acted on. */
export function daemonStatus(ds: DaemonSet, counts: Counts, observed: number | undefined): DaemonSetStatus {
  const unavailable = counts.desired - counts.available;
  const observedGeneration = observed ?? ds.status?.observedGeneration ?? 0;
  const { collisionCount, conditions } = ds.status ?? {};
  return {
    currentNumberScheduled: counts.current,
    numberMisscheduled: counts.misscheduled,
    desiredNumberScheduled: counts.desired,
    numberReady: counts.ready,
    ...(observedGeneration ? { observedGeneration } : {}),
    ...(counts.updated ? { updatedNumberScheduled: counts.updated } : {}),
    ...(counts.available ? { numberAvailable: counts.available } : {}),
    ...(unavailable ? { numberUnavailable: unavailable } : {}),
    ...(collisionCount === undefined ? {} : { collisionCount }),
    ...(conditions?.length ? { conditions } : {}),
  };
}

const COUNTS = [
  'currentNumberScheduled',
  'numberMisscheduled',
  'desiredNumberScheduled',
  'numberReady',
  'updatedNumberScheduled',
  'numberAvailable',
  'numberUnavailable',
] as const;

export function isStatusCurrent(ds: DaemonSet, next: DaemonSetStatus): boolean {
  const stored: Partial<DaemonSetStatus> = ds.status ?? {};
  return (
    (stored.observedGeneration ?? 0) >= (next.observedGeneration ?? 0) &&
    COUNTS.every((field) => (stored[field] ?? 0) === (next[field] ?? 0))
  );
}
