// Makes, enlarges and gives up volumes of the class `host-path`: an external provisioner and resizer in upstream's
// sense, so that it works under any binder. It only writes objects; folders are the nodes' business (api/host-path.ts).
// Upstream: sig-storage-lib-external-provisioner/controller, external-resizer. Sizes are noted and not enforced.
import type { Node, PersistentVolume, PersistentVolumeClaim } from 'kubernetes-types/core/v1.js';
import {
  HOST_PATH,
  ROOT_ANNOTATION,
  hostPathVolume,
  isHostPathVolume,
  nodeOfVolume,
  refusal,
  volumeNameOf,
} from '../../api/host-path.ts';
import { compareQuantities } from '../../api/quantity.ts';
import { Nodes, PersistentVolumeClaims, PersistentVolumes, StorageClasses } from '../../api/resources.ts';
import { isAlreadyExists, isNotFound } from '../../api/status.ts';
import { objectKey } from '../../api/types.ts';
import {
  BIND_COMPLETED,
  SELECTED_NODE,
  STORAGE_PROVISIONER,
  capacityOf,
  classNameOf,
  requestedStorage,
} from '../../api/volumes.ts';
import { type ControllerContext, defineController, watch } from '../../client/controller.ts';
import { defineControllerModule } from './_types.ts';
import { about, withoutFinalizer } from './shared/objects.ts';

const isOurs = (claim: PersistentVolumeClaim): boolean =>
  claim.metadata?.annotations?.[STORAGE_PROVISIONER] === HOST_PATH;
const isReady = ({ status }: Node): boolean =>
  status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True') ?? false;

async function reconcileClaim(context: ControllerContext, key: string): Promise<void> {
  const claim = context.lister(PersistentVolumeClaims).get(key);
  if (!claim || !isOurs(claim) || claim.metadata?.deletionTimestamp) return;
  if (claim.metadata?.annotations?.[BIND_COMPLETED] !== undefined) return resize(context, claim);
  if (!claim.spec?.volumeName) await provision(context, claim);
}

async function provision(context: ControllerContext, claim: PersistentVolumeClaim): Promise<void> {
  const { client, events, lister } = context;
  const tell = (type: 'Normal' | 'Warning', reason: string, message: string) =>
    events.event(about(PersistentVolumeClaims, claim), type, reason, message);
  if (lister(PersistentVolumes).get(volumeNameOf(claim))) return;
  const className = classNameOf(claim);
  const storageClass = lister(StorageClasses).get(className);
  if (storageClass?.provisioner !== HOST_PATH) return;
  const fail = (why: string) =>
    tell('Warning', 'ProvisioningFailed', `failed to provision volume with StorageClass "${className}": ${why}`);
  const why = refusal(claim, storageClass);
  if (why !== undefined) return fail(why);
  const node = chooseNode(context, claim, storageClass.volumeBindingMode === 'WaitForFirstConsumer');
  if (!node) return;
  const volume = hostPathVolume(claim, storageClass, node);
  if (typeof volume === 'string') {
    fail(volume);
    // The scheduler may find another node.
    const { [SELECTED_NODE]: _node, ...annotations } = claim.metadata?.annotations ?? {};
    await client.update(PersistentVolumeClaims, { ...claim, metadata: { ...claim.metadata, annotations } });
    return;
  }
  const message = `External provisioner is provisioning volume for claim "${objectKey(claim)}"`;
  tell('Normal', 'Provisioning', message);
  try {
    await client.create(PersistentVolumes, volume);
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
  }
  tell('Normal', 'ProvisioningSucceeded', `Successfully provisioned volume ${volume.metadata?.name}`);
}

/** The scheduler's choice. For claims that are bound at once: of the nodes that keep volumes, the one with the fewest. */
function chooseNode({ lister }: ControllerContext, claim: PersistentVolumeClaim, waits: boolean): Node | undefined {
  const nodes = lister(Nodes);
  const selected = claim.metadata?.annotations?.[SELECTED_NODE];
  if (selected !== undefined) return nodes.get(selected);
  if (waits) return undefined;
  const count = new Map<string, number>();
  for (const volume of lister(PersistentVolumes).list()) {
    const name = nodeOfVolume(volume);
    if (name) count.set(name, (count.get(name) ?? 0) + 1);
  }
  const able = nodes
    .list()
    .filter((n) => isReady(n) && !n.spec?.unschedulable && n.metadata?.annotations?.[ROOT_ANNOTATION]);
  const load = (n: Node): number => count.get(n.metadata?.name ?? '') ?? 0;
  return able.sort((a, b) => load(a) - load(b) || (a.metadata!.name! < b.metadata!.name! ? -1 : 1))[0];
}

/** A folder has no size of its own, so that a claim grows as soon as it is asked to. */
async function resize({ client, events, lister }: ControllerContext, claim: PersistentVolumeClaim): Promise<void> {
  const volume = lister(PersistentVolumes).get(claim.spec?.volumeName ?? '');
  const wanted = requestedStorage(claim);
  if (!volume || !isHostPathVolume(volume) || claim.status?.phase !== 'Bound') return;
  if (compareQuantities(claim.status.capacity?.['storage'] ?? '0', wanted) >= 0) return;
  const tell = (reason: string, message: string) =>
    events.event(about(PersistentVolumeClaims, claim), 'Normal', reason, message);
  if (compareQuantities(capacityOf(volume), wanted) < 0) {
    tell('Resizing', `External resizer is resizing volume ${volume.metadata?.name}`);
    const capacity = { ...volume.spec?.capacity, storage: wanted };
    await client.update(PersistentVolumes, { ...volume, spec: { ...volume.spec, capacity } });
  }
  const conditions = (claim.status.conditions ?? []).filter(
    ({ type }) => type !== 'Resizing' && type !== 'FileSystemResizePending',
  );
  const status = { ...claim.status, capacity: { ...claim.status.capacity, storage: wanted }, conditions };
  await client.updateStatus(PersistentVolumeClaims, { ...claim, status });
  tell('VolumeResizeSuccessful', 'Resize volume succeeded');
}

/** A released volume goes when its policy says so; the node that has its folder lets it. */
async function reconcileVolume({ client, lister }: ControllerContext, name: string): Promise<void> {
  const volume = lister(PersistentVolumes).get(name);
  if (!volume || !isHostPathVolume(volume)) return;
  if (volume.metadata?.deletionTimestamp) {
    // The folder has gone with its machine.
    const orphaned = !lister(Nodes).get(nodeOfVolume(volume)) && volume.metadata.finalizers?.includes(HOST_PATH);
    if (orphaned) await client.update(PersistentVolumes, withoutFinalizer(volume, HOST_PATH));
    return;
  }
  if (volume.spec?.persistentVolumeReclaimPolicy !== 'Delete' || volume.status?.phase !== 'Released') return;
  try {
    await client.delete(PersistentVolumes, { name }, { preconditions: { uid: volume.metadata?.uid } });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

const name = 'host-path-provisioner';

export default defineControllerModule({
  name,
  setup: ({ informers }) => [
    defineController<PersistentVolumeClaim>({
      name,
      for: PersistentVolumeClaims,
      filter: (claim) => isOurs(claim),
      reads: [StorageClasses, Nodes, PersistentVolumes],
      reconcile: reconcileClaim,
    }),
    defineController<PersistentVolume>({
      name,
      for: PersistentVolumes,
      filter: (volume) => isHostPathVolume(volume),
      watches: [
        watch(Nodes, (node, _old) => {
          // Only a node that has gone matters, and it is not in the cache any more.
          if (informers.for(Nodes).lister.get(node.metadata?.name ?? '')) return [];
          const volumes = informers.for(PersistentVolumes).lister.list();
          return volumes.filter((v) => nodeOfVolume(v) === node.metadata?.name).map(objectKey);
        }),
      ],
      reconcile: reconcileVolume,
    }),
  ],
});
