// Stateful sets end to end on simulated nodes: order, identity, claims, updates, and what goes wrong in between.
import { afterEach, describe, expect, it } from 'vitest';
import type { StatefulSet } from 'kubernetes-types/apps/v1.js';
import type { Pod } from 'kubernetes-types/core/v1.js';
import {
  ControllerRevisions,
  CoreEvents,
  PersistentVolumeClaims,
  Pods,
  StatefulSets,
} from '../../../src/api/resources.ts';
import { systemClock } from '../../../src/client/clock.ts';
import { silentLogger } from '../../../src/client/log.ts';
import { watcher } from '../../../src/client/watcher.ts';
import { controllerUser } from '../../../src/client/transport/in-process.ts';
import { runControllers } from '../../../src/server/controllers/run.ts';
import { type TestCluster, eventually, startCluster } from './cluster.ts';
import { pod, statefulSet, template } from './objects.ts';

let cluster: TestCluster;
afterEach(() => cluster.stop());

const at = (name = 'web') => ({ name, namespace: 'default' });
const get = () => cluster.client.get(StatefulSets, at());
const pods = async () => (await cluster.client.list(Pods, { namespace: 'default' })).items;
const revisions = async () =>
  (await cluster.client.list(ControllerRevisions, { namespace: 'default' })).items.toSorted(
    (a, b) => a.revision - b.revision,
  );
const patch = (spec: object) => cluster.client.patch(StatefulSets, at(), 'merge', { spec });
const live = (all: readonly Pod[]) => all.filter((p) => !p.metadata?.deletionTimestamp);
const imageOf = (p: Pod) => p.spec?.containers[0]?.image;

const complete = () =>
  eventually('the set is complete', async () => {
    const set = await get();
    const { availableReplicas, updateRevision, currentRevision, observedGeneration } = set.status ?? {};
    const { replicas } = set.spec!;
    const names = live(await pods()).filter((p) => p.metadata?.name?.startsWith('web-'));
    return (
      observedGeneration === set.metadata?.generation &&
      availableReplicas === replicas &&
      set.status?.replicas === replicas &&
      names.length === replicas &&
      updateRevision === currentRevision &&
      set
    );
  });

/** Every change of the pods, as `+web-0`, `!web-0` (ready) and `-web-0` (asked to go). */
function record() {
  const changes: string[] = [];
  const stop = new AbortController();
  const seen = new Map<string, { ready: boolean; going: boolean }>();
  const done = (async () => {
    for await (const event of watcher(cluster.client, Pods, { namespace: 'default', signal: stop.signal })) {
      if (event.type !== 'apply') continue;
      const { name = '', uid = '', deletionTimestamp } = event.object.metadata ?? {};
      const before = seen.get(uid);
      const ready = event.object.status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True') ?? false;
      const going = deletionTimestamp !== undefined;
      if (!before) changes.push(`+${name}`);
      if (ready && !before?.ready) changes.push(`!${name}`);
      if (going && !before?.going) changes.push(`-${name}`);
      seen.set(uid, { ready: ready || (before?.ready ?? false), going });
    }
  })();
  return {
    changes,
    async stop() {
      stop.abort();
      await done;
      return changes;
    },
  };
}

describe('the stateful set controller', () => {
  it('creates pods one after the other, and removes them the other way round', async () => {
    cluster = await startCluster();
    const recorded = record();
    const slow = template('app:1', {}, { 'sampan.io/simulate': 'ready-after=30ms' });
    await cluster.client.create(StatefulSets, statefulSet('web', 3, { template: slow }));
    const set = await complete();
    const [revision] = await revisions();
    expect(set.status).toEqual({
      observedGeneration: 1,
      replicas: 3,
      readyReplicas: 3,
      currentReplicas: 3,
      updatedReplicas: 3,
      currentRevision: revision?.metadata?.name,
      updateRevision: revision?.metadata?.name,
      collisionCount: 0,
      availableReplicas: 3,
    });
    expect(revision?.metadata?.labels).toMatchObject({ app: 'web' });
    expect(revision?.metadata?.name).toBe(`web-${revision?.metadata?.labels?.['controller.kubernetes.io/hash']}`);
    const first = await cluster.client.get(Pods, at('web-0'));
    expect(first.spec).toMatchObject({ hostname: 'web-0', subdomain: 'web' });
    expect(first.metadata?.labels).toMatchObject({
      'controller-revision-hash': revision?.metadata?.name,
      'statefulset.kubernetes.io/pod-name': 'web-0',
      'apps.kubernetes.io/pod-index': '0',
    });
    await patch({ replicas: 1 });
    await eventually('one', async () => (await pods()).length === 1 && (await get()).status?.replicas === 1);
    const up = ['+web-0', '!web-0', '+web-1', '!web-1', '+web-2', '!web-2'];
    expect(await recorded.stop()).toEqual([...up, '-web-2', '-web-1']);
    const events = await eventually('events', async () => {
      const { items } = await cluster.client.list(CoreEvents, {});
      const own = items.filter((e) => e.involvedObject.kind === 'StatefulSet').map((e) => `${e.reason}: ${e.message}`);
      return own.length === 5 && own;
    });
    expect(events).toContain('SuccessfulCreate: create Pod web-0 in StatefulSet web successful');
    expect(events).toContain('SuccessfulDelete: delete Pod web-2 in StatefulSet web successful');
  });

  it('updates from the top, stops at the partition, and goes back to an old revision', async () => {
    cluster = await startCluster();
    await cluster.client.create(StatefulSets, statefulSet('web', 3));
    await complete();
    const recorded = record();
    await patch({ template: template('app:2'), updateStrategy: { rollingUpdate: { partition: 1 } } });
    await eventually('two are updated', async () => {
      const { status } = await get();
      return status?.updatedReplicas === 2 && status.availableReplicas === 3;
    });
    const byName = async () =>
      Object.fromEntries((await pods()).map((p) => [p.metadata?.name, imageOf(p)] as [string, string]));
    expect(await byName()).toEqual({ 'web-0': 'app:1', 'web-1': 'app:2', 'web-2': 'app:2' });
    // A pod below the partition that is deleted comes back as it was.
    await cluster.client.delete(Pods, at('web-0'));
    await eventually(
      'web-0 is back',
      async () => (await get()).status?.availableReplicas === 3 && (await byName())['web-0'],
    );
    expect((await byName())['web-0']).toBe('app:1');
    const mixed = await get();
    expect(mixed.status?.currentRevision).not.toBe(mixed.status?.updateRevision);
    await patch({ updateStrategy: { rollingUpdate: { partition: 0 } } });
    await complete();
    expect(await byName()).toEqual({ 'web-0': 'app:2', 'web-1': 'app:2', 'web-2': 'app:2' });
    const order = (await recorded.stop()).filter((c) => c.startsWith('-'));
    expect(order).toEqual(['-web-2', '-web-1', '-web-0', '-web-0']);
    const [one, two] = await revisions();
    await patch({ template: template('app:1') });
    await complete();
    const after = await revisions();
    expect(after.map((r) => [r.metadata?.name, r.revision])).toEqual([
      [two?.metadata?.name, 2],
      [one?.metadata?.name, 3],
    ]);
  });

  it('with OnDelete, updates what somebody deletes', async () => {
    cluster = await startCluster();
    const updateStrategy = { type: 'OnDelete' };
    await cluster.client.create(StatefulSets, statefulSet('web', 2, { updateStrategy }));
    await eventually('two', async () => (await get()).status?.availableReplicas === 2);
    await patch({ template: template('app:2') });
    await eventually('observed', async () => (await get()).status?.observedGeneration === 2);
    await cluster.client.delete(Pods, at('web-1'));
    await eventually('web-1 is new', async () => imageOf(await cluster.client.get(Pods, at('web-1'))) === 'app:2');
    expect(imageOf(await cluster.client.get(Pods, at('web-0')))).toBe('app:1');
  });

  it('in parallel, does not wait for pods that are not ready, and numbers from the start ordinal', async () => {
    cluster = await startCluster();
    const never = template('app:1', {}, { 'sampan.io/simulate': 'never-ready' });
    const spec = { podManagementPolicy: 'Parallel', template: never, ordinals: { start: 5 } };
    await cluster.client.create(StatefulSets, statefulSet('web', 4, spec));
    const names = async () => (await pods()).map((p) => p.metadata?.name).sort();
    await eventually('four', async () => (await get()).status?.replicas === 4);
    expect(await names()).toEqual(['web-5', 'web-6', 'web-7', 'web-8']);
    await patch({ replicas: 2, ordinals: { start: 6 } });
    await eventually('two others', async () => (await names()).join() === 'web-6,web-7');
  });

  it('replaces pods that have ended, and repairs what identifies a pod', async () => {
    cluster = await startCluster({ nodes: 1 });
    await cluster.client.create(StatefulSets, statefulSet('web', 2));
    await complete();
    const before = await cluster.client.get(Pods, at('web-0'));
    await cluster.client.patch(Pods, at('web-1'), 'merge', {
      metadata: { labels: { 'statefulset.kubernetes.io/pod-name': null } },
    });
    await eventually('the label is back', async () => {
      const { metadata } = await cluster.client.get(Pods, at('web-1'));
      return metadata?.labels?.['statefulset.kubernetes.io/pod-name'] === 'web-1';
    });
    const { metadata } = await cluster.client.get(Pods, at('web-0'));
    await cluster.client.updateStatus(Pods, { ...before, metadata, status: { ...before.status, phase: 'Failed' } });
    await eventually('another web-0', async () => {
      const now = await cluster.client.get(Pods, at('web-0'));
      return now.metadata?.uid !== before.metadata?.uid && now.status?.phase === 'Running';
    });
    await complete();
  });

  it('adopts pods and revisions that nobody controls, and releases what no longer matches', async () => {
    cluster = await startCluster();
    const { client } = cluster;
    await client.create(StatefulSets, statefulSet('web', 2));
    await complete();
    await client.delete(StatefulSets, at(), { propagationPolicy: 'Orphan' });
    await eventually('orphans', async () => (await pods()).every((p) => !p.metadata?.ownerReferences?.length));
    const uids = (await pods()).map((p) => p.metadata?.uid).sort();
    await client.create(Pods, pod('web-x', { labels: { app: 'web' } }));
    const again = await client.create(StatefulSets, statefulSet('web', 2));
    const owned = async () =>
      (await pods()).filter((p) => p.metadata?.ownerReferences?.some((o) => o.uid === again.metadata?.uid));
    await eventually('adopted', async () => (await owned()).length === 2);
    expect((await owned()).map((p) => p.metadata?.uid).sort()).toEqual(uids);
    const all = await revisions();
    expect(all.map((r) => r.metadata?.ownerReferences?.[0]?.uid)).toEqual([again.metadata?.uid]);
    await client.patch(Pods, at('web-1'), 'merge', { metadata: { labels: { app: 'other' } } });
    await eventually('released', async () => {
      const p = await client.get(Pods, at('web-1'));
      return !p.metadata?.ownerReferences?.length;
    });
  });

  it('makes claims, keeps them, and deletes them when the policy says so', async () => {
    cluster = await startCluster();
    const { client } = cluster;
    const claims = async () =>
      (await client.list(PersistentVolumeClaims, { namespace: 'default' })).items
        .filter((c) => !c.metadata?.deletionTimestamp)
        .map((c) => c.metadata?.name)
        .sort();
    const volumeClaimTemplates = [
      {
        metadata: { name: 'data' },
        spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
      },
    ];
    const parallel = { podManagementPolicy: 'Parallel', volumeClaimTemplates };
    await client.create(StatefulSets, statefulSet('web', 3, parallel));
    await eventually('three', async () => (await claims()).length === 3);
    const { spec } = await eventually('web-0', () => client.get(Pods, at('web-0')));
    expect(spec?.volumes).toContainEqual({ name: 'data', persistentVolumeClaim: { claimName: 'data-web-0' } });
    const { metadata } = await client.get(PersistentVolumeClaims, at('data-web-1'));
    expect(metadata?.labels).toEqual({ app: 'web' });
    expect(metadata?.ownerReferences).toBeUndefined();
    await patch({ replicas: 2 });
    await eventually('two pods', async () => (await pods()).length === 2);
    expect(await claims()).toHaveLength(3);
    const persistentVolumeClaimRetentionPolicy = { whenScaled: 'Delete', whenDeleted: 'Delete' };
    await patch({ persistentVolumeClaimRetentionPolicy });
    await eventually('owned by the set', async () => {
      const claim = await client.get(PersistentVolumeClaims, at('data-web-0'));
      return claim.metadata?.ownerReferences?.[0]?.kind === 'StatefulSet';
    });
    const before = await client.get(PersistentVolumeClaims, at('data-web-1'));
    await patch({ replicas: 1 });
    // The third was scaled away while claims were kept.
    await eventually('one claim goes with its pod', async () => (await claims()).join() === 'data-web-0,data-web-2');
    await patch({ replicas: 2 });
    await eventually('another claim', async () => {
      const { metadata } = await client.get(PersistentVolumeClaims, at('data-web-1'));
      return metadata?.uid !== before.metadata?.uid && (await pods()).length === 2;
    });
    await eventually('it is owned again', async () => {
      const claim = await client.get(PersistentVolumeClaims, at('data-web-1'));
      return claim.metadata?.ownerReferences?.[0]?.kind === 'StatefulSet';
    });
    await client.delete(StatefulSets, at(), { propagationPolicy: 'Background' });
    await eventually('claims go with the set', async () => (await claims()).join() === 'data-web-2');
  });
});

describe('names that are taken', () => {
  it('a revision of another template makes the next hash', async () => {
    cluster = await startCluster({ nodes: 1 });
    const { client } = cluster;
    const none = () => eventually('no revision', async () => (await revisions()).length === 0);
    await client.create(StatefulSets, statefulSet('web', 1));
    const { metadata } = (await eventually('a revision', async () => (await revisions())[0]))!;
    await client.delete(StatefulSets, at(), { propagationPolicy: 'Background' });
    await none();
    const taken = { metadata: at(metadata?.name), revision: 7, data: { spec: { template: { $patch: 'replace' } } } };
    await client.create(ControllerRevisions, taken as never);
    await client.create(StatefulSets, statefulSet('web', 1));
    const set = await complete();
    expect(set.status?.collisionCount).toBe(1);
    expect(set.status?.updateRevision).not.toBe(metadata?.name);
  });

  it('a pod that is somebody else’s stays, and the set goes on when it is gone', async () => {
    cluster = await startCluster({ nodes: 1 });
    const { client } = cluster;
    const stranger = await client.create(Pods, pod('web-0', { labels: { app: 'other' } }));
    await client.create(StatefulSets, statefulSet('web', 1));
    await eventually('observed', async () => (await get()).status?.observedGeneration === 1);
    expect((await client.get(Pods, at('web-0'))).metadata?.uid).toBe(stranger.metadata?.uid);
    await client.delete(Pods, at('web-0'));
    await complete();
  });
});

describe('a stateful set controller that is killed', () => {
  it('goes on where it was, and never has two pods of one name or one too many', async () => {
    cluster = await startCluster({ controllers: ['garbage-collector', 'node-ipam'] });
    const start = () => {
      const stop = new AbortController();
      const run = runControllers({
        client: (name) => cluster.server.client(controllerUser(name)),
        clock: systemClock,
        log: silentLogger,
        signal: stop.signal,
        names: ['statefulset'],
      });
      return async () => {
        stop.abort();
        await run;
      };
    };
    const spec: Partial<NonNullable<StatefulSet['spec']>> = { podManagementPolicy: 'Parallel' };
    await cluster.client.create(StatefulSets, statefulSet('web', 5, spec));
    for (let i = 0; i < 5; i++) {
      const stop = start();
      await new Promise((resolve) => setTimeout(resolve, 15));
      await stop();
      if (i === 2) await patch({ template: template('app:2') });
      expect((await pods()).length).toBeLessThanOrEqual(5);
    }
    const stop = start();
    await complete();
    expect((await pods()).map((p) => `${p.metadata?.name} ${imageOf(p)}`).sort()).toEqual(
      [0, 1, 2, 3, 4].map((i) => `web-${i} app:2`),
    );
    expect(await revisions()).toHaveLength(2);
    await stop();
  });
});
