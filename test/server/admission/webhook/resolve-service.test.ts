// Where a service is, by its endpoints.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { EndpointSlices, EndpointsType, Services } from '../../../../src/api/resources.ts';
import { resolveService } from '../../../../src/server/admission/webhook/resolve-service.ts';
import { type TestServer, startTestServer } from '../../../support/server.ts';

let server: TestServer;
const namespace = 'default';
const resolve = (name: string, port = 443) => resolveService(server.lister, namespace, name, port, 'Post "x"');
beforeAll(async () => {
  server = await startTestServer();
  const client = server.client();
  const ports = [
    { name: 'https', port: 443 },
    { name: 'other', port: 8443 },
  ];
  for (const name of ['sliced', 'listed', 'empty']) {
    await client.create(Services, { metadata: { namespace, name }, spec: { clusterIP: 'None', ports } } as never);
  }
  await client.create(EndpointSlices, {
    metadata: { namespace, name: 'sliced-1', labels: { 'kubernetes.io/service-name': 'sliced' } },
    addressType: 'IPv4',
    endpoints: [{ addresses: ['198.51.100.1'], conditions: { ready: false } }, { addresses: ['198.51.100.2'] }],
    ports: [{ name: 'https', port: 9443 }],
  } as never);
  await client.create(EndpointsType, {
    metadata: { namespace, name: 'listed' },
    subsets: [
      {
        addresses: [{ ip: '198.51.100.3' }],
        notReadyAddresses: [{ ip: '198.51.100.4' }],
        ports: [
          { name: 'https', port: 1 },
          { name: 'other', port: 2 },
        ],
      },
    ],
  } as never);
});
afterAll(() => server.close());

it('is a ready address of its slices or endpoints, at the port of that name', () => {
  expect(resolve('sliced')).toEqual({ host: '198.51.100.2', port: 9443 });
  expect(resolve('listed')).toEqual({ host: '198.51.100.3', port: 1 });
  expect(resolve('listed', 8443)).toEqual({ host: '198.51.100.3', port: 2 });
});

it.each([
  ['absent', 443, 'service "absent" not found'],
  ['empty', 443, 'no endpoints available for service "empty"'],
  ['sliced', 8443, 'no endpoints available for service "sliced"'],
  ['sliced', 1, 'no service port 1 found for service "sliced"'],
])('%s:%i cannot be found: %s', (name, port, why) => {
  expect(() => resolve(name, port)).toThrow(`Post "x": ${why}`);
});
