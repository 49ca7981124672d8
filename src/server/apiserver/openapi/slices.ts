// Long work cut into steps: a document takes some ten milliseconds to make, and other requests must not wait for it.
import { setImmediate as nextTurn } from 'node:timers/promises';

/** Work that may pause at each `yield`. */
export type Steps<T> = Generator<undefined, T, undefined>;

const SLICE_MS = 5;

/** Lets others run when a slice of time is used up. */
export async function runInSlices<T>(steps: Steps<T>): Promise<T> {
  let start = performance.now();
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
    if (performance.now() - start < SLICE_MS) continue;
    await nextTurn();
    start = performance.now();
  }
}

/** For callers that can wait: tests, and small documents. */
export function runAtOnce<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}
