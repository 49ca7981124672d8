// Synchronous reads of the caches for admission, authorizers and hooks, and the same past the caches.
import type { KubeObject, List, ResourceType } from '../../api/types.ts';
import type { AdmissionContext, Lister } from '../admission/types.ts';
import { freeze } from './cache/encoding.ts';
import type { Feed } from './cache/feed.ts';
import type { Registry, StoredKind } from './registry.ts';

const kindOf = (registry: Registry, type: ResourceType<never>): StoredKind | undefined => registry.forType(type);

export function cacheLister(registry: Registry): Lister {
  return {
    get<T extends KubeObject>(type: ResourceType<T>, namespace: string | undefined, name: string): T | undefined {
      const kind = kindOf(registry, type as never);
      return kind?.cache.get(namespace ? `${namespace}/${name}` : name)?.object() as T | undefined;
    },
    list<T extends KubeObject>(type: ResourceType<T>, namespace?: string): readonly T[] {
      const kind = kindOf(registry, type as never);
      if (!kind) return [];
      const objects: T[] = [];
      for (const entry of kind.cache.range(namespace)) objects.push(entry.object() as KubeObject as T);
      return objects;
    },
  };
}

/** The caches once they show all that is acknowledged: as good as reading the store. */
export function liveReads(feed: Feed, lister: Lister): Pick<AdmissionContext, 'live' | 'liveList'> {
  return {
    async live(type, namespace, name) {
      await feed.fresh();
      return lister.get(type, namespace, name);
    },
    async liveList<T extends KubeObject>(type: ResourceType<T>, namespace?: string): Promise<List<T>> {
      await feed.fresh();
      const apiVersion = type.group === '' ? type.version : `${type.group}/${type.version}`;
      const items = [...lister.list(type, namespace)];
      return { kind: `${type.kind}List`, apiVersion, metadata: { resourceVersion: String(feed.revision) }, items };
    },
  };
}

/** See AdmissionContext.observe and ApiServer.observe. */
export function observer(registry: Registry): AdmissionContext['observe'] {
  return <T extends KubeObject>(
    type: ResourceType<T>,
    onChange: (object: T | undefined, old: T | undefined) => void,
    onEnd: () => void = () => {},
  ): (() => void) => {
    const kind = kindOf(registry, type as never);
    // A server that was given only some kinds has nothing to tell of the others.
    if (!kind) return () => {};
    for (const entry of kind.cache.range(undefined)) onChange(freeze(entry.glance()) as KubeObject as T, undefined);
    return kind.cache.listen({
      onEvent({ type: what, entry, previous }) {
        const old = previous?.bare() as KubeObject as T | undefined;
        onChange(what === 'put' ? (entry.bare() as KubeObject as T) : undefined, old);
      },
      onClose: onEnd,
    });
  };
}
