// The store in memory: for tests, and for clusters that need not outlive their process. History is kept per key and
// in a log by revision; both are cut together by compaction. Values are kept by reference: nobody may change them.
import { checkReadable, checkTransaction, closedError, futureRevision, holds, operationKey, sortKey } from './keys.ts';
import { Expiry } from './expiry.ts';
import type { Expiring } from './expiry.ts';
import { SortedIndex } from './sorted-index.ts';
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

export interface MemoryStoreOptions {
  /** Compacts by itself so that about so many revisions stay; 0 keeps all until compact() is called. Default 10,000. */
  keepRevisions?: number;
}

/** The states of one key, oldest first; an undefined item is a deletion. */
interface Entry {
  versions: { revision: number; item: KeyValue | undefined }[];
}

export function createMemoryStore(options: MemoryStoreOptions = {}): Store {
  return new MemoryStore(options.keepRevisions ?? 10_000);
}

class MemoryStore implements Store, RevisionLog {
  readonly inOrder = true;
  readonly #index = new SortedIndex<Entry>();
  /** #log[i] holds the events of revision #logFirst + i. */
  #log: (readonly StoreEvent[])[] = [];
  #logFirst = 2;
  #revision = 1;
  #compacted = 1;
  #bytes = 0;
  #closed = false;
  readonly #keepRevisions: number;
  readonly #hub = new WatchHub(this);
  readonly #expiry = new Expiry((due) => this.#expire(due));

  constructor(keepRevisions: number) {
    this.#keepRevisions = keepRevisions;
  }

  async get(
    key: string,
    options: { revision?: number } = {},
  ): Promise<{ item: KeyValue | undefined; revision: number }> {
    const revision = this.#readable(options.revision);
    const entry = this.#index.get(sortKey(key));
    return { item: entry && stateAt(entry, revision), revision };
  }

  async range(options: RangeOptions): Promise<RangeResult> {
    const revision = this.#readable(options.revision);
    const limit = options.countOnly ? 0 : options.limit || Infinity;
    const items: KeyValue[] = [];
    let count = 0;
    for (const entry of this.#index.range(sortKey(options.start), sortKey(options.end))) {
      const item = stateAt(entry, revision);
      if (!item) continue;
      count++;
      if (items.length < limit) items.push(item);
    }
    return { items, more: !options.countOnly && count > items.length, count, revision };
  }

  async transact(compares: readonly Compare[], operations: readonly Operation[]): Promise<TransactionResult> {
    if (this.#closed) throw closedError();
    checkTransaction(compares, operations);
    if (!compares.every((compare) => holds(compare, this.#newest(compare.key)))) {
      const current = compares.map(({ key }) => this.#newest(key));
      return { succeeded: false, revision: this.#revision, current };
    }
    const revision = this.#revision + 1;
    const events: StoreEvent[] = [];
    for (const operation of operations) {
      const event = this.#apply(operation, revision);
      if (event) events.push(event);
    }
    if (events.length > 0) this.#commit(revision, events);
    return { succeeded: true, revision: this.#revision };
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
    this.#compact(revision);
  }

  async compactedRevision(): Promise<number> {
    return this.#compacted;
  }

  async sizeBytes(): Promise<number> {
    return this.#bytes;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#expiry.close();
    this.#hub.close();
  }

  compacted(): number {
    return this.#compacted;
  }

  last(): number {
    return this.#revision;
  }

  scan(
    from: number,
    _: (key: string) => boolean,
    visit: (revision: number, events: readonly StoreEvent[]) => boolean,
  ): number {
    // Revision 1 is the empty store and has no events.
    let revision = Math.max(from, this.#logFirst);
    for (; revision <= this.#revision; revision++) {
      if (!visit(revision, this.#log[revision - this.#logFirst]!)) return revision + 1;
    }
    return revision;
  }

  #readable(asked: number | undefined): number {
    if (this.#closed) throw closedError();
    checkReadable(asked ?? 0, this.#compacted, this.#revision);
    return asked || this.#revision;
  }

  #newest(key: string): KeyValue | undefined {
    return this.#index.get(sortKey(key))?.versions.at(-1)?.item;
  }

  #apply(operation: Operation, revision: number): StoreEvent | undefined {
    const key = operationKey(operation);
    const sorted = sortKey(key);
    let entry = this.#index.get(sorted);
    const previous = entry?.versions.at(-1)?.item;
    if ('delete' in operation) {
      if (!entry || !previous) return undefined;
      entry.versions.push({ revision, item: undefined });
      return { type: 'delete', key, item: { ...previous, modRevision: revision }, previous };
    }
    const { value, ttlSeconds } = operation.put;
    const item = { key, value, createRevision: previous?.createRevision ?? revision, modRevision: revision };
    if (!entry) this.#index.set(sorted, (entry = { versions: [] }));
    entry.versions.push({ revision, item });
    this.#bytes += key.length + value.byteLength;
    if (ttlSeconds) this.#expiry.add({ key, modRevision: revision, expiresAtMs: Date.now() + ttlSeconds * 1000 });
    return previous ? { type: 'put', key, item, previous } : { type: 'put', key, item };
  }

  #commit(revision: number, events: StoreEvent[]): void {
    this.#revision = revision;
    this.#log.push(events);
    this.#hub.publish(revision, events);
    // In steps of an eighth, so that the log is not cut for every commit.
    const keep = this.#keepRevisions;
    if (keep > 0 && revision - this.#compacted > keep + keep / 8) this.#compact(revision - keep);
  }

  #compact(revision: number): void {
    if (revision <= this.#compacted) return;
    // Only keys that the forgotten part of the log names can have superseded versions.
    for (let at = this.#logFirst; at <= revision; at++) {
      for (const { key } of this.#log[at - this.#logFirst]!) this.#forget(sortKey(key), revision);
    }
    // The events of `revision` itself stay: a watch may still start there.
    this.#log = this.#log.slice(Math.max(revision - this.#logFirst, 0));
    this.#logFirst = Math.max(revision, this.#logFirst);
    this.#compacted = revision;
  }

  /** Keeps what the key was at `revision`, and what came after it. */
  #forget(sorted: string, revision: number): void {
    const entry = this.#index.get(sorted);
    if (!entry) return;
    const { versions } = entry;
    let first = versions.length - 1;
    while (first > 0 && versions[first]!.revision > revision) first--;
    if (versions[first]!.revision <= revision && !versions[first]!.item) first++;
    for (const { item } of versions.splice(0, first)) {
      if (item) this.#bytes -= item.key.length + item.value.byteLength;
    }
    if (versions.length === 0) this.#index.delete(sorted);
  }

  async #expire(due: Expiring[]): Promise<void> {
    for (const { key, modRevision } of due) {
      if (!this.#closed) await this.transact([{ key, modRevision }], [{ delete: { key } }]);
    }
  }
}

function stateAt(entry: Entry, revision: number): KeyValue | undefined {
  const { versions } = entry;
  let at = versions.length - 1;
  if (versions[at]!.revision <= revision) return versions[at]!.item;
  // The newest version that is not newer than `revision`.
  let low = 0;
  while (low < at) {
    const middle = (low + at) >>> 1;
    if (versions[middle]!.revision <= revision) low = middle + 1;
    else at = middle;
  }
  return at === 0 ? undefined : versions[at - 1]!.item;
}
