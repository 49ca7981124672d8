// What upstream's conformance suite asks of replication controllers, stateful sets, daemon sets and controller
// revisions (test/e2e/apps/{rc,statefulset,daemon_set,controller_revision}.go), on simulated nodes.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Api, type Cluster, type Doc } from './api.ts';
import { startSimulatedCluster } from './simulated.ts';

let cluster: Cluster;
let api: Api;
beforeAll(async () => {
  cluster = await startSimulatedCluster(3);
  ({ api } = cluster);
});
afterAll(() => cluster?.close());

const template = (labels: object, image: string, more: object = {}) => ({
  metadata: { labels },
  spec: { containers: [{ name: 'c', image }], ...more },
});
const path = (namespace: string, plural: string, group = 'api/v1') => `/${group}/namespaces/${namespace}/${plural}`;
const podsOf = (namespace: string, label: string) =>
  api.items(`${path(namespace, 'pods')}?labelSelector=${encodeURIComponent(label)}`);

describe('ReplicationController', () => {
  const controllers = (ns: string) => path(ns, 'replicationcontrollers');
  const create = (ns: string, name: string, replicas: number) =>
    api.post(controllers(ns), {
      metadata: { name },
      spec: { replicas, selector: { name }, template: template({ name }, 'i') },
    });
  const until = (ns: string, name: string, good: (status: Doc) => boolean) =>
    api.until(
      () => api.get(`${controllers(ns)}/${name}`),
      (rc) => good(rc['status']),
    );

  it('serves a pod for each replica, and is resized through its scale', async () => {
    const ns = await cluster.namespace();
    await create(ns, 'rc', 2);
    await until(ns, 'rc', (s) => s['availableReplicas'] === 2);
    const scale = await api.get(`${controllers(ns)}/rc/scale`);
    expect(scale).toMatchObject({ kind: 'Scale', spec: { replicas: 2 }, status: { replicas: 2, selector: 'name=rc' } });
    await api.put(`${controllers(ns)}/rc/scale`, { ...scale, spec: { replicas: 1 } });
    await until(ns, 'rc', (s) => s['replicas'] === 1 && s['observedGeneration'] === 2);
  });

  it('surfaces a failure condition when a quota is exceeded, and clears it', async () => {
    const ns = await cluster.namespace();
    await api.post(path(ns, 'resourcequotas'), { metadata: { name: 'q' }, spec: { hard: { pods: '2' } } });
    await api.until(
      () => api.get(`${path(ns, 'resourcequotas')}/q`),
      (q) => q['status']?.hard?.pods === '2',
    );
    await create(ns, 'rc', 3);
    const failing = await until(ns, 'rc', (s) => s['replicas'] === 2 && s['conditions']?.length === 1);
    expect(failing['status'].conditions).toMatchObject([
      { type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate' },
    ]);
    expect(failing['status'].conditions[0].message).toMatch(/^pods "rc-\w+" is forbidden: exceeded quota: q, /);
    await api.patch(`${controllers(ns)}/rc`, { spec: { replicas: 2 } });
    await until(ns, 'rc', (s) => s['conditions'] === undefined);
    const { items } = await api.get(path(ns, 'events'));
    expect(items.some((e: Doc) => e['reason'] === 'FailedCreate' && e['type'] === 'Warning')).toBe(true);
  });

  it('adopts matching pods on creation, and releases what no longer matches', async () => {
    const ns = await cluster.namespace();
    await api.post(path(ns, 'pods'), { metadata: { name: 'orphan', labels: { name: 'rc' } }, ...podSpec() });
    await create(ns, 'rc', 1);
    const orphan = () => api.get(`${path(ns, 'pods')}/orphan`);
    const adopted = await api.until(orphan, (p) => p.metadata.ownerReferences?.length === 1, 'adopted');
    expect(adopted.metadata.ownerReferences).toMatchObject([{ kind: 'ReplicationController', controller: true }]);
    await api.patch(`${path(ns, 'pods')}/orphan`, { metadata: { labels: { name: 'other' } } });
    await api.until(orphan, (p) => !p.metadata.ownerReferences?.length, 'released');
    await api.until(
      () => podsOf(ns, 'name=rc'),
      (all) => all.length === 1,
      'replaced',
    );
  });

  it('deletes its pods with itself, or leaves them when asked', async () => {
    const ns = await cluster.namespace();
    await create(ns, 'rc', 2);
    await until(ns, 'rc', (s) => s['readyReplicas'] === 2);
    await api.del(`${controllers(ns)}/rc`, { propagationPolicy: 'Orphan' });
    await api.gone(`${controllers(ns)}/rc`);
    const left = await podsOf(ns, 'name=rc');
    expect(left.map((p) => p.metadata.ownerReferences)).toEqual([undefined, undefined]);
    await create(ns, 'rc', 2);
    await until(ns, 'rc', (s) => s['readyReplicas'] === 2);
    await api.del(`${controllers(ns)}/rc`, { propagationPolicy: 'Background' });
    await api.until(
      () => podsOf(ns, 'name=rc'),
      (all) => all.length === 0,
      'collected',
    );
  });
});

const podSpec = () => ({ spec: { containers: [{ name: 'c', image: 'i' }] } });
const apps = (namespace: string, plural: string, name = '') =>
  `${path(namespace, plural, 'apis/apps/v1')}${name && `/${name}`}`;
const imagesOf = (pods: Doc[]) => pods.map((p) => p['spec'].containers[0].image).sort();
const isReady = (pod: Doc) =>
  Boolean(pod['status'].conditions?.some((c: Doc) => c['type'] === 'Ready' && c['status'] === 'True'));
/** What a failing readiness probe would write, or one that succeeds again. */
async function setReady(ns: string, name: string, ready: boolean): Promise<void> {
  const status = ready ? 'True' : 'False';
  const lastTransitionTime = new Date().toISOString();
  const conditions = [{ type: 'Ready', status, lastTransitionTime }];
  await api.patch(`${path(ns, 'pods')}/${name}/status`, { status: { conditions } }, 'strategic');
}

describe('StatefulSet', () => {
  const set = (ns: string, name = 'ss') => apps(ns, 'statefulsets', name);
  async function create(ns: string, replicas: number, more: object = {}, pod: object = {}): Promise<void> {
    await api.post(path(ns, 'services'), {
      metadata: { name: 'test' },
      spec: { clusterIP: 'None', selector: { app: 'ss' }, ports: [{ port: 80, name: 'http' }] },
    });
    const spec = { replicas, serviceName: 'test', selector: { matchLabels: { app: 'ss' } } };
    await api.post(apps(ns, 'statefulsets'), {
      metadata: { name: 'ss' },
      spec: { ...spec, template: template({ app: 'ss' }, 'one', pod), ...more },
    });
  }
  const rolled = (ns: string, replicas: number) =>
    api.until(
      () => api.get(set(ns)),
      ({ metadata, status }) =>
        status?.observedGeneration === metadata.generation &&
        status.availableReplicas === replicas &&
        status.updatedReplicas === replicas &&
        status.currentRevision === status.updateRevision,
      'rolled out',
    );
  const change = (ns: string, image: string, more: object = {}) =>
    api.patch(set(ns), { spec: { template: { spec: { containers: [{ name: 'c', image }] } }, ...more } }, 'strategic');
  /** Names of pods in the order in which they were created, or asked to go. */
  const order = (ns: string, what: 'ADDED' | 'DELETED', count: number) => {
    const watch = api.watch(`${path(ns, 'pods')}?labelSelector=app%3Dss`);
    return (async () => {
      const names: string[] = [];
      while (names.length < count) names.push((await watch.find(what)).object.metadata.name as string);
      watch.close();
      return names;
    })();
  };

  it('rolls template changes from the highest ordinal, and back', async () => {
    const ns = await cluster.namespace();
    await create(ns, 3);
    const first = await rolled(ns, 3);
    const gone = order(ns, 'DELETED', 6);
    await change(ns, 'two');
    const second = await rolled(ns, 3);
    expect(second['status'].currentRevision).not.toBe(first['status'].currentRevision);
    expect(imagesOf(await podsOf(ns, 'app=ss'))).toEqual(['two', 'two', 'two']);
    await change(ns, 'one');
    const third = await rolled(ns, 3);
    expect(third['status'].currentRevision).toBe(first['status'].currentRevision);
    expect(await gone).toEqual(['ss-2', 'ss-1', 'ss-0', 'ss-2', 'ss-1', 'ss-0']);
  });

  it('does canary and phased updates by its partition', async () => {
    const ns = await cluster.namespace();
    const partition = (p: number) => ({ updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: p } } });
    await create(ns, 3, partition(3));
    await rolled(ns, 3);
    await change(ns, 'two');
    await api.until(
      () => api.get(set(ns)),
      (s) => s['status'].observedGeneration === 2,
    );
    expect(imagesOf(await podsOf(ns, 'app=ss'))).toEqual(['one', 'one', 'one']);
    for (const p of [2, 1]) {
      await api.patch(set(ns), { spec: partition(p) }, 'strategic');
      await api.until(
        () => api.get(set(ns)),
        (s) => s['status'].updatedReplicas === 3 - p && s['status'].availableReplicas === 3,
      );
      // Pods that are deleted come back on their side of the partition.
      await Promise.all([0, 1, 2].map((i) => api.del(`${path(ns, 'pods')}/ss-${i}`)));
      await api.until(
        () => podsOf(ns, 'app=ss'),
        (all) => all.length === 3 && all.every(isReady),
      );
      const sides = (await podsOf(ns, 'app=ss')).map((pod) => [pod.metadata.name, imagesOf([pod])[0]]).sort();
      expect(sides).toEqual([0, 1, 2].map((i) => [`ss-${i}`, i >= p ? 'two' : 'one']));
    }
    await api.patch(set(ns), { spec: partition(0) }, 'strategic');
    await rolled(ns, 3);
  });

  it('scales in order, and halts while a pod is unhealthy', async () => {
    const ns = await cluster.namespace();
    const added = order(ns, 'ADDED', 3);
    await create(ns, 1);
    await rolled(ns, 1);
    await setReady(ns, 'ss-0', false);
    await api.patch(set(ns), { spec: { replicas: 3 } });
    await api.until(
      () => api.get(set(ns)),
      (s) => s['status'].observedGeneration === 2 && s['status'].readyReplicas === undefined,
    );
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(await podsOf(ns, 'app=ss')).toHaveLength(1);
    await setReady(ns, 'ss-0', true);
    await rolled(ns, 3);
    expect(await added).toEqual(['ss-0', 'ss-1', 'ss-2']);
    const removed = order(ns, 'DELETED', 3);
    const all = ['ss-0', 'ss-1', 'ss-2'];
    for (const name of all) await setReady(ns, name, false);
    await api.patch(set(ns), { spec: { replicas: 0 } });
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(await podsOf(ns, 'app=ss')).toHaveLength(3);
    for (const name of all) await setReady(ns, name, true);
    expect(await removed).toEqual(['ss-2', 'ss-1', 'ss-0']);
  });

  it('in bursts, runs to completion with unhealthy pods too', async () => {
    const ns = await cluster.namespace();
    await create(ns, 1, { podManagementPolicy: 'Parallel' });
    await rolled(ns, 1);
    await setReady(ns, 'ss-0', false);
    await api.patch(set(ns), { spec: { replicas: 3 } });
    const count = (wanted: number) =>
      api.until(
        () => podsOf(ns, 'app=ss'),
        (all) => all.length === wanted,
      );
    await count(3);
    await setReady(ns, 'ss-1', false);
    await api.patch(set(ns), { spec: { replicas: 0 } });
    await count(0);
  });

  it('makes a pod that was evicted again', async () => {
    const ns = await cluster.namespace();
    await create(ns, 1);
    await rolled(ns, 1);
    const pod = `${path(ns, 'pods')}/ss-0`;
    const { metadata } = await api.get(pod);
    await api.patch(`${pod}/status`, { status: { phase: 'Failed', reason: 'Evicted' } }, 'strategic');
    await api.until(
      () => api.get(pod).catch(() => ({ metadata: {} }) as Doc),
      (p) => Boolean(p.metadata.uid) && p.metadata.uid !== metadata.uid,
      'another',
    );
    await rolled(ns, 1);
    // Through the eviction API the same.
    await api.post(`${pod}/eviction`, { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'ss-0' } });
    await rolled(ns, 1);
  });

  it('has a scale', async () => {
    const ns = await cluster.namespace();
    await create(ns, 1);
    await rolled(ns, 1);
    const scale = await api.get(`${set(ns)}/scale`);
    expect(scale).toMatchObject({ spec: { replicas: 1 }, status: { replicas: 1, selector: 'app=ss' } });
    await api.put(`${set(ns)}/scale`, { ...scale, spec: { replicas: 2 } });
    await rolled(ns, 2);
    await api.patch(`${set(ns)}/scale`, { spec: { replicas: 4 } });
    await rolled(ns, 4);
  });

  it('gives pods names in its service, ready or not as the service says', async () => {
    const ns = await cluster.namespace();
    await create(ns, 2);
    await rolled(ns, 2);
    const slices = `${path(ns, 'endpointslices', 'apis/discovery.k8s.io/v1')}?labelSelector=kubernetes.io%2Fservice-name%3Dtest`;
    const hosts = async () =>
      (await api.items(slices))
        .flatMap((s) => s['endpoints'] as Doc[])
        .map((e) => [e['hostname'], e['conditions'].ready]);
    await api.until(hosts, (all) => JSON.stringify(all.sort()) === '[["ss-0",true],["ss-1",true]]');
    await setReady(ns, 'ss-1', false);
    await api.until(hosts, (all) => JSON.stringify(all.sort()) === '[["ss-0",true],["ss-1",false]]');
    await api.patch(`${path(ns, 'services')}/test`, { spec: { publishNotReadyAddresses: true } });
    await api.until(hosts, (all) => JSON.stringify(all.sort()) === '[["ss-0",true],["ss-1",true]]');
  });

  it('takes its pods and revisions along, or leaves both', async () => {
    const ns = await cluster.namespace();
    await create(ns, 2);
    await rolled(ns, 2);
    await api.del(set(ns), { propagationPolicy: 'Orphan' });
    await api.gone(set(ns));
    expect(await podsOf(ns, 'app=ss')).toHaveLength(2);
    expect(await api.items(apps(ns, 'controllerrevisions'))).toHaveLength(1);
    const spec = { replicas: 2, serviceName: 'test', selector: { matchLabels: { app: 'ss' } } };
    const body = { metadata: { name: 'ss' }, spec: { ...spec, template: template({ app: 'ss' }, 'one') } };
    await api.post(apps(ns, 'statefulsets'), body);
    await rolled(ns, 2);
    await api.del(set(ns), { propagationPolicy: 'Foreground' });
    await api.gone(set(ns));
    expect(await podsOf(ns, 'app=ss')).toHaveLength(0);
    expect(await api.items(apps(ns, 'controllerrevisions'))).toHaveLength(0);
  });

  it('runs from a manifest of old', async () => {
    const ns = await cluster.namespace();
    await api.post(path(ns, 'statefulsets', 'apis/apps/v1beta1'), {
      metadata: { name: 'ss' },
      spec: { serviceName: 'test', replicas: 2, template: template({ app: 'ss' }, 'one') },
    });
    await api.until(
      () => api.get(set(ns)),
      (s) => s['status'].availableReplicas === 2 && s['spec'].updateStrategy.type === 'OnDelete',
    );
  });
});

describe('DaemonSet', () => {
  const set = (ns: string) => apps(ns, 'daemonsets', 'ds');
  const create = (ns: string, more: object = {}, pod: object = {}) =>
    api.post(apps(ns, 'daemonsets'), {
      metadata: { name: 'ds', labels: { app: 'ds' } },
      spec: { selector: { matchLabels: { app: 'ds' } }, template: template({ app: 'ds' }, 'one', pod), ...more },
    });
  const running = (ns: string, nodes: number) =>
    api.until(
      () => api.get(set(ns)),
      ({ metadata, status }) =>
        status.observedGeneration === metadata.generation &&
        status.desiredNumberScheduled === nodes &&
        status.updatedNumberScheduled === (nodes || undefined) &&
        status.numberAvailable === (nodes || undefined),
      'running',
    );

  it('runs a pod on every node, and another when one is deleted', async () => {
    const ns = await cluster.namespace();
    await create(ns);
    await running(ns, 3);
    const [pod] = await podsOf(ns, 'app=ds');
    await api.del(`${path(ns, 'pods')}/${pod!.metadata.name}`);
    await api.until(
      () => podsOf(ns, 'app=ds'),
      (all) => all.length === 3 && all.every((p) => p.metadata.uid !== pod!.metadata.uid),
    );
    await running(ns, 3);
  });

  it('follows labels of nodes', async () => {
    const ns = await cluster.namespace();
    await create(ns, {}, { nodeSelector: { color: 'blue' } });
    await running(ns, 0);
    const [node] = await api.items('/api/v1/nodes');
    const paint = (color: string | null) =>
      api.patch(`/api/v1/nodes/${node!.metadata.name}`, { metadata: { labels: { color } } });
    await paint('blue');
    await running(ns, 1);
    await paint('green');
    await running(ns, 0);
    await api.patch(set(ns), { spec: { template: { spec: { nodeSelector: { color: 'green' } } } } });
    await running(ns, 1);
    await paint(null);
    await running(ns, 0);
  });

  it('tries failed pods again', async () => {
    const ns = await cluster.namespace();
    await create(ns);
    await running(ns, 3);
    const [pod] = await podsOf(ns, 'app=ds');
    await api.patch(`${path(ns, 'pods')}/${pod!.metadata.name}/status`, { status: { phase: 'Failed' } }, 'strategic');
    await api.gone(`${path(ns, 'pods')}/${pod!.metadata.name}`);
    await running(ns, 3);
  });

  it('updates its pods when its template changes, and goes back without needless restarts', async () => {
    const ns = await cluster.namespace();
    await create(ns, { updateStrategy: { type: 'RollingUpdate' } });
    await running(ns, 3);
    const [first] = await api.items(apps(ns, 'controllerrevisions'));
    const before = (await podsOf(ns, 'app=ds')).map((p) => p.metadata.uid as string);
    const change = (image: string, simulate: string | null) =>
      api.patch(
        set(ns),
        {
          spec: {
            template: {
              metadata: { annotations: { 'sampan.io/simulate': simulate } },
              spec: { containers: [{ name: 'c', image }] },
            },
          },
        },
        'strategic',
      );
    // An image that cannot run: the update stops at the first node.
    await change('broken', 'never-ready');
    await api.until(
      () => podsOf(ns, 'app=ds'),
      (all) => imagesOf(all).join() === 'broken,one,one',
    );
    await change('one', null);
    await running(ns, 3);
    const after = (await podsOf(ns, 'app=ds')).map((p) => p.metadata.uid as string);
    expect(after.filter((uid) => before.includes(uid))).toHaveLength(2);
    const revisions = await api.items(apps(ns, 'controllerrevisions'));
    expect(revisions.find((r) => r.metadata.name === first!.metadata.name)?.['revision']).toBe(3);
  });

  it('runs from a manifest of old', async () => {
    const ns = await cluster.namespace();
    await api.post(path(ns, 'daemonsets', 'apis/extensions/v1beta1'), {
      metadata: { name: 'ds' },
      spec: { template: template({ app: 'ds' }, 'one') },
    });
    await running(ns, 3);
    expect((await api.get(set(ns)))['spec'].updateStrategy).toEqual({ type: 'OnDelete' });
  });

  it('surfaces a quota that runs out half way, and goes on when it is raised', async () => {
    const ns = await cluster.namespace();
    const quota = `${path(ns, 'resourcequotas')}/q`;
    await api.post(path(ns, 'resourcequotas'), { metadata: { name: 'q' }, spec: { hard: { pods: '2' } } });
    await api.until(
      () => api.get(quota),
      (q) => q['status']?.hard?.pods === '2',
    );
    await create(ns);
    await api.until(
      () => api.get(set(ns)),
      (s) => s['status'].currentNumberScheduled === 2 && s['status'].desiredNumberScheduled === 3,
    );
    await api.until(
      () => api.items(path(ns, 'events')),
      (all) => all.some((e) => e['reason'] === 'FailedCreate' && /exceeded quota: q/.test(e['message'] as string)),
    );
    await api.patch(quota, { spec: { hard: { pods: '5' } } });
    await running(ns, 3);
  });
});

describe('ControllerRevision', () => {
  it('goes through its life beside the daemon set that owns it', async () => {
    const ns = await cluster.namespace();
    const revisions = apps(ns, 'controllerrevisions');
    const count = (wanted: number, label = 'app=rev') =>
      api.until(
        () => api.items(`${revisions}?labelSelector=${encodeURIComponent(label)}`),
        (all) => all.length === wanted,
        `${wanted} revisions`,
      );
    await api.post(apps(ns, 'daemonsets'), {
      metadata: { name: 'ds' },
      spec: { selector: { matchLabels: { app: 'rev' } }, template: template({ app: 'rev' }, 'one') },
    });
    const [initial] = await count(1);
    const { name } = initial!.metadata;
    await api.patch(`${revisions}/${name}`, { metadata: { labels: { [name]: 'patched' } } }, 'strategic');
    await count(1, `${name}=patched`);
    const { metadata } = await api.get(apps(ns, 'daemonsets', 'ds'));
    await api.post(revisions, {
      metadata: {
        name: 'ds-second',
        labels: { app: 'rev', 'controller-revision-hash': 'second' },
        ownerReferences: [
          {
            apiVersion: 'apps/v1',
            kind: 'DaemonSet',
            name: 'ds',
            uid: metadata.uid,
            controller: true,
            blockOwnerDeletion: true,
          },
        ],
      },
      data: initial!['data'],
      revision: 2,
    });
    await count(2);
    await api.del(`${revisions}/${name}`);
    const [second] = await count(1);
    expect(second!.metadata.name).toBe('ds-second');
    await api.patch(`${revisions}/ds-second`, { metadata: { labels: { 'ds-second': 'updated' } } });
    const spec = { template: { spec: { terminationGracePeriodSeconds: 1 } } };
    await api.patch(apps(ns, 'daemonsets', 'ds'), { spec }, 'strategic');
    await count(2);
    // Pods of the revision that goes are still being replaced: it is not made again.
    await api.del(`${revisions}?labelSelector=ds-second%3Dupdated`);
    const [third] = await count(1);
    expect(third!['revision']).toBe(3);
  });
});
