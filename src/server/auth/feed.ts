// What auth reads of the cluster: point reads, and changes for its indexes. The API server's watch cache satisfies both.
import type { KubeObject, ResourceType } from '../../api/types.ts';

export interface ClusterView {
  /** A frozen object from the watch cache. */
  get<T extends KubeObject>(type: ResourceType<T>, namespace: string | undefined, name: string): T | undefined;
  /** As ApiServer.observe: all that is there, then each change. */
  observe<T extends KubeObject>(
    type: ResourceType<T>,
    onChange: (object: T | undefined, old: T | undefined) => void,
  ): () => void;
}
