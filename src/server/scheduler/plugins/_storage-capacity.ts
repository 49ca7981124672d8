// Whether a CSI driver has room for a volume that is still to be made, where it publishes that: as CSIStorageCapacity
// objects, each of a class and of the nodes that reach the storage. Upstream: volumebinding/binder.go, hasEnoughCapacity.
import type { PersistentVolumeClaim } from 'kubernetes-types/core/v1.js';
import type { CSIDriver, CSIStorageCapacity, StorageClass } from 'kubernetes-types/storage/v1.js';
import { quantityValue } from '../../../api/quantity.ts';
import { CsiDrivers, CsiStorageCapacities } from '../../../api/resources.ts';
import { type Selector, selectorFromObject } from '../../../api/selector.ts';
import type { Lister } from '../../../client/informer.ts';
import type { ClusterView } from '../framework.ts';
import type { NodeInfo } from '../node-info.ts';

export interface Capacities {
  drivers: Lister<CSIDriver>;
  published: Lister<CSIStorageCapacity>;
}

/** Nodes whose labels match reach room that is large enough; undefined: nothing is known of it, and any node may. */
export type Room = readonly Selector[] | undefined;

const known = new WeakMap<ClusterView, Capacities>();

export function capacitiesOf(view: ClusterView): Capacities {
  let capacities = known.get(view);
  if (!capacities) {
    capacities = { drivers: view.lister(CsiDrivers), published: view.lister(CsiStorageCapacities) };
    known.set(view, capacities);
  }
  return capacities;
}

/** Found once for each claim of a pod, not for each node. */
export function roomFor(capacities: Capacities, storageClass: StorageClass, claim: PersistentVolumeClaim): Room {
  const wanted = claim.spec?.resources?.requests?.['storage'];
  if (wanted === undefined || !capacities.drivers.get(storageClass.provisioner)?.spec.storageCapacity) return undefined;
  const bytes = quantityValue(wanted);
  return capacities.published.list().flatMap(({ storageClassName, nodeTopology, maximumVolumeSize, capacity }) => {
    // The size of one volume says more than what all of them may have together.
    const limit = maximumVolumeSize ?? capacity;
    const enough = limit !== undefined && quantityValue(limit) >= bytes;
    if (!nodeTopology || storageClassName !== storageClass.metadata?.name || !enough) return [];
    return [selectorFromObject(nodeTopology)];
  });
}

export const hasRoom = (room: Room, node: NodeInfo): boolean =>
  room === undefined || room.some((nodes) => nodes.matches(node.labels));
