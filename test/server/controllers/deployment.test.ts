// Deployments end to end: from the object to ready pods on simulated nodes, through an update, back, paused, scaled.
import { afterEach, describe, expect, it } from 'vitest';
import type { Deployment } from 'kubernetes-types/apps/v1.js';
import { CoreEvents, Deployments, Pods, ReplicaSets } from '../../../src/api/resources.ts';
import { type TestCluster, eventually, startCluster } from './cluster.ts';
import { deployment, template } from './objects.ts';

let cluster: TestCluster;
afterEach(() => cluster.stop());

const at = (name: string) => ({ name, namespace: 'default' });
const get = (name: string) => cluster.client.get(Deployments, at(name));
const sets = async () => (await cluster.client.list(ReplicaSets, { namespace: 'default' })).items;
const pods = async () => (await cluster.client.list(Pods, { namespace: 'default' })).items;
const setTemplate = (name: string, image: string, annotations?: Record<string, string>) =>
  cluster.client.patch(Deployments, at(name), 'merge', { spec: { template: template(image, {}, annotations) } });

const complete = (name: string) =>
  eventually(`${name} is complete`, async () => {
    const d = await get(name);
    const { replicas = 0, updatedReplicas = 0, availableReplicas = 0, observedGeneration = 0 } = d.status ?? {};
    const wanted = d.spec?.replicas;
    const done = replicas === wanted && updatedReplicas === wanted && availableReplicas === wanted;
    const progress = d.status?.conditions?.find((c) => c.type === 'Progressing');
    return done && observedGeneration === d.metadata?.generation && progress?.reason === 'NewReplicaSetAvailable' && d;
  });

describe('deployment controller', () => {
  it('brings pods to nodes and says so as upstream does', async () => {
    cluster = await startCluster();
    await cluster.client.create(Deployments, deployment('web', 3));
    const d = await complete('web');
    expect(d.metadata?.annotations).toEqual({ 'deployment.kubernetes.io/revision': '1' });
    const [rs] = await sets();
    const name = rs?.metadata?.name;
    expect(d.status?.conditions).toMatchObject([
      {
        type: 'Available',
        status: 'True',
        reason: 'MinimumReplicasAvailable',
        message: 'Deployment has minimum availability.',
      },
      {
        type: 'Progressing',
        status: 'True',
        reason: 'NewReplicaSetAvailable',
        message: `ReplicaSet "${name}" has successfully progressed.`,
      },
    ]);
    expect(rs?.metadata?.annotations).toEqual({
      'deployment.kubernetes.io/desired-replicas': '3',
      'deployment.kubernetes.io/max-replicas': '4',
      'deployment.kubernetes.io/revision': '1',
    });
    const hash = rs?.metadata?.labels?.['pod-template-hash'];
    expect(name).toBe(`web-${hash}`);
    expect(rs?.spec?.selector.matchLabels).toEqual({ app: 'web', 'pod-template-hash': hash });
    const all = await pods();
    expect(new Set(all.map((p) => p.spec?.nodeName)).size).toBe(3);
    expect(all.every((p) => p.status?.phase === 'Running' && p.status.podIP?.startsWith('10.244.'))).toBe(true);
    const messages = await eventually('events', async () => {
      const events = (await cluster.client.list(CoreEvents, { namespace: 'default' })).items;
      return events.length >= 7 && events.map((e) => `${e.type} ${e.reason} ${e.message}`);
    });
    expect(messages).toContain(`Normal ScalingReplicaSet Scaled up replica set ${name} from 0 to 3`);
    const [first] = all;
    expect(messages).toContain(`Normal SuccessfulCreate Created pod: ${first?.metadata?.name}`);
    const assigned = `Successfully assigned default/${first?.metadata?.name} to ${first?.spec?.nodeName}`;
    expect(messages).toContain(`Normal Scheduled ${assigned}`);
  });

  it('never has too many or too few pods while it rolls, and rolls back', async () => {
    cluster = await startCluster();
    const strategy = { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 1 } };
    await cluster.client.create(Deployments, deployment('web', 5, { strategy }));
    const before = await complete('web');
    const bounds = watchBounds(5, 1, 1);
    await setTemplate('web', 'app:2');
    const after = await complete('web');
    await bounds.stop();
    expect(bounds.broken).toEqual([]);
    expect(bounds.seen).toBeGreaterThan(5);
    expect(after.metadata?.annotations?.['deployment.kubernetes.io/revision']).toBe('2');
    const sizes = async () => (await sets()).map((rs) => rs.spec?.replicas).sort();
    expect(await sizes()).toEqual([0, 5]);
    // What `rollout undo` does: the old set's template is put back.
    await cluster.client.patch(Deployments, at('web'), 'merge', { spec: { template: before.spec?.template } });
    const undone = await complete('web');
    expect(undone.metadata?.annotations?.['deployment.kubernetes.io/revision']).toBe('3');
    expect(await sizes()).toEqual([0, 5]);
    const old = (await sets()).find((rs) => rs.spec?.replicas === 5);
    expect(old?.metadata?.annotations?.['deployment.kubernetes.io/revision-history']).toBe('1');
  });

  it('keeps no more old sets than it is told', async () => {
    cluster = await startCluster();
    await cluster.client.create(Deployments, deployment('web', 1, { revisionHistoryLimit: 1 }));
    await complete('web');
    for (const image of ['app:2', 'app:3', 'app:4']) {
      await setTemplate('web', image);
      await complete('web');
    }
    await eventually('one old set is left', async () => (await sets()).length === 2);
    const revisions = (await sets()).map((rs) => rs.metadata?.annotations?.['deployment.kubernetes.io/revision']);
    expect(revisions.sort()).toEqual(['3', '4']);
  });

  it('recreates: no new pod before the last old one is gone', async () => {
    cluster = await startCluster();
    await cluster.client.create(Deployments, deployment('web', 3, { strategy: { type: 'Recreate' } }));
    await complete('web');
    const watching = new AbortController();
    const mixed: string[][] = [];
    const seen = (async () => {
      const images = new Map<string, string>();
      for await (const event of cluster.client.watch(Pods, { namespace: 'default', signal: watching.signal })) {
        const uid = event.object.metadata?.uid ?? '';
        if (event.type === 'DELETED') images.delete(uid);
        else images.set(uid, event.object.spec?.containers[0]?.image ?? '');
        const distinct = [...new Set(images.values())];
        if (distinct.length > 1) mixed.push(distinct);
      }
    })().catch(() => undefined);
    await setTemplate('web', 'app:2');
    await complete('web');
    watching.abort();
    await seen;
    expect(mixed).toEqual([]);
  });

  it('does nothing to the pods while it is paused, but scales', async () => {
    cluster = await startCluster();
    await cluster.client.create(Deployments, deployment('web', 2));
    await complete('web');
    await cluster.client.patch(Deployments, at('web'), 'merge', { spec: { paused: true } });
    await setTemplate('web', 'app:2');
    await cluster.client.patch(Deployments, at('web'), 'merge', { spec: { replicas: 4 } });
    const paused = await eventually('it is scaled', async () => {
      const d = await get('web');
      return d.status?.availableReplicas === 4 && d;
    });
    expect(progressOf(paused)).toMatchObject({
      status: 'Unknown',
      reason: 'DeploymentPaused',
      message: 'Deployment is paused',
    });
    expect((await sets()).length).toBe(1);
    await cluster.client.patch(Deployments, at('web'), 'merge', { spec: { paused: false } });
    await complete('web');
    expect(
      (await pods()).filter((p) => !p.metadata?.deletionTimestamp).map((p) => p.spec?.containers[0]?.image),
    ).toEqual(Array(4).fill('app:2'));
  });

  it('says when a rollout makes no progress, and stops at its bounds', async () => {
    cluster = await startCluster();
    await cluster.client.create(Deployments, deployment('web', 4, { progressDeadlineSeconds: 1 }));
    await complete('web');
    await setTemplate('web', 'app:2', { 'sampan.io/simulate': 'never-ready' });
    const stuck = await eventually('the deadline passes', async () => {
      const d = await get('web');
      return progressOf(d)?.reason === 'ProgressDeadlineExceeded' && d;
    });
    const newest = (await sets()).find((rs) => rs.metadata?.annotations?.['deployment.kubernetes.io/revision'] === '2');
    expect(progressOf(stuck)).toMatchObject({
      status: 'False',
      message: `ReplicaSet "${newest?.metadata?.name}" has timed out progressing.`,
    });
    // 25 % of 4: one more at most, one fewer available at most.
    expect(stuck.status).toMatchObject({ replicas: 5, updatedReplicas: 2, availableReplicas: 3 });
  });

  it('rolls although the size on record is not that of its only set, as after a scale in mid-rollout', async () => {
    cluster = await startCluster();
    await cluster.client.create(Deployments, deployment('web', 3));
    await complete('web');
    const [rs] = await sets();
    const annotations = { 'deployment.kubernetes.io/desired-replicas': '5' };
    await cluster.client.patch(ReplicaSets, at(rs!.metadata!.name!), 'merge', { metadata: { annotations } });
    await setTemplate('web', 'app:2');
    await complete('web');
    expect((await pods()).map((p) => p.spec?.containers[0]?.image)).toEqual(['app:2', 'app:2', 'app:2']);
  });

  it('is rolled back when an annotation asks for it, with the annotations of that time', async () => {
    cluster = await startCluster();
    const annotate = (annotations: object) =>
      cluster.client.patch(Deployments, at('web'), 'merge', { metadata: { annotations } });
    const request = 'deprecated.deployment.rollback.to';
    const told = async (text: string) =>
      eventually(text, async () => {
        const events = (await cluster.client.list(CoreEvents, { namespace: 'default' })).items;
        return events.some((e) => `${e.type} ${e.reason} ${e.message}` === text);
      });
    await cluster.client.create(Deployments, deployment('web', 1));
    await annotate({ cause: 'first', [request]: '0' });
    await told('Warning DeploymentRollbackRevisionNotFound Unable to find last revision.');
    await complete('web');
    const second = { metadata: { annotations: { cause: 'second' } }, spec: { template: template('app:2') } };
    await cluster.client.patch(Deployments, at('web'), 'merge', second);
    await complete('web');
    await annotate({ [request]: '7' });
    await told('Warning DeploymentRollbackRevisionNotFound Unable to find the revision to rollback to.');
    await annotate({ [request]: '2' });
    const same = 'The rollback revision contains the same template as current deployment "web"';
    await told(`Warning DeploymentRollbackTemplateUnchanged ${same}`);
    await annotate({ [request]: '0' });
    await told('Normal DeploymentRollback Rolled back deployment "web" to revision 1');
    const { metadata, spec } = await complete('web');
    expect(spec?.template).toEqual({ ...template(), metadata: { labels: { app: 'web' } }, spec: spec?.template.spec });
    expect(spec?.template.spec?.containers[0]?.image).toBe('app:1');
    expect(metadata?.annotations).toEqual({ cause: 'first', 'deployment.kubernetes.io/revision': '3' });
  });

  it('goes on when it becomes Recreate and another size in mid-rollout', async () => {
    cluster = await startCluster();
    const strategy = { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } };
    await cluster.client.create(Deployments, deployment('web', 3, { strategy }));
    await complete('web');
    await setTemplate('web', 'app:2', { 'sampan.io/simulate': 'never-ready' });
    await eventually('both sets have pods', async () => (await pods()).length === 4);
    const spec = { replicas: 2, strategy: { type: 'Recreate', rollingUpdate: null } };
    await cluster.client.patch(Deployments, at('web'), 'merge', { spec });
    await eventually('only two new pods are left', async () => {
      const images = (await pods()).map((p) => p.spec?.containers[0]?.image);
      return images.join() === 'app:2,app:2';
    });
  });
});

const progressOf = (d: Deployment) => d.status?.conditions?.find((c) => c.type === 'Progressing');

/** Follows the pods: breaches of the bounds, as they were seen. */
function watchBounds(replicas: number, surge: number, unavailable: number) {
  const watching = new AbortController();
  const state = { broken: [] as string[], seen: 0, stop: async () => watching.abort() };
  const live = new Map<string, boolean>();
  let full = false;
  const done = (async () => {
    for await (const { type, object } of cluster.client.watch(Pods, {
      namespace: 'default',
      signal: watching.signal,
    })) {
      const uid = object.metadata?.uid ?? '';
      const going = type === 'DELETED' || object.metadata?.deletionTimestamp !== undefined;
      if (going) live.delete(uid);
      else live.set(uid, object.status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True') ?? false);
      const ready = [...live.values()].filter(Boolean).length;
      full ||= ready === replicas;
      if (!full) continue;
      state.seen++;
      if (live.size > replicas + surge) state.broken.push(`${live.size} pods`);
      if (ready < replicas - unavailable) state.broken.push(`${ready} ready`);
    }
  })().catch(() => undefined);
  state.stop = async () => {
    watching.abort();
    await done;
  };
  return state;
}
