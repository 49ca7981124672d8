// Nodes and pods for scheduler tests, and a view of the cluster over a cache.
import type { Node, NodeSpec, Pod, PodSpec } from 'kubernetes-types/core/v1.js';
import type { Clock } from '../../../src/client/controller.ts';
import { Cache } from '../../../src/server/scheduler/cache.ts';
import { SchedulingCycle } from '../../../src/server/scheduler/cycle.ts';
import type { AnyPlugin, ClusterView } from '../../../src/server/scheduler/framework.ts';
import { PodInfo } from '../../../src/server/scheduler/pod-info.ts';
import { defaultPlugins } from '../../../src/server/scheduler/profile.ts';

export function makeNode(
  name: string,
  more: {
    labels?: Record<string, string>;
    spec?: NodeSpec;
    allocatable?: Record<string, string>;
    images?: [string, number][];
  } = {},
): Node {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels: { 'kubernetes.io/hostname': name, ...more.labels } },
    ...(more.spec ? { spec: more.spec } : {}),
    status: {
      allocatable: { cpu: '4', memory: '8Gi', pods: '110', ...more.allocatable },
      ...(more.images ? { images: more.images.map(([image, sizeBytes]) => ({ names: [image], sizeBytes })) } : {}),
    },
  };
}

let serial = 0;
export function makePod(
  name: string,
  more: { labels?: Record<string, string>; spec?: Partial<PodSpec>; requests?: Record<string, string> } = {},
): Pod {
  const resources = more.requests ? { resources: { requests: more.requests } } : {};
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default', uid: `uid-${serial++}`, ...(more.labels ? { labels: more.labels } : {}) },
    spec: { containers: [{ name: 'c', image: 'app:1', ...resources }], ...more.spec },
  };
}

export const infoOf = (...args: Parameters<typeof makePod>): PodInfo => new PodInfo(makePod(...args));

export interface Bench {
  cache: Cache;
  view: ClusterView;
  cycle: SchedulingCycle;
  /** The node's name, or the failure. */
  schedule(
    pod: PodInfo,
  ): string | { rejections: Record<string, string>; rejectedBy: string[]; preFilter?: string; untried?: string };
}

export function bench(
  nodes: readonly Node[],
  plugins: readonly AnyPlugin[] = defaultPlugins(),
  percentageOfNodesToScore = 0,
): Bench {
  const cache = new Cache();
  for (const node of nodes) cache.setNode(node);
  const view: ClusterView = {
    get nodes() {
      return cache.nodes;
    },
    node: (name) => cache.node(name),
    podCounts: (namespace, selector) => cache.podCounts(namespace, selector),
    podCountsByLabel: (namespace, selector, key) => cache.podCountsByLabel(namespace, selector, key),
    labelValues: (key) => cache.labelValues(key),
    nodesWithAffinityPods: cache.nodesWithAffinityPods,
    nominatedBefore: (pod, nodeName) => cache.nominations.before(pod, nodeName),
    get lowestPriority() {
      return cache.lowestPriority;
    },
    imageNodes: (image) => cache.imageNodes(image),
    services: () => [],
    replicaSet: () => undefined,
    namespaceLabels: () => ({}),
  };
  const cycle = new SchedulingCycle({ plugins, percentageOfNodesToScore, random: () => 0.99 });
  return {
    cache,
    view,
    cycle,
    schedule(pod) {
      const outcome = cycle.run(pod, view);
      if ('node' in outcome) return outcome.node.name;
      const { rejections, rejectedBy, ...rest } = outcome.failure;
      const reasons = Object.fromEntries(
        [...rejections].map(([name, r]) => [name, `${r.code}: ${r.reasons.join(', ')}`]),
      );
      return { rejections: reasons, rejectedBy: [...rejectedBy], ...rest };
    },
  };
}

export const stillClock = (nowMs = 0): Clock & { nowMs: number } => ({
  nowMs,
  now() {
    return this.nowMs;
  },
  sleep: () => new Promise(() => undefined),
});
