// How long a job waits before it replaces failed pods: 10 s after the first failure since a success, then twice as long,
// up to ten minutes. Upstream: pkg/controller/job/backoff_utils.go.
import type { Pod } from 'kubernetes-types/core/v1.js';
import { allIndexFailures, finishedAt } from './pods.ts';

export const FIRST_BACKOFF_MS = 10_000;
export const MAX_BACKOFF_MS = 10 * 60_000;

/** Kept in memory only: a controller that starts anew begins with what pods it still sees. */
export interface BackoffRecord {
  failuresSinceSuccess: number;
  lastFailureMs: number;
}

export const NO_FAILURES: BackoffRecord = { failuresSinceSuccess: 0, lastFailureMs: 0 };

/** With what ended since the record was made. */
export function nextRecord(record: BackoffRecord, succeeded: readonly Pod[], failed: readonly Pod[]): BackoffRecord {
  if (failed.length === 0) return succeeded.length > 0 ? NO_FAILURES : record;
  const failures = failed.map(finishedAt);
  if (succeeded.length === 0) {
    return {
      failuresSinceSuccess: record.failuresSinceSuccess + failures.length,
      lastFailureMs: failures.reduce((a, b) => Math.max(a, b)),
    };
  }
  const lastSuccess = succeeded.map(finishedAt).reduce((a, b) => Math.max(a, b));
  const later = failures.filter((time) => time > lastSuccess);
  if (later.length === 0) return NO_FAILURES;
  return { failuresSinceSuccess: later.length, lastFailureMs: later.reduce((a, b) => Math.max(a, b)) };
}

/** Milliseconds until the next pod may be made; 0: now. */
export function remainingMs({ failuresSinceSuccess, lastFailureMs }: BackoffRecord, nowMs: number): number {
  if (failuresSinceSuccess === 0) return 0;
  const delay = Math.min(FIRST_BACKOFF_MS * 2 ** Math.min(failuresSinceSuccess - 1, 30), MAX_BACKOFF_MS);
  return Math.max(0, delay - (nowMs - lastFailureMs));
}

/** For the index that this failed pod was for. */
export const remainingForIndexMs = (lastFailed: Pod | undefined, nowMs: number): number =>
  lastFailed === undefined
    ? 0
    : remainingMs(
        { failuresSinceSuccess: allIndexFailures(lastFailed) + 1, lastFailureMs: finishedAt(lastFailed) },
        nowMs,
      );
