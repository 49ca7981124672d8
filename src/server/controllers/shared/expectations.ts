// What a controller has asked for and not yet seen in its caches. While something is outstanding it must not act
// again, or it would create or delete twice. Upstream: pkg/controller/controller_utils.go (ControllerExpectations,
// UIDTrackingControllerExpectations). A lost event can stall an owner for EXPECTATIONS_TIMEOUT_MS at most.
import type { Clock } from '../../../client/controller.ts';

export const EXPECTATIONS_TIMEOUT_MS = 5 * 60_000;

interface Expected {
  creations: number;
  /** Keys of objects whose deletion was asked and not seen. */
  deletions: Set<string>;
  sinceMs: number;
}

export class Expectations {
  private readonly byOwner = new Map<string, Expected>();
  /** Owners of which a write ended without an answer: what was asked may be done and not seen yet. */
  private readonly unsure = new Set<string>();
  private readonly clock: Pick<Clock, 'now'>;
  constructor(clock: Pick<Clock, 'now'>) {
    this.clock = clock;
  }

  /** True when all was seen, or nothing was ever expected, or it has taken too long. */
  satisfied(owner: string): boolean {
    const expected = this.byOwner.get(owner);
    if (!expected) return true;
    if (expected.creations <= 0 && expected.deletions.size === 0) return true;
    return this.clock.now() - expected.sinceMs > EXPECTATIONS_TIMEOUT_MS;
  }

  /** Replaces what was expected before. `deletions` are keys of objects. */
  expect(owner: string, creations: number, deletions: Iterable<string>): void {
    this.byOwner.set(owner, { creations, deletions: new Set(deletions), sinceMs: this.clock.now() });
  }

  expectCreations(owner: string, count: number): void {
    this.expect(owner, count, []);
  }

  expectDeletions(owner: string, keys: Iterable<string>): void {
    this.expect(owner, 0, keys);
  }

  /** One creation was seen, or will never come (it failed). */
  creationObserved(owner: string, count = 1): void {
    const expected = this.byOwner.get(owner);
    if (expected) expected.creations -= count;
  }

  deletionObserved(owner: string, key: string): void {
    this.byOwner.get(owner)?.deletions.delete(key);
  }

  /** It goes, and the cache does not say so yet. */
  expectsDeletion(owner: string, key: string): boolean {
    return this.byOwner.get(owner)?.deletions.has(key) ?? false;
  }

  isUnsure = (owner: string): boolean => this.unsure.has(owner);
  setUnsure(owner: string, unsure: boolean): void {
    if (unsure) this.unsure.add(owner);
    else this.unsure.delete(owner);
  }

  forget(owner: string): void {
    this.byOwner.delete(owner);
    this.unsure.delete(owner);
  }
}
