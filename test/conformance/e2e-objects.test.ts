// Entries of upstream's list newer than 1.20, each in the steps of its own test in test/e2e (named beside it): what the
// table of api-operations asks in one way for all kinds is asked here with the objects that upstream sends.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Api, type Cluster, type Doc, pod, startCluster } from './api.ts';
import { conversionProgram, serveBehind } from './extension-programs.ts';

let cluster: Cluster;
let api: Api;
let name: string;
beforeAll(async () => {
  cluster = await startCluster();
  api = cluster.api;
});
beforeEach(async () => {
  name = await cluster.namespace();
});
afterAll(() => cluster.close());

const STORAGE = '/apis/storage.k8s.io/v1';
const NETWORKING = '/apis/networking.k8s.io/v1';
const selected = (path: string, label: string) => `${path}?labelSelector=${encodeURIComponent(label)}`;
const annotated = (key: string) => ({ metadata: { annotations: { [key]: 'true' } } });

/** Two patches and updates with labels after the object's own name, one delete, and one of a collection. */
async function goThroughLife(path: string, create: () => Promise<Doc>, patchType: 'merge' | 'strategic') {
  const first = (await create()).metadata.name;
  expect((await api.get(`${path}/${first}`)).metadata.name).toBe(first);
  const patched = await api.patch(`${path}/${first}`, { metadata: { labels: { [first]: 'patched' } } }, patchType);
  expect(patched.metadata.labels).toEqual({ [first]: 'patched' });
  expect(await api.items(selected(path, `${first}=patched`))).toHaveLength(1);
  await api.del(`${path}/${first}`);
  expect(await api.items(selected(path, `${first}=patched`))).toHaveLength(0);
  const second = (await create()).metadata.name;
  const current = await api.get(`${path}/${second}`);
  const updated = await api.put(`${path}/${second}`, {
    ...current,
    metadata: { ...current.metadata, labels: { [second]: 'updated' } },
  });
  expect(updated.metadata.labels).toEqual({ [second]: 'updated' });
  expect(await api.items(selected(path, `${second}=updated`))).toHaveLength(1);
  await api.del(selected(path, `${second}=updated`));
  expect(await api.items(selected(path, `${second}=updated`))).toHaveLength(0);
}

describe('storage', () => {
  // storage/volume_attachment.go: what the client sets as its uid is not kept.
  it('VolumeAttachment, lifecycle; status', async () => {
    let count = 0;
    const attachments = `${STORAGE}/volumeattachments`;
    const create = async () => {
      const made = await api.post(attachments, {
        metadata: { name: `va-e2e-${++count}`, uid: `va-e2e-${count}`, creationTimestamp: null },
        spec: {
          attacher: 'e2e-test.storage.k8s.io',
          nodeName: 'n',
          source: { persistentVolumeName: `pv-e2e-${count}` },
        },
        status: { attached: true },
      });
      expect(made.metadata.uid).toMatch(/^[0-9a-f]{8}-/);
      // Only its own subresource says that it is attached.
      expect(made['status']).toEqual({ attached: false });
      return made;
    };
    await goThroughLife(attachments, create, 'merge');
    const at = `${attachments}/${(await create()).metadata.name}/status`;
    expect((await api.patch(at, { status: { attached: true } }))['status']).toEqual({ attached: true });
    const read = await api.get(at);
    read['status'].attached = false;
    expect((await api.put(at, read))['status']).toEqual({ attached: false });
  });

  // storage/csi_node.go: without drivers.
  it('CSINode, lifecycle', async () => {
    let count = 0;
    await goThroughLife(
      `${STORAGE}/csinodes`,
      () => api.post(`${STORAGE}/csinodes`, { metadata: { name: `e2e-csinode-${++count}` }, spec: { drivers: null } }),
      'strategic',
    );
  });

  // storage/volumeattributesclass.go, over both versions.
  it.each(['v1beta1', 'v1'])('VolumeAttributesClass, lifecycle, %s', async (version) => {
    const classes = `/apis/storage.k8s.io/${version}/volumeattributesclasses`;
    const body = {
      kind: 'VolumeAttributesClass',
      metadata: { generateName: 'e2e-' },
      driverName: 'e2e-fake-csi-driver',
      parameters: { foo: 'bar' },
    };
    await goThroughLife(classes, () => api.post(classes, body), 'strategic');
  });

  // storage/csi_inline.go
  it('CSIInlineVolumes should support Pods with inline volumes', async () => {
    const pods = `/api/v1/namespaces/${name}/pods`;
    const body = pod(
      'pod-csi-inline-volumes',
      {},
      {
        volumes: [
          { name: 'csi-inline-vol1', csi: { driver: 'e2e.example.com' } },
          { name: 'csi-inline-vol2', csi: { driver: 'e2e.example.com', fsType: 'ext4', readOnly: true } },
        ],
        containers: [
          {
            name: 'pod-csi-inline-volumes',
            image: 'busybox',
            command: ['sh', '-c', 'ls /mnt/*'],
            volumeMounts: [
              { name: 'csi-inline-vol1', mountPath: '/mnt/vol1' },
              { name: 'csi-inline-vol2', mountPath: '/mnt/vol2' },
            ],
          },
        ],
      },
    );
    const made = await api.post(pods, body);
    expect(await api.failure(api.post(pods, body))).toMatchObject({ code: 409, reason: 'AlreadyExists' });
    expect((await api.get(`${pods}/pod-csi-inline-volumes`)).metadata.uid).toBe(made.metadata.uid);
    expect(await api.items(pods)).toHaveLength(1);
    const patched = await api.patch(`${pods}/pod-csi-inline-volumes`, annotated('patched'));
    expect(patched.metadata.annotations).toMatchObject({ patched: 'true' });
    await api.del(`${pods}/pod-csi-inline-volumes`);
    await api.gone(`${pods}/pod-csi-inline-volumes`);
  });

  it('CSIDriver, lifecycle', async () => {
    const drivers = `${STORAGE}/csidrivers`;
    const body = (n: string, modes: string[]) => ({
      metadata: { name: n, labels: { 'e2e-test': 'inline' } },
      spec: { volumeLifecycleModes: modes, fsGroupPolicy: 'ReadWriteOnceWithFSType' },
    });
    const one = body('inline-driver-1', ['Ephemeral']);
    const first = await api.post(drivers, one);
    expect(first['spec']).toEqual({
      attachRequired: true,
      fsGroupPolicy: 'ReadWriteOnceWithFSType',
      podInfoOnMount: false,
      requiresRepublish: false,
      seLinuxMount: false,
      storageCapacity: false,
      volumeLifecycleModes: ['Ephemeral'],
    });
    await api.post(drivers, body('inline-driver-2', ['Persistent', 'Ephemeral']));
    expect(await api.failure(api.post(drivers, one))).toMatchObject({ code: 409, reason: 'AlreadyExists' });
    const at = `${drivers}/inline-driver-2`;
    const patched = await api.patch(at, { metadata: { labels: { 'inline-driver-2': 'patched' } } }, 'strategic');
    patched.metadata.labels['inline-driver-2'] = 'updated';
    expect((await api.put(at, patched)).metadata.labels).toMatchObject({ 'inline-driver-2': 'updated' });
    expect(await api.items(selected(drivers, 'e2e-test=inline'))).toHaveLength(2);
    await api.del(`${drivers}/inline-driver-1`);
    await api.gone(`${drivers}/inline-driver-1`);
    await api.del(selected(drivers, 'inline-driver-2=updated'));
    await api.gone(at);
  });

  // storage/csistoragecapacity.go: a capacity of nothing but its class, watched in and across namespaces.
  it('CSIStorageCapacity API', async () => {
    const all = `${STORAGE}/csistoragecapacities`;
    const mine = `${STORAGE}/namespaces/${name}/csistoragecapacities`;
    const body = (n: string) => ({
      metadata: { name: n, labels: { test: name } },
      storageClassName: 'e2e.example.com',
    });
    const made = await api.post(mine, body('csc1'));
    expect(await api.failure(api.post(mine, body('csc1')))).toMatchObject({ code: 409 });
    await api.post(mine, body('csc2'));
    const watches = [mine, all].map((path) =>
      api.watch(selected(path, `test=${name}`).replace('?', '?allowWatchBookmarks=false&')),
    );
    await api.post(mine, body('csc3'));
    expect((await api.get(`${mine}/csc1`)).metadata.uid).toBe(made.metadata.uid);
    for (const path of [mine, all]) expect(await api.items(selected(path, `test=${name}`))).toHaveLength(3);
    const patched = await api.patch(`${mine}/csc1`, annotated('patched'));
    patched.metadata.annotations.updated = 'true';
    expect((await api.put(`${mine}/csc1`, patched)).metadata.annotations).toEqual({ patched: 'true', updated: 'true' });
    for (const watch of watches) {
      await watch.find('ADDED', (o) => o.metadata.name === 'csc3');
      await watch.find('MODIFIED', (o) => o.metadata.annotations?.updated === 'true');
      watch.close();
    }
    await api.del(`${mine}/csc1`);
    expect(await api.items(selected(mine, `test=${name}`))).toHaveLength(2);
    await api.del(selected(mine, `test=${name}`));
    expect(await api.items(selected(mine, `test=${name}`))).toHaveLength(0);
  });
});

describe('network', () => {
  // network/service_cidrs.go
  it('ServiceCIDR API: the range that the server starts with', async () => {
    const kubernetes = await api.until(
      () => api.get(`${NETWORKING}/servicecidrs/kubernetes`),
      (o) => o['status']?.conditions?.length > 0,
    );
    expect(kubernetes['status'].conditions).toMatchObject([{ type: 'Ready', status: 'True' }]);
    const status = await api.get(`${NETWORKING}/servicecidrs/kubernetes/status`);
    expect(status).toMatchObject({
      apiVersion: 'networking.k8s.io/v1',
      kind: 'ServiceCIDR',
      metadata: { uid: kubernetes.metadata.uid },
    });
    const list = await api.get(`${NETWORKING}/servicecidrs`);
    expect(list['items'].length).toBeGreaterThan(0);
    const watch = api.watch(`${NETWORKING}/servicecidrs`);
    expect(await watch.next()).toMatchObject({ type: 'ADDED', object: { kind: 'ServiceCIDR' } });
    watch.close();
  });

  it('IPAddress API', async () => {
    const addresses = `${NETWORKING}/ipaddresses`;
    const body = (n: string, type: string) => ({
      metadata: { name: n, labels: { type } },
      spec: { parentRef: { group: 'mygroup', resource: 'myresources', namespace: 'foo', name: 'bar' } },
    });
    const made = await api.post(addresses, body('255.255.255.255', 'broadcast'));
    await api.post(addresses, body('fe80::42:1dff:fe84:f9e2', 'link-local'));
    const at = `${addresses}/255.255.255.255`;
    const patched = await api.patch(at, annotated('patched'));
    expect(Number(patched.metadata.resourceVersion)).toBeGreaterThan(Number(made.metadata.resourceVersion));
    patched.metadata.annotations.updated = 'true';
    expect((await api.put(at, patched)).metadata.annotations).toEqual({ patched: 'true', updated: 'true' });
    expect(await api.items(selected(addresses, 'type=broadcast'))).toHaveLength(1);
    const watch = api.watch(selected(addresses, 'type=broadcast'));
    expect((await watch.next()).object.metadata.name).toBe('255.255.255.255');
    await api.del(at);
    await watch.find('DELETED');
    watch.close();
    await api.del(selected(addresses, 'type=link-local'));
    expect(await api.items(selected(addresses, 'type=link-local'))).toHaveLength(0);
  });

  // network/endpointslice.go: slices of nobody's service, without ports and with names that are made.
  it('EndpointSlice API', async () => {
    const slices = `/apis/discovery.k8s.io/v1/namespaces/${name}/endpointslices`;
    const body = {
      metadata: { generateName: 'e2e-example-ing', labels: { 'special-label': name } },
      addressType: 'IPv4',
      endpoints: [
        { addresses: ['1.2.3.4', '5.6.7.8'], conditions: {} },
        { addresses: ['2.2.3.4', '6.6.7.8'], conditions: {} },
      ],
      ports: null,
    };
    await api.post(slices, body);
    await api.post(slices, body);
    const made = await api.post(slices, body);
    const label = `special-label=${name}`;
    const list = await api.get(selected(slices, label));
    expect(list['items']).toHaveLength(3);
    const watch = api.watch(`${selected(slices, label)}&resourceVersion=${list.metadata['resourceVersion']}`);
    expect(await api.items(selected('/apis/discovery.k8s.io/v1/endpointslices', label))).toHaveLength(3);
    const at = `${slices}/${made.metadata.name}`;
    const patched = await api.patch(at, annotated('patched'));
    patched.metadata.annotations.updated = 'true';
    expect((await api.put(at, patched)).metadata.annotations).toEqual({ patched: 'true', updated: 'true' });
    // Nothing but what was done to this one.
    expect(await watch.take(2)).toMatchObject([
      { type: 'MODIFIED', object: { metadata: { annotations: { patched: 'true' } } } },
      { type: 'MODIFIED', object: { metadata: { annotations: { updated: 'true' } } } },
    ]);
    watch.close();
    await api.del(at);
    await api.gone(at);
    expect(await api.items(selected(slices, label))).toHaveLength(2);
    await api.del(selected(slices, label));
    expect(await api.items(selected(slices, label))).toHaveLength(0);
  });
});

describe('events', () => {
  // instrumentation/events.go
  it('New Event resource lifecycle, testing a single event: its fields, and its series patched', async () => {
    const events = `/apis/events.k8s.io/v1/namespaces/${name}/events`;
    await api.post(events, {
      metadata: { name: 'event-test', labels: { 'testevent-constant': 'true' }, creationTimestamp: null },
      eventTime: '2017-09-19T13:49:16.000000Z',
      reportingController: 'test-controller',
      reportingInstance: 'test-node',
      action: 'Do',
      reason: 'Test',
      regarding: { namespace: name },
      note: 'This is event-test',
      type: 'Normal',
      deprecatedSource: {},
      deprecatedFirstTimestamp: null,
      deprecatedLastTimestamp: null,
    });
    for (const path of [
      `/api/v1/namespaces/${name}/events?fieldSelector=source%3Dtest-controller`,
      `/api/v1/namespaces/${name}/events?fieldSelector=reportingComponent%3Dtest-controller`,
      `${events}?fieldSelector=reportingController%3Dtest-controller`,
    ])
      expect((await api.items(path)).map((e) => e.metadata.name)).toEqual(['event-test']);
    const before = await api.get(`${events}/event-test`);
    const series = { count: 2, lastObservedTime: '2017-09-19T13:49:11.000000Z' };
    await api.patch(`${events}/event-test`, { series }, 'strategic');
    const bare = ({ metadata, ...rest }: Doc) => ({
      ...rest,
      metadata: { ...metadata, resourceVersion: '', managedFields: undefined },
    });
    expect(bare(await api.get(`${events}/event-test`))).toEqual({ ...bare(before), series });
    // Without the resourceVersion: an update of whatever there is.
    const more = { ...bare(before), series: { ...series, count: 100 } };
    await api.put(`${events}/event-test`, more);
    expect(bare(await api.get(`${events}/event-test`))).toEqual(more);
  });
});

describe('quotas, leases and limits', () => {
  // apimachinery/resource_quota.go
  it('ResourceQuota, object count quota, service: node ports of load balancers count', async () => {
    const ns = `/api/v1/namespaces/${name}`;
    await api.post(`${ns}/resourcequotas`, {
      metadata: { name: 'test-quota' },
      spec: {
        hard: { services: '10', 'services.nodeports': '1', 'services.loadbalancers': '1', resourcequotas: '1' },
      },
    });
    const used = (services: string, nodeports: string) =>
      api.until(
        () => api.get(`${ns}/resourcequotas/test-quota`),
        ({ status }) => status?.used?.services === services && status.used['services.nodeports'] === nodeports,
      );
    await used('0', '0');
    const service = (n: string, type: string, more: object = {}) =>
      api.post(`${ns}/services`, {
        metadata: { name: n },
        spec: { type, ports: [{ port: 80, targetPort: 80 }], ...more },
      });
    await service('test-service', 'ClusterIP');
    await service('test-service-np', 'NodePort');
    expect(
      await api.failure(service('test-service-lb', 'LoadBalancer', { allocateLoadBalancerNodePorts: true })),
    ).toMatchObject({ code: 403, message: expect.stringContaining('exceeded quota: test-quota') as string });
    await used('2', '1');
    await service('test-service-lb', 'LoadBalancer', { allocateLoadBalancerNodePorts: false });
    await used('3', '1');
    for (const n of ['test-service', 'test-service-np', 'test-service-lb']) await api.del(`${ns}/services/${n}`);
    await used('0', '0');
  });

  // common/node/lease.go: times of the year one.
  it('lease API should be available', async () => {
    const leases = `/apis/coordination.k8s.io/v1/namespaces/${name}/leases`;
    const spec = (holderIdentity: string, acquire: string, renew: string, leaseTransitions: number) => ({
      holderIdentity,
      leaseDurationSeconds: 30,
      acquireTime: `0001-01-01T00:00:${acquire}.000000Z`,
      renewTime: `0001-01-01T00:00:${renew}.000000Z`,
      leaseTransitions,
    });
    const made = await api.post(leases, { metadata: { name: 'lease' }, spec: spec('holder', '02', '05', 0) });
    expect((await api.get(`${leases}/lease`))['spec']).toEqual(spec('holder', '02', '05', 0));
    await api.put(`${leases}/lease`, { ...made, spec: spec('holder2', '20', '50', 1) });
    expect((await api.get(`${leases}/lease`))['spec']).toEqual(spec('holder2', '20', '50', 1));
    await api.patch(`${leases}/lease`, { spec: spec('holder3', '50', '55', 2) }, 'strategic');
    expect((await api.get(`${leases}/lease`))['spec']).toEqual(spec('holder3', '50', '55', 2));
    await api.post(leases, {
      metadata: { name: 'lease2', labels: { deletecollection: 'true' } },
      spec: spec('holder', '02', '05', 0),
    });
    expect(await api.items(leases)).toHaveLength(2);
    await api.del(selected(leases, 'deletecollection=true'));
    expect(await api.items(leases)).toHaveLength(1);
    await api.del(`${leases}/lease`);
    await api.gone(`${leases}/lease`);
    expect((await api.get('/apis/coordination.k8s.io/v1/leases')).kind).toBe('LeaseList');
  });

  // scheduling/limit_range.go
  it('LimitRange, resources; list, patch and delete a LimitRange by collection', async () => {
    const other = await cluster.namespace();
    const ns = `/api/v1/namespaces/${name}`;
    const list = (cpu: string, memory: string, storage: string) => ({
      ...(cpu && { cpu }),
      ...(memory && { memory }),
      ...(storage && { 'ephemeral-storage': storage }),
    });
    const limit = {
      type: 'Container',
      min: list('50m', '100Mi', '100Gi'),
      max: list('500m', '500Mi', '500Gi'),
      default: list('500m', '500Mi', '500Gi'),
      defaultRequest: list('100m', '200Mi', '200Gi'),
    };
    const body = { metadata: { name: 'limit-range', labels: { e2e: 'l', own: 'created' } }, spec: { limits: [limit] } };
    await api.post(`${ns}/limitranges`, body);
    await api.post(`/api/v1/namespaces/${other}/limitranges`, body);
    expect(await api.items(selected('/api/v1/limitranges', 'e2e=l'))).toHaveLength(2);
    const create = (n: string, requests: object, limits: object) =>
      api.post(
        `${ns}/pods`,
        pod(n, {}, { schedulerName: 'x', containers: [{ name: 'c', image: 'i', resources: { requests, limits } }] }),
      );
    const resources = (made: Doc) => made['spec'].containers[0].resources as object;
    expect(resources(await create('none', {}, {}))).toEqual({ requests: limit.defaultRequest, limits: limit.default });
    expect(resources(await create('partial', list('', '150Mi', '150Gi'), list('300m', '', '')))).toEqual({
      requests: list('300m', '150Mi', '150Gi'),
      limits: list('300m', '500Mi', '500Gi'),
    });
    const small = () => create('small', list('10m', '50Mi', '50Gi'), {});
    const large = () => create('large', list('600m', '600Mi', '600Gi'), {});
    expect(await api.failure(small())).toMatchObject({ code: 403 });
    expect((await api.failure(large())).code).toBeGreaterThan(400);
    const patched = await api.patch(
      `${ns}/limitranges/limit-range`,
      {
        metadata: { creationTimestamp: null, labels: { own: 'patched' } },
        spec: { limits: [{ ...limit, min: list('9m', '49Mi', '49Gi') }] },
      },
      'strategic',
    );
    expect(patched['spec'].limits[0].min).toEqual(list('9m', '49Mi', '49Gi'));
    await small();
    expect((await api.failure(large())).code).toBeGreaterThan(400);
    await api.del(selected(`${ns}/limitranges`, 'own=patched'));
    expect(await api.items(selected('/api/v1/limitranges', 'e2e=l'))).toHaveLength(1);
    await large();
  });
});

describe('custom resources', () => {
  // apimachinery/crd_selectable_fields.go
  it('custom-resource-definition-field-selectors-list-watch-register-informers', async () => {
    const program = await serveBehind(api, name, 'e2e-test-crd-conversion-webhook', conversionProgram);
    const schema = (...fields: string[]) => ({
      openAPIV3Schema: {
        type: 'object',
        properties: Object.fromEntries(fields.map((f) => [f, { type: 'string' }])),
      },
    });
    const version = (n: string, storage: boolean, ...fields: string[]) => ({
      name: n,
      served: true,
      storage,
      schema: schema(...fields),
      selectableFields: fields.map((f) => ({ jsonPath: `.${f}` })),
    });
    const group = 'stable.example.com';
    const crds = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
    await api.post(crds, {
      metadata: { name: `e2e-selectables.${group}` },
      spec: {
        group,
        scope: 'Namespaced',
        names: { plural: 'e2e-selectables', singular: 'e2e-selectable', kind: 'E2eSelectable' },
        versions: [version('v1', true, 'hostPort'), version('v2', false, 'host', 'port')],
        conversion: {
          strategy: 'Webhook',
          webhook: { clientConfig: program.reference('/crdconvert'), conversionReviewVersions: ['v1', 'v1beta1'] },
        },
        preserveUnknownFields: false,
      },
    });
    const objects = (v: string, selector = '') =>
      `/apis/${group}/${v}/namespaces/${name}/e2e-selectables${selector && `?fieldSelector=${encodeURIComponent(selector)}`}`;
    await api.until(
      () => api.get(objects('v2')).catch(() => undefined),
      (found) => found !== undefined,
    );
    const seen = (
      [
        ['v2', 'host=host1'],
        ['v2', 'host=host1,port=80'],
        ['v1', 'hostPort=host1:80'],
      ] as const
    ).map(([v, selector]) => api.watch(objects(v, selector)));
    const bodies = [{ host: 'host1', port: '80' }, { host: 'host1', port: '8080' }, { host: 'host2' }];
    for (const [i, body] of bodies.entries())
      await api.post(objects('v2'), {
        apiVersion: `${group}/v2`,
        kind: 'E2eSelectable',
        metadata: { name: `cr${i}` },
        ...body,
      });
    const listed = async (v: string, selector: string) =>
      (await api.items(objects(v, selector))).map((o) => o.metadata.name);
    expect(await listed('v2', 'host=host1')).toEqual(['cr0', 'cr1']);
    expect(await listed('v2', 'host=host1,port=80')).toEqual(['cr0']);
    expect(await listed('v1', 'hostPort=host1:80')).toEqual(['cr0']);
    expect(await listed('v1', 'hostPort=host1:8080')).toEqual(['cr1']);
    await api.del(objects('v2', 'host=host1,port=80'), { gracePeriodSeconds: 0 });
    const second = await api.get(`${objects('v2')}/cr1`);
    await api.put(`${objects('v2')}/cr1`, { ...second, host: 'host2' });
    expect(await listed('v2', 'host=host1')).toEqual([]);
    expect(await listed('v2', 'host=host1,port=80')).toEqual([]);
    const events = async (i: number, count: number) =>
      (await seen[i]!.take(count)).map((e) => `${e.type} ${e.object.metadata.name}`);
    expect(await events(0, 4)).toEqual(['ADDED cr0', 'ADDED cr1', 'DELETED cr0', 'DELETED cr1']);
    expect(await events(1, 2)).toEqual(['ADDED cr0', 'DELETED cr0']);
    expect(await events(2, 2)).toEqual(['ADDED cr0', 'DELETED cr0']);
    for (const watch of seen) watch.close();
    await program.close();
  });
});
