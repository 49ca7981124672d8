// Pods that wait for a node. Active: tried next, by the QueueSort plugin. Backoff: tried when their time has come.
// Unschedulable: tried when something happens that a plugin which rejected them cares about, or after five minutes.
// Gated: not tried until preEnqueue lets them. Upstream: pkg/scheduler/backend/queue/scheduling_queue.go.
import type { Clock } from '../../client/controller.ts';
import { type AnyPlugin, type ClusterEvent, EXTENDER, type EventInterest } from './framework.ts';
import type { QueuedOrder, Rejection } from './framework.ts';
import { Heap } from './heap.ts';
import type { PodInfo } from './pod-info.ts';
import type { Profile } from './profile.ts';

export const INITIAL_BACKOFF_MS = 1_000;
export const MAX_BACKOFF_MS = 10_000;
export const MAX_UNSCHEDULABLE_MS = 5 * 60_000;

export interface QueuedPod extends QueuedOrder {
  pod: PodInfo;
  queuedMs: number;
  /** When it was first queued. */
  sinceMs: number;
  attempts: number;
  /** Names of the plugins that rejected it last; empty after an error: any event, or time, brings it back. */
  rejectedBy: ReadonlySet<string>;
  /** Room is being made for it: when there is some, it need not wait for its back-off. */
  nominated?: boolean;
  /** How many moves there had been when it was taken. */
  movesSeen?: number;
}

export interface QueueOptions {
  /** By scheduler name. All order the queue alike. */
  profiles: ReadonlyMap<string, Profile>;
  clock: Clock;
  signal: AbortSignal;
  initialBackoffMs?: number;
  maxBackoffMs?: number;
  /** There are extenders: any event may help a pod that one of them rejected. */
  extended?: boolean;
}

export class SchedulingQueue {
  private readonly active: Heap<QueuedPod>;
  private readonly backoff: Heap<QueuedPod>;
  private readonly unschedulable = new Map<string, QueuedPod>();
  private readonly gated = new Map<string, QueuedPod>();
  private readonly profiles: ReadonlyMap<string, Profile>;
  /** Those of all profiles that wait for events. */
  private readonly listeners: readonly AnyPlugin[];
  /** Counts events that moved pods; a pod whose binding failed may have missed one. Upstream: moveRequestCycle. */
  private moves = 0;
  private readonly clock: Clock;
  private readonly signal: AbortSignal;
  private readonly initialBackoffMs: number;
  private readonly maxBackoffMs: number;
  private readonly extended: boolean;
  /** The pod about which extenders are being asked: it is in no heap, but still waits. */
  taken: { pod: PodInfo; gone?: true } | undefined;
  private waiter: (() => void) | undefined;
  private armedForMs = Infinity;

  constructor(options: QueueOptions) {
    this.profiles = options.profiles;
    const all = [...this.profiles.values()];
    this.listeners = [...new Set(all.flatMap(({ plugins }) => plugins))].filter(({ events }) => events?.length);
    this.clock = options.clock;
    this.signal = options.signal;
    this.initialBackoffMs = options.initialBackoffMs ?? INITIAL_BACKOFF_MS;
    this.extended = options.extended ?? false;
    this.maxBackoffMs = options.maxBackoffMs ?? MAX_BACKOFF_MS;
    const sort = all[0]!.points.queueSort[0]!.queueSort!;
    const uid = (item: QueuedPod) => item.pod.uid;
    this.active = new Heap(uid, sort);
    this.backoff = new Heap(uid, (a, b) => this.backoffEndMs(a) - this.backoffEndMs(b));
    this.signal.addEventListener('abort', () => this.wake(), { once: true });
  }

  get size(): { active: number; backoff: number; unschedulable: number; gated: number } {
    const { active, backoff, unschedulable, gated } = this;
    return { active: active.size, backoff: backoff.size, unschedulable: unschedulable.size, gated: gated.size };
  }

  add(pod: PodInfo): void {
    const now = this.clock.now();
    this.activate({ pod, queuedMs: now, sinceMs: now, attempts: 0, rejectedBy: new Set() });
  }

  /** A newer version of a waiting pod. One that was rejected is tried again when `relevant`. */
  update(pod: PodInfo, relevant: boolean): void {
    const { uid } = pod;
    if (this.taken?.pod.uid === uid) this.taken.pod = pod;
    const waiting = this.active.get(uid);
    if (waiting) return this.active.push({ ...waiting, pod });
    const backing = this.backoff.get(uid);
    if (backing) return this.backoff.push({ ...backing, pod });
    const gated = this.gated.get(uid);
    if (gated) {
      this.gated.delete(uid);
      return this.activate({ ...gated, pod });
    }
    const rejected = this.unschedulable.get(uid);
    if (!rejected) return;
    const next = { ...rejected, pod };
    this.unschedulable.set(uid, next);
    if (relevant) this.retry(next);
  }

  has(uid: string): boolean {
    if (this.taken?.pod.uid === uid && !this.taken.gone) return true;
    return Boolean(this.active.get(uid) ?? this.backoff.get(uid) ?? this.unschedulable.get(uid) ?? this.gated.get(uid));
  }

  delete(uid: string): void {
    if (this.taken?.pod.uid === uid) this.taken.gone = true;
    this.active.delete(uid);
    this.backoff.delete(uid);
    this.unschedulable.delete(uid);
    this.gated.delete(uid);
  }

  /** The next pod; its attempts are counted. */
  pop(): QueuedPod | undefined {
    const item = this.active.pop();
    if (!item) return undefined;
    item.attempts++;
    item.movesSeen = this.moves;
    return item;
  }

  /**
   * It was tried and nothing fitted. After an error (no plugin to blame), or when something moved while it was being
   * bound, it only waits for its back-off.
   */
  reject(item: QueuedPod, rejectedBy: ReadonlySet<string>, nominated = false): void {
    const next = { ...item, rejectedBy, nominated, queuedMs: this.clock.now() };
    if (rejectedBy.size === 0 || (item.movesSeen ?? this.moves) !== this.moves) this.toBackoff(next);
    else this.unschedulable.set(next.pod.uid, next);
  }

  /** Something happened: whom it may help is tried again, now or after its back-off. */
  moveFor(event: ClusterEvent, except?: string): void {
    this.moves++;
    if (this.unschedulable.size === 0) return;
    const interested = this.listeners.filter((plugin) => plugin.events?.some((interest) => concerns(interest, event)));
    if (interested.length === 0 && !this.extended) return;
    for (const item of [...this.unschedulable.values()]) {
      if (item.pod.uid !== except && helps(item, event, interested)) this.retry(item);
    }
  }

  /** What it waited for will not come. */
  tryAgain(uid: string): void {
    const item = this.unschedulable.get(uid);
    if (item) this.retry(item);
  }

  /** Nobody waits for an event that never comes. */
  flushLeftover(): void {
    const now = this.clock.now();
    for (const item of [...this.unschedulable.values()]) {
      if (now - item.queuedMs > MAX_UNSCHEDULABLE_MS) this.retry(item);
    }
  }

  /** Resolves when a pod is active, or the signal aborts. */
  whenActive(): Promise<void> {
    if (this.active.size > 0 || this.signal.aborted) return Promise.resolve();
    return new Promise((resolve) => (this.waiter = resolve));
  }

  private retry(item: QueuedPod): void {
    this.unschedulable.delete(item.pod.uid);
    if (!item.nominated && this.backoffEndMs(item) > this.clock.now()) this.toBackoff(item);
    else this.activate({ ...item, queuedMs: this.clock.now() });
  }

  private activate(item: QueuedPod): void {
    let rejection: Rejection | undefined;
    const { points } = this.profiles.get(item.pod.schedulerName)!;
    for (const plugin of points.preEnqueue) if ((rejection = plugin.preEnqueue!(item.pod))) break;
    if (rejection) {
      this.gated.set(item.pod.uid, item);
      return;
    }
    this.active.push(item);
    this.wake();
  }

  private backoffEndMs(item: QueuedPod): number {
    const delay = Math.min(this.initialBackoffMs * 2 ** Math.min(item.attempts - 1, 10), this.maxBackoffMs);
    return item.queuedMs + (item.attempts === 0 ? 0 : delay);
  }

  private toBackoff(item: QueuedPod): void {
    this.backoff.push(item);
    this.arm();
  }

  /** One sleeper for the earliest end of all back-offs. */
  private arm(): void {
    const first = this.backoff.peek();
    if (!first) return;
    const end = this.backoffEndMs(first);
    if (end >= this.armedForMs) return;
    this.armedForMs = end;
    this.clock.sleep(Math.max(0, end - this.clock.now()), this.signal).then(
      () => {
        if (this.armedForMs === end) this.armedForMs = Infinity;
        this.flushBackoff();
      },
      () => undefined,
    );
  }

  private flushBackoff(): void {
    const now = this.clock.now();
    for (let first = this.backoff.peek(); first && this.backoffEndMs(first) <= now; first = this.backoff.peek()) {
      this.backoff.pop();
      this.activate({ ...first, queuedMs: now });
    }
    this.arm();
  }

  private wake(): void {
    const waiter = this.waiter;
    this.waiter = undefined;
    waiter?.();
  }
}

const concerns = (interest: EventInterest, event: ClusterEvent): boolean =>
  interest.resource === event.resource && event.actions.some((action) => interest.actions.includes(action));

function helps(item: QueuedPod, event: ClusterEvent, plugins: readonly AnyPlugin[]): boolean {
  if (item.rejectedBy.has(EXTENDER)) return true;
  for (const plugin of plugins) {
    if (!item.rejectedBy.has(plugin.name)) continue;
    for (const interest of plugin.events ?? []) {
      if (concerns(interest, event) && (interest.helps?.(item.pod, event) ?? true)) return true;
    }
  }
  return false;
}
