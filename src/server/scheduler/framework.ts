// The scheduling framework: what a plugin may do and when. The methods present are a plugin's extension points.
// Upstream: pkg/scheduler/framework/interface.go. The scheduling cycle (preEnqueue … reserve) is synchronous, so it
// sees one state of the cluster; the binding cycle (permit … postBind) is not and runs beside later cycles.
import type { ReplicaSet } from 'kubernetes-types/apps/v1.js';
import type { Service } from 'kubernetes-types/core/v1.js';
import type { Selector } from '../../api/selector.ts';
import type { Client } from '../../client/rest.ts';
import type { NodeInfo } from './node-info.ts';
import type { PodInfo } from './pod-info.ts';

/** `unresolvable`: evicting pods from the node could not help. */
export type RejectionCode = 'unschedulable' | 'unresolvable' | 'error';

/** Why a node, or all of them, will not do. Plugins make them once and hand out the same object again. */
export interface Rejection {
  code: RejectionCode;
  reasons: readonly string[];
  /** Set by the framework. */
  plugin?: string;
}

export const unschedulable = (...reasons: string[]): Rejection => ({ code: 'unschedulable', reasons });
export const unresolvable = (...reasons: string[]): Rejection => ({ code: 'unresolvable', reasons });

/** A plugin has nothing to say about this pod: its later methods of this cycle are not called. */
export const SKIP = Symbol('skip');
export type Skip = typeof SKIP;

/** The cluster as a plugin sees it: stable while a cycle runs. */
export interface ClusterView {
  /** In the order in which nodes are tried: zones take turns. */
  readonly nodes: readonly NodeInfo[];
  node(name: string): NodeInfo | undefined;
  /** How many live pods of the namespace match, by node name; kept up to date, never scanned. Absent is 0. */
  podCounts(namespace: string, selector: Selector): ReadonlyMap<string, number>;
  /** The same by the value of a label of their nodes. */
  podCountsByLabel(namespace: string, selector: Selector, key: string): ReadonlyMap<string, number>;
  /** The values of a label over all nodes, and how many nodes have each. */
  labelValues(key: string): ReadonlyMap<string, number>;
  /** Nodes that have pods with affinity or anti-affinity terms. */
  readonly nodesWithAffinityPods: ReadonlySet<NodeInfo>;
  /** Pods, at least as important as this one, whose place on a node is being cleared; undefined: none. */
  nominatedBefore(pod: PodInfo, nodeName: string): PodInfo[] | undefined;
  /** Of all placed pods; Infinity when there are none. */
  readonly lowestPriority: number;
  /** How many nodes have this image. */
  imageNodes(image: string): number;
  services(namespace: string): readonly Service[];
  replicaSet(namespace: string, name: string): ReplicaSet | undefined;
  namespaceLabels(namespace: string): Readonly<Record<string, string>>;
}

export interface PreFilterResult<F> {
  state: F;
  /** Only these nodes are tried. */
  nodeNames?: ReadonlySet<string>;
}

export type EventResource = 'Pod' | 'AssignedPod' | 'Node' | 'Service';
export type EventAction =
  | 'add'
  | 'delete'
  | 'update'
  | 'updateAllocatable'
  | 'updateLabels'
  | 'updateTaints'
  | 'updateUnschedulable'
  | 'updateGates'
  | 'updateRequests'
  | 'updateTolerations';

/** Something happened that may make a rejected pod schedulable. */
export interface ClusterEvent {
  resource: EventResource;
  actions: readonly EventAction[];
  /** The node after the event, for node events. */
  node?: NodeInfo;
  /** The pod after the event (before it, for deletions), for pod events. */
  pod?: PodInfo;
}

export interface EventInterest {
  resource: EventResource;
  actions: readonly EventAction[];
  /** A closer look (upstream's QueueingHint); absent: always worth a try. */
  helps?(pod: PodInfo, event: ClusterEvent): boolean;
}

export interface BindContext {
  client: Client;
  signal: AbortSignal;
}

export interface PostFilterContext {
  view: ClusterView;
  /** By node name; a node that is not in it was never looked at and is unresolvable. */
  rejections: ReadonlyMap<string, Rejection>;
  /** Runs all filters of the pod on a (hypothetical) node. */
  fits(node: NodeInfo): boolean;
}

/** F: what preFilter hands to filter; S: what preScore hands to score. */
export interface SchedulerPlugin<F = undefined, S = undefined> {
  name: string;
  /** Of its scores; default 1. */
  weight?: number;
  preEnqueue?(pod: PodInfo): Rejection | undefined;
  /** Negative: a goes first. Exactly one plugin orders the queue. */
  queueSort?(a: QueuedOrder, b: QueuedOrder): number;
  preFilter?(pod: PodInfo, view: ClusterView): PreFilterResult<F> | Rejection | Skip;
  /** Called for many nodes: allocates nothing. */
  filter?(pod: PodInfo, node: NodeInfo, state: F): Rejection | undefined;
  postFilter?(
    pod: PodInfo,
    context: PostFilterContext,
  ): { message: string; nominatedNode?: string; victims?: PodInfo[] };
  preScore?(pod: PodInfo, nodes: readonly NodeInfo[], view: ClusterView, state: F | undefined): S | Skip;
  /** An integer; without `normalize` from 0 to 100. */
  score?(pod: PodInfo, node: NodeInfo, state: S): number;
  /** Brings scores to 0…100, in place; `scores[i]` is that of `nodes[i]`. */
  normalize?(scores: number[], pod: PodInfo, nodes: readonly NodeInfo[], state: S): void;
  reserve?(pod: PodInfo, node: NodeInfo): Rejection | undefined;
  unreserve?(pod: PodInfo, node: NodeInfo): void;
  /** May wait. */
  permit?(pod: PodInfo, node: NodeInfo, signal: AbortSignal): Promise<Rejection | undefined> | Rejection | undefined;
  preBind?(pod: PodInfo, node: NodeInfo, context: BindContext): Promise<void>;
  /** Answers false to leave it to the next plugin. */
  bind?(pod: PodInfo, node: NodeInfo, context: BindContext): Promise<boolean>;
  postBind?(pod: PodInfo, node: NodeInfo): void;
  /** What may help a pod that this plugin rejected. */
  events?: readonly EventInterest[];
}

export interface QueuedOrder {
  pod: PodInfo;
  /** When it was queued for this attempt, in milliseconds. */
  queuedMs: number;
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type AnyPlugin = SchedulerPlugin<any, any>;

/** Identity: gives the record its types. */
export function definePlugin<F = undefined, S = undefined>(plugin: SchedulerPlugin<F, S>): SchedulerPlugin<F, S> {
  return plugin;
}

export const MAX_NODE_SCORE = 100;

/** Scales to 0…100 by the greatest score. Upstream: helper.DefaultNormalizeScore. */
export function normalizeByMax(scores: number[], reverse: boolean): void {
  let max = 0;
  for (const score of scores) max = Math.max(max, score);
  for (let i = 0; i < scores.length; i++) {
    const scaled = max === 0 ? 0 : Math.trunc((MAX_NODE_SCORE * scores[i]!) / max);
    scores[i] = reverse ? MAX_NODE_SCORE - scaled : scaled;
  }
}
