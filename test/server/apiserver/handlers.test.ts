// What upstream's request handlers say, by the tables of their tests: apiserver/pkg/endpoints/handlers/rest_test.go
// (TestDedupOwnerReferences, TestPatchResource…), endpoints/apiserver_test.go (TestGetPartialObjectMetadata), watch_test.go (TestWatchHTTPAccept), get.go (ListResource with a name).
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Status } from '../../../src/api/status.ts';
import { raw } from '../../support/raw.ts';
import { type TestServer, startTestServer } from '../../support/server.ts';

const MAPS = '/api/v1/namespaces/default/configmaps';
let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
  await raw(server, 'POST', MAPS, { body: { metadata: { name: 'p' }, data: { a: '1' } } });
});
afterAll(() => server.close());

const patch = (name: string, body: object, type = 'merge-patch') =>
  raw(server, 'PATCH', `${MAPS}/${name}`, { body, headers: { 'content-type': `application/${type}+json` } });
const failure = (json: unknown): [number | undefined, string | undefined] => {
  const { code, message } = json as Status;
  return [code, message];
};

describe('owners that stand twice', () => {
  const owner = (more: object = {}) => ({ apiVersion: 'v1', kind: 'Node', name: 'n', uid: 'u', ...more });
  const SENT = `299 - ".metadata.ownerReferences contains duplicate entries; API server dedups`;
  const ADMITTED = `299 - ".metadata.ownerReferences contains duplicate entries after mutating admission happens; API`;
  const owners = (json: unknown) => (json as { metadata: { ownerReferences: unknown[] } }).metadata.ownerReferences;

  it.each([
    ['are one', [owner(), owner(), owner({ uid: 'w' }), owner({ uid: 'w' })], [0, 2], 'u, w'],
    ['with other names stay', [owner(), owner({ name: 'o' })], [0, 1], ''],
    ['in other versions stay', [owner({ apiVersion: 'apps/v1' }), owner()], [0, 1], ''],
    ['with the same fields are one', [owner({ controller: true }), owner(), owner({ controller: true })], [0, 1], 'u'],
    ['with other values stay', [owner({ controller: true }), owner({ controller: false })], [0, 1], ''],
  ] as const)('%s', async (title, ownerReferences, kept, told) => {
    const name = title.replaceAll(' ', '-');
    const metadata = { name, ownerReferences };
    const expected = kept.map((at) => ownerReferences[at]);
    const made = await raw(server, 'POST', MAPS, { body: { metadata } });
    const updated = await raw(server, 'PUT', `${MAPS}/${name}`, { body: { metadata } });
    const patched = await patch(name, { metadata: { ownerReferences } });
    expect([made, updated, patched].map(({ json }) => owners(json))).toEqual([expected, expected, expected]);
    const warnings = [made, updated, patched].flatMap(({ headers }) => headers['warning'] ?? []);
    expect(warnings).toEqual(
      told === '' ? [] : [SENT, SENT, ADMITTED].map((start) => expect.stringContaining(start) as string),
    );
    for (const warning of warnings) expect(warning.endsWith(`duplicate UID(s) observed: ${told}"`)).toBe(true);
  });
});

describe('a patch', () => {
  it.each([
    [{ kind: 'Secret' }, 'converting (v1.Secret) to (core.ConfigMap): unknown conversion'],
    [
      { apiVersion: 'v2' },
      'no kind "ConfigMap" is registered for version "v2" in scheme "pkg/api/legacyscheme/scheme.go:30"',
    ],
  ])('makes no other kind of an object: %j', async (body, why) => {
    const merged = await patch('p', body);
    expect(failure(merged.json)[0]).toBe(422);
    expect(failure(merged.json)[1]).toMatch(/^ "" is invalid: patch: Invalid value: /);
    expect(failure(merged.json)[1]!.endsWith(why)).toBe(true);
    // What a strategic patch says of it is not read.
    const strategic = await patch('p', body, 'strategic-merge-patch');
    expect(strategic).toMatchObject({ status: 200, json: { apiVersion: 'v1', kind: 'ConfigMap' } });
    const { json } = await raw(server, 'GET', `${MAPS}/p`);
    expect(json).toMatchObject({ apiVersion: 'v1', kind: 'ConfigMap', data: { a: '1' } });
  });
});

describe('metadata alone', () => {
  const as = (kind: string, version = 'v1') => `application/json;as=${kind};v=${version};g=meta.k8s.io`;
  const ask = async (path: string, accept: string): Promise<unknown> => {
    const { status, json } = await raw(server, 'GET', path, { headers: { accept } });
    const { kind, apiVersion, message } = json as { kind: string; apiVersion: string; message: string };
    return status === 200 ? `${apiVersion} ${kind}` : [status, message];
  };
  const ONE = `${MAPS}/p`;

  it.each([
    [ONE, as('PartialObjectMetadata'), 'meta.k8s.io/v1 PartialObjectMetadata'],
    [ONE, `${as('PartialObjectMetadata', 'v1alpha1')}, application/json`, 'v1 ConfigMap'],
    [
      ONE,
      `${as('PartialObjectMetadata', 'v1beta1')}, ${as('PartialObjectMetadata')}`,
      'meta.k8s.io/v1beta1 PartialObjectMetadata',
    ],
    [
      MAPS,
      `${as('PartialObjectMetadataList', 'v1beta1')}, application/json`,
      'meta.k8s.io/v1beta1 PartialObjectMetadataList',
    ],
    [MAPS, `${as('PartialObjectMetadata', 'v1alpha1')}, application/json`, 'v1 ConfigMapList'],
    [
      MAPS,
      `${as('PartialObjectMetadata', 'v1beta1')}, application/json`,
      [406, 'you requested PartialObjectMetadata, but the requested object is a list (*core.ConfigMapList)'],
    ],
    [
      ONE,
      as('PartialObjectMetadataList'),
      [406, 'you requested PartialObjectMetadataList, but the requested object is not a list (*core.ConfigMap)'],
    ],
  ])('%s as %s', async (path, accept, expected) => {
    expect(await ask(path, accept)).toEqual(expected);
  });
});

const STREAMS = 'application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch';
const OBJECTS = 'application/json, application/yaml, application/vnd.kubernetes.protobuf';

describe('what is watched', () => {
  it.each([
    ['application/json', 200],
    ['application/json;stream=watch', 200],
    ['application/yaml, application/json;q=0.5', 406, STREAMS],
    ['application/yaml;as=Table;g=meta.k8s.io;v=v1', 406, STREAMS],
    ['application/json;stream=other', 406, OBJECTS],
    ['application/XYZ', 406, OBJECTS],
    ['application/vnd.kubernetes.protobuf;as=Table;g=meta.k8s.io;v=v1beta1', 406, OBJECTS],
    ['application/vnd.kubernetes.protobuf;as=PartialObjectMetadata;g=meta.k8s.io;v=v1beta1', 200],
    ['application/json;g=meta.k8s.io;v=v1', 406, OBJECTS],
    ['application/json;as=PartialObject;g=meta.k8s.io;v=v1', 406, OBJECTS],
  ])('in %s: %i', async (accept, status, types = '') => {
    const answer = await raw(server, 'GET', `${MAPS}?watch=1&timeoutSeconds=1`, {
      headers: { accept },
      signal: AbortSignal.abort(),
    });
    expect(answer.status).toBe(status);
    if (status === 200) return;
    // A refusal is no Table, and not in what no Table is in.
    const text = answer.text.replaceAll('\n ', '');
    expect(text).toMatch(new RegExp(`only the following media types are accepted: ${types}[\n"']`));
    if (accept.includes('as=')) expect(answer.json).toMatchObject({ kind: 'Status', code: 406 });
  });

  it('by name is what a selector may say too', async () => {
    const watch = async (query: string): Promise<unknown> => {
      const path = `/api/v1/watch/namespaces/default/configmaps/p?${query}`;
      const { status, json } = await raw(server, 'GET', path, { signal: AbortSignal.abort() });
      return status === 200 ? 200 : failure(json);
    };
    expect(await watch('')).toBe(200);
    expect(await watch('fieldSelector=metadata.name%3Dp')).toBe(200);
    const mismatch = [400, "fieldSelector metadata.name doesn't match requested name"];
    expect(await watch('fieldSelector=metadata.name%3Dq')).toEqual(mismatch);
    expect(await watch('fieldSelector=metadata.namespace%3Ddefault')).toEqual(mismatch);
  });
});
