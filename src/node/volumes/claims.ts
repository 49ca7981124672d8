// From a pod's claim to the volume behind it: what the node asks the API server for each pod once, when it first mounts.
// Upstream: pkg/kubelet/volumemanager/populator (getPVCExtractPV, getPVSpec), util/operationexecutor.
import type { PersistentVolume, PersistentVolumeClaim, Pod, Volume } from 'kubernetes-types/core/v1.js';
import { isNotFound } from '../../api/status.ts';
import { claimNameOf, notForPod, reachesNode } from '../../api/volumes.ts';

export interface ClaimSources {
  /** Undefined: there is none. Rejects when that cannot be known now. */
  claim(namespace: string, name: string): Promise<PersistentVolumeClaim | undefined>;
  volume(name: string): Promise<PersistentVolume | undefined>;
  /** This node's name and labels; undefined before it is known. */
  node(): { name: string; labels: Readonly<Record<string, string>> } | undefined;
}

export class ClaimVolumes {
  /** By pod and then by the pod's name for the volume: what is mounted does not change. */
  private readonly known = new Map<string, Map<string, PersistentVolume>>();

  constructor(private readonly sources: ClaimSources) {}

  forget(uid: string): void {
    this.known.delete(uid);
  }

  /** Throws when there is no volume to mount (yet), in the kubelet's words. */
  async resolve(pod: Pod, volume: Volume): Promise<PersistentVolume> {
    const uid = pod.metadata?.uid ?? '';
    const found = this.known.get(uid)?.get(volume.name);
    if (found) return found;
    const resolved = await this.look(pod, volume);
    this.mustBeAlone(resolved, uid);
    const own = this.known.get(uid) ?? new Map<string, PersistentVolume>();
    this.known.set(uid, own.set(volume.name, resolved));
    return resolved;
  }

  private async look(pod: Pod, volume: Volume): Promise<PersistentVolume> {
    const namespace = pod.metadata?.namespace ?? '';
    const name = claimNameOf(pod, volume) ?? '';
    const fail = (why: string): Error => new Error(`error processing PVC ${namespace}/${name}: ${why}`);
    const claim = await this.sources.claim(namespace, name);
    if (!claim) {
      throw fail(`failed to fetch PVC from API server: persistentvolumeclaims "${name}" not found`);
    }
    const stranger = volume.ephemeral ? notForPod(pod, claim) : undefined;
    if (stranger !== undefined) throw fail(stranger);
    if (claim.metadata?.deletionTimestamp) throw fail("can't start pod because PVC is being deleted");
    const volumeName = claim.spec?.volumeName;
    if (claim.status?.phase !== 'Bound' || !volumeName) throw fail('PVC is not bound');
    const persistent = await this.sources.volume(volumeName);
    if (!persistent) throw fail(`failed to fetch PV ${volumeName} from API server: not found`);
    const ref = persistent.spec?.claimRef;
    if (ref?.uid !== claim.metadata?.uid) {
      throw fail(`PV ${volumeName} spec.pvcName is not bound to PVC ${namespace}/${name}`);
    }
    if (persistent.spec?.volumeMode === 'Block') {
      throw fail('raw block volumes (volumeMode: Block) are not supported by this node');
    }
    const node = this.sources.node();
    if (node && !reachesNode(persistent, node)) {
      throw new Error(
        `MountVolume.NodeAffinity check failed for volume "${volumeName}" : no matching NodeSelectorTerms`,
      );
    }
    return persistent;
  }

  /** ReadWriteOncePod: another pod that still has the volume must go first. */
  private mustBeAlone(volume: PersistentVolume, uid: string): void {
    if (!volume.spec?.accessModes?.includes('ReadWriteOncePod')) return;
    for (const [other, volumes] of this.known) {
      if (other === uid) continue;
      for (const { metadata } of volumes.values()) {
        if (metadata?.uid !== volume.metadata?.uid) continue;
        throw new Error('volume uses the ReadWriteOncePod access mode and is already in use by another pod');
      }
    }
  }
}

/** What a read answers for an object that may be missing. */
export async function unlessMissing<T>(read: Promise<T>): Promise<T | undefined> {
  try {
    return await read;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}
