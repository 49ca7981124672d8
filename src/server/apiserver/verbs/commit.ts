// Writes one object with its hook's extra keys in one store transaction, and gives the written object to the cache.
// Errors of the store become Status errors here and nowhere else.
import { StatusError } from '../../../api/status.ts';
import type { Unstructured } from '../../../api/types.ts';
import { type Compare, type Operation, StoreError, type TransactionResult } from '../../store/store.ts';
import { encodeForm, encodeShown, spliceRevision } from '../cache/encoding.ts';
import { stampRevision } from '../cache/entry.ts';
import type { Server } from '../context.ts';
import type { StoredKind } from '../registry.ts';

/** Keys beside the object's own, and who waits to hear what became of them. */
export interface Extras {
  compares: Compare[];
  operations: Operation[];
  /** They are on their way to a store that does what it is given in order. */
  handed?: () => void;
  /** The revision at which they were written; undefined: they were not. */
  settle?: (revision: number | undefined) => void;
}
export const noExtras = (): Extras => ({ compares: [], operations: [] });

/** An object as it was written, with its answer. */
export interface Written {
  readonly object: Unstructured;
  /** The stored version as JSON with a line feed. */
  readonly bytes: Buffer;
}

export const keyOf = (namespace: string, name: string): string => (namespace ? `${namespace}/${name}` : name);

export async function transact(
  server: Server,
  compares: Compare[],
  operations: Operation[],
): Promise<TransactionResult> {
  try {
    return await server.options.store.transact(compares, operations);
  } catch (error) {
    throw fromStore(error);
  }
}

/** `stored` is a storedForm. `written` undefined: somebody else was faster (the result says how things stand now). */
export async function put(
  server: Server,
  kind: StoredKind,
  key: string,
  stored: Unstructured,
  expected: number,
  extras: Extras,
  value: Uint8Array = encodeForm(stored),
): Promise<{ written?: Written; result: TransactionResult }> {
  const storeKey = kind.cache.prefix + key;
  const { ttlSeconds } = kind.definition;
  // The cache may see the event before this function resumes.
  server.feed.adoptions.set(value, stored);
  const pending = transact(
    server,
    [{ key: storeKey, modRevision: expected }, ...extras.compares],
    [{ put: ttlSeconds ? { key: storeKey, value, ttlSeconds } : { key: storeKey, value } }, ...extras.operations],
  );
  if (server.options.store.inOrder) extras.handed?.();
  const result = await pending;
  if (!result.succeeded) {
    server.feed.adoptions.delete(value);
    return { result };
  }
  const cached = kind.cache.get(key);
  const bytes = cached?.revision === result.revision ? cached.bytes : spliceRevision(value, result.revision);
  return { written: { object: stampRevision(stored, result.revision), bytes }, result };
}

/** What a dry run answers: the would-be object under the revision that it had. */
export function wouldBe(object: Unstructured): Written {
  return { object, bytes: encodeShown(object) };
}

export function fromStore(error: unknown): unknown {
  if (!(error instanceof StoreError)) return error;
  switch (error.code) {
    case 'TooLarge':
      return new StatusError('RequestEntityTooLarge', `etcdserver: request is too large: ${error.message}`);
    case 'NoSpace':
      return new StatusError('InternalError', `etcdserver: mvcc: database space exceeded: ${error.message}`);
    case 'Compacted':
      return new StatusError('Expired', 'The resourceVersion for the provided list is too old.');
    case 'Unavailable':
      return new StatusError('ServiceUnavailable', `the store is unavailable: ${error.message}`);
    case 'OutcomeUnknown':
      return new StatusError('Timeout', `the store did not say whether the write happened: ${error.message}`);
    default:
      return new StatusError('InternalError', `store: ${error.message}`);
  }
}
