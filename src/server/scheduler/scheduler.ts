// The scheduling loop: takes the next pod, runs a cycle, assumes the choice and binds beside the next cycles.
// Upstream: pkg/scheduler/schedule_one.go. What the cluster tells arrives through events.ts.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { isNotFound } from '../../api/status.ts';
import type { Clock } from '../../client/controller.ts';
import type { Client } from '../../client/rest.ts';
import type { Logger } from '../../client/log.ts';
import type { Cache } from './cache.ts';
import { type Prepared, SchedulingCycle, runFilters, type Failure } from './cycle.ts';
import type { AnyPlugin, ClusterView, Rejection } from './framework.ts';
import { NO_NODES, fitMessage } from './messages.ts';
import type { NodeInfo } from './node-info.ts';
import type { PodInfo } from './pod-info.ts';
import type { QueuedPod, SchedulingQueue } from './queue.ts';

/** A slice of synchronous work; then watches and binds get their turn. */
const SLICE_MS = 8;
/** Binds under way; beyond it the loop waits, so that memory stays bounded when the server is slow. */
const MAX_BINDS = 512;
const FLUSH_MS = 30_000;

/** Tells the world what came out. Status writes and events; never throws. */
export interface Reporter {
  scheduled(pod: PodInfo, nodeName: string): void;
  failed(pod: PodInfo, reason: 'Unschedulable' | 'SchedulerError', message: string, nominatedNode?: string): void;
  preempt(pod: PodInfo, node: NodeInfo, victims: readonly PodInfo[]): void;
}

export interface SchedulerOptions {
  client: Client;
  plugins: readonly AnyPlugin[];
  view: ClusterView;
  cache: Cache;
  queue: SchedulingQueue;
  reporter: Reporter;
  clock: Clock;
  log: Logger;
  signal: AbortSignal;
  /** Default 0: adaptive. */
  percentageOfNodesToScore?: number;
  random?(): number;
}

export class Scheduler {
  private readonly options: SchedulerOptions;
  private readonly cycle: SchedulingCycle;
  private readonly binds = new Set<Promise<void>>();

  constructor(options: SchedulerOptions) {
    this.options = options;
    const { plugins, percentageOfNodesToScore = 0, random = Math.random } = options;
    this.cycle = new SchedulingCycle({ plugins, percentageOfNodesToScore, random });
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
      this.attempt(item);
      while (this.binds.size >= MAX_BINDS) await Promise.race(this.binds);
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

  /** A plug-in that throws costs its pod an attempt, never the loop. */
  private attempt(item: QueuedPod): void {
    const { queue, reporter, log } = this.options;
    try {
      this.scheduleOne(item);
    } catch (error) {
      log.error({ pod: item.pod.key, error: String(error) }, 'scheduling failed');
      queue.reject(item, new Set());
      reporter.failed(item.pod, 'SchedulerError', error instanceof Error ? error.message : String(error));
    }
  }

  private scheduleOne(item: QueuedPod): void {
    const { pod } = item;
    const { cache, view, queue, reporter, plugins } = this.options;
    if (pod.isTerminating || cache.has(pod.uid)) return;
    if (view.nodes.length === 0) {
      // A new node is what helps, and that is what this plug-in waits for.
      queue.reject(item, new Set(['NodeName']));
      reporter.failed(pod, 'Unschedulable', NO_NODES);
      return;
    }
    const outcome = this.cycle.run(pod, view);
    if ('failure' in outcome) {
      this.unfit(item, outcome.failure, outcome.prepared);
      return;
    }
    const { node } = outcome;
    cache.assume(pod, node.name);
    for (const plugin of plugins) {
      const rejection = plugin.reserve?.(pod, node);
      if (rejection) return this.giveUp(item, node, rejection, plugin.name);
    }
    const bind = this.bind(item, node).finally(() => this.binds.delete(bind));
    this.binds.add(bind);
  }

  private unfit(item: QueuedPod, failure: Failure, prepared: Prepared | undefined): void {
    const { view, queue, reporter, plugins } = this.options;
    const { pod } = item;
    if (failure.error !== undefined) {
      queue.reject(item, new Set());
      reporter.failed(pod, 'SchedulerError', failure.error);
      return;
    }
    let postFilter = '';
    let nominatedNode: string | undefined;
    for (const plugin of plugins) {
      if (!plugin.postFilter) continue;
      const fits = (node: NodeInfo) => prepared !== undefined && !runFilters(pod, node, prepared.filters);
      const result = plugin.postFilter(pod, { view, rejections: failure.rejections, fits });
      postFilter = result.message;
      if (!result.nominatedNode) continue;
      nominatedNode = result.nominatedNode;
      const node = view.node(nominatedNode);
      if (node) {
        this.options.cache.nominations.set(pod, node.name);
        reporter.preempt(pod, node, result.victims ?? []);
      }
      break;
    }
    queue.reject(item, failure.rejectedBy);
    const { rejections, preFilter, untried } = failure;
    const message = fitMessage({ nodeCount: view.nodes.length, rejections, preFilter, untried, postFilter });
    reporter.failed(pod, 'Unschedulable', message, nominatedNode);
  }

  /** The binding cycle. Never throws. */
  private async bind(item: QueuedPod, node: NodeInfo): Promise<void> {
    const { pod } = item;
    const { plugins, client, signal, reporter, log } = this.options;
    const context = { client, signal };
    try {
      for (const plugin of plugins) {
        const rejection = await plugin.permit?.(pod, node, signal);
        if (rejection) return this.giveUp(item, node, rejection, plugin.name);
      }
      for (const plugin of plugins) if (plugin.preBind) await plugin.preBind(pod, node, context);
      let bound = false;
      for (const plugin of plugins) if (plugin.bind && (bound = await plugin.bind(pod, node, context))) break;
      if (!bound) throw new Error('no plugin binds the pod');
    } catch (error) {
      log.debug({ pod: pod.key, node: node.name, error: String(error) }, 'bind failed');
      // Gone, or placed by somebody else: its watch event says so, and nobody needs to be told of a failure.
      if (isNotFound(error)) return void this.cancel(item, node);
      const text = error instanceof Error ? error.message : String(error);
      this.giveUp(item, node, { code: 'error', reasons: [`binding rejected: ${text}`] }, undefined);
      return;
    }
    reporter.scheduled(pod, node.name);
    for (const plugin of plugins) plugin.postBind?.(pod, node);
  }

  /** Undoes an assumption. Answers false when there is none any more: it was deleted, or somebody else placed it. */
  private cancel({ pod }: QueuedPod, node: NodeInfo): boolean {
    const { cache, plugins, queue } = this.options;
    for (const p of [...plugins].reverse()) p.unreserve?.(pod, node);
    if (!cache.isAssumed(pod.uid)) return false;
    cache.forget(pod.uid);
    queue.moveFor({ resource: 'AssignedPod', actions: ['delete'], pod });
    return true;
  }

  /** The pod is tried again, unless the cluster no longer knows it. */
  private giveUp(item: QueuedPod, node: NodeInfo, rejection: Rejection, plugin: string | undefined): void {
    const { queue, reporter } = this.options;
    const { pod } = item;
    if (!this.cancel(item, node)) return;
    queue.reject(item, new Set(plugin === undefined || rejection.code === 'error' ? [] : [plugin]));
    const reason = rejection.code === 'error' ? 'SchedulerError' : 'Unschedulable';
    reporter.failed(pod, reason, rejection.reasons.join(', '));
  }
}
