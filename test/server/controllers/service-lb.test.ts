// Services of type LoadBalancer: the rules as tables, and the controller in a cluster in this process.
import type { Node, Service } from 'kubernetes-types/core/v1.js';
import { afterEach, describe, expect, it } from 'vitest';
import { CoreEvents, EndpointSlices, Nodes, Pods, Services } from '../../../src/api/resources.ts';
import { isNotFound } from '../../../src/api/status.ts';
import { hostsOf, isBefore, isOurs, reservedPorts } from '../../../src/server/controllers/service-lb/hosts.ts';
import { type TestCluster, eventually, startCluster } from './cluster.ts';

const node = (name: string, address: string, more: Partial<Node> & { ready?: string } = {}): Node => ({
  metadata: { name, ...more.metadata },
  ...(more.spec ? { spec: more.spec } : {}),
  status: {
    addresses: [{ type: 'InternalIP', address }],
    conditions: [
      {
        type: 'Ready',
        status: more.ready ?? 'True',
        lastHeartbeatTime: undefined,
        lastTransitionTime: undefined,
      } as never,
    ],
    daemonEndpoints: { kubeletEndpoint: { Port: 10250 } },
    ...more.status,
  },
});
const balancer = (name: string, port: number, spec: Partial<Service['spec']> = {}): Service => ({
  metadata: { name, namespace: 'default' },
  spec: { type: 'LoadBalancer', ports: [{ port }], selector: { app: name }, ...spec },
});
const slice = (nodeName: string, ready = true) => ({
  metadata: {},
  addressType: 'IPv4',
  endpoints: [{ addresses: ['10.0.0.9'], nodeName, conditions: { ready } }],
});

describe('the addresses of a service', () => {
  const local: Partial<Service['spec']> = { externalTrafficPolicy: 'Local' };
  const two = [node('b', '10.0.0.2'), node('a', '10.0.0.1')];
  it.each<[string, Partial<Service['spec']>, Node[], ReturnType<typeof slice>[], string[]]>([
    ['of all nodes, sorted', {}, two, [], ['10.0.0.1', '10.0.0.2']],
    ['not of one that is not ready', {}, [node('a', '10.0.0.1', { ready: 'Unknown' }), two[0]!], [], ['10.0.0.2']],
    [
      'not of one that is kept out',
      {},
      [
        node('a', '10.0.0.1', {
          metadata: { labels: { 'node.kubernetes.io/exclude-from-external-load-balancers': '' } },
        }),
      ],
      [],
      [],
    ],
    [
      'the outer one of a node that has one',
      {},
      [
        node('a', '', {
          status: {
            addresses: [
              { type: 'InternalIP', address: '10.0.0.1' },
              { type: 'ExternalIP', address: '203.0.113.1' },
            ],
            conditions: two[0]!.status!.conditions!,
          },
        }),
      ],
      [],
      ['203.0.113.1'],
    ],
    ['local: where its endpoints are', local, two, [slice('b')], ['10.0.0.2']],
    ['local: where they are ready', local, two, [slice('a', false)], []],
    ['the one that is asked for', { loadBalancerIP: '10.0.0.2' }, two, [], ['10.0.0.2']],
    ['all, when what is asked for is nobody’s', { loadBalancerIP: '192.0.2.7' }, two, [], ['10.0.0.1', '10.0.0.2']],
  ])('%s', (_what, spec, nodes, slices, expected) => {
    expect(hostsOf(balancer('s', 80, spec), nodes, slices)).toEqual(expected);
  });

  it('are for services of no class, or of ours', () => {
    expect(isOurs(balancer('s', 80))).toBe(true);
    expect(isOurs(balancer('s', 80, { loadBalancerClass: 'sampan.io/nodes' }))).toBe(true);
    expect(isOurs(balancer('s', 80, { loadBalancerClass: 'example.com/metal' }))).toBe(false);
    expect(isOurs(balancer('s', 80, { type: 'NodePort' }))).toBe(false);
  });

  it('leave the nodes the ports that they need', () => {
    const apiServer = {
      metadata: {},
      addressType: 'IPv4',
      endpoints: [{ addresses: ['10.0.0.1'] }],
      ports: [{ port: 6443 }],
    };
    expect([...reservedPorts(two, apiServer)]).toEqual([
      ['10250/TCP', 'the node daemon'],
      ['6443/TCP', 'the API server'],
    ]);
    const elsewhere = { ...apiServer, endpoints: [{ addresses: ['192.0.2.1'] }] };
    expect(reservedPorts(two, elsewhere).has('6443/TCP')).toBe(false);
  });

  it('go to who has the port, then to the older', () => {
    const made = (second: number, ip?: string): Service => ({
      metadata: { uid: String(second), creationTimestamp: `2026-01-01T00:00:0${second}Z` as never },
      ...(ip ? { status: { loadBalancer: { ingress: [{ ip }] } } } : {}),
    });
    expect(isBefore(made(1), made(2))).toBe(true);
    expect(isBefore(made(1), made(2, '10.0.0.1'))).toBe(false);
    expect(isBefore(made(2, '10.0.0.1'), made(1))).toBe(true);
  });
});

describe('a service of type LoadBalancer', () => {
  let cluster: TestCluster;
  afterEach(() => cluster.stop());
  const at = (name: string) => ({ name, namespace: 'default' });
  const start = async () => {
    cluster = await startCluster({ nodes: 0, scheduler: false, controllers: ['service'] });
    for (const n of [node('a', '10.0.0.1'), node('b', '10.0.0.2')]) await cluster.client.create(Nodes, n);
  };
  const add = (service: Service) => cluster.client.create(Services, service);
  const ips = async (name: string) =>
    ((await cluster.client.get(Services, at(name))).status?.loadBalancer?.ingress ?? []).map(({ ip }) => ip);
  const has = (name: string, ...expected: string[]) =>
    eventually(`${name} has ${expected.join(' ')}`, async () => (await ips(name)).join() === expected.join());
  const told = (reason: string, name: string) =>
    eventually(`${reason} is told of ${name}`, async () => {
      const { items } = await cluster.client.list(CoreEvents);
      return items.find((e) => e.reason === reason && e.involvedObject.name === name);
    });

  it('gets the nodes’ addresses, follows them, and gives them back', async () => {
    await start();
    await add(balancer('web', 80));
    await has('web', '10.0.0.1', '10.0.0.2');
    await told('EnsuredLoadBalancer', 'web');
    expect((await cluster.client.get(Services, at('web'))).metadata?.finalizers).toEqual([
      'service.kubernetes.io/load-balancer-cleanup',
    ]);
    await cluster.client.delete(Nodes, { name: 'b' });
    await has('web', '10.0.0.1');
    await told('UpdatedLoadBalancer', 'web');
    await cluster.client.patch(Services, at('web'), 'merge', { spec: { type: 'ClusterIP' } });
    await has('web');
    await eventually(
      'nothing holds it',
      async () => !(await cluster.client.get(Services, at('web'))).metadata?.finalizers?.length,
    );
    await told('DeletedLoadBalancer', 'web');
  });

  it('waits for its port while another has it', async () => {
    await start();
    await add(balancer('first', 80));
    await has('first', '10.0.0.1', '10.0.0.2');
    await add(balancer('second', 80));
    await add(balancer('kubelet', 10250));
    expect((await told('SyncLoadBalancerFailed', 'second')).message).toBe(
      'Error syncing load balancer: port 80/TCP of the nodes belongs to service default/first',
    );
    expect((await told('SyncLoadBalancerFailed', 'kubelet')).message).toBe(
      'Error syncing load balancer: port 10250/TCP of the nodes belongs to the node daemon',
    );
    expect(await ips('second')).toEqual([]);
    await cluster.client.delete(Services, at('first'));
    await has('second', '10.0.0.1', '10.0.0.2');
    await eventually('the first is gone', () =>
      cluster.client.get(Services, at('first')).then(
        () => false,
        (error: unknown) => isNotFound(error),
      ),
    );
  });

  it('is where its endpoints are, when it wants to be local', async () => {
    await start();
    await add(balancer('web', 80, { externalTrafficPolicy: 'Local' }));
    await told('UnAvailableLoadBalancer', 'web');
    const metadata = { name: 'web-1', namespace: 'default', labels: { 'kubernetes.io/service-name': 'web' } };
    await cluster.client.create(EndpointSlices, { ...slice('b'), metadata });
    await has('web', '10.0.0.2');
  });

  it('leaves a node to the pod that has its port, unless that is its own', async () => {
    await start();
    await add(balancer('web', 80));
    await has('web', '10.0.0.1', '10.0.0.2');
    const pod = (name: string, nodeName: string, app: string) =>
      cluster.client.create(Pods, {
        metadata: { name, namespace: 'default', labels: { app } },
        spec: { nodeName, containers: [{ name: 'c', image: 'i', ports: [{ containerPort: 8080, hostPort: 80 }] }] },
      });
    await pod('own', 'a', 'web');
    await pod('other', 'b', 'proxy');
    await has('web', '10.0.0.1');
    await cluster.client.delete(Pods, at('other'), { gracePeriodSeconds: 0 });
    await has('web', '10.0.0.1', '10.0.0.2');
  });

  it('of another’s class is left alone', async () => {
    await start();
    await add(balancer('theirs', 80, { loadBalancerClass: 'example.com/metal' }));
    await add(balancer('ours', 80, { loadBalancerClass: 'sampan.io/nodes' }));
    await has('ours', '10.0.0.1', '10.0.0.2');
    const theirs = await cluster.client.get(Services, at('theirs'));
    expect([theirs.metadata?.finalizers, theirs.status?.loadBalancer]).toEqual([undefined, {}]);
  });
});
