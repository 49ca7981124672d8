import dgram from 'node:dgram';
import net from 'node:net';
import packet from 'dns-packet';
import type { Service } from 'kubernetes-types/core/v1.js';
import type { EndpointSlice } from 'kubernetes-types/discovery/v1.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../src/api/types.ts';
import { objectKey } from '../../../src/api/types.ts';
import type { Lister } from '../../../src/client/informer.ts';
import { silentLogger } from '../../../src/client/log.ts';
import { createForwarder, nameServers, searchDomains } from '../../../src/node/dns/forward.ts';
import {
  BY_ADDRESS,
  BY_SERVICE,
  type Zone,
  clusterIpIndex,
  endpointAddressIndex,
  resolveName,
  serviceIndex,
} from '../../../src/node/dns/records.ts';
import { type DnsServer, startDnsServer } from '../../../src/node/dns/server.ts';

function lister<T extends KubeObject>(objects: T[], indexes: Record<string, (o: T) => string[]>): Lister<T> {
  const list = (namespace?: string): T[] =>
    objects.filter((o) => namespace === undefined || o.metadata?.namespace === namespace);
  return {
    get: (key) => objects.find((o) => objectKey(o) === key),
    list,
    count: (namespace) => list(namespace).length,
    byIndex: (name, value) => objects.filter((o) => indexes[name]!(o).includes(value)),
  };
}

const service = (name: string, spec: Service['spec']): Service => ({ metadata: { name, namespace: 'default' }, spec });
const manyIps = Array.from({ length: 60 }, (_, i) => `10.244.7.${i + 1}`);
const slice = (name: string, endpoints: EndpointSlice['endpoints']): EndpointSlice => ({
  metadata: { name, namespace: 'default', labels: { 'kubernetes.io/service-name': name } },
  addressType: 'IPv4',
  ports: [{ name: 'pg', port: 5432, protocol: 'TCP' }],
  endpoints,
});
const zone: Zone = {
  domain: 'cluster.local',
  services: lister(
    [
      service('web', { clusterIP: '10.96.0.20', ports: [{ name: 'http', port: 80, protocol: 'TCP' }] }),
      service('db', { clusterIP: 'None', ports: [{ name: 'pg', port: 5432 }] }),
      service('many', { clusterIP: 'None' }),
      service('empty', { clusterIP: 'None' }),
      service('out', { type: 'ExternalName', externalName: 'web.default.svc.cluster.local' }),
    ],
    { [BY_ADDRESS]: clusterIpIndex },
  ),
  slices: lister(
    [
      slice('db', [
        { addresses: ['10.244.0.5'], hostname: 'db-0', conditions: { ready: true } },
        { addresses: ['10.244.0.6'], conditions: { ready: true } },
        { addresses: ['10.244.0.7'], hostname: 'db-2', conditions: { ready: false } },
      ]),
      slice(
        'many',
        manyIps.map((ip) => ({ addresses: [ip], conditions: { ready: true } })),
      ),
    ],
    { [BY_SERVICE]: serviceIndex, [BY_ADDRESS]: endpointAddressIndex },
  ),
};
const data = (name: string, type = 'A') => resolveName(zone, name, type)?.answers.map((a) => a.data);

describe('records', () => {
  it('answer services by cluster address, in any case', () => {
    expect(data('Web.Default.svc.cluster.local')).toEqual(['10.96.0.20']);
  });
  it('answer headless services by their ready endpoints', () => {
    expect(data('db.default.svc.cluster.local')).toEqual(['10.244.0.5', '10.244.0.6']);
    expect(data('db-0.db.default.svc.cluster.local')).toEqual(['10.244.0.5']);
    expect(data('10-244-0-6.db.default.svc.cluster.local')).toEqual(['10.244.0.6']);
    expect(resolveName(zone, 'db-2.db.default.svc.cluster.local', 'A')?.found).toBe(false);
    expect(resolveName(zone, 'empty.default.svc.cluster.local', 'A')?.found).toBe(false);
  });
  it('answer ports', () => {
    expect(data('_http._tcp.web.default.svc.cluster.local', 'SRV')).toEqual([
      { priority: 0, weight: 100, port: 80, target: 'web.default.svc.cluster.local' },
    ]);
    const headless = resolveName(zone, '_pg._tcp.db.default.svc.cluster.local', 'SRV');
    expect(headless?.answers.map((a) => a.data)).toEqual([
      { priority: 0, weight: 50, port: 5432, target: 'db-0.db.default.svc.cluster.local' },
      { priority: 0, weight: 50, port: 5432, target: '10-244-0-6.db.default.svc.cluster.local' },
    ]);
    expect(headless?.additionals.map((a) => a.data)).toEqual(['10.244.0.5', '10.244.0.6']);
    expect(resolveName(zone, '_nope._tcp.web.default.svc.cluster.local', 'SRV')?.found).toBe(false);
  });
  it('answer backwards', () => {
    expect(data('20.0.96.10.in-addr.arpa', 'PTR')).toEqual(['web.default.svc.cluster.local']);
    expect(data('5.0.244.10.in-addr.arpa', 'PTR')).toEqual(['db-0.db.default.svc.cluster.local']);
    expect(resolveName(zone, '8.8.8.8.in-addr.arpa', 'PTR')).toBeUndefined();
  });
  it('answer pods, and tell nothing here from nothing of this type', () => {
    expect(data('10-244-0-9.default.pod.cluster.local')).toEqual(['10.244.0.9']);
    expect(resolveName(zone, '10-244-0-999.default.pod.cluster.local', 'A')?.found).toBe(false);
    expect(resolveName(zone, 'web.default.svc.cluster.local', 'AAAA')).toEqual({
      found: true,
      answers: [],
      additionals: [],
    });
    expect(resolveName(zone, 'nope.default.svc.cluster.local', 'A')?.found).toBe(false);
    expect(resolveName(zone, 'debian.org', 'A')).toBeUndefined();
  });
  it('read resolv.conf', () => {
    expect(nameServers('# x\nnameserver 1.1.1.1\n  nameserver 8.8.8.8\n')).toEqual(['1.1.1.1', '8.8.8.8']);
    expect(searchDomains('search a.b c.d\nsearch e.f\n')).toEqual(['e.f']);
  });
});

describe('server', () => {
  let server: DnsServer;
  beforeAll(async () => {
    const forwarder = createForwarder(() => []);
    server = await startDnsServer({ zone, forwarder, address: '127.0.0.1', port: 0, log: silentLogger });
  });
  afterAll(() => server.close());

  const encode = (name: string, type: packet.RecordType) =>
    packet.encode({ type: 'query', id: 7, flags: packet.RECURSION_DESIRED, questions: [{ type, name }] });
  const overUdp = (query: Buffer): Promise<packet.DecodedPacket> =>
    new Promise((resolve) => {
      const socket = dgram.createSocket('udp4');
      socket.on('message', (reply) => {
        socket.close();
        resolve(packet.decode(reply));
      });
      socket.send(query, server.port, '127.0.0.1');
    });

  it('answers over UDP, and NXDOMAIN with a SOA', async () => {
    const reply = await overUdp(encode('web.default.svc.cluster.local', 'A'));
    expect(reply.id).toBe(7);
    expect(reply.answers).toMatchObject([{ type: 'A', data: '10.96.0.20' }]);
    const none = await overUdp(encode('nope.default.svc.cluster.local', 'A'));
    expect(none).toMatchObject({ rcode: 'NXDOMAIN', authorities: [{ type: 'SOA', name: 'cluster.local' }] });
  });

  it('follows the alias of an ExternalName', async () => {
    const reply = await overUdp(encode('out.default.svc.cluster.local', 'A'));
    expect(reply.answers?.map((a) => a.type)).toEqual(['CNAME', 'A']);
  });

  it('truncates over UDP what it tells whole over TCP', async () => {
    const query = encode('many.default.svc.cluster.local', 'A');
    expect(await overUdp(query)).toMatchObject({ flag_tc: true, answers: [] });
    const reply = await new Promise<packet.DecodedPacket>((resolve) => {
      const socket = net.connect(server.port, '127.0.0.1');
      let buffered = Buffer.alloc(0);
      socket.on('data', (chunk) => {
        buffered = Buffer.concat([buffered, chunk]);
        if (buffered.length < 2 + buffered.readUInt16BE(0)) return;
        socket.destroy();
        resolve(packet.decode(buffered.subarray(2)));
      });
      socket.write(
        packet.streamEncode({
          type: 'query',
          id: 7,
          questions: [{ type: 'A', name: 'many.default.svc.cluster.local' }],
        }),
      );
    });
    expect(reply.answers).toHaveLength(60);
  });

  it('survives garbage, and fails what it cannot forward', async () => {
    const socket = dgram.createSocket('udp4');
    await new Promise<void>((resolve) =>
      socket.send(Buffer.from('garbage'), server.port, '127.0.0.1', () => resolve()),
    );
    socket.close();
    expect(await overUdp(encode('debian.org', 'A'))).toMatchObject({ rcode: 'SERVFAIL' });
  });
});
