// Which volume a claim may have: the rules that the binder, the scheduler and nodes share. Pure.
// Upstream: component-helpers/storage/{volume,ephemeral}, pkg/controller/volume/persistentvolume/index.go.
import type { PersistentVolume, PersistentVolumeClaim, Pod, Volume } from 'kubernetes-types/core/v1.js';
import type { StorageClass } from 'kubernetes-types/storage/v1.js';
import { labelsMatcher, termsMatcher } from './node-selector.ts';
import { compareQuantities } from './quantity.ts';
import { type Selector, nothing, selectorFromObject } from './selector.ts';

/** On claims: binding has come to its end once. */
export const BIND_COMPLETED = 'pv.kubernetes.io/bind-completed';
/** On claims and volumes: the binding is the controller's choice and not the user's. */
export const BOUND_BY_CONTROLLER = 'pv.kubernetes.io/bound-by-controller';
/** On volumes: who made it. */
export const PROVISIONED_BY = 'pv.kubernetes.io/provisioned-by';
/** On claims: who is to make a volume, in both of its spellings. */
export const STORAGE_PROVISIONER = 'volume.kubernetes.io/storage-provisioner';
export const BETA_STORAGE_PROVISIONER = 'volume.beta.kubernetes.io/storage-provisioner';
/** On claims: the node that the scheduler has chosen for the pod that uses it. */
export const SELECTED_NODE = 'volume.kubernetes.io/selected-node';
const BETA_CLASS = 'volume.beta.kubernetes.io/storage-class';

type Modern = { volumeAttributesClassName?: string };

/** The name of a claim's or volume's class; '' is none. The old annotation counts even when it is empty. */
export const classNameOf = ({ metadata, spec }: PersistentVolumeClaim | PersistentVolume): string =>
  metadata?.annotations?.[BETA_CLASS] ?? spec?.storageClassName ?? '';

/** Neither a class nor the wish to have none: a default class may still come. */
export const namesNoClass = ({ metadata, spec }: PersistentVolumeClaim): boolean =>
  metadata?.annotations?.[BETA_CLASS] === undefined && (spec?.storageClassName ?? undefined) === undefined;

export const requestedStorage = (claim: PersistentVolumeClaim): string =>
  claim.spec?.resources?.requests?.['storage'] ?? '0';
export const capacityOf = (volume: PersistentVolume): string => volume.spec?.capacity?.['storage'] ?? '0';

export const modeOf = ({ spec }: PersistentVolumeClaim | PersistentVolume): string => spec?.volumeMode ?? 'Filesystem';

/** All modes that the claim asks for are among the volume's. */
export function hasAccessModes(volume: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  const offered = new Set(volume.spec?.accessModes);
  return (claim.spec?.accessModes ?? []).every((mode) => offered.has(mode));
}

/** The volume says that it belongs to this claim (or, before they met, to one of that name). */
export function isBoundTo(volume: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  const ref = volume.spec?.claimRef;
  const { namespace, name, uid } = claim.metadata ?? {};
  if (!ref || ref.name !== name || ref.namespace !== namespace) return false;
  return !ref.uid || ref.uid === uid;
}

/** Bound to a claim that exists, or being so. */
export const isClaimBound = (claim: PersistentVolumeClaim): boolean =>
  claim.metadata?.annotations?.[BIND_COMPLETED] !== undefined && !!claim.spec?.volumeName;

interface NodeFacts {
  name: string;
  labels: Readonly<Record<string, string>>;
}

/** Whether the volume can be had on the node. */
export function reachesNode(volume: PersistentVolume, node: NodeFacts): boolean {
  const required = volume.spec?.nodeAffinity?.required;
  return !required || termsMatcher(required.nodeSelectorTerms)(node);
}

/** Whether a class may make volumes for the node. No terms: everywhere. */
export function classReachesNode(storageClass: StorageClass, node: NodeFacts): boolean {
  const terms = storageClass.allowedTopologies ?? [];
  if (terms.length === 0) return true;
  return terms.some((term) =>
    (term.matchLabelExpressions ?? []).every(({ key, values }) =>
      values.some((value) => labelsMatcher({ [key]: value })(node)),
    ),
  );
}

export interface MatchOptions {
  /** Set by the scheduler: the volume must reach it. */
  node?: NodeFacts;
  /** Volumes that others have been promised. */
  excluded?: ReadonlySet<string>;
  /** The claim waits for its first consumer: without a node only a volume that names the claim will do. */
  delayed: boolean;
}

function selectorOf(claim: PersistentVolumeClaim): Selector | undefined {
  if (!claim.spec?.selector) return undefined;
  try {
    return selectorFromObject(claim.spec.selector);
  } catch {
    return nothing;
  }
}

/**
 * The volume that names the claim, or else the smallest that is large enough. Undefined: none. Volumes may have any
 * class: only those of the claim's are considered. Upstream: FindMatchingVolume.
 */
export function findVolume(
  claim: PersistentVolumeClaim,
  volumes: Iterable<PersistentVolume>,
  { node, excluded, delayed }: MatchOptions,
): PersistentVolume | undefined {
  const requested = requestedStorage(claim);
  const className = classNameOf(claim);
  const selector = selectorOf(claim);
  const attributes = (claim.spec as Modern | undefined)?.volumeAttributesClassName ?? '';
  let best: PersistentVolume | undefined;
  for (const volume of volumes) {
    const { metadata, spec, status } = volume;
    const name = metadata?.name ?? '';
    if (excluded?.has(name)) continue;
    const ref = spec?.claimRef;
    if (ref && !isBoundTo(volume, claim)) continue;
    if (compareQuantities(capacityOf(volume), requested) < 0 || modeOf(volume) !== modeOf(claim)) continue;
    if (((spec as Modern | undefined)?.volumeAttributesClassName ?? '') !== attributes) continue;
    // A volume that is going would take the claim's data with it.
    if (metadata?.deletionTimestamp) continue;
    const reachable = !node || reachesNode(volume, node);
    if (ref) {
      // Who has a volume reserved for him takes no other.
      if (reachable) return volume;
      continue;
    }
    if (!node && delayed) continue;
    if (status?.phase !== 'Available' || !reachable || classNameOf(volume) !== className) continue;
    if (selector && !selector.matches(metadata?.labels ?? {})) continue;
    if (!hasAccessModes(volume, claim)) continue;
    if (!best || isSmaller(volume, best)) best = volume;
  }
  return best;
}

/** Of equal ones the first by name, so that the choice does not hang on the order of a cache. */
function isSmaller(a: PersistentVolume, b: PersistentVolume): boolean {
  const order = compareQuantities(capacityOf(a), capacityOf(b));
  return order < 0 || (order === 0 && (a.metadata?.name ?? '') < (b.metadata?.name ?? ''));
}

/** Why a volume that the user named will not do; undefined when it will. Upstream: checkVolumeSatisfyClaim. */
export function mismatch(volume: PersistentVolume, claim: PersistentVolumeClaim): string | undefined {
  if (compareQuantities(capacityOf(volume), requestedStorage(claim)) < 0) return 'requested PV is too small';
  if (classNameOf(volume) !== classNameOf(claim)) return 'storageClassName does not match';
  if (modeOf(volume) !== modeOf(claim)) return 'incompatible volumeMode';
  return hasAccessModes(volume, claim) ? undefined : 'incompatible accessMode';
}

/** The name of the claim behind a pod's volume; undefined for a volume that has none. */
export function claimNameOf(pod: Pod, volume: Volume): string | undefined {
  if (volume.ephemeral) return `${pod.metadata?.name ?? ''}-${volume.name}`;
  return volume.persistentVolumeClaim?.claimName;
}

/** `namespace/name` of every claim that the pod uses. */
export function claimKeysOf(pod: Pod): string[] {
  const names = (pod.spec?.volumes ?? []).flatMap((volume) => claimNameOf(pod, volume) ?? []);
  return names.map((name) => `${pod.metadata?.namespace ?? ''}/${name}`);
}

/** Undefined when the claim was made for the pod. Upstream: ephemeral.VolumeIsForPod. */
export function notForPod(pod: Pod, claim: PersistentVolumeClaim): string | undefined {
  const owner = claim.metadata?.ownerReferences?.find((reference) => reference.controller);
  if (owner?.uid !== undefined && owner.uid === pod.metadata?.uid) return undefined;
  const [forPod, what] = [`${pod.metadata?.namespace}/${pod.metadata?.name}`, claim.metadata];
  return `PVC ${what?.namespace}/${what?.name} was not created for pod ${forPod} (pod is not owner)`;
}
