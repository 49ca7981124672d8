// Rules of core kinds as clients meet them: through subresources, served versions, metadata and Warning headers.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TestServer, startTestServer } from '../../support/server.ts';
import { raw } from '../../support/raw.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const pods = '/api/v1/namespaces/default/pods';
const pod = (name: string, container: object = {}, spec: object = {}, metadata: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, ...metadata },
  spec: { containers: [{ name: 'c', image: 'i:1', ...container }], ...spec },
});
const said = (answer: { json: unknown }): string => (answer.json as { message: string }).message;
const MERGE = { 'content-type': 'application/merge-patch+json' };

describe('subresources of a pod', () => {
  it('resize changes amounts and nothing else', async () => {
    const resources = { requests: { cpu: '1' } };
    await raw(server, 'POST', pods, { body: pod('r', { resources }) });
    const resize = (body: object) =>
      raw(server, 'PATCH', `${pods}/r/resize`, {
        headers: MERGE,
        body: { spec: { containers: [{ name: 'c', ...body }] } },
      });
    const grown = await resize({ resources: { requests: { cpu: '2' } } });
    expect(grown.status).toBe(200);
    expect(grown.json).toMatchObject({
      metadata: { generation: 2 },
      spec: { containers: [{ image: 'i:1', resources: { requests: { cpu: '2' } } }] },
    });
    const lost = await resize({ resources: { requests: {} } });
    expect(lost.status).toBe(422);
    expect(said(lost)).toContain(
      'spec.containers[0].resources.requests: Forbidden: resource requests cannot be removed',
    );
  });

  it('ephemeral containers stay as they are', async () => {
    await raw(server, 'POST', pods, { body: pod('e') });
    const add = (...ephemeralContainers: object[]) =>
      raw(server, 'PATCH', `${pods}/e/ephemeralcontainers`, {
        headers: MERGE,
        body: { spec: { ephemeralContainers } },
      });
    expect((await add({ name: 'x', image: 'i:1' })).status).toBe(200);
    const gone = await add();
    expect(gone.status).toBe(422);
    expect(said(gone)).toContain('existing ephemeral containers "x" may not be removed');
    expect(
      said(await add({ name: 'x', image: 'i:1' }, { name: 'y', image: 'i:1', ports: [{ containerPort: 1 }] })),
    ).toContain('spec.ephemeralContainers[1].ports: Forbidden: cannot be set for an Ephemeral Container');
  });
});

describe('events', () => {
  const event = { metadata: { name: 'a_b' }, regarding: { namespace: 'default' } };
  it('are strict under events.k8s.io/v1 alone', async () => {
    const strict = await raw(server, 'POST', '/apis/events.k8s.io/v1/namespaces/default/events', {
      body: { apiVersion: 'events.k8s.io/v1', kind: 'Event', ...event },
    });
    expect(strict.status).toBe(422);
    expect(said(strict)).toContain('eventTime: Required value');
    const old = await raw(server, 'POST', '/api/v1/namespaces/default/events', {
      body: { apiVersion: 'v1', kind: 'Event', metadata: event.metadata, involvedObject: event.regarding },
    });
    expect(old.status).toBe(201);
  });
});

describe('metadata', () => {
  const owner = { apiVersion: 'v1', kind: 'Node', name: 'a', uid: 'u', controller: true };
  it.each<[object, string]>([
    [
      { ownerReferences: [{ apiVersion: '', kind: '', name: '', uid: '' }] },
      '[metadata.ownerReferences.apiVersion: Invalid value: "": version must not be empty, metadata.ownerReferences.kind: Invalid value: "": must not be empty, metadata.ownerReferences.name: Invalid value: "": must not be empty, metadata.ownerReferences.uid: Invalid value: "": must not be empty]',
    ],
    [
      { ownerReferences: [{ ...owner, kind: 'Event' }] },
      'metadata.ownerReferences: Invalid value: {"apiVersion":"v1","kind":"Event","name":"a","uid":"u","controller":true}: /v1, Kind=Event is disallowed from being an owner',
    ],
    [
      { ownerReferences: [owner, { ...owner, name: 'b' }] },
      'metadata.ownerReferences: Invalid value: [{"apiVersion":"v1","kind":"Node","name":"a","uid":"u","controller":true},{"apiVersion":"v1","kind":"Node","name":"b","uid":"u","controller":true}]: Only one reference can have Controller set to true. Found "true" in references for Node/a and Node/b',
    ],
    [
      { finalizers: ['x'] },
      'metadata.finalizers[0]: Invalid value: "x": name is neither a standard finalizer name nor is it fully qualified',
    ],
    [
      { labels: { 'a/b/c': 'x' } },
      `metadata.labels: Invalid value: "a/b/c": a qualified name must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ],
    [{ annotations: { a: 'x'.repeat(262144) } }, 'metadata.annotations: Too long: may not be more than 262144 bytes'],
  ])('%#', async (metadata, expected) => {
    const answer = await raw(server, 'POST', pods, { body: pod('m', {}, {}, metadata) });
    expect(said(answer)).toBe(`Pod "m" is invalid: ${expected}`);
  });
});

describe('warnings', () => {
  it('are headers', async () => {
    const answer = await raw(server, 'POST', pods, {
      body: pod('w', {}, { nodeSelector: { 'beta.kubernetes.io/os': 'linux' } }),
    });
    expect(answer.status).toBe(201);
    expect(String(answer.headers['warning'])).toContain('use \\"kubernetes.io/os\\" instead');
  });
});
