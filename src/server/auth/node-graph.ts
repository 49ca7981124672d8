// Which objects the pods of each node refer to, kept up to date by each change of a pod.
// Upstream: plugin/pkg/auth/authorizer/node/graph.go.
import type { Pod } from 'kubernetes-types/core/v1.js';
import { MIRROR_ANNOTATION, type ReferenceKind, referencesOf } from '../../api/pod-references.ts';
import { Pods } from '../../api/resources.ts';
import { objectKey } from '../../api/types.ts';
import type { ClusterView } from './feed.ts';

const NO_REFERENCES: ReadonlySet<string> = new Set();

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
    // A mirror pod is written by its node: what it names must not open anything to that node.
    const isMirror = pod.metadata?.annotations?.[MIRROR_ANNOTATION] !== undefined;
    const references = isMirror ? NO_REFERENCES : referencesOf(pod);
    pods.set(objectKey(pod), { namespace: pod.metadata?.namespace ?? '', references });
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
    pod.metadata?.annotations?.[MIRROR_ANNOTATION] === old.metadata?.annotations?.[MIRROR_ANNOTATION] &&
    (pod.spec?.ephemeralContainers?.length ?? 0) === (old.spec?.ephemeralContainers?.length ?? 0)
  );
}
