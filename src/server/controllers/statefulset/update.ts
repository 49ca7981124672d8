// One step of a StatefulSet towards its spec: replicas in order, surplus in reverse order, then the rolling update.
// With OrderedReady each step waits for the one before; with Parallel only the rolling update does.
// Upstream: updateStatefulSet in pkg/controller/statefulset/stateful_set_control.go.
import type { StatefulSet, StatefulSetStatus } from 'kubernetes-types/apps/v1.js';
import type { Pod } from 'kubernetes-types/core/v1.js';
import { scaledValue } from '../../../api/intstr.ts';
import { slowStartBatch } from '../shared/objects.ts';
import { isPodTerminal } from '../shared/pods.ts';
import {
  type VersionedTemplate,
  identityMatches,
  inOrdinalRange,
  newVersionedPod,
  ordinalOf,
  replicasOf,
  revisionOf,
  startOrdinal,
  storageMatches,
} from './identity.ts';
import type { StatefulPods } from './pods.ts';
import {
  type Moment,
  isAvailable,
  isCreated,
  isRunningAndReady,
  isTerminating,
  isUnavailable,
  statefulSetStatus,
} from './status.ts';

export interface Plan {
  /** One for each ordinal, planned ones included. */
  replicas: Pod[];
  /** Beyond the range, highest ordinal first. */
  condemned: Pod[];
  firstUnavailable?: Pod;
}

export function planOf(
  set: StatefulSet,
  pods: readonly Pod[],
  current: VersionedTemplate,
  update: VersionedTemplate,
  moment: Moment,
): Plan {
  const start = startOrdinal(set);
  const replicas = new Array<Pod | undefined>(replicasOf(set)).fill(undefined);
  const condemned: Pod[] = [];
  for (const pod of pods) {
    const ordinal = ordinalOf(pod);
    if (inOrdinalRange(set, ordinal)) replicas[ordinal - start] = pod;
    else if (ordinal >= 0) condemned.push(pod);
  }
  condemned.sort((a, b) => ordinalOf(b) - ordinalOf(a));
  const all = replicas.map((pod, i) => pod ?? newVersionedPod(set, current, update, start + i));
  const unavailable = (pod: Pod) => isUnavailable(pod, moment);
  const firstUnavailable = all.find(unavailable) ?? condemned.findLast(unavailable);
  return { replicas: all, condemned, ...(firstUnavailable ? { firstUnavailable } : {}) };
}

/** Pods to delete for the update, highest ordinal first. */
export function podsToUpdate(set: StatefulSet, replicas: readonly Pod[], revision: string, moment: Moment): Pod[] {
  const { type, rollingUpdate } = set.spec?.updateStrategy ?? {};
  if (type === 'OnDelete') return [];
  const partition = rollingUpdate?.partition ?? 0;
  const candidates = replicas.slice(partition).reverse();
  const outdated = (pod: Pod) => revisionOf(pod) !== revision && !isTerminating(pod);
  if (rollingUpdate?.maxUnavailable === undefined) {
    for (const pod of candidates) {
      if (outdated(pod)) return [pod];
      if (isUnavailable(pod, moment)) return [];
    }
    return [];
  }
  // Upstream: getStatefulSetMaxUnavailable. A small percentage still allows one.
  const allowed = Math.max(1, scaledValue(rollingUpdate.maxUnavailable, replicasOf(set), false));
  const unavailable = replicas.filter((pod) => isUnavailable(pod, moment)).length;
  return candidates.filter(outdated).slice(0, Math.max(0, allowed - unavailable));
}

export interface Outcome {
  status: StatefulSetStatus;
  /** The first of what went wrong; the status is to be written all the same. */
  error?: unknown;
}

/** Stops the step: something has to happen first. */
type Blocked = boolean;

export interface Step {
  set: StatefulSet;
  current: VersionedTemplate;
  update: VersionedTemplate;
  collisionCount: number;
  pods: readonly Pod[];
  control: StatefulPods;
  moment: Moment;
}

export async function updateStatefulSet(step: Step): Promise<Outcome> {
  const { set, current, update, pods, control, moment, collisionCount } = step;
  const revisions = { current: current.revision, update: update.revision, collisionCount };
  const plan = planOf(set, pods, current, update, moment);
  const statusOf = (of: readonly Pod[]) => statefulSetStatus(set, of, revisions, moment);
  if (set.metadata?.deletionTimestamp !== undefined) return { status: statusOf(pods) };
  const status = statusOf([...plan.replicas, ...plan.condemned]);
  try {
    const ordered = set.spec?.podManagementPolicy !== 'Parallel';
    if (await forAll(plan.replicas, ordered, (pod) => keepReplica(step, pod, ordered))) return { status };
    await forAll(plan.condemned, ordered, async (pod) => {
      if (!control.ownersMatch(pod)) await control.fixOwners(pod);
      return false;
    });
    if (await forAll(plan.condemned, ordered, (pod) => removeCondemned(step, plan, pod, ordered))) return { status };
    const outdated = podsToUpdate(set, plan.replicas, update.revision, moment);
    for (const pod of outdated) await control.delete(pod);
    const currentReplicas = (status.currentReplicas ?? 0) - outdated.length;
    return { status: outdated.length ? { ...status, currentReplicas: Math.max(0, currentReplicas) } : status };
  } catch (error) {
    return { status, error };
  }
}

/** In order until one blocks, or all at once in growing batches, where nothing blocks. */
async function forAll(pods: readonly Pod[], ordered: boolean, call: (pod: Pod) => Promise<Blocked>): Promise<Blocked> {
  if (ordered) {
    for (const pod of pods) if (await call(pod)) return true;
    return false;
  }
  const { error } = await slowStartBatch(pods.length, async (i) => void (await call(pods[i]!)));
  if (error !== undefined) throw error as Error;
  return false;
}

async function keepReplica({ set, control, moment }: Step, pod: Pod, ordered: boolean): Promise<Blocked> {
  if (isPodTerminal(pod)) {
    if (!isTerminating(pod)) await control.delete(pod);
    // Another is made when this one has left the store.
    return true;
  }
  if (!isCreated(pod)) {
    if (control.hasStaleClaim(pod)) return true;
    await control.create(pod);
    if (ordered) return true;
  }
  if (pod.status?.phase === 'Pending') await control.createMissingClaims(pod);
  if (ordered && (isTerminating(pod) || !isRunningAndReady(pod) || !isAvailable(pod, moment))) return true;
  if (!identityMatches(set, pod) || !storageMatches(set, pod) || !control.ownersMatch(pod)) {
    await control.update(pod);
  }
  return false;
}

async function removeCondemned({ control, moment }: Step, plan: Plan, pod: Pod, ordered: boolean): Promise<Blocked> {
  if (isTerminating(pod)) return ordered;
  const healthy = isRunningAndReady(pod) && isAvailable(pod, moment);
  if (ordered && !healthy && pod !== plan.firstUnavailable) return true;
  await control.delete(pod);
  return true;
}
