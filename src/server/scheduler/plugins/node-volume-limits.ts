// How many volumes of a CSI driver a node can have attached, as its CSINode says. Upstream:
// pkg/scheduler/framework/plugins/nodevolumelimits/csi.go.
import { CsiNodes, PersistentVolumeClaims, PersistentVolumes, StorageClasses } from '../../../api/resources.ts';
import { classNameOf } from '../../../api/volumes.ts';
import type { Lister } from '../../../client/informer.ts';
import type { CSINode } from 'kubernetes-types/storage/v1.js';
import { SKIP, definePlugin, unschedulable } from '../framework.ts';
import type { PodInfo } from '../pod-info.ts';
import { type Storage, type UsedClaim, claimsOf, concernsClaim, csiNodesOf, storageOf } from './_volumes.ts';

const TOO_MANY = unschedulable('node(s) exceed max volume count');

interface State {
  storage: Storage;
  nodes: Lister<CSINode>;
  /** What the pod would add: driver by volume. */
  wanted: ReadonlyMap<string, string>;
}

/** The driver and an id of the volume; of one that is still to be made, the claim stands for it. */
function attachmentOf(
  { claims, volumes, classes }: Storage,
  { key }: UsedClaim,
): [id: string, driver: string] | undefined {
  const claim = claims.get(key);
  if (!claim) return undefined;
  const { volumeName } = claim.spec ?? {};
  const csi = volumeName ? volumes.get(volumeName)?.spec?.csi : undefined;
  if (csi) return [`${csi.driver}/${csi.volumeHandle}`, csi.driver];
  if (volumeName) return undefined;
  const provisioner = classes.get(classNameOf(claim))?.provisioner;
  return provisioner === undefined ? undefined : [`${provisioner}/${key}`, provisioner];
}

function addAttachments(storage: Storage, pod: PodInfo, found: Map<string, string>): void {
  for (const claim of claimsOf(pod)) {
    const attachment = attachmentOf(storage, claim);
    if (attachment) found.set(...attachment);
  }
}

export default definePlugin<State>({
  name: 'NodeVolumeLimits',
  informers: [CsiNodes, PersistentVolumeClaims, PersistentVolumes, StorageClasses],
  preFilter(pod, view) {
    if (claimsOf(pod).length === 0) return SKIP;
    const storage = storageOf(view);
    const wanted = new Map<string, string>();
    addAttachments(storage, pod, wanted);
    return wanted.size === 0 ? SKIP : { state: { storage, nodes: csiNodesOf(view), wanted } };
  },
  filter(_pod, node, { storage, nodes, wanted }) {
    const drivers = nodes.get(node.name)?.spec.drivers;
    if (!drivers?.length) return undefined;
    const limits = new Map(drivers.map(({ name, allocatable }) => [name, allocatable?.count]));
    if (![...wanted.values()].some((driver) => limits.get(driver) !== undefined)) return undefined;
    const all = new Map(wanted);
    for (const other of node.pods.values()) addAttachments(storage, other, all);
    const counts = new Map<string, number>();
    for (const driver of all.values()) counts.set(driver, (counts.get(driver) ?? 0) + 1);
    for (const driver of wanted.values()) if (counts.get(driver)! > (limits.get(driver) ?? Infinity)) return TOO_MANY;
    return undefined;
  },
  events: [
    { resource: 'CSINode', actions: ['add', 'update'] },
    { resource: 'AssignedPod', actions: ['delete'] },
    { resource: 'PersistentVolumeClaim', actions: ['add', 'update'], helps: concernsClaim },
  ],
});
