// A scheduling cycle of a pod about which extenders are asked. It is not one moment: while an extender thinks, other events
// change the cluster. So nothing else is scheduled meanwhile, and what was chosen is looked at again at the end.
// Upstream: findNodesThatPassExtenders and prioritizeNodes in pkg/scheduler/schedule_one.go, callExtenders in
// framework/preemption/preemption.go.
import type { Logger } from '../../client/log.ts';
import { type Outcome, type Prepared, type SchedulingCycle, rejectionNow } from './cycle.ts';
import { type Extender, MAX_EXTENDER_SCORE } from './extender.ts';
import {
  type ClusterView,
  EXTENDER,
  MAX_NODE_SCORE,
  type Rejections,
  unresolvable,
  unschedulable,
} from './framework.ts';
import type { NodeInfo } from './node-info.ts';
import type { PodInfo } from './pod-info.ts';
import { type Candidate, compareHarm } from './preemption.ts';

export class ExtendedCycle {
  private readonly extenders: readonly Extender[];
  private readonly signal: AbortSignal;
  private readonly log: Logger;

  constructor(extenders: readonly Extender[], signal: AbortSignal, log: Logger) {
    this.extenders = extenders;
    this.signal = signal;
    this.log = log;
  }

  /** Undefined: none of them is interested. */
  static for(all: readonly Extender[], pod: PodInfo, signal: AbortSignal, log: Logger): ExtendedCycle | undefined {
    const interested = all.length === 0 ? all : all.filter((extender) => extender.isInterested(pod));
    return interested.length === 0 ? undefined : new ExtendedCycle(interested, signal, log);
  }

  async run(cycle: SchedulingCycle, pod: PodInfo, view: ClusterView): Promise<Outcome> {
    const found = cycle.search(pod, view);
    if ('failure' in found) return found;
    const { prepared, rejections } = found;
    let nodes: readonly NodeInfo[];
    try {
      nodes = await this.filter(pod, found.feasible, rejections);
    } catch (error) {
      return { failure: { rejections, rejectedBy: new Set(), error: textOf(error) }, prepared };
    }
    const asked = found.feasible.length;
    let totals = nodes.length > 1 ? await this.totals(cycle, pod, nodes, view, prepared) : new Float64Array(1);
    while (nodes.length > 0) {
      const best = cycle.pick(totals);
      const node = nodes[best]!;
      const rejection = view.node(node.name) === node ? rejectionNow(cycle, pod, node, view, undefined) : undefined;
      if (!rejection && view.node(node.name) === node) return { node };
      if (rejection) rejections.add(node, rejection);
      nodes = nodes.filter((other) => other !== node);
      totals = totals.filter((_total, i) => i !== best);
    }
    const failure = cycle.failure(prepared, rejections);
    if (nodes.length !== asked) failure.rejectedBy.add(EXTENDER);
    return { failure, prepared };
  }

  private async filter(pod: PodInfo, feasible: readonly NodeInfo[], rejections: Rejections) {
    let nodes = feasible;
    for (const extender of this.extenders) {
      if (nodes.length === 0) break;
      if (!extender.config.filterVerb) continue;
      const answer = await this.ask(extender, 'filter', () => extender.filter(pod, nodes, this.signal));
      if (!answer) continue;
      for (const node of nodes) {
        const never = answer.unresolvable.get(node.name);
        const now = answer.failed.get(node.name);
        if (never !== undefined) rejections.add(node, { ...unresolvable(never), plugin: EXTENDER });
        else if (now !== undefined) rejections.add(node, { ...unschedulable(now), plugin: EXTENDER });
      }
      nodes = answer.nodes;
    }
    return nodes;
  }

  /** What an extender does not say counts for nothing. */
  private async totals(
    cycle: SchedulingCycle,
    pod: PodInfo,
    nodes: readonly NodeInfo[],
    view: ClusterView,
    prepared: Prepared,
  ): Promise<Float64Array> {
    const totals = cycle.totals(pod, nodes, view, prepared);
    const prioritize = async (extender: Extender): Promise<void> => {
      const { prioritizeVerb, weight } = extender.config;
      if (!prioritizeVerb) return;
      try {
        const scores = await extender.prioritize(pod, nodes, this.signal);
        const scale = weight * (MAX_NODE_SCORE / MAX_EXTENDER_SCORE);
        for (let i = 0; i < nodes.length; i++) totals[i]! += (scores.get(nodes[i]!.name) ?? 0) * scale;
      } catch (error) {
        this.log.debug({ pod: pod.key, extender: extender.config.urlPrefix, error: textOf(error) }, 'no scores');
      }
    };
    await Promise.all(this.extenders.map(prioritize));
    return totals;
  }

  /** The candidate that all agree to; undefined when there is none. Rejects when one of them could not be asked. */
  async agree(pod: PodInfo, candidates: readonly Candidate[]): Promise<Candidate | undefined> {
    let left = candidates;
    for (const extender of this.extenders) {
      if (!extender.config.preemptVerb) continue;
      if (left.length === 0) break;
      const answer = await this.ask(extender, 'preempt', () => extender.preempt(pod, left, this.signal));
      if (!answer) continue;
      const empty = answer.find(({ victims }) => victims.length === 0);
      if (empty && !extender.config.ignorable) {
        throw new Error(`expected at least one victim pod on node "${empty.node.name}"`);
      }
      left = answer.filter(({ victims }) => victims.length > 0);
    }
    let best: Candidate | undefined;
    for (const candidate of left) if (!best || compareHarm(candidate, best) < 0) best = candidate;
    return best;
  }

  /** The one that binds pods. */
  get binder(): Extender | undefined {
    return this.extenders.find(({ config }) => config.bindVerb);
  }

  /** Undefined: it gave no answer, and may be ignored. */
  private async ask<T>(extender: Extender, verb: string, work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      if (!extender.config.ignorable) throw error;
      this.log.info({ extender: extender.config.urlPrefix, verb, error: textOf(error) }, 'extender ignored');
      return undefined;
    }
  }
}

/** Answers false when it could not and may be ignored. */
export async function bindBy(
  extender: Extender,
  pod: PodInfo,
  node: NodeInfo,
  signal: AbortSignal,
  log: Logger,
): Promise<boolean> {
  try {
    await extender.bind(pod, node.name, signal);
    return true;
  } catch (error) {
    const { ignorable, urlPrefix } = extender.config;
    if (!ignorable) throw error;
    log.info({ pod: pod.key, extender: urlPrefix, error: textOf(error) }, 'extender ignored');
    return false;
  }
}

export const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
