// Cluster IPs and node ports: given, chosen, kept, released, and never given twice.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Service } from 'kubernetes-types/core/v1.js';
import { Services } from '../../../src/api/resources.ts';
import { type TestServer, startTestServer } from '../../support/server.ts';

let server: TestServer;
beforeEach(async () => {
  server = await startTestServer({ serviceCidr: '10.96.0.0/24', nodePorts: { from: 30000, to: 30005 } });
});
afterEach(() => server.close());

const service = (name: string, spec: Service['spec'] = {}): Service => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: 'default' },
  spec: { selector: { app: name }, ports: [{ port: 80 }], ...spec },
});
const at = (name: string) => ({ name, namespace: 'default' });

describe('cluster IPs', () => {
  it('are given from the range and shown in both fields', async () => {
    const { spec } = await server.client().create(Services, service('a'));
    expect(spec!.clusterIP).toMatch(/^10\.96\.0\.\d+$/);
    expect(spec).toMatchObject({
      clusterIPs: [spec!.clusterIP],
      ipFamilies: ['IPv4'],
      ipFamilyPolicy: 'SingleStack',
      type: 'ClusterIP',
    });
  });

  it('can be chosen, once', async () => {
    const client = server.client();
    await client.create(Services, service('a', { clusterIP: '10.96.0.7' }));
    await expect(client.create(Services, service('b', { clusterIP: '10.96.0.7' }))).rejects.toMatchObject({
      code: 422,
      message: expect.stringContaining('failed to allocate IP 10.96.0.7: provided IP is already allocated'),
    });
    await expect(client.create(Services, service('b', { clusterIP: '10.97.0.7' }))).rejects.toMatchObject({
      message: expect.stringContaining(
        'failed to allocate IP 10.97.0.7: the provided network does not match the current range',
      ),
    });
    await client.delete(Services, at('a'));
    await client.create(Services, service('b', { clusterIP: '10.96.0.7' }));
  });

  it('are not taken by a dry run or a failed create', async () => {
    const client = server.client();
    await client.create(Services, service('a', { clusterIP: '10.96.0.7' }), { dryRun: true });
    await client.create(Services, service('a', { clusterIP: '10.96.0.7' }));
    await expect(client.create(Services, service('a', { clusterIP: '10.96.0.8' }))).rejects.toMatchObject({
      code: 409,
    });
    await client.create(Services, service('b', { clusterIP: '10.96.0.8' }));
  });

  it('stay when a client replaces the service without them', async () => {
    const client = server.client();
    const made = await client.create(Services, service('a'));
    const replaced = await client.update(Services, service('a', { ports: [{ port: 81 }] }));
    expect(replaced.spec!.clusterIP).toBe(made.spec!.clusterIP);
  });

  it('are never given twice under concurrency, and run out', async () => {
    const client = server.client();
    const made = await Promise.allSettled(
      Array.from({ length: 260 }, (_, i) => client.create(Services, service(`s${i}`))),
    );
    const addresses = made.flatMap((r) => (r.status === 'fulfilled' ? [r.value.spec!.clusterIP] : []));
    expect(new Set(addresses).size).toBe(addresses.length);
    expect(addresses).toHaveLength(254);
    const failed = made.find((r) => r.status === 'rejected');
    expect((failed as PromiseRejectedResult).reason).toMatchObject({
      message: expect.stringContaining('failed to allocate a serviceIP: range is full'),
    });
  });

  it('are none for headless services and names elsewhere', async () => {
    const client = server.client();
    const headless = await client.create(Services, service('h', { clusterIP: 'None' }));
    expect(headless.spec).toMatchObject({ clusterIP: 'None', clusterIPs: ['None'] });
    const named = await client.create(Services, service('e', { type: 'ExternalName', externalName: 'example.com' }));
    expect(named.spec!.clusterIP).toBeUndefined();
  });
});

describe('node ports', () => {
  it('are given, can be chosen, and are released when the type changes', async () => {
    const client = server.client();
    const made = await client.create(Services, service('a', { type: 'NodePort' }));
    const { nodePort } = made.spec!.ports![0]!;
    expect(nodePort).toBeGreaterThanOrEqual(30000);
    const taken = service('b', { type: 'NodePort', ports: [{ port: 80, nodePort }] });
    await expect(client.create(Services, taken)).rejects.toMatchObject({
      message: `Service "b" is invalid: spec.ports[0].nodePort: Invalid value: ${nodePort}: provided port is already allocated`,
    });
    await client.patch(Services, at('a'), 'merge', { spec: { type: 'ClusterIP', ports: [{ port: 80 }] } });
    await client.create(Services, taken);
  });

  it('are shared by the protocols of one port', async () => {
    const ports = [
      { name: 't', port: 53, protocol: 'TCP' as const },
      { name: 'u', port: 53, protocol: 'UDP' as const },
    ];
    const { spec } = await server.client().create(Services, service('dns', { type: 'NodePort', ports }));
    expect(spec!.ports![0]!.nodePort).toBe(spec!.ports![1]!.nodePort);
  });

  it('must be in the range', async () => {
    const low = service('a', { type: 'NodePort', ports: [{ port: 80, nodePort: 80 }] });
    await expect(server.client().create(Services, low)).rejects.toMatchObject({
      message: expect.stringContaining(
        'provided port is not in the valid range. The range of valid ports is 30000-30005',
      ),
    });
  });
});
