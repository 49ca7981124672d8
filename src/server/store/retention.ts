// How much history a store keeps by itself. It decides up to where to compact; the store does it.

export interface Retention {
  /** About so many revisions stay; 0: any number. */
  keepRevisions: number;
  /** Revisions younger than this stay, even if that is more than keepRevisions; 0: age does not matter. */
  keepMs: number;
}

const SAMPLES = 64;

/** Remembers at what time which revision was the newest, coarsely. */
export class RetentionClock {
  readonly #retention: Retention;
  readonly #now: () => number;
  #samples: { revision: number; atMs: number }[] = [];

  constructor(retention: Retention, now: () => number = Date.now) {
    this.#retention = retention;
    this.#now = now;
  }

  /** Call after commits: the revision to compact to, or undefined when it is not worth it yet. */
  target(revision: number, compacted: number): number | undefined {
    const { keepRevisions, keepMs } = this.#retention;
    if (keepMs > 0) this.#sample(revision, keepMs);
    // In steps of an eighth, so that compaction is rare and has something to do.
    if (keepRevisions === 0 || revision - compacted <= keepRevisions + keepRevisions / 8) return undefined;
    let target = revision - keepRevisions;
    if (keepMs > 0) {
      const limit = this.#now() - keepMs;
      const old = this.#samples.findLast(({ atMs }) => atMs <= limit);
      target = Math.min(target, old?.revision ?? 0);
    }
    return target > compacted ? target : undefined;
  }

  #sample(revision: number, keepMs: number): void {
    const atMs = this.#now();
    const last = this.#samples.at(-1);
    if (last && atMs - last.atMs < keepMs / (SAMPLES / 2)) return;
    this.#samples.push({ revision, atMs });
    if (this.#samples.length > SAMPLES) this.#samples.shift();
  }
}
