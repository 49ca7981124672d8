// Whether a node is alive, and what follows: conditions, taints. Time is what the controller observed itself, never
// the node's own clock. Upstream: pkg/controller/nodelifecycle/node_lifecycle_controller.go. Pure.
import type { Node, NodeCondition, Taint } from 'kubernetes-types/core/v1.js';
import type { Lease } from 'kubernetes-types/coordination/v1.js';
import { findCondition, timestamp } from '../shared/conditions.ts';
import type { Eviction } from './disruption.ts';

/** Silence after which a node is not trusted any more. */
export const GRACE_MS = 40_000;
/** A node that never said anything gets longer. */
export const STARTUP_GRACE_MS = 60_000;

export const NOT_READY = 'node.kubernetes.io/not-ready';
export const UNREACHABLE = 'node.kubernetes.io/unreachable';

/** What was last seen of a node, and when it last changed by our clock. */
export interface Observation {
  /** The Ready condition's heartbeat and the Lease's renewal, as text. */
  heartbeat: string;
  renewal: string;
  sinceMs: number;
}

const readyOf = (node: Node): NodeCondition | undefined => findCondition(node.status?.conditions, 'Ready');

/** A change of either sign of life is a new observation. */
export function observe(
  node: Node,
  lease: Lease | undefined,
  before: Observation | undefined,
  nowMs: number,
): Observation {
  const ready = readyOf(node);
  const heartbeat = ready ? `${ready.status}|${ready.lastHeartbeatTime ?? ''}` : '';
  const renewal = lease?.spec?.renewTime ?? '';
  if (!before) return { heartbeat, renewal, sinceMs: nowMs };
  // Our own "Unknown" is no sign of life.
  const spoke = heartbeat !== before.heartbeat && ready?.status !== 'Unknown';
  const renewed = renewal !== before.renewal;
  return spoke || renewed ? { heartbeat, renewal, sinceMs: nowMs } : { ...before, heartbeat };
}

/** How long until silence counts; 0 or less: it does. */
export function graceLeftMs(node: Node, { sinceMs }: Observation, nowMs: number): number {
  return sinceMs + (readyOf(node) ? GRACE_MS : STARTUP_GRACE_MS) - nowMs;
}

const MONITORED = ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure'] as const;

/** The conditions of a silent node; undefined when they say so already. */
export function silentConditions(node: Node, nowMs: number): NodeCondition[] | undefined {
  const now = timestamp(nowMs);
  const changed: NodeCondition[] = [];
  for (const type of MONITORED) {
    const current = findCondition(node.status?.conditions, type);
    if (!current) {
      changed.push({
        type,
        status: 'Unknown',
        reason: 'NodeStatusNeverUpdated',
        message: 'Kubelet never posted node status.',
        lastHeartbeatTime: node.metadata?.creationTimestamp ?? now,
        lastTransitionTime: now,
      } as NodeCondition);
    } else if (current.status !== 'Unknown') {
      const reason = 'NodeStatusUnknown';
      const message = 'Kubelet stopped posting node status.';
      changed.push({ ...current, status: 'Unknown', reason, message, lastTransitionTime: now });
    }
  }
  return changed.length > 0 ? changed : undefined;
}

type Health = 'True' | 'False' | 'Unknown';
export const healthOf = (node: Node): Health => (readyOf(node)?.status as Health | undefined) ?? 'Unknown';

/** Taints that conditions call for: condition → status → key. Upstream: nodeConditionToTaintKeyStatusMap. */
const CONDITION_TAINTS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  Ready: { False: NOT_READY, Unknown: UNREACHABLE },
  MemoryPressure: { True: 'node.kubernetes.io/memory-pressure' },
  DiskPressure: { True: 'node.kubernetes.io/disk-pressure' },
  NetworkUnavailable: { True: 'node.kubernetes.io/network-unavailable' },
  PIDPressure: { True: 'node.kubernetes.io/pid-pressure' },
};
const UNSCHEDULABLE = 'node.kubernetes.io/unschedulable';
const OURS = new Set([UNSCHEDULABLE, ...Object.values(CONDITION_TAINTS).flatMap((keys) => Object.values(keys))]);

/**
 * The node's taints as they should be; undefined when they are so. Others' taints stay. `eviction` is asked for a
 * node that is not ready, and told whether it has a taint already that evicts its pods.
 */
export function desiredTaints(
  node: Node,
  eviction: (hasTaint: boolean) => Eviction,
  nowMs: number,
): Taint[] | undefined {
  const current = node.spec?.taints ?? [];
  const wanted: Taint[] = [];
  for (const condition of node.status?.conditions ?? []) {
    const key = CONDITION_TAINTS[condition.type]?.[condition.status];
    if (key) wanted.push({ key, effect: 'NoSchedule' });
  }
  if (node.spec?.unschedulable) wanted.push({ key: UNSCHEDULABLE, effect: 'NoSchedule' });
  const ready = readyOf(node);
  if (ready && ready.status !== 'True') {
    const evicting = current.some((t) => t.effect === 'NoExecute' && (t.key === NOT_READY || t.key === UNREACHABLE));
    const answer = eviction(evicting);
    const key = ready.status === 'False' ? NOT_READY : UNREACHABLE;
    if (answer === 'add' || (answer === 'keep' && evicting)) wanted.push({ key, effect: 'NoExecute' });
  }
  const same = (a: Taint, b: Taint) => a.key === b.key && a.effect === b.effect;
  const kept = current.filter((taint) => {
    // A node that has not reported yet keeps the taint that it was admitted with.
    if (!ready && taint.key === NOT_READY) return true;
    const ours = OURS.has(taint.key) && (taint.effect === 'NoSchedule' || taint.effect === 'NoExecute');
    return !ours || wanted.some((w) => same(w, taint));
  });
  const added = wanted.filter((w) => !current.some((taint) => same(w, taint)));
  if (added.length === 0 && kept.length === current.length) return undefined;
  return [...kept, ...added.map((taint) => ({ ...taint, timeAdded: timestamp(nowMs) }))];
}
