// What load balancers outside of the cluster are told, on real ports.
import type { Node, Service } from 'kubernetes-types/core/v1.js';
import type { EndpointSlice } from 'kubernetes-types/discovery/v1.js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLogger } from '../../../src/client/log.ts';
import { HealthServers, healthChecks } from '../../../src/node/proxy/health.ts';
import { freePort } from '../../support/cli.ts';

const service = (name: string, port: number, spec: Service['spec'] = {}): Service => ({
  metadata: { name, namespace: 'shop' },
  spec: { type: 'LoadBalancer', externalTrafficPolicy: 'Local', healthCheckNodePort: port, ...spec },
});
const endpoint = (address: string, nodeName: string, ready = true) => ({
  addresses: [address],
  nodeName,
  conditions: { ready },
});
const slice = (name: string, ...endpoints: EndpointSlice['endpoints']): EndpointSlice => ({
  metadata: { name: `${name}-1`, namespace: 'shop', labels: { 'kubernetes.io/service-name': name } },
  addressType: 'IPv4',
  endpoints,
});

it('counts the ready pods of this node, for services that keep traffic where it comes in', () => {
  const services = [
    service('web', 31000),
    service('empty', 31001),
    service('anywhere', 31002, { externalTrafficPolicy: 'Cluster' }),
    { ...service('foreign', 31003), metadata: { labels: { 'service.kubernetes.io/service-proxy-name': 'other' } } },
  ];
  const slices = [
    slice('web', endpoint('10.0.0.1', 'n1'), endpoint('10.0.0.2', 'n1', false), endpoint('10.0.0.3', 'n2')),
    slice('web', endpoint('10.0.0.1', 'n1'), endpoint('10.0.0.4', 'n1')),
    slice('empty', endpoint('10.0.0.5', 'n2')),
  ];
  expect(healthChecks(services, slices, 'n1')).toEqual([
    { port: 31000, namespace: 'shop', name: 'web', localEndpoints: 2 },
    { port: 31001, namespace: 'shop', name: 'empty', localEndpoints: 0 },
  ]);
});

describe('a node', () => {
  let nodePort: number;
  let modePort: number;
  let servers: HealthServers;
  let healthy: boolean;
  let node: Node;
  beforeEach(async () => {
    nodePort = await freePort();
    healthy = true;
    node = {};
    const state = { healthy: () => healthy, node: () => node, now: () => Date.parse('2025-01-02T03:04:05Z') };
    modePort = await freePort();
    servers = new HealthServers(state, silentLogger, { health: nodePort, mode: modePort });
  });
  afterEach(() => servers.close());
  const ask = async (port: number, path = '/healthz') => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers: { connection: 'close' } });
    return {
      code: response.status,
      weight: response.headers.get('x-load-balancing-endpoint-weight'),
      text: await response.text(),
    };
  };

  it('says whether it forwards; one that is about to go wants no new connections', async () => {
    const time = '2025-01-02T03:04:05.000Z';
    expect(await ask(nodePort)).toEqual({
      code: 200,
      weight: null,
      text: JSON.stringify({ lastUpdated: time, currentTime: time, nodeEligible: true }),
    });
    node = { spec: { taints: [{ key: 'ToBeDeletedByClusterAutoscaler', effect: 'NoSchedule' }] } };
    expect([(await ask(nodePort)).code, (await ask(nodePort, '/livez')).code]).toEqual([503, 200]);
    node = { metadata: { deletionTimestamp: time } };
    expect((await ask(nodePort)).code).toBe(503);
    node = {};
    healthy = false;
    expect([(await ask(nodePort)).code, (await ask(nodePort, '/livez')).code]).toEqual([503, 503]);
    expect((await ask(nodePort, '/metrics')).code).toBe(404);
  });

  it('says to itself how services are done', async () => {
    expect(await ask(modePort, '/proxyMode')).toMatchObject({ code: 200, text: 'iptables' });
    expect((await ask(modePort, '/metrics')).code).toBe(404);
  });

  it('answers for a service on its own port, as long as there is one', async () => {
    const port = await freePort();
    const check = (localEndpoints: number) => [{ port, namespace: 'shop', name: 'web', localEndpoints }];
    servers.update(check(0));
    await expect.poll(() => ask(port).then(({ code }) => code, String)).toBe(503);
    servers.update(check(2));
    const { code, weight, text } = await ask(port, '/');
    expect({ code, weight, body: JSON.parse(text) as unknown }).toEqual({
      code: 200,
      weight: '2',
      body: { service: { namespace: 'shop', name: 'web' }, localEndpoints: 2, serviceProxyHealthy: true },
    });
    servers.update([]);
    await expect.poll(() => ask(port).then(String, (error: Error) => error.message)).toBe('fetch failed');
    expect((await ask(nodePort)).code).toBe(200);
  });

  it('goes on without a port that somebody else has', async () => {
    const other = new HealthServers({ healthy: () => true, node: () => undefined, now: Date.now }, silentLogger, {
      health: nodePort,
      mode: modePort,
    });
    await expect.poll(() => ask(nodePort).then(({ code }) => code, String)).toBe(200);
    other.close();
    expect((await ask(nodePort)).code).toBe(200);
  });
});
