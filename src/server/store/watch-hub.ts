// Watches over a log of committed revisions. A watch is a cursor into the log and owns no queue, so that a slow
// reader costs nothing; one that is slower than compaction ends with Compacted. It does not keep the log itself.
//
//   log 5 6 7 8 9        a reader at 7 asks: the hub scans 7.. and answers a batch, or parks it at the head (10);
//         ^              a commit (10) looks only at parked readers: in range it wakes them, else it moves them on.
import { compactedError, keyRange } from './keys.ts';
import type { StoreError, StoreEvent, StoreWatch, WatchBatch, WatchOptions } from './store.ts';

/** What the hub reads: events by revision, from `first()` to `last()`. */
export interface RevisionLog {
  /** The oldest revision that may still be asked for. */
  compacted(): number;
  /** The newest committed revision. */
  last(): number;
  /**
   * Calls `visit` for each revision in [from, last()] in order until it answers false. An implementation may stop
   * earlier; it answers the first revision that was not visited. Events on keys that are not covered may be left out.
   */
  scan(
    from: number,
    covers: (key: string) => boolean,
    visit: (revision: number, events: readonly StoreEvent[]) => boolean,
  ): number;
}

/** Few enough that many readers of the past hold little. */
const MAX_BATCH_EVENTS = 250;

/** Thrown through a watch by a log that does not keep all that is not compacted. */
export class BehindError extends Error {}

export class WatchHub {
  readonly #log: RevisionLog;
  readonly #parked = new Set<LogWatch>();
  readonly #open = new Set<LogWatch>();

  constructor(log: RevisionLog) {
    this.#log = log;
  }

  watch(options: WatchOptions): LogWatch {
    const watch = new LogWatch(this.#log, this.#parked, this.#open, options);
    this.#open.add(watch);
    return watch;
  }

  /** Call after the log has the revision. */
  publish(revision: number, events: readonly StoreEvent[]): void {
    for (const watch of this.#parked) watch.offer(revision, events);
  }

  /** After the log lost what was before its compacted revision: ends the watches that wait for it. */
  lost(): void {
    for (const watch of [...this.#parked]) watch.endIfLost();
  }

  /** Ends every watch: with an error when one is given. */
  close(error?: StoreError): void {
    for (const watch of [...this.#open]) watch.end(error);
  }
}

/** A cursor into the log. */
export class LogWatch implements StoreWatch, AsyncIterator<WatchBatch> {
  readonly #log: RevisionLog;
  readonly #parked: Set<LogWatch>;
  readonly #open: Set<LogWatch>;
  readonly #covers: (key: string) => boolean;
  /** The next revision that this watch has not seen. */
  #cursor: number;
  /** An empty batch is owed once everything up to this revision was delivered; 0 is none. */
  #progressAt = 0;
  #waiting: { resolve(result: IteratorResult<WatchBatch>): void; reject(error: unknown): void } | undefined;
  #ended = false;
  #error: StoreError | undefined;

  constructor(log: RevisionLog, parked: Set<LogWatch>, open: Set<LogWatch>, options: WatchOptions) {
    this.#log = log;
    this.#parked = parked;
    this.#open = open;
    this.#covers = keyRange(options.start, options.end);
    this.#cursor = options.fromRevision > 0 ? options.fromRevision : log.last() + 1;
  }

  [Symbol.asyncIterator](): AsyncIterator<WatchBatch> {
    return this;
  }

  next(): Promise<IteratorResult<WatchBatch>> {
    if (this.#waiting) return Promise.reject(new TypeError('store: a watch is read by one reader at a time'));
    try {
      const batch = this.#read();
      if (batch) return Promise.resolve({ value: batch, done: false });
    } catch (error) {
      this.end();
      return Promise.reject(error as Error);
    }
    if (this.#ended) {
      const error = this.#error;
      this.#error = undefined;
      return error ? Promise.reject(error) : Promise.resolve({ value: undefined, done: true });
    }
    this.#parked.add(this);
    return new Promise((resolve, reject) => (this.#waiting = { resolve, reject }));
  }

  return(): Promise<IteratorResult<WatchBatch>> {
    this.close();
    return Promise.resolve({ value: undefined, done: true });
  }

  close(): void {
    this.end();
  }

  /** Progress is owed once everything up to `revision` was delivered; it may be one that is still on its way. */
  requestProgress(revision = this.#log.last()): void {
    if (this.#ended) return;
    this.#progressAt = Math.max(revision, this.#progressAt, 1);
    if (this.#waiting && this.#cursor > this.#progressAt) this.#wake(this.#takeProgress());
  }

  /** A new revision, for a watch that is parked. */
  offer(revision: number, events: readonly StoreEvent[]): void {
    if (revision < this.#cursor) return;
    const matching = this.#select(events);
    this.#cursor = revision + 1;
    if (matching) this.#wake({ events: matching, revision });
    else if (this.#progressAt > 0 && this.#cursor > this.#progressAt) this.#wake(this.#takeProgress());
  }

  endIfLost(): void {
    const compacted = this.#log.compacted();
    if (this.#cursor < compacted) this.end(compactedError(this.#cursor, compacted));
  }

  end(error?: StoreError): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#error = error;
    this.#parked.delete(this);
    this.#open.delete(this);
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (!waiting) return;
    this.#error = undefined;
    if (error) waiting.reject(error);
    else waiting.resolve({ value: undefined, done: true });
  }

  #wake(batch: WatchBatch): void {
    const waiting = this.#waiting!;
    this.#waiting = undefined;
    this.#parked.delete(this);
    waiting.resolve({ value: batch, done: false });
  }

  /** What can be delivered now; undefined: wait. */
  #read(): WatchBatch | undefined {
    if (this.#ended) return undefined;
    const compacted = this.#log.compacted();
    if (this.#cursor < compacted) throw compactedError(this.#cursor, compacted);
    let found: StoreEvent[] | undefined;
    while (this.#cursor <= this.#log.last()) {
      this.#cursor = this.#log.scan(this.#cursor, this.#covers, (_, events) => {
        const matching = this.#select(events);
        if (!matching) return true;
        if (found) found.push(...matching);
        else found = [...matching];
        return found.length < MAX_BATCH_EVENTS;
      });
      if (found) return { events: found, revision: this.#cursor - 1 };
    }
    return this.#progressAt > 0 && this.#cursor > this.#progressAt ? this.#takeProgress() : undefined;
  }

  #takeProgress(): WatchBatch {
    this.#progressAt = 0;
    // A watch from the future has seen nothing of what is between now and its start.
    return { events: [], revision: Math.min(this.#cursor - 1, this.#log.last()) };
  }

  /** The events in range; the same array when all are. */
  #select(events: readonly StoreEvent[]): StoreEvent[] | undefined {
    if (events.length === 1) return this.#covers(events[0]!.key) ? (events as StoreEvent[]) : undefined;
    const matching = events.filter((event) => this.#covers(event.key));
    return matching.length === 0 ? undefined : matching;
  }
}
