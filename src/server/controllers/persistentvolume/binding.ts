// The writes by which a volume and a claim become one another's, and part again. The volume is written first: two
// claims that want it meet there. Each step looks whether it has been done, so a binding that was cut off is finished.
// Upstream: bind, unbindVolume, updateClaimStatus, updateVolumePhase in pv_controller.go.
import type {
  ObjectReference,
  PersistentVolume,
  PersistentVolumeClaim,
  PersistentVolumeStatus,
} from 'kubernetes-types/core/v1.js';
import { PersistentVolumeClaims, PersistentVolumes, StorageClasses } from '../../../api/resources.ts';
import { BIND_COMPLETED, BOUND_BY_CONTROLLER, capacityOf, isBoundTo } from '../../../api/volumes.ts';
import type { StorageClass } from 'kubernetes-types/storage/v1.js';
import type { ControllerEnvironment } from '../_types.ts';
import { about } from '../shared/objects.ts';
import { Written } from '../shared/written.ts';

/** Volumes by their class and by the claim that they are reserved for. */
export const BY_CANDIDATE = 'candidate';

type Annotations = Record<string, string>;
const annotationsOf = (object: PersistentVolume | PersistentVolumeClaim): Annotations =>
  object.metadata?.annotations ?? {};

export class Binder {
  readonly claims: Written<PersistentVolumeClaim>;
  readonly volumes: Written<PersistentVolume>;

  constructor(readonly environment: ControllerEnvironment) {
    const { informers } = environment;
    this.claims = new Written(informers.for(PersistentVolumeClaims));
    this.volumes = new Written(informers.for(PersistentVolumes));
  }

  storageClass(name: string): StorageClass | undefined {
    return name === '' ? undefined : this.environment.informers.for(StorageClasses).lister.get(name);
  }

  tellClaim(claim: PersistentVolumeClaim, type: 'Normal' | 'Warning', reason: string, message: string): void {
    this.environment.events.event(about(PersistentVolumeClaims, claim), type, reason, message);
  }

  tellVolume(volume: PersistentVolume, type: 'Normal' | 'Warning', reason: string, message: string): void {
    this.environment.events.event(about(PersistentVolumes, volume), type, reason, message);
  }

  async writeClaim(claim: PersistentVolumeClaim): Promise<PersistentVolumeClaim> {
    const written = await this.environment.client.update(PersistentVolumeClaims, claim);
    this.claims.wrote(written);
    return written;
  }

  async writeVolume(volume: PersistentVolume): Promise<PersistentVolume> {
    const written = await this.environment.client.update(PersistentVolumes, volume);
    this.volumes.wrote(written);
    return written;
  }

  async bind(volume: PersistentVolume, claim: PersistentVolumeClaim): Promise<void> {
    const reserved = await this.bindVolume(volume, claim);
    const taken = await this.setPhase(reserved, 'Bound');
    const bound = await this.bindClaim(taken, claim);
    await this.setClaimStatus(bound, 'Bound', taken);
  }

  private async bindVolume(volume: PersistentVolume, claim: PersistentVolumeClaim): Promise<PersistentVolume> {
    const ref = volume.spec?.claimRef;
    if (isBoundTo(volume, claim) && ref?.uid === claim.metadata?.uid) return volume;
    // Reserved by the user, the binding stays the user's.
    const { metadata, spec } = volume;
    const annotations = { ...annotationsOf(volume), [BOUND_BY_CONTROLLER]: 'yes' };
    return this.writeVolume({
      ...volume,
      metadata: isBoundTo(volume, claim) ? metadata : { ...metadata, annotations },
      spec: { ...spec, claimRef: referenceTo(claim) },
    });
  }

  private async bindClaim(volume: PersistentVolume, claim: PersistentVolumeClaim): Promise<PersistentVolumeClaim> {
    const name = volume.metadata?.name ?? '';
    const chosen = claim.spec?.volumeName !== name;
    if (!chosen && annotationsOf(claim)[BIND_COMPLETED] !== undefined) return claim;
    const annotations: Annotations = { ...annotationsOf(claim), [BIND_COMPLETED]: 'yes' };
    if (chosen) annotations[BOUND_BY_CONTROLLER] = 'yes';
    const { metadata, spec } = claim;
    return this.writeClaim({
      ...claim,
      metadata: { ...metadata, annotations },
      spec: { ...spec, volumeName: name },
    });
  }

  /** The volume may be taken by others; one that a user has reserved stays so, for the next claim of that name. */
  async unbind(volume: PersistentVolume): Promise<void> {
    const { [BOUND_BY_CONTROLLER]: byController, ...annotations } = annotationsOf(volume);
    const { claimRef, ...spec } = volume.spec ?? {};
    const { uid: _uid, ...reservation } = claimRef ?? {};
    const freed = await this.writeVolume({
      ...volume,
      metadata: { ...volume.metadata, annotations },
      spec: byController === undefined ? { ...spec, claimRef: reservation } : spec,
    });
    await this.setPhase(freed, 'Available');
  }

  async setPhase(volume: PersistentVolume, phase: string, message = ''): Promise<PersistentVolume> {
    const { status } = volume;
    if (status?.phase === phase) return volume;
    const { message: _old, ...rest } = status ?? {};
    const next: PersistentVolumeStatus = { ...rest, phase };
    if (message !== '') next.message = message;
    const written = await this.environment.client.updateStatus(PersistentVolumes, { ...volume, status: next });
    this.volumes.wrote(written);
    return written;
  }

  /** Tells the event only when the phase changes. */
  async fail(volume: PersistentVolume, phase: string, reason: string, message: string): Promise<void> {
    if (volume.status?.phase === phase) return;
    await this.setPhase(volume, phase, message);
    this.tellVolume(volume, 'Warning', reason, message);
  }

  /** Without a volume the claim has neither size nor modes. Answers whether the phase changed. */
  async setClaimStatus(claim: PersistentVolumeClaim, phase: string, volume?: PersistentVolume): Promise<boolean> {
    const { status } = claim;
    const { accessModes, capacity, ...rest } = status ?? {};
    const changed = status?.phase !== phase;
    const next: NonNullable<PersistentVolumeClaim['status']> = { ...rest, phase };
    if (volume) {
      next.accessModes = volume.spec?.accessModes ?? [];
      // A bound claim's size is the business of who resizes it.
      next.capacity = changed || !capacity?.['storage'] ? { storage: capacityOf(volume) } : capacity;
    }
    const same = JSON.stringify(next.accessModes) === JSON.stringify(accessModes);
    if (!changed && same && JSON.stringify(next.capacity) === JSON.stringify(capacity)) return false;
    const written = await this.environment.client.updateStatus(PersistentVolumeClaims, { ...claim, status: next });
    this.claims.wrote(written);
    return changed;
  }
}

export const referenceTo = ({ metadata }: PersistentVolumeClaim): ObjectReference => ({
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  namespace: metadata?.namespace,
  name: metadata?.name,
  uid: metadata?.uid,
  resourceVersion: metadata?.resourceVersion,
});
