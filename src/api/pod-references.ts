// The objects of its own namespace that a pod names, by which its node may read them.
// Upstream: pkg/api/v1/pod/util.go (VisitPodSecretNames, VisitPodConfigmapNames), and
// AddPod in plugin/pkg/auth/authorizer/node/graph.go for claims of devices.
import type { Container, Pod } from 'kubernetes-types/core/v1.js';

export type ReferenceKind = 'secret' | 'configmap' | 'serviceaccount' | 'pvc' | 'resourceclaim';

/** On pods that a node made of its own manifests. */
export const MIRROR_ANNOTATION = 'kubernetes.io/config.mirror';

/** Each as `<kind>/<name>`. */
export function referencesOf(pod: Pod): ReadonlySet<string> {
  const found = new Set<string>();
  const add = (kind: ReferenceKind, name: string | undefined): void => {
    if (name) found.add(`${kind}/${name}`);
  };
  const spec = pod.spec;
  if (!spec) return found;
  add('serviceaccount', spec.serviceAccountName);
  for (const claim of (spec.resourceClaims ?? []) as { resourceClaimName?: string }[]) {
    add('resourceclaim', claim.resourceClaimName);
  }
  for (const claim of pod.status?.resourceClaimStatuses ?? []) add('resourceclaim', claim.resourceClaimName);
  for (const secret of spec.imagePullSecrets ?? []) add('secret', secret.name);
  const containers = [
    ...(spec.initContainers ?? []),
    ...spec.containers,
    ...((spec.ephemeralContainers ?? []) as unknown as Container[]),
  ];
  for (const container of containers) {
    for (const source of container.envFrom ?? []) {
      add('secret', source.secretRef?.name);
      add('configmap', source.configMapRef?.name);
    }
    for (const variable of container.env ?? []) {
      add('secret', variable.valueFrom?.secretKeyRef?.name);
      add('configmap', variable.valueFrom?.configMapKeyRef?.name);
    }
  }
  for (const volume of spec.volumes ?? []) {
    add('secret', volume.secret?.secretName);
    add('secret', volume.csi?.nodePublishSecretRef?.name);
    add('secret', volume.iscsi?.secretRef?.name);
    add('secret', volume.azureFile?.secretName);
    for (const { secretRef } of [volume.cephfs, volume.flexVolume, volume.rbd, volume.scaleIO, volume.storageos].filter(
      (source) => source !== undefined,
    )) {
      add('secret', secretRef?.name);
    }
    add('configmap', volume.configMap?.name);
    add('pvc', volume.persistentVolumeClaim?.claimName);
    if (volume.ephemeral) add('pvc', `${pod.metadata?.name}-${volume.name}`);
    for (const source of volume.projected?.sources ?? []) {
      add('secret', source.secret?.name);
      add('configmap', source.configMap?.name);
    }
  }
  return found;
}
