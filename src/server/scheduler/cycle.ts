// One scheduling cycle: filters nodes, scores the feasible ones, picks the best. Synchronous and without side effects,
// except for where the next search starts. Upstream: pkg/scheduler/schedule_one.go (schedulePod,
// findNodesThatFitPod, prioritizeNodes, selectHost) and framework/runtime.
import { type AnyPlugin, type ClusterView, type Rejection, SKIP } from './framework.ts';
import type { NodeInfo } from './node-info.ts';
import type { PodInfo } from './pod-info.ts';

const MIN_FEASIBLE_NODES = 100;
const MIN_PERCENTAGE = 5;

/** How many feasible nodes are enough. Upstream: numFeasibleNodesToFind. 0 percent means: by cluster size. */
export function feasibleNodesToFind(percentage: number, nodes: number): number {
  if (nodes < MIN_FEASIBLE_NODES) return nodes;
  const adaptive = percentage > 0 ? percentage : Math.max(50 - Math.trunc(nodes / 125), MIN_PERCENTAGE);
  return Math.max(Math.trunc((nodes * adaptive) / 100), MIN_FEASIBLE_NODES);
}

export interface Failure {
  rejections: ReadonlyMap<string, Rejection>;
  rejectedBy: Set<string>;
  preFilter?: string;
  untried?: string;
  /** A plugin failed; nothing is known about the pod. */
  error?: string;
}

/** A filter with what its preFilter computed for this pod. */
interface BoundFilter {
  name: string;
  filter: NonNullable<AnyPlugin['filter']>;
  state: unknown;
}

export interface Prepared {
  filters: BoundFilter[];
  states: Map<AnyPlugin, unknown>;
  nodeNames?: ReadonlySet<string>;
  /** Plugins that narrowed nodeNames. */
  narrowedBy: string[];
}

export interface CycleOptions {
  plugins: readonly AnyPlugin[];
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
  run(pod: PodInfo, view: ClusterView): { node: NodeInfo } | { failure: Failure; prepared?: Prepared } {
    const prepared = this.prepare(pod, view);
    if ('failure' in prepared) return prepared;
    const rejections = new Map<string, Rejection>();
    const feasible = this.findFeasible(pod, view, prepared, rejections);
    if (feasible.length === 0) {
      const rejectedBy = new Set(prepared.narrowedBy);
      for (const { plugin } of rejections.values()) if (plugin) rejectedBy.add(plugin);
      const error = [...rejections.values()].find((r) => r.code === 'error')?.reasons.join(', ');
      const untried =
        prepared.nodeNames && `node(s) didn't satisfy plugin(s) [${prepared.narrowedBy.sort().join(' ')}]`;
      return {
        failure: { rejections, rejectedBy, ...(untried ? { untried } : {}), ...(error ? { error } : {}) },
        prepared,
      };
    }
    return { node: feasible.length === 1 ? feasible[0]! : this.best(pod, feasible, view, prepared) };
  }

  /** Runs all preFilter plugins. */
  prepare(pod: PodInfo, view: ClusterView): Prepared | { failure: Failure } {
    const prepared: Prepared = { filters: [], states: new Map(), narrowedBy: [] };
    for (const plugin of this.options.plugins) {
      let state: unknown;
      if (plugin.preFilter) {
        const result = plugin.preFilter(pod, view);
        if (result === SKIP) continue;
        if ('code' in result) {
          const text = result.reasons.join(', ');
          const rejectedBy = new Set(result.code === 'error' ? [] : [plugin.name]);
          const why = result.code === 'error' ? { error: text } : { preFilter: text };
          return { failure: { rejections: new Map(), rejectedBy, ...why } };
        }
        ({ state } = result);
        const names = result.nodeNames;
        if (names) {
          const before = prepared.nodeNames;
          prepared.nodeNames = before ? new Set([...before].filter((name) => names.has(name))) : names;
          prepared.narrowedBy.push(plugin.name);
        }
      }
      prepared.states.set(plugin, state);
      if (plugin.filter) prepared.filters.push({ name: plugin.name, filter: plugin.filter, state });
    }
    return prepared;
  }

  private findFeasible(
    pod: PodInfo,
    view: ClusterView,
    { filters, nodeNames }: Prepared,
    rejections: Map<string, Rejection>,
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
      const rejection = runFilters(pod, node, filters) ?? this.besideNominated(pod, node, view, filters);
      if (rejection) rejections.set(node.name, rejection);
      else feasible.push(node);
    }
    if (!nodeNames) this.start = (start + tried) % Math.max(1, nodes.length);
    return feasible;
  }

  /** A node must have room for the pod and for those whose place on it is being cleared. */
  private besideNominated(pod: PodInfo, node: NodeInfo, view: ClusterView, filters: readonly BoundFilter[]) {
    const others = view.nominatedBefore(pod, node.name);
    if (!others) return undefined;
    const full = node.clone();
    for (const other of others) full.addPod(other);
    return runFilters(pod, full, filters);
  }

  private best(pod: PodInfo, nodes: NodeInfo[], view: ClusterView, { states }: Prepared): NodeInfo {
    const totals = new Float64Array(nodes.length);
    for (const plugin of this.options.plugins) {
      if (!plugin.score) continue;
      let state: unknown;
      if (plugin.preScore) {
        state = plugin.preScore(pod, nodes, view, states.get(plugin));
        if (state === SKIP) continue;
      }
      const scores = new Array<number>(nodes.length);
      for (let i = 0; i < nodes.length; i++) scores[i] = plugin.score(pod, nodes[i]!, state);
      plugin.normalize?.(scores, pod, nodes, state);
      const weight = plugin.weight ?? 1;
      for (let i = 0; i < nodes.length; i++) totals[i]! += scores[i]! * weight;
    }
    let best = 0;
    let ties = 1;
    for (let i = 1; i < nodes.length; i++) {
      if (totals[i]! > totals[best]!) {
        best = i;
        ties = 1;
      } else if (totals[i] === totals[best] && this.options.random() < 1 / ++ties) {
        // Each of n equal nodes is kept with the chance 1/n.
        best = i;
      }
    }
    return nodes[best]!;
  }
}

/** The first rejection, marked with its plugin. */
export function runFilters(pod: PodInfo, node: NodeInfo, filters: readonly BoundFilter[]): Rejection | undefined {
  for (const { name, filter, state } of filters) {
    const rejection = filter(pod, node, state);
    if (rejection) return rejection.plugin === name ? rejection : Object.assign(rejection, { plugin: name });
  }
  return undefined;
}
