// The forest of owners while objects come and go between its two reads.
import { expect, it } from 'vitest';
import { StatusError, notFound } from '../../src/api/status.ts';
import type { Unstructured } from '../../src/api/types.ts';
import type { Mapping } from '../../src/cli/builder/mapper.ts';
import type { Cluster } from '../../src/cli/cluster.ts';
import { type OwnerNode, readMembers } from '../../src/cli/owners.ts';

const mapping = { group: '', version: 'v1', plural: 'pods', kind: 'Pod', namespaced: true } as Mapping;
const node = (name: string, uid = name): OwnerNode => ({
  mapping,
  object: { apiVersion: 'v1', kind: 'Pod', metadata: { name, uid, namespace: 'x' } },
  owners: [],
  children: [],
});
function owned(names: string[]): OwnerNode {
  const root = node('root');
  root.children = names.map((name) => ({ ...node(name), owners: [root] }));
  return root;
}
/** A server of pods by name, with their uids. */
function clusterOf(pods: Record<string, string>): Cluster {
  const json = async (_method: string, path: string): Promise<unknown> => {
    const name = path.split('/')[6];
    const object = (found: string): Unstructured => ({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: found, uid: pods[found]! },
      spec: { read: true },
    });
    if (name === undefined) return { items: Object.keys(pods).map(object) };
    if (name === 'secret') throw new StatusError('Forbidden', 'no');
    if (!Object.hasOwn(pods, name)) throw notFound({ group: '', plural: 'pods' }, name);
    return object(name);
  };
  return { json } as unknown as Cluster;
}
const children = (root: OwnerNode): string[] => root.children.map((c) => c.object.metadata.name!);

it.each([
  ['a few, read one by one', []],
  ['many, read as a list', ['a', 'b', 'c', 'd', 'e']],
])('who is gone leaves its owner: %s', async (_, others) => {
  const root = owned([...others, 'kept', 'gone', 'another']);
  const pods = Object.fromEntries([...others, 'root', 'kept'].map((name) => [name, name]));
  await readMembers(clusterOf({ ...pods, another: 'made anew' }), [root, ...root.children]);
  expect(children(root)).toEqual([...others, 'kept']);
  expect(root.children.at(-1)!.object).toHaveProperty('spec.read', true);
});

it('who may not be read stays as it was seen', async () => {
  const root = owned(['secret']);
  await readMembers(clusterOf({ root: 'root' }), [root, ...root.children]);
  expect(root.children[0]!.object).toEqual(node('secret').object);
});
