// Lets a deleted volume go once no claim is bound to it. The finalizer is given at creation by admission
// (StorageObjectInUseProtection). Upstream: pkg/controller/volume/pvprotection/pv_protection_controller.go.
import type { PersistentVolume } from 'kubernetes-types/core/v1.js';
import { PersistentVolumes } from '../../api/resources.ts';
import { defineController } from '../../client/controller.ts';
import { withoutFinalizer } from './shared/objects.ts';

const FINALIZER = 'kubernetes.io/pv-protection';

const isWaiting = ({ metadata, status }: PersistentVolume): boolean =>
  metadata?.deletionTimestamp !== undefined && !!metadata.finalizers?.includes(FINALIZER) && status?.phase !== 'Bound';

export default defineController({
  name: 'pv-protection',
  for: PersistentVolumes,
  filter: isWaiting,
  workers: 1,
  async reconcile({ client, lister }, key) {
    const volume = lister(PersistentVolumes).get(key);
    if (volume && isWaiting(volume)) await client.update(PersistentVolumes, withoutFinalizer(volume, FINALIZER));
  },
});
