// A cluster view over plain objects, for tests of what follows the watch cache.
import { type KubeObject, type ResourceType, objectKey } from '../../../src/api/types.ts';
import type { ClusterView } from '../../../src/server/auth/feed.ts';

type Observer = (object: KubeObject | undefined, old: KubeObject | undefined) => void;

export class TestCluster implements ClusterView {
  private readonly kinds = new Map<string, { objects: Map<string, KubeObject>; observers: Set<Observer> }>();

  private of(type: ResourceType<unknown>) {
    let kind = this.kinds.get(type.plural);
    if (!kind) this.kinds.set(type.plural, (kind = { objects: new Map(), observers: new Set() }));
    return kind;
  }
  get<T extends KubeObject>(type: ResourceType<T>, namespace: string | undefined, name: string): T | undefined {
    return this.of(type).objects.get(namespace ? `${namespace}/${name}` : name) as T | undefined;
  }
  observe<T extends KubeObject>(type: ResourceType<T>, onChange: (o: T | undefined, old: T | undefined) => void) {
    const kind = this.of(type);
    for (const object of kind.objects.values()) onChange(object as T, undefined);
    kind.observers.add(onChange as Observer);
    return () => void kind.observers.delete(onChange as Observer);
  }
  put<T extends KubeObject>(type: ResourceType<T>, object: T): void {
    const kind = this.of(type);
    const old = kind.objects.get(objectKey(object));
    kind.objects.set(objectKey(object), object);
    for (const observer of kind.observers) observer(object, old);
  }
  delete<T extends KubeObject>(type: ResourceType<T>, key: string): void {
    const kind = this.of(type);
    const old = kind.objects.get(key);
    kind.objects.delete(key);
    for (const observer of kind.observers) observer(undefined, old);
  }
}
