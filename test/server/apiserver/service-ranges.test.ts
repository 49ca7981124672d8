// ServiceCIDR objects: what ranges there are for the addresses of services, and when they may go.
import type { Service } from 'kubernetes-types/core/v1.js';
import { afterEach, describe, expect, it } from 'vitest';
import { parseNetwork } from '../../../src/api/kinds/shared/addresses.ts';
import { Services } from '../../../src/api/resources.ts';
import { IPAddresses, type ServiceCidr, ServiceCidrs, holdsAddress } from '../../../src/api/service-ranges.ts';
import type { Client } from '../../../src/client/rest.ts';
import { type TestCluster, startCluster } from '../controllers/cluster.ts';
import { type TestServer, startTestServer } from '../../support/server.ts';

const ending: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end();
});
async function server(): Promise<{ server: TestServer; client: Client }> {
  const started = await startTestServer({ serviceCidr: '10.96.0.0/24' });
  ending.push(() => started.close());
  return { server: started, client: started.client() };
}
async function cluster(): Promise<Client> {
  const started: TestCluster = await startCluster({ nodes: 0, scheduler: false, controllers: ['service-cidrs'] });
  ending.push(() => started.stop());
  return started.client;
}

const range = (name: string, ...cidrs: string[]): ServiceCidr => ({ metadata: { name }, spec: { cidrs } });
const service = (name: string, clusterIP?: string): Service => ({
  metadata: { name, namespace: 'default' },
  spec: { ports: [{ port: 80 }], ...(clusterIP ? { clusterIP } : {}) },
});
const ready = (status: string) => [
  { type: 'Ready', status, reason: '', message: '', lastTransitionTime: '2026-01-01T00:00:00Z' },
];

describe('an address', () => {
  it.each([
    ['10.1.0.0/24', '10.1.0.1', true],
    ['10.1.0.0/24', '10.1.0.0', false],
    ['10.1.0.0/24', '10.1.0.255', false],
    ['10.1.0.0/24', '10.1.1.1', false],
    ['10.1.0.0/31', '10.1.0.1', false],
    ['10.1.0.4/32', '10.1.0.4', true],
    ['2001:db8::/120', '2001:db8::ff', true],
    ['2001:db8::/120', '2001:db8::', false],
    ['2001:db8::/120', '10.1.0.1', false],
    ['10.1.0.0/24', 'none', false],
  ])('of %s may be %s: %s', (network, address, expected) => {
    expect(holdsAddress(parseNetwork(network)!, address)).toBe(expected);
  });

  it('comes from any range that is ready, and from the next when one is full', async () => {
    const { client } = await server();
    await client.create(ServiceCidrs, range('a', '10.1.0.0/30'));
    await client.create(ServiceCidrs, range('b', '2001:db8::/120', '10.2.0.0/30'));
    const names = ['one', 'two', 'three', 'four'];
    const made = [];
    for (const name of names) made.push((await client.create(Services, service(name))).spec!.clusterIP);
    expect(made.sort()).toEqual(['10.1.0.1', '10.1.0.2', '10.2.0.1', '10.2.0.2']);
    await expect(client.create(Services, service('five'))).rejects.toMatchObject({
      code: 422,
      message: expect.stringContaining('failed to allocate a serviceIP: range is full'),
    });
    await client.create(ServiceCidrs, range('c', '10.3.0.0/30'));
    await client.create(Services, service('five', '10.3.0.2'));
    expect((await client.get(IPAddresses, { name: '10.3.0.2' })).spec?.parentRef?.name).toBe('five');
  });

  it('does not come from a range that is not ready, or is being deleted', async () => {
    const { client } = await server();
    const made = await client.create(ServiceCidrs, range('a', '10.1.0.0/24'));
    await client.create(Services, service('one', '10.1.0.9'));
    const outside = 'failed to allocate IP 10.1.0.8: the provided network does not match the current range';
    const unready = await client.updateStatus(ServiceCidrs, { ...made, status: { conditions: ready('False') } });
    await expect(client.create(Services, service('two', '10.1.0.8'))).rejects.toMatchObject({
      message: expect.stringContaining(outside),
    });
    const again = await client.updateStatus(ServiceCidrs, { ...unready, status: { conditions: ready('True') } });
    await client.create(Services, service('two', '10.1.0.8'));
    await client.delete(Services, { namespace: 'default', name: 'two' });
    await client.update(ServiceCidrs, { ...again, metadata: { ...again.metadata, finalizers: ['example.com/wait'] } });
    await client.delete(ServiceCidrs, { name: 'a' });
    await expect(client.create(Services, service('two', '10.1.0.8'))).rejects.toMatchObject({
      message: expect.stringContaining(outside),
    });
    // What is given stays, and is released as ever.
    await client.delete(Services, { namespace: 'default', name: 'one' });
    await expect(client.get(IPAddresses, { name: '10.1.0.9' })).rejects.toMatchObject({ code: 404 });
  });
});

describe('a range', () => {
  const state = async (client: Client, name: string) => {
    const { metadata, status } = await client.get(ServiceCidrs, { name });
    const [condition] = status?.conditions ?? [];
    return { finalizers: metadata?.finalizers, status: condition?.status, reason: condition?.reason };
  };
  const protection = { finalizers: ['networking.k8s.io/service-cidr-finalizer'] };
  const gone = async (client: Client, name: string) =>
    expect
      .poll(() =>
        client.get(ServiceCidrs, { name }).then(
          () => 'there',
          () => 'gone',
        ),
      )
      .toBe('gone');

  it('gets its finalizer and its condition, and goes at once when nothing uses it', async () => {
    const client = await cluster();
    await client.create(ServiceCidrs, range('a', '10.1.0.0/24'));
    await expect.poll(() => state(client, 'a')).toEqual({ ...protection, status: 'True', reason: '' });
    expect((await client.get(ServiceCidrs, { name: 'a' })).status?.conditions).toMatchObject([
      { type: 'Ready', message: 'Kubernetes Service CIDR is ready', lastTransitionTime: expect.any(String) },
    ]);
    await client.delete(ServiceCidrs, { name: 'a' });
    await gone(client, 'a');
  });

  it('stays while services have its addresses', async () => {
    const client = await cluster();
    await client.create(ServiceCidrs, range('a', '10.1.0.0/24'));
    await expect.poll(() => state(client, 'a')).toMatchObject(protection);
    await client.create(Services, service('one'));
    await client.delete(ServiceCidrs, { name: 'a' });
    await expect.poll(() => state(client, 'a')).toEqual({ ...protection, status: 'False', reason: 'Terminating' });
    await client.delete(Services, { namespace: 'default', name: 'one' });
    await gone(client, 'a');
  });

  it('may go when another holds its addresses, one that comes later too', async () => {
    const client = await cluster();
    await client.create(ServiceCidrs, range('small', '10.1.1.0/24'));
    await expect.poll(() => state(client, 'small')).toMatchObject(protection);
    await client.create(Services, service('one'));
    await client.delete(ServiceCidrs, { name: 'small' });
    await expect.poll(() => state(client, 'small')).toMatchObject({ reason: 'Terminating' });
    await client.create(ServiceCidrs, range('large', '10.1.0.0/16'));
    await gone(client, 'small');
    expect(await client.get(Services, { namespace: 'default', name: 'one' })).toMatchObject({
      spec: { clusterIP: expect.stringMatching(/^10\.1\.1\./) },
    });
  });
});
