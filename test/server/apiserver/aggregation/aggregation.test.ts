// Aggregation with a real extension server: routes, identity, availability, discovery, OpenAPI, and the objects of what
// is answered here.
import { connect, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CustomResourceDefinitions, EndpointSlices, Services } from '../../../../src/api/resources.ts';
import type { Client } from '../../../../src/client/rest.ts';
import { ApiServices } from '../../../../src/server/apiserver/aggregation/remote.ts';
import { memoryPemStore, openPki, type Pki } from '../../../../src/server/pki/pki.ts';
import { createHttpServer } from '../../../../src/wire/http-server.ts';
import { type HttpsCaller, createHttpsCaller } from '../../../../src/wire/https-caller.ts';
import { type Call, type HttpsTestServer, startHttpsServer } from '../../../support/https-server.ts';
import { raw } from '../../../support/raw.ts';
import { type TestServer, startTestServer } from '../../../support/server.ts';

const GROUP = 'wardle.example.com';
let pki: Pki;
let caller: HttpsCaller;
let server: TestServer;
let client: Client;
let extension: HttpsTestServer;

const flunders = {
  kind: 'APIResourceList',
  apiVersion: 'v1',
  groupVersion: `${GROUP}/v1alpha1`,
  resources: [
    {
      name: 'flunders',
      singularName: 'flunder',
      namespaced: true,
      kind: 'Flunder',
      verbs: ['get', 'list'],
      shortNames: ['fl'],
    },
    { name: 'flunders/status', singularName: '', namespaced: true, kind: 'Flunder', verbs: ['get'] },
  ],
};
const flunder = { apiVersion: `${GROUP}/v1alpha1`, kind: 'Flunder', metadata: { name: 'one', namespace: 'default' } };

/** What the extension server answers; paths that it does not know are 404. */
function serve({ path, query, method, body }: Call) {
  if (path === `/apis/${GROUP}/v1alpha1`) return flunders;
  if (path === `/apis/${GROUP}/v1beta1`) return { ...flunders, groupVersion: `${GROUP}/v1beta1` };
  if (path.endsWith('/flunders/one')) return flunder;
  if (path.endsWith('/flunders') && method === 'POST') return { ...(body as object), status: { made: true } };
  if (path.endsWith('/flunders') && query.has('watch')) {
    return (response: { writeHead(code: number, headers: object): void; write(text: string): void; end(): void }) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      for (const type of ['ADDED', 'MODIFIED']) response.write(`${JSON.stringify({ type, object: flunder })}\n`);
      setTimeout(() => response.end(), 20);
    };
  }
  if (path === '/openapi/v3') {
    return {
      paths: { [`apis/${GROUP}/v1alpha1`]: { serverRelativeURL: `/openapi/v3/apis/${GROUP}/v1alpha1?hash=ABC` } },
    };
  }
  if (path.startsWith('/openapi/v3/')) return { openapi: '3.0.0', info: { title: 'theirs' } };
  if (path === '/openapi/v2') {
    const ref = { $ref: '#/definitions/com.example.Flunder' };
    return {
      paths: {
        [`/apis/${GROUP}/v1alpha1/flunders`]: { get: { responses: { 200: { schema: ref } } } },
        '/apis/other': {},
      },
      definitions: { 'com.example.Flunder': { type: 'object', description: 'a flunder' }, unused: { type: 'object' } },
    };
  }
  return (response: { writeHead(code: number): void; end(): void }) => {
    response.writeHead(404);
    response.end();
  };
}

const service = (name: string, spec: object) =>
  client.create(Services, { metadata: { namespace: 'default', name }, spec } as never);
const apiService = (version: string, spec: object) =>
  client.create(ApiServices, {
    metadata: { name: `${version}.${GROUP}` },
    spec: { group: GROUP, version, groupPriorityMinimum: 2000, versionPriority: 200, ...spec },
  } as never);

async function condition(name: string, wanted: (reason: string | undefined) => boolean) {
  let found: { status: string; reason?: string; message?: string } | undefined;
  for (let i = 0; i < 200; i++) {
    found = (await client.get(ApiServices, { name })).status?.conditions?.find((c) => c.type === 'Available');
    if (wanted(found?.reason)) break;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return found && [found.status, found.reason, found.message];
}

beforeAll(async () => {
  pki = await openPki(memoryPemStore(), { dnsNames: ['localhost'], addresses: ['127.0.0.1'] });
  caller = createHttpsCaller();
  server = await startTestServer({
    aggregation: { caller, credential: () => pki.frontProxy.client },
    authenticate: async () => ({
      name: 'jane',
      uid: '7',
      groups: ['dev', 'system:authenticated'],
      extra: { 'example.com/Scope': ['a', 'b'] },
    }),
  });
  client = server.client();
  extension = await startHttpsServer(serve, { names: ['wardle.default.svc'], clientCa: pki.frontProxy.ca });
  await service('wardle', { type: 'ExternalName', externalName: 'localhost' });
  await apiService('v1alpha1', {
    service: { namespace: 'default', name: 'wardle', port: extension.port },
    caBundle: extension.caBundle,
  });
  expect(await condition(`v1alpha1.${GROUP}`, (reason) => reason === 'Passed')).toEqual([
    'True',
    'Passed',
    'all checks passed',
  ]);
});
afterAll(async () => {
  await server.close();
  await extension.close();
  caller.close();
});

const at = (path: string) => `/apis/${GROUP}/v1alpha1${path}`;

describe('a request below the group and version', () => {
  it('is passed on with who asks, and without their credentials', async () => {
    extension.calls.length = 0;
    const { json, status } = await raw(server, 'GET', at('/namespaces/default/flunders/one?pretty=1'), {
      headers: { authorization: 'Bearer secret', 'x-remote-user': 'system:admin', 'user-agent': 'test' },
    });
    expect([status, json]).toEqual([200, flunder]);
    const [call] = extension.calls;
    expect(call!.client).toBe('front-proxy-client');
    expect(call!.query.get('pretty')).toBe('1');
    expect(call!.headers).toMatchObject({
      'x-remote-user': 'jane',
      'x-remote-uid': '7',
      'x-remote-group': 'dev, system:authenticated',
      'x-remote-extra-example.com%2fscope': 'a, b',
      'user-agent': 'test',
    });
    expect(call!.headers).not.toHaveProperty('authorization');
  });

  it('may have a body, fail, and stream', async () => {
    const type = { group: GROUP, version: 'v1alpha1', plural: 'flunders', kind: 'Flunder', namespaced: true };
    expect(await client.create(type, flunder)).toMatchObject({ metadata: { name: 'one' }, status: { made: true } });
    expect((await raw(server, 'GET', at('/nonsense'))).status).toBe(404);
    const events: string[] = [];
    for await (const { type: what } of client.watch(type, { namespace: 'default' })) events.push(what);
    expect(events).toEqual(['ADDED', 'MODIFIED']);
  });

  it('may be an upgrade', async () => {
    const upgrading = await startHttpsServer(serve, { names: ['wardle.default.svc'] });
    upgrading.server.on('upgrade', (request, socket) => {
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n\r\n${String(request.headers['x-remote-user'])}`,
      );
      socket.on('data', (data) => socket.write(data));
    });
    await apiService('v1beta1', {
      service: { namespace: 'default', name: 'wardle', port: upgrading.port },
      insecureSkipTLSVerify: true,
    });
    const http = createHttpServer({ handler: server.handler, tls: { cert: pki.serving.cert, key: pki.serving.key } });
    const { port } = await http.listen({ host: '127.0.0.1', port: 0 });
    await condition(`v1beta1.${GROUP}`, (reason) => reason === 'Passed');
    const socket: TLSSocket = connect({
      port,
      host: '127.0.0.1',
      ca: pki.authority.certificate,
      servername: 'localhost',
    });
    socket.write(
      `GET /apis/${GROUP}/v1beta1/connect HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: Upgrade\r\n\r\nhello`,
    );
    let text = '';
    for await (const chunk of socket as AsyncIterable<Buffer>) {
      text += chunk.toString();
      if (text.includes('janehello')) break;
    }
    expect(text).toMatch(/^HTTP\/1.1 101/);
    socket.destroy();
    await client.delete(ApiServices, { name: `v1beta1.${GROUP}` });
    await http.close();
    await upgrading.close();
  });

  it('of another group is answered here, or by nobody', async () => {
    expect((await raw(server, 'GET', '/apis/apps/v1/deployments')).status).toBe(200);
    expect((await raw(server, 'GET', '/apis/custom.metrics.k8s.io/v1beta1/nodes')).status).toBe(404);
  });
});

describe('discovery', () => {
  const AGGREGATED = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
  it('shows the group where its priority puts it', async () => {
    const { json } = await raw(server, 'GET', '/apis');
    const groups = (json as { groups: { name: string; preferredVersion: object }[] }).groups;
    const names = groups.map((g) => g.name);
    expect(names[0]).toBe('apiregistration.k8s.io');
    expect(names.indexOf(GROUP)).toBeGreaterThan(names.indexOf('discovery.k8s.io'));
    expect(groups.find((g) => g.name === GROUP)!.preferredVersion).toEqual({
      groupVersion: `${GROUP}/v1alpha1`,
      version: 'v1alpha1',
    });
    expect((await raw(server, 'GET', `/apis/${GROUP}`)).json).toMatchObject({ kind: 'APIGroup', name: GROUP });
    expect((await raw(server, 'GET', `/apis/${GROUP}/v1alpha1`)).json).toEqual(flunders);
  });

  it('has its resources in the aggregated form, made of the old one', async () => {
    const { json } = await raw(server, 'GET', '/apis', { headers: { accept: AGGREGATED } });
    const { items } = json as { items: { metadata: { name?: string }; versions: unknown[] }[] };
    expect(items.find((item) => item.metadata.name === GROUP)!.versions).toEqual([
      {
        version: 'v1alpha1',
        freshness: 'Current',
        resources: [
          {
            resource: 'flunders',
            responseKind: { group: GROUP, version: 'v1alpha1', kind: 'Flunder' },
            scope: 'Namespaced',
            singularResource: 'flunder',
            verbs: ['get', 'list'],
            shortNames: ['fl'],
            subresources: [
              {
                subresource: 'status',
                responseKind: { group: GROUP, version: 'v1alpha1', kind: 'Flunder' },
                verbs: ['get'],
              },
            ],
          },
        ],
      },
    ]);
  });

  it('of OpenAPI has both documents', async () => {
    const index = (await raw(server, 'GET', '/openapi/v3')).json as {
      paths: Record<string, { serverRelativeURL: string }>;
    };
    const address = index.paths[`apis/${GROUP}/v1alpha1`]!.serverRelativeURL;
    expect(address).toBe(`/openapi/v3/apis/${GROUP}/v1alpha1?hash=ABC`);
    expect((await raw(server, 'GET', address)).json).toMatchObject({ info: { title: 'theirs' } });
    const v2 = (await raw(server, 'GET', '/openapi/v2')).json as { paths: object; definitions: object };
    expect(v2.paths).toHaveProperty([at('/flunders')]);
    expect(v2.paths).not.toHaveProperty(['/apis/other']);
    expect(v2.definitions).toHaveProperty(['com.example.Flunder']);
    expect(v2.definitions).not.toHaveProperty(['unused']);
  });
});

describe('a service that cannot be reached', () => {
  const name = `v1.${GROUP}`;
  const spec = (more: object) => ({ service: { namespace: 'default', name: 'later', ...more } });
  it('is said why, step by step, and answers 503', async () => {
    await apiService('v1', spec({}));
    expect(await condition(name, Boolean)).toEqual([
      'False',
      'ServiceNotFound',
      'service/later in "default" is not present',
    ]);
    const refused = await raw(server, 'GET', `/apis/${GROUP}/v1/x`);
    expect([refused.status, refused.text]).toEqual([503, 'service unavailable\n']);
    await service('later', { ports: [{ name: 'https', port: 80 }], clusterIP: 'None' });
    expect(await condition(name, (r) => r !== 'ServiceNotFound')).toEqual([
      'False',
      'ServicePortError',
      'service/later in "default" is not listening on port 443',
    ]);
    await client.patch(Services, { namespace: 'default', name: 'later' }, 'merge', {
      spec: { ports: [{ name: 'https', port: 443 }] },
    });
    expect(await condition(name, (r) => r !== 'ServicePortError')).toEqual([
      'False',
      'EndpointsNotFound',
      'cannot find endpointslices for service/later in "default"',
    ]);
    const slice = (ports: object[]) => ({
      metadata: { namespace: 'default', name: 'later-1', labels: { 'kubernetes.io/service-name': 'later' } },
      addressType: 'IPv4',
      endpoints: [{ addresses: ['198.51.100.1'] }],
      ports,
    });
    await client.create(EndpointSlices, slice([{ name: 'other', port: 1 }]) as never);
    expect(await condition(name, (r) => r !== 'EndpointsNotFound')).toEqual([
      'False',
      'MissingEndpoints',
      'endpointslices for service/later in "default" have no addresses with port name "https"',
    ]);
    await client.delete(ApiServices, { name });
    expect((await raw(server, 'GET', `/apis/${GROUP}/v1/x`)).status).toBe(404);
  });

  it('is found again when it comes back', async () => {
    const wardle = { namespace: 'default', name: 'wardle' };
    await client.delete(Services, wardle);
    expect(await condition(`v1alpha1.${GROUP}`, (r) => r !== 'Passed')).toEqual([
      'False',
      'ServiceNotFound',
      'service/wardle in "default" is not present',
    ]);
    expect((await raw(server, 'GET', at('/namespaces/default/flunders/one'))).status).toBe(503);
    await service('wardle', { type: 'ExternalName', externalName: 'localhost' });
    expect(await condition(`v1alpha1.${GROUP}`, (r) => r === 'Passed')).toEqual([
      'True',
      'Passed',
      'all checks passed',
    ]);
    expect((await raw(server, 'GET', at('/namespaces/default/flunders/one'))).status).toBe(200);
  });

  it('does not believe a certificate of another name', async () => {
    await service('wrong', { type: 'ExternalName', externalName: 'localhost' });
    await apiService('v2', {
      service: { namespace: 'default', name: 'wrong', port: extension.port },
      caBundle: extension.caBundle,
    });
    const [status, reason, message] = (await condition(`v2.${GROUP}`, Boolean))!;
    expect([status, reason]).toEqual(['False', 'FailedDiscoveryCheck']);
    expect(message).toMatch(
      /^failing or missing response from https:\/\/localhost:\d+\/apis\/wardle.example.com\/v2: Get "https:.*": tls: failed to verify certificate: x509: certificate is valid for wardle.default.svc, .*, not wrong.default.svc$/,
    );
    await client.delete(ApiServices, { name: `v2.${GROUP}` });
  });
});

describe('what is answered here', () => {
  const managed = 'kube-aggregator.kubernetes.io/automanaged';
  const soon = async <T>(look: () => Promise<T | undefined>): Promise<T | undefined> => {
    for (let i = 0; i < 100; i++) {
      const found = await look().catch(() => undefined);
      if (found) return found;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    return undefined;
  };

  it('has an object for each built-in version', async () => {
    const apps = await soon(() => client.get(ApiServices, { name: 'v1.apps' }));
    expect(apps).toMatchObject({
      metadata: { labels: { [managed]: 'onstart' } },
      spec: { group: 'apps', version: 'v1', groupPriorityMinimum: 17800, versionPriority: 15 },
      status: {
        conditions: [
          { type: 'Available', status: 'True', reason: 'Local', message: 'Local APIServices are always available' },
        ],
      },
    });
    expect(await soon(() => client.get(ApiServices, { name: 'v1.' }))).toMatchObject({
      spec: { version: 'v1', groupPriorityMinimum: 18000, versionPriority: 1 },
    });
  });

  it('and for each custom one, as long as it is there', async () => {
    const crd = {
      metadata: { name: 'things.example.com' },
      spec: {
        group: 'example.com',
        scope: 'Namespaced',
        names: { plural: 'things', kind: 'Thing' },
        versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
      },
    };
    await client.create(CustomResourceDefinitions, crd as never);
    const key = { name: 'v1.example.com' };
    const made = await soon(() => client.get(ApiServices, key));
    expect(made).toMatchObject({
      metadata: { labels: { [managed]: 'true' } },
      spec: { groupPriorityMinimum: 1000, versionPriority: 100 },
    });
    await client.delete(ApiServices, key);
    expect(await soon(() => client.get(ApiServices, key))).toBeDefined();
    await client.delete(CustomResourceDefinitions, { name: 'things.example.com' });
    const gone = await soon(async () =>
      (await client.list(ApiServices)).items.some((o) => o.metadata!.name === key.name) ? undefined : true,
    );
    expect(gone).toBe(true);
  });

  it('may be given to another server, and taken back', async () => {
    const key = { name: 'v1.scheduling.k8s.io' };
    const classes = '/apis/scheduling.k8s.io/v1/priorityclasses';
    const given = {
      service: { namespace: 'default', name: 'wardle', port: extension.port },
      caBundle: extension.caBundle,
    };
    await client.patch(ApiServices, key, 'merge', { spec: given });
    expect((await condition(key.name, (reason) => reason !== 'Local'))!.slice(0, 2)).toEqual([
      'False',
      'FailedDiscoveryCheck',
    ]);
    expect((await raw(server, 'GET', classes)).status).toBe(503);
    await client.patch(ApiServices, key, 'merge', { spec: { service: null, caBundle: null } });
    expect((await condition(key.name, (reason) => reason === 'Local'))![0]).toBe('True');
    expect((await raw(server, 'GET', classes)).status).toBe(200);
  });
});
