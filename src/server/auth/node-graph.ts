// Which objects the pods of each node refer to, kept up to date by each change of a pod.
// Upstream: plugin/pkg/auth/authorizer/node/graph.go and pkg/api/v1/pod/util.go (VisitPodSecretNames, …).
import type { Container, Pod } from 'kubernetes-types/core/v1.js';
import { Pods } from '../../api/resources.ts';
import { objectKey } from '../../api/types.ts';
import type { ClusterView } from './feed.ts';

export type ReferenceKind = 'secret' | 'configmap' | 'serviceaccount' | 'pvc';

export class NodeGraph {
  /** Node → pod key → `<kind>/<name>` in the pod's namespace. */
  private readonly nodes = new Map<string, Map<string, { namespace: string; references: ReadonlySet<string> }>>();

  follow(cluster: Pick<ClusterView, 'observe'>): () => void {
    return cluster.observe(Pods, (pod, old) => {
      // Status changes are most of what happens to pods, and nothing of what is kept here: of what a bound pod
      // refers to, only its ephemeral containers can change.
      if (pod && old && isSame(pod, old)) return;
      const before = old?.spec?.nodeName;
      if (old && before && before !== pod?.spec?.nodeName) this.remove(before, objectKey(old));
      if (!pod && old && before) this.remove(before, objectKey(old));
      const node = pod?.spec?.nodeName;
      if (pod && node) this.put(node, pod);
    });
  }

  private remove(node: string, key: string): void {
    const pods = this.nodes.get(node);
    pods?.delete(key);
    if (pods?.size === 0) this.nodes.delete(node);
  }

  private put(node: string, pod: Pod): void {
    let pods = this.nodes.get(node);
    if (!pods) this.nodes.set(node, (pods = new Map()));
    const key = objectKey(pod);
    pods.set(key, { namespace: pod.metadata?.namespace ?? '', references: referencesOf(pod) });
  }

  refers(node: string, kind: ReferenceKind, namespace: string, name: string): boolean {
    const pods = this.nodes.get(node);
    if (!pods) return false;
    const wanted = `${kind}/${name}`;
    for (const pod of pods.values()) if (pod.namespace === namespace && pod.references.has(wanted)) return true;
    return false;
  }

  hasPod(node: string, namespace: string, name: string): boolean {
    return this.nodes.get(node)?.has(`${namespace}/${name}`) ?? false;
  }
}

function isSame(pod: Pod, old: Pod): boolean {
  return (
    pod.metadata?.uid === old.metadata?.uid &&
    pod.spec?.nodeName === old.spec?.nodeName &&
    (pod.spec?.ephemeralContainers?.length ?? 0) === (old.spec?.ephemeralContainers?.length ?? 0)
  );
}

function referencesOf(pod: Pod): ReadonlySet<string> {
  const found = new Set<string>();
  const add = (kind: ReferenceKind, name: string | undefined): void => {
    if (name) found.add(`${kind}/${name}`);
  };
  const spec = pod.spec;
  if (!spec) return found;
  add('serviceaccount', spec.serviceAccountName);
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
