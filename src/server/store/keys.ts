// Order and limits of keys and transactions, the same for every backend. Not storage.
import { MAX_OPERATIONS, MAX_VALUE_BYTES, StoreError } from './store.ts';
import type { Compare, Operation } from './store.ts';

/** Kubernetes' longest keys are about 700 bytes; lmdb's pages hold no longer key than this. */
export const MAX_KEY_BYTES = 1900;

const BEYOND_ASCII_ORDER = /[\ud800-\uffff]/;

/**
 * A string that JavaScript's `<` orders as the key's UTF-8 bytes are ordered. The two orders differ only where
 * surrogates (code points from U+10000) meet U+E000 to U+FFFF, so nearly every key is its own sort key.
 */
export function sortKey(key: string): string {
  if (!BEYOND_ASCII_ORDER.test(key)) return key;
  let out = '';
  for (let i = 0; i < key.length; i++) {
    const unit = key.charCodeAt(i);
    if (unit < 0xd800) out += key[i]!;
    else out += String.fromCharCode(unit < 0xe000 ? unit + 0x2000 : unit - 0x800);
  }
  return out;
}

/** Whether start <= key < end. */
export function keyRange(start: string, end: string): (key: string) => boolean {
  const from = sortKey(start);
  const to = sortKey(end);
  return (key) => {
    const sorted = sortKey(key);
    return sorted >= from && sorted < to;
  };
}

export const operationKey = (operation: Operation): string =>
  'put' in operation ? operation.put.key : operation.delete.key;

function checkKey(key: string): void {
  if (key === '' || key.includes('\0')) throw new TypeError('store: a key must not be empty or contain NUL');
  // Three bytes is the most that one UTF-16 unit takes, so short keys need no counting.
  if (key.length * 3 > MAX_KEY_BYTES && Buffer.byteLength(key) > MAX_KEY_BYTES) {
    throw new StoreError('TooLarge', `key of ${Buffer.byteLength(key)} bytes is longer than ${MAX_KEY_BYTES} bytes`);
  }
}

/** Whether a compare holds for what its key is now. */
export function holds(compare: Compare, current: { modRevision: number; value: Uint8Array } | undefined): boolean {
  if ('modRevision' in compare) return (current?.modRevision ?? 0) === compare.modRevision;
  return current !== undefined && Buffer.compare(current.value, compare.value) === 0;
}

/** Throws TooLarge for what exceeds the limits, TypeError for what only a bug can ask (one key written twice). */
export function checkTransaction(compares: readonly Compare[], operations: readonly Operation[]): void {
  if (operations.length > MAX_OPERATIONS || compares.length > MAX_OPERATIONS) {
    throw new StoreError('TooLarge', `a transaction has more than ${MAX_OPERATIONS} operations`);
  }
  for (const compare of compares) checkKey(compare.key);
  for (const operation of operations) {
    checkKey(operationKey(operation));
    if ('put' in operation && operation.put.value.byteLength > MAX_VALUE_BYTES) {
      throw new StoreError(
        'TooLarge',
        `value of ${operation.put.value.byteLength} bytes for ${operation.put.key} is larger than ${MAX_VALUE_BYTES} bytes`,
      );
    }
  }
  if (operations.length > 1 && new Set(operations.map(operationKey)).size !== operations.length) {
    throw new TypeError('store: one transaction writes a key twice');
  }
}

/** Throws Compacted or FutureRevision when a range at `revision` cannot be answered; 0 is the newest. */
export function checkReadable(revision: number, compacted: number, current: number): void {
  if (revision === 0) return;
  if (revision > current) throw futureRevision(revision, current);
  if (revision < compacted) throw compactedError(revision, compacted);
}

export const compactedError = (revision: number, compacted: number): StoreError =>
  new StoreError('Compacted', `revision ${revision} has been compacted; the oldest is ${compacted}`, compacted);

export const futureRevision = (revision: number, current: number): StoreError =>
  new StoreError('FutureRevision', `revision ${revision} is in the future; the newest is ${current}`, current);

export const closedError = (): StoreError => new StoreError('Unavailable', 'the store is closed');
