// Nodes and pods for scheduler tests, and a view of the cluster over a cache.
import type { Node, NodeSpec, Pod, PodSpec } from 'kubernetes-types/core/v1.js';
import type { KubeObject, ResourceType } from '../../../src/api/types.ts';
import type { Lister } from '../../../src/client/informer.ts';
import type { Clock } from '../../../src/client/controller.ts';
import { Cache } from '../../../src/server/scheduler/cache.ts';
import { SchedulingCycle } from '../../../src/server/scheduler/cycle.ts';
import type { AnyPlugin, ClusterView, PostFilterResult } from '../../../src/server/scheduler/framework.ts';
import { PodInfo } from '../../../src/server/scheduler/pod-info.ts';
import { DEFAULT_SCHEDULER, defaultPlugins, profileOf } from '../../../src/server/scheduler/profile.ts';
import { tryOut } from '../../../src/server/scheduler/scheduler.ts';
import { clusterView } from '../../../src/server/scheduler/view.ts';

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
  /** A cycle and, if it fails, preemption: the node, or the nominated one. Undefined: none. */
  attempt(pod: PodInfo): string | undefined;
  /** What is found when it does not fit. */
  postFilter(pod: PodInfo): PostFilterResult;
}

export function bench(
  nodes: readonly Node[],
  plugins: readonly AnyPlugin[] = defaultPlugins(),
  percentageOfNodesToScore = 0,
  objects: Readonly<Record<string, readonly KubeObject[]>> = {},
): Bench {
  const cache = new Cache();
  for (const node of nodes) cache.setNode(node);
  const view = clusterView(cache, <T extends KubeObject>({ kind }: ResourceType<T>) =>
    listerOf<T>(objects[kind] ?? []),
  );
  const profile = profileOf(DEFAULT_SCHEDULER, plugins);
  const cycle = new SchedulingCycle({ profile, percentageOfNodesToScore, random: () => 0.99 });
  return {
    cache,
    view,
    cycle,
    schedule(pod) {
      const outcome = cycle.run(pod, view);
      if ('node' in outcome) return outcome.node.name;
      const { rejections, rejectedBy, ...rest } = outcome.failure;
      const reasons = Object.fromEntries(
        rejections.nodes.map(({ name }, i) => {
          const { code, reasons: texts } = rejections.reasons[i]!;
          return [name, `${code}: ${texts.join(', ')}`];
        }),
      );
      return { rejections: reasons, rejectedBy: [...rejectedBy], ...rest };
    },
    attempt(pod) {
      const outcome = cycle.run(pod, view);
      if ('node' in outcome) return outcome.node.name;
      for (const plugin of profile.points.postFilter) {
        const context = tryOut(pod, cycle, view, outcome.failure.rejections, outcome.prepared, () => 0);
        const result = plugin.postFilter!(pod, context);
        if (!result.nominatedNode) continue;
        for (const victim of result.victims ?? []) cache.removePod(victim.uid);
        return result.nominatedNode;
      }
      return undefined;
    },
    postFilter(pod) {
      const outcome = cycle.run(pod, view);
      if ('node' in outcome) throw new Error('it fits');
      const context = tryOut(pod, cycle, view, outcome.failure.rejections, outcome.prepared, () => 0);
      return profile.points.postFilter[0]!.postFilter!(pod, context);
    },
  };
}

function listerOf<T extends KubeObject>(objects: readonly KubeObject[]): Lister<T> {
  const keyOf = ({ metadata: m }: KubeObject) => (m?.namespace ? `${m.namespace}/${m.name}` : (m?.name ?? ''));
  const list = (namespace?: string): T[] =>
    objects.filter((o) => !namespace || o.metadata?.namespace === namespace) as T[];
  return {
    get: (key) => objects.find((object) => keyOf(object) === key) as T | undefined,
    list,
    count: (namespace) => list(namespace).length,
    byIndex: () => [],
  };
}

export const stillClock = (nowMs = 0): Clock & { nowMs: number } => ({
  nowMs,
  now() {
    return this.nowMs;
  },
  sleep: () => new Promise(() => undefined),
});
