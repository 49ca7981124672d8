// Brings claims and volumes together. One loop for claims and one for volumes, a worker each: two claims that are
// decided at the same time could want the same volume. What a claim or volume needs stands in persistentvolume/.
// Upstream: pkg/controller/volume/persistentvolume. Who makes and removes volumes is another's business.
import type { PersistentVolume, PersistentVolumeClaim } from 'kubernetes-types/core/v1.js';
import { PersistentVolumeClaims, PersistentVolumes, Pods, StorageClasses } from '../../api/resources.ts';
import { objectKey } from '../../api/types.ts';
import { BIND_COMPLETED, claimKeysOf, classNameOf } from '../../api/volumes.ts';
import { defineController, watch } from '../../client/controller.ts';
import { type ControllerEnvironment, defineControllerModule } from './_types.ts';
import { BY_CANDIDATE, Binder } from './persistentvolume/binding.ts';
import { PODS_BY_CLAIM, syncClaim } from './persistentvolume/claim.ts';
import { RECYCLER_PREFIX } from './persistentvolume/recycle.ts';
import { syncVolume } from './persistentvolume/volume.ts';

/** Claims that nothing happened to are looked at again, as volumes that would fit may have come. Upstream: resyncPeriod. */
const RESYNC_MS = 60_000;

/** Claims that are not bound yet, by their class. */
const WAITING = 'waiting';
const waitingFor = (claim: PersistentVolumeClaim): string[] =>
  claim.metadata?.annotations?.[BIND_COMPLETED] === undefined ? [classNameOf(claim)] : [];

function candidateKeys(volume: PersistentVolume): string[] {
  const ref = volume.spec?.claimRef;
  const keys = [`class/${classNameOf(volume)}`];
  if (ref) keys.push(`claim/${ref.namespace}/${ref.name}`);
  return keys;
}

function setup(environment: ControllerEnvironment) {
  const { informers } = environment;
  informers.for(PersistentVolumes).addIndex(BY_CANDIDATE, candidateKeys);
  informers.for(PersistentVolumeClaims).addIndex(WAITING, waitingFor);
  informers.for(Pods).addIndex(PODS_BY_CLAIM, claimKeysOf);
  const binder = new Binder(environment);
  let wakeClaim: (key: string) => void = () => undefined;
  const claimsOfClass = (name: string) => informers.for(PersistentVolumeClaims).lister.byIndex(WAITING, name);
  const claims = defineController({
    name: 'persistent-volume-binder',
    for: PersistentVolumeClaims,
    watches: [
      // A volume that is free may be what a claim waits for.
      watch(PersistentVolumes, (volume) => {
        const ref = volume.spec?.claimRef;
        if (ref) return [`${ref.namespace}/${ref.name}`];
        if (volume.status?.phase !== 'Available') return [];
        return claimsOfClass(classNameOf(volume)).map(objectKey);
      }),
      // Claims without a class may get one that is the default now.
      watch(StorageClasses, ({ metadata }) =>
        [...claimsOfClass(metadata?.name ?? ''), ...claimsOfClass('')].map(objectKey),
      ),
    ],
    reads: [Pods],
    workers: 1,
    attach: (_context, enqueue) => (wakeClaim = enqueue),
    async reconcile(_context, key) {
      const claim = binder.claims.get(key);
      if (!claim) return;
      await syncClaim(binder, claim);
      return binder.claims.get(key)?.status?.phase === 'Bound' ? undefined : { requeueAfterMs: RESYNC_MS };
    },
  });
  const volumes = defineController({
    name: 'persistent-volume-binder',
    for: PersistentVolumes,
    watches: [
      watch(PersistentVolumeClaims, (claim) => {
        const reserved = informers.for(PersistentVolumes).lister.byIndex(BY_CANDIDATE, `claim/${objectKey(claim)}`);
        return reserved.map(objectKey);
      }),
      watch(Pods, ({ metadata, status }) => {
        const name = metadata?.name ?? '';
        const ended = status?.phase === 'Succeeded' || status?.phase === 'Failed';
        return ended && name.startsWith(RECYCLER_PREFIX) ? [name.slice(RECYCLER_PREFIX.length)] : [];
      }),
    ],
    workers: 1,
    async reconcile(_context, key) {
      const volume = binder.volumes.get(key);
      if (volume) await syncVolume(binder, volume, wakeClaim);
    },
  });
  return [claims, volumes];
}

export default defineControllerModule({ name: 'persistent-volume-binder', setup });
