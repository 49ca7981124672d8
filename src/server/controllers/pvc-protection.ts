// Lets a deleted claim go once no pod on a node uses it any more. The finalizer is given at creation by admission
// (StorageObjectInUseProtection). Upstream: pkg/controller/volume/pvcprotection/pvc_protection_controller.go.
import type { PersistentVolumeClaim } from 'kubernetes-types/core/v1.js';
import { PersistentVolumeClaims, Pods } from '../../api/resources.ts';
import { claimKeysOf } from '../../api/volumes.ts';
import { type ControllerContext, defineController, watch } from '../../client/controller.ts';
import { type ControllerEnvironment, defineControllerModule } from './_types.ts';
import { PODS_BY_CLAIM } from './persistentvolume/claim.ts';
import { withoutFinalizer } from './shared/objects.ts';

const FINALIZER = 'kubernetes.io/pvc-protection';

const isWaiting = (claim: PersistentVolumeClaim | undefined): boolean =>
  claim?.metadata?.deletionTimestamp !== undefined && !!claim.metadata.finalizers?.includes(FINALIZER);

async function reconcile({ client, lister }: ControllerContext, key: string): Promise<void> {
  const claim = lister(PersistentVolumeClaims).get(key);
  if (!claim || !isWaiting(claim)) return;
  // A node starts no pod whose claim is going, so one without a node does not hold it.
  if (
    lister(Pods)
      .byIndex(PODS_BY_CLAIM, key)
      .some((pod) => pod.spec?.nodeName)
  )
    return;
  await client.update(PersistentVolumeClaims, withoutFinalizer(claim, FINALIZER));
}

export default defineControllerModule({
  name: 'pvc-protection',
  setup({ informers }: ControllerEnvironment) {
    informers.for(Pods).addIndex(PODS_BY_CLAIM, claimKeysOf);
    return [
      defineController<PersistentVolumeClaim>({
        name: 'pvc-protection',
        for: PersistentVolumeClaims,
        filter: (claim) => isWaiting(claim),
        watches: [
          watch(Pods, (pod, _old, { lister }) =>
            claimKeysOf(pod).filter((key) => isWaiting(lister(PersistentVolumeClaims).get(key))),
          ),
        ],
        workers: 1,
        reconcile,
      }),
    ];
  },
});
