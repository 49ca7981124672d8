// The order in which nodes are tried: zones take turns, so that a cut-off search still sees all of them. Rebuilt only
// when nodes come, go or change zone. Upstream: pkg/scheduler/backend/cache/node_tree.go.
import type { NodeInfo } from './node-info.ts';

/** Region and zone; nodes without either share one. */
export function zoneOf(labels: Readonly<Record<string, string>>): string {
  const region = labels['topology.kubernetes.io/region'] ?? labels['failure-domain.beta.kubernetes.io/region'] ?? '';
  const zone = labels['topology.kubernetes.io/zone'] ?? labels['failure-domain.beta.kubernetes.io/zone'] ?? '';
  return region === '' && zone === '' ? '' : `${region}:\0:${zone}`;
}

export class NodeOrder {
  private readonly zones = new Map<string, Set<NodeInfo>>();
  private readonly zoneByNode = new Map<NodeInfo, string>();
  private built: NodeInfo[] | undefined = [];

  set(info: NodeInfo): void {
    const zone = zoneOf(info.labels);
    const before = this.zoneByNode.get(info);
    if (before === zone) return;
    if (before !== undefined) this.delete(info);
    this.zoneByNode.set(info, zone);
    const members = this.zones.get(zone) ?? new Set();
    members.add(info);
    this.zones.set(zone, members);
    this.built = undefined;
  }

  delete(info: NodeInfo): void {
    const zone = this.zoneByNode.get(info);
    if (zone === undefined) return;
    this.zoneByNode.delete(info);
    const members = this.zones.get(zone);
    members?.delete(info);
    if (members?.size === 0) this.zones.delete(zone);
    this.built = undefined;
  }

  get list(): readonly NodeInfo[] {
    return (this.built ??= this.build());
  }

  private build(): NodeInfo[] {
    const zones = [...this.zones.values()].map((members) => [...members]);
    const result: NodeInfo[] = [];
    for (let i = 0; result.length < this.zoneByNode.size; i++) {
      for (const zone of zones) if (i < zone.length) result.push(zone[i]!);
    }
    return result;
  }
}
