// What volume plugins know of storage: claims, volumes and classes out of caches, and what this scheduler has promised
// to pods that are not bound yet. Upstream: pkg/scheduler/util/assumecache, volumebinding/assume_cache.go.
import type { PersistentVolume, PersistentVolumeClaim, Pod } from 'kubernetes-types/core/v1.js';
import type { CSINode, StorageClass } from 'kubernetes-types/storage/v1.js';
import { CsiNodes, PersistentVolumeClaims, PersistentVolumes, StorageClasses } from '../../../api/resources.ts';
import { objectKey } from '../../../api/types.ts';
import { SELECTED_NODE, claimNameOf } from '../../../api/volumes.ts';
import type { Lister } from '../../../client/informer.ts';
import type { ClusterEvent, ClusterView } from '../framework.ts';
import type { PodInfo } from '../pod-info.ts';

export class Storage {
  readonly claims: Lister<PersistentVolumeClaim>;
  readonly volumes: Lister<PersistentVolume>;
  readonly classes: Lister<StorageClass>;
  /** Volume → the claim (`namespace/name`) that it has been promised to. */
  private readonly promised = new Map<string, string>();
  /** Claim → its volume, or the node on which one is to be made. */
  private readonly decided = new Map<string, { volume?: string; node: string; users: number }>();

  constructor(view: ClusterView) {
    this.claims = view.lister(PersistentVolumeClaims);
    this.volumes = view.lister(PersistentVolumes);
    this.classes = view.lister(StorageClasses);
  }

  /** The node that a claim's volume will be on. */
  nodeFor(claim: PersistentVolumeClaim): string | undefined {
    return this.decided.get(objectKey(claim))?.node ?? claim.metadata?.annotations?.[SELECTED_NODE];
  }

  /** The volume that another pod's binding is about to give the claim. */
  promisedTo(claimKey: string): string | undefined {
    return this.decided.get(claimKey)?.volume;
  }

  isPromised(volume: string): boolean {
    return this.promised.has(volume);
  }

  /** Several pods may wait for the same claim. */
  promise(claimKey: string, node: string, volume?: string): void {
    const users = (this.decided.get(claimKey)?.users ?? 0) + 1;
    this.decided.set(claimKey, { node, users, ...(volume === undefined ? {} : { volume }) });
    if (volume !== undefined) this.promised.set(volume, claimKey);
  }

  /** The promise is kept, or taken back. */
  settle(claimKey: string): void {
    const decision = this.decided.get(claimKey);
    if (!decision || --decision.users > 0) return;
    this.decided.delete(claimKey);
    if (decision.volume !== undefined) this.promised.delete(decision.volume);
  }
}

const storages = new WeakMap<ClusterView, Storage>();
const csiNodes = new WeakMap<ClusterView, Lister<CSINode>>();

/** One for each scheduler. */
export function storageOf(view: ClusterView): Storage {
  let storage = storages.get(view);
  if (!storage) storages.set(view, (storage = new Storage(view)));
  return storage;
}

export function csiNodesOf(view: ClusterView): Lister<CSINode> {
  let lister = csiNodes.get(view);
  if (!lister) csiNodes.set(view, (lister = view.lister(CsiNodes)));
  return lister;
}

export interface UsedClaim {
  key: string;
  name: string;
  /** Made for the pod, by the controller of ephemeral volumes. */
  ephemeral: boolean;
}

const used = new WeakMap<Pod, readonly UsedClaim[]>();
const NONE: readonly UsedClaim[] = [];

/** The claims that a pod uses; computed once. */
export function claimsOf({ pod, namespace }: PodInfo): readonly UsedClaim[] {
  const { volumes } = pod.spec ?? {};
  if (!volumes || volumes.length === 0) return NONE;
  let claims = used.get(pod);
  if (claims) return claims;
  claims = volumes.flatMap((volume) => {
    const name = claimNameOf(pod, volume);
    return name === undefined ? [] : [{ key: `${namespace}/${name}`, name, ephemeral: volume.ephemeral !== undefined }];
  });
  used.set(pod, claims.length === 0 ? NONE : claims);
  return claims;
}

/** The event is about a claim that the pod uses. */
export function concernsClaim(pod: PodInfo, { object }: ClusterEvent): boolean {
  if (!object) return true;
  const key = objectKey(object);
  return claimsOf(pod).some((claim) => claim.key === key);
}
