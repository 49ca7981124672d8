// Where pods with volumes may go: the plug-ins' verdicts as tables, and whole pods against a server in this process.
import type { PersistentVolume, PersistentVolumeClaim, Pod, Volume } from 'kubernetes-types/core/v1.js';
import type { CSIDriver, CSINode, CSIStorageCapacity, StorageClass } from 'kubernetes-types/storage/v1.js';
import { afterEach, describe, expect, it } from 'vitest';
import { hostPathClass } from '../../../src/api/host-path.ts';
import {
  CoreEvents,
  Nodes,
  PersistentVolumeClaims,
  PersistentVolumes,
  Pods,
  StatefulSets,
  StorageClasses,
} from '../../../src/api/resources.ts';
import type { KubeObject } from '../../../src/api/types.ts';
import { type TestCluster, eventually, startCluster } from '../controllers/cluster.ts';
import { pod as plainPod, statefulSet, template } from '../controllers/objects.ts';
import { bench, infoOf, makeNode } from './objects.ts';

const claim = (
  name: string,
  spec: Partial<PersistentVolumeClaim['spec']> = {},
  more: Partial<PersistentVolumeClaim['metadata']> = {},
  status: PersistentVolumeClaim['status'] = {},
): PersistentVolumeClaim => ({
  metadata: { name, namespace: 'default', uid: `uid-${name}`, ...more },
  spec: {
    accessModes: ['ReadWriteOnce'],
    resources: { requests: { storage: '1Gi' } },
    storageClassName: 'slow',
    ...spec,
  },
  status,
});
const bound = (name: string, volumeName: string, spec: Partial<PersistentVolumeClaim['spec']> = {}) =>
  claim(
    name,
    { volumeName, ...spec },
    { annotations: { 'pv.kubernetes.io/bind-completed': 'yes' } },
    { phase: 'Bound' },
  );
const affinity = (...hosts: string[]) => ({
  required: {
    nodeSelectorTerms: [{ matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: hosts }] }],
  },
});
const volume = (
  name: string,
  spec: Partial<PersistentVolume['spec']> = {},
  metadata: PersistentVolume['metadata'] = {},
): PersistentVolume => ({
  metadata: { name, ...metadata },
  spec: {
    accessModes: ['ReadWriteOnce'],
    capacity: { storage: '1Gi' },
    storageClassName: 'slow',
    local: { path: '/x' },
    ...spec,
  },
  status: { phase: 'Available' },
});
const storageClass = (name: string, more: Partial<StorageClass> = {}): StorageClass => ({
  metadata: { name },
  provisioner: 'kubernetes.io/no-provisioner',
  volumeBindingMode: 'WaitForFirstConsumer',
  ...more,
});
const uses = (...names: string[]): Volume[] =>
  names.map((name) => ({ name, persistentVolumeClaim: { claimName: name } }));
const nodes = [
  makeNode('a', { labels: { 'topology.kubernetes.io/zone': 'z1' } }),
  makeNode('b', { labels: { 'topology.kubernetes.io/zone': 'z2' } }),
];

interface Objects {
  claims?: PersistentVolumeClaim[];
  volumes?: PersistentVolume[];
  classes?: StorageClass[];
  csiNodes?: CSINode[];
  drivers?: CSIDriver[];
  capacities?: CSIStorageCapacity[];
}
const objectsOf = ({
  claims,
  volumes,
  classes,
  csiNodes,
  drivers,
  capacities,
}: Objects): Record<string, KubeObject[]> => ({
  PersistentVolumeClaim: claims ?? [],
  PersistentVolume: volumes ?? [],
  StorageClass: classes ?? [],
  CSINode: csiNodes ?? [],
  CSIDriver: drivers ?? [],
  CSIStorageCapacity: capacities ?? [],
});
const place = (volumes: Volume[], objects: Objects, others: [string, Volume[]][] = []) => {
  const { cache, schedule } = bench(nodes, undefined, 0, objectsOf(objects));
  others.forEach(([node, used], i) => cache.setPod(infoOf(`other-${i}`, { spec: { volumes: used } }), node));
  const outcome = schedule(infoOf('p', { spec: { volumes } }));
  if (typeof outcome === 'string') return outcome;
  return outcome.preFilter ?? outcome.rejections;
};
const slow = [storageClass('slow')];
const fast = [storageClass('slow', { provisioner: 'example.com/fast' })];
const both = (why: string) => ({ a: why, b: why });
const CONFLICT = 'unresolvable: node(s) had volume node affinity conflict';
const NONE = "unresolvable: node(s) didn't find available persistent volumes to bind";

describe('a pod with claims', () => {
  it.each<[string, Volume[], Objects, unknown]>([
    ['no claims', [{ name: 'e', emptyDir: {} }], {}, 'a'],
    ['a claim that is not there', uses('x'), {}, 'persistentvolumeclaim "x" not found'],
    [
      'an ephemeral claim that is not there yet',
      [{ name: 'e', ephemeral: {} }],
      {},
      'waiting for ephemeral volume controller to create the persistentvolumeclaim "p-e"',
    ],
    [
      'one that is going',
      uses('x'),
      { claims: [claim('x', {}, { deletionTimestamp: 'now' as never })], classes: slow },
      'persistentvolumeclaim "x" is being deleted',
    ],
    [
      'one that has lost its volume',
      uses('x'),
      { claims: [claim('x', { volumeName: 'v' }, {}, { phase: 'Lost' })], classes: slow, volumes: [volume('v')] },
      'persistentvolumeclaim "x" bound to non-existent persistentvolume "v"',
    ],
    [
      'one that is to be bound at once',
      uses('x'),
      { claims: [claim('x')], classes: [storageClass('slow', { volumeBindingMode: 'Immediate' })], volumes: [] },
      'pod has unbound immediate PersistentVolumeClaims',
    ],
    [
      'a bound one goes where its volume is',
      uses('x'),
      { claims: [bound('x', 'v')], volumes: [volume('v', { nodeAffinity: affinity('a') })] },
      'a',
    ],
    [
      'a bound one whose volume is nowhere',
      uses('x'),
      { claims: [bound('x', 'v')], volumes: [volume('v', { nodeAffinity: affinity('c') })] },
      both(CONFLICT),
    ],
    [
      'a volume of a zone',
      uses('x'),
      {
        claims: [bound('x', 'v')],
        volumes: [volume('v', {}, { labels: { 'topology.kubernetes.io/zone': 'z1__z3' } })],
      },
      'a',
    ],
    [
      'a volume of another zone',
      uses('x'),
      {
        claims: [bound('x', 'v')],
        volumes: [volume('v', {}, { labels: { 'failure-domain.beta.kubernetes.io/zone': 'z9' } })],
      },
      both('unresolvable: node(s) had no available volume zone'),
    ],
    [
      'waits for its pod, and there is a free volume',
      uses('x'),
      { claims: [claim('x')], classes: slow, volumes: [volume('v', { nodeAffinity: affinity('a') })] },
      'a',
    ],
    ['waits, and there is none', uses('x'), { claims: [claim('x')], classes: slow }, both(NONE)],
    ['waits, and one will be made', uses('x'), { claims: [claim('x')], classes: fast }, 'a'],
    [
      'one will be made, but not here',
      uses('x'),
      {
        claims: [claim('x')],
        classes: [
          storageClass('slow', {
            provisioner: 'example.com/fast',
            allowedTopologies: [
              { matchLabelExpressions: [{ key: 'topology.kubernetes.io/zone', values: ['z1', 'z7'] }] },
            ],
          }),
        ],
      },
      'a',
    ],
    [
      'one is being made for another pod',
      uses('x'),
      {
        claims: [claim('x', {}, { annotations: { 'volume.kubernetes.io/selected-node': 'a' } })],
        classes: fast,
      },
      'a',
    ],
    [
      'two that wait do not get the same volume',
      uses('x', 'y'),
      { claims: [claim('x'), claim('y')], classes: slow, volumes: [volume('v')] },
      both(NONE),
    ],
    [
      'the larger of two finds what the smaller left',
      uses('x', 'y'),
      {
        claims: [claim('x', { resources: { requests: { storage: '4Gi' } } }), claim('y')],
        classes: slow,
        volumes: [volume('v', { capacity: { storage: '5Gi' } }), volume('w')],
      },
      'a',
    ],
  ])('%s', (_what, volumes, objects, expected) => {
    expect(place(volumes, objects)).toEqual(expected);
  });

  // The cases of upstream's TestCapacity and of its hasEnoughCapacity.
  const driver = (storageCapacity?: boolean): CSIDriver => ({
    metadata: { name: 'example.com/fast' },
    spec: storageCapacity === undefined ? {} : { storageCapacity },
  });
  const room = (more: Partial<CSIStorageCapacity> = {}): CSIStorageCapacity => ({
    metadata: { name: 'c', namespace: 'default' },
    storageClassName: 'slow',
    nodeTopology: {},
    capacity: '6Gi',
    ...more,
  });
  const zone = (value: string) => ({ matchLabels: { 'topology.kubernetes.io/zone': value } });
  const FULL = both('unresolvable: node(s) did not have enough free storage');
  it.each<[string, CSIDriver[], CSIStorageCapacity[], unknown]>([
    ['nothing published, and no driver', [], [], 'a'],
    ['nothing published, by a driver that does not', [driver()], [], 'a'],
    ['nothing published, by a driver that does', [driver(true)], [], FULL],
    ['room that is published', [driver(true)], [room()], 'a'],
    ['room of another class', [driver(true)], [room({ storageClassName: 'other' })], FULL],
    ['too little room', [driver(true)], [room({ capacity: '1Mi' })], FULL],
    ['exactly enough', [driver(true)], [room({ capacity: '1Gi' })], 'a'],
    ['room, but for smaller volumes', [driver(true)], [room({ maximumVolumeSize: '1Mi' })], FULL],
    ['little left, but for large volumes', [driver(true)], [room({ capacity: '0', maximumVolumeSize: '2Gi' })], 'a'],
    ['room that nothing is said of', [driver(true)], [{ metadata: { name: 'c' }, storageClassName: 'slow', nodeTopology: {} }], FULL], // prettier-ignore
    ['room that no node reaches', [driver(true)], [{ metadata: { name: 'c' }, storageClassName: 'slow', capacity: '6Gi' }], FULL], // prettier-ignore
    ['room on some nodes', [driver(true)], [room({ nodeTopology: zone('z2') })], 'b'],
    ['too little where somebody asks for it', [driver(false)], [room({ capacity: '0' })], 'a'],
  ])('goes where its volume can be made: %s', (_what, drivers, capacities, expected) => {
    const made = { claims: [claim('x')], classes: fast, drivers, capacities };
    expect(place(uses('x'), made)).toEqual(expected);
  });

  it('has a claim of ReadWriteOncePod to itself', () => {
    const alone = bound('x', 'v', { accessModes: ['ReadWriteOncePod'] });
    const objects = { claims: [alone], volumes: [volume('v')] };
    const why =
      'unschedulable: node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode';
    expect(place(uses('x'), objects)).toBe('a');
    expect(place(uses('x'), objects, [['a', uses('x')]])).toEqual(both(why));
    const shared = { claims: [bound('x', 'v')], volumes: [volume('v')] };
    expect(place(uses('x'), shared, [['a', uses('x')]])).toBe('b');
  });

  it('shares no disk that one machine alone may have', () => {
    const disk = (readOnly: boolean): Volume[] => [{ name: 'd', gcePersistentDisk: { pdName: 'disk', readOnly } }];
    expect(place(disk(false), {}, [['b', disk(false)]])).toBe('a');
    const why = 'unschedulable: node(s) had no available disk';
    expect(place(disk(true), {}, [['a', disk(false)], ['b', disk(false)]])).toEqual(both(why)); // prettier-ignore
    expect(place(disk(true), {}, [['a', disk(true)], ['b', disk(true)]])).toBe('a'); // prettier-ignore
  });

  it('keeps to the number of volumes that a driver can attach', () => {
    const csi = (name: string, handle: string) =>
      volume(name, { csi: { driver: 'example.com/csi', volumeHandle: handle } });
    const limit = (name: string): CSINode => ({
      metadata: { name },
      spec: { drivers: [{ name: 'example.com/csi', nodeID: name, allocatable: { count: 1 } }] },
    });
    const objects = {
      claims: [bound('x', 'v'), bound('y', 'w'), bound('z', 'w')],
      volumes: [csi('v', '1'), csi('w', '2')],
      csiNodes: [limit('a'), limit('b')],
    };
    expect(place(uses('x'), objects)).toBe('a');
    expect(place(uses('x'), objects, [['b', uses('y')]])).toBe('a');
    // The same volume counts once.
    expect(place(uses('z'), objects, [['b', uses('y')], ['a', uses('x')]])).toBe('b'); // prettier-ignore
    const why = 'unschedulable: node(s) exceed max volume count';
    expect(place(uses('x'), objects, [['a', uses('y')], ['b', uses('z')]])).toEqual(both(why)); // prettier-ignore
  });
});

describe('in a cluster', () => {
  let cluster: TestCluster;
  afterEach(() => cluster.stop());
  const at = (name: string) => ({ name, namespace: 'default' });
  const unowned = ({ metadata, spec }: PersistentVolumeClaim) => {
    const { uid: _uid, ...rest } = metadata ?? {};
    return cluster.client.create(PersistentVolumeClaims, { metadata: rest, spec });
  };
  const running = (name: string): Promise<Pod> =>
    eventually(`${name} runs`, async () => {
      const found = await cluster.client.get(Pods, at(name));
      return found.status?.phase === 'Running' && found;
    });
  const events = async (name: string) =>
    (await cluster.client.list(CoreEvents)).items
      .filter((e) => e.involvedObject.name === name)
      .map((e) => `${e.reason} ${e.message}`);

  it('a stateful set gets a volume for each pod, which stays where it is', async () => {
    cluster = await startCluster({ nodes: 3 });
    const { client } = cluster;
    await client.create(StorageClasses, hostPathClass(true));
    const volumeClaimTemplates = [
      { metadata: { name: 'data' }, spec: { ...claim('').spec!, storageClassName: 'host-path' } },
    ];
    await client.create(StatefulSets, statefulSet('web', 3, { volumeClaimTemplates, podManagementPolicy: 'Parallel' }));
    const first = await Promise.all(['web-0', 'web-1', 'web-2'].map(running));
    const nodeOf = new Map(first.map((p) => [p.metadata?.name, p.spec?.nodeName]));
    const made = (await client.list(PersistentVolumes)).items;
    expect(made.map((v) => v.metadata?.labels?.['sampan.io/node']).sort()).toEqual([...nodeOf.values()].sort());
    await client.delete(Pods, at('web-1'));
    await eventually('web-1 is another', async () => {
      const now = await client.get(Pods, at('web-1'));
      return now.metadata?.uid !== first[1]!.metadata?.uid && now.status?.phase === 'Running';
    });
    expect((await client.get(Pods, at('web-1'))).spec?.nodeName).toBe(nodeOf.get('web-1'));
    expect((await client.list(PersistentVolumes)).items).toHaveLength(3);
  });

  it('pods take free volumes where they are, each its own, and wait when there are no more', async () => {
    cluster = await startCluster({ nodes: 2 });
    const { client } = cluster;
    await client.create(StorageClasses, storageClass('slow'));
    for (const i of [0, 1]) {
      await client.create(PersistentVolumes, volume(`v${i}`, { nodeAffinity: affinity('simulated-1') }));
    }
    for (const i of [0, 1, 2]) {
      await unowned(claim(`c${i}`));
      await client.create(Pods, plainPod(`p${i}`, { spec: { volumes: uses(`c${i}`) } }));
    }
    const waiting = await eventually('one waits', async () => {
      const { items } = await client.list(Pods);
      const left = items.filter((p) => !p.spec?.nodeName);
      return (
        left.length === 1 && (await events(left[0]!.metadata!.name!)).some((e) => e.startsWith('Failed')) && left[0]
      );
    });
    expect((await events(waiting.metadata!.name!))[0]).toContain(
      "FailedScheduling 0/2 nodes are available: 2 node(s) didn't find available persistent volumes to bind.",
    );
    await client.create(PersistentVolumes, volume('late', { nodeAffinity: affinity('simulated-0') }));
    expect((await running(waiting.metadata!.name!)).spec?.nodeName).toBe('simulated-0');
    const { items } = await client.list(PersistentVolumeClaims);
    expect(new Set(items.map((c) => c.spec?.volumeName))).toEqual(new Set(['v0', 'v1', 'late']));
  });

  it('an ephemeral volume comes and goes with its pod', async () => {
    cluster = await startCluster({ nodes: 1 });
    const { client } = cluster;
    await client.create(StorageClasses, hostPathClass(true));
    const volumeClaimTemplate = { spec: { ...claim('').spec!, storageClassName: 'host-path' } };
    const ephemeral: Volume = { name: 'scratch', ephemeral: { volumeClaimTemplate } };
    await client.create(Pods, plainPod('p', { spec: { volumes: [ephemeral] } }));
    await running('p');
    const made = await client.get(PersistentVolumeClaims, at('p-scratch'));
    expect(made.metadata?.ownerReferences?.[0]).toMatchObject({ kind: 'Pod', name: 'p', controller: true });
    await client.delete(Pods, at('p'));
    await eventually('all is gone', async () => {
      const left = [(await client.list(PersistentVolumeClaims)).items, (await client.list(PersistentVolumes)).items];
      return left.every((list) => list.length === 0);
    });
  });

  it('a node that keeps no volumes is told of, and another is tried', async () => {
    cluster = await startCluster({ nodes: 0 });
    const { client } = cluster;
    await client.create(StorageClasses, hostPathClass(true));
    await client.create(Nodes, makeNode('foreign'));
    await unowned(claim('c', { storageClassName: 'host-path' }));
    await client.create(Pods, plainPod('p', { spec: { ...template().spec!, volumes: uses('c') } }));
    await eventually('it is told', async () =>
      (await events('c')).includes(
        'ProvisioningFailed failed to provision volume with StorageClass "host-path": node "foreign" keeps no host path volumes',
      ),
    );
    await client.patch(Nodes, { name: 'foreign' }, 'merge', { spec: { unschedulable: true } });
    cluster.startNodes({ names: ['able'] });
    expect((await running('p')).spec?.nodeName).toBe('able');
  });
});
