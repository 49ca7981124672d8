// What becomes of a volume: it is available, bound, or released and then kept, emptied or removed as its policy says.
// Upstream: syncVolume, reclaimVolume in pv_controller.go.
import type { PersistentVolume, PersistentVolumeClaim } from 'kubernetes-types/core/v1.js';
import { PersistentVolumeClaims } from '../../../api/resources.ts';
import { isNotFound } from '../../../api/status.ts';
import { PROVISIONED_BY, modeOf } from '../../../api/volumes.ts';
import type { Binder } from './binding.ts';
import { recycle } from './recycle.ts';

/** Asks for the claim to be looked at. */
export type Wake = (claimKey: string) => void;

export async function syncVolume(binder: Binder, volume: PersistentVolume, wake: Wake): Promise<void> {
  const ref = volume.spec?.claimRef;
  if (!ref?.uid) {
    // Nobody's, or reserved for a claim that has not come.
    await binder.setPhase(volume, 'Available');
    if (ref) wake(`${ref.namespace}/${ref.name}`);
    return;
  }
  const key = `${ref.namespace}/${ref.name}`;
  const claim = await currentClaim(binder, ref.namespace ?? '', ref.name ?? '', ref.uid);
  if (!claim) return release(binder, volume);
  const name = volume.metadata?.name ?? '';
  if (claim.spec?.volumeName === name) return void (await binder.setPhase(volume, 'Bound'));
  if (!claim.spec?.volumeName) {
    if (modeOf(volume) === modeOf(claim)) return wake(key);
    const [toVolume, toClaim] = [
      `Cannot bind PersistentVolume to requested PersistentVolumeClaim "${ref.name}" due to incompatible volumeMode.`,
      `Cannot bind PersistentVolume "${name}" to requested PersistentVolumeClaim due to incompatible volumeMode.`,
    ];
    binder.tellVolume(volume, 'Warning', 'VolumeMismatch', toVolume);
    binder.tellClaim(claim, 'Warning', 'VolumeMismatch', toClaim);
    return;
  }
  // The claim has found another volume. One that was made for it is of no use to anybody else.
  const { persistentVolumeReclaimPolicy: policy } = volume.spec ?? {};
  const made = volume.metadata?.annotations?.[PROVISIONED_BY] !== undefined;
  if (made && policy === 'Delete') return release(binder, volume);
  if (!volume.metadata?.deletionTimestamp) await binder.unbind(volume);
}

/** The claim with that uid; the server is asked before it is believed that there is none. */
async function currentClaim(
  binder: Binder,
  namespace: string,
  name: string,
  uid: string,
): Promise<PersistentVolumeClaim | undefined> {
  const cached = binder.claims.get(`${namespace}/${name}`);
  if (cached?.metadata?.uid === uid) return cached;
  try {
    const live = await binder.environment.client.get(PersistentVolumeClaims, { namespace, name });
    return live.metadata?.uid === uid ? live : undefined;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

async function release(binder: Binder, volume: PersistentVolume): Promise<void> {
  const phase = volume.status?.phase;
  const released = phase === 'Released' || phase === 'Failed' ? volume : await binder.setPhase(volume, 'Released');
  switch (released.spec?.persistentVolumeReclaimPolicy) {
    case 'Recycle':
      return recycle(binder, released);
    case 'Delete':
      return remove(binder, released);
    case 'Retain':
      return;
    default:
      return binder.fail(released, 'Failed', 'VolumeUnknownReclaimPolicy', 'Volume has unrecognized reclaim policy');
  }
}

/** Who made the volume removes it; what nobody made, nobody knows how to remove. */
async function remove(binder: Binder, volume: PersistentVolume): Promise<void> {
  const { name = '', annotations, deletionTimestamp } = volume.metadata ?? {};
  if (deletionTimestamp || annotations?.[PROVISIONED_BY] !== undefined || volume.spec?.csi) return;
  const message = `error getting deleter volume plugin for volume "${name}": no volume plugin matched`;
  await binder.fail(volume, 'Failed', 'VolumeFailedDelete', message);
}
