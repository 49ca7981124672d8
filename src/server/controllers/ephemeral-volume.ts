// Makes the claims of generic ephemeral volumes, owned by their pods and so gone with them.
// Upstream: pkg/controller/volume/ephemeral/controller.go.
import type { PersistentVolumeClaim, Pod, Volume } from 'kubernetes-types/core/v1.js';
import { PersistentVolumeClaims, Pods } from '../../api/resources.ts';
import { isAlreadyExists } from '../../api/status.ts';
import { claimNameOf, notForPod } from '../../api/volumes.ts';
import { type ControllerContext, defineController, watch } from '../../client/controller.ts';
import { about, messageOf } from './shared/objects.ts';
import { newControllerRef } from './shared/owners.ts';

const ephemeral = ({ spec }: Pod): Volume[] => (spec?.volumes ?? []).filter((volume) => volume.ephemeral);

function claimFor(pod: Pod, volume: Volume): PersistentVolumeClaim {
  const { metadata, spec } = volume.ephemeral?.volumeClaimTemplate ?? {};
  const { labels, annotations } = metadata ?? {};
  return {
    metadata: {
      name: claimNameOf(pod, volume),
      namespace: pod.metadata?.namespace,
      ownerReferences: [newControllerRef(Pods, pod)],
      ...(labels ? { labels } : {}),
      ...(annotations ? { annotations } : {}),
    },
    spec,
  };
}

async function make({ client, lister }: ControllerContext, pod: Pod, volume: Volume): Promise<void> {
  const wanted = claimFor(pod, volume);
  const key = { namespace: pod.metadata?.namespace, name: wanted.metadata?.name ?? '' };
  let claim = lister(PersistentVolumeClaims).get(`${key.namespace}/${key.name}`);
  if (!claim) {
    try {
      await client.create(PersistentVolumeClaims, wanted);
      return;
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
      claim = await client.get(PersistentVolumeClaims, key);
    }
  }
  const why = notForPod(pod, claim);
  if (why !== undefined) throw new Error(why);
}

export default defineController({
  name: 'ephemeral-volume',
  for: Pods,
  filter: (pod) => ephemeral(pod).length > 0 && pod.metadata?.deletionTimestamp === undefined,
  watches: [
    // A claim that is deleted by hand is made again.
    watch(PersistentVolumeClaims, ({ metadata }, _old, { lister }) => {
      const owner = metadata?.ownerReferences?.find((reference) => reference.controller && reference.kind === 'Pod');
      const key = `${metadata?.namespace}/${owner?.name}`;
      return owner && lister(Pods).get(key)?.metadata?.uid === owner.uid ? [key] : [];
    }),
  ],
  async reconcile(context, key) {
    const pod = context.lister(Pods).get(key);
    if (!pod || pod.metadata?.deletionTimestamp) return;
    for (const volume of ephemeral(pod)) {
      try {
        await make(context, pod, volume);
      } catch (error) {
        const message = `ephemeral volume ${volume.name}: ${messageOf(error)}`;
        context.events.event(about(Pods, pod), 'Warning', 'FailedBinding', message);
        throw error;
      }
    }
  },
});
