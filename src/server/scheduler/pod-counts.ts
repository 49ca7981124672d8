// How many live pods match a selector on each node. A count is made once by a scan and then kept up to date pod by
// pod, so that spreading costs a look-up per node instead of a scan of its pods. The least recently used go.
import type { Selector } from '../../api/selector.ts';
import type { PodInfo } from './pod-info.ts';

/** Counts kept at once; a pod's change is matched against those of its namespace. */
const KEPT = 256;

interface Count {
  selector: Selector;
  byNode: Map<string, number>;
  /** The same by the value of a node label: made when first asked for, then kept. */
  byLabel: Map<string, Map<string, number>>;
}

type Placements = () => Iterable<{ info: PodInfo; nodeName: string }>;

export class PodCounts {
  private readonly byNamespace = new Map<string, Map<string, Count>>();
  private readonly recent = new Map<string, { namespace: string; text: string }>();
  private readonly labelOf: (nodeName: string, key: string) => string | undefined;

  /** `labelOf` reads a label of a node that is there. */
  constructor(labelOf: (nodeName: string, key: string) => string | undefined) {
    this.labelOf = labelOf;
  }

  byNode(namespace: string, selector: Selector, pods: Placements): ReadonlyMap<string, number> {
    return this.count(namespace, selector, pods).byNode;
  }

  /** By the value of a node label; nodes without it do not count. */
  byLabel(namespace: string, selector: Selector, key: string, pods: Placements): ReadonlyMap<string, number> {
    const count = this.count(namespace, selector, pods);
    let values = count.byLabel.get(key);
    if (values) return values;
    count.byLabel.set(key, (values = new Map()));
    for (const [nodeName, n] of count.byNode) adjust(values, this.labelOf(nodeName, key), n);
    return values;
  }

  /** Nodes came, went or changed their labels. */
  nodesChanged(): void {
    for (const counts of this.byNamespace.values()) for (const count of counts.values()) count.byLabel.clear();
  }

  private count(namespace: string, selector: Selector, pods: Placements): Count {
    const text = selector.toString();
    const id = `${namespace}|${text}`;
    let count = this.byNamespace.get(namespace)?.get(text);
    this.recent.delete(id);
    this.recent.set(id, { namespace, text });
    if (count) return count;
    count = { selector, byNode: new Map(), byLabel: new Map() };
    for (const { info, nodeName } of pods()) {
      if (info.namespace === namespace) this.change(count, info, nodeName, 1);
    }
    const counts = this.byNamespace.get(namespace) ?? new Map<string, Count>();
    counts.set(text, count);
    this.byNamespace.set(namespace, counts);
    this.evict();
    return count;
  }

  add(info: PodInfo, nodeName: string): void {
    for (const count of this.byNamespace.get(info.namespace)?.values() ?? []) this.change(count, info, nodeName, 1);
  }

  remove(info: PodInfo, nodeName: string): void {
    for (const count of this.byNamespace.get(info.namespace)?.values() ?? []) this.change(count, info, nodeName, -1);
  }

  private evict(): void {
    if (this.recent.size <= KEPT) return;
    const [id, { namespace, text }] = this.recent.entries().next().value!;
    this.recent.delete(id);
    const counts = this.byNamespace.get(namespace);
    counts?.delete(text);
    if (counts?.size === 0) this.byNamespace.delete(namespace);
  }

  /** Pods that are going do not count. */
  private change(count: Count, info: PodInfo, nodeName: string, sign: 1 | -1): void {
    if (info.isTerminating || !count.selector.matches(info.labels)) return;
    adjust(count.byNode, nodeName, sign);
    for (const [key, values] of count.byLabel) adjust(values, this.labelOf(nodeName, key), sign);
  }
}

function adjust(counts: Map<string, number>, id: string | undefined, by: number): void {
  if (id === undefined) return;
  const value = (counts.get(id) ?? 0) + by;
  if (value > 0) counts.set(id, value);
  else counts.delete(id);
}
