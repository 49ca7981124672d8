// The embedded store: lmdb in a directory, for one process. A write is acknowledged when it is on disk; writes that
// wait for the disk together share one commit; history survives restarts, so that watches resume from old revisions.
// What is in the file: lmdb-records.ts. This file: queueing, watches, expiry, compaction, opening and closing.
import { mkdirSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { CommitQueue } from './commit-queue.ts';
import { lockDirectory } from './directory-lock.ts';
import { Expiry } from './expiry.ts';
import type { Expiring } from './expiry.ts';
import { checkReadable, checkTransaction, closedError, futureRevision } from './keys.ts';
import { rangeOf } from './lmdb-range.ts';
import { FORMAT } from './lmdb-records.ts';
import { LmdbTables } from './lmdb-tables.ts';
import type { AppliedTransaction } from './lmdb-tables.ts';
import { LogTail } from './log-tail.ts';
import { RetentionClock } from './retention.ts';
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
import { WatchHub } from './watch-hub.ts';
import type { RevisionLog } from './watch-hub.ts';

export interface LmdbStoreOptions {
  /** A directory of the store's own; made when absent. */
  path: string;
  /** History kept by automatic compaction; see Retention. Defaults: 20,000 revisions, whatever their age. */
  keepRevisions?: number;
  keepMs?: number;
  /** Beyond this many bytes in use puts fail with NoSpace; deletes do not. Default 8 GiB. */
  maxBytes?: number;
}

/** Errors: Unavailable (another process has the directory), NewerFormat, and the file system's own. */
export async function openLmdbStore(options: LmdbStoreOptions): Promise<Store> {
  mkdirSync(options.path, { recursive: true, mode: 0o700 });
  const unlock = lockDirectory(options.path);
  try {
    return await LmdbStore.open(options, unlock);
  } catch (error) {
    unlock();
    throw error;
  }
}

interface Write {
  compares: readonly Compare[];
  operations: readonly Operation[];
}

const GIB = 1024 ** 3;
const MAX_BATCH = 512;
const CAUSE_MS = 200;
const FORGET_AT_ONCE = 500;

class LmdbStore implements Store, RevisionLog {
  readonly inOrder = true;
  readonly #tables: LmdbTables;
  readonly #unlock: () => void;
  readonly #maxBytes: number;
  readonly #retention: RetentionClock;
  readonly #queue = new CommitQueue<Write, TransactionResult>(MAX_BATCH, (take) => this.#commit(take));
  readonly #tail: LogTail;
  readonly #hub = new WatchHub(this);
  readonly #expiry = new Expiry((due) => this.#expire(due));
  /** The newest revision that was acknowledged and watches were told of; a snapshot may already show a newer one. */
  #revision: number;
  #compacted: number;
  #compaction: Promise<void> | undefined;
  #sizeBytes: number;
  #closed: Promise<void> | undefined;

  static async open(options: LmdbStoreOptions, unlock: () => void): Promise<LmdbStore> {
    const maxBytes = options.maxBytes ?? 8 * GIB;
    const tables = new LmdbTables(options.path, 2 * maxBytes);
    const format = tables.meta('format');
    if (format !== undefined && format > FORMAT) {
      await tables.root.close();
      throw new StoreError(
        'NewerFormat',
        `${options.path} was written by a newer version (format ${format}; this version knows ${FORMAT})`,
      );
    }
    if (format === undefined) {
      await tables.root.childTransaction(() => {
        tables.setMeta('format', FORMAT);
        tables.setMeta('head', 1);
        tables.setMeta('compacted', 1);
      });
      tables.root.resetReadTxn();
    }
    return new LmdbStore(options, tables, maxBytes, unlock);
  }

  private constructor(options: LmdbStoreOptions, tables: LmdbTables, maxBytes: number, unlock: () => void) {
    this.#tables = tables;
    this.#maxBytes = maxBytes;
    this.#unlock = unlock;
    this.#retention = new RetentionClock({
      keepRevisions: options.keepRevisions ?? 20_000,
      keepMs: options.keepMs ?? 0,
    });
    this.#revision = tables.meta('head')!;
    this.#compacted = tables.meta('compacted')!;
    this.#tail = new LogTail(this.#revision + 1);
    this.#sizeBytes = tables.sizeBytes();
    for (const expiring of tables.expiring()) this.#expiry.add(expiring);
    // A compaction that a crash cut short goes on.
    this.#compaction = this.#forget(this.#compacted).catch(() => undefined);
  }

  async get(
    key: string,
    options: { revision?: number } = {},
  ): Promise<{ item: KeyValue | undefined; revision: number }> {
    if (this.#closed) throw closedError();
    const head = this.#tables.meta('head')!;
    const revision = options.revision ?? 0;
    checkReadable(revision, this.#compacted, head);
    return { item: this.#tables.at(key, revision || head), revision: revision || head };
  }

  async range(options: RangeOptions): Promise<RangeResult> {
    if (this.#closed) throw closedError();
    return rangeOf(this.#tables, options, this.#compacted);
  }

  async transact(compares: readonly Compare[], operations: readonly Operation[]): Promise<TransactionResult> {
    if (this.#closed) throw closedError();
    checkTransaction(compares, operations);
    if (this.#sizeBytes > this.#maxBytes && operations.some((operation) => 'put' in operation)) {
      throw new StoreError('NoSpace', `the store uses ${this.#sizeBytes} bytes of ${this.#maxBytes}`);
    }
    return this.#queue.add({ compares, operations });
  }

  watch(options: WatchOptions): StoreWatch {
    if (this.#closed) throw closedError();
    return this.#hub.watch(options);
  }

  async currentRevision(): Promise<number> {
    if (this.#closed) throw closedError();
    return this.#revision;
  }

  async compact(revision: number): Promise<void> {
    if (this.#closed) throw closedError();
    if (revision > this.#revision) throw futureRevision(revision, this.#revision);
    await this.#compactTo(revision);
  }

  async compactedRevision(): Promise<number> {
    return this.#compacted;
  }

  async sizeBytes(): Promise<number> {
    return this.#sizeBytes;
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#expiry.close();
    this.#hub.close();
    await this.#queue.idle();
    await this.#compaction;
    await this.#tables.root.close();
    this.#unlock();
  }

  compacted(): number {
    return this.#compacted;
  }

  last(): number {
    return this.#revision;
  }

  scan(
    from: number,
    covers: (key: string) => boolean,
    visit: (revision: number, events: readonly StoreEvent[]) => boolean,
  ): number {
    if (from >= this.#tail.first) return this.#tail.scan(from, visit);
    return this.#tables.replay(from, this.#tail.first - 1, covers, visit);
  }

  async #commit(take: () => Write[]): Promise<TransactionResult[]> {
    let applied: AppliedTransaction[] = [];
    let revision = this.#revision;
    try {
      // A child transaction, because only those are rolled back when the callback throws.
      await this.#tables.root.childTransaction(() => {
        applied = take().map(({ compares, operations }) => {
          const each = this.#tables.apply(compares, operations, revision + 1);
          revision = each.result.revision;
          return each;
        });
        if (revision > this.#revision) this.#tables.setMeta('head', revision);
      });
    } catch (error) {
      const cause = await causeOf(error);
      this.#catchUp();
      throw commitError(cause);
    }
    // Whoever is acknowledged must read what was written: the open read snapshot is older.
    this.#tables.root.resetReadTxn();
    for (const { result, events, expiring } of applied) {
      if (events.length === 0) continue;
      this.#revision = result.revision;
      this.#tail.add(result.revision, events);
      this.#hub.publish(result.revision, events);
      for (const each of expiring) this.#expiry.add(each);
    }
    this.#sizeBytes = this.#tables.sizeBytes();
    this.#compactByPolicy();
    return applied.map(({ result }) => result);
  }

  /** After a commit whose outcome is not known: what it did write counts, and its revisions are taken. */
  #catchUp(): void {
    this.#tables.root.resetReadTxn();
    const head = this.#tables.meta('head')!;
    const everything = () => true;
    this.#tables.replay(this.#revision + 1, head, everything, (revision, events) => {
      this.#revision = revision;
      this.#tail.add(revision, events);
      this.#hub.publish(revision, events);
      return true;
    });
  }

  #compactByPolicy(): void {
    if (this.#compaction || this.#closed) return;
    const target = this.#retention.target(this.#revision, this.#compacted);
    // A failure shows in the next write too, and the next compaction makes up for it.
    if (target !== undefined) void this.#compactTo(target).catch(() => undefined);
  }

  async #compactTo(revision: number): Promise<void> {
    while (this.#compaction) await this.#compaction;
    if (revision <= this.#compacted) return;
    // Readers are refused before anything vanishes.
    this.#compacted = revision;
    this.#tail.compact(revision);
    const done = this.#forget(revision);
    this.#compaction = done.catch(() => undefined);
    await done;
  }

  /** In small transactions, so that writers do not wait for a long one. */
  async #forget(revision: number): Promise<void> {
    try {
      for (let more = true; more;) {
        await nextTurn();
        await this.#tables.root.childTransaction(() => {
          this.#tables.setMeta('compacted', revision);
          more = this.#tables.forget(revision, FORGET_AT_ONCE);
        });
      }
    } finally {
      this.#compaction = undefined;
    }
    this.#tables.root.resetReadTxn();
    this.#sizeBytes = this.#tables.sizeBytes();
  }

  async #expire(due: Expiring[]): Promise<void> {
    await Promise.all(due.map(({ key, modRevision }) => this.transact([{ key, modRevision }], [{ delete: { key } }])));
  }
}

/** lmdb says "see commitError": a promise that is rejected with what the system said. */
async function causeOf(error: unknown): Promise<unknown> {
  const { commitError: cause } = error as { commitError?: Promise<unknown> };
  if (!cause) return error;
  const unsaid = new Promise((resolve) => setTimeout(resolve, CAUSE_MS, error));
  return Promise.race([cause.catch((why: unknown) => why), unsaid]);
}

/** Nothing was committed when the file or the disk was full; after any other failure of a commit nobody knows. */
function commitError(error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  const message = error instanceof Error ? error.message : String(error);
  if (/MDB_MAP_FULL|No space left|ENOSPC|EDQUOT|quota/i.test(message)) return new StoreError('NoSpace', message);
  return new StoreError('OutcomeUnknown', `the commit failed: ${message}; is the disk full?`);
}
