// Owner references: who controls an object, making a reference, and the index that finds what an owner controls.
// Upstream: apimachinery/pkg/apis/meta/v1/controller_ref.go, pkg/controller/controller_utils.go (PodControllerIndex).
import { type KubeObject, type OwnerReference, type ResourceType, apiVersionOf } from '../../../api/types.ts';
import type { Informer, Lister } from '../../../client/informer.ts';

export function controllerOf(object: KubeObject): OwnerReference | undefined {
  return object.metadata?.ownerReferences?.find((r) => r.controller === true);
}

export const isControlledBy = (object: KubeObject, owner: KubeObject): boolean =>
  controllerOf(object)?.uid === owner.metadata?.uid;

/** A controlling reference, as upstream's NewControllerRef makes it. */
export function newControllerRef(type: ResourceType<unknown>, owner: KubeObject): OwnerReference {
  return {
    apiVersion: apiVersionOf(type),
    kind: type.kind,
    name: owner.metadata?.name ?? '',
    uid: owner.metadata?.uid ?? '',
    controller: true,
    blockOwnerDeletion: true,
  };
}

const INDEX = 'controller';
const indexed = new WeakSet<object>();

/** Indexes a kind by its controller's uid, and what has none by namespace. Safe to call many times. */
export function indexByController<T extends KubeObject>(informer: Informer<T>): Lister<T> {
  if (!indexed.has(informer)) {
    indexed.add(informer);
    informer.addIndex(INDEX, (object) => {
      const owner = controllerOf(object);
      return [owner ? owner.uid : `orphan/${object.metadata?.namespace ?? ''}`];
    });
  }
  return informer.lister;
}

/** What this owner controls, then what nobody controls in its namespace. Needs indexByController. */
export function controlledOrOrphan<T extends KubeObject>(lister: Lister<T>, owner: KubeObject): T[] {
  const { uid, namespace } = owner.metadata ?? {};
  return [...lister.byIndex(INDEX, uid ?? ''), ...lister.byIndex(INDEX, `orphan/${namespace ?? ''}`)];
}

export function controlledBy<T extends KubeObject>(lister: Lister<T>, uid: string): T[] {
  return lister.byIndex(INDEX, uid);
}
