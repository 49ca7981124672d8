// Gives memory back after much work. V8 lets the heap grow to what a burst needed, and a server that nodes send their
// heartbeats to is never so idle that V8 would look again by itself. Only for a process of the server's own.
import { Session } from 'node:inspector';
import { performance } from 'node:perf_hooks';
import type { Logger } from '../client/log.ts';

const SAMPLE_MS = 10_000;
/** Shares of the time in which the event loop is busy. */
const BUSY = 0.4;
const QUIET = 0.25;
/** By then the caches have forgotten the events of the burst, too. */
const QUIET_SAMPLES = 6;

/** Says when to collect: once after each time of much work, when it has been quiet for a minute. */
export class IdleWatch {
  #worked = false;
  #quiet = 0;

  sample(utilization: number): boolean {
    if (utilization > BUSY) this.#worked = true;
    this.#quiet = utilization < QUIET ? this.#quiet + 1 : 0;
    if (!this.#worked || this.#quiet < QUIET_SAMPLES) return false;
    this.#worked = false;
    return true;
  }
}

/** Answers how to stop it. */
export function collectWhenIdle(log: Logger): () => void {
  const watch = new IdleWatch();
  let last = performance.eventLoopUtilization();
  const timer = setInterval(() => {
    if (watch.sample(performance.eventLoopUtilization(last).utilization)) collect(log);
    last = performance.eventLoopUtilization();
  }, SAMPLE_MS).unref();
  return () => clearInterval(timer);
}

/**
 * What a debugger asks for as "collect garbage" is V8's way to give pages back, which its gc() is not. Takes a few tenths of a
 * second for some hundred megabytes.
 */
function collect(log: Logger): void {
  const start = performance.now();
  const before = process.memoryUsage().rss;
  const session = new Session();
  session.connect();
  // In a task of its own, which must be over before the session may be.
  session.post('HeapProfiler.collectGarbage', () => {
    setImmediate(() => session.disconnect());
    const mb = (bytes: number): number => Math.round(bytes / 2 ** 20);
    const [took, now] = [Math.round(performance.now() - start), process.memoryUsage().rss];
    log.debug({ ms: took, before: mb(before), now: mb(now) }, 'memory was collected, in MB');
  });
}
