// Validating webhooks, asked over TLS: what they are sent, what their answers and failures do.
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ConfigMaps, Deployments, Namespaces, Services } from '../../../../src/api/resources.ts';
import type { Client } from '../../../../src/client/rest.ts';
import { type Answer, type Call, type HttpsTestServer, startHttpsServer } from '../../../support/https-server.ts';
import { type TestServer } from '../../../support/server.ts';
import { CONFIGMAPS, Validating, allow, answer, configMap, deny, register, startWebhookServer } from './support.ts';

let server: TestServer;
let admin: Client;
let hook: HttpsTestServer;
let respond: (call: Call) => Answer = allow;

beforeAll(async () => {
  server = await startWebhookServer();
  admin = server.client();
  hook = await startHttpsServer((call) => respond(call), { names: ['hook.default.svc'] });
});
afterEach(async () => {
  await admin.deleteCollection(Validating, {});
  await admin.deleteCollection(ConfigMaps, { namespace: 'default' });
  hook.calls.length = 0;
  respond = allow;
});
afterAll(async () => {
  await server.close();
  await hook.close();
});

const config = (path = '/validate') => ({ url: `${hook.url}${path}`, caBundle: hook.caBundle });
const refusal = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error: { code: number; reason: string; message: string }) => [error.code, error.reason, error.message],
  );

describe('what is sent', () => {
  it('is an AdmissionReview of v1', async () => {
    await register(admin, Validating, 'a', { clientConfig: config() });
    await admin.create(ConfigMaps, configMap('one', { a: 'b' }) as never);
    const [call] = hook.calls;
    expect(call!.path).toBe('/validate');
    expect(call!.query.get('timeout')).toBe('10s');
    expect(call!.body).toMatchObject({
      kind: 'AdmissionReview',
      apiVersion: 'admission.k8s.io/v1',
      request: {
        kind: { group: '', version: 'v1', kind: 'ConfigMap' },
        resource: { group: '', version: 'v1', resource: 'configmaps' },
        requestKind: { group: '', version: 'v1', kind: 'ConfigMap' },
        requestResource: { group: '', version: 'v1', resource: 'configmaps' },
        name: 'one',
        namespace: 'default',
        operation: 'CREATE',
        userInfo: { username: 'admin', groups: ['system:masters', 'system:authenticated'] },
        object: { kind: 'ConfigMap', apiVersion: 'v1', metadata: { name: 'one' }, data: { a: 'b' } },
        oldObject: null,
        dryRun: false,
        options: { kind: 'CreateOptions', apiVersion: 'meta.k8s.io/v1', fieldValidation: 'Warn' },
      },
    });
  });

  it('has both objects of an update, and the old one of a delete', async () => {
    await admin.create(ConfigMaps, configMap('two', { a: '1' }) as never);
    await register(admin, Validating, 'a', { clientConfig: config() });
    await admin.patch(ConfigMaps, { namespace: 'default', name: 'two' }, 'merge', { data: { a: '2' } });
    await admin.delete(ConfigMaps, { namespace: 'default', name: 'two' });
    const [update, remove] = hook.calls.map((call) => call.body.request);
    expect(update).toMatchObject({
      operation: 'UPDATE',
      object: { data: { a: '2' } },
      oldObject: { data: { a: '1' } },
    });
    expect(update.options.kind).toBe('UpdateOptions');
    expect(remove).toMatchObject({ operation: 'DELETE', object: null, oldObject: { data: { a: '2' } } });
    expect(remove.options).toEqual({ kind: 'DeleteOptions', apiVersion: 'meta.k8s.io/v1' });
  });

  it('comes for each object of a deleted collection', async () => {
    await admin.create(ConfigMaps, configMap('x') as never);
    await admin.create(ConfigMaps, configMap('y') as never);
    await register(admin, Validating, 'a', { clientConfig: config() });
    await admin.deleteCollection(ConfigMaps, { namespace: 'default' });
    const requests = hook.calls.map((call) => call.body.request);
    expect(requests.map(({ oldObject }) => oldObject.metadata.name as string).sort()).toEqual(['x', 'y']);
    // The request names none of them.
    expect(requests.map(({ name, namespace }) => [name, namespace])).toEqual([
      [undefined, 'default'],
      [undefined, 'default'],
    ]);
  });

  it('is v1beta1 for those who know no other, and neither its uid nor its kind is checked', async () => {
    await register(admin, Validating, 'a', { clientConfig: config(), admissionReviewVersions: ['v9', 'v1beta1'] });
    respond = () => ({ response: { allowed: true } });
    await admin.create(ConfigMaps, configMap('beta') as never);
    expect(hook.calls[0]!.body.apiVersion).toBe('admission.k8s.io/v1beta1');
  });

  it('goes to a service under its own name', async () => {
    await admin.create(Services, {
      metadata: { namespace: 'default', name: 'hook' },
      spec: { type: 'ExternalName', externalName: 'localhost' },
    } as never);
    const service = { namespace: 'default', name: 'hook', port: hook.port, path: '/deep/path' };
    await register(admin, Validating, 'a', { clientConfig: { service, caBundle: hook.caBundle } });
    await admin.create(ConfigMaps, configMap('by-service') as never);
    expect(hook.calls[0]!.path).toBe('/deep/path');
    expect(hook.calls[0]!.headers.host).toBe(`hook.default.svc:${hook.port}`);
  });
});

describe('an answer', () => {
  it('may refuse', async () => {
    await register(admin, Validating, 'a', { clientConfig: config() });
    respond = (call) => deny(call, 'the name is bad');
    const message = 'admission webhook "a.example.com" denied the request: the name is bad';
    expect(await refusal(admin.create(ConfigMaps, configMap('no') as never))).toEqual([403, 'Forbidden', message]);
  });

  it.each([
    [{ allowed: false }, 400, 'admission webhook "a.example.com" denied the request without explanation'],
    [
      { allowed: false, status: { reason: 'NotToday' } },
      400,
      'admission webhook "a.example.com" denied the request: NotToday',
    ],
    [
      { allowed: false, status: { message: 'x', code: 200 } },
      400,
      'admission webhook "a.example.com" denied the request: x',
    ],
  ])('%j is a refusal with a code and a text', async (response, code, text) => {
    await register(admin, Validating, 'a', { clientConfig: config() });
    respond = (call) => answer(call, response);
    const [status, , message] = (await refusal(admin.create(ConfigMaps, configMap('no') as never)))!;
    expect([status, message]).toEqual([code, text]);
  });

  it('adds warnings', async () => {
    await register(admin, Validating, 'a', { clientConfig: config() });
    respond = (call) => answer(call, { allowed: true, warnings: ['careful', 'very "careful"'] });
    const response = await server.handler({
      method: 'POST',
      path: '/api/v1/namespaces/default/configmaps',
      query: new URLSearchParams(),
      headers: {},
      signal: new AbortController().signal,
      body: { bytes: async () => Buffer.from(JSON.stringify(configMap('warned'))) },
    });
    expect(response.headers['warning']).toEqual(['299 - "careful"', '299 - "very \\"careful\\""']);
  });

  const failed = (why: string) => `Internal error occurred: failed calling webhook "a.example.com": ${why}`;
  it.each([
    [() => ({}), 'received invalid webhook response: webhook response was absent'],
    [
      (call: Call) => ({ ...answer(call, {}), response: { uid: 'other', allowed: true } }),
      /received invalid webhook response: expected response\.uid="[0-9a-f-]{36}", got "other"/,
    ],
    [
      (call: Call) => ({ ...answer(call, { allowed: true }), kind: 'Other' }),
      'received invalid webhook response: expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got admission.k8s.io/v1, Kind=Other',
    ],
    [
      (call: Call) => answer(call, { allowed: true, patch: 'W10=', patchType: 'JSONPatch' }),
      'received invalid webhook response: validating webhook may not return response.patch',
    ],
  ])('that makes no sense is a failure (%#)', async (respondWith, why) => {
    await register(admin, Validating, 'a', { clientConfig: config() });
    respond = respondWith;
    const [code, reason, message] = (await refusal(admin.create(ConfigMaps, configMap('bad') as never)))!;
    expect([code, reason]).toEqual([500, 'InternalError']);
    if (typeof why === 'string') expect(message).toBe(failed(why));
    else expect(message).toMatch(why);
  });

  it('of HTTP 500, of no JSON, and too late are failures', async () => {
    await register(admin, Validating, 'a', { clientConfig: config(), timeoutSeconds: 1 });
    const texts: unknown[] = [];
    for (const write of [
      (r: { writeHead(n: number): unknown; end(t: string): unknown }) => (r.writeHead(500), r.end('boom')),
      (r: { writeHead(n: number): unknown; end(t: string): unknown }) => (r.writeHead(404), r.end('')),
      () => undefined,
    ]) {
      respond = () => write as never;
      texts.push((await refusal(admin.create(ConfigMaps, configMap('late') as never)))![2]);
    }
    expect(texts).toEqual([
      failed('failed to call webhook: an error on the server ("boom") has prevented the request from succeeding'),
      failed('failed to call webhook: the server could not find the requested resource'),
      failed(`failed to call webhook: Post "${hook.url}/validate?timeout=1s": context deadline exceeded`),
    ]);
  });
});

describe('a failure', () => {
  it('is ignored when the policy says so', async () => {
    await register(admin, Validating, 'a', { clientConfig: { url: 'https://127.0.0.1:1/' }, failurePolicy: 'Ignore' });
    await admin.create(ConfigMaps, configMap('ignored') as never);
  });

  it("comes when the caller's own patience is over, whatever the policy", async () => {
    respond = () => () => undefined;
    await register(admin, Validating, 'a', { clientConfig: config(), failurePolicy: 'Ignore' });
    const create = (timeout: string) =>
      admin.request('POST', '/api/v1/namespaces/default/configmaps', { body: configMap('late'), query: { timeout } });
    expect(await refusal(create('50ms'))).toEqual([
      504,
      'Timeout',
      'Timeout: request did not complete within requested timeout',
    ]);
    expect(hook.calls[0]!.query.get('timeout')).toBe('1s');
    expect((await refusal(create('x')))![0]).toBe(400);
  });

  it('names what went wrong on the way', async () => {
    await register(admin, Validating, 'a', { clientConfig: { url: 'https://127.0.0.1:1/x' } });
    const [, , refused] = (await refusal(admin.create(ConfigMaps, configMap('c') as never)))!;
    expect(refused).toBe(
      'Internal error occurred: failed calling webhook "a.example.com": failed to call webhook: Post "https://127.0.0.1:1/x?timeout=10s": dial tcp 127.0.0.1:1: connect: connection refused',
    );
    await admin.delete(Validating, { name: 'a' });
    await register(admin, Validating, 'a', { clientConfig: { url: `${hook.url}/x` } });
    expect((await refusal(admin.create(ConfigMaps, configMap('c') as never)))![2]).toMatch(
      /tls: failed to verify certificate: x509: certificate signed by unknown authority$/,
    );
    await admin.delete(Validating, { name: 'a' });
    const service = { namespace: 'default', name: 'absent', path: '/p' };
    await register(admin, Validating, 'a', { clientConfig: { service } });
    expect((await refusal(admin.create(ConfigMaps, configMap('c') as never)))![2]).toMatch(
      /failed to call webhook: Post "https:\/\/absent\.default\.svc:443\/p\?timeout=10s": service "absent" not found$/,
    );
  });
});

describe('who is asked', () => {
  it('all webhooks, side by side, even when one refuses', async () => {
    for (const name of ['a', 'b', 'c']) await register(admin, Validating, name, { clientConfig: config(`/${name}`) });
    respond = (call) => (call.path === '/b' ? deny(call, 'no') : allow(call));
    expect((await refusal(admin.create(ConfigMaps, configMap('all') as never)))![2]).toMatch(/"b.example.com" denied/);
    expect(hook.calls.map((call) => call.path).sort()).toEqual(['/a', '/b', '/c']);
  });

  it('those whose selectors match', async () => {
    await register(admin, Validating, 'a', {
      clientConfig: config(),
      objectSelector: { matchLabels: { watched: 'yes' } },
    });
    await register(admin, Validating, 'b', {
      clientConfig: config('/ns'),
      namespaceSelector: { matchLabels: { watched: 'yes' } },
    });
    await admin.create(ConfigMaps, configMap('plain') as never);
    expect(hook.calls).toEqual([]);
    await admin.patch(ConfigMaps, { namespace: 'default', name: 'plain' }, 'merge', {
      metadata: { labels: { watched: 'yes' } },
    });
    expect(hook.calls.map((call) => call.path)).toEqual(['/validate']);
    // The old object counts, too.
    await admin.patch(ConfigMaps, { namespace: 'default', name: 'plain' }, 'merge', {
      metadata: { labels: { watched: null } },
    });
    expect(hook.calls.length).toBe(2);
    await admin.patch(Namespaces, { name: 'default' }, 'merge', { metadata: { labels: { watched: 'yes' } } });
    await admin.create(ConfigMaps, configMap('more') as never);
    expect(hook.calls.at(-1)!.path).toBe('/ns');
    await admin.patch(Namespaces, { name: 'default' }, 'merge', { metadata: { labels: { watched: null } } });
  });

  it('those whose rules match, by operation, scope and subresource', async () => {
    const about = (more: object) => [{ ...CONFIGMAPS[0]!, ...more }];
    await register(admin, Validating, 'a', {
      clientConfig: config('/delete'),
      rules: about({ operations: ['DELETE'] }),
    });
    await register(admin, Validating, 'b', {
      clientConfig: config('/cluster'),
      rules: about({ scope: 'Cluster', resources: ['*'] }),
    });
    await register(admin, Validating, 'c', {
      clientConfig: config('/status'),
      rules: about({ resources: ['*/status'] }),
    });
    await register(admin, Validating, 'd', { clientConfig: config('/all'), rules: about({ resources: ['*'] }) });
    await admin.create(ConfigMaps, configMap('r') as never);
    expect(hook.calls.map((call) => call.path)).toEqual(['/all']);
    hook.calls.length = 0;
    await admin.patch(
      Namespaces,
      { name: 'default' },
      'merge',
      { status: { phase: 'Active' } },
      { subresource: 'status' },
    );
    expect(hook.calls.map((call) => call.path).sort()).toEqual(['/status']);
    expect(hook.calls[0]!.body.request).toMatchObject({ subResource: 'status', requestSubResource: 'status' });
    hook.calls.length = 0;
    await admin.patch(Namespaces, { name: 'default' }, 'merge', { metadata: { labels: { r: 's' } } });
    expect(hook.calls.map((call) => call.path).sort()).toEqual(['/all', '/cluster']);
  });

  it('an equivalent version is converted to what the rule names', async () => {
    const rules = [{ operations: ['*'], apiGroups: ['apps'], apiVersions: ['v1'], resources: ['deployments'] }];
    await register(admin, Validating, 'a', { clientConfig: config(), rules });
    await register(admin, Validating, 'b', { clientConfig: config('/exact'), rules, matchPolicy: 'Exact' });
    const old = { ...Deployments, group: 'extensions', version: 'v1beta1' };
    const labels = { app: 'x' };
    const template = { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'i' }] } };
    await admin.create(old, {
      apiVersion: 'extensions/v1beta1',
      kind: 'Deployment',
      metadata: { namespace: 'default', name: 'old' },
      spec: { template },
    } as never);
    expect(hook.calls.map((call) => call.path)).toEqual(['/validate']);
    expect(hook.calls[0]!.body.request).toMatchObject({
      kind: { group: 'apps', version: 'v1', kind: 'Deployment' },
      resource: { group: 'apps', version: 'v1', resource: 'deployments' },
      requestKind: { group: 'extensions', version: 'v1beta1', kind: 'Deployment' },
      requestResource: { group: 'extensions', version: 'v1beta1', resource: 'deployments' },
      object: { apiVersion: 'apps/v1', spec: { selector: { matchLabels: labels } } },
    });
  });

  it('none about the configurations themselves', async () => {
    const rules = [{ operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*'] }];
    await register(admin, Validating, 'a', { clientConfig: config(), rules });
    respond = (call) => deny(call, 'never');
    await register(admin, Validating, 'b', { clientConfig: config() });
    await admin.delete(Validating, { name: 'a' });
    expect(hook.calls).toEqual([]);
  });

  it('on a dry run only those without side effects', async () => {
    const configured = { clientConfig: config(), sideEffects: 'None' };
    await register(admin, Validating, 'a', configured);
    await admin.create(ConfigMaps, configMap('dry') as never, { dryRun: true });
    expect(hook.calls[0]!.body.request).toMatchObject({ dryRun: true, options: { dryRun: ['All'] } });
  });
});
