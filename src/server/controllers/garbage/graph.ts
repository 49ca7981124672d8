// Who owns whom, by uid, as the watches tell it. An owner that is only known from references is virtual until a watch
// or a live look-up says what it is. Upstream: pkg/controller/garbagecollector/{graph,graph_builder}.go. No I/O.
import type { KubeObject, OwnerReference, ResourceType } from '../../../api/types.ts';

export const FOREGROUND = 'foregroundDeletion';
export const ORPHAN = 'orphan';

export interface GraphNode {
  uid: string;
  /** Undefined for a virtual node whose kind the server does not have (or not yet). */
  type: ResourceType<KubeObject> | undefined;
  namespace: string | undefined;
  name: string;
  owners: readonly OwnerReference[];
  readonly dependents: Set<GraphNode>;
  beingDeleted: boolean;
  /** It waits for its dependents to go (foreground deletion). */
  deletingDependents: boolean;
  virtual: boolean;
}

/** What has to be looked at after a change. */
export interface Consequences {
  /** Uids whose owners have to be checked. */
  check: Set<string>;
  /** Uids whose dependents have to be orphaned. */
  orphan: Set<string>;
}

export type TypeOf = (reference: OwnerReference) => ResourceType<KubeObject> | undefined;

const none: readonly OwnerReference[] = [];

export class Graph {
  private readonly nodes = new Map<string, GraphNode>();
  private readonly typeOf: TypeOf;

  /** `typeOf` finds the resource of a reference. */
  constructor(typeOf: TypeOf) {
    this.typeOf = typeOf;
  }

  get(uid: string): GraphNode | undefined {
    return this.nodes.get(uid);
  }

  get size(): number {
    return this.nodes.size;
  }

  /** An object was added or changed. */
  apply(type: ResourceType<KubeObject>, object: KubeObject): Consequences {
    const {
      uid = '',
      ownerReferences = none,
      deletionTimestamp,
      finalizers = [],
      namespace,
      name = '',
    } = object.metadata ?? {};
    const consequences: Consequences = { check: new Set(), orphan: new Set() };
    let node = this.nodes.get(uid);
    if (!node) {
      node = this.insert({ uid, type, namespace, name, virtual: false });
      this.link(node, ownerReferences, consequences);
    } else {
      const first = node.virtual;
      Object.assign(node, { type, namespace, name, virtual: false });
      this.relink(node, ownerReferences, consequences);
      // Now that it is known where the owner is, references that name another place turn out to be wrong.
      if (first) for (const d of node.dependents) if (misplaced(d, node)) consequences.check.add(d.uid);
    }
    if (!deletionTimestamp) return consequences;
    node.beingDeleted = true;
    if (finalizers.includes(ORPHAN)) consequences.orphan.add(uid);
    if (finalizers.includes(FOREGROUND)) {
      if (!node.deletingDependents) for (const dependent of node.dependents) consequences.check.add(dependent.uid);
      node.deletingDependents = true;
      consequences.check.add(uid);
    }
    return consequences;
  }

  /** An object is gone: dependents lost an owner, waiting owners lost a dependent. */
  remove(uid: string): Consequences {
    const consequences: Consequences = { check: new Set(), orphan: new Set() };
    const node = this.nodes.get(uid);
    // A kind that is served twice tells everything twice.
    if (!node || node.virtual) return consequences;
    this.nodes.delete(uid);
    for (const dependent of node.dependents) consequences.check.add(dependent.uid);
    for (const { uid: owner } of node.owners) this.unlink(node, owner, consequences);
    // Dependents still name it: they keep a virtual owner, so that their own changes are noticed.
    if (node.dependents.size > 0) {
      const ghost = this.insert({ uid, type: node.type, namespace: node.namespace, name: node.name, virtual: true });
      for (const dependent of node.dependents) ghost.dependents.add(dependent);
    }
    return consequences;
  }

  private insert(identity: Pick<GraphNode, 'uid' | 'type' | 'namespace' | 'name' | 'virtual'>): GraphNode {
    const node: GraphNode = {
      ...identity,
      owners: none,
      dependents: new Set(),
      beingDeleted: false,
      deletingDependents: false,
    };
    this.nodes.set(node.uid, node);
    return node;
  }

  private link(node: GraphNode, owners: readonly OwnerReference[], { check }: Consequences): void {
    node.owners = owners;
    for (const reference of owners) {
      let owner = this.nodes.get(reference.uid);
      if (!owner) {
        const type = this.typeOf(reference);
        const namespace = type?.namespaced === false ? undefined : node.namespace;
        owner = this.insert({ uid: reference.uid, type, namespace, name: reference.name, virtual: true });
        check.add(owner.uid);
      }
      owner.dependents.add(node);
      if (owner.deletingDependents || misplaced(node, owner)) check.add(node.uid);
    }
  }

  private relink(node: GraphNode, owners: readonly OwnerReference[], consequences: Consequences): void {
    const before = node.owners;
    if (before === owners || (before.length === 0 && owners.length === 0)) return;
    for (const { uid } of before) if (!owners.some((o) => o.uid === uid)) this.unlink(node, uid, consequences);
    // One that no longer blocks may be what its owner waits for.
    for (const old of before) {
      const now = owners.find((o) => o.uid === old.uid);
      if (old.blockOwnerDeletion && now && !now.blockOwnerDeletion) consequences.check.add(old.uid);
    }
    const added = owners.some((o) => !before.some((b) => b.uid === o.uid));
    this.link(node, owners, consequences);
    if (added || owners.length < before.length) consequences.check.add(node.uid);
  }

  private unlink(node: GraphNode, ownerUid: string, { check }: Consequences): void {
    const owner = this.nodes.get(ownerUid);
    if (!owner) return;
    owner.dependents.delete(node);
    if (owner.deletingDependents) check.add(ownerUid);
    if (owner.virtual && owner.dependents.size === 0) this.nodes.delete(ownerUid);
  }
}

/** The reference has the uid of an owner that is elsewhere or has another name: only a live look-up can judge it. */
function misplaced(dependent: GraphNode, owner: GraphNode): boolean {
  if (owner.virtual || !owner.type) return false;
  const reference = dependent.owners.find((o) => o.uid === owner.uid);
  const namespace = owner.type.namespaced ? dependent.namespace : undefined;
  return reference?.name !== owner.name || reference.kind !== owner.type.kind || namespace !== owner.namespace;
}

/** Dependents that an owner in foreground deletion must wait for. */
export const blockingDependents = (node: GraphNode): GraphNode[] =>
  [...node.dependents].filter((dependent) =>
    dependent.owners.some((o) => o.uid === node.uid && o.blockOwnerDeletion === true),
  );
