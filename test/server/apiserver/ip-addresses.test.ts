// IPAddress objects: every cluster IP has one, which says whose it is, and which is the allocation.
import type { Service } from 'kubernetes-types/core/v1.js';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Services } from '../../../src/api/resources.ts';
import { IPAddresses } from '../../../src/api/service-ranges.ts';
import { ensureServiceAddresses, keepServiceAddresses } from '../../../src/server/bootstrap/service-addresses.ts';
import { raw } from '../../support/raw.ts';
import { type TestServer, startTestServer } from '../../support/server.ts';

let server: TestServer;
beforeEach(async () => {
  server = await startTestServer();
});
afterEach(() => server.close());

const service = (name: string, clusterIP: string): Service => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: 'default' },
  spec: { clusterIP, ports: [{ port: 80 }] },
});
const at = { namespace: 'default', name: 'a' };
const address = { name: '10.96.0.7' };

it('come and go with their service', async () => {
  const client = server.client();
  await client.create(Services, service('a', '10.96.0.7'));
  expect(await client.get(IPAddresses, address)).toMatchObject({
    kind: 'IPAddress',
    apiVersion: 'networking.k8s.io/v1',
    metadata: {
      name: '10.96.0.7',
      uid: expect.stringMatching(/^[0-9a-f-]{36}$/),
      labels: {
        'ipaddress.kubernetes.io/ip-family': 'IPv4',
        'ipaddress.kubernetes.io/managed-by': 'ipallocator.k8s.io',
      },
      managedFields: [{ manager: 'kube-apiserver', operation: 'Update' }],
    },
    spec: { parentRef: { resource: 'services', namespace: 'default', name: 'a' } },
  });
  const table = await raw(server, 'GET', '/apis/networking.k8s.io/v1/ipaddresses', {
    headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' },
  });
  const { rows } = table.json as { rows: { cells: unknown[] }[] };
  expect(rows.map((row) => row.cells.slice(0, 2))).toEqual([['10.96.0.7', 'services/default/a']]);
  await client.delete(Services, at);
  await expect(client.get(IPAddresses, address)).rejects.toMatchObject({ code: 404 });
});

it('made by a user block the address', async () => {
  const client = server.client();
  await client.create(IPAddresses, {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'IPAddress',
    metadata: address,
    spec: { parentRef: { resource: 'machines', name: 'printer' } },
  });
  await expect(client.create(Services, service('a', '10.96.0.7'))).rejects.toMatchObject({ code: 422 });
});

it('go when a service turns headless by becoming external', async () => {
  const client = server.client();
  await client.create(Services, service('a', '10.96.0.7'));
  const patch = { spec: { type: 'ExternalName', externalName: 'example.com', clusterIP: '', clusterIPs: null } };
  await client.patch(Services, at, 'merge', patch);
  await expect(client.get(IPAddresses, address)).rejects.toMatchObject({ code: 404 });
});

it('are made again when they are missing', async () => {
  const client = server.client();
  await client.create(Services, service('a', '10.96.0.7'));
  await client.delete(IPAddresses, address);
  await ensureServiceAddresses(client, server.lister);
  expect((await client.get(IPAddresses, address)).spec?.parentRef?.name).toBe('a');
  const end = keepServiceAddresses({
    client,
    cache: server.lister,
    observe: server.server.observe,
    onError: (error) => {
      throw error;
    },
  });
  await client.delete(IPAddresses, address);
  await expect.poll(() => server.lister.get(IPAddresses, undefined, '10.96.0.7')?.spec?.parentRef?.name).toBe('a');
  await client.delete(Services, at);
  await new Promise((resolve) => setImmediate(resolve));
  expect(server.lister.get(IPAddresses, undefined, '10.96.0.7')).toBeUndefined();
  end();
});
