// Which objects the pods of each node refer to, and the volumes behind their claims, kept up to date by each change.
// Upstream: plugin/pkg/auth/authorizer/node/graph.go.
import type { PersistentVolume, Pod } from 'kubernetes-types/core/v1.js';
import type { VolumeAttachment } from 'kubernetes-types/storage/v1.js';
import { isHostPathVolume, nodeOfVolume } from '../../api/host-path.ts';
import { MIRROR_ANNOTATION, type ReferenceKind, referencesOf } from '../../api/pod-references.ts';
import { Pods } from '../../api/resources.ts';
import { type KubeObject, type ResourceType, objectKey } from '../../api/types.ts';
import type { ClusterView } from './feed.ts';

const PersistentVolumes: ResourceType<PersistentVolume> = {
  group: '',
  version: 'v1',
  plural: 'persistentvolumes',
  kind: 'PersistentVolume',
  namespaced: false,
};
const VolumeAttachments: ResourceType<VolumeAttachment> = {
  group: 'storage.k8s.io',
  version: 'v1',
  plural: 'volumeattachments',
  kind: 'VolumeAttachment',
  namespaced: false,
};

/** As far as it is looked at here. */
interface ResourceSlice extends KubeObject {
  spec?: { nodeName?: string };
}
const ResourceSlices: ResourceType<ResourceSlice> = {
  group: 'resource.k8s.io',
  version: 'v1',
  plural: 'resourceslices',
  kind: 'ResourceSlice',
  namespaced: false,
};

const NO_REFERENCES: ReadonlySet<string> = new Set();

export class NodeGraph {
  /** Node → pod key → `<kind>/<name>` in the pod's namespace. */
  private readonly nodes = new Map<string, Map<string, { namespace: string; references: ReadonlySet<string> }>>();

  /** Volume → its claim, and the secrets with which a node mounts it, as `namespace/name`. */
  private readonly volumes = new Map<string, { claim: string; secrets: readonly string[] }>();
  /** Volume → the node that has its folder. */
  private readonly folders = new Map<string, string>();
  /** Secret, as `namespace/name` → volumes that need it. */
  private readonly volumesBySecret = new Map<string, Set<string>>();
  /** Attachment → its node. */
  private readonly attachments = new Map<string, string>();

  /** Slice of devices → its node. */
  private readonly slices = new Map<string, string>();

  /** Set until a node asks: reading all pods is most of what a server's start would take. */
  private followPodsNow: (() => void) | undefined;

  follow(cluster: Pick<ClusterView, 'observe'>): () => void {
    let stopPods = (): void => undefined;
    this.followPodsNow = () => {
      this.followPodsNow = undefined;
      stopPods = this.followPods(cluster);
    };
    const stops = [
      () => stopPods(),
      cluster.observe(PersistentVolumes, (volume, old) => {
        if (old) this.removeVolume(old.metadata?.name ?? '');
        if (volume) this.putVolume(volume);
      }),
      cluster.observe(VolumeAttachments, (attachment, old) => {
        const name = (attachment ?? old)?.metadata?.name ?? '';
        if (attachment) this.attachments.set(name, attachment.spec.nodeName);
        else this.attachments.delete(name);
      }),
      cluster.observe(ResourceSlices, (slice, old) => {
        const name = (slice ?? old)?.metadata?.name ?? '';
        if (slice?.spec?.nodeName) this.slices.set(name, slice.spec.nodeName);
        else this.slices.delete(name);
      }),
    ];
    return () => stops.forEach((stop) => stop());
  }

  private followPods(cluster: Pick<ClusterView, 'observe'>): () => void {
    return cluster.observe(Pods, (pod, old) => {
      // Status changes are most of what happens to pods, and of them only claims of devices are kept here: of what else
      // a bound pod refers to, only its ephemeral containers can change.
      if (pod && old && isSame(pod, old)) return;
      const before = old?.spec?.nodeName;
      if (old && before && before !== pod?.spec?.nodeName) this.remove(before, objectKey(old));
      if (!pod && old && before) this.remove(before, objectKey(old));
      const node = pod?.spec?.nodeName;
      if (pod && node) this.put(node, pod);
    });
  }

  private remove(node: string, key: string): void {
    const pods = this.nodes.get(node);
    pods?.delete(key);
    if (pods?.size === 0) this.nodes.delete(node);
  }

  private put(node: string, pod: Pod): void {
    let pods = this.nodes.get(node);
    if (!pods) this.nodes.set(node, (pods = new Map()));
    // A mirror pod is written by its node: what it names must not open anything to that node.
    const isMirror = pod.metadata?.annotations?.[MIRROR_ANNOTATION] !== undefined;
    const references = isMirror ? NO_REFERENCES : referencesOf(pod);
    pods.set(objectKey(pod), { namespace: pod.metadata?.namespace ?? '', references });
  }

  private putVolume(volume: PersistentVolume): void {
    const reference = volume.spec?.claimRef;
    const name = volume.metadata?.name ?? '';
    if (isHostPathVolume(volume)) this.folders.set(name, nodeOfVolume(volume));
    if (!reference?.name) return;
    const secrets = volumeSecrets(volume);
    this.volumes.set(name, { claim: `${reference.namespace}/${reference.name}`, secrets });
    for (const secret of secrets) {
      let users = this.volumesBySecret.get(secret);
      if (!users) this.volumesBySecret.set(secret, (users = new Set()));
      users.add(name);
    }
  }

  private removeVolume(name: string): void {
    for (const secret of this.volumes.get(name)?.secrets ?? []) {
      const users = this.volumesBySecret.get(secret);
      users?.delete(name);
      if (users?.size === 0) this.volumesBySecret.delete(secret);
    }
    this.volumes.delete(name);
    this.folders.delete(name);
  }

  /** Whether the volume is a folder on the node. */
  keepsVolume(node: string, name: string): boolean {
    return this.folders.get(name) === node;
  }

  /** Whether a pod of the node has the claim of this volume. */
  refersToVolume(node: string, name: string): boolean {
    const volume = this.volumes.get(name);
    if (!volume) return false;
    const slash = volume.claim.indexOf('/');
    return this.podRefers(node, 'pvc', volume.claim.slice(0, slash), volume.claim.slice(slash + 1));
  }

  isAttachedTo(node: string, attachment: string): boolean {
    return this.attachments.get(attachment) === node;
  }

  hasSlice(node: string, slice: string): boolean {
    return this.slices.get(slice) === node;
  }

  refers(node: string, kind: ReferenceKind, namespace: string, name: string): boolean {
    if (this.podRefers(node, kind, namespace, name)) return true;
    if (kind !== 'secret') return false;
    for (const volume of this.volumesBySecret.get(`${namespace}/${name}`) ?? []) {
      if (this.refersToVolume(node, volume)) return true;
    }
    return false;
  }

  private podsOf(node: string): ReturnType<typeof this.nodes.get> {
    this.followPodsNow?.();
    return this.nodes.get(node);
  }

  private podRefers(node: string, kind: ReferenceKind, namespace: string, name: string): boolean {
    const pods = this.podsOf(node);
    if (!pods) return false;
    const wanted = `${kind}/${name}`;
    for (const pod of pods.values()) if (pod.namespace === namespace && pod.references.has(wanted)) return true;
    return false;
  }

  hasPod(node: string, namespace: string, name: string): boolean {
    return this.podsOf(node)?.has(`${namespace}/${name}`) ?? false;
  }
}

/** Upstream: VisitPVSecretNames in pkg/api/v1/persistentvolume, of them what a node needs. */
function volumeSecrets({ spec }: PersistentVolume): string[] {
  const { azureFile, cephfs, csi, flexVolume, iscsi, rbd, scaleIO, storageos, claimRef } = spec ?? {};
  const found: string[] = [];
  const add = (secret: { namespace?: string; name?: string } | undefined): void => {
    const namespace = secret?.namespace ?? claimRef?.namespace;
    if (secret?.name && namespace) found.push(`${namespace}/${secret.name}`);
  };
  for (const source of [cephfs, flexVolume, iscsi, rbd, scaleIO, storageos]) add(source?.secretRef);
  for (const secret of [csi?.nodeStageSecretRef, csi?.nodePublishSecretRef, csi?.nodeExpandSecretRef]) add(secret);
  if (azureFile) add({ namespace: azureFile.secretNamespace, name: azureFile.secretName });
  return found;
}

function isSame(pod: Pod, old: Pod): boolean {
  return (
    pod.metadata?.uid === old.metadata?.uid &&
    pod.spec?.nodeName === old.spec?.nodeName &&
    pod.metadata?.annotations?.[MIRROR_ANNOTATION] === old.metadata?.annotations?.[MIRROR_ANNOTATION] &&
    (pod.spec?.ephemeralContainers?.length ?? 0) === (old.spec?.ephemeralContainers?.length ?? 0) &&
    haveSameClaims(pod.status?.resourceClaimStatuses, old.status?.resourceClaimStatuses)
  );
}

type ClaimStatuses = NonNullable<Pod['status']>['resourceClaimStatuses'];

function haveSameClaims(now: ClaimStatuses = [], old: ClaimStatuses = []): boolean {
  return now.length === old.length && now.every((claim, i) => claim.resourceClaimName === old[i]!.resourceClaimName);
}
