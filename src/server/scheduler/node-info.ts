// A node with the sums over its pods, kept up to date pod by pod. Upstream: NodeInfo in
// pkg/scheduler/framework/types.go.
import type { Node, Taint } from 'kubernetes-types/core/v1.js';
import { type Amounts, addAmounts, amountsOf, emptyAmounts } from './resources.ts';
import { type HostPort, type PodInfo, normalizedImage } from './pod-info.ts';

const NO_LABELS: Readonly<Record<string, string>> = {};
const ANY_IP = '0.0.0.0';
let changes = 0;

export class NodeInfo {
  readonly name: string;
  /** Undefined while only pods say that there is such a node. */
  node: Node | undefined;
  /** Another one after every change of the node or of its pods. */
  generation = 0;
  labels: Readonly<Record<string, string>> = NO_LABELS;
  unschedulable = false;
  /** Those that keep pods away: NoSchedule and NoExecute. */
  hardTaints: readonly Taint[] = [];
  softTaints: readonly Taint[] = [];
  allocatable: Amounts = emptyAmounts();
  allowedPods = 0;
  /** Sizes in bytes by normalized name. */
  images: ReadonlyMap<string, number> = new Map();
  readonly pods = new Map<string, PodInfo>();
  readonly requested: Amounts = emptyAmounts();
  readonly nonZeroRequested: Amounts = emptyAmounts();
  /** How many pods use a host port, by `protocol/port` and address. */
  private readonly usedPorts = new Map<string, Map<string, number>>();

  constructor(name: string) {
    this.name = name;
  }

  setNode(node: Node): void {
    this.generation = ++changes;
    this.node = node;
    this.labels = node.metadata?.labels ?? NO_LABELS;
    this.unschedulable = node.spec?.unschedulable === true;
    const taints = node.spec?.taints ?? [];
    this.hardTaints = taints.filter((t) => t.effect === 'NoSchedule' || t.effect === 'NoExecute');
    this.softTaints = taints.filter((t) => t.effect === 'PreferNoSchedule');
    this.allocatable = amountsOf(node.status?.allocatable);
    this.allowedPods = Number(node.status?.allocatable?.['pods'] ?? 0);
    const images = new Map<string, number>();
    for (const image of node.status?.images ?? []) {
      for (const name of image.names ?? []) images.set(normalizedImage(name), image.sizeBytes ?? 0);
    }
    this.images = images;
  }

  addPod(pod: PodInfo): void {
    this.pods.set(pod.uid, pod);
    this.count(pod, 1);
  }

  /** Answers whether it was there. */
  removePod(uid: string): boolean {
    const pod = this.pods.get(uid);
    if (!pod) return false;
    this.pods.delete(uid);
    this.count(pod, -1);
    return true;
  }

  private count(pod: PodInfo, sign: 1 | -1): void {
    this.generation = ++changes;
    addAmounts(this.requested, pod.requests, sign);
    addAmounts(this.nonZeroRequested, pod.nonZero, sign);
    for (const { ip, protocol, port } of pod.hostPorts) {
      const id = `${protocol}/${port}`;
      const users = this.usedPorts.get(id) ?? new Map<string, number>();
      const left = (users.get(ip) ?? 0) + sign;
      if (left > 0) users.set(ip, left);
      else users.delete(ip);
      if (users.size > 0) this.usedPorts.set(id, users);
      else this.usedPorts.delete(id);
    }
  }

  /** 0.0.0.0 collides with every address. Upstream: HostPortInfo.CheckConflict. */
  portConflict(ports: readonly HostPort[]): boolean {
    for (const { ip, protocol, port } of ports) {
      const users = this.usedPorts.get(`${protocol}/${port}`);
      if (users && (ip === ANY_IP || users.has(ip) || users.has(ANY_IP))) return true;
    }
    return false;
  }

  /** A copy to try things on: pods may be removed from it and added. */
  clone(): NodeInfo {
    const copy = new NodeInfo(this.name);
    copy.node = this.node;
    copy.labels = this.labels;
    copy.unschedulable = this.unschedulable;
    copy.hardTaints = this.hardTaints;
    copy.softTaints = this.softTaints;
    copy.allocatable = this.allocatable;
    copy.allowedPods = this.allowedPods;
    copy.images = this.images;
    for (const pod of this.pods.values()) copy.addPod(pod);
    return copy;
  }
}
