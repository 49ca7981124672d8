// A watch over etcd. It reads the tail that the store keeps in memory for all watches (watch-hub.ts); what is older, or
// fell out of the tail because the reader is slow, it reads with a feed of its own until it has caught up.
import type { EtcdFeed } from './etcd-feed.ts';
import type { FeedOptions } from './etcd-feed.ts';
import type { Revision } from './etcd-records.ts';
import { compactedError, keyRange } from './keys.ts';
import type { StoreWatch, WatchBatch, WatchOptions } from './store.ts';
import { BehindError } from './watch-hub.ts';
import type { LogWatch } from './watch-hub.ts';

export interface EtcdWatchSource {
  /** Throws BehindError from its iteration when the tail does not reach back that far. */
  fromTail(options: WatchOptions): LogWatch;
  feed(options: Pick<FeedOptions, 'fromRevision' | 'onRevisions' | 'onCompacted'>): EtcdFeed;
  /** The newest revision of the tail. */
  last(): number;
  /** The newest revision of etcd. */
  currentRevision(): Promise<number>;
  onClosed(watch: EtcdWatch): void;
}

export class EtcdWatch implements StoreWatch, AsyncIterator<WatchBatch> {
  readonly #source: EtcdWatchSource;
  readonly #options: WatchOptions;
  readonly #batches: AsyncGenerator<WatchBatch>;
  #next: number;
  #closed = false;
  #live: LogWatch | undefined;
  #catchUp: CatchUp | undefined;
  #progressAt = 0;

  constructor(source: EtcdWatchSource, options: WatchOptions) {
    this.#source = source;
    this.#options = options;
    this.#next = options.fromRevision > 0 ? options.fromRevision : source.last() + 1;
    this.#batches = this.#run();
  }

  [Symbol.asyncIterator](): AsyncIterator<WatchBatch> {
    return this;
  }
  next(): Promise<IteratorResult<WatchBatch>> {
    return this.#batches.next();
  }
  return(): Promise<IteratorResult<WatchBatch>> {
    this.close();
    return Promise.resolve({ value: undefined, done: true });
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#live?.close();
    this.#catchUp?.close();
    this.#source.onClosed(this);
  }

  requestProgress(): void {
    this.#source.currentRevision().then(
      (revision) => {
        this.#progressAt = revision;
        this.#live?.requestProgress(revision);
      },
      // The caller asks again; a watch without progress is only a quiet one.
      () => undefined,
    );
  }

  async *#run(): AsyncGenerator<WatchBatch> {
    try {
      yield* this.#follow();
    } finally {
      this.close();
    }
  }

  async *#follow(): AsyncGenerator<WatchBatch> {
    while (!this.#closed) {
      try {
        for await (const batch of this.#tail()) {
          this.#next = batch.revision + 1;
          yield batch;
        }
        return;
      } catch (error) {
        if (!(error instanceof BehindError)) throw error;
      }
      for await (const batch of this.#history()) {
        this.#next = batch.revision + 1;
        if (batch.events.length > 0) yield batch;
      }
    }
  }

  #tail(): LogWatch {
    this.#live = this.#source.fromTail({ ...this.#options, fromRevision: this.#next });
    if (this.#closed) this.#live.close();
    else if (this.#progressAt > 0) this.#live.requestProgress(this.#progressAt);
    this.#progressAt = 0;
    return this.#live;
  }

  #history(): CatchUp {
    this.#live = undefined;
    this.#catchUp = new CatchUp(this.#source, this.#options, this.#next);
    if (this.#closed) this.#catchUp.close();
    return this.#catchUp;
  }
}

const MAX_PENDING_EVENTS = 2000;

/** Reads from a revision to where the tail is, then ends. */
class CatchUp implements AsyncIterable<WatchBatch> {
  readonly #feed: EtcdFeed;
  readonly #covers: (key: string) => boolean;
  readonly #goal: number;
  #pending: WatchBatch = { events: [], revision: 0 };
  #error: Error | undefined;
  #closed = false;
  #wake: (() => void) | undefined;

  constructor(source: EtcdWatchSource, { start, end }: WatchOptions, fromRevision: number) {
    this.#covers = keyRange(start, end);
    this.#goal = source.last();
    this.#feed = source.feed({
      fromRevision,
      onRevisions: (revisions) => this.#add(revisions),
      onCompacted: (oldest) => {
        this.#error = compactedError(fromRevision, oldest);
        this.#wake?.();
      },
    });
  }

  close(): void {
    this.#closed = true;
    this.#feed.close();
    this.#wake?.();
  }

  #add(revisions: Revision[]): boolean {
    const { events } = this.#pending;
    for (const each of revisions) events.push(...each.events.filter(({ key }) => this.#covers(key)));
    this.#pending.revision = revisions.at(-1)!.revision;
    this.#wake?.();
    return events.length < MAX_PENDING_EVENTS;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<WatchBatch> {
    try {
      while (!this.#closed) {
        const batch = this.#pending;
        this.#pending = { events: [], revision: 0 };
        this.#feed.resume();
        if (batch.revision > 0) yield batch;
        else if (this.#error) throw this.#error;
        else await new Promise<void>((resolve) => (this.#wake = resolve));
        if (batch.revision >= this.#goal) return;
      }
    } finally {
      this.#feed.close();
    }
  }
}
