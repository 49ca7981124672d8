// What upstream's conformance suite asks of services, DNS and the pod network (test/e2e/network), on two real nodes.
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { run } from '../support/cli.ts';
import type { Doc } from './api.ts';
import {
  type Cluster,
  HOST_MOUNT,
  HOST_VOLUME,
  Space,
  type Spec,
  WAIT,
  js,
  patient,
  sh,
  startCluster,
} from './cluster.ts';
import { scenarios } from './scenarios.ts';

const { scenario, start } = scenarios();
let cluster: Cluster;
let space: Space;
let names: string[];
/** Says who it is and who asks: over HTTP (8080; 9090 too), and over UDP (8081). */
const SERVER = `const name=require('os').hostname();
const web=(q,r)=>{if(q.url==='/method')return r.end(q.method);if(q.url.startsWith('/echo'))return r.end(q.url);if(q.url==='/ip')return r.end(q.socket.remoteAddress);r.end(name)};
for(const p of [8080,9090])require('http').createServer(web).listen(p,'0.0.0.0');
const u=require('dgram').createSocket('udp4');u.on('message',(m,from)=>u.send(name,from.port,from.address));u.bind(8081);`;
const server = (name: string, labels: Spec, node: number, more: Spec = {}, container: Spec = {}) =>
  space.pod(
    name,
    {
      containers: [js(SERVER, { ports: [{ name: 'web', containerPort: 8080 }], ...container })],
      volumes: [HOST_VOLUME],
      nodeName: names[node],
      ...more,
    },
    { labels },
  );
const service = (name: string, spec: Spec) =>
  space.create('services', {
    metadata: { name },
    spec: { selector: { app: name }, ports: [{ port: 80, targetPort: 8080 }], ...spec },
  });
const from = (pod: string, script: string) => cluster.exec('network', pod, script);
const fetched = (pod: string, url: string) =>
  from(pod, `timeout 3 wget -qO- ${url} 2>/dev/null || echo failed`).then((t) => t.trim());
const CLIENTS = ['client-0', 'client-1'];
/** Asks until all expected answers have come, and no other one does. */
async function answers(ask: () => Promise<string>, expected: string[], only = true): Promise<void> {
  await patient(ask, (a) => expected.includes(a));
  const seen = new Set<string>();
  for (let i = 0; i < 30 && seen.size < expected.length; i++) seen.add(await ask());
  if (only) for (let i = 0; i < 3; i++) seen.add(await ask());
  expect([...seen].sort()).toEqual([...expected].sort());
}
/** One datagram and its answer; busybox has no UDP client. */
const udp = (pod: string, address: string, port: number) =>
  from(pod, `exec chroot /host ${process.execPath} -e '${DATAGRAM}' ${address} ${port}`).then((t) => t.trim());
const DATAGRAM =
  'const s=require("dgram").createSocket("udp4"),[a,p]=process.argv.slice(1);s.on("message",m=>{console.log(String(m));process.exit()});s.on("error",()=>process.exit());s.send("hi",p,a);setTimeout(()=>process.exit(),2000)';

beforeAll(async () => {
  cluster = await startCluster('network');
  space = await Space.make(cluster.api, 'network');
  names = cluster.nodes.map((n) => n.metadata.name).sort((a, b) => a.length - b.length);
  for (const i of [0, 1])
    await space.pod(CLIENTS[i]!, { containers: [sh(WAIT, HOST_MOUNT)], volumes: [HOST_VOLUME], nodeName: names[i] });
  await Promise.all(CLIENTS.map((name) => space.ready(name)));
  start();
});
afterAll(() => cluster?.close());

const ip = async (pod: string): Promise<string> => (await space.ready(pod))['status'].podIP;
const clusterIP = async (name: string): Promise<string> =>
  (await space.api.get(space.path('services', name)))['spec'].clusterIP;
const hostIP = (i: number): string =>
  cluster.nodes.find((n) => n.metadata.name === names[i])!['status'].addresses[0].address;

describe('pods', () => {
  scenario('reach each other by address, over TCP and UDP, from both nodes and from the host', async () => {
    await server('peer-0', {}, 0);
    await server('peer-1', {}, 1);
    for (const peer of ['peer-0', 'peer-1']) {
      const address = await ip(peer);
      for (const client of CLIENTS) {
        await patient(
          () => fetched(client, `http://${address}:8080/`),
          (t) => t === peer,
        );
        expect(await udp(client, address, 8081)).toBe(peer);
        // Addresses between pods stay.
        expect(await fetched(client, `http://${address}:8080/ip`)).toBe(await ip(client));
      }
      expect((await run('curl', ['-s', '-m', '3', `http://${address}:8080/`])).stdout).toBe(peer);
    }
  });

  scenario('host ports: the same one for another address and another protocol', async () => {
    const port = (hostIp: string, protocol: string, containerPort: number) => ({
      ports: [{ hostPort: 54323, hostIP: hostIp, containerPort, protocol }],
    });
    await server('hp-1', {}, 0, {}, port('127.0.0.1', 'TCP', 8080));
    await server('hp-2', {}, 0, {}, port(hostIP(0), 'TCP', 8080));
    await server('hp-3', {}, 0, {}, port(hostIP(0), 'UDP', 8081));
    await Promise.all(['hp-1', 'hp-2', 'hp-3'].map((name) => space.ready(name)));
    await space.pod('hp-client', {
      containers: [sh(WAIT, HOST_MOUNT)],
      volumes: [HOST_VOLUME],
      nodeName: names[0],
      hostNetwork: true,
    });
    await space.ready('hp-client');
    await patient(
      () => fetched('hp-client', 'http://127.0.0.1:54323/'),
      (t) => t === 'hp-1',
    );
    await patient(
      () => fetched('hp-client', `http://${hostIP(0)}:54323/`),
      (t) => t === 'hp-2',
    );
    await patient(
      () => udp('hp-client', hostIP(0), 54323),
      (t) => t === 'hp-3',
    );
    await patient(
      () => fetched('client-1', `http://${hostIP(0)}:54323/`),
      (t) => t === 'hp-2',
    );
    await space.api.del(space.path('pods', 'hp-2'));
    await patient(
      () => fetched('hp-client', `http://${hostIP(0)}:54323/`),
      (t) => t === 'failed',
    );
  });

  scenario('a host port on all addresses conflicts with one on any', async () => {
    const ports = (hostIp?: string) => ({
      ports: [{ hostPort: 54322, containerPort: 8080, ...(hostIp ? { hostIP: hostIp } : {}) }],
    });
    const nodeSelector = { 'kubernetes.io/hostname': names[0]! };
    await space.pod('conflict-1', { containers: [sh(WAIT, ports())], nodeSelector });
    await space.ready('conflict-1');
    await space.pod('conflict-2', { containers: [sh(WAIT, ports('127.0.0.1'))], nodeSelector });
    const held = await space.until('conflict-2', (p) =>
      p['status'].conditions?.some((c: Spec) => c['reason'] === 'Unschedulable'),
    );
    expect(held['status'].conditions[0].message).toContain(
      "1 node(s) didn't have free ports for the requested pod ports",
    );
  });
});

describe('services', () => {
  scenario('ClusterIP and NodePort: balanced, from pods, nodes and the pod itself (hairpin)', async () => {
    await server('np-0', { app: 'np' }, 0);
    await server('np-1', { app: 'np' }, 1);
    await service('np', {
      type: 'NodePort',
      ports: [
        { name: 'http', port: 80, targetPort: 'web' },
        { name: 'other', port: 81, targetPort: 9090 },
        { name: 'udp', port: 80, protocol: 'UDP', targetPort: 8081 },
      ],
    });
    const { spec } = (await space.api.get(space.path('services', 'np'))) as Doc;
    const address = (spec as Spec)['clusterIP'];
    const [http, , datagrams] = (spec as Spec)['ports'].map((p: Spec) => p['nodePort']);
    await Promise.all(['np-0', 'np-1'].map((name) => space.ready(name)));
    for (const client of CLIENTS) {
      await answers(() => fetched(client, `http://${address}/`), ['np-0', 'np-1']);
      await answers(() => fetched(client, `http://np:81/`), ['np-0', 'np-1']);
      for (const node of [0, 1])
        await answers(() => fetched(client, `http://${hostIP(node)}:${http}/`), ['np-0', 'np-1']);
      await answers(() => udp(client, address, 80), ['np-0', 'np-1']);
      await answers(() => udp(client, hostIP(1), datagrams), ['np-0', 'np-1']);
    }
    const curl = async (url: string) => (await run('curl', ['-s', '-m', '3', url])).stdout;
    await answers(() => curl(`http://${address}/`), ['np-0', 'np-1']);
    for (const host of ['127.0.0.1', hostIP(0), hostIP(1)])
      await answers(() => curl(`http://${host}:${http}/`), ['np-0', 'np-1']);
    for (const pod of ['np-0', 'np-1']) await answers(() => fetched(pod, `http://${address}/`), ['np-0', 'np-1']);
  });

  scenario('a service of pods in the network of their nodes answers pods of all nodes at all node ports', async () => {
    const named = `require('http').createServer((q,r)=>r.end(require('os').hostname())).listen(18080)`;
    for (const i of [0, 1]) {
      const spec = { containers: [js(named)], volumes: [HOST_VOLUME], nodeName: names[i], hostNetwork: true };
      await space.pod(`on-host-${i}`, spec, { labels: { app: 'on-host' } });
    }
    const made = await service('on-host', { type: 'NodePort', ports: [{ port: 80, targetPort: 18080 }] });
    const port = made['spec'].ports[0].nodePort as number;
    for (const client of CLIENTS) {
      for (const i of [0, 1]) await answers(() => fetched(client, `http://${hostIP(i)}:${port}/`), names);
    }
  });

  scenario('one port for both protocols, taken away one after the other', async () => {
    await server('dual-0', { app: 'dual' }, 1);
    const tcp = { name: 'tcp', port: 90, targetPort: 8080 };
    const datagrams = { name: 'udp', port: 90, protocol: 'UDP', targetPort: 8081 };
    await service('dual', { ports: [tcp, datagrams] });
    const address = await clusterIP('dual');
    const both = async () =>
      [await fetched('client-0', `http://${address}:90/`), await udp('client-0', address, 90)]
        .map((t) => t === 'dual-0')
        .join();
    await patient(both, (t) => t === 'true,true');
    await space.api.patch(space.path('services', 'dual'), { spec: { ports: [tcp] } });
    await patient(both, (t) => t === 'true,false');
    await space.api.patch(space.path('services', 'dual'), { spec: { ports: [datagrams] } });
    await patient(both, (t) => t === 'false,true');
  });

  scenario('session affinity, switched on and off', async () => {
    for (const i of [0, 1]) await server(`aff-${i}`, { app: 'aff' }, i);
    await service('aff', { type: 'NodePort', sessionAffinity: 'ClientIP' });
    const { clusterIP: address, ports } = (await space.api.get(space.path('services', 'aff')))['spec'];
    await Promise.all(['aff-0', 'aff-1'].map((name) => space.ready(name)));
    await patient(
      () => fetched('client-0', `http://${address}/`),
      (t) => t.startsWith('aff'),
    );
    const sticky = (url: string) =>
      patient(
        async () => new Set(await Promise.all(Array.from({ length: 8 }, () => fetched('client-0', url)))).size,
        (n) => n === 1,
      );
    for (const url of [`http://${address}/`, `http://${hostIP(1)}:${ports[0].nodePort}/`]) await sticky(url);
    await space.api.patch(space.path('services', 'aff'), {
      spec: { sessionAffinity: 'None', sessionAffinityConfig: null },
    });
    await answers(() => fetched('client-0', `http://${address}/`), ['aff-0', 'aff-1']);
    await space.api.patch(space.path('services', 'aff'), { spec: { sessionAffinity: 'ClientIP' } });
    await sticky(`http://${address}/`);
  });

  scenario('types change: ExternalName to ClusterIP to NodePort and back', async () => {
    await server('type-0', { app: 'type' }, 0);
    await space.create('services', {
      metadata: { name: 'type' },
      spec: { type: 'ExternalName', externalName: 'np.network.svc.cluster.local' },
    });
    await patient(
      () => from('client-0', 'nslookup type.network.svc.cluster.local'),
      (t) => /canonical name = np\.network\.svc\.cluster\.local/.test(t),
    );
    const patched = await space.api.patch(space.path('services', 'type'), {
      spec: {
        type: 'ClusterIP',
        externalName: null,
        selector: { app: 'type' },
        ports: [{ port: 80, targetPort: 8080 }],
      },
    });
    expect(patched['spec'].clusterIP).toMatch(/^10\.96\./);
    await patient(
      () => fetched('client-1', 'http://type/'),
      (t) => t === 'type-0',
    );
    const wide = await space.api.patch(space.path('services', 'type'), { spec: { type: 'NodePort' } });
    await patient(
      () => fetched('client-1', `http://${hostIP(0)}:${wide['spec'].ports[0].nodePort}/`),
      (t) => t === 'type-0',
    );
    const external = await space.api.patch(space.path('services', 'type'), {
      spec: {
        type: 'ExternalName',
        externalName: 'np.network.svc.cluster.local',
        clusterIP: null,
        clusterIPs: null,
        selector: null,
        ports: null,
      },
    });
    expect(external['spec'].clusterIP ?? '').toBe('');
    await patient(
      () => from('client-0', 'nslookup type.network.svc.cluster.local'),
      (t) => /canonical name/.test(t),
    );
  });

  scenario("traffic policies Local: own endpoints only; none are dropped, nobody's are refused", async () => {
    await server('local-0', { app: 'local' }, 0);
    await service('local', { type: 'NodePort', internalTrafficPolicy: 'Local', externalTrafficPolicy: 'Local' });
    const { clusterIP: address, ports } = (await space.api.get(space.path('services', 'local')))['spec'];
    await space.ready('local-0');
    await patient(
      () => fetched('client-0', `http://${address}/`),
      (t) => t === 'local-0',
    );
    expect(await from('client-1', `timeout 3 wget -qO- http://${address}/; echo $?`)).toMatch(/^143\n/);
    const port = ports[0].nodePort;
    await patient(
      async () => (await run('curl', ['-s', '-m', '3', `http://${hostIP(0)}:${port}/`])).stdout,
      (t) => t === 'local-0',
    );
    // The client's node is seen: the node that answers does not put its own address there.
    expect(await fetched('client-1', `http://${hostIP(0)}:${port}/ip`)).toBe(hostIP(1));
    await service('nobody', { type: 'NodePort' });
    const nobody = await clusterIP('nobody');
    await patient(
      () => from('client-0', `timeout 5 wget -qO- http://${nobody}/ 2>&1 || true`),
      (t) => t.includes('refused'),
    );
  });

  scenario('external addresses; not-ready endpoints only when asked for; ready and terminating ones', async () => {
    await server('ext-0', { app: 'ext' }, 1);
    await service('ext', { externalIPs: ['203.0.113.77'] });
    await patient(
      () => fetched('client-0', 'http://203.0.113.77/'),
      (t) => t === 'ext-0',
    );
    const probe = { readinessProbe: { exec: { command: ['false'] } } };
    await server('unready-0', { app: 'unready' }, 1, {}, probe);
    await service('unready', {});
    await service('published', { selector: { app: 'unready' }, publishNotReadyAddresses: true });
    await patient(
      () => fetched('client-0', 'http://published/'),
      (t) => t === 'unready-0',
    );
    expect(await fetched('client-0', 'http://unready/')).not.toBe('unready-0');
    const endpoints = await space.api.get(space.path('endpoints', 'unready'));
    expect(endpoints['subsets'][0].notReadyAddresses).toHaveLength(1);
    // The last endpoint still serves while it ends.
    const slow = {
      lifecycle: { preStop: { exec: { command: ['sleep', '8'] } } },
      readinessProbe: { httpGet: { path: '/', port: 8080 }, periodSeconds: 1 },
    };
    await server('ending-0', { app: 'ending' }, 0, { terminationGracePeriodSeconds: 15 }, slow);
    await service('ending', {});
    await patient(
      () => fetched('client-1', 'http://ending/'),
      (t) => t === 'ending-0',
    );
    await space.api.del(space.path('pods', 'ending-0'));
    await space.until('ending-0', (p) => p.metadata['deletionTimestamp']);
    for (let i = 0; i < 3; i++) expect(await fetched('client-1', 'http://ending/')).toBe('ending-0');
  });

  scenario('endpoints come and go with pods and their ports', async () => {
    await service('multi', {
      ports: [
        { name: 'one', port: 80, targetPort: 'p1' },
        { name: 'two', port: 81, targetPort: 'p2' },
      ],
    });
    const subsets = async () =>
      ((await space.api.get(space.path('endpoints', 'multi')))['subsets'] ?? [])
        .flatMap((s: Spec) => s['ports'].map((p: Spec) => `${p['name']}:${p['port']}`))
        .sort()
        .join();
    const pod = (name: string, port: string, number: number) =>
      space.pod(
        name,
        { containers: [sh(WAIT, { ports: [{ name: port, containerPort: number }] })] },
        { labels: { app: 'multi' } },
      );
    await patient(subsets, (t) => t === '');
    await pod('multi-1', 'p1', 100);
    await patient(subsets, (t) => t === 'one:100');
    await pod('multi-2', 'p2', 101);
    await patient(subsets, (t) => t === 'one:100,two:101');
    await space.api.del(space.path('pods', 'multi-1'));
    await patient(subsets, (t) => t === 'two:101');
    await space.api.del(space.path('pods', 'multi-2'));
    await patient(subsets, (t) => t === '');
  });

  scenario('Endpoints written by hand are mirrored, and work', async () => {
    await server('hand-0', {}, 1);
    const address = await ip('hand-0');
    await space.create('services', { metadata: { name: 'hand' }, spec: { ports: [{ port: 80, targetPort: 8080 }] } });
    await space.create('endpoints', {
      metadata: { name: 'hand', labels: { a: 'b' } },
      subsets: [{ addresses: [{ ip: address }], ports: [{ port: 8080 }] }],
    });
    const slices = () =>
      space.api.items(
        '/apis/discovery.k8s.io/v1/namespaces/network/endpointslices?labelSelector=kubernetes.io/service-name%3Dhand',
      );
    const [slice] = await patient(slices, (list) => list.length === 1);
    expect(slice!.metadata['labels']).toMatchObject({
      a: 'b',
      'endpointslice.kubernetes.io/managed-by': 'endpointslicemirroring-controller.k8s.io',
    });
    expect(slice).toMatchObject({
      ports: [{ port: 8080, protocol: 'TCP' }],
      endpoints: [{ addresses: [address], conditions: { ready: true } }],
    });
    await patient(
      () => fetched('client-0', 'http://hand/'),
      (t) => t === 'hand-0',
    );
    await space.api.patch(space.path('endpoints', 'hand'), {
      subsets: [{ addresses: [{ ip: '10.1.2.4' }], ports: [{ port: 8081 }] }],
    });
    await patient(
      slices,
      (list) =>
        list.length === 1 && list[0]!['ports'][0].port === 8081 && list[0]!['endpoints'][0].addresses[0] === '10.1.2.4',
    );
    await space.api.del(space.path('endpoints', 'hand'));
    await patient(slices, (list) => list.length === 0);
  });

  scenario('the proxy subresources of pods, services and nodes', async () => {
    await server('prox-0', { app: 'prox' }, 1);
    await service('prox', {
      ports: [
        { name: 'http', port: 80, targetPort: 8080 },
        { name: 'other', port: 81, targetPort: 9090 },
      ],
    });
    await space.ready('prox-0');
    const ask = (path: string, method = 'GET') => space.api.send(method, path).catch((e: Error) => e.message);
    for (const path of [
      `${space.path('pods', 'prox-0')}:8080/proxy/`,
      `${space.path('pods', 'http:prox-0')}:8080/proxy/`,
      `${space.path('services', 'prox')}:http/proxy/`,
      `${space.path('services', 'http:prox')}:81/proxy/`,
      `${space.path('services', 'prox')}:other/proxy/`,
    ]) {
      await patient(
        () => ask(path),
        (t) => t === 'prox-0',
      );
    }
    for (const method of ['DELETE', 'OPTIONS', 'PATCH', 'POST', 'PUT']) {
      expect(await ask(`${space.path('pods', 'prox-0')}:8080/proxy/method`, method)).toBe(method);
      expect(await ask(`${space.path('services', 'prox')}:http/proxy/method`, method)).toBe(method);
    }
    expect(await ask(`${space.path('services', 'prox')}:http/proxy/echo/a%20b?c=d`)).toBe('/echo/a%20b?c=d');
    for (const node of names) expect(await ask(`/api/v1/nodes/${node}/proxy/healthz`)).toBe('ok');
    expect(await ask(`/api/v1/nodes/${names[0]}:10250/proxy/pods`)).toMatchObject({ kind: 'PodList' });
  });
});

describe('DNS', () => {
  const look = (name: string, type = 'A') => from('client-1', `nslookup -type=${type} ${name} 2>&1 || true`);
  scenario('services: full and partial names, ports, reverse; headless ones by their endpoints', async () => {
    await service('dns', { ports: [{ name: 'http', port: 80, targetPort: 8080 }] });
    const address = await clusterIP('dns');
    await service('dns-headless', { clusterIP: 'None', ports: [{ name: 'http', port: 80, targetPort: 8080 }] });
    await server('dns-pod', { app: 'dns-headless' }, 0, { hostname: 'dns-querier', subdomain: 'dns-headless' });
    const pod = await ip('dns-pod');
    for (const name of ['dns', 'dns.network', 'dns.network.svc', 'dns.network.svc.cluster.local']) {
      await patient(
        () => from('client-1', `ping -c 1 -W 1 ${name} 2>&1 | head -1`),
        (t) => t.includes(`(${address})`),
      );
    }
    await patient(
      () => look('dns-headless.network.svc.cluster.local'),
      (t) => t.includes(pod),
    );
    await patient(
      () => look('dns-querier.dns-headless.network.svc.cluster.local'),
      (t) => t.includes(pod),
    );
    await patient(
      () => look('_http._tcp.dns.network.svc.cluster.local', 'SRV'),
      (t) => /80 dns\.network\.svc\.cluster\.local/.test(t),
    );
    await patient(
      () => look('_http._tcp.dns-headless.network.svc.cluster.local', 'SRV'),
      (t) => /8080 dns-querier\.dns-headless\.network\.svc\.cluster\.local/.test(t),
    );
    const reverse = (a: string) => look(`${a.split('.').reverse().join('.')}.in-addr.arpa`, 'PTR');
    expect(await reverse(address)).toContain('dns.network.svc.cluster.local');
    expect(await reverse(pod)).toContain('dns-querier.dns-headless.network.svc.cluster.local');
    expect(await look(`${pod.replaceAll('.', '-')}.network.pod.cluster.local`)).toContain(pod);
    expect(await look('kubernetes.default.svc.cluster.local')).toContain('10.96.0.1');
    expect(await look('nowhere.network.svc.cluster.local')).toContain('NXDOMAIN');
    expect(await from('dns-pod', 'hostname -f')).toBe('dns-querier.dns-headless.network.svc.cluster.local\n');
  });

  scenario('policies and settings of a pod', async () => {
    const show = sh('cat /etc/resolv.conf');
    await space.pod('dns-none', {
      containers: [show],
      dnsPolicy: 'None',
      dnsConfig: {
        nameservers: ['1.1.1.1'],
        searches: ['resolv.conf.local'],
        options: [{ name: 'ndots', value: '2' }, { name: 'edns0' }],
      },
    });
    await space.pod('dns-default', { containers: [show], dnsPolicy: 'Default' });
    await space.pod('dns-host', { containers: [show], dnsPolicy: 'ClusterFirstWithHostNet', hostNetwork: true });
    await space.pod('dns-added', {
      containers: [show],
      dnsConfig: { searches: ['more.local'], options: [{ name: 'ndots', value: '3' }] },
    });
    expect(await space.said('dns-none')).toBe('search resolv.conf.local\nnameserver 1.1.1.1\noptions ndots:2 edns0\n');
    expect(await space.said('dns-default')).not.toContain('10.96.0.10');
    expect(await space.said('dns-host')).toMatch(
      /^search network\.svc\.cluster\.local svc\.cluster\.local cluster\.local[^]*nameserver 10\.96\.0\.10\noptions ndots:5\n$/,
    );
    expect(await space.said('dns-added')).toMatch(/more\.local\n[^]*options ndots:3\n$/);
  });
});
