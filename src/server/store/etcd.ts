// The store on etcd 3: for clusters in which several API servers share one. Reads and transactions are etcd's own; one
// feed of all keys (etcd-feed.ts) serves every watch. Upstream: apiserver/pkg/storage/etcd3.
import { Etcd3 } from 'etcd3';
import type { IOptions, IRangeRequest, IRequestOp } from 'etcd3';
import { readError, wasCutOff, wasNotSent, writeError } from './etcd-errors.ts';
import { EtcdFeed } from './etcd-feed.ts';
import { EtcdKeys } from './etcd-records.ts';
import type { Revision } from './etcd-records.ts';
import { EtcdWatch } from './etcd-watch.ts';
import { checkTransaction, closedError, compactedError } from './keys.ts';
import { LeasePool } from './etcd-leases.ts';
import { LogTail } from './log-tail.ts';
import { StoreError } from './store.ts';
import type {
  Compare,
  KeyValue,
  Operation,
  RangeOptions,
  RangeResult,
  Store,
  StoreEvent,
  StoreWatch,
  TransactionResult,
  WatchOptions,
} from './store.ts';
import { BehindError, WatchHub } from './watch-hub.ts';
import type { RevisionLog } from './watch-hub.ts';

export interface EtcdStoreOptions {
  /** `http://…` or `https://…`, one per member. */
  hosts: string[];
  /** PEM: the members' CA, and our client certificate and key. */
  credentials?: { rootCertificate: Buffer; privateKey?: Buffer; certChain?: Buffer };
  auth?: { username: string; password: string };
  /** What stands before every key; other keys are left alone. Default `/registry/`. */
  prefix?: string;
  /** How long one call may take. Default 15 s. */
  timeoutMs?: number;
}

/**
 * Error: Unavailable when no member answers. etcd must allow large transactions (`--max-txn-ops=1024` or more,
 * `--max-request-bytes` above the largest value) for all of the store's limits to hold.
 */
export async function openEtcdStore(options: EtcdStoreOptions): Promise<Store> {
  const store = new EtcdStore(options);
  try {
    await store.start();
  } catch (error) {
    await store.close();
    throw error;
  }
  return store;
}

/** Calls are repeated here, where it is known which may be. */
const NO_POLICY = {
  execute: async <T>(call: (context: { signal: AbortSignal }) => T | PromiseLike<T>) =>
    call({ signal: new AbortController().signal }),
  onSuccess: () => ({ dispose: () => undefined }),
  onFailure: () => ({ dispose: () => undefined }),
} as unknown as NonNullable<NonNullable<IOptions['faultHandling']>['global']>;

const PAGE = 2000;
/** More than the embedded store's: what is older comes over the network. */
const ETCD_TAIL_BYTES = 16 << 20;

class EtcdStore implements Store, RevisionLog {
  /** Calls overtake each other on their way to the leader. */
  readonly inOrder = false;
  readonly #etcd: Etcd3;
  readonly #keys: EtcdKeys;
  readonly #leases: LeasePool;
  readonly #attempts: number;
  readonly #hub = new WatchHub(this);
  readonly #watches = new Set<EtcdWatch>();
  #tail = new LogTail(2, ETCD_TAIL_BYTES);
  #feed: EtcdFeed | undefined;
  /** The oldest revision that etcd is known to have compacted to. */
  #compacted = 1;
  #closed = false;

  constructor(options: EtcdStoreOptions) {
    const { hosts, credentials, auth, timeoutMs = 15_000 } = options;
    this.#etcd = new Etcd3({
      hosts,
      ...(credentials ? { credentials } : {}),
      ...(auth ? { auth } : {}),
      grpcOptions: { 'grpc.max_receive_message_length': -1, 'grpc.max_send_message_length': -1 },
      defaultCallOptions: ({ isStream }) => (isStream ? {} : { deadline: Date.now() + timeoutMs }),
      faultHandling: { global: NO_POLICY, host: () => NO_POLICY },
    });
    this.#keys = new EtcdKeys(options.prefix ?? '/registry/');
    this.#leases = new LeasePool((seconds) =>
      this.#write(async () => (await this.#etcd.leaseClient.leaseGrant({ TTL: seconds })).ID),
    );
    this.#attempts = hosts.length + 1;
  }

  async start(): Promise<void> {
    const revision = await this.currentRevision();
    this.#startFeed(revision + 1);
  }

  async get(
    key: string,
    options: { revision?: number } = {},
  ): Promise<{ item: KeyValue | undefined; revision: number }> {
    const revision = options.revision ?? 0;
    const answer = await this.#range({ key: this.#keys.encode(key), revision });
    const kv = answer.kvs[0];
    return { item: kv && this.#keys.keyValue(kv), revision: revision || Number(answer.header.revision) };
  }

  async range(options: RangeOptions): Promise<RangeResult> {
    const { start, end, countOnly = false } = options;
    const range_end = this.#keys.encode(end);
    const wanted = options.limit || Infinity;
    let key = this.#keys.encode(start);
    if (Buffer.compare(key, range_end) >= 0) {
      const revision = options.revision || (await this.currentRevision());
      return { items: [], more: false, count: 0, revision };
    }
    let revision = options.revision ?? 0;
    let count = 0;
    const items: KeyValue[] = [];
    for (;;) {
      // Pages, so that no answer is so large that decoding it stops the world.
      const limit = Math.min(PAGE, wanted - items.length);
      const page = await this.#range({ key, range_end, revision, limit, count_only: countOnly });
      if (items.length === 0) count = Number(page.count);
      revision ||= Number(page.header.revision);
      for (const kv of page.kvs) items.push(this.#keys.keyValue(kv));
      if (!page.more || items.length >= wanted || countOnly) break;
      key = Buffer.concat([page.kvs.at(-1)!.key, Buffer.of(0)]);
    }
    return { items, more: !countOnly && count > items.length, count, revision };
  }

  async transact(compares: readonly Compare[], operations: readonly Operation[]): Promise<TransactionResult> {
    if (this.#closed) throw closedError();
    checkTransaction(compares, operations);
    const success: IRequestOp[] = [];
    for (const operation of operations) {
      const ttlSeconds = 'put' in operation ? operation.put.ttlSeconds : undefined;
      success.push(this.#keys.operation(operation, ttlSeconds ? await this.#leases.for(ttlSeconds) : undefined));
    }
    const compare = compares.map((each) => ({
      result: 'Equal' as const,
      key: this.#keys.encode(each.key),
      ...('value' in each
        ? { target: 'Value' as const, value: Buffer.from(each.value) }
        : { target: 'Mod' as const, mod_revision: each.modRevision }),
    }));
    const failure = compares.map(({ key }) => ({ request_range: { key: this.#keys.encode(key) } }));
    const answer = await this.#write(() => this.#etcd.kv.txn({ compare, success, failure }));
    const revision = Number(answer.header.revision);
    if (answer.succeeded) return { succeeded: true, revision };
    const current = answer.responses.map(({ response_range: { kvs } }) => kvs[0] && this.#keys.keyValue(kvs[0]));
    return { succeeded: false, revision, current };
  }

  watch(options: WatchOptions): StoreWatch {
    if (this.#closed) throw closedError();
    const watch = new EtcdWatch(
      {
        fromTail: (each) => this.#hub.watch(each),
        feed: (each) => new EtcdFeed({ etcd: this.#etcd, keys: this.#keys, ...each }),
        last: () => this.last(),
        currentRevision: () => this.currentRevision(),
        onClosed: (each) => this.#watches.delete(each),
      },
      options,
    );
    this.#watches.add(watch);
    return watch;
  }

  async currentRevision(): Promise<number> {
    const answer = await this.#range({ key: this.#keys.encode('/'), count_only: true });
    return Number(answer.header.revision);
  }

  async compact(revision: number): Promise<void> {
    try {
      await this.#write(() => this.#etcd.kv.compact({ revision }));
    } catch (error) {
      // Somebody else was first, or went further.
      if (!(error instanceof StoreError && error.code === 'Compacted')) throw error;
    }
    this.#compacted = Math.max(this.#compacted, await this.compactedRevision());
    this.#tail.compact(this.#compacted);
  }

  /** etcd does not tell; but whether a revision can be read, it does. */
  async compactedRevision(): Promise<number> {
    const readable = async (revision: number): Promise<boolean> => {
      try {
        await this.#call(
          () => this.#etcd.kv.range({ key: this.#keys.encode('/'), revision, count_only: true }),
          readError,
        );
        return true;
      } catch (error) {
        if (error instanceof StoreError && error.code === 'Compacted') return false;
        throw error;
      }
    };
    if (await readable(this.#compacted)) return this.#compacted;
    let low = this.#compacted;
    for (let high = await this.currentRevision(); high - low > 1;) {
      const middle = Math.floor((low + high) / 2);
      if (await readable(middle)) high = middle;
      else low = middle;
    }
    return (this.#compacted = low + 1);
  }

  async sizeBytes(): Promise<number> {
    const status = await this.#call(() => this.#etcd.maintenance.status(), readError);
    return Number(status.dbSize);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#feed?.close();
    for (const watch of [...this.#watches]) watch.close();
    this.#hub.close();
    this.#etcd.close();
  }

  compacted(): number {
    return this.#compacted;
  }

  last(): number {
    return this.#tail.last;
  }

  scan(
    from: number,
    _: (key: string) => boolean,
    visit: (revision: number, events: readonly StoreEvent[]) => boolean,
  ): number {
    if (from < this.#tail.first) throw new BehindError();
    return this.#tail.scan(from, visit);
  }

  #startFeed(fromRevision: number): void {
    this.#tail = new LogTail(fromRevision, ETCD_TAIL_BYTES);
    this.#feed = new EtcdFeed({
      etcd: this.#etcd,
      keys: this.#keys,
      fromRevision,
      onRevisions: (revisions) => this.#onRevisions(revisions),
      // We were cut off for longer than etcd remembers, and so were the watches that follow.
      onCompacted: (oldest) => {
        this.#compacted = Math.max(this.#compacted, oldest);
        this.#startFeed(oldest);
        this.#hub.lost();
      },
    });
  }

  #onRevisions(revisions: Revision[]): boolean {
    for (const { revision, events } of revisions) {
      this.#tail.add(revision, events);
      this.#hub.publish(revision, events);
    }
    return true;
  }

  async #range(request: IRangeRequest): Promise<Awaited<ReturnType<Etcd3['kv']['range']>>> {
    try {
      const { limit, ...rest } = request;
      return await this.#call(
        () => this.#etcd.kv.range({ ...rest, ...(limit && limit !== Infinity ? { limit } : {}) }),
        readError,
      );
    } catch (error) {
      if (error instanceof StoreError && error.code === 'Compacted') {
        throw compactedError(Number(request.revision), await this.compactedRevision());
      }
      throw error;
    }
  }

  #write<T>(call: () => Promise<T>): Promise<T> {
    return this.#call(call, writeError);
  }

  /** What was not sent, or only reads, is sent again, to another member if there is one. */
  async #call<T>(call: () => Promise<T>, toStoreError: (error: unknown) => StoreError): Promise<T> {
    const mayRepeat = toStoreError === readError ? wasCutOff : wasNotSent;
    for (let attempt = 1; ; attempt++) {
      if (this.#closed) throw closedError();
      try {
        return await call();
      } catch (error) {
        if (this.#closed) throw closedError();
        if (attempt >= this.#attempts || !mayRepeat(error)) throw toStoreError(error);
      }
    }
  }
}
