// The numbers of a rolling update and of proportional scaling. Upstream: pkg/controller/deployment/util/
// deployment_util.go and rolling.go. Pure.
//
// Example: 10 replicas, maxSurge 3, maxUnavailable 2; old set 8, new set 5 (3 of them not available):
//   total may be 13, so the new set grows by 0; minimum available is 8; 13 - 8 - 3 = 2 of the old ones may go.
import type { Deployment, ReplicaSet } from 'kubernetes-types/apps/v1.js';
import { type IntOrString, scaledValue } from '../../../api/intstr.ts';

export const DESIRED_REPLICAS = 'deployment.kubernetes.io/desired-replicas';
export const MAX_REPLICAS = 'deployment.kubernetes.io/max-replicas';

export function integerAnnotation(rs: ReplicaSet, name: string): number | undefined {
  const text = rs.metadata?.annotations?.[name];
  return text !== undefined && /^-?\d+$/.test(text) ? Number(text) : undefined;
}

const resolve = (value: IntOrString | undefined, total: number, roundUp: boolean): number =>
  value === undefined ? 0 : scaledValue(value, total, roundUp);

/** Both fenceposts; they cannot both be zero. Upstream: ResolveFenceposts. */
export function fenceposts(
  surge: IntOrString | undefined,
  unavailable: IntOrString | undefined,
  desired: number,
): { maxSurge: number; maxUnavailable: number } {
  const resolved = {
    maxSurge: resolve(surge, desired, true),
    maxUnavailable: resolve(unavailable, desired, false),
  };
  // Rounding may have made both zero; then at least one pod must be allowed to be unavailable.
  if (resolved.maxSurge === 0 && resolved.maxUnavailable === 0) resolved.maxUnavailable = 1;
  return resolved;
}

export const desiredReplicas = (object: Deployment | ReplicaSet): number => object.spec?.replicas ?? 1;
export const isRollingUpdate = (d: Deployment): boolean => d.spec?.strategy?.type === 'RollingUpdate';

function posts(d: Deployment) {
  const rolling = d.spec?.strategy?.rollingUpdate;
  return fenceposts(rolling?.maxSurge, rolling?.maxUnavailable, desiredReplicas(d));
}

export const maxSurge = (d: Deployment): number => (isRollingUpdate(d) ? posts(d).maxSurge : 0);

export function maxUnavailable(d: Deployment): number {
  if (!isRollingUpdate(d) || desiredReplicas(d) === 0) return 0;
  return Math.min(posts(d).maxUnavailable, desiredReplicas(d));
}

type Sets = readonly (ReplicaSet | undefined)[];
const sum = (sets: Sets, value: (rs: ReplicaSet) => number): number =>
  sets.reduce((total, rs) => total + (rs ? value(rs) : 0), 0);

export const specReplicas = (sets: Sets): number => sum(sets, desiredReplicas);
export const actualReplicas = (sets: Sets): number => sum(sets, (rs) => rs.status?.replicas ?? 0);
export const readyReplicas = (sets: Sets): number => sum(sets, (rs) => rs.status?.readyReplicas ?? 0);
export const availableReplicas = (sets: Sets): number => sum(sets, (rs) => rs.status?.availableReplicas ?? 0);
/** A status that is older than the set's size counts pods that are going. Upstream relies on it. */
const isObserved = ({ metadata, status }: ReplicaSet): boolean =>
  (status?.observedGeneration ?? 0) >= (metadata?.generation ?? 0);
const stayingReplicas = (sets: Sets): number =>
  sum(sets, (rs) => (isObserved(rs) ? Math.min(desiredReplicas(rs), rs.status?.availableReplicas ?? 0) : 0));

/** How large the newest set may be now. Upstream: NewRSNewReplicas. `current` is its size (0 when it is not made yet). */
export function newSetReplicas(d: Deployment, all: Sets, current: number): number {
  const desired = desiredReplicas(d);
  if (!isRollingUpdate(d)) return desired;
  const room = desired + maxSurge(d) - specReplicas(all);
  if (room <= 0) return current;
  return current + Math.min(room, desired - current);
}

/** True: this set alone is the Deployment, all of it available. Upstream: IsSaturated. */
export function isSaturated(d: Deployment, rs: ReplicaSet | undefined): boolean {
  if (!rs) return false;
  const desired = desiredReplicas(d);
  const annotated = integerAnnotation(rs, DESIRED_REPLICAS);
  return desiredReplicas(rs) === desired && annotated === desired && (rs.status?.availableReplicas ?? 0) === desired;
}

/** The share of one set in a change of size. Upstream: getReplicaSetFraction. */
function fraction(rs: ReplicaSet, d: Deployment): number {
  const size = desiredReplicas(rs);
  if (desiredReplicas(d) === 0) return -size;
  const before = integerAnnotation(rs, MAX_REPLICAS) || d.status?.replicas || 0;
  if (before === 0) return 0;
  const exact = (size * (desiredReplicas(d) + maxSurge(d))) / before;
  return Math.round(exact) - size;
}

const created = (rs: ReplicaSet): number => Date.parse(rs.metadata?.creationTimestamp ?? '') || 0;
export const byCreation = (a: ReplicaSet, b: ReplicaSet): number =>
  created(a) - created(b) || ((a.metadata?.name ?? '') < (b.metadata?.name ?? '') ? -1 : 1);

/**
 * New sizes of the active sets when the Deployment was scaled in mid-rollout: each gets its share, what is left over
 * by rounding goes to the largest. Upstream: (dc *DeploymentController) scale, the proportional part.
 */
export function proportionalSizes(d: Deployment, active: readonly ReplicaSet[]): Map<ReplicaSet, number> {
  const allowed = desiredReplicas(d) > 0 ? desiredReplicas(d) + maxSurge(d) : 0;
  const toAdd = allowed - specReplicas(active);
  // The largest first; of equals the newest when growing, the oldest when shrinking.
  const order = [...active].sort(
    (a, b) => desiredReplicas(b) - desiredReplicas(a) || (toAdd > 0 ? byCreation(b, a) : byCreation(a, b)),
  );
  const sizes = new Map<ReplicaSet, number>();
  let added = 0;
  for (const rs of order) {
    const size = desiredReplicas(rs);
    const left = toAdd - added;
    const share =
      size === 0 || left === 0 ? 0 : toAdd > 0 ? Math.min(fraction(rs, d), left) : Math.max(fraction(rs, d), left);
    sizes.set(rs, size + share);
    added += share;
  }
  const first = order[0];
  if (first && toAdd !== 0) sizes.set(first, Math.max(0, (sizes.get(first) ?? 0) + toAdd - added));
  return sizes;
}

/**
 * How many pods of old sets may go now: first those that are not available anyway, then available ones as far as
 * enough stay. Answers the new sizes of the sets that change. Upstream: reconcileOldReplicaSets.
 */
export function oldSetSizes(d: Deployment, old: readonly ReplicaSet[], newest: ReplicaSet): Map<ReplicaSet, number> {
  const sizes = new Map<ReplicaSet, number>();
  if (specReplicas(old) === 0) return sizes;
  const minimum = desiredReplicas(d) - maxUnavailable(d);
  const newUnavailable = desiredReplicas(newest) - (newest.status?.availableReplicas ?? 0);
  const maxScaledDown = specReplicas([...old, newest]) - minimum - newUnavailable;
  if (maxScaledDown <= 0) return sizes;
  const order = [...old].sort(byCreation);
  let cleaned = 0;
  for (const rs of order) {
    const unhealthy = desiredReplicas(rs) - (rs.status?.availableReplicas ?? 0);
    const count = Math.min(maxScaledDown - cleaned, unhealthy);
    if (count <= 0) continue;
    sizes.set(rs, desiredReplicas(rs) - count);
    cleaned += count;
  }
  let spare = stayingReplicas([...old, newest]) - minimum;
  for (const rs of order) {
    const size = sizes.get(rs) ?? desiredReplicas(rs);
    const count = Math.min(size, spare);
    if (count <= 0) continue;
    sizes.set(rs, size - count);
    spare -= count;
  }
  return sizes;
}
