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

/** By what time planned additions are made. */
export interface QueueClock {
  now(): number;
  /** Absent: in real time. */
  after?(ms: number, call: () => void): () => void;
}

/** setTimeout fires at once beyond 2^31 - 1 ms; a far look-again is then merely early. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

function afterRealTime(ms: number, call: () => void): () => void {
  const timer = setTimeout(call, ms);
  return () => clearTimeout(timer);
}

interface Planned {
  at: number;
  cancel(): void;
}

export class WorkQueue {
  private queue: string[] = [];
  private head = 0;
  private readonly dirty = new Set<string>();
  private readonly processing = new Set<string>();
  private readonly failures = new Map<string, number>();
  /** The earliest planned addition of each key, and the earliest after a failure, which real time decides. */
  private readonly planned = new Map<string, Planned>();
  private readonly retries = new Map<string, Planned>();
  private readonly waiters: ((key: string | undefined) => void)[] = [];
  private stopped = false;
  private readonly backoff: Backoff;
  private readonly clock: QueueClock;

  constructor(backoff: Backoff = { baseMs: 5, maxMs: 1_000_000 }, clock: QueueClock = Date) {
    this.backoff = backoff;
    this.clock = clock.after ? clock : Date;
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
    this.plan(this.planned, this.clock, key, delayMs);
  }

  /** Adds after this key's back-off; returns the delay in milliseconds. */
  addRateLimited(key: string): number {
    const count = (this.failures.get(key) ?? 0) + 1;
    this.failures.set(key, count);
    const delay = Math.min(this.backoff.baseMs * 2 ** Math.min(count - 1, 30), this.backoff.maxMs);
    this.plan(this.retries, Date, key, delay);
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
    for (const timers of [this.planned, this.retries]) {
      for (const { cancel } of timers.values()) cancel();
      timers.clear();
    }
    for (const waiter of this.waiters.splice(0)) waiter(undefined);
  }

  private plan(timers: Map<string, Planned>, clock: QueueClock, key: string, delayMs: number): void {
    if (this.stopped) return;
    if (delayMs <= 0) return this.add(key);
    const at = clock.now() + delayMs;
    const known = timers.get(key);
    if (known && known.at <= at) return;
    known?.cancel();
    const fire = (): void => {
      timers.delete(key);
      this.add(key);
    };
    const after = clock.after?.bind(clock) ?? afterRealTime;
    timers.set(key, { at, cancel: after(Math.min(delayMs, MAX_TIMEOUT_MS), fire) });
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
