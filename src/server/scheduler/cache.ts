// What the scheduler knows of nodes and placed pods. Pods that it has just placed are assumed to be there before the
// cluster confirms it. Every change updates sums and counts at once, and scheduling cycles are synchronous, so a cycle
// reads the cache itself and no snapshot is copied. Upstream: pkg/scheduler/backend/cache.
import type { Node } from 'kubernetes-types/core/v1.js';
import { NodeInfo } from './node-info.ts';
import { NodeOrder } from './node-order.ts';
import { Nominations } from './nominations.ts';
import { type Counted, PodCounts } from './pod-counts.ts';
import { PlacedTerms } from './placed-terms.ts';
import type { PodInfo } from './pod-info.ts';
import type { Tally } from './tally.ts';

interface Placed {
  info: PodInfo;
  nodeName: string;
  assumed: boolean;
}

export class Cache {
  private readonly infos = new Map<string, NodeInfo>();
  private readonly placed = new Map<string, Placed>();
  private readonly order = new NodeOrder();
  private readonly counts = new PodCounts((name, key) => this.node(name)?.labels[key]);
  private readonly values = new Map<string, Map<string, number>>();
  private readonly imageCounts = new Map<string, number>();
  private readonly priorities = new Map<number, number>();
  readonly nominations = new Nominations();
  /** The affinity terms of placed pods. */
  readonly placedTerms = new PlacedTerms((name, key) => this.node(name)?.labels[key]);

  /** Real nodes, in the order in which they are tried. */
  get nodes(): readonly NodeInfo[] {
    return this.order.list;
  }

  node(name: string): NodeInfo | undefined {
    const info = this.infos.get(name);
    return info?.node ? info : undefined;
  }

  imageNodes(image: string): number {
    return this.imageCounts.get(image) ?? 0;
  }

  podCounts(what: Counted): Tally {
    return this.counts.of(what, () => this.placed.values());
  }

  /** Labels of namespaces changed. */
  namespacesChanged(): void {
    this.counts.namespacesChanged();
  }

  /** Of all placed pods; Infinity when there are none. */
  get lowestPriority(): number {
    return Math.min(...this.priorities.keys());
  }

  /** The values of a label over all nodes, and how many nodes have each. */
  labelValues(key: string): ReadonlyMap<string, number> {
    let values = this.values.get(key);
    if (values) return values;
    this.values.set(key, (values = new Map()));
    for (const { labels } of this.nodes) {
      const value = labels[key];
      if (value !== undefined) values.set(value, (values.get(value) ?? 0) + 1);
    }
    return values;
  }

  setNode(node: Node): NodeInfo {
    const info = this.infoFor(node.metadata?.name ?? '');
    const labels = info.node ? info.labels : undefined;
    this.countImages(info, -1);
    info.setNode(node);
    this.countImages(info, 1);
    this.order.set(info);
    if (labels !== info.labels) this.labelsChanged();
    return info;
  }

  /** Its pods stay counted until they are gone themselves. */
  removeNode(name: string): void {
    const info = this.infos.get(name);
    if (!info) return;
    this.countImages(info, -1);
    this.order.delete(info);
    info.node = undefined;
    info.images = new Map();
    if (info.pods.size === 0) this.infos.delete(name);
    this.labelsChanged();
  }

  has(uid: string): boolean {
    return this.placed.has(uid);
  }

  isAssumed(uid: string): boolean {
    return this.placed.get(uid)?.assumed ?? false;
  }

  /** The scheduler has chosen; the cluster does not know yet. */
  assume(info: PodInfo, nodeName: string): void {
    this.put(info, nodeName, true);
  }

  /** The choice did not come about. */
  forget(uid: string): void {
    if (this.isAssumed(uid)) this.removePod(uid);
  }

  /** The cluster says that the pod is on a node: confirms an assumption, or corrects it. */
  setPod(info: PodInfo, nodeName: string): void {
    this.put(info, nodeName, false);
  }

  removePod(uid: string): PodInfo | undefined {
    const placed = this.placed.get(uid);
    if (!placed) return undefined;
    this.placed.delete(uid);
    this.lift(placed.info, placed.nodeName);
    this.placedTerms.settle();
    this.countPriority(placed.info.priority, -1);
    const info = this.infos.get(placed.nodeName);
    if (info && !info.node && info.pods.size === 0) this.infos.delete(placed.nodeName);
    return placed.info;
  }

  private put(info: PodInfo, nodeName: string, assumed: boolean): void {
    this.removePod(info.uid);
    this.nominations.delete(info.uid);
    this.placed.set(info.uid, { info, nodeName, assumed });
    this.infoFor(nodeName);
    this.lower(info, nodeName);
    this.countPriority(info.priority, 1);
  }

  /** Takes a pod out of all sums and counts, to see what would be without it; `lower` puts it back. */
  lift(info: PodInfo, nodeName: string): void {
    this.infos.get(nodeName)?.removePod(info.uid);
    this.counts.update(info, nodeName, -1);
    if (info.hasAffinity) this.placedTerms.update(info, nodeName, -1);
  }

  lower(info: PodInfo, nodeName: string): void {
    this.infos.get(nodeName)?.addPod(info);
    this.counts.update(info, nodeName, 1);
    if (info.hasAffinity) this.placedTerms.update(info, nodeName, 1);
  }

  private labelsChanged(): void {
    this.values.clear();
    this.counts.nodesChanged();
    this.placedTerms.nodesChanged();
  }

  private countPriority(priority: number, sign: 1 | -1): void {
    const count = (this.priorities.get(priority) ?? 0) + sign;
    if (count > 0) this.priorities.set(priority, count);
    else this.priorities.delete(priority);
  }

  private infoFor(name: string): NodeInfo {
    let info = this.infos.get(name);
    if (!info) this.infos.set(name, (info = new NodeInfo(name)));
    return info;
  }

  private countImages(info: NodeInfo, sign: 1 | -1): void {
    for (const image of info.images.keys()) {
      const count = (this.imageCounts.get(image) ?? 0) + sign;
      if (count > 0) this.imageCounts.set(image, count);
      else this.imageCounts.delete(image);
    }
  }
}
