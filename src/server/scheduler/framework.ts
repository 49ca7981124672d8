// The scheduling framework: what a plugin may do and when. The methods present are a plugin's extension points.
// Upstream: pkg/scheduler/framework/interface.go. The scheduling cycle (preEnqueue … reserve) is synchronous, so it
// sees one state of the cluster; the binding cycle (permit … postBind) is not and runs beside later cycles.
import type { Service } from 'kubernetes-types/core/v1.js';
import type { OwnerReference } from 'kubernetes-types/meta/v1.js';
import type { PodDisruptionBudget } from 'kubernetes-types/policy/v1.js';
import type { LabelSelector } from '../../api/selector.ts';
import type { KubeObject, ResourceType } from '../../api/types.ts';
import type { Lister } from '../../client/informer.ts';
import type { Client } from '../../client/rest.ts';
import type { NodeInfo } from './node-info.ts';
import type { PlacedTerms } from './placed-terms.ts';
import type { Candidate } from './preemption.ts';
import type { Counted } from './pod-counts.ts';
import type { PodInfo } from './pod-info.ts';
import type { Tally } from './tally.ts';

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
export const SKIP = Symbol.for('sampan.scheduler.skip');
export type Skip = typeof SKIP;

/** The cluster as a plugin sees it: stable while a cycle runs. */
export interface ClusterView {
  /** In the order in which nodes are tried: zones take turns. */
  readonly nodes: readonly NodeInfo[];
  node(name: string): NodeInfo | undefined;
  /** How many placed pods match something, by node and by label of nodes; kept up to date, never scanned. */
  podCounts(what: Counted): Tally;
  /** The values of a label over all nodes, and how many nodes have each. */
  labelValues(key: string): ReadonlyMap<string, number>;
  /** The affinity and anti-affinity terms of placed pods. */
  readonly placedTerms: PlacedTerms;
  /** Takes a placed pod out of all sums and counts, or puts it there, to try what would be; undone before one returns. */
  lift(pod: PodInfo, node: NodeInfo): void;
  lower(pod: PodInfo, node: NodeInfo): void;
  /** Pods, at least as important as this one, whose place on a node is being cleared; undefined: none. */
  nominatedBefore(pod: PodInfo, nodeName: string): PodInfo[] | undefined;
  /** Of all placed pods; Infinity when there are none. */
  readonly lowestPriority: number;
  /** How many nodes have this image. */
  imageNodes(image: string): number;
  services(namespace: string): readonly Service[];
  /** The selector of what controls a pod: a ReplicaSet, ReplicationController or StatefulSet. */
  ownerSelector(namespace: string, owner: OwnerReference): LabelSelector | undefined;
  namespaceLabels(namespace: string): Readonly<Record<string, string>>;
  disruptionBudgets(namespace: string): readonly PodDisruptionBudget[];
  /** Objects of a type that a plugin asked for with `informers`. */
  lister<T extends KubeObject>(type: ResourceType<T>): Lister<T>;
}

export interface PreFilterResult<F> {
  state: F;
  /** Only these nodes are tried. */
  nodeNames?: ReadonlySet<string>;
  /**
   * How filter sees pods that preemption lifts. `live`: the state reads counts of the view; `snapshot`: it is a copy, and
   * has to be made again. Absent: filter looks only at the node.
   */
  follows?: 'live' | 'snapshot';
}

/** `Pod` is one that waits; of other objects (a plugin's `informers`) the kind. */
export type EventResource = 'Pod' | 'AssignedPod' | 'Node' | (string & {});
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
  /** Of another kind: the object after the event (before it, for deletions). */
  object?: KubeObject;
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
  view: ClusterView;
}

export interface PostFilterContext {
  view: ClusterView;
  /** A node that is not in it was never looked at and is unresolvable. */
  rejections: Rejections;
  /** Runs all filters of the pod as things are now: after pods were lifted. Undefined: it fits. */
  reject(node: NodeInfo): Rejection | undefined;
  /** Takes a pod away from a node for a try, or puts it back. */
  lift(pod: PodInfo, node: NodeInfo): void;
  lower(pod: PodInfo, node: NodeInfo): void;
  random(): number;
  /** All filters that speak about this pod are pure. */
  pure: boolean;
}

export interface PostFilterResult {
  message: string;
  /** Empty: the pod has no nominated node any more. Absent: that stays as it is. */
  nominatedNode?: string;
  victims?: PodInfo[];
  /** All that were found, where extenders choose among them. */
  candidates?: readonly Candidate[];
}

/** Which nodes were refused, and why, in the order in which they were tried. */
export class Rejections {
  readonly nodes: NodeInfo[] = [];
  readonly reasons: Rejection[] = [];

  add(node: NodeInfo, rejection: Rejection): void {
    this.nodes.push(node);
    this.reasons.push(rejection);
  }

  get size(): number {
    return this.nodes.length;
  }

  of(nodeName: string): Rejection | undefined {
    return this.reasons[this.nodes.findIndex(({ name }) => name === nodeName)];
  }
}

/** F: what preFilter hands to filter; S: what preScore hands to score. */
export interface SchedulerPlugin<F = undefined, S = undefined> {
  name: string;
  /** Of its scores; default 1. */
  weight?: number;
  /** The same plugin with arguments of a configuration file. Throws an Error that says what is wrong with them. */
  configure?(args: Readonly<Record<string, unknown>>): AnyPlugin;
  /** Further kinds of objects that it reads by `view.lister`; their changes are events of that kind. */
  informers?: readonly ResourceType<KubeObject>[];
  preEnqueue?(pod: PodInfo): Rejection | undefined;
  /** Negative: a goes first. Exactly one plugin orders the queue. */
  queueSort?(a: QueuedOrder, b: QueuedOrder): number;
  preFilter?(pod: PodInfo, view: ClusterView): PreFilterResult<F> | Rejection | Skip;
  /** Called for many nodes: allocates nothing. */
  filter?(pod: PodInfo, node: NodeInfo, state: F): Rejection | undefined;
  /** Filter looks at nothing but the node and the pod's namespace, priority, requests, ports, node affinity, tolerations. */
  pure?: true;
  postFilter?(pod: PodInfo, context: PostFilterContext): PostFilterResult;
  preScore?(pod: PodInfo, nodes: readonly NodeInfo[], view: ClusterView, state: F | undefined): S | Skip;
  /** An integer; without `normalize` from 0 to 100. */
  score?(pod: PodInfo, node: NodeInfo, state: S): number;
  /** Brings scores to 0…100, in place; `scores[i]` is that of `nodes[i]`. */
  normalize?(scores: number[], pod: PodInfo, nodes: readonly NodeInfo[], state: S): void;
  reserve?(pod: PodInfo, node: NodeInfo, view: ClusterView): Rejection | undefined;
  unreserve?(pod: PodInfo, node: NodeInfo, view: ClusterView): void;
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
/** What rejected a pod is an extender: nobody knows which event may help, so any may. */
export const EXTENDER = 'Extender';

/** Scales to 0…100 by the greatest score. Upstream: helper.DefaultNormalizeScore. */
export function normalizeByMax(scores: number[], reverse: boolean): void {
  let max = 0;
  for (const score of scores) max = Math.max(max, score);
  for (let i = 0; i < scores.length; i++) {
    const scaled = max === 0 ? 0 : Math.trunc((MAX_NODE_SCORE * scores[i]!) / max);
    scores[i] = reverse ? MAX_NODE_SCORE - scaled : scaled;
  }
}
