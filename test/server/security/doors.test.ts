// Doors that must be shut: media types of this process alone, verbs that say nothing of the method, proxies that lead
// into the server's own machine, warnings that break an answer.
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:http';
import https from 'node:https';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  ClusterRoleBindings,
  ClusterRoles,
  EndpointsType,
  Nodes,
  Pods,
  ServiceAccounts,
  Services,
} from '../../../src/api/resources.ts';
import type { Client } from '../../../src/client/rest.ts';
import { inProcess } from '../../../src/client/transport/in-process.ts';
import { type RunningServer, startServer } from '../../../src/server/server.ts';
import { createNodeConnector } from '../../../src/wire/proxy.ts';
import type { Request } from '../../../src/wire/http.ts';
import { raw } from '../../support/raw.ts';
import { startTestServer } from '../../support/server.ts';

let server: RunningServer;
let admin: Client;
const handlerOf = (name: string, groups: string[] = []) => ({
  handler: inProcess(server.handler, { name, groups: [...groups, 'system:authenticated'] }),
});
const root = () => handlerOf('root', ['system:masters']);

beforeAll(async () => {
  server = await startServer({ listen: { host: '127.0.0.1', port: 0 }, components: ['apiserver'] });
  admin = server.client();
  await admin.create(ServiceAccounts, { metadata: { namespace: 'default', name: 'default' } });
});
afterAll(() => server.close());

/** A request over the wire with the administrator's certificate. */
function ask(path: string, headers: Record<string, string>, method = 'GET', body = '') {
  const config = server.kubeconfig!;
  const pem = (name: string) => Buffer.from(new RegExp(`${name}: (\\S+)`).exec(config)![1]!, 'base64');
  return new Promise<{ status: number; headers: Record<string, unknown>; text: string }>((resolve, reject) => {
    const cert = pem('client-certificate-data');
    const key = pem('client-key-data');
    const options = { host: '127.0.0.1', port: server.port, path, method, headers, ca: server.ca, cert, key };
    const request = https.request({ ...options, agent: false }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk.toString()));
      response.on('end', () => resolve({ status: response.statusCode!, headers: response.headers, text }));
    });
    request.on('error', reject);
    request.end(body);
  });
}

describe('the media type of this process', () => {
  it('is never heard from the wire, however it is written', async () => {
    for (const accept of [
      'application/x-sampan-shared',
      'Application/X-Sampan-Shared',
      'APPLICATION/X-SAMPAN-SHARED;q=1, application/json;q=0.1',
      'application/x-sampan-shared;as=Table',
    ]) {
      for (const path of ['/api/v1/namespaces', '/version', '/api/v1/nopes']) {
        const answer = await ask(path, { accept });
        expect(answer.headers['content-type'], `${accept} ${path}`).toBe('application/json');
      }
    }
    const watch = await ask('/api/v1/namespaces?watch=1&timeoutSeconds=1', { accept: 'Application/X-Sampan-Shared' });
    expect(watch.headers['content-type']).toBe('application/json');
  });
});

describe('verbs', () => {
  it('of a reader of everything open no session', async () => {
    await admin.create(ClusterRoles, {
      metadata: { name: 'watcher' },
      rules: [{ apiGroups: ['*'], resources: ['*'], verbs: ['list', 'watch', 'delete', 'patch', 'update'] }],
    });
    await admin.create(ClusterRoleBindings, {
      metadata: { name: 'watcher' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'watcher' },
      subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'wendy' }],
    });
    await admin.create(Pods, {
      metadata: { namespace: 'default', name: 'p' },
      spec: { nodeName: 'n', containers: [{ name: 'c', image: 'i' }] },
    });
    const pod = 'namespaces/default/pods/p';
    for (const subresource of ['exec?command=sh', 'attach', 'portforward']) {
      for (const [method, path] of [
        ['POST', `/api/v1/watch/${pod}/${subresource}`],
        ['GET', `/api/v1/watch/${pod}/${subresource}`],
        ['DELETE', `/api/v1/${pod}/${subresource}`],
        ['PATCH', `/api/v1/${pod}/${subresource}`],
        ['PUT', `/api/v1/${pod}/${subresource}`],
      ] as const) {
        const answer = await raw(handlerOf('wendy'), method, path);
        expect([answer.status, `${method} ${path}`]).toEqual([405, `${method} ${path}`]);
      }
    }
    const proxied = await raw(handlerOf('wendy'), 'POST', `/api/v1/watch/${pod}/proxy/`);
    expect(proxied.status).toBe(405);
  });
});

describe('proxies', () => {
  const at = (podIP: string) => ({ status: { phase: 'Running', podIP, podIPs: [{ ip: podIP }] } });
  const setAddress = (name: string, podIP: string) =>
    admin.patch(Pods, { namespace: 'default', name }, 'merge', at(podIP), { subresource: 'status' });

  it('lead to no address of the server itself or of its cloud', async () => {
    await admin.create(Pods, {
      metadata: { namespace: 'default', name: 'liar' },
      spec: { nodeName: 'n', containers: [{ name: 'c', image: 'i' }] },
    });
    for (const address of ['127.0.0.1', '169.254.169.254', '0.0.0.0', '::1', '::ffff:127.0.0.1']) {
      await setAddress('liar', address).catch(() => undefined);
      const answer = await raw(root(), 'GET', '/api/v1/namespaces/default/pods/liar:80/proxy/latest/meta-data');
      expect([address, answer.status, (answer.json as { message: string }).message]).toEqual([
        address,
        400,
        'address not allowed',
      ]);
    }
    await admin.create(Nodes, { metadata: { name: 'liar' } });
    const status = { status: { addresses: [{ type: 'InternalIP', address: '169.254.169.254' }] } };
    await admin.patch(Nodes, { name: 'liar' }, 'merge', status, { subresource: 'status' });
    const answer = await raw(root(), 'GET', '/api/v1/nodes/liar/proxy/');
    expect((answer.json as { message: string }).message).toBe('address not allowed');
  });

  it('of services follow endpoints of pods alone', async () => {
    await admin.create(Services, {
      metadata: { namespace: 'default', name: 'trap' },
      spec: { ports: [{ port: 80 }] },
    });
    await admin.create(EndpointsType, {
      metadata: { namespace: 'default', name: 'trap' },
      subsets: [{ addresses: [{ ip: '192.0.2.7' }], ports: [{ port: 80 }] }],
    });
    const answer = await raw(root(), 'GET', '/api/v1/namespaces/default/services/trap/proxy/');
    expect((answer.json as { message: string }).message).toBe('no endpoints available for service "trap"');
  });

  it('pass on what follows their own name, whatever else is called proxy', async () => {
    const paths: string[] = [];
    const nodes = {
      forward: async () => ({ status: 200, headers: {} }),
      forwardPlain: async (_target: unknown, path: string) => {
        paths.push(path);
        return { status: 200, headers: {} };
      },
    };
    const small = await startTestServer({ nodes });
    const client = small.client();
    await client.create(
      { group: '', version: 'v1', plural: 'namespaces', kind: 'Namespace', namespaced: false },
      { metadata: { name: 'proxy' } },
    );
    await client.create(Pods, {
      metadata: { namespace: 'proxy', name: 'proxy' },
      spec: { containers: [{ name: 'c', image: 'i' }] },
    });
    await client.patch(Pods, { namespace: 'proxy', name: 'proxy' }, 'merge', at('10.244.0.9'), {
      subresource: 'status',
    });
    const base = '/api/v1/namespaces/proxy/pods/proxy/proxy';
    for (const rest of ['/', '/a/proxy/b', '/a?b=c']) await raw(small, 'GET', base + rest);
    await raw(small, 'POST', base);
    expect(paths).toEqual(['/', '/a/proxy/b', '/a?b=c', '/']);
    const { status, headers } = await raw(small, 'GET', `${base}?b=c`);
    expect([status, headers['location']]).toEqual([301, `${base}/?b=c`]);
    await small.close();
  });

  it('do not hand on the token that a browser put among its protocols', async () => {
    let seen: string | undefined = 'nothing came';
    const backend = createServer((request, response) => {
      seen = request.headers['sec-websocket-protocol'];
      response.end();
    });
    await new Promise<void>((listening) => backend.listen(0, '127.0.0.1', listening));
    const connector = createNodeConnector({ ca: server.ca, credential: () => ({ cert: '', key: '' }) });
    const protocols = `v5.channel.k8s.io, base64url.bearer.authorization.k8s.io.${Buffer.from('secret').toString('base64url')}`;
    const request: Request = {
      method: 'GET',
      path: '/',
      query: new URLSearchParams(),
      headers: { 'sec-websocket-protocol': protocols },
      signal: new AbortController().signal,
    };
    const { port } = backend.address() as AddressInfo;
    await connector.forwardPlain({ address: '127.0.0.1', port }, '/', request);
    expect(seen).toBe('v5.channel.k8s.io');
    connector.close();
    await new Promise((closed) => backend.close(closed));
  });
});

describe('warnings', () => {
  it('of any text and number fit into the answer', async () => {
    const create = (name: string, extra: object) =>
      ask(
        '/api/v1/namespaces/default/configmaps',
        { 'content-type': 'application/json' },
        'POST',
        JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, ...extra }),
      );
    const cyrillic = await create('a', { ключ: 1 });
    expect(cyrillic.status).toBe(201);
    expect(Buffer.from(String(cyrillic.headers['warning']), 'latin1').toString('utf8')).toBe(
      '299 - "unknown field \\"ключ\\""',
    );
    const many = Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`field-${i}-${'x'.repeat(100)}`, 1]));
    const answer = await create('b', many);
    expect(answer.status).toBe(201);
    expect(String(answer.headers['warning']).length).toBeLessThan(8_000);
  });
});
