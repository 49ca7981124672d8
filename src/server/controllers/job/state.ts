// What the job controller remembers between reconciles, by the job's uid. All of it may be lost: the counts themselves
// are in the job's status and in its pods' finalizers.
import type { Job } from 'kubernetes-types/batch/v1.js';
import type { Pod } from 'kubernetes-types/core/v1.js';
import type { Clock } from '../../../client/controller.ts';
import type { Lister } from '../../../client/informer.ts';
import { Expectations } from '../shared/expectations.ts';
import { WrittenVersions } from '../shared/written-versions.ts';
import { type BackoffRecord, NO_FAILURES } from './backoff.ts';

const NONE: ReadonlySet<string> = new Set();

export class JobState {
  readonly expectations: Expectations;
  readonly jobs: Lister<Job>;
  /** Indexed by controller. */
  readonly pods: Lister<Pod>;
  private readonly backoffs = new Map<string, BackoffRecord>();
  /** Pods whose finalizer was removed here and is still there in the cache. Upstream: uidTrackingExpectations. */
  private readonly untracked = new Map<string, Set<string>>();
  readonly written = new WrittenVersions();
  /** Jobs of which a creation ended without an answer: there may be a pod that the cache does not show yet. */
  private readonly uncertain = new Set<string>();

  constructor(clock: Clock, jobs: Lister<Job>, pods: Lister<Pod>) {
    this.expectations = new Expectations(clock);
    this.jobs = jobs;
    this.pods = pods;
  }

  forget(uid: string): void {
    this.expectations.forget(uid);
    this.backoffs.delete(uid);
    this.untracked.delete(uid);
    this.written.forget(uid);
    this.uncertain.delete(uid);
  }

  backoffOf = (uid: string): BackoffRecord => this.backoffs.get(uid) ?? NO_FAILURES;
  setBackoff(uid: string, record: BackoffRecord): void {
    if (record.failuresSinceSuccess === 0) this.backoffs.delete(uid);
    else this.backoffs.set(uid, record);
  }

  untrackedOf = (uid: string): ReadonlySet<string> => this.untracked.get(uid) ?? NONE;
  expectUntracked(uid: string, pods: readonly string[]): void {
    const known = this.untracked.get(uid) ?? new Set();
    for (const pod of pods) known.add(pod);
    this.untracked.set(uid, known);
  }
  untrackedObserved(uid: string, pod: string): void {
    const known = this.untracked.get(uid);
    if (known?.delete(pod) && known.size === 0) this.untracked.delete(uid);
  }

  isUncertain = (uid: string): boolean => this.uncertain.has(uid);
  setUncertain(uid: string, uncertain: boolean): void {
    if (uncertain) this.uncertain.add(uid);
    else this.uncertain.delete(uid);
  }
}
