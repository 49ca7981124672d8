// Lets a deleted claim go once no pod on a node uses it any more. The finalizer is given at creation by admission
// (StorageObjectInUseProtection). Upstream: pkg/controller/volume/pvcprotection/pvc_protection_controller.go.
import type { PersistentVolumeClaim, Pod } from 'kubernetes-types/core/v1.js';
import { PersistentVolumeClaims, Pods } from '../../api/resources.ts';
import { type ControllerContext, defineController, watch } from '../../client/controller.ts';
import { type ControllerEnvironment, defineControllerModule } from './_types.ts';
import { withoutFinalizer } from './shared/objects.ts';

const FINALIZER = 'kubernetes.io/pvc-protection';
const INDEX = 'claim';

/** `namespace/name` of each; those of generic ephemeral volumes are named after the pod. */
function claimsOf({ metadata, spec }: Pod): string[] {
  const keys: string[] = [];
  for (const volume of spec?.volumes ?? []) {
    const name = volume.ephemeral ? `${metadata?.name}-${volume.name}` : volume.persistentVolumeClaim?.claimName;
    if (name) keys.push(`${metadata?.namespace}/${name}`);
  }
  return keys;
}

const isWaiting = (claim: PersistentVolumeClaim | undefined): boolean =>
  claim?.metadata?.deletionTimestamp !== undefined && !!claim.metadata.finalizers?.includes(FINALIZER);

async function reconcile({ client, lister }: ControllerContext, key: string): Promise<void> {
  const claim = lister(PersistentVolumeClaims).get(key);
  if (!claim || !isWaiting(claim)) return;
  // A node starts no pod whose claim is going, so one without a node does not hold it.
  if (
    lister(Pods)
      .byIndex(INDEX, key)
      .some((pod) => pod.spec?.nodeName)
  )
    return;
  await client.update(PersistentVolumeClaims, withoutFinalizer(claim, FINALIZER));
}

export default defineControllerModule({
  name: 'pvc-protection',
  setup({ informers }: ControllerEnvironment) {
    informers.for(Pods).addIndex(INDEX, claimsOf);
    return [
      defineController<PersistentVolumeClaim>({
        name: 'pvc-protection',
        for: PersistentVolumeClaims,
        filter: (claim) => isWaiting(claim),
        watches: [
          watch(Pods, (pod, _old, { lister }) =>
            claimsOf(pod).filter((key) => isWaiting(lister(PersistentVolumeClaims).get(key))),
          ),
        ],
        workers: 1,
        reconcile,
      }),
    ];
  },
});
