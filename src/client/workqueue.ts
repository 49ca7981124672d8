// The queue behind every controller. A key is in at most one of: waiting (dirty, queued), being processed, or both
// "processing and dirty", in which case it is queued again when done. Upstream: client-go/util/workqueue.
//
//   add(a)          queue [a]            dirty {a}
//   get() -> a      queue []             processing {a}
//   add(a)          queue []             processing {a}, dirty {a}: one worker at a time per key
//   done(a)         queue [a]            dirty {a}

/** Delays of failures: base * 2^(n-1), at most max. */
export interface Backoff {
  baseMs: number;
  maxMs: number;
}

export class WorkQueue {
  private queue: string[] = [];
  private head = 0;
  private readonly dirty = new Set<string>();
  private readonly processing = new Set<string>();
  private readonly failures = new Map<string, number>();
  /** The earliest planned addition of each key. */
  private readonly timers = new Map<string, { at: number; timer: NodeJS.Timeout }>();
  private readonly waiters: ((key: string | undefined) => void)[] = [];
  private stopped = false;
  private readonly backoff: Backoff;

  constructor(backoff: Backoff = { baseMs: 5, maxMs: 1_000_000 }) {
    this.backoff = backoff;
  }

  get length(): number {
    return this.queue.length - this.head;
  }

  add(key: string): void {
    if (this.stopped || this.dirty.has(key)) return;
    this.dirty.add(key);
    if (!this.processing.has(key)) this.push(key);
  }

  /** Adds after a delay in milliseconds; an earlier planned addition of the key wins. */
  addAfter(key: string, delayMs: number): void {
    if (this.stopped) return;
    if (delayMs <= 0) return this.add(key);
    const at = Date.now() + delayMs;
    const planned = this.timers.get(key);
    if (planned && planned.at <= at) return;
    if (planned) clearTimeout(planned.timer);
    // setTimeout fires at once beyond 2^31 - 1 ms; a far look-again is then merely early.
    const timer = setTimeout(() => this.fire(key), Math.min(delayMs, 2 ** 31 - 1));
    this.timers.set(key, { at, timer });
  }

  /** Adds after this key's back-off; returns the delay in milliseconds. */
  addRateLimited(key: string): number {
    const count = (this.failures.get(key) ?? 0) + 1;
    this.failures.set(key, count);
    const delay = Math.min(this.backoff.baseMs * 2 ** Math.min(count - 1, 30), this.backoff.maxMs);
    this.addAfter(key, delay);
    return delay;
  }

  /** The key succeeded: its next failure starts from the base delay. */
  forget(key: string): void {
    this.failures.delete(key);
  }

  /** The next key; undefined after shutDown. */
  get(): Promise<string | undefined> {
    const key = this.take();
    if (key !== undefined || this.stopped) return Promise.resolve(key);
    return new Promise((resolve) => this.waiters.push(resolve));
  }

  done(key: string): void {
    this.processing.delete(key);
    if (this.dirty.has(key)) this.push(key);
  }

  shutDown(): void {
    this.stopped = true;
    for (const { timer } of this.timers.values()) clearTimeout(timer);
    this.timers.clear();
    for (const waiter of this.waiters.splice(0)) waiter(undefined);
  }

  private fire(key: string): void {
    this.timers.delete(key);
    this.add(key);
  }

  private push(key: string): void {
    const waiter = this.waiters.shift();
    this.queue.push(key);
    if (waiter) waiter(this.take());
  }

  private take(): string | undefined {
    if (this.head >= this.queue.length) return undefined;
    const key = this.queue[this.head++]!;
    if (this.head > 1024 && this.head * 2 > this.queue.length) {
      this.queue = this.queue.slice(this.head);
      this.head = 0;
    }
    this.dirty.delete(key);
    this.processing.add(key);
    return key;
  }
}
