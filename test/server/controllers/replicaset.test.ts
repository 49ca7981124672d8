// ReplicaSets: which pods go first, adoption, status, and restarts of the controller.
import { afterEach, describe, expect, it } from 'vitest';
import type { Pod } from 'kubernetes-types/core/v1.js';
import { CoreEvents, Pods, ReplicaSets } from '../../../src/api/resources.ts';
import { podsToDelete } from '../../../src/server/controllers/replicaset/ranking.ts';
import { replicaSetStatus } from '../../../src/server/controllers/replicaset/status.ts';
import { decideClaim } from '../../../src/server/controllers/shared/claim.ts';
import { EXPECTATIONS_TIMEOUT_MS, Expectations } from '../../../src/server/controllers/shared/expectations.ts';
import { slowStartBatch } from '../../../src/server/controllers/shared/objects.ts';
import { nextAvailabilityMs } from '../../../src/server/controllers/shared/pods.ts';
import { FakeClock } from './clock.ts';
import { type TestCluster, eventually, startCluster } from './cluster.ts';
import { pod, replicaSet, template } from './objects.ts';

const NOW = Date.parse('2026-01-01T12:00:00Z');
const before = (seconds: number) => new Date(NOW - seconds * 1000).toISOString();

interface RankOptions {
  node?: string;
  phase?: string;
  readyFor?: number;
  cost?: string;
  restarts?: number;
  age?: number;
}
function ranked(name: string, { node, phase = 'Running', readyFor, cost, restarts = 0, age = 1000 }: RankOptions): Pod {
  return {
    metadata: {
      name,
      uid: name,
      creationTimestamp: before(age),
      ...(cost === undefined ? {} : { annotations: { 'controller.kubernetes.io/pod-deletion-cost': cost } }),
    },
    spec: { containers: [], ...(node ? { nodeName: node } : {}) },
    status: {
      phase,
      conditions:
        readyFor === undefined ? [] : [{ type: 'Ready', status: 'True', lastTransitionTime: before(readyFor) }],
      containerStatuses: [{ name: 'c', restartCount: restarts } as never],
    },
  };
}

describe('the pods that go first', () => {
  const first = (a: RankOptions, b: RankOptions, related?: Pod[]) => {
    const pods = [ranked('a', a), ranked('b', b)];
    return podsToDelete(pods, related ?? pods, 1, NOW)[0]?.metadata?.name;
  };
  const fine = { node: 'n', readyFor: 100 };

  it.each<[string, RankOptions, RankOptions]>([
    ['are not placed', {}, { node: 'n' }],
    ['are pending', { node: 'n', phase: 'Pending' }, { node: 'n' }],
    ['are unknown', { node: 'n', phase: 'Unknown' }, { node: 'n' }],
    ['are not ready', { node: 'n' }, fine],
    ['cost less', { ...fine, cost: '-5' }, fine],
    ['have been ready for much shorter', { ...fine, readyFor: 10 }, fine],
    ['restarted more often', { ...fine, restarts: 3 }, fine],
    ['are much younger', { ...fine, age: 10 }, fine],
    ['are unready however cheap the other', { node: 'n', cost: '9' }, { ...fine, cost: '-9' }],
  ])('%s', (_what, a, b) => {
    expect(first(a, b)).toBe('a');
    expect(first(b, a)).toBe('b');
  });

  it('are on crowded nodes', () => {
    const related = [ranked('x', { node: 'crowded' }), ranked('y', { node: 'crowded' }), ranked('z', { node: 'n' })];
    expect(first({ ...fine, node: 'n' }, { ...fine, node: 'crowded' }, related)).toBe('b');
  });

  it('are taken by uid when ages are alike', () => {
    expect(first({ ...fine, readyFor: 100 }, { ...fine, readyFor: 101 })).toBe('a');
    expect(first({ ...fine, readyFor: 101 }, { ...fine, readyFor: 100 })).toBe('a');
  });
});

describe('claims', () => {
  const owner = { metadata: { name: 'o', uid: 'o' } };
  const going = { metadata: { ...owner.metadata, deletionTimestamp: 'now' } };
  const of = (uid: string) => ({
    metadata: { ownerReferences: [{ apiVersion: 'v1', kind: 'X', name: 'x', uid, controller: true }] },
  });
  it.each([
    ['its own', owner, of('o'), true, 'keep'],
    ['its own that no longer matches', owner, of('o'), false, 'release'],
    ['its own that no longer matches, while it goes', going, of('o'), false, 'ignore'],
    ['somebody else’s', owner, of('x'), true, 'ignore'],
    ['an orphan', owner, { metadata: {} }, true, 'adopt'],
    ['an orphan, while it goes', going, { metadata: {} }, true, 'ignore'],
    ['an orphan that goes', owner, { metadata: { deletionTimestamp: 'now' } }, true, 'ignore'],
    ['a stranger', owner, { metadata: {} }, false, 'ignore'],
  ])('%s', (_what, o, object, matches, wanted) => expect(decideClaim(o, object, matches)).toBe(wanted));
});

describe('expectations', () => {
  it('are met by what was seen, or by time', async () => {
    const clock = new FakeClock();
    const expectations = new Expectations(clock);
    expect(expectations.satisfied('rs')).toBe(true);
    expectations.expectCreations('rs', 2);
    expectations.creationObserved('rs');
    expect(expectations.satisfied('rs')).toBe(false);
    expectations.creationObserved('rs');
    expect(expectations.satisfied('rs')).toBe(true);
    expectations.expectDeletions('rs', ['a', 'b']);
    expectations.deletionObserved('rs', 'a');
    expectations.deletionObserved('rs', 'a');
    expect(expectations.satisfied('rs')).toBe(false);
    await clock.advance(EXPECTATIONS_TIMEOUT_MS);
    expect(expectations.satisfied('rs')).toBe(false);
    await clock.advance(1);
    expect(expectations.satisfied('rs')).toBe(true);
  });
});

describe('slow start', () => {
  it('doubles while all goes well, and stops after the first batch that fails', async () => {
    let calls = 0;
    expect(await slowStartBatch(10, async () => void calls++)).toEqual({ succeeded: 10 });
    calls = 0;
    const result = await slowStartBatch(100, async () => {
      if (++calls === 5) throw new Error('quota');
    });
    expect([calls, result.succeeded, String(result.error)]).toEqual([7, 6, 'Error: quota']);
  });
});

describe('status', () => {
  const rs = { ...replicaSet('web', 3, { minReadySeconds: 10 }), metadata: { name: 'web', generation: 4 } };
  const labelled = (name: string, options: RankOptions): Pod => {
    const p = ranked(name, options);
    return { ...p, metadata: { ...p.metadata, labels: { app: 'web' } } };
  };

  it('counts what is there, labelled, ready and available', () => {
    const pods = [labelled('a', { readyFor: 10 }), labelled('b', { readyFor: 4 }), ranked('c', {})];
    expect(replicaSetStatus(rs, pods, undefined, NOW)).toEqual({
      replicas: 3,
      fullyLabeledReplicas: 2,
      readyReplicas: 2,
      availableReplicas: 1,
      observedGeneration: 4,
    });
    expect(nextAvailabilityMs(pods, 10, NOW)).toBe(6_000);
  });

  it('tells failures until they are over', () => {
    const failed = replicaSetStatus(rs, [], 'pods "x" is forbidden: quota', NOW);
    expect(failed.conditions).toEqual([
      {
        type: 'ReplicaFailure',
        status: 'True',
        reason: 'FailedCreate',
        message: 'pods "x" is forbidden: quota',
        lastTransitionTime: '2026-01-01T12:00:00Z',
      },
    ]);
    expect(replicaSetStatus({ ...rs, status: failed }, [], undefined, NOW).conditions).toBeUndefined();
  });
});

describe('the replica set controller', () => {
  let cluster: TestCluster;
  afterEach(() => cluster.stop());
  const pods = async () => (await cluster.client.list(Pods, { namespace: 'default' })).items;
  const owned = async () =>
    (await pods()).filter((p) => p.metadata?.ownerReferences?.length && !p.metadata.deletionTimestamp);

  it('adopts what matches, releases what no longer does, and never has more than it should', async () => {
    cluster = await startCluster();
    const { client } = cluster;
    await client.create(Pods, pod('orphan', { labels: { app: 'web' } }));
    await client.create(ReplicaSets, replicaSet('web', 3));
    await eventually('three are owned', async () => (await owned()).length === 3);
    const orphan = await client.get(Pods, { name: 'orphan', namespace: 'default' });
    expect(orphan.metadata?.ownerReferences).toMatchObject([
      { kind: 'ReplicaSet', name: 'web', controller: true, blockOwnerDeletion: true },
    ]);
    expect(await pods()).toHaveLength(3);
    await client.patch(Pods, { name: 'orphan', namespace: 'default' }, 'merge', {
      metadata: { labels: { app: 'other' } },
    });
    await eventually('it is free', async () => {
      const live = await client.get(Pods, { name: 'orphan', namespace: 'default' });
      return !live.metadata?.ownerReferences?.length;
    });
    await eventually('three again', async () => (await owned()).length === 3);
    expect(await pods()).toHaveLength(4);
  });

  it('replaces finished pods, scales both ways, and tells', async () => {
    cluster = await startCluster();
    const { client } = cluster;
    await client.create(ReplicaSets, replicaSet('web', 2));
    await eventually('two', async () => (await owned()).length === 2);
    const [victim] = await owned();
    const key = { name: victim?.metadata?.name ?? '', namespace: 'default' };
    await client.delete(Pods, key);
    await eventually('another', async () => {
      const names = (await owned()).map((p) => p.metadata?.name);
      return names.length === 2 && !names.includes(key.name);
    });
    await client.patch(ReplicaSets, { name: 'web', namespace: 'default' }, 'merge', { spec: { replicas: 0 } });
    await eventually('none', async () => (await pods()).length === 0);
    const status = await eventually('status', async () => {
      const { status } = await client.get(ReplicaSets, { name: 'web', namespace: 'default' });
      return status?.replicas === 0 && status.observedGeneration === 2 && status;
    });
    expect(status).toEqual({ replicas: 0, observedGeneration: 2 });
    await eventually('events', async () => {
      const reasons = (await client.list(CoreEvents, {})).items.map((e) => e.reason);
      return reasons.includes('SuccessfulCreate') && reasons.includes('SuccessfulDelete');
    });
  });

  it('makes exactly as many as it should, in one go', async () => {
    cluster = await startCluster({ controllers: ['replicaset'], nodes: 0, scheduler: false });
    await cluster.client.create(ReplicaSets, replicaSet('web', 50, { template: template() }));
    await eventually('fifty', async () => (await pods()).length >= 50);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(await pods()).toHaveLength(50);
  });
});
