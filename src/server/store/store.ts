// The store contract: etcd's data model. Keys are strings that sort by their UTF-8 bytes, values are bytes, one
// revision counts every committed transaction of the whole store. It knows no kinds. Implementations: memory, lmdb,
// etcd; one suite (test/server/store/suite.ts) runs over all.
//
//   revision 5: put /a          get(/a, {revision: 5}) still answers the old value after revision 6 changed it,
//   revision 6: put /a, put /b  until compact(6); one transaction has one revision, however many keys it touches.

export interface KeyValue {
  key: string;
  value: Uint8Array;
  /** The revision of the transaction that created / last changed the key. */
  createRevision: number;
  modRevision: number;
}

export type Compare =
  /** The key's modRevision equals `revision`; 0 means that the key does not exist. */
  | { key: string; modRevision: number }
  /** The key exists and its value is this, byte for byte, whoever wrote it. */
  | { key: string; value: Uint8Array };

export type Operation =
  | { put: { key: string; value: Uint8Array; /** Vanishes by itself after this time. */ ttlSeconds?: number } }
  | { delete: { key: string } };

export interface TransactionResult {
  /** False: a compare failed and nothing was written. */
  succeeded: boolean;
  /** The transaction's revision; when it failed or changed nothing, the current one. */
  revision: number;
  /** When a compare failed: the current state of each compared key, in order (undefined: absent). */
  current?: (KeyValue | undefined)[];
}

export interface RangeOptions {
  /** Keys k with start <= k < end. `prefixEnd(prefix)` makes the end of a prefix. */
  start: string;
  end: string;
  /** At most so many keys; 0 or absent is no limit. */
  limit?: number;
  /** As of this revision; absent or 0 is the newest. Errors: Compacted, FutureRevision. */
  revision?: number;
  countOnly?: boolean;
}

export interface RangeResult {
  items: KeyValue[];
  /** True when `limit` cut the answer. */
  more: boolean;
  /** All keys in the range, `limit` or not. */
  count: number;
  /** The revision that the answer shows (the asked one, or the store's current one). */
  revision: number;
}

export interface StoreEvent {
  type: 'put' | 'delete';
  key: string;
  /** For a put the new pair; for a delete the last pair with modRevision set to the deletion's revision. */
  item: KeyValue;
  /** The value before; undefined when the key was created. */
  previous?: KeyValue;
}

export interface WatchOptions {
  start: string;
  end: string;
  /** Events with modRevision >= fromRevision, in order, each exactly once. Error: Compacted. */
  fromRevision: number;
}

/** Events of one or several whole revisions, in order; never a part of a transaction. An empty list is progress. */
export interface WatchBatch {
  events: StoreEvent[];
  /** Everything up to this revision that is in range has now been delivered. */
  revision: number;
}

export interface StoreWatch extends AsyncIterable<WatchBatch> {
  /** Ends the iteration; idempotent. */
  close(): void;
  /** Asks for an (empty) batch once all is delivered up to the store's revision as of now. */
  requestProgress(): void;
}

export interface Store {
  /**
   * Transactions take effect in the order in which they were given: one may compare what the one before it is about to
   * write, and need not wait for the disk.
   */
  readonly inOrder: boolean;
  get(key: string, options?: { revision?: number }): Promise<{ item: KeyValue | undefined; revision: number }>;
  range(options: RangeOptions): Promise<RangeResult>;
  /**
   * Compares, then writes all or nothing. Resolved only when durable. Errors: TooLarge, NoSpace, Unavailable,
   * OutcomeUnknown (it may or may not have happened: read before you retry).
   */
  transact(compares: readonly Compare[], operations: readonly Operation[]): Promise<TransactionResult>;
  watch(options: WatchOptions): StoreWatch;
  /** The newest committed revision; a fresh store starts at 1. */
  currentRevision(): Promise<number>;
  /** Forgets what was superseded before this revision. */
  compact(revision: number): Promise<void>;
  /** The oldest revision that ranges and watches may still ask for. */
  compactedRevision(): Promise<number>;
  /** Bytes in use, where the backend knows. */
  sizeBytes(): Promise<number>;
  close(): Promise<void>;
}

export type StoreErrorCode =
  | 'KeyExists'
  | 'NotFound'
  | 'Conflict'
  | 'Compacted'
  | 'FutureRevision'
  | 'TooLarge'
  | 'NoSpace'
  | 'Unavailable'
  | 'OutcomeUnknown'
  | 'NewerFormat';

export class StoreError extends Error {
  constructor(
    readonly code: StoreErrorCode,
    message: string,
    /** For Compacted: the oldest revision that can be asked for. */
    readonly revision?: number,
  ) {
    super(message);
    this.name = 'StoreError';
  }
}

/** Limits, the same for all backends. */
export const MAX_VALUE_BYTES = 3 * 1024 * 1024;
export const MAX_OPERATIONS = 1024;

/** The smallest string greater than every string with this prefix (by code point): for RangeOptions.end. */
export function prefixEnd(prefix: string): string {
  const last = prefix.charCodeAt(prefix.length - 1);
  return prefix.slice(0, -1) + String.fromCharCode(last + 1);
}
