// What becomes of an object, given what its owners turned out to be. Upstream: attemptToDeleteItem in
// pkg/controller/garbagecollector/garbagecollector.go. Pure.
import type { KubeObject, OwnerReference } from '../../../api/types.ts';
import { FOREGROUND, ORPHAN } from './graph.ts';

/** `absent`: verified live. `waiting`: it is in foreground deletion and waits for its dependents. */
export type OwnerState = 'solid' | 'absent' | 'waiting';

export type Decision =
  | { action: 'keep' }
  /** References to owners that are gone or going are taken off: another owner keeps the object. */
  | { action: 'drop-references'; uids: string[] }
  | { action: 'delete'; policy: 'Foreground' | 'Background' | 'Orphan'; unblockDependents: boolean };

export function decide(
  object: KubeObject,
  stateOf: (reference: OwnerReference) => OwnerState,
  dependents: readonly { deletingDependents: boolean }[],
): Decision {
  const references = object.metadata?.ownerReferences ?? [];
  if (references.length === 0) return { action: 'keep' };
  const states = references.map((reference) => ({ reference, state: stateOf(reference) }));
  const uids = (state: OwnerState) => states.filter((s) => s.state === state).map((s) => s.reference.uid);
  if (uids('solid').length > 0) {
    const gone = [...uids('absent'), ...uids('waiting')];
    return gone.length === 0 ? { action: 'keep' } : { action: 'drop-references', uids: gone };
  }
  if (uids('waiting').length > 0 && dependents.length > 0) {
    // A dependent that itself waits for its dependents may wait for us in a circle: nobody must block then.
    const unblockDependents = dependents.some((d) => d.deletingDependents);
    return { action: 'delete', policy: 'Foreground', unblockDependents };
  }
  const finalizers = object.metadata?.finalizers ?? [];
  const policy = finalizers.includes(ORPHAN) ? 'Orphan' : finalizers.includes(FOREGROUND) ? 'Foreground' : 'Background';
  return { action: 'delete', policy, unblockDependents: false };
}

/** The state of an owner that was looked up live. */
export function ownerState(reference: OwnerReference, live: KubeObject | undefined): OwnerState {
  if (!live || live.metadata?.uid !== reference.uid) return 'absent';
  const { deletionTimestamp, finalizers = [] } = live.metadata;
  return deletionTimestamp !== undefined && finalizers.includes(FOREGROUND) ? 'waiting' : 'solid';
}
