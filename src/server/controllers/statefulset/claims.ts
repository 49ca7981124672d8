// The volume claims of a StatefulSet's pods: what is created for an ordinal, and who must own a claim for the
// retention policy to hold. Pure. Upstream: isClaimOwnerUpToDate and its neighbours in
// pkg/controller/statefulset/stateful_set_utils.go.
//
//   whenScaled  whenDeleted   owner of a claim in the range   of a claim whose pod is scaled away
//   Retain      Retain        nobody                          nobody
//   Retain      Delete        the set                         the set
//   Delete      Retain        nobody                          the pod
//   Delete      Delete        the set                         the pod
import type { StatefulSet } from 'kubernetes-types/apps/v1.js';
import type { PersistentVolumeClaim, Pod } from 'kubernetes-types/core/v1.js';
import { Pods, StatefulSets } from '../../../api/resources.ts';
import { type KubeObject, type OwnerReference, type ResourceType, apiVersionOf } from '../../../api/types.ts';
import { newControllerRef } from '../shared/owners.ts';
import { claimName, inOrdinalRange, ordinalOf } from './identity.ts';

/** By the name of the template. Labels of the selector are added to the template's own. */
export function claimsOf(set: StatefulSet, pod: Pod): PersistentVolumeClaim[] {
  const ordinal = ordinalOf(pod);
  return (set.spec?.volumeClaimTemplates ?? []).map((template) => ({
    ...template,
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: {
      ...template.metadata,
      name: claimName(set, template.metadata?.name ?? '', ordinal),
      namespace: set.metadata?.namespace,
      labels: { ...template.metadata?.labels, ...set.spec?.selector.matchLabels },
    },
  }));
}

interface Policy {
  deleteWhenScaled: boolean;
  deleteWhenDeleted: boolean;
}
export function retentionOf(set: StatefulSet): Policy {
  const { whenScaled, whenDeleted } = set.spec?.persistentVolumeClaimRetentionPolicy ?? {};
  return { deleteWhenScaled: whenScaled === 'Delete', deleteWhenDeleted: whenDeleted === 'Delete' };
}

const references = (claim: PersistentVolumeClaim): OwnerReference[] =>
  (claim.metadata?.ownerReferences ?? []) as OwnerReference[];
const refersTo = (ref: OwnerReference, type: ResourceType<unknown>, owner: KubeObject): boolean =>
  ref.apiVersion === apiVersionOf(type) && ref.kind === type.kind && ref.name === owner.metadata?.name;
const owns = (owner: KubeObject, claim: PersistentVolumeClaim): boolean =>
  references(claim).some((ref) => ref.uid === (owner.metadata?.uid ?? ''));

/** Refers to an owner of that name that is gone: the garbage collector will see to it. */
export function hasStaleOwner(claim: PersistentVolumeClaim, type: ResourceType<unknown>, owner: KubeObject): boolean {
  const ref = references(claim).find((r) => refersTo(r, type, owner));
  return ref !== undefined && ref.uid !== (owner.metadata?.uid ?? '');
}

/** Somebody else controls the claim although the policy says that we should. */
export function hasUnexpectedController(claim: PersistentVolumeClaim, set: StatefulSet, pod: Pod): boolean {
  const policy = retentionOf(set);
  if (!policy.deleteWhenScaled && !policy.deleteWhenDeleted) return false;
  return references(claim).some((ref) => {
    if (refersTo(ref, StatefulSets, set)) return ref.uid !== set.metadata?.uid;
    if (refersTo(ref, Pods, pod)) return ref.uid !== pod.metadata?.uid;
    return ref.controller === true;
  });
}

/** Whether the set and the pod should own the claim. */
function wantedOwners(set: StatefulSet, pod: Pod): { set: boolean; pod: boolean } {
  const { deleteWhenScaled, deleteWhenDeleted } = retentionOf(set);
  const byPod = deleteWhenScaled && !inOrdinalRange(set, ordinalOf(pod));
  return { set: deleteWhenDeleted && !byPod, pod: byPod };
}

export function isClaimOwnerCurrent(claim: PersistentVolumeClaim, set: StatefulSet, pod: Pod): boolean {
  if (hasStaleOwner(claim, StatefulSets, set) || hasStaleOwner(claim, Pods, pod)) return true;
  if (hasUnexpectedController(claim, set, pod)) return !owns(set, claim) && !owns(pod, claim);
  const ours = new Set([set.metadata?.uid, pod.metadata?.uid]);
  if (references(claim).some((ref) => ours.has(ref.uid) && ref.controller !== true)) return false;
  const wanted = wantedOwners(set, pod);
  return owns(set, claim) === wanted.set && owns(pod, claim) === wanted.pod;
}

export function claimOwners(claim: PersistentVolumeClaim, set: StatefulSet, pod: Pod): OwnerReference[] {
  const others = references(claim).filter((r) => !refersTo(r, StatefulSets, set) && !refersTo(r, Pods, pod));
  if (hasUnexpectedController(claim, set, pod)) return others;
  const wanted = wantedOwners(set, pod);
  return [
    ...others,
    ...(wanted.set ? [newControllerRef(StatefulSets, set)] : []),
    ...(wanted.pod ? [newControllerRef(Pods, pod)] : []),
  ];
}
