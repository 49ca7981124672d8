// One watch of etcd's whole keyspace from a revision on, over as many connections as it takes. Every revision of etcd
// has an event on some key, so a feed of all keys shows every revision: it knows exactly how far it has come, and needs
// none of etcd's progress notifications, which before 3.4.25 and 3.5.8 could overtake events.
import type { Etcd3, IWatchRequest, IWatchResponse } from 'etcd3';
import { revisionsOf } from './etcd-records.ts';
import type { EtcdKeys, Revision } from './etcd-records.ts';

/** etcd's way to say every key. */
const ALL = Buffer.from([0]);
const FIRST_RETRY_MS = 50;
const LONGEST_RETRY_MS = 2000;

interface WatchStream {
  on(event: 'data', listener: (response: IWatchResponse) => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
  on(event: 'end', listener: () => void): unknown;
  write(request: IWatchRequest): void;
  cancel(): void;
  pause(): unknown;
  resume(): unknown;
}

export interface FeedOptions {
  etcd: Etcd3;
  keys: EtcdKeys;
  fromRevision: number;
  /** In order, each revision once. False pauses the feed until resume(). */
  onRevisions(revisions: Revision[]): boolean;
  /** What comes next was compacted: the feed has ended. */
  onCompacted(oldest: number): void;
}

export class EtcdFeed {
  readonly #options: FeedOptions;
  #next: number;
  #stream: WatchStream | undefined;
  #retryMs = FIRST_RETRY_MS;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: FeedOptions) {
    this.#options = options;
    this.#next = options.fromRevision;
    void this.#connect();
  }

  resume(): void {
    this.#stream?.resume();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#stream?.cancel();
    this.#stream = undefined;
  }

  async #connect(): Promise<void> {
    let stream: WatchStream;
    try {
      stream = (await this.#options.etcd.watchClient.watch()) as unknown as WatchStream;
    } catch {
      return this.#retry(undefined);
    }
    if (this.#closed) return stream.cancel();
    this.#stream = stream;
    stream.on('error', () => this.#retry(stream));
    stream.on('end', () => this.#retry(stream));
    stream.on('data', (response) => {
      if (this.#stream === stream) this.#onResponse(stream, response);
    });
    stream.write({ create_request: { key: ALL, range_end: ALL, start_revision: this.#next, prev_kv: true } });
  }

  #onResponse(stream: WatchStream, response: IWatchResponse): void {
    const compacted = Number(response.compact_revision);
    if (compacted > 0) {
      this.close();
      return this.#options.onCompacted(compacted);
    }
    if (response.canceled) {
      stream.cancel();
      return this.#retry(stream);
    }
    this.#retryMs = FIRST_RETRY_MS;
    const revisions = revisionsOf(response.events, this.#options.keys).filter(({ revision }) => revision >= this.#next);
    if (revisions.length === 0) return;
    this.#next = revisions.at(-1)!.revision + 1;
    if (!this.#options.onRevisions(revisions)) stream.pause();
  }

  #retry(stream: WatchStream | undefined): void {
    if (this.#closed || this.#stream !== stream) return;
    this.#stream = undefined;
    this.#timer = setTimeout(() => void this.#connect(), this.#retryMs);
    this.#retryMs = Math.min(this.#retryMs * 2, LONGEST_RETRY_MS);
  }
}
