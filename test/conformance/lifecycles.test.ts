// Upstream's entries on namespaces, garbage collection, quotas and objects with rules of their own.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Api, type Cluster, type Doc, pod, startCluster } from './api.ts';

let cluster: Cluster;
let api: Api;
let name: string;
let ns: string;
beforeAll(async () => {
  cluster = await startCluster();
  api = cluster.api;
});
beforeEach(async () => {
  name = await cluster.namespace();
  ns = `/api/v1/namespaces/${name}`;
});
afterAll(() => cluster.close());

const force = { gracePeriodSeconds: 0 };
const names = (items: Doc[]) => items.map((o) => o.metadata.name).sort();

describe('namespaces', () => {
  it('Namespace patching; Namespace, apply update to a namespace', async () => {
    expect(
      (await api.patch(ns, { metadata: { labels: { testLabel: 'v' } } }, 'strategic')).metadata.labels,
    ).toMatchObject({ testLabel: 'v', 'kubernetes.io/metadata.name': name });
    const current = await api.get(ns);
    current.metadata.labels.updated = 'x';
    expect((await api.put(ns, current)).metadata.labels).toMatchObject({ updated: 'x' });
  });

  it('Namespace, apply changes to a namespace status', async () => {
    const condition = (type: string) => ({ type, status: 'True', reason: 'E2E', message: 'by an e2e test' });
    expect((await api.get(`${ns}/status`))['status'].phase).toBe('Active');
    const patched = await api.patch(`${ns}/status`, {
      metadata: { annotations: { 'e2e-patched-ns-status': name } },
      status: { conditions: [condition('StatusPatch')] },
    });
    expect(patched['status'].conditions).toMatchObject([condition('StatusPatch')]);
    expect(patched.metadata.annotations).toMatchObject({ 'e2e-patched-ns-status': name });
    patched['status'].conditions.push(condition('StatusUpdate'));
    expect((await api.put(`${ns}/status`, patched))['status'].conditions).toHaveLength(2);
  });

  it('Namespace, apply finalizer to a namespace', async () => {
    const current = await api.get(ns);
    expect(current['spec'].finalizers).toEqual(['kubernetes']);
    current['spec'].finalizers.push('e2e.example.com/fakeFinalizer');
    const updated = await api.put(`${ns}/finalize`, current);
    expect(updated['spec'].finalizers).toEqual(['kubernetes', 'e2e.example.com/fakeFinalizer']);
    updated['spec'].finalizers.pop();
    expect((await api.put(`${ns}/finalize`, updated))['spec'].finalizers).toEqual(['kubernetes']);
  });

  it('namespace-deletion-removes-pods; namespace-deletion-removes-services', async () => {
    await api.post(`${ns}/pods`, pod('test-pod', {}, { schedulerName: 'nobody' }));
    await api.post(`${ns}/services`, { metadata: { name: 'test-service' }, spec: { ports: [{ port: 80 }] } });
    expect((await api.del(ns))['status']).toMatchObject({ phase: 'Terminating' });
    expect(await api.failure(api.post(`${ns}/configmaps`, { metadata: { name: 'late' } }))).toMatchObject({
      code: 403,
      message: `configmaps "late" is forbidden: unable to create new content in namespace ${name} because it is being terminated`,
      status: {
        details: {
          causes: [
            {
              reason: 'NamespaceTerminating',
              message: `namespace ${name} is being terminated`,
              field: 'metadata.namespace',
            },
          ],
        },
      },
    });
    await api.gone(ns);
    await api.post('/api/v1/namespaces', { metadata: { name } });
    expect(await api.items(`${ns}/pods`)).toEqual([]);
    expect(await api.items(`${ns}/services`)).toEqual([]);
  });

  it('Namespace deletion waits for finalizers and says so in its conditions', async () => {
    await api.post(`${ns}/configmaps`, { metadata: { name: 'kept', finalizers: ['e2e.example.com/hold'] } });
    await api.del(ns);
    const waiting = await api.until(
      () => api.get(ns),
      (o) =>
        o['status'].conditions?.some(
          (c: Doc) => c['type'] === 'NamespaceFinalizersRemaining' && c['status'] === 'True',
        ),
    );
    const remaining = waiting['status'].conditions.find((c: Doc) => c['type'] === 'NamespaceFinalizersRemaining');
    expect(remaining).toMatchObject({
      reason: 'SomeFinalizersRemain',
      message: 'Some content in the namespace has finalizers remaining: e2e.example.com/hold in 1 resource instances',
    });
    const types = waiting['status'].conditions.map((c: Doc) => c['type']);
    expect(types).toEqual(
      expect.arrayContaining([
        'NamespaceDeletionDiscoveryFailure',
        'NamespaceDeletionGroupVersionParsingFailure',
        'NamespaceDeletionContentFailure',
        'NamespaceContentRemaining',
      ]),
    );
    await api.patch(`${ns}/configmaps/kept`, { metadata: { finalizers: null } });
    await api.gone(ns);
  });
});

describe('garbage collection', () => {
  const template = {
    metadata: { labels: { app: 'gc' } },
    spec: { schedulerName: 'nobody', containers: [{ name: 'c', image: 'x' }] },
  };
  const rs = (n: string, replicas: number, label = n) => ({
    metadata: { name: n },
    spec: {
      replicas,
      selector: { matchLabels: { app: label } },
      template: { ...template, metadata: { labels: { app: label } } },
    },
  });
  const apps = () => `/apis/apps/v1/namespaces/${name}`;
  const pods = () => api.items(`${ns}/pods`);

  it('Garbage Collector, delete deployment,  propagation policy background', async () => {
    await api.post(`${apps()}/deployments`, rs('d', 2));
    await api.until(pods, (items) => items.length === 2);
    await api.del(`${apps()}/deployments/d`, { propagationPolicy: 'Background' });
    await api.until(
      () => api.items(`${apps()}/replicasets`),
      (items) => items.length === 0,
    );
    await api.until(pods, (items) => items.length === 0);
  });

  it('Garbage Collector, delete deployment, propagation policy orphan', async () => {
    await api.post(`${apps()}/deployments`, rs('d', 1));
    await api.until(pods, (items) => items.length === 1);
    await api.del(`${apps()}/deployments/d`, { propagationPolicy: 'Orphan' });
    await api.gone(`${apps()}/deployments/d`);
    const [left] = await api.items(`${apps()}/replicasets`);
    expect(left!.metadata.ownerReferences ?? []).toEqual([]);
    expect(left!.metadata.deletionTimestamp).toBeUndefined();
    expect(await pods()).toHaveLength(1);
  });

  it('Garbage Collector, delete replication controller, after owned pods', async () => {
    await api.post(`${apps()}/replicasets`, rs('r', 5));
    await api.until(pods, (items) => items.length === 5);
    const watch = api.watch(`${apps()}/replicasets?fieldSelector=metadata.name%3Dr`);
    await api.del(`${apps()}/replicasets/r`, { propagationPolicy: 'Foreground' });
    const dying = await watch.find('MODIFIED', (o) => o.metadata.deletionTimestamp !== undefined);
    expect(dying.object.metadata.finalizers).toContain('foregroundDeletion');
    await watch.find('DELETED');
    watch.close();
    expect(await pods()).toEqual([]);
  });

  it('Garbage Collector, multiple owners', async () => {
    const dying = await api.post(`${apps()}/replicasets`, rs('one', 4));
    const staying = await api.post(`${apps()}/replicasets`, rs('two', 0, 'other'));
    const owned = await api.until(pods, (items) => items.length === 4);
    const half = owned.slice(0, 2);
    for (const p of half) {
      await api.patch(
        `${ns}/pods/${p.metadata.name}`,
        {
          metadata: {
            ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'two', uid: staying.metadata.uid }],
          },
        },
        'strategic',
      );
    }
    expect((await api.get(`${ns}/pods/${half[0]!.metadata.name}`)).metadata.ownerReferences).toHaveLength(2);
    await api.del(`${apps()}/replicasets/${dying.metadata.name}`, { propagationPolicy: 'Foreground' });
    await api.gone(`${apps()}/replicasets/one`);
    const left = await pods();
    expect(names(left)).toEqual(names(half));
    for (const p of left) {
      expect(p.metadata.deletionTimestamp).toBeUndefined();
      expect(p.metadata.ownerReferences.map((r: Doc) => r['name'])).toEqual(['two']);
    }
  });

  it('Garbage Collector, dependency cycle', async () => {
    const made: Doc[] = [];
    for (const n of ['pod1', 'pod2', 'pod3'])
      made.push(await api.post(`${ns}/pods`, pod(n, {}, { schedulerName: 'nobody' })));
    for (const [i, p] of made.entries()) {
      const owner = made[(i + 2) % 3]!;
      const references = [
        {
          apiVersion: 'v1',
          kind: 'Pod',
          name: owner.metadata.name,
          uid: owner.metadata.uid,
          controller: true,
          blockOwnerDeletion: true,
        },
      ];
      await api.patch(`${ns}/pods/${p.metadata.name}`, { metadata: { ownerReferences: references } });
    }
    await api.del(`${ns}/pods/pod1`, { propagationPolicy: 'Foreground' });
    await api.until(pods, (items) => items.length === 0);
  });

  it('what is owned by nothing that ever was goes too', async () => {
    await api.post(`${ns}/configmaps`, {
      metadata: {
        name: 'lost',
        ownerReferences: [
          { apiVersion: 'v1', kind: 'ConfigMap', name: 'never', uid: '11111111-2222-3333-4444-555555555555' },
        ],
      },
    });
    await api.gone(`${ns}/configmaps/lost`);
  });

  it('orphanDependents, the old field, and propagation policies that are none', async () => {
    await api.post(`${apps()}/replicasets`, rs('r', 1));
    await api.until(pods, (items) => items.length === 1);
    expect(await api.failure(api.del(`${apps()}/replicasets/r`, { propagationPolicy: 'Sideways' }))).toMatchObject({
      code: 422,
    });
    expect(
      await api.failure(api.del(`${apps()}/replicasets/r`, { propagationPolicy: 'Orphan', orphanDependents: true })),
    ).toMatchObject({ code: 422 });
    await api.del(`${apps()}/replicasets/r`, { orphanDependents: true });
    await api.gone(`${apps()}/replicasets/r`);
    expect(await pods()).toHaveLength(1);
  });
});

describe('quotas', () => {
  const quotas = () => `${ns}/resourcequotas`;
  const make = (hard: object, more: object = {}, n = 'test-quota') =>
    api.post(quotas(), { metadata: { name: n }, spec: { hard, ...more } });
  const used = (expected: object, n = 'test-quota') =>
    api.until(
      () => api.get(`${quotas()}/${n}`),
      (o) => Object.entries(expected).every(([k, v]) => o['status']?.used?.[k] === v),
      `used ${JSON.stringify(expected)}`,
    );
  const running = (n: string, resources: object = {}, more: object = {}) =>
    pod(n, {}, { schedulerName: 'nobody', containers: [{ name: 'c', image: 'x', resources }], ...more });

  it('ResourceQuota, object count quota, resourcequotas; update and delete', async () => {
    await make({ resourcequotas: '1', cpu: '1' });
    await used({ resourcequotas: '1' });
    expect(await api.failure(make({ cpu: '1' }, {}, 'second'))).toMatchObject({
      code: 403,
      message:
        'resourcequotas "second" is forbidden: exceeded quota: test-quota, requested: resourcequotas=1, used: resourcequotas=1, limited: resourcequotas=1',
    });
    const current = await api.get(`${quotas()}/test-quota`);
    current['spec'].hard = { cpu: '2', memory: '1Gi' };
    expect((await api.put(`${quotas()}/test-quota`, current))['spec'].hard).toEqual({ cpu: '2', memory: '1Gi' });
    await api.del(`${quotas()}/test-quota`);
    await api.gone(`${quotas()}/test-quota`);
  });

  it.each([
    [
      'service',
      'services',
      { spec: { type: 'NodePort', ports: [{ port: 80 }] } },
      { services: '1', 'services.nodeports': '1' },
    ],
    ['secret', 'secrets', { data: {} }, { secrets: '1' }],
    ['configMap', 'configmaps', { data: {} }, { configmaps: '2' }],
    [
      'replicationController',
      'replicationcontrollers',
      {
        spec: {
          replicas: 0,
          selector: { a: 'b' },
          template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'x' }] } },
        },
      },
      { replicationcontrollers: '1' },
    ],
  ])('ResourceQuota, object count quota, %s', async (_kind, plural, body, expected) => {
    const before = Object.fromEntries(Object.keys(expected).map((k) => [k, k === 'configmaps' ? '1' : '0']));
    if ('configmaps' in expected)
      await api.until(
        () => api.items(`${ns}/configmaps`),
        (items) => items.length === 1,
      );
    await make(Object.fromEntries(Object.keys(expected).map((k) => [k, '5'])));
    await used(before);
    await api.post(`${ns}/${plural}`, { metadata: { name: 'counted' }, ...body });
    await used(expected);
    await api.del(`${ns}/${plural}/counted`);
    await used(before);
  });

  it('ResourceQuota, object count quota, replicaSet', async () => {
    await make({ 'count/replicasets.apps': '5' });
    await api.post(`/apis/apps/v1/namespaces/${name}/replicasets`, {
      metadata: { name: 'r' },
      spec: {
        replicas: 0,
        selector: { matchLabels: { a: 'b' } },
        template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'x' }] } },
      },
    });
    await used({ 'count/replicasets.apps': '1' });
    await api.del(`/apis/apps/v1/namespaces/${name}/replicasets/r`);
    await used({ 'count/replicasets.apps': '0' });
  });

  it('ResourceQuota, object count quota, pod', async () => {
    const extended = 'requests.example.com/dongle';
    await make({ pods: '5', cpu: '1', memory: '500Mi', 'requests.ephemeral-storage': '50Gi', [extended]: '3' });
    const none = { pods: '0', cpu: '0', memory: '0', 'requests.ephemeral-storage': '0', [extended]: '0' };
    await used(none);
    const requests = { cpu: '500m', memory: '200Mi', 'ephemeral-storage': '30Gi', 'example.com/dongle': '2' };
    await api.post(`${ns}/pods`, running('test-pod', { requests, limits: { 'example.com/dongle': '2' } }));
    await used({ pods: '1', cpu: '500m', memory: '200Mi', 'requests.ephemeral-storage': '30Gi', [extended]: '2' });
    const over = (resources: object) =>
      api.failure(
        api.post(
          `${ns}/pods`,
          running('fail-pod', { requests: { ...requests, ...resources }, limits: { 'example.com/dongle': '2' } }),
        ),
      );
    expect((await over({ cpu: '600m', 'ephemeral-storage': '1Gi' })).message).toContain(
      'exceeded quota: test-quota, requested: cpu=600m,requests.example.com/dongle=2, used: cpu=500m,requests.example.com/dongle=2, limited: cpu=1,requests.example.com/dongle=3',
    );
    expect(await over({ memory: '400Mi' })).toMatchObject({ code: 403 });
    expect((await api.failure(api.post(`${ns}/pods`, running('bare')))).message).toBe(
      'pods "bare" is forbidden: failed quota: test-quota: must specify cpu for: c; memory for: c',
    );
    const live = await api.get(`${ns}/pods/test-pod`);
    live['spec'].containers[0].resources.requests.cpu = '100m';
    expect(await api.failure(api.put(`${ns}/pods/test-pod`, live))).toMatchObject({ code: 422 });
    await api.del(`${ns}/pods/test-pod`, force);
    await used(none);
  });

  it('ResourceQuota, quota scope, BestEffort and NotBestEffort scope', async () => {
    await make({ pods: '5' }, { scopes: ['BestEffort'] }, 'best');
    await make({ pods: '5' }, { scopes: ['NotBestEffort'] }, 'not-best');
    await api.post(`${ns}/pods`, running('a'));
    await used({ pods: '1' }, 'best');
    await used({ pods: '0' }, 'not-best');
    await api.del(`${ns}/pods/a`, force);
    await used({ pods: '0' }, 'best');
    await api.post(`${ns}/pods`, running('b', { requests: { cpu: '1' }, limits: { cpu: '1' } }));
    await used({ pods: '1' }, 'not-best');
    await used({ pods: '0' }, 'best');
  });

  it('ResourceQuota, quota scope, Terminating and NotTerminating scope', async () => {
    const hard = { pods: '5', 'requests.cpu': '1', 'limits.memory': '500Mi' };
    await make(hard, { scopes: ['Terminating'] }, 'terminating');
    await make(hard, { scopes: ['NotTerminating'] }, 'lasting');
    const resources = { requests: { cpu: '500m', memory: '200Mi' }, limits: { cpu: '1', memory: '400Mi' } };
    await api.post(`${ns}/pods`, running('a', resources));
    await used({ pods: '1', 'requests.cpu': '500m', 'limits.memory': '400Mi' }, 'lasting');
    await used({ pods: '0' }, 'terminating');
    await api.del(`${ns}/pods/a`, force);
    await used({ pods: '0' }, 'lasting');
    await api.post(`${ns}/pods`, running('b', resources, { activeDeadlineSeconds: 3600 }));
    await used({ pods: '1' }, 'terminating');
    await used({ pods: '0' }, 'lasting');
  });

  it('ResourceQuota, apply changes to a ResourceQuota status', async () => {
    await make({ cpu: '500m', memory: '500Mi' });
    const at = `${quotas()}/test-quota`;
    await api.until(
      () => api.get(at),
      (o) => o['status']?.hard?.cpu === '500m',
    );
    const status = (hard: object) => async () => {
      const current = await api.get(at);
      current['status'].hard = hard;
      return api.put(`${at}/status`, current);
    };
    expect((await status({ cpu: '250m', memory: '500Mi' })())['status'].hard.cpu).toBe('250m');
    await api.until(
      () => api.get(at),
      (o) => o['status'].hard.cpu === '500m',
      'put right by the controller',
    );
    expect((await api.patch(at, { spec: { hard: { cpu: '1', memory: '1Gi' } } }))['spec'].hard).toEqual({
      cpu: '1',
      memory: '1Gi',
    });
    await api.until(
      () => api.get(`${at}/status`),
      (o) => o['status'].hard.cpu === '1',
    );
    const patched = await api.patch(`${at}/status`, { spec: { hard: { cpu: '9' } }, status: { hard: { cpu: '7' } } });
    expect(patched['spec'].hard).toEqual({ cpu: '1', memory: '1Gi' });
    expect(patched['status'].hard.cpu).toBe('7');
    await api.until(
      () => api.get(`${at}/status`),
      (o) => o['status'].hard.cpu === '1',
    );
  });
});

describe('objects with rules of their own', () => {
  it('ConfigMap, with empty-key; Secrets, with empty key', async () => {
    expect(
      await api.failure(api.post(`${ns}/configmaps`, { metadata: { name: 'c' }, data: { '': 'v' } })),
    ).toMatchObject({ code: 422, message: expect.stringContaining('data[]: Invalid value: ""') });
    expect(
      await api.failure(api.post(`${ns}/secrets`, { metadata: { name: 's' }, data: { '': 'dg==' } })),
    ).toMatchObject({ code: 422 });
  });

  it.each([
    ['configmaps', { data: { a: 'x' } }, { data: { a: 'y' } }],
    ['secrets', { data: { a: 'eA==' } }, { stringData: { a: 'y' } }],
  ])('Secrets Volume, immutability; ConfigMap immutability: %s', async (plural, body, change) => {
    const at = `${ns}/${plural}/i`;
    await api.post(`${ns}/${plural}`, { metadata: { name: 'i' }, ...body });
    await api.patch(at, change);
    await api.patch(at, { immutable: true });
    expect((await api.failure(api.patch(at, { data: { a: 'eg==' } }))).message).toContain(
      'field is immutable when `immutable` is set',
    );
    expect((await api.failure(api.patch(at, { immutable: false }))).message).toContain(
      'immutable: Forbidden: field is immutable when `immutable` is set',
    );
    await api.patch(at, { metadata: { labels: { ok: 'yes' } } });
    await api.del(at);
  });

  it('Service, change type between ClusterIP, ExternalName and NodePort', async () => {
    const at = `${ns}/services/s`;
    const set = (change: object) => api.patch(at, { spec: change });
    const made = await api.post(`${ns}/services`, {
      metadata: { name: 's' },
      spec: { type: 'ExternalName', externalName: 'foo.example.com' },
    });
    expect(made['spec'].clusterIP).toBeUndefined();
    const ip = await set({
      type: 'ClusterIP',
      externalName: null,
      ports: [{ port: 80, name: 'http', protocol: 'TCP' }],
    });
    expect(ip['spec'].clusterIP).toMatch(/^10\.96\./);
    const node = await set({ type: 'NodePort' });
    expect(node['spec'].ports[0].nodePort).toBeGreaterThanOrEqual(30000);
    expect(node['spec'].clusterIP).toBe(ip['spec'].clusterIP);
    const external = await set({
      type: 'ExternalName',
      externalName: 'foo.example.com',
      clusterIP: '',
      clusterIPs: null,
    });
    expect(external['spec'].clusterIP).toBeUndefined();
    expect(external['spec'].ports?.[0].nodePort).toBeUndefined();
    expect(
      (
        await api.post(`${ns}/services`, {
          metadata: { name: 'again' },
          spec: { type: 'NodePort', ports: [{ port: 1, nodePort: node['spec'].ports[0].nodePort }] },
        })
      )['spec'].type,
    ).toBe('NodePort');
  });

  it('Find Kubernetes Service in default Namespace; Kubernetes Service', async () => {
    expect((await api.items('/api/v1/services')).map((s) => `${s.metadata.namespace}/${s.metadata.name}`)).toContain(
      'default/kubernetes',
    );
    expect(await api.get('/apis/networking.k8s.io/v1/servicecidrs/kubernetes')).toMatchObject({
      spec: { cidrs: ['10.96.0.0/16'] },
      status: { conditions: [{ type: 'Ready', status: 'True' }] },
    });
  });

  it('PriorityClass endpoints: values and what they are for cannot change', async () => {
    const at = '/apis/scheduling.k8s.io/v1/priorityclasses/p1';
    await api.post('/apis/scheduling.k8s.io/v1/priorityclasses', { metadata: { name: 'p1' }, value: 1000 });
    const changed = await api.get(at);
    changed['value'] = 1001;
    expect(await api.failure(api.put(at, changed))).toMatchObject({
      code: 422,
      status: {
        details: { causes: [{ field: 'value', message: expect.stringContaining('may not be changed in an update') }] },
      },
    });
    expect((await api.patch(at, { description: 'New description' }))['description']).toBe('New description');
    expect((await api.items('/apis/scheduling.k8s.io/v1/priorityclasses')).map((o) => o.metadata.name)).toEqual(
      expect.arrayContaining(['system-cluster-critical', 'system-node-critical']),
    );
    await api.del(at);
  });

  it('EndpointSlice Mirroring', async () => {
    const slices = `/apis/discovery.k8s.io/v1/namespaces/${name}/endpointslices?labelSelector=kubernetes.io/service-name%3Dmirrored`;
    const subsets = (ip: string) => [{ ports: [{ name: 'example', port: 80 }], addresses: [{ ip }] }];
    const ports = [{ name: 'example', port: 80 }];
    await api.post(`${ns}/services`, { metadata: { name: 'mirrored' }, spec: { ports } });
    await api.post(`${ns}/endpoints`, { metadata: { name: 'mirrored' }, subsets: subsets('10.1.2.3') });
    const [slice] = await api.until(
      () => api.items(slices),
      (items) => items.length === 1,
    );
    expect(slice).toMatchObject({
      metadata: {
        labels: { 'endpointslice.kubernetes.io/managed-by': 'endpointslicemirroring-controller.k8s.io' },
      },
      endpoints: [{ addresses: ['10.1.2.3'] }],
      ports,
    });
    await api.patch(`${ns}/endpoints/mirrored`, { subsets: subsets('10.2.3.4') });
    await api.until(
      () => api.items(slices),
      ([s]) => s?.['endpoints'][0].addresses[0] === '10.2.3.4',
    );
    await api.del(`${ns}/endpoints/mirrored`);
    await api.until(
      () => api.items(slices),
      (items) => items.length === 0,
    );
  });
});
