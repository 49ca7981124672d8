// The tables of the embedded store and what is done to them inside one lmdb transaction. No queueing, no watches.
import { open } from 'lmdb';
import type { Database, RootDatabase } from 'lmdb';
import { holds, operationKey } from './keys.ts';
import {
  decodeCurrent,
  decodeHistory,
  decodeHistoryKey,
  decodeLog,
  decodeRevision,
  decodeTtlKey,
  encodeCurrent,
  encodeHistory,
  encodeHistoryKey,
  encodeKey,
  encodeLog,
  encodeRevision,
  encodeTtlKey,
  revisionOfCurrent,
  Scratch,
} from './lmdb-records.ts';
import type { CurrentRecord, LogEntry } from './lmdb-records.ts';
import type { Compare, KeyValue, Operation, StoreEvent, TransactionResult } from './store.ts';

const PAGE_BYTES = 4096;

type Table = Database<Buffer, Buffer>;
/** A snapshot to read from; absent: the newest committed state, or inside a write transaction that one's. */
export type Snapshot = ReturnType<RootDatabase['useReadTransaction']> | undefined;

export interface Change {
  previousRevision: number;
  exists: boolean;
}

export interface AppliedTransaction {
  result: TransactionResult;
  events: StoreEvent[];
  expiring: { key: string; modRevision: number; expiresAtMs: number }[];
}

export class LmdbTables {
  readonly root: RootDatabase<Buffer, Buffer>;
  readonly #current: Table;
  readonly #history: Table;
  readonly #log: Table;
  readonly #ttl: Table;
  readonly #meta: Table;
  readonly #scratch = new Scratch();

  constructor(directory: string, mapSizeBytes: number) {
    const table = { encoding: 'binary', keyEncoding: 'binary' } as const;
    this.root = open<Buffer, Buffer>({
      path: directory,
      noSubdir: false,
      ...table,
      maxDbs: 8,
      mapSize: mapSizeBytes,
      noMemInit: true,
      pageSize: PAGE_BYTES,
      // The promise of a transaction resolves when it is on disk, and no earlier: an acknowledged write is kept.
      overlappingSync: false,
    });
    const openTable = (name: string): Table => this.root.openDB<Buffer, Buffer>({ name, ...table });
    this.#current = openTable('current');
    this.#history = openTable('history');
    this.#log = openTable('log');
    this.#ttl = openTable('ttl');
    this.#meta = openTable('meta');
  }

  meta(name: string, snapshot?: Snapshot): number | undefined {
    const text = this.#meta.get(encodeKey(name), { transaction: snapshot });
    return text === undefined ? undefined : Number(text.toString());
  }
  setMeta(name: string, value: number): void {
    this.#meta.putSync(encodeKey(name), Buffer.from(String(value)));
  }

  current(key: string, snapshot?: Snapshot): CurrentRecord | undefined {
    const buffer = this.#current.get(encodeKey(key), { transaction: snapshot });
    return buffer && decodeCurrent(buffer);
  }

  /** 0: absent. The value is not copied out of the file. */
  #revisionOf(key: string): number {
    const head = this.#current.getBinaryFast(encodeKey(key));
    return head ? revisionOfCurrent(head) : 0;
  }

  #holds(compare: Compare): boolean {
    if ('modRevision' in compare) return this.#revisionOf(compare.key) === compare.modRevision;
    return holds(compare, this.current(compare.key));
  }

  /** What the key was at a revision. */
  at(key: string, revision: number): KeyValue | undefined {
    const current = this.current(key);
    if (current && current.modRevision <= revision) return keyValue(key, current);
    const range = { start: encodeHistoryKey(key, revision), end: encodeHistoryKey(key, 0), reverse: true, limit: 1 };
    for (const { key: found, value } of this.#history.getRange(range)) {
      const { modRevision } = decodeHistoryKey(found);
      const { createRevision, supersededAt, value: bytes } = decodeHistory(value);
      if (supersededAt > revision) return { key, value: bytes, createRevision, modRevision };
    }
    return undefined;
  }

  /** Up to `limit` current pairs from `start` (inclusive) to before `end`, in order. */
  scanCurrent(start: Buffer, end: Buffer, limit: number, snapshot: Snapshot): KeyValue[] {
    const items: KeyValue[] = [];
    for (const { key, value } of this.#current.getRange({ start, end, limit, transaction: snapshot })) {
      items.push(keyValue(key.toString(), decodeCurrent(value)));
    }
    return items;
  }

  countCurrent(start: Buffer, end: Buffer, snapshot: Snapshot): number {
    return this.#current.getKeysCount({ start, end, transaction: snapshot });
  }

  /** The keys in range that changed after `revision`: what each was then (undefined: absent), and is now. */
  changedSince(revision: number, covers: (key: string) => boolean, snapshot: Snapshot): Map<string, Change> {
    const changes = new Map<string, Change>();
    const range = { start: encodeRevision(revision + 1), end: encodeRevision(2 ** 48 - 1), transaction: snapshot };
    for (const { value } of this.#log.getRange(range)) {
      for (const { type, key, previousRevision } of decodeLog(value)) {
        if (!covers(key)) continue;
        const known = changes.get(key);
        if (known) known.exists = type === 'put';
        else changes.set(key, { previousRevision, exists: type === 'put' });
      }
    }
    return changes;
  }

  /** A version that was superseded and not compacted. */
  superseded(key: string, modRevision: number, snapshot?: Snapshot): KeyValue {
    const bytes = this.#history.get(encodeHistoryKey(key, modRevision), { transaction: snapshot })!;
    const { createRevision, value } = decodeHistory(bytes);
    return { key, value, createRevision, modRevision };
  }

  /** Inside a write transaction: one transaction of the store at `revision`, if its compares hold. */
  apply(compares: readonly Compare[], operations: readonly Operation[], revision: number): AppliedTransaction {
    if (!compares.every((compare) => this.#holds(compare))) {
      const current = compares.map(({ key }) => {
        const record = this.current(key);
        return record && keyValue(key, record);
      });
      return { result: { succeeded: false, revision: revision - 1, current }, events: [], expiring: [] };
    }
    const applied: AppliedTransaction = { result: { succeeded: true, revision }, events: [], expiring: [] };
    for (const operation of operations) this.#operate(operation, revision, applied);
    if (applied.events.length === 0) applied.result.revision = revision - 1;
    else this.#log.putSync(encodeRevision(revision), encodeLog(applied.events.map(logEntry)));
    return applied;
  }

  #operate(operation: Operation, revision: number, applied: AppliedTransaction): void {
    const key = operationKey(operation);
    const keyBytes = encodeKey(key);
    const old = this.current(key);
    const previous = old && keyValue(key, old);
    if (old) this.#supersede(key, old, revision);
    if ('delete' in operation) {
      if (!previous) return;
      this.#current.removeSync(keyBytes);
      applied.events.push({ type: 'delete', key, item: { ...previous, modRevision: revision }, previous });
      return;
    }
    const { value, ttlSeconds } = operation.put;
    const expiresAtMs = ttlSeconds ? Math.ceil(Date.now() + ttlSeconds * 1000) : 0;
    const item = { key, value, createRevision: old?.createRevision ?? revision, modRevision: revision };
    this.#current.putSync(keyBytes, encodeCurrent({ ...item, expiresAtMs }, this.#scratch));
    if (expiresAtMs > 0) {
      this.#ttl.putSync(encodeTtlKey(expiresAtMs, revision, key), Buffer.of(1));
      applied.expiring.push({ key, modRevision: revision, expiresAtMs });
    }
    applied.events.push(previous ? { type: 'put', key, item, previous } : { type: 'put', key, item });
  }

  #supersede(key: string, old: CurrentRecord, revision: number): void {
    const { createRevision, modRevision, expiresAtMs, value } = old;
    this.#history.putSync(
      encodeHistoryKey(key, modRevision),
      encodeHistory({ createRevision, supersededAt: revision, value }, this.#scratch),
    );
    if (expiresAtMs > 0) this.#ttl.removeSync(encodeTtlKey(expiresAtMs, modRevision, key));
  }

  /**
   * Visits revisions from..to until `visit` answers false, with the events on covered keys as they were; answers the
   * first revision that was not visited.
   */
  replay(
    from: number,
    to: number,
    covers: (key: string) => boolean,
    visit: (revision: number, events: readonly StoreEvent[]) => boolean,
  ): number {
    for (const { key, value } of this.#log.getRange({ start: encodeRevision(from), end: encodeRevision(to + 1) })) {
      const revision = decodeRevision(key);
      const entries = decodeLog(value).filter(({ key }) => covers(key));
      const events = entries.map((entry) => this.#event(entry, revision));
      if (!visit(revision, events)) return revision + 1;
    }
    return to + 1;
  }

  #event({ type, key, previousRevision }: LogEntry, revision: number): StoreEvent {
    const previous = previousRevision > 0 ? this.#version(key, previousRevision) : undefined;
    const item = type === 'put' ? this.#version(key, revision) : { ...previous!, modRevision: revision };
    return previous ? { type, key, item, previous } : { type, key, item };
  }

  #version(key: string, modRevision: number): KeyValue {
    const current = this.current(key);
    if (current?.modRevision === modRevision) return keyValue(key, current);
    return this.superseded(key, modRevision);
  }

  /** Inside a write transaction: forgets up to `limit` revisions before `revision`. Answers whether any are left. */
  forget(revision: number, limit: number): boolean {
    let count = 0;
    const range = { start: encodeRevision(0), end: encodeRevision(revision), limit };
    for (const { key, value } of [...this.#log.getRange(range)]) {
      for (const entry of decodeLog(value)) {
        if (entry.previousRevision > 0) this.#history.removeSync(encodeHistoryKey(entry.key, entry.previousRevision));
      }
      this.#log.removeSync(key);
      count++;
    }
    return count === limit;
  }

  /** Bytes in use: pages that compaction freed do not count. */
  sizeBytes(): number {
    let pages = 0;
    for (const table of [this.#current, this.#history, this.#log, this.#ttl]) {
      const stats = table.getStats() as Record<'treeBranchPageCount' | 'treeLeafPageCount' | 'overflowPages', number>;
      pages += stats.treeBranchPageCount + stats.treeLeafPageCount + stats.overflowPages;
    }
    return pages * PAGE_BYTES;
  }

  *expiring(): Generator<{ key: string; modRevision: number; expiresAtMs: number }> {
    for (const key of this.#ttl.getKeys({})) yield decodeTtlKey(key);
  }
}

const keyValue = (key: string, { value, createRevision, modRevision }: CurrentRecord): KeyValue => ({
  key,
  value,
  createRevision,
  modRevision,
});

const logEntry = ({ type, key, previous }: StoreEvent): LogEntry => ({
  type,
  key,
  previousRevision: previous?.modRevision ?? 0,
});
