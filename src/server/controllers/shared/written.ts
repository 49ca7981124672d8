// Objects as one controller knows them: what the cache has, or what it has written itself where the cache does not show
// that yet. With one worker it never decides twice: not the four writes of a volume's binding, nor who gets a port.
// Upstream: storeObjectUpdate in pkg/controller/volume/persistentvolume/pv_controller_base.go.
import { type KubeObject, objectKey } from '../../../api/types.ts';
import type { Informer } from '../../../client/informer.ts';

const versionOf = (object: KubeObject): bigint => BigInt(object.metadata?.resourceVersion || '0');

export class Written<T extends KubeObject> {
  private readonly own = new Map<string, T>();

  constructor(private readonly informer: Informer<T>) {
    const seen = (object: T): void => {
      const key = objectKey(object);
      const written = this.own.get(key);
      if (written && versionOf(object) >= versionOf(written)) this.own.delete(key);
    };
    informer.addHandler({ add: seen, update: seen, delete: (object) => void this.own.delete(objectKey(object)) });
  }

  get(key: string): T | undefined {
    const cached = this.informer.lister.get(key);
    return this.newer(key, cached);
  }

  byIndex(index: string, value: string): T[] {
    const found = this.informer.lister.byIndex(index, value);
    return this.own.size === 0 ? found : found.map((object) => this.newer(objectKey(object), object) ?? object);
  }

  /** `object` is the server's answer to a write. */
  wrote(object: T): void {
    const key = objectKey(object);
    const cached = this.informer.lister.get(key);
    // What is not cached is new, or gone already: the watch will tell.
    if (cached && versionOf(cached) < versionOf(object)) this.own.set(key, object);
  }

  private newer(key: string, cached: T | undefined): T | undefined {
    const written = this.own.get(key);
    if (!cached || !written || written.metadata?.uid !== cached.metadata?.uid) return cached;
    return versionOf(written) > versionOf(cached) ? written : cached;
  }
}
