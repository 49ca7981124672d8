// Conversion webhooks, asked over TLS: every verb in a version that is not the stored one, and bad answers.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CustomResourceDefinitions } from '../../../../src/api/resources.ts';
import type { ResourceType, Unstructured } from '../../../../src/api/types.ts';
import type { Client } from '../../../../src/client/rest.ts';
import { type Call, type HttpsTestServer, startHttpsServer } from '../../../support/https-server.ts';
import { raw } from '../../../support/raw.ts';
import type { TestServer } from '../../../support/server.ts';
import { Mutating, patch, register, startWebhookServer } from '../../admission/webhook/support.ts';

let server: TestServer;
let admin: Client;
let hook: HttpsTestServer;
let spoil: (response: Record<string, unknown>) => unknown = (response) => response;

/** v1 says hostPort, v2 host and port. */
function convertOne(object: Unstructured, to: string): Unstructured {
  const { hostPort, host, port, ...rest } = object as Unstructured & {
    hostPort?: string;
    host?: string;
    port?: string;
  };
  if (object.apiVersion === to) return object;
  const [h, p] = (hostPort ?? '').split(':');
  const fields = to.endsWith('/v1') ? { hostPort: `${host}:${port}` } : { host: h, port: p };
  return { ...rest, ...fields, apiVersion: to } as Unstructured;
}

function convert(call: Call): object {
  if (call.path === '/admit') return patch(call, [{ op: 'replace', path: '/hostPort', value: 'patched:1' }]);
  const { uid, objects, desiredAPIVersion } = call.body.request;
  const convertedObjects = (objects as Unstructured[]).map((object) => convertOne(object, desiredAPIVersion as string));
  const response = { uid: uid as string, result: { status: 'Success' }, convertedObjects };
  return { kind: call.body.kind as string, apiVersion: call.body.apiVersion as string, response: spoil(response) };
}

const type = (version: string): ResourceType => ({
  group: 'stable.example.com',
  version,
  plural: 'e2es',
  kind: 'E2e',
  namespaced: true,
});
const [V1, V2] = [type('v1'), type('v2')];
const key = (name: string) => ({ namespace: 'default', name });
const v1 = (name: string, hostPort = 'localhost:80'): Unstructured => ({
  apiVersion: 'stable.example.com/v1',
  kind: 'E2e',
  metadata: key(name),
  hostPort,
});
const version = (name: string, fields: string[], storage: boolean) => ({
  name,
  served: true,
  storage,
  schema: {
    openAPIV3Schema: { type: 'object', properties: Object.fromEntries(fields.map((f) => [f, { type: 'string' }])) },
  },
});
const definition = (reviews: string[] = ['v1', 'v1beta1'], stored = 'v2'): Unstructured => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'e2es.stable.example.com' },
  spec: {
    group: 'stable.example.com',
    scope: 'Namespaced',
    names: { plural: 'e2es', kind: 'E2e' },
    versions: [version('v1', ['hostPort'], stored === 'v1'), version('v2', ['host', 'port'], stored === 'v2')],
    conversion: {
      strategy: 'Webhook',
      webhook: {
        clientConfig: { url: `${hook.url}/convert`, caBundle: hook.caBundle },
        conversionReviewVersions: reviews,
      },
    },
  },
});

beforeAll(async () => {
  hook = await startHttpsServer(convert);
});
beforeEach(async () => {
  await server?.close();
  server = await startWebhookServer();
  admin = server.client();
  spoil = (response) => response;
  await admin.create(CustomResourceDefinitions, definition() as never);
  hook.calls.length = 0;
});
afterAll(async () => {
  await server.close();
  await hook.close();
});

describe('an object written in one version', () => {
  it('is stored in another and read in both', async () => {
    const made = await admin.create(V1, v1('a'));
    expect(made).toMatchObject({ apiVersion: 'stable.example.com/v1', hostPort: 'localhost:80' });
    expect(await admin.get(V2, key('a'))).toMatchObject({
      apiVersion: 'stable.example.com/v2',
      host: 'localhost',
      port: '80',
    });
    const { request } = hook.calls[0]!.body;
    expect(request).toMatchObject({
      desiredAPIVersion: 'stable.example.com/v2',
      objects: [{ hostPort: 'localhost:80' }],
    });
  });

  it('is updated, patched and applied in it', async () => {
    const made = await admin.create(V1, v1('a'));
    await admin.update(V1, { ...made, hostPort: 'updated:1' });
    expect(await admin.get(V2, key('a'))).toMatchObject({ host: 'updated', port: '1' });
    await admin.patch(V1, key('a'), 'merge', { hostPort: 'merged:2' });
    expect(await admin.get(V2, key('a'))).toMatchObject({ host: 'merged', port: '2' });
    await admin.patch(V1, key('a'), 'json', [{ op: 'replace', path: '/hostPort', value: 'json:3' }]);
    expect(await admin.get(V2, key('a'))).toMatchObject({ host: 'json', port: '3' });
    const applied = await admin.apply(V1, v1('a', 'applied:4'), { fieldManager: 'm', force: true });
    expect(applied).toMatchObject({ apiVersion: 'stable.example.com/v1', hostPort: 'applied:4' });
    expect(await admin.get(V2, key('a'))).toMatchObject({ host: 'applied', port: '4' });
    const created = await admin.apply(V1, v1('b', 'new:5'), { fieldManager: 'm' });
    expect(created).toMatchObject({ hostPort: 'new:5' });
    await admin.delete(V1, key('a'));
  });

  it('is shown to admission in the version that was asked', async () => {
    const rules = [{ operations: ['*'], apiGroups: ['stable.example.com'], apiVersions: ['v1'], resources: ['e2es'] }];
    await register(admin, Mutating, 'm', {
      clientConfig: { url: `${hook.url}/admit`, caBundle: hook.caBundle },
      rules,
    });
    await admin.create(V2, {
      apiVersion: 'stable.example.com/v2',
      kind: 'E2e',
      metadata: key('a'),
      host: 'h',
      port: '9',
    } as Unstructured);
    const shown = hook.calls.find((call) => call.path === '/admit')!.body.request;
    expect(shown.object).toMatchObject({ apiVersion: 'stable.example.com/v1', hostPort: 'h:9' });
    expect(await admin.get(V2, key('a'))).toMatchObject({ host: 'patched', port: '1' });
  });
});

describe('the owners of fields', () => {
  const ownersOf = (object: Unstructured): unknown[] =>
    (object.metadata.managedFields ?? [])
      .map(({ manager, apiVersion, fieldsV1 }) => [manager, apiVersion!.slice(-2), Object.keys(fieldsV1!)])
      .sort();

  it('own them in the version that they wrote, and lose them when another version changes them', async () => {
    await admin.apply(V1, v1('a'), { fieldManager: 'one' });
    const both = { apiVersion: 'stable.example.com/v2', kind: 'E2e', metadata: key('a') };
    const conflict = admin.apply(V2, { ...both, host: 'other' } as Unstructured, { fieldManager: 'two' });
    await expect(conflict).rejects.toThrow('Apply failed with 1 conflict: conflict with "one": .hostPort');
    const same = await admin.apply(V2, { ...both, host: 'localhost' } as Unstructured, { fieldManager: 'two' });
    expect(ownersOf(same)).toEqual([
      ['one', 'v1', ['f:hostPort']],
      ['two', 'v2', ['f:host']],
    ]);
    const forced = await admin.apply(V2, { ...both, host: 'other' } as Unstructured, {
      fieldManager: 'two',
      force: true,
    });
    expect(ownersOf(forced)).toEqual([['two', 'v2', ['f:host']]]);
    await admin.patch(V1, key('a'), 'merge', { hostPort: 'third:3' });
    expect(ownersOf(await admin.get(V1, key('a')))).toEqual([[expect.any(String), 'v1', ['f:hostPort']]]);
  });
});

describe('many objects', () => {
  beforeEach(async () => {
    for (const name of ['a', 'b', 'c']) await admin.create(V1, v1(name));
    hook.calls.length = 0;
  });

  it('of a list are one review', async () => {
    const list = await admin.list(V1, { namespace: 'default' });
    expect(list.items.map((item) => item['hostPort'])).toEqual(['localhost:80', 'localhost:80', 'localhost:80']);
    expect(hook.calls.map((call) => (call.body.request.objects as unknown[]).length)).toEqual([3]);
    // Kept until the objects or the definition change.
    await raw(server, 'GET', '/apis/stable.example.com/v1/namespaces/default/e2es');
    expect(hook.calls.length).toBe(1);
  });

  it('stored in several versions are all shown in the one that is asked', async () => {
    const crd = await admin.get(CustomResourceDefinitions, { name: 'e2es.stable.example.com' });
    await admin.update(CustomResourceDefinitions, { ...crd, spec: definition(['v1'], 'v1')['spec'] } as never);
    await admin.create(V1, v1('d', 'stored:1'));
    hook.calls.length = 0;
    const listed = await admin.list(V2, { namespace: 'default' });
    expect(listed.items.map((item) => [item.metadata.name, item['host']])).toEqual([
      ['a', 'localhost'],
      ['b', 'localhost'],
      ['c', 'localhost'],
      ['d', 'stored'],
    ]);
    expect(
      hook.calls.flatMap((call) => call.body.request.objects as Unstructured[]).map((o) => o.metadata.name),
    ).toEqual(['d']);
    const moved = await admin.patch(V2, key('a'), 'merge', { host: 'moved' });
    expect(moved).toMatchObject({ host: 'moved', port: '80' });
    const { item } = await server.store.get('/registry/stable.example.com/e2es/default/a');
    expect(JSON.parse(Buffer.from(item!.value).toString())).toMatchObject({
      apiVersion: 'stable.example.com/v1',
      hostPort: 'moved:80',
    });
  });

  it('come through a watch converted', async () => {
    const seen: unknown[] = [];
    const abort = new AbortController();
    const watching = (async () => {
      for await (const event of admin.watch(V1, { namespace: 'default', signal: abort.signal })) {
        seen.push([event.type, event.object.metadata.name, event.object['hostPort']]);
        if (seen.length === 3) await admin.patch(V2, key('b'), 'merge', { host: 'changed' });
        if (seen.length === 4) await admin.delete(V1, key('c'));
        if (seen.length === 5) abort.abort();
      }
    })();
    await watching;
    expect(seen).toEqual([
      ['ADDED', 'a', 'localhost:80'],
      ['ADDED', 'b', 'localhost:80'],
      ['ADDED', 'c', 'localhost:80'],
      ['MODIFIED', 'b', 'changed:80'],
      ['DELETED', 'c', 'localhost:80'],
    ]);
  });

  it('are converted once for all watchers', async () => {
    const abort = new AbortController();
    const watching = Array.from({ length: 5 }, async () => {
      let seen = 0;
      for await (const event of admin.watch(V1, { namespace: 'default', signal: abort.signal })) {
        expect(event.object['hostPort']).toMatch(/^(localhost|changed):80$/);
        if (++seen === 4) return;
      }
    });
    await new Promise((resolve) => setTimeout(resolve, 50));
    await admin.patch(V2, key('b'), 'merge', { host: 'changed' });
    await Promise.all(watching);
    abort.abort();
    // The list, the two states of the patched object for its owner, who speaks of v1, and the event.
    expect(hook.calls.map((call) => (call.body.request.objects as unknown[]).length)).toEqual([3, 2, 1]);
  });

  it('cannot come through a watch when the webhook fails: it ends with an error', async () => {
    spoil = () => ({ result: { status: 'Failed', message: 'out of order' } });
    const watching = (async () => {
      for await (const event of admin.watch(V1, { namespace: 'default' })) expect(event).toBeUndefined();
    })();
    await expect(watching).rejects.toThrow(/^conversion webhook for stable.example.com\/v2, Kind=E2e failed: /);
  });

  it('are counted and collected by their metadata, without the webhook', async () => {
    spoil = () => undefined;
    const { json } = await raw(server, 'GET', '/apis/stable.example.com/v1/e2es', {
      headers: { accept: 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1' },
    });
    expect((json as { items: unknown[] }).items.length).toBe(3);
    await admin.delete(V2, key('a'));
  });
});

const WHAT = 'conversion webhook for stable.example.com/v1, Kind=E2e';
describe('an answer', () => {
  const first = (response: Record<string, unknown>) => (response['convertedObjects'] as Unstructured[])[0]!;
  it.each([
    ['without a response', () => undefined, `${WHAT} failed: no response provided`],
    [
      'for another question',
      (r: object) => ({ ...r, uid: 'x' }),
      new RegExp(`^${WHAT} failed: expected response.uid="[^"]+", got "x"$`),
    ],
    [
      'of failure',
      (r: object) => ({ ...r, result: { status: 'Failed', message: 'not today' } }),
      `${WHAT} failed: not today`,
    ],
    [
      'of nothing',
      (r: object) => ({ ...r, result: {} }),
      `${WHAT} failed: response.result.status was '', not 'Success'`,
    ],
    ['with too few objects', (r: object) => ({ ...r, convertedObjects: [] }), `${WHAT} returned 0 objects, expected 1`],
    [
      'in the wrong version',
      (r: Record<string, unknown>) => ({
        ...r,
        convertedObjects: [{ ...first(r), apiVersion: 'stable.example.com/v3' }],
      }),
      `${WHAT} returned invalid converted object at index 0: invalid groupVersion (expected stable.example.com/v2, received stable.example.com/v3)`,
    ],
    [
      'with another name',
      (r: Record<string, unknown>) => ({
        ...r,
        convertedObjects: [{ ...first(r), metadata: { ...first(r).metadata, name: 'b' } }],
      }),
      `${WHAT} returned invalid converted object at index 0: must have the same name: a != b`,
    ],
    [
      'with labels that are none',
      (r: Record<string, unknown>) => ({
        ...r,
        convertedObjects: [{ ...first(r), metadata: { ...first(r).metadata, labels: { a: 1 } } }],
      }),
      `${WHAT} returned invalid metadata in object at index 0: metadata.labels[a] must be a string, but is number in converted object`,
    ],
  ])('%s fails the request', async (_, how, message) => {
    spoil = how as typeof spoil;
    await expect(admin.create(V1, v1('a'))).rejects.toMatchObject({
      code: 500,
      message: typeof message === 'string' ? message : expect.stringMatching(message),
    });
  });

  it('may change labels and annotations, and nothing else of the metadata', async () => {
    const sent = { ...v1('a'), metadata: { ...key('a'), labels: { kept: 'x' } } };
    spoil = (r) => {
      const metadata = { ...first(r).metadata, labels: { new: 'y' }, finalizers: ['example.com/never'] };
      return { ...r, convertedObjects: [{ ...first(r), metadata }] };
    };
    await admin.create(V1, sent);
    spoil = (response) => response;
    const { metadata } = await admin.get(V2, key('a'));
    expect(metadata.labels).toEqual({ new: 'y' });
    expect(metadata.finalizers).toBeUndefined();
  });

  it('of v1beta1 is not looked at so closely', async () => {
    const crd = await admin.get(CustomResourceDefinitions, { name: 'e2es.stable.example.com' });
    await admin.update(CustomResourceDefinitions, { ...crd, spec: definition(['v1beta1'])['spec'] } as never);
    spoil = (r) => ({ ...r, uid: 'other' });
    await admin.create(V1, v1('a'));
    expect(hook.calls[0]!.body.apiVersion).toBe('apiextensions.k8s.io/v1beta1');
  });
});
