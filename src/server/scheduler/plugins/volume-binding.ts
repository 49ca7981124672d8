// Pods go where their volumes are, or can be: bound ones by their node affinity; for claims that wait for their first
// consumer a free volume is found that reaches the node, or one will be made for it. Before the pod is bound, volumes
// and claims are told, and waited for. Upstream: pkg/scheduler/framework/plugins/volumebinding.
import type { PersistentVolume, PersistentVolumeClaim } from 'kubernetes-types/core/v1.js';
import type { StorageClass } from 'kubernetes-types/storage/v1.js';
import { compareQuantities } from '../../../api/quantity.ts';
import {
  CsiDrivers,
  CsiStorageCapacities,
  PersistentVolumeClaims,
  PersistentVolumes,
  StorageClasses,
} from '../../../api/resources.ts';
import { objectKey } from '../../../api/types.ts';
import {
  classNameOf,
  classReachesNode,
  findVolume,
  isBoundTo,
  isClaimBound,
  notForPod,
  reachesNode,
  requestedStorage,
} from '../../../api/volumes.ts';
import { type Rejection, SKIP, definePlugin, unresolvable } from '../framework.ts';
import type { NodeInfo } from '../node-info.ts';
import type { PodInfo } from '../pod-info.ts';
import { type Capacities, type Room, capacitiesOf, hasRoom, roomFor } from './_storage-capacity.ts';
import { type Decision, bindVolumes } from './_volume-writes.ts';
import { type Storage, claimsOf, concernsClaim, storageOf } from './_volumes.ts';

const NODE_CONFLICT = unresolvable('node(s) had volume node affinity conflict');
const NO_VOLUME = unresolvable("node(s) didn't find available persistent volumes to bind");
const NO_ROOM = unresolvable('node(s) did not have enough free storage');
const LOST = unresolvable('node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)');
const UNBOUND = unresolvable('pod has unbound immediate PersistentVolumeClaims');
const NO_PROVISIONER = 'kubernetes.io/no-provisioner';

interface Delayed {
  claim: PersistentVolumeClaim;
  key: string;
  storageClass: StorageClass;
  /** Volumes of its class, and those that are reserved for it. */
  candidates: readonly PersistentVolume[];
  /** Where its driver can make it. */
  room: Room;
}

interface State {
  storage: Storage;
  bound: readonly PersistentVolume[];
  lost: boolean;
  /** The smallest claims first, so that they do not take what larger ones need. */
  delayed: readonly Delayed[];
}

/** Why the pod cannot be placed at all; else what its claims are bound to or wait for. */
function stateOf(pod: PodInfo, storage: Storage, capacities: Capacities): State | Rejection {
  const bound: PersistentVolume[] = [];
  const delayed: Delayed[] = [];
  let lost = false;
  let immediate = false;
  for (const { key, name, ephemeral } of claimsOf(pod)) {
    const claim = storage.claims.get(key);
    const why = unusable(pod, name, ephemeral, claim);
    if (why !== undefined) return unresolvable(why);
    if (isClaimBound(claim!)) {
      const volume = storage.volumes.get(claim!.spec?.volumeName ?? '');
      if (volume) bound.push(volume);
      else lost = true;
      continue;
    }
    const storageClass = storage.classes.get(classNameOf(claim!));
    const waits = storageClass?.volumeBindingMode === 'WaitForFirstConsumer' && !claim!.spec?.volumeName;
    if (!waits) immediate = true;
    else {
      const room = roomFor(capacities, storageClass, claim!);
      delayed.push({ claim: claim!, key, storageClass, candidates: candidates(storage, claim!), room });
    }
  }
  if (immediate) return UNBOUND;
  delayed.sort((a, b) => compareQuantities(requestedStorage(a.claim), requestedStorage(b.claim)));
  return { storage, bound, lost, delayed };
}

/** Upstream: podHasPVCs. */
function unusable(
  pod: PodInfo,
  name: string,
  ephemeral: boolean,
  claim: PersistentVolumeClaim | undefined,
): string | undefined {
  if (!claim) {
    return ephemeral
      ? `waiting for ephemeral volume controller to create the persistentvolumeclaim "${name}"`
      : `persistentvolumeclaim "${name}" not found`;
  }
  if (claim.status?.phase === 'Lost') {
    return `persistentvolumeclaim "${name}" bound to non-existent persistentvolume "${claim.spec?.volumeName ?? ''}"`;
  }
  if (claim.metadata?.deletionTimestamp) return `persistentvolumeclaim "${name}" is being deleted`;
  return ephemeral ? notForPod(pod.pod, claim) : undefined;
}

function candidates(storage: Storage, claim: PersistentVolumeClaim): readonly PersistentVolume[] {
  const className = classNameOf(claim);
  return storage.volumes
    .list()
    .filter((volume) => (volume.spec?.claimRef ? isBoundTo(volume, claim) : classNameOf(volume) === className));
}

/** For each delayed claim its volume on the node, or none where one is to be made; else why neither is possible. */
function decide({ storage, delayed }: State, node: NodeInfo): Decision[] | Rejection {
  const decisions: Decision[] = [];
  const taken = new Set<string>();
  for (const { claim, key, storageClass, candidates: all, room } of delayed) {
    const promised = storage.promisedTo(key);
    const selected = storage.nodeFor(claim);
    if (selected !== undefined && selected !== node.name) return NO_VOLUME;
    const free = all.filter(({ metadata }) => {
      const name = metadata?.name ?? '';
      return promised === undefined ? !storage.isPromised(name) : name === promised;
    });
    // Where a volume is being made already, none is looked for.
    const found =
      selected !== undefined && promised === undefined
        ? undefined
        : findVolume(claim, free, { node, excluded: taken, delayed: true });
    if (found) {
      taken.add(found.metadata?.name ?? '');
      decisions.push({ key, volume: found });
      continue;
    }
    const { provisioner } = storageClass;
    if (!provisioner || provisioner === NO_PROVISIONER || !classReachesNode(storageClass, node)) return NO_VOLUME;
    if (!hasRoom(room, node)) return NO_ROOM;
    decisions.push({ key });
  }
  return decisions;
}

const states = new WeakMap<PodInfo, State>();
const reserved = new WeakMap<PodInfo, Decision[]>();

export default definePlugin<State>({
  name: 'VolumeBinding',
  informers: [PersistentVolumeClaims, PersistentVolumes, StorageClasses, CsiDrivers, CsiStorageCapacities],
  preFilter(pod, view) {
    if (claimsOf(pod).length === 0) return SKIP;
    const state = stateOf(pod, storageOf(view), capacitiesOf(view));
    if ('code' in state) return state;
    states.set(pod, state);
    return { state };
  },
  filter(_pod, node, state) {
    if (state.lost) return LOST;
    for (const volume of state.bound) if (!reachesNode(volume, node)) return NODE_CONFLICT;
    if (state.delayed.length === 0) return undefined;
    const decided = decide(state, node);
    return 'code' in decided ? decided : undefined;
  },
  reserve(pod, node) {
    const state = states.get(pod);
    states.delete(pod);
    if (!state || state.delayed.length === 0) return undefined;
    const decisions = decide(state, node);
    if ('code' in decisions) return decisions;
    for (const { key, volume } of decisions) state.storage.promise(key, node.name, volume?.metadata?.name);
    reserved.set(pod, decisions);
    return undefined;
  },
  unreserve(pod, _node, view) {
    settle(pod, storageOf(view));
  },
  async preBind(pod, node, { client, signal, view }) {
    const decisions = reserved.get(pod);
    if (!decisions) return;
    const storage = storageOf(view);
    await bindVolumes({ client, signal, storage, node, decisions });
    settle(pod, storage);
  },
  events: [
    { resource: 'StorageClass', actions: ['add', 'update'] },
    { resource: 'PersistentVolumeClaim', actions: ['add', 'update'], helps: concernsClaim },
    { resource: 'PersistentVolume', actions: ['add', 'update'], helps: mayBeFor },
    { resource: 'Node', actions: ['add', 'updateLabels'] },
    { resource: 'CSIDriver', actions: ['update'] },
    { resource: 'CSIStorageCapacity', actions: ['add', 'update'] },
  ],
});

function settle(pod: PodInfo, storage: Storage): void {
  for (const { key } of reserved.get(pod) ?? []) storage.settle(key);
  reserved.delete(pod);
}

/** A volume that has another claim helps nobody else. */
function mayBeFor(pod: PodInfo, { object }: { object?: object }): boolean {
  const ref = (object as PersistentVolume | undefined)?.spec?.claimRef;
  if (!ref) return true;
  const key = objectKey({ metadata: { namespace: ref.namespace, name: ref.name } });
  return claimsOf(pod).some((claim) => claim.key === key);
}
