// Recycle: a pod empties a hostPath or NFS volume, then anybody may claim it again. Deprecated, but old volumes ask for
// it. The pod is the record of how far it has come. Upstream: pkg/volume/util/recyclerclient, recycleVolumeOperation.
import type { PersistentVolume, Pod } from 'kubernetes-types/core/v1.js';
import { Pods } from '../../../api/resources.ts';
import { isAlreadyExists, isNotFound } from '../../../api/status.ts';
import type { Binder } from './binding.ts';

export const RECYCLER_PREFIX = 'recycler-for-';
const NAMESPACE = 'default';
const SCRUB = 'test -e /scrub && rm -rf /scrub/..?* /scrub/.[!.]* /scrub/* && test -z "$(ls -A /scrub)" || exit 1';

function recyclerPod({ metadata, spec }: PersistentVolume): Pod {
  const { hostPath, nfs } = spec ?? {};
  const source = hostPath ? { hostPath: { path: hostPath.path } } : { nfs: nfs! };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `${RECYCLER_PREFIX}${metadata?.name}`, namespace: NAMESPACE },
    spec: {
      activeDeadlineSeconds: 60,
      restartPolicy: 'Never',
      volumes: [{ name: 'vol', ...source }],
      containers: [
        {
          name: 'pv-recycler',
          image: 'busybox:1.36',
          command: ['/bin/sh'],
          args: ['-c', SCRUB],
          volumeMounts: [{ name: 'vol', mountPath: '/scrub' }],
        },
      ],
    },
  };
}

/** One step; the end of the pod brings the volume here again. */
export async function recycle(binder: Binder, volume: PersistentVolume): Promise<void> {
  if (volume.metadata?.deletionTimestamp || volume.status?.phase === 'Failed') return;
  const { client, informers } = binder.environment;
  if (!volume.spec?.hostPath && !volume.spec?.nfs) {
    return binder.fail(volume, 'Failed', 'VolumeFailedRecycle', 'No recycler plugin found for the volume!');
  }
  const key = { namespace: NAMESPACE, name: `${RECYCLER_PREFIX}${volume.metadata?.name}` };
  const pod = informers.for(Pods).lister.get(`${key.namespace}/${key.name}`);
  if (!pod) {
    try {
      await client.create(Pods, recyclerPod(volume));
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
    }
    return;
  }
  const phase = pod.status?.phase;
  if (pod.metadata?.deletionTimestamp || (phase !== 'Succeeded' && phase !== 'Failed')) return;
  try {
    await client.delete(Pods, key, { preconditions: { uid: pod.metadata?.uid } });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
  if (phase === 'Failed') {
    const why = pod.status?.message ?? 'pod failed, pod.Status.Message unknown';
    return binder.fail(volume, 'Failed', 'VolumeFailedRecycle', `Recycle failed: ${why}`);
  }
  binder.tellVolume(volume, 'Normal', 'VolumeRecycled', 'Volume recycled');
  await binder.unbind(volume);
}
