// What every request meets before a verb does: identity, rights, health, negotiation, and bodies that are no good.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type TestServer, startTestServer } from '../../support/server.ts';
import { raw } from '../../support/raw.ts';
import { configMap, widget } from './kinds.ts';

let server: TestServer;
beforeEach(async () => {
  server = await startTestServer({
    kinds: [configMap, widget],
    authenticate: async ({ headers }) => ({ name: headers['x-user'] ?? 'admin', groups: ['system:authenticated'] }),
    authorizer: { name: 'admin-only', authorize: ({ user }) => ({ allowed: user.name === 'admin' }) },
  });
});
afterEach(() => server.close());

const configMaps = '/api/v1/namespaces/default/configmaps';

describe('authorization', () => {
  it.each([
    [
      'GET',
      '/api/v1/namespaces/default/configmaps',
      'configmaps is forbidden: User "x" cannot list resource "configmaps" in API group "" in the namespace "default"',
    ],
    [
      'DELETE',
      '/apis/example.com/v1/namespaces/a/widgets/w',
      'widgets.example.com "w" is forbidden: User "x" cannot delete resource "widgets" in API group "example.com" in the namespace "a"',
    ],
    [
      'GET',
      '/api/v1/configmaps?watch=true',
      'configmaps is forbidden: User "x" cannot watch resource "configmaps" in API group "" at the cluster scope',
    ],
    ['GET', '/metrics', 'forbidden: User "x" cannot get path "/metrics"'],
  ])('%s %s', async (method, path, message) => {
    const answer = await raw(server, method, path, { headers: { 'x-user': 'x' } });
    expect(answer).toMatchObject({ status: 403, json: { message, reason: 'Forbidden', code: 403 } });
  });

  it('lets those act as others who may', async () => {
    const as = { 'impersonate-user': 'x' };
    expect((await raw(server, 'GET', configMaps, { headers: as })).status).toBe(403);
    const refused = await raw(server, 'GET', configMaps, { headers: { 'x-user': 'y', ...as } });
    expect(refused.json).toMatchObject({
      message:
        'users "x" is forbidden: User "y" cannot impersonate resource "users" in API group "" at the cluster scope',
    });
  });
});

describe('paths that are no resources', () => {
  it('answers health, in words when asked', async () => {
    expect((await raw(server, 'GET', '/readyz')).text).toBe('ok');
    const verbose = await raw(server, 'GET', '/livez?verbose');
    const lines = verbose.text.split('\n');
    expect([...lines.slice(0, 3), ...lines.slice(-2)]).toEqual([
      '[+]ping ok',
      '[+]log ok',
      '[+]etcd ok',
      'livez check passed',
      '',
    ]);
    // A sample of what test/e2e/apimachinery/health_handlers.go asks all three for.
    for (const root of ['/healthz', '/livez', '/readyz']) {
      const { text } = await raw(server, 'GET', `${root}?verbose=1`);
      expect(text.split('\n')).toEqual(
        expect.arrayContaining([
          '[+]poststarthook/crd-informer-synced ok',
          '[+]poststarthook/scheduling/bootstrap-system-priority-classes ok',
          '[+]autoregister-completion ok',
          '[+]poststarthook/storage-readiness ok',
        ]),
      );
    }
    expect((await raw(server, 'GET', '/livez/ping')).text).toBe('ok');
  });

  it('says its version', async () => {
    expect((await raw(server, 'GET', '/version')).json).toMatchObject({ major: '1', gitVersion: 'v1.34.1+sampan.1' });
  });

  it.each(['/nothing', '/apis/nobody/v1/things', '/apis/example.com/v9', '/livez/x'])('no page at %s', async (path) => {
    const answer = await raw(server, 'GET', path);
    expect(answer).toMatchObject({ status: 404, text: '404 page not found\n' });
    expect(answer.headers['content-type']).toBe('text/plain; charset=utf-8');
  });

  it.each(['/api/v1/nothings', '/apis/example.com/v1/nothings', '/api/v1/namespaces/default/nothings/a'])(
    'a Status for %s, in a group and version that is served',
    async (path) => {
      expect(await raw(server, 'GET', path)).toMatchObject({
        status: 404,
        json: { message: 'the server could not find the requested resource', reason: 'NotFound' },
      });
    },
  );

  it('lists the paths that there are', async () => {
    const { paths } = (await raw(server, 'GET', '/')).json as { paths: string[] };
    expect(paths).toEqual([...paths].sort());
    for (const path of ['/api/v1', '/apis/', '/healthz/ping', '/metrics/slis', '/readyz/informer-sync', '/version']) {
      expect(paths).toContain(path);
    }
  });

  it('405 for what a resource does not do', async () => {
    const answer = await raw(server, 'POST', `${configMaps}/a`, { body: '{}' });
    expect(answer).toMatchObject({ status: 405, json: { reason: 'MethodNotAllowed' } });
  });
});

describe('negotiation', () => {
  it('refuses what it cannot answer', async () => {
    const answer = await raw(server, 'GET', configMaps, { headers: { accept: 'image/png' } });
    expect(answer).toMatchObject({ status: 406, json: { reason: 'NotAcceptable' } });
  });

  it('takes the best of what is acceptable', async () => {
    const accept = 'application/cbor, application/yaml;q=0.5, application/json;q=0.4';
    const answer = await raw(server, 'GET', configMaps, { headers: { accept } });
    expect(answer.headers['content-type']).toBe('application/yaml');
    expect(answer.text).toContain('kind: ConfigMapList');
  });

  it('prints nicely for people', async () => {
    const answer = await raw(server, 'GET', configMaps, { headers: { 'user-agent': 'curl/8' } });
    expect(answer.text).toContain('{\n  "kind": "ConfigMapList",\n');
  });
});

describe('bodies', () => {
  const post = (body: string | Uint8Array, headers: Record<string, string> = {}) =>
    raw(server, 'POST', configMaps, { body, headers });

  it.each([
    ['{', 400, 'json parse error'],
    ['[]', 400, 'cannot unmarshal array'],
    ['', 400, 'the object provided is unrecognized (must be of type ConfigMap)'],
    [Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]), 400, 'not valid UTF-8'],
    [
      '{"apiVersion":"apps/v1","kind":"Deployment"}',
      400,
      'Deployment in version "v1" cannot be handled as a ConfigMap: converting (v1.Deployment) to (core.ConfigMap): unknown conversion',
    ],
    ['{"apiVersion":"v1","kind":"Secret"}', 400, 'Secret in version "v1" cannot be handled as a ConfigMap'],
    [
      '{"metadata":{"name":"a","namespace":"b"}}',
      400,
      'the namespace of the provided object does not match the namespace sent on the request',
    ],
    ['{"metadata":{"name":"A"}}', 422, 'metadata.name: Invalid value: "A": a lowercase RFC 1123 subdomain'],
    ['{"metadata":{}}', 422, 'metadata.name: Required value: name or generateName is required'],
  ])('%s', async (body, status, message) => {
    const answer = await post(body);
    expect(answer.status).toBe(status);
    expect((answer.json as { message: string }).message).toContain(message);
  });

  it('reads YAML', async () => {
    const answer = await post('metadata:\n  name: fromyaml\ndata: {a: b}\n', { 'content-type': 'application/yaml' });
    expect(answer).toMatchObject({ status: 201, json: { data: { a: 'b' } } });
  });

  it('refuses other types of body', async () => {
    const answer = await post('x', { 'content-type': 'application/cbor' });
    expect(answer.status).toBe(415);
    const broken = await post('x', { 'content-type': 'application/vnd.kubernetes.protobuf' });
    expect(broken.status).toBe(400);
  });

  it('warns of unknown and doubled fields, refuses them when strict, keeps quiet when told to', async () => {
    const body = (name: string) => `{"metadata":{"name":"${name}"},"data":{"a":"1","a":"2"},"dota":{}}`;
    const warned = await post(body('w'));
    expect(warned.headers['warning']).toEqual([
      '299 - "duplicate field \\"data.a\\""',
      '299 - "unknown field \\"dota\\""',
    ]);
    const strict = await raw(server, 'POST', `${configMaps}?fieldValidation=Strict`, { body: body('s') });
    expect(strict).toMatchObject({
      status: 400,
      json: {
        message:
          'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: duplicate field "data.a", unknown field "dota"',
      },
    });
    const ignored = await raw(server, 'POST', `${configMaps}?fieldValidation=Ignore`, { body: body('i') });
    expect(ignored.headers['warning']).toBeUndefined();
  });

  it('treats __proto__ and constructor as any key', async () => {
    const body = '{"metadata":{"name":"p","labels":{"constructor":"x"}},"data":{"__proto__":"y","constructor":"z"}}';
    const answer = await post(body);
    expect(answer.status).toBe(201);
    expect(answer.text).toContain('"__proto__":"y"');
    expect(({} as Record<string, unknown>)['y']).toBeUndefined();
  });

  it('survives deep nesting', async () => {
    const deep = `{"metadata":{"name":"d"},"data":${'{"a":'.repeat(9_000)}1${'}'.repeat(9_000)}}`;
    expect((await post(deep)).status).toBe(400);
    expect((await post(`${'['.repeat(100_000)}`)).status).toBe(400);
  });
});

describe('bugs', () => {
  it('become a Status of 500', async () => {
    const seen: unknown[] = [];
    const broken = await startTestServer({
      kinds: [{ ...configMap, validate: () => void (undefined as never as { x: () => void }).x() }],
      onBug: (error) => void seen.push(error),
    });
    const answer = await raw(broken, 'POST', configMaps, { body: '{"metadata":{"name":"a"}}' });
    expect(answer).toMatchObject({ status: 500, json: { reason: 'InternalError', status: 'Failure' } });
    expect(seen).toHaveLength(1);
    await broken.close();
  });
});
