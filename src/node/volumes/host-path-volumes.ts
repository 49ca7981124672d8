// Volumes that are folders of this node: says where it keeps them, and removes the folder of one that is deleted. That
// a folder is there when a pod needs it is the volume manager's business. One loop may serve many (simulated) nodes.
import type { Node, PersistentVolume } from 'kubernetes-types/core/v1.js';
import { HOST_PATH, NODE_LABEL, ROOT_ANNOTATION, isHostPathVolume, nodeOfVolume } from '../../api/host-path.ts';
import { Nodes, PersistentVolumes } from '../../api/resources.ts';
import { isConflict, isNotFound } from '../../api/status.ts';
import type { Informer, Informers } from '../../client/informer.ts';
import type { Logger } from '../../client/log.ts';
import type { Client } from '../../client/rest.ts';
import { WorkQueue } from '../../client/workqueue.ts';

const PV_PROTECTION = 'kubernetes.io/pv-protection';

export interface HostPathVolumesOptions {
  client: Client;
  informers: Informers;
  nodes: Informer<Node>;
  nodeNames: readonly string[];
  /** Where the nodes keep their volumes. */
  root: string;
  /** Removes the folder at the path, and must refuse any other place. */
  removeFolder(path: string): Promise<void>;
  log: Logger;
  signal: AbortSignal;
}

/** Runs until the signal aborts. */
export async function runHostPathVolumes(options: HostPathVolumesOptions): Promise<void> {
  const { informers, nodes, nodeNames, root, log, signal } = options;
  const names = new Set(nodeNames);
  // A node may see the volumes that it has, and no others.
  const labelSelector = names.size === 1 ? `${NODE_LABEL}=${nodeNames[0]}` : NODE_LABEL;
  const volumes = informers.for(PersistentVolumes, { labelSelector });
  const queue = new WorkQueue({ baseMs: 100, maxMs: 60_000 });
  signal.addEventListener('abort', () => queue.shutDown(), { once: true });
  const look = (volume: PersistentVolume): void => {
    if (isDue(volume) && names.has(nodeOfVolume(volume))) queue.add(`volume/${volume.metadata?.name}`);
  };
  volumes.addHandler({ add: look, update: look });
  const check = (node: Node): void => {
    const { name = '', annotations } = node.metadata ?? {};
    if (names.has(name) && annotations?.[ROOT_ANNOTATION] !== root) queue.add(`node/${name}`);
  };
  nodes.addHandler({ add: check, update: check });
  for (let key = await queue.get(); key !== undefined; key = await queue.get()) {
    try {
      const [kind, name = ''] = key.split('/');
      if (kind === 'node') await announce(options, name);
      else await letGo(options, volumes.lister.get(name));
      queue.forget(key);
    } catch (error) {
      if (signal.aborted) return;
      if (!isConflict(error)) log.warn({ key, error: String(error) }, 'host path volume failed; trying again');
      queue.addRateLimited(key);
    } finally {
      queue.done(key);
    }
  }
}

/** Deleted, and nobody's any more: while a claim has it, another finalizer holds it. */
const isDue = ({ metadata }: PersistentVolume): boolean =>
  metadata?.deletionTimestamp !== undefined &&
  !!metadata.finalizers?.includes(HOST_PATH) &&
  !metadata.finalizers.includes(PV_PROTECTION);

async function announce({ client, root }: HostPathVolumesOptions, name: string): Promise<void> {
  try {
    await client.patch(Nodes, { name }, 'merge', { metadata: { annotations: { [ROOT_ANNOTATION]: root } } });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

/** A volume that is to be kept loses its object and no data. */
async function letGo(options: HostPathVolumesOptions, volume: PersistentVolume | undefined): Promise<void> {
  if (!volume || !isDue(volume) || !isHostPathVolume(volume)) return;
  const { spec, metadata } = volume;
  const path = spec?.local?.path;
  if (spec?.persistentVolumeReclaimPolicy === 'Delete' && path) await options.removeFolder(path);
  const finalizers = metadata?.finalizers?.filter((name) => name !== HOST_PATH) ?? [];
  try {
    await options.client.update(PersistentVolumes, { ...volume, metadata: { ...metadata, finalizers } });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}
