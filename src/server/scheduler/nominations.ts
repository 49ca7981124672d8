// Pods for which others are being evicted, and the nodes on which that happens: their place must not be taken by less
// important pods in the meantime. Upstream: pkg/scheduler/backend/queue/nominator.go.
import type { PodInfo } from './pod-info.ts';

export class Nominations {
  private readonly byNode = new Map<string, Map<string, PodInfo>>();
  private readonly nodeOf = new Map<string, string>();

  set(pod: PodInfo, nodeName: string): void {
    this.delete(pod.uid);
    this.nodeOf.set(pod.uid, nodeName);
    const pods = this.byNode.get(nodeName) ?? new Map<string, PodInfo>();
    pods.set(pod.uid, pod);
    this.byNode.set(nodeName, pods);
  }

  /** It was placed, or is gone. */
  delete(uid: string): void {
    const nodeName = this.nodeOf.get(uid);
    if (nodeName === undefined) return;
    this.nodeOf.delete(uid);
    const pods = this.byNode.get(nodeName);
    pods?.delete(uid);
    if (pods?.size === 0) this.byNode.delete(nodeName);
  }

  /** Those on a node that are at least as important as this pod; usually none. */
  before(pod: PodInfo, nodeName: string): PodInfo[] | undefined {
    const pods = this.byNode.get(nodeName);
    if (!pods) return undefined;
    const others = [...pods.values()].filter((p) => p.uid !== pod.uid && p.priority >= pod.priority);
    return others.length > 0 ? others : undefined;
  }

  /** Those on a node that are less important. */
  lessThan(pod: PodInfo, nodeName: string): PodInfo[] {
    return [...(this.byNode.get(nodeName)?.values() ?? [])].filter((p) => p.priority < pod.priority);
  }
}
