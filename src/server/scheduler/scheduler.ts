// The scheduling loop: takes the next pod, runs a cycle, assumes the choice and binds beside the next cycles.
// Upstream: pkg/scheduler/schedule_one.go. What the cluster tells arrives through events.ts.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { isConflict, isNotFound } from '../../api/status.ts';
import type { Clock } from '../../client/controller.ts';
import type { Client } from '../../client/rest.ts';
import type { Logger } from '../../client/log.ts';
import type { Cache } from './cache.ts';
import { type Failed, type Failure, type Prepared, SchedulingCycle, rejectionNow } from './cycle.ts';
import { ExtendedCycle, bindBy, textOf } from './extended-cycle.ts';
import type { Extender } from './extender.ts';
import type { BindContext, ClusterView, PostFilterContext, PostFilterResult, Rejection } from './framework.ts';
import { NO_NODES, fitMessage } from './messages.ts';
import type { NodeInfo } from './node-info.ts';
import type { PodInfo } from './pod-info.ts';
import type { Profile } from './profile.ts';
import type { QueuedPod, SchedulingQueue } from './queue.ts';

/** A slice of synchronous work; then watches and binds get their turn. */
const SLICE_MS = 8;
/**
 * Bindings being written; beyond it the loop waits, so that memory stays bounded when the server is slow. A pod that waits in
 * permit or preBind, for its volumes perhaps for minutes, is none of them.
 */
const MAX_BINDS = 512;
const FLUSH_MS = 30_000;

/** Tells the world what came out. Status writes and events; never throws. */
export interface Reporter {
  scheduled(pod: PodInfo, nodeName: string): void;
  failed(pod: PodInfo, reason: 'Unschedulable' | 'SchedulerError', message: string, nominatedNode?: string): void;
  /** Evicts victims. Rejects when one of them could not be. */
  preempt(pod: PodInfo, node: NodeInfo, victims: readonly PodInfo[]): Promise<void>;
  /** Its place went to a more important pod. */
  displaced(pod: PodInfo): void;
}

export interface SchedulerOptions {
  client: Client;
  /** By scheduler name. */
  profiles: ReadonlyMap<string, Profile>;
  view: ClusterView;
  cache: Cache;
  queue: SchedulingQueue;
  reporter: Reporter;
  clock: Clock;
  log: Logger;
  signal: AbortSignal;
  /** Default 0: adaptive. */
  percentageOfNodesToScore?: number;
  extenders?: readonly Extender[];
  random?(): number;
}

export class Scheduler {
  private readonly options: SchedulerOptions;
  private readonly cycles: ReadonlyMap<string, SchedulingCycle>;
  private readonly random: () => number;
  private readonly binds = new Set<Promise<void>>();
  private writing = 0;
  private whenWritten: (() => void) | undefined;

  constructor(options: SchedulerOptions) {
    this.options = options;
    const { profiles, percentageOfNodesToScore = 0, random = Math.random } = options;
    this.random = random;
    const cycleOf = (profile: Profile) => {
      const percentage = profile.percentageOfNodesToScore ?? percentageOfNodesToScore;
      return new SchedulingCycle({ profile, percentageOfNodesToScore: percentage, random });
    };
    this.cycles = new Map([...profiles].map(([name, profile]) => [name, cycleOf(profile)]));
  }

  /** Runs until the signal aborts and all binds under way have ended. */
  async run(): Promise<void> {
    const { queue, signal } = this.options;
    void this.flushLoop();
    let sliceEnd = performance.now() + SLICE_MS;
    while (!signal.aborted) {
      const item = queue.pop();
      if (!item) {
        await queue.whenActive();
        sliceEnd = performance.now() + SLICE_MS;
        continue;
      }
      const extended = this.attempt(item);
      if (extended) await extended;
      while (this.writing >= MAX_BINDS) await new Promise<void>((resolve) => (this.whenWritten = resolve));
      if (performance.now() < sliceEnd) continue;
      await nextTurn();
      sliceEnd = performance.now() + SLICE_MS;
    }
    await Promise.all(this.binds);
  }

  private async flushLoop(): Promise<void> {
    const { clock, queue, signal } = this.options;
    try {
      for (;;) {
        await clock.sleep(FLUSH_MS, signal);
        queue.flushLeftover();
      }
    } catch {
      // Stopped.
    }
  }

  /** A plug-in that throws costs its pod an attempt, never the loop. Answers a promise only where extenders are asked. */
  private attempt(item: QueuedPod): Promise<void> | undefined {
    const { queue, reporter, log, extenders = [], signal } = this.options;
    const failed = (error: unknown): void => {
      log.error({ pod: item.pod.key, error: String(error) }, 'scheduling failed');
      queue.reject(item, new Set());
      reporter.failed(item.pod, 'SchedulerError', textOf(error));
    };
    try {
      const extended = ExtendedCycle.for(extenders, item.pod, signal, log);
      if (extended) return this.scheduleExtended(item, extended).catch(failed);
      this.scheduleOne(item);
    } catch (error) {
      failed(error);
    }
    return undefined;
  }

  private scheduleOne(item: QueuedPod): void {
    if (!this.isPlaceable(item)) return;
    const cycle = this.cycles.get(item.pod.schedulerName)!;
    const outcome = cycle.run(item.pod, this.options.view);
    if ('node' in outcome) return this.place(item, outcome.node);
    const { failure, prepared } = outcome;
    if (failure.error !== undefined) return this.inError(item, failure.error);
    this.unfit(item, failure, this.postFilter(item.pod, cycle, failure, prepared));
  }

  private async scheduleExtended(item: QueuedPod, extended: ExtendedCycle): Promise<void> {
    const { pod } = item;
    if (!this.isPlaceable(item)) return;
    const cycle = this.cycles.get(pod.schedulerName)!;
    const { cache, view, queue } = this.options;
    const taken = (queue.taken = { pod } as NonNullable<typeof queue.taken>);
    try {
      const outcome = await extended.run(cycle, pod, view);
      const failure = 'failure' in outcome ? outcome.failure : undefined;
      const result =
        failure && failure.error === undefined && !taken.gone
          ? await this.postFilterExtended(pod, cycle, failure, (outcome as Failed).prepared, extended)
          : undefined;
      queue.taken = undefined;
      // Deleted, or placed by somebody else meanwhile; otherwise the newest version of it waits on.
      if (taken.gone || cache.has(pod.uid)) return;
      const current = { ...item, pod: taken.pod };
      if ('node' in outcome) this.place(current, outcome.node);
      else if (result) this.unfit(current, outcome.failure, result);
      else this.inError(current, outcome.failure.error ?? '');
    } finally {
      queue.taken = undefined;
    }
  }

  /** Neither gone nor placed; and there are nodes. */
  private isPlaceable(item: QueuedPod): boolean {
    const { pod } = item;
    const { cache, view, queue, reporter } = this.options;
    if (pod.isTerminating || cache.has(pod.uid)) return false;
    if (view.nodes.length === 0) {
      // A new node is what helps, and that is what this plug-in waits for.
      queue.reject(item, new Set(['NodeName']));
      reporter.failed(pod, 'Unschedulable', NO_NODES);
      return false;
    }
    return true;
  }

  private inError({ pod, ...item }: QueuedPod, error: string): void {
    this.options.queue.reject({ pod, ...item }, new Set());
    this.options.reporter.failed(pod, 'SchedulerError', error);
  }

  private place(item: QueuedPod, node: NodeInfo): void {
    const { pod } = item;
    const { cache, view } = this.options;
    cache.assume(pod, node.name);
    for (const plugin of this.profileOf(pod).points.reserve) {
      const rejection = plugin.reserve?.(pod, node, view);
      if (rejection) return this.giveUp(item, node, rejection, plugin.name);
    }
    const bind = this.bind(item, node).finally(() => this.binds.delete(bind));
    this.binds.add(bind);
  }

  private profileOf({ schedulerName }: PodInfo): Profile {
    return this.options.profiles.get(schedulerName)!;
  }

  private unfit(item: QueuedPod, failure: Failure, { message: postFilter, nominatedNode }: PostFilterResult): void {
    const { view, queue, reporter } = this.options;
    const { pod } = item;
    queue.reject(item, failure.rejectedBy, Boolean(nominatedNode));
    const { rejections, preFilter, untried } = failure;
    const message = fitMessage({ nodeCount: view.nodes.length, rejections, preFilter, untried, postFilter });
    reporter.failed(pod, 'Unschedulable', message, nominatedNode);
  }

  /** Upstream: RunPostFilterPlugins. The first plugin that finds a way ends it. */
  private postFilter(
    pod: PodInfo,
    cycle: SchedulingCycle,
    { rejections }: Failure,
    prepared: Prepared | undefined,
  ): PostFilterResult {
    const { view, cache } = this.options;
    const context = tryOut(pod, cycle, view, rejections, prepared, this.random);
    const messages: string[] = [];
    let cleared: '' | undefined;
    for (const plugin of this.profileOf(pod).points.postFilter) {
      const { message, nominatedNode, victims = [] } = plugin.postFilter!(pod, context);
      if (message) messages.push(message);
      if (nominatedNode === '') cleared = '';
      const node = nominatedNode ? view.node(nominatedNode) : undefined;
      if (!node) continue;
      this.preempt(pod, node, victims);
      return { message: messages.join(', '), nominatedNode: node.name };
    }
    if (cleared === '') cache.nominations.delete(pod.uid);
    return { message: messages.join(', '), nominatedNode: cleared };
  }

  /** The same, where extenders choose among the candidates that are found. */
  private async postFilterExtended(
    pod: PodInfo,
    cycle: SchedulingCycle,
    failure: Failure,
    prepared: Prepared | undefined,
    extended: ExtendedCycle,
  ): Promise<PostFilterResult> {
    const { view } = this.options;
    const context = tryOut(pod, cycle, view, failure.rejections, prepared, this.random);
    for (const plugin of this.profileOf(pod).points.postFilter) {
      const { candidates, message } = plugin.postFilter!(pod, context);
      if (!candidates) continue;
      try {
        const best = await extended.agree(pod, candidates);
        if (!best || view.node(best.node.name) !== best.node) {
          return { message: 'preemption: no candidate node for preemption' };
        }
        this.preempt(pod, best.node, best.victims);
        return { message, nominatedNode: best.node.name };
      } catch (error) {
        return { message: `preemption: ${textOf(error)}` };
      }
    }
    return this.postFilter(pod, cycle, failure, prepared);
  }

  /** The node is nominated at once; evicting goes on beside the next cycles. Upstream: prepareCandidateAsync. */
  private preempt(pod: PodInfo, node: NodeInfo, victims: readonly PodInfo[]): void {
    const { cache, reporter, queue, log } = this.options;
    for (const lesser of cache.nominations.lessThan(pod, node.name)) {
      cache.nominations.delete(lesser.uid);
      reporter.displaced(lesser);
    }
    cache.nominations.set(pod, node.name);
    reporter.preempt(pod, node, victims).catch((error: unknown) => {
      log.warn({ pod: pod.key, node: node.name, error: String(error) }, 'preemption failed');
      cache.nominations.delete(pod.uid);
      queue.tryAgain(pod.uid);
    });
  }

  /** The binding cycle. Never throws. */
  private async bind(item: QueuedPod, node: NodeInfo): Promise<void> {
    const { pod } = item;
    const { client, signal, reporter, log, view } = this.options;
    const { points } = this.profileOf(pod);
    const context = { client, signal, view };
    try {
      for (const plugin of points.permit) {
        const rejection = await plugin.permit!(pod, node, signal);
        if (rejection) return this.giveUp(item, node, rejection, plugin.name);
      }
      for (const plugin of points.preBind) await plugin.preBind!(pod, node, context);
      await this.write(pod, node, context);
    } catch (error) {
      log.debug({ pod: pod.key, node: node.name, error: String(error) }, 'bind failed');
      // Gone, or placed by another scheduler: its watch event says so, and nobody needs to be told of a failure.
      if (isNotFound(error) || isConflict(error)) {
        if (!this.cancel(item, node)) return;
        if (isConflict(error)) this.options.queue.reject(item, new Set());
        this.roomLeft(pod);
        return;
      }
      this.giveUp(item, node, { code: 'error', reasons: [`binding rejected: ${textOf(error)}`] }, undefined);
      return;
    }
    reporter.scheduled(pod, node.name);
    for (const plugin of points.postBind) plugin.postBind!(pod, node);
  }

  /** Upstream: Scheduler.bind. An extender that binds goes before the plugins. */
  private async write(pod: PodInfo, node: NodeInfo, context: BindContext): Promise<void> {
    const { extenders = [], signal, log } = this.options;
    this.writing++;
    try {
      const binder = ExtendedCycle.for(extenders, pod, signal, log)?.binder;
      if (binder && (await bindBy(binder, pod, node, signal, log))) return;
      for (const plugin of this.profileOf(pod).points.bind) if (await plugin.bind!(pod, node, context)) return;
      throw new Error('no plugin binds the pod');
    } finally {
      this.writing--;
      this.whenWritten?.();
    }
  }

  /** Undoes an assumption. Answers false when there is none any more: it was deleted, or somebody else placed it. */
  private cancel({ pod }: QueuedPod, node: NodeInfo): boolean {
    const { cache, view } = this.options;
    for (const p of [...this.profileOf(pod).points.reserve].reverse()) p.unreserve?.(pod, node, view);
    if (!cache.isAssumed(pod.uid)) return false;
    cache.forget(pod.uid);
    return true;
  }

  /** Others may take the room that a pod did not. */
  private roomLeft(pod: PodInfo): void {
    this.options.queue.moveFor({ resource: 'AssignedPod', actions: ['delete'], pod }, pod.uid);
  }

  /** The pod is tried again, unless the cluster no longer knows it. */
  private giveUp(item: QueuedPod, node: NodeInfo, rejection: Rejection, plugin: string | undefined): void {
    const { queue, reporter } = this.options;
    const { pod } = item;
    if (!this.cancel(item, node)) return;
    queue.reject(item, new Set(plugin === undefined || rejection.code === 'error' ? [] : [plugin]));
    this.roomLeft(pod);
    const reason = rejection.code === 'error' ? 'SchedulerError' : 'Unschedulable';
    reporter.failed(pod, reason, rejection.reasons.join(', '));
  }
}

/** What postFilter plugins may try. Counts of the whole cluster are moved only for pods whose filters read them. */
export function tryOut(
  pod: PodInfo,
  cycle: SchedulingCycle,
  view: ClusterView,
  rejections: PostFilterContext['rejections'],
  prepared: Prepared | undefined,
  random: () => number,
): PostFilterContext {
  const local = prepared?.filters.every(({ follows }) => follows === undefined) ?? false;
  return {
    view,
    rejections,
    reject: (node) => rejectionNow(cycle, pod, node, view, prepared),
    lift: (placed, node) => (local ? void node.removePod(placed.uid) : view.lift(placed, node)),
    lower: (placed, node) => (local ? node.addPod(placed) : view.lower(placed, node)),
    random,
    pure: local && prepared!.filters.every(({ plugin }) => plugin.pure),
  };
}
