// Endpoints and slices: what they say of pods, how few writes get there, and end to end behind a service.
import { afterEach, describe, expect, it } from 'vitest';
import type { Pod, Service } from 'kubernetes-types/core/v1.js';
import type { EndpointSlice } from 'kubernetes-types/discovery/v1.js';
import { Deployments, EndpointSlices, EndpointsType, Pods, Services } from '../../../src/api/resources.ts';
import { targetPort } from '../../../src/server/controllers/endpoints/backends.ts';
import { MAX_ENDPOINTS, planSlices } from '../../../src/server/controllers/endpoints/slices.ts';
import { subsetsOf } from '../../../src/server/controllers/endpoints/subsets.ts';
import { WriteTracker } from '../../../src/server/controllers/endpoints/write-tracker.ts';
import { type TestCluster, eventually, startCluster } from './cluster.ts';
import { deployment, pod } from './objects.ts';

const service = (spec: Partial<Service['spec']> = {}, labels = {}): Service => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'web', namespace: 'default', uid: 'service-uid', labels },
  spec: {
    clusterIP: '10.96.0.9',
    ipFamilies: ['IPv4'],
    selector: { app: 'web' },
    ports: [{ name: 'http', port: 80, targetPort: 8080, protocol: 'TCP' }],
    ...spec,
  },
});

interface PodOptions {
  ready?: boolean;
  going?: boolean;
  ip?: string;
  phase?: string;
  spec?: Partial<Pod['spec']>;
}
function backend(
  name: string,
  { ready = true, going = false, ip = '10.244.0.2', phase = 'Running', spec = {} }: PodOptions = {},
): Pod {
  return {
    metadata: {
      name,
      namespace: 'default',
      uid: name,
      labels: { app: 'web' },
      ...(going ? { deletionTimestamp: 'now' } : {}),
    },
    spec: { nodeName: 'n1', containers: [{ name: 'c', ports: [{ name: 'web', containerPort: 9090 }] }], ...spec },
    status: { phase, podIP: ip, podIPs: [{ ip }], conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
  };
}

const zone = { metadata: { name: 'n1', labels: { 'topology.kubernetes.io/zone': 'z1' } } };
const plan = (s: Service, pods: Pod[], existing: EndpointSlice[] = []) => planSlices(s, pods, existing, () => zone);
const stored = (slice: EndpointSlice, name: string): EndpointSlice => ({
  ...slice,
  metadata: { ...slice.metadata, name, namespace: 'default' },
});

describe('an endpoint slice', () => {
  it.each<[string, PodOptions, Partial<Service['spec']>, object | undefined]>([
    ['ready', {}, {}, { ready: true, serving: true, terminating: false }],
    ['not ready', { ready: false }, {}, { ready: false, serving: false, terminating: false }],
    [
      'not ready, but published',
      { ready: false },
      { publishNotReadyAddresses: true },
      { ready: true, serving: false, terminating: false },
    ],
    ['going', { going: true }, {}, { ready: false, serving: true, terminating: true }],
    ['finished', { phase: 'Succeeded' }, {}, undefined],
    ['without address', { ip: '' }, {}, undefined],
  ])('says of a pod that is %s', (_what, options, spec, conditions) => {
    const [slice] = plan(service(spec), [backend('a', options)]).create;
    expect(slice?.endpoints[0]?.conditions).toEqual(conditions);
  });

  it('says where the pod is and what it is called', () => {
    const named = backend('a', { spec: { hostname: 'first', subdomain: 'web' } });
    const [slice] = plan(service({ clusterIP: 'None' }, { team: 'x' }), [named]).create;
    expect(slice).toEqual({
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: {
        generateName: 'web-',
        namespace: 'default',
        labels: {
          team: 'x',
          'kubernetes.io/service-name': 'web',
          'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
          'service.kubernetes.io/headless': '',
        },
        ownerReferences: [
          {
            apiVersion: 'v1',
            kind: 'Service',
            name: 'web',
            uid: 'service-uid',
            controller: true,
            blockOwnerDeletion: true,
          },
        ],
      },
      addressType: 'IPv4',
      ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
      endpoints: [
        {
          addresses: ['10.244.0.2'],
          conditions: { ready: true, serving: true, terminating: false },
          hostname: 'first',
          nodeName: 'n1',
          targetRef: { kind: 'Pod', name: 'a', namespace: 'default', uid: 'a' },
          zone: 'z1',
        },
      ],
    });
  });

  it('holds a hundred; a hundred and one need two', () => {
    const pods = Array.from({ length: MAX_ENDPOINTS + 1 }, (_, i) =>
      backend(`p${i}`, { ip: `10.244.${i >> 8}.${i & 255}` }),
    );
    expect(plan(service(), pods).create.map((s) => s.endpoints.length)).toEqual([100, 1]);
  });

  it('is not written when nothing changes, updated in place when something does', () => {
    const pods = [backend('a'), backend('b', { ip: '10.244.0.3' })];
    const slice = stored(plan(service(), pods).create[0]!, 's');
    expect(plan(service(), [...pods].reverse(), [slice])).toEqual({ create: [], update: [], delete: [] });
    const changed = plan(
      service(),
      [pods[0]!, backend('b', { ip: '10.244.0.3', ready: false }), backend('c', { ip: '10.244.0.4' })],
      [slice],
    );
    expect([changed.create, changed.delete]).toEqual([[], []]);
    expect(changed.update[0]?.endpoints.map((e) => [e.targetRef?.name, e.conditions?.ready])).toEqual([
      ['a', true],
      ['b', false],
      ['c', true],
    ]);
  });

  it('stays, empty, when the last pod goes, and others go', () => {
    const pods = Array.from({ length: 150 }, (_, i) => backend(`p${i}`, { ip: `10.244.0.${i}` }));
    const slices = plan(service(), pods).create.map((s, i) => stored(s, `s${i}`));
    const none = plan(service(), [], slices);
    // What has no endpoints has no ports either, so the old slices make room for one that is empty.
    expect(none.delete).toHaveLength(2);
    expect(none.create.map((s) => [s.endpoints, s.ports])).toEqual([[[], []]]);
    const empty = stored(none.create[0]!, 'empty');
    expect(plan(service(), [], [empty])).toEqual({ create: [], update: [], delete: [] });
  });

  it('is one per set of ports: a named port may have another number in every pod', () => {
    const s = service({ ports: [{ name: 'http', port: 80, targetPort: 'web', protocol: 'TCP' }] });
    const other = backend('b', {
      ip: '10.244.0.3',
      spec: { containers: [{ name: 'c', ports: [{ name: 'web', containerPort: 7070 }] }] },
    });
    const without = backend('c', { ip: '10.244.0.4', spec: { containers: [{ name: 'c' }] } });
    const { create } = plan(s, [backend('a'), other, without]);
    expect(create.map((slice) => [slice.ports?.[0]?.port, slice.endpoints.map((e) => e.targetRef?.name)])).toEqual([
      [9090, ['a']],
      [7070, ['b']],
    ]);
  });

  it('needs no ports when the service is headless and has none', () => {
    const { create } = plan(service({ clusterIP: 'None', ports: undefined }), [backend('a')]);
    expect(create.map((s) => [s.ports, s.endpoints.length])).toEqual([[[], 1]]);
  });
});

describe('target ports', () => {
  const p = backend('a');
  it.each([
    [{ port: 80 }, 80],
    [{ port: 80, targetPort: 81 }, 81],
    [{ port: 80, targetPort: 'web' }, 9090],
    [{ port: 80, targetPort: 'web', protocol: 'UDP' }, undefined],
    [{ port: 80, targetPort: 'nothing' }, undefined],
  ])('%j → %s', (port, wanted) => expect(targetPort(p, port)).toBe(wanted));
});

describe('endpoints', () => {
  it('keep the ready and the others apart, in address order', () => {
    const pods = [
      backend('b', { ip: '10.244.0.3' }),
      backend('a'),
      backend('c', { ip: '10.244.0.4', ready: false }),
      backend('d', { going: true }),
    ];
    const { subsets } = subsetsOf(service(), pods);
    expect(subsets).toEqual([
      {
        addresses: ['a', 'b'].map((name, i) => ({
          ip: `10.244.0.${i + 2}`,
          nodeName: 'n1',
          targetRef: { kind: 'Pod', namespace: 'default', name, uid: name },
        })),
        notReadyAddresses: [
          { ip: '10.244.0.4', nodeName: 'n1', targetRef: { kind: 'Pod', namespace: 'default', name: 'c', uid: 'c' } },
        ],
        ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
      },
    ]);
  });

  it('are cut at a thousand, the ready first', () => {
    const pods = Array.from({ length: 1001 }, (_, i) =>
      backend(`p${i}`, { ip: `10.244.${i >> 8}.${i & 255}`, ready: i > 0 }),
    );
    const { subsets, overCapacity } = subsetsOf(service(), pods);
    expect([overCapacity, subsets[0]?.addresses?.length, subsets[0]?.notReadyAddresses]).toEqual([
      true,
      1000,
      undefined,
    ]);
  });
});

describe('what was written', () => {
  const slice = (name: string, resourceVersion: string): EndpointSlice => ({
    metadata: { name, namespace: 'default', resourceVersion },
    addressType: 'IPv4',
    endpoints: [],
  });

  it('must be visible before anything more is', () => {
    const tracker = new WriteTracker<EndpointSlice>();
    expect(tracker.visible('web', [])).toBe(true);
    tracker.wrote('web', slice('a', '10'));
    expect(tracker.visible('web', [])).toBe(false);
    expect(tracker.visible('web', [slice('a', '9')])).toBe(false);
    expect(tracker.visible('web', [slice('a', '10')])).toBe(true);
    tracker.gone(slice('a', '11'));
    expect(tracker.visible('web', [])).toBe(true);
  });
});

describe('behind a service', () => {
  let cluster: TestCluster;
  afterEach(() => cluster.stop());
  const { uid: _, ...metadata } = service().metadata!;
  const slices = async () => (await cluster.client.list(EndpointSlices, { namespace: 'default' })).items;
  const ready = async () => (await slices()).flatMap((s) => s.endpoints).filter((e) => e.conditions?.ready).length;

  it('are exactly the ready pods', async () => {
    cluster = await startCluster();
    const { client } = cluster;
    const spec = { selector: { app: 'web' }, ports: [{ port: 80, targetPort: 8080 }] };
    await client.create(Services, { apiVersion: 'v1', kind: 'Service', metadata, spec });
    await eventually('an empty slice', async () => (await slices()).length === 1);
    await client.create(Deployments, deployment('web', 3));
    await client.create(
      Pods,
      pod('lazy', { labels: { app: 'web' }, annotations: { 'sampan.io/simulate': 'never-ready' } }),
    );
    await eventually('three are ready', async () => (await ready()) === 3);
    const endpoints = await eventually('endpoints', async () => {
      const live = await client.get(EndpointsType, { name: 'web', namespace: 'default' });
      return live.subsets?.[0]?.addresses?.length === 3 && live.subsets[0].notReadyAddresses?.length === 1 && live;
    });
    expect(endpoints.metadata?.labels).toEqual({ 'endpoints.kubernetes.io/managed-by': 'endpoint-controller' });
    await client.patch(Deployments, { name: 'web', namespace: 'default' }, 'merge', { spec: { replicas: 1 } });
    await eventually('one is left', async () => (await ready()) === 1);
    await client.delete(Services, { name: 'web', namespace: 'default' });
    await eventually('all is gone', async () => {
      const left = (await client.list(EndpointsType, { namespace: 'default' })).items.length;
      return left === 0 && (await slices()).length === 0;
    });
  });
});
