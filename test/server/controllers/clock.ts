// A clock that tests move by hand. Sleepers wake when the time has come, in order.
import { systemClock } from '../../../src/client/clock.ts';
import type { Clock } from '../../../src/client/controller.ts';

export class FakeClock implements Clock {
  private time: number;
  private sleepers: { at: number; wake(): void }[] = [];

  constructor(startMs = Date.parse('2026-01-01T00:00:00Z')) {
    this.time = startMs;
  }

  now(): number {
    return this.time;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason as Error);
      const stop = () => reject(signal?.reason as Error);
      signal?.addEventListener('abort', stop, { once: true });
      const wake = () => {
        signal?.removeEventListener('abort', stop);
        resolve();
      };
      this.sleepers.push({ at: this.time + Math.max(0, ms), wake });
    });
  }

  /** Moves on; those who sleep wake in order, and what they do at once gets its turn. */
  async advance(ms: number): Promise<void> {
    const end = this.time + ms;
    for (;;) {
      await settle();
      const next = this.sleepers.filter((s) => s.at <= end).sort((a, b) => a.at - b.at)[0];
      if (!next) break;
      this.sleepers = this.sleepers.filter((s) => s !== next);
      this.time = Math.max(this.time, next.at);
      next.wake();
    }
    this.time = end;
    await settle();
  }
}

async function settle(): Promise<void> {
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
}

/** Real time, so many times as quick: what waits for minutes can be waited for. */
export class FastClock implements Clock {
  private readonly start = Date.now();
  private readonly speed: number;

  constructor(speed: number) {
    this.speed = speed;
  }

  now(): number {
    return this.start + (Date.now() - this.start) * this.speed;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return systemClock.sleep(ms / this.speed, signal);
  }

  after(ms: number, call: () => void): () => void {
    const timer = setTimeout(call, ms / this.speed);
    return () => clearTimeout(timer);
  }
}
