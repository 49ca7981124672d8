// etcd's errors as the store's. The hard question is about writes: whether one that failed can have happened.
import { StoreError } from './store.ts';
import type { StoreErrorCode } from './store.ts';

const ANSWERS: [RegExp, StoreErrorCode][] = [
  [/required revision has been compacted/, 'Compacted'],
  [/required revision is a future revision/, 'FutureRevision'],
  [/request is too large|too many operations in txn|larger than max/, 'TooLarge'],
  [/database space exceeded/, 'NoSpace'],
  [/too many requests|etcdserver: not capable|permission denied|invalid auth|authentication/, 'Unavailable'],
];

/** Never reached a server: it certainly did not happen, and another server may be asked. */
const NOT_SENT = /No connection established|ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|Name resolution failed/;

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

export const wasNotSent = (error: unknown): boolean => NOT_SENT.test(messageOf(error));

/** The member went away before or during the call; whether it happened is unknown. */
export const wasCutOff = (error: unknown): boolean =>
  wasNotSent(error) || /Connection dropped|UNAVAILABLE|ECONNRESET|leader changed|no leader/i.test(messageOf(error));

export function readError(error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  const message = messageOf(error);
  const known = ANSWERS.find(([pattern]) => pattern.test(message));
  return new StoreError(known?.[1] ?? 'Unavailable', `etcd: ${message}`);
}

export function writeError(error: unknown): StoreError {
  const read = readError(error);
  if (read.code !== 'Unavailable' || wasNotSent(error) || ANSWERS.at(-1)![0].test(messageOf(error))) return read;
  return new StoreError('OutcomeUnknown', read.message);
}
