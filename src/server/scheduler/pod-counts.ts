// How many live pods match a selector on each node. A count is made once by a scan and then kept up to date pod by
// pod, so that spreading costs a look-up per node instead of a scan of its pods. The least recently used go.
import type { Selector } from '../../api/selector.ts';
import type { PodInfo } from './pod-info.ts';

/** Counts kept at once; a pod's change is matched against those of its namespace. */
const KEPT = 256;

interface Count {
  selector: Selector;
  byNode: Map<string, number>;
}

export class PodCounts {
  private readonly byNamespace = new Map<string, Map<string, Count>>();
  private readonly recent = new Map<string, { namespace: string; text: string }>();

  get(
    namespace: string,
    selector: Selector,
    pods: () => Iterable<{ info: PodInfo; nodeName: string }>,
  ): ReadonlyMap<string, number> {
    const text = selector.toString();
    const id = `${namespace}|${text}`;
    let count = this.byNamespace.get(namespace)?.get(text);
    this.recent.delete(id);
    this.recent.set(id, { namespace, text });
    if (count) return count.byNode;
    count = { selector, byNode: new Map() };
    for (const { info, nodeName } of pods()) {
      if (info.namespace === namespace) change(count, info, nodeName, 1);
    }
    const counts = this.byNamespace.get(namespace) ?? new Map<string, Count>();
    counts.set(text, count);
    this.byNamespace.set(namespace, counts);
    this.evict();
    return count.byNode;
  }

  add(info: PodInfo, nodeName: string): void {
    for (const count of this.byNamespace.get(info.namespace)?.values() ?? []) change(count, info, nodeName, 1);
  }

  remove(info: PodInfo, nodeName: string): void {
    for (const count of this.byNamespace.get(info.namespace)?.values() ?? []) change(count, info, nodeName, -1);
  }

  private evict(): void {
    if (this.recent.size <= KEPT) return;
    const [id, { namespace, text }] = this.recent.entries().next().value!;
    this.recent.delete(id);
    const counts = this.byNamespace.get(namespace);
    counts?.delete(text);
    if (counts?.size === 0) this.byNamespace.delete(namespace);
  }
}

/** Pods that are going do not count. */
function change(count: Count, info: PodInfo, nodeName: string, sign: 1 | -1): void {
  if (info.isTerminating || !count.selector.matches(info.labels)) return;
  const value = (count.byNode.get(nodeName) ?? 0) + sign;
  if (value > 0) count.byNode.set(nodeName, value);
  else count.byNode.delete(nodeName);
}
