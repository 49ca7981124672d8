// One scheduling cycle: filters nodes, scores the feasible ones, picks the best. Synchronous and without side effects,
// except for where the next search starts. Upstream: pkg/scheduler/schedule_one.go (schedulePod,
// findNodesThatFitPod, prioritizeNodes, selectHost) and framework/runtime.
import {
  type AnyPlugin,
  type ClusterView,
  type PreFilterResult,
  type Rejection,
  Rejections,
  SKIP,
  type Skip,
  unresolvable,
} from './framework.ts';
import type { NodeInfo } from './node-info.ts';
import type { PodInfo } from './pod-info.ts';
import type { Profile } from './profile.ts';

const MIN_FEASIBLE_NODES = 100;
const MIN_PERCENTAGE = 5;

/** How many feasible nodes are enough. Upstream: numFeasibleNodesToFind. 0 percent means: by cluster size. */
export function feasibleNodesToFind(percentage: number, nodes: number): number {
  if (nodes < MIN_FEASIBLE_NODES) return nodes;
  const adaptive = percentage > 0 ? percentage : Math.max(50 - Math.trunc(nodes / 125), MIN_PERCENTAGE);
  return Math.max(Math.trunc((nodes * adaptive) / 100), MIN_FEASIBLE_NODES);
}

export interface Failure {
  rejections: Rejections;
  rejectedBy: Set<string>;
  preFilter?: string;
  untried?: string;
  /** A plugin failed; nothing is known about the pod. */
  error?: string;
}

/** A filter with what its preFilter computed for this pod. */
export interface BoundFilter {
  plugin: AnyPlugin;
  filter: NonNullable<AnyPlugin['filter']>;
  state: unknown;
  follows: 'live' | 'snapshot' | undefined;
}

export interface Prepared {
  filters: BoundFilter[];
  states: Map<AnyPlugin, unknown>;
  nodeNames?: ReadonlySet<string>;
  /** Plugins that narrowed nodeNames. */
  narrowedBy: string[];
}

export interface Found {
  feasible: NodeInfo[];
  prepared: Prepared;
  /** Of the nodes that were tried in vain. */
  rejections: Rejections;
}

export interface Failed {
  failure: Failure;
  prepared?: Prepared;
}

export type Outcome = { node: NodeInfo } | Failed;

export interface CycleOptions {
  profile: Profile;
  /** 0: adaptive. */
  percentageOfNodesToScore: number;
  /** From 0 up to 1; breaks ties. */
  random(): number;
}

export class SchedulingCycle {
  private readonly options: CycleOptions;
  private start = 0;

  constructor(options: CycleOptions) {
    this.options = options;
  }

  /** The chosen node, or why there is none. The cluster has at least one node. */
  run(pod: PodInfo, view: ClusterView): Outcome {
    const found = this.search(pod, view);
    if ('failure' in found) return found;
    const { feasible, prepared } = found;
    return { node: feasible.length === 1 ? feasible[0]! : this.best(pod, feasible, view, prepared) };
  }

  /** The nodes that would do, at least one, or why there are none. */
  search(pod: PodInfo, view: ClusterView): Found | Failed {
    const prepared = this.prepare(pod, view);
    if ('failure' in prepared) return prepared;
    const rejections = new Rejections();
    const feasible = this.findFeasible(pod, view, prepared, rejections);
    if (feasible.length === 0) return { failure: this.failure(prepared, rejections), prepared };
    return { feasible, prepared, rejections };
  }

  failure({ nodeNames, narrowedBy }: Prepared, rejections: Rejections): Failure {
    const rejectedBy = new Set(narrowedBy);
    let error: string | undefined;
    let last: Rejection | undefined;
    for (const rejection of rejections.reasons) {
      // Nodes are many, different rejections few: those are shared objects.
      if (rejection === last) continue;
      last = rejection;
      if (rejection.plugin) rejectedBy.add(rejection.plugin);
      if (rejection.code === 'error') error ??= rejection.reasons.join(', ');
    }
    const untried = nodeNames && `node(s) didn't satisfy plugin(s) [${narrowedBy.sort().join(' ')}]`;
    return { rejections, rejectedBy, ...(untried ? { untried } : {}), ...(error ? { error } : {}) };
  }

  /** Runs all preFilter plugins. */
  prepare(pod: PodInfo, view: ClusterView): Prepared | { failure: Failure } {
    const { points } = this.options.profile;
    const prepared: Prepared = { filters: [], states: new Map(), narrowedBy: [] };
    const bound = new Map<AnyPlugin, PreFilterResult<unknown> | Skip>();
    for (const plugin of points.preFilter) {
      const result = plugin.preFilter!(pod, view);
      bound.set(plugin, result as PreFilterResult<unknown> | Skip);
      if (result === SKIP) continue;
      if ('code' in result) {
        const text = result.reasons.join(', ');
        const rejectedBy = new Set(result.code === 'error' ? [] : [plugin.name]);
        const why = result.code === 'error' ? { error: text } : { preFilter: text };
        return { failure: { rejections: everywhere(view, result), rejectedBy, ...why } };
      }
      prepared.states.set(plugin, result.state);
      const names = result.nodeNames;
      if (!names) continue;
      const before = prepared.nodeNames;
      prepared.nodeNames = before ? new Set([...before].filter((name) => names.has(name))) : names;
      prepared.narrowedBy.push(plugin.name);
    }
    for (const plugin of points.filter) {
      const result = bound.get(plugin);
      if (result === SKIP) continue;
      prepared.filters.push({ plugin, filter: plugin.filter!, state: result?.state, follows: result?.follows });
    }
    return prepared;
  }

  private findFeasible(
    pod: PodInfo,
    view: ClusterView,
    { filters, nodeNames }: Prepared,
    rejections: Rejections,
  ): NodeInfo[] {
    const nodes = nodeNames
      ? [...nodeNames].map((name) => view.node(name)).filter((node) => node !== undefined)
      : view.nodes;
    const enough = feasibleNodesToFind(this.options.percentageOfNodesToScore, nodes.length);
    const feasible: NodeInfo[] = [];
    const start = nodeNames ? 0 : this.start % Math.max(1, nodes.length);
    let tried = 0;
    for (; tried < nodes.length && feasible.length < enough; tried++) {
      const node = nodes[(start + tried) % nodes.length]!;
      const rejection = runFilters(pod, node, filters) ?? besideNominated(this, pod, node, view);
      if (rejection) rejections.add(node, rejection);
      else feasible.push(node);
    }
    if (!nodeNames) this.start = (start + tried) % Math.max(1, nodes.length);
    return feasible;
  }

  private best(pod: PodInfo, nodes: readonly NodeInfo[], view: ClusterView, prepared: Prepared): NodeInfo {
    return nodes[this.pick(this.totals(pod, nodes, view, prepared))]!;
  }

  /** What the plugins give each node, by their weights. */
  totals(pod: PodInfo, nodes: readonly NodeInfo[], view: ClusterView, { states }: Prepared): Float64Array {
    const totals = new Float64Array(nodes.length);
    const { points } = this.options.profile;
    const scoring = new Map<AnyPlugin, unknown>();
    for (const plugin of points.preScore) scoring.set(plugin, plugin.preScore!(pod, nodes, view, states.get(plugin)));
    const scores = new Array<number>(nodes.length);
    for (const plugin of points.score) {
      const state = scoring.get(plugin);
      if (state === SKIP) continue;
      for (let i = 0; i < nodes.length; i++) scores[i] = plugin.score!(pod, nodes[i]!, state);
      plugin.normalize?.(scores, pod, nodes, state);
      const weight = plugin.weight ?? 1;
      for (let i = 0; i < nodes.length; i++) totals[i]! += scores[i]! * weight;
    }
    return totals;
  }

  /** Where the most is. */
  pick(totals: Float64Array): number {
    let best = 0;
    let ties = 1;
    for (let i = 1; i < totals.length; i++) {
      if (totals[i]! > totals[best]!) {
        best = i;
        ties = 1;
      } else if (totals[i] === totals[best] && this.options.random() < 1 / ++ties) {
        // Each of n equal nodes is kept with the chance 1/n.
        best = i;
      }
    }
    return best;
  }
}

/** A plugin has refused the pod before any node was looked at. */
function everywhere({ nodes }: ClusterView, rejection: Rejection): Rejections {
  const rejections = new Rejections();
  if (rejection.code === 'unschedulable') for (const node of nodes) rejections.add(node, rejection);
  return rejections;
}

/** The first rejection, marked with its plugin. */
export function runFilters(pod: PodInfo, node: NodeInfo, filters: readonly BoundFilter[]): Rejection | undefined {
  for (const { plugin, filter, state } of filters) {
    const rejection = filter(pod, node, state);
    if (!rejection) continue;
    if (rejection.plugin !== plugin.name) rejection.plugin = plugin.name;
    return rejection;
  }
  return undefined;
}

/** A node must have room for the pod and for those whose place on it is being cleared. */
function besideNominated(
  cycle: SchedulingCycle,
  pod: PodInfo,
  node: NodeInfo,
  view: ClusterView,
): Rejection | undefined {
  const others = view.nominatedBefore(pod, node.name);
  if (!others) return undefined;
  for (const other of others) view.lower(other, node);
  try {
    const now = cycle.prepare(pod, view);
    return 'failure' in now ? refusal(now.failure) : runFilters(pod, node, now.filters);
  } finally {
    for (const other of others) view.lift(other, node);
  }
}

const refusal = ({ preFilter, error }: Failure): Rejection => unresolvable(preFilter ?? error ?? '');

/** The same search on one node, after something changed. */
export function rejectionNow(
  cycle: SchedulingCycle,
  pod: PodInfo,
  node: NodeInfo,
  view: ClusterView,
  prepared: Prepared | undefined,
): Rejection | undefined {
  let filters: readonly BoundFilter[];
  if (prepared) filters = renewed(pod, view, prepared.filters);
  else {
    const now = cycle.prepare(pod, view);
    if ('failure' in now) return refusal(now.failure);
    ({ filters } = now);
  }
  return runFilters(pod, node, filters) ?? besideNominated(cycle, pod, node, view);
}

/** Filters whose state is a copy get a new one. */
export function renewed(pod: PodInfo, view: ClusterView, filters: readonly BoundFilter[]): readonly BoundFilter[] {
  if (!filters.some(({ follows }) => follows === 'snapshot')) return filters;
  return filters.flatMap((bound) => {
    if (bound.follows !== 'snapshot') return [bound];
    const result = bound.plugin.preFilter!(pod, view);
    if (result === SKIP) return [];
    if ('code' in result) return [{ ...bound, filter: () => result }];
    return [{ ...bound, state: result.state }];
  });
}
