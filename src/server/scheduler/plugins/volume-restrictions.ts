// What cannot be used twice at a time: claims with ReadWriteOncePod, and disks of a kind that attaches to one machine.
// Upstream: pkg/scheduler/framework/plugins/volumerestrictions.
import type { Volume } from 'kubernetes-types/core/v1.js';
import { PersistentVolumeClaims } from '../../../api/resources.ts';
import { type ClusterView, SKIP, definePlugin, unresolvable, unschedulable } from '../framework.ts';
import type { NodeInfo } from '../node-info.ts';
import type { PodInfo } from '../pod-info.ts';
import { claimsOf, concernsClaim, storageOf } from './_volumes.ts';

const IN_USE = unschedulable(
  'node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode',
);
const DISK_CONFLICT = unschedulable('node(s) had no available disk');

interface State {
  /** Another pod, somewhere, has a claim that is for one pod alone. */
  inUse: boolean;
  disks: readonly Volume[];
}

const isDisk = (volume: Volume): boolean =>
  Boolean(volume.gcePersistentDisk ?? volume.awsElasticBlockStore ?? volume.rbd ?? volume.iscsi);

/** Both read-only is allowed, except for EBS. Upstream: isVolumeConflict. */
function conflict(a: Volume, b: Volume): boolean {
  const shared = (x: { readOnly?: boolean }, y: { readOnly?: boolean }) => x.readOnly === true && y.readOnly === true;
  const [gce, gce2] = [a.gcePersistentDisk, b.gcePersistentDisk];
  if (gce && gce2) return gce.pdName === gce2.pdName && !shared(gce, gce2);
  const [aws, aws2] = [a.awsElasticBlockStore, b.awsElasticBlockStore];
  if (aws && aws2) return aws.volumeID === aws2.volumeID;
  if (a.iscsi && b.iscsi) return a.iscsi.iqn === b.iscsi.iqn && !shared(a.iscsi, b.iscsi);
  const [rbd, rbd2] = [a.rbd, b.rbd];
  if (!rbd || !rbd2) return false;
  const monitors = new Set(rbd.monitors);
  const same = rbd2.monitors.some((m) => monitors.has(m)) && rbd.pool === rbd2.pool && rbd.image === rbd2.image;
  return same && !shared(rbd, rbd2);
}

function isInUse(pod: PodInfo, view: ClusterView): boolean {
  const { claims } = storageOf(view);
  const alone = claimsOf(pod).filter(({ key }) => claims.get(key)?.spec?.accessModes?.includes('ReadWriteOncePod'));
  if (alone.length === 0) return false;
  const keys = new Set(alone.map(({ key }) => key));
  return view.nodes.some((node) => usesAny(node, keys));
}

function usesAny(node: NodeInfo, keys: ReadonlySet<string>): boolean {
  for (const other of node.pods.values()) if (claimsOf(other).some(({ key }) => keys.has(key))) return true;
  return false;
}

export default definePlugin<State>({
  name: 'VolumeRestrictions',
  informers: [PersistentVolumeClaims],
  preFilter(pod, view) {
    const disks = (pod.pod.spec?.volumes ?? []).filter(isDisk);
    const claims = claimsOf(pod);
    if (disks.length === 0 && claims.length === 0) return SKIP;
    const { claims: known } = storageOf(view);
    // Those that are made for the pod are waited for by VolumeBinding.
    const missing = claims.find(({ key, ephemeral }) => !ephemeral && !known.get(key));
    if (missing) return unresolvable(`persistentvolumeclaim "${missing.name}" not found`);
    return { state: { inUse: isInUse(pod, view), disks }, follows: 'snapshot' };
  },
  filter(_pod, node, { inUse, disks }) {
    if (inUse) return IN_USE;
    if (disks.length === 0) return undefined;
    for (const other of node.pods.values()) {
      for (const volume of other.pod.spec?.volumes ?? []) {
        if (disks.some((disk) => conflict(disk, volume))) return DISK_CONFLICT;
      }
    }
    return undefined;
  },
  events: [
    { resource: 'AssignedPod', actions: ['delete'] },
    { resource: 'Node', actions: ['add'] },
    { resource: 'PersistentVolumeClaim', actions: ['add', 'update'], helps: concernsClaim },
  ],
});
