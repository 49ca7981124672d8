// Who owns whom: the forest of owner references among the objects of a cluster, custom resources included. Only
// metadata is read to find the members; the members themselves are read afterwards, a list for each kind.
import { isNotFound } from '../api/status.ts';
import { resourcePath, type Unstructured } from '../api/types.ts';
import type { Mapping } from './builder/mapper.ts';
import type { Cluster } from './cluster.ts';
import { everyKind } from './every-kind.ts';

const METADATA = 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json';
/** Members of one kind that are read one by one; more are read as a list. */
const FEW = 5;

export interface OwnerNode {
  mapping: Mapping;
  /** Metadata only, until `readMembers`. */
  object: Unstructured;
  owners: OwnerNode[];
  children: OwnerNode[];
}

export interface OwnerForest {
  byUid: Map<string, OwnerNode>;
  /** Kinds that could not be listed. */
  hidden: string[];
}

/** Everything in the namespace, or everywhere without one. */
export async function ownerForest(cluster: Cluster, namespace: string | undefined): Promise<OwnerForest> {
  const kinds = await everyKind(cluster, namespace === undefined ? {} : { namespaced: true });
  const forest: OwnerForest = { byUid: new Map(), hidden: [] };
  const read = async (mapping: Mapping): Promise<void> => {
    try {
      const path = resourcePath(mapping, { namespace });
      const list = await cluster.json<{ items?: Unstructured[] }>('GET', path, { headers: { accept: METADATA } });
      for (const item of list.items ?? []) {
        const object = typed(mapping, item);
        const uid = object.metadata.uid ?? '';
        if (!forest.byUid.has(uid)) forest.byUid.set(uid, { mapping, object, owners: [], children: [] });
      }
    } catch {
      forest.hidden.push(mapping.plural);
    }
  };
  await Promise.all(kinds.map(read));
  for (const node of forest.byUid.values()) {
    for (const reference of node.object.metadata.ownerReferences ?? []) {
      const owner = forest.byUid.get(reference.uid);
      if (!owner || owner === node) continue;
      owner.children.push(node);
      node.owners.push(owner);
    }
  }
  for (const node of forest.byUid.values()) node.children.sort(byKindAndName);
  return forest;
}

const byKindAndName = (a: OwnerNode, b: OwnerNode): number => {
  const [x, y] = [`${a.mapping.kind} ${a.object.metadata.name}`, `${b.mapping.kind} ${b.object.metadata.name}`];
  return x < y ? -1 : x > y ? 1 : 0;
};

/** The owners of an object that nobody owns. An object may stand in several trees. */
export function rootsOf(node: OwnerNode, seen = new Set<OwnerNode>()): OwnerNode[] {
  if (seen.has(node)) return [];
  seen.add(node);
  return node.owners.length === 0 ? [node] : node.owners.flatMap((owner) => rootsOf(owner, seen));
}

/** Every node below and including these, each once. */
export function membersOf(roots: readonly OwnerNode[]): OwnerNode[] {
  const found = new Set<OwnerNode>();
  const visit = (node: OwnerNode): void => {
    if (found.has(node)) return;
    found.add(node);
    node.children.forEach(visit);
  };
  roots.forEach(visit);
  return [...found];
}

/** Puts whole objects in the place of their metadata. What has gone meanwhile leaves its owners; a root stays as it was seen. */
export async function readMembers(cluster: Cluster, members: readonly OwnerNode[]): Promise<void> {
  const byMapping = new Map<Mapping, OwnerNode[]>();
  for (const node of members) byMapping.set(node.mapping, [...(byMapping.get(node.mapping) ?? []), node]);
  const readKind = async ([mapping, nodes]: [Mapping, OwnerNode[]]): Promise<void> => {
    if (nodes.length <= FEW) {
      await Promise.all(nodes.map((node) => readOne(cluster, node)));
      return;
    }
    const namespaces = new Set(nodes.map((n) => n.object.metadata.namespace));
    const namespace = namespaces.size === 1 ? [...namespaces][0] : undefined;
    const list = await cluster.json<{ items?: Unstructured[] }>('GET', resourcePath(mapping, { namespace }));
    const byUid = new Map((list.items ?? []).map((object) => [object.metadata.uid, object]));
    for (const node of nodes) replace(node, byUid.get(node.object.metadata.uid));
  };
  await Promise.allSettled([...byMapping].map(readKind));
}

async function readOne(cluster: Cluster, node: OwnerNode): Promise<void> {
  const { name = '', namespace, uid } = node.object.metadata;
  try {
    const found = await cluster.json<Unstructured>('GET', resourcePath(node.mapping, { namespace, name }));
    replace(node, found.metadata.uid === uid ? found : undefined);
  } catch (error) {
    if (isNotFound(error)) replace(node, undefined);
  }
}

function replace(node: OwnerNode, found: Unstructured | undefined): void {
  if (found) node.object = typed(node.mapping, found);
  else for (const owner of node.owners) owner.children = owner.children.filter((child) => child !== node);
}

const typed = ({ group, version, kind }: Mapping, object: Unstructured): Unstructured => ({
  ...object,
  apiVersion: group ? `${group}/${version}` : version,
  kind,
});
