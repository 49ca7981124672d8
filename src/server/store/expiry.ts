// Time to live: a heap of what vanishes when, and one timer for the earliest. It does not delete; it is told how.
// Entries that were overwritten meanwhile stay in the heap until their time and are then found to be stale.

export interface Expiring {
  key: string;
  /** The put that carried the time to live: a later put of the key outlives it. */
  modRevision: number;
  expiresAtMs: number;
}

/** setTimeout cannot wait longer. */
const LONGEST_WAIT_MS = 2 ** 31 - 1;
const RETRY_MS = 1000;

export class Expiry {
  readonly #heap: Expiring[] = [];
  readonly #expire: (due: Expiring[]) => Promise<void>;
  #timer: NodeJS.Timeout | undefined;
  #timerAt = Infinity;
  #closed = false;

  /** `expire` deletes those of the due keys that still have their modRevision; a rejection is tried again later. */
  constructor(expire: (due: Expiring[]) => Promise<void>) {
    this.#expire = expire;
  }

  add(entry: Expiring): void {
    const heap = this.#heap;
    let at = heap.push(entry) - 1;
    while (at > 0) {
      const parent = (at - 1) >>> 1;
      if (heap[parent]!.expiresAtMs <= entry.expiresAtMs) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = entry;
    this.#arm();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#heap.length = 0;
  }

  #arm(): void {
    const first = this.#heap[0];
    if (!first || this.#closed || first.expiresAtMs >= this.#timerAt) return;
    clearTimeout(this.#timer);
    this.#timerAt = first.expiresAtMs;
    const wait = Math.min(Math.max(first.expiresAtMs - Date.now(), 0), LONGEST_WAIT_MS);
    this.#timer = setTimeout(() => void this.#run(), wait);
    this.#timer.unref();
  }

  async #run(): Promise<void> {
    const now = Date.now();
    const due: Expiring[] = [];
    while (this.#heap.length > 0 && this.#heap[0]!.expiresAtMs <= now) due.push(this.#pop());
    try {
      if (due.length > 0) await this.#expire(due);
    } catch {
      if (!this.#closed) for (const entry of due) this.add({ ...entry, expiresAtMs: now + RETRY_MS });
    }
    this.#timerAt = Infinity;
    this.#arm();
  }

  #pop(): Expiring {
    const heap = this.#heap;
    const top = heap[0]!;
    const last = heap.pop()!;
    if (heap.length === 0) return top;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && heap[child + 1]!.expiresAtMs < heap[child]!.expiresAtMs) child++;
      if (heap[child]!.expiresAtMs >= last.expiresAtMs) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
    return top;
  }
}
