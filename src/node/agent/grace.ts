// The time that a pod has to end: a deadline that may come nearer while it is waited for, never farther away.
import type { Clock } from '../../client/controller.ts';

export class Grace {
  private deadlineMs: number;
  private changed = signalPromise();

  constructor(
    private readonly clock: Clock,
    seconds: number,
  ) {
    this.deadlineMs = clock.now() + seconds * 1000;
  }

  /** `seconds` from now, when that is sooner. */
  shorten(seconds: number): void {
    const wanted = this.clock.now() + seconds * 1000;
    if (wanted >= this.deadlineMs) return;
    this.deadlineMs = wanted;
    this.changed.resolve();
    this.changed = signalPromise();
  }

  remainingMs(): number {
    return Math.max(0, this.deadlineMs - this.clock.now());
  }

  /** True: the work ended; false: the time did. A rejection of the work is passed on. `leastMs` is always granted. */
  async covers(work: Promise<unknown>, leastMs = 0): Promise<boolean> {
    const startedMs = this.clock.now();
    const ended = work.then(() => true);
    for (;;) {
      const timer = new AbortController();
      const least = startedMs + leastMs - this.clock.now();
      const sleeping = this.clock.sleep(Math.max(this.remainingMs(), least), timer.signal).then(
        () => 'expired' as const,
        () => 'expired' as const,
      );
      const outcome = await Promise.race([ended, sleeping, this.changed.promise.then(() => 'changed' as const)]);
      timer.abort();
      if (outcome === true) return true;
      if (outcome === 'expired') return false;
    }
  }
}

/** A promise that is resolved from outside. */
export function signalPromise(): { promise: Promise<void>; resolve(): void } {
  let resolve!: () => void;
  const promise = new Promise<void>((settle) => (resolve = settle));
  return { promise, resolve };
}
