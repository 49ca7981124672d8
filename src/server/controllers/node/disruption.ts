// How fast silent nodes may be emptied. Many at once more likely mean a broken network here than broken nodes there.
// Upstream: ComputeZoneState, handleDisruption and the zone rate limiters in node_lifecycle_controller.go.
import type { Node } from 'kubernetes-types/core/v1.js';
import type { Clock } from '../../../client/controller.ts';
import { healthOf } from './health.ts';

/** One node in ten seconds per zone; one in a hundred when most of a large zone is silent. */
const NORMAL_MS = 10_000;
const SLOW_MS = 100_000;
const UNHEALTHY_SHARE = 0.55;
const LARGE_CLUSTER = 50;

export type ZoneState = 'normal' | 'partial' | 'full';

export function zoneState(nodes: readonly Node[]): ZoneState {
  const silent = nodes.filter((n) => healthOf(n) !== 'True').length;
  if (silent > 0 && silent === nodes.length) return 'full';
  return silent > 2 && silent / nodes.length >= UNHEALTHY_SHARE ? 'partial' : 'normal';
}

export const zoneOf = (node: Node): string => {
  const labels = node.metadata?.labels ?? {};
  return `${labels['topology.kubernetes.io/region'] ?? ''}/${labels['topology.kubernetes.io/zone'] ?? ''}`;
};

/** `add`: it may get the taint that evicts. `keep`: not now. `remove`: nobody is to be evicted. */
export type Eviction = 'add' | 'keep' | 'remove';

export class EvictionLimiter {
  private readonly clock: Pick<Clock, 'now'>;
  private readonly nextMs = new Map<string, number>();

  constructor(clock: Pick<Clock, 'now'>) {
    this.clock = clock;
  }

  /** For a node that is not ready. One that is being emptied already (`hasTaint`) costs nothing. */
  ask(node: Node, all: readonly Node[], hasTaint: boolean): Eviction {
    const zones = new Map<string, Node[]>();
    for (const n of all) {
      // The caller's view of this node is the newest.
      const current = n.metadata?.name === node.metadata?.name ? node : n;
      const members = zones.get(zoneOf(current));
      if (members) members.push(current);
      else zones.set(zoneOf(current), [current]);
    }
    const states = new Map([...zones].map(([zone, members]) => [zone, zoneState(members)]));
    if ([...states.values()].every((state) => state === 'full')) return 'remove';
    if (hasTaint) return 'keep';
    const zone = zoneOf(node);
    const partial = states.get(zone) === 'partial';
    if (partial && (zones.get(zone)?.length ?? 0) <= LARGE_CLUSTER) return 'keep';
    const now = this.clock.now();
    if ((this.nextMs.get(zone) ?? 0) > now) return 'keep';
    this.nextMs.set(zone, now + (partial ? SLOW_MS : NORMAL_MS));
    return 'add';
  }
}
