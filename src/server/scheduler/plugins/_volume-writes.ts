// The binding cycle's part of volumes: tells a volume its claim, or a claim its node, and waits until whoever binds and
// makes volumes has done so. Upstream: BindPodVolumes, bindAPIUpdate, checkBindings in volumebinding/binder.go.
import { setTimeout as sleep } from 'node:timers/promises';
import type { PersistentVolume, PersistentVolumeClaim } from 'kubernetes-types/core/v1.js';
import { PersistentVolumeClaims, PersistentVolumes } from '../../../api/resources.ts';
import type { KubeObject } from '../../../api/types.ts';
import { BOUND_BY_CONTROLLER, SELECTED_NODE, isBoundTo, isClaimBound, reachesNode } from '../../../api/volumes.ts';
import type { Client } from '../../../client/rest.ts';
import type { NodeInfo } from '../node-info.ts';
import type { Storage } from './_volumes.ts';

/** A claim (`namespace/name`) and its volume; without one, a volume is to be made on the node. */
export interface Decision {
  key: string;
  volume?: PersistentVolume;
}

export interface BindOptions {
  client: Client;
  signal: AbortSignal;
  storage: Storage;
  node: NodeInfo;
  decisions: readonly Decision[];
  /** Default: upstream's ten minutes. */
  timeoutMs?: number;
}

const TIMEOUT_MS = 600_000;
const POLL_MIN_MS = 10;
const POLL_MAX_MS = 500;

const versionOf = (object: KubeObject): bigint => BigInt(object.metadata?.resourceVersion || '0');

/** Throws when a claim or volume is not there any more, or the provisioner has given up. */
export async function bindVolumes(options: BindOptions): Promise<void> {
  const { storage, decisions, signal, timeoutMs = TIMEOUT_MS } = options;
  /** What a cache must show before it may be believed, by claim. */
  const written = new Map<string, bigint>();
  for (const { key, volume } of decisions) {
    const claim = storage.claims.get(key);
    if (!claim) throw new Error(`binding volumes: claim "${key}" is gone`);
    if (volume) await reserve(options, volume, claim);
    else written.set(key, await select(options, claim));
  }
  const end = Date.now() + timeoutMs;
  for (let wait = POLL_MIN_MS; ; wait = Math.min(wait * 2, POLL_MAX_MS)) {
    if (decisions.every(({ key }) => isDone(options, key, written.get(key) ?? 0n))) return;
    if (Date.now() >= end) throw new Error('binding volumes: context deadline exceeded');
    await sleep(wait, undefined, { signal });
  }
}

async function reserve({ client }: BindOptions, volume: PersistentVolume, claim: PersistentVolumeClaim): Promise<void> {
  if (isBoundTo(volume, claim) && volume.spec?.claimRef?.uid) return;
  const { metadata, spec } = volume;
  const { namespace, name, uid, resourceVersion } = claim.metadata ?? {};
  const annotations = { ...metadata?.annotations, [BOUND_BY_CONTROLLER]: 'yes' };
  // With the version that was looked at: somebody else may have taken it.
  await client.update(PersistentVolumes, {
    ...volume,
    metadata: isBoundTo(volume, claim) ? metadata : { ...metadata, annotations },
    spec: {
      ...spec,
      claimRef: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace, name, uid, resourceVersion },
    },
  });
}

async function select({ client, node }: BindOptions, claim: PersistentVolumeClaim): Promise<bigint> {
  const { namespace, name = '', uid, annotations } = claim.metadata ?? {};
  if (annotations?.[SELECTED_NODE] === node.name) return versionOf(claim);
  const patch = { metadata: { uid, annotations: { [SELECTED_NODE]: node.name } } };
  return versionOf(await client.patch(PersistentVolumeClaims, { name, namespace }, 'merge', patch));
}

function isDone({ storage, node }: BindOptions, key: string, seen: bigint): boolean {
  const claim = storage.claims.get(key);
  if (!claim || claim.metadata?.deletionTimestamp) throw new Error(`binding volumes: claim "${key}" is gone`);
  if (isClaimBound(claim)) {
    const volume = storage.volumes.get(claim.spec?.volumeName ?? '');
    // The caches of claims and volumes do not keep step.
    if (!volume) return false;
    if (reachesNode(volume, node)) return true;
    throw new Error(`binding volumes: pv "${volume.metadata?.name}" node affinity doesn't match node "${node.name}"`);
  }
  if (seen > 0n && versionOf(claim) >= seen && claim.metadata?.annotations?.[SELECTED_NODE] === undefined) {
    throw new Error(`binding volumes: provisioning failed for PVC "${claim.metadata?.name}"`);
  }
  return false;
}
