// What becomes of owners over the life of an object: renamed, joined, of subresources, from client-side apply, and of fields
// that were one piece once. Upstream: test/integration/apiserver/apply/apply_test.go (its last third).
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ManagedFieldsEntry } from '../../src/api/types.ts';
import { raw } from '../support/raw.ts';
import { type TestServer, startTestServer } from '../support/server.ts';
import type { Doc } from './api.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const deployments = '/apis/apps/v1/namespaces/default/deployments';
const pods = '/api/v1/namespaces/default/pods';
let count = 0;
let name: string;
beforeEach(() => {
  name = `o${++count}`;
});

async function send(method: string, path: string, body?: object, type = 'application/json') {
  const answer = await raw(server, method, path, { headers: { 'content-type': type }, ...(body ? { body } : {}) });
  return { status: answer.status, doc: answer.json as Doc };
}
const apply = (path: string, manager: string, body: object) =>
  send('PATCH', `${path}?fieldManager=${manager}`, body, 'application/apply-patch+yaml');
const merge = (path: string, manager: string, body: object) =>
  send('PATCH', `${path}?fieldManager=${manager}`, body, 'application/merge-patch+json');
const entriesOf = (doc: Doc): ManagedFieldsEntry[] => doc.metadata.managedFields as ManagedFieldsEntry[];
const told = (doc: Doc): string[] =>
  entriesOf(doc).map((e) => `${e.manager} ${e.operation} ${e.subresource ?? '-'} ${JSON.stringify(e.fieldsV1)}`);

const pod = (more: object = {}): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name },
  spec: { containers: [{ name: 'c', image: 'one' }] },
  ...more,
});
const labelled = (labels: object): object => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name, labels } });
const deployment = (containers: object[], spec: object = {}, metadata: object = {}): object => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, labels: { app: 'x' }, ...metadata },
  spec: {
    selector: { matchLabels: { app: 'x' } },
    template: { metadata: { labels: { app: 'x' } }, spec: { containers } },
    ...spec,
  },
});
/** The object as it is, with each entry changed, put back. */
async function rewrite(path: string, change: (entry: ManagedFieldsEntry) => void): Promise<Doc> {
  const { doc } = await send('GET', path);
  entriesOf(doc).forEach(change);
  const { status, doc: written } = await send('PUT', path, doc);
  expect(status).toBe(200);
  return written;
}

describe('an applied list', () => {
  it('loses the container that its applier drops, though an update changed it meanwhile', async () => {
    const path = `${deployments}/${name}`;
    const [one, two] = [
      { name: 'one', image: 'x', workingDir: '/home' },
      { name: 'two', image: 'x' },
    ];
    await apply(path, 'applier', deployment([one, two]));
    await send(
      'PATCH',
      `${path}?fieldManager=updater`,
      { spec: { template: { spec: { containers: [{ name: 'one', workingDir: '/elsewhere' }] } } } },
      'application/strategic-merge-patch+json',
    );
    const { doc } = await apply(path, 'applier', deployment([two]));
    expect(doc['spec'].template.spec.containers.map((c: Doc) => c['name'])).toEqual(['two']);
    expect(told(doc).some((text) => text.startsWith('updater'))).toBe(false);
  });

  it('knows an item by the default of a key that was left out', async () => {
    const path = `${deployments}/${name}`;
    const ports = (port: object) => deployment([{ name: 'c', image: 'x', ports: [port] }]);
    await apply(path, 'first', ports({ name: 'foo', containerPort: 80 }));
    const refused = await apply(path, 'second', ports({ name: 'bar', containerPort: 80, protocol: 'TCP' }));
    expect(refused.status).toBe(409);
    expect(refused.doc['details'].causes).toMatchObject([
      { field: '.spec.template.spec.containers[name="c"].ports[containerPort=80,protocol="TCP"].name' },
    ]);
  });
});

describe('an object of client-side apply', () => {
  it('is applied by the server to what the client applied, and to nothing that others changed', async () => {
    const path = `${deployments}/${name}`;
    const container = { name: 'c', image: 'old' };
    const last = { ...deployment([container], { replicas: 3, selector: undefined }) };
    const annotations = { 'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify(last) };
    await send('POST', deployments, deployment([container], { replicas: 100_000 }, { annotations }));
    const mine = { metadata: { name, labels: { app: 'new' } } };
    const refused = await apply(path, 'kubectl', { ...deployment([container], { replicas: 3 }), ...mine });
    expect(refused.status).toBe(409);
    expect(refused.doc['details'].causes).toMatchObject([{ field: '.spec.replicas' }]);
    const taken = await apply(path, 'kubectl', { ...deployment([{ name: 'c', image: 'new' }]), ...mine });
    expect(taken.status).toBe(200);
    expect(taken.doc).toMatchObject({
      metadata: { labels: { app: 'new' } },
      spec: { replicas: 100_000, template: { spec: { containers: [{ image: 'new' }] } } },
    });
  });
});

describe('entries that become one', () => {
  it('by a new name keep what the last of them had, of appliers', async () => {
    const path = `${pods}/${name}`;
    await apply(path, 'one', pod({ metadata: { name, labels: { a: 'one' } } }));
    await apply(path, 'two', labelled({ b: 'two' }));
    const doc = await rewrite(path, (entry) => (entry.manager = 'both'));
    expect(told(doc)).toEqual(['both Apply - {"f:metadata":{"f:labels":{"f:b":{}}}}']);
    expect(doc.metadata.labels).toEqual({ a: 'one', b: 'two' });
  });

  it('by a new name keep what the last of them had, of updaters', async () => {
    const path = `${pods}/${name}`;
    await apply(path, 'first', pod());
    await merge(path, 'one', { metadata: { labels: { a: 'one' } } });
    await merge(path, 'two', { metadata: { labels: { b: 'two' } } });
    const doc = await rewrite(path, (entry) => (entry.manager = 'both'));
    expect(told(doc)[1]).toBe('both Update - {"f:metadata":{"f:labels":{"f:b":{}}}}');
    expect(told(doc)).toHaveLength(2);
  });

  it('by losing their subresource do too, of appliers', async () => {
    const path = `${pods}/${name}`;
    await apply(path, 'first', pod());
    await apply(path, 'labels', labelled({ a: 'one' }));
    await apply(`${path}/status`, 'labels', labelled({ b: 'two' }));
    const { doc: before } = await send('GET', path);
    expect(before.metadata.labels).toEqual({ a: 'one', b: 'two' });
    expect(told(before).slice(1)).toEqual([
      'labels Apply - {"f:metadata":{"f:labels":{"f:a":{}}}}',
      'labels Apply status {"f:metadata":{"f:labels":{"f:b":{}}}}',
    ]);
    const doc = await rewrite(path, (entry) => delete entry.subresource);
    expect(told(doc)).toHaveLength(2);
    expect(told(doc)[1]).toBe('labels Apply - {"f:metadata":{"f:labels":{"f:b":{}}}}');
  });

  it('by losing their subresource do too, of updaters', async () => {
    const path = `${pods}/${name}`;
    await apply(path, 'first', pod());
    await merge(path, 'manager', { metadata: { labels: { a: 'two' } } });
    await merge(`${path}/status`, 'manager', { status: { phase: 'Running' } });
    const { doc: before } = await send('GET', path);
    expect(
      told(before)
        .slice(1)
        .map((text) => text.split(' ').slice(0, 3).join(' ')),
    ).toEqual(['manager Update -', 'manager Update status']);
    const doc = await rewrite(path, (entry) => delete entry.subresource);
    expect(told(doc).slice(1)).toEqual(['manager Update - {"f:status":{"f:phase":{}}}']);
  });
});

describe('a reference that was one piece once', () => {
  it('is applied field by field, whoever owned the piece', async () => {
    const path = `/api/v1/persistentvolumes/${name}`;
    const claimRef = { name: 'claim', namespace: 'default' };
    const spec = {
      storageClassName: '',
      capacity: { storage: '16Mi' },
      accessModes: ['ReadWriteOnce'],
      hostPath: { path: '/tmp/mydata' },
    };
    const volume = (ref: object) => ({
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name, labels: { type: 'local' } },
      spec: { ...spec, claimRef: ref },
    });
    const bound = {
      ...claimRef,
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      uid: '2018e302',
      resourceVersion: '15499',
    };
    await send('POST', '/api/v1/persistentvolumes?fieldManager=applier', volume(bound));
    const entry = (manager: string, operation: string, fieldsV1: object) => ({
      ...{ manager, operation, apiVersion: 'v1', fieldsType: 'FieldsV1', time: '2022-06-08T23:46:32Z', fieldsV1 },
    });
    const mine = {
      'f:metadata': { 'f:labels': { 'f:type': {} } },
      'f:spec': {
        'f:accessModes': {},
        'f:capacity': { 'f:storage': {} },
        'f:hostPath': { 'f:path': {} },
        'f:storageClassName': {},
      },
    };
    const managedFields = [
      entry('applier', 'Apply', mine),
      entry('controller', 'Update', { 'f:spec': { 'f:claimRef': {} } }),
    ];
    await merge(path, 'applier', { metadata: { managedFields } });
    const applied = await apply(path, 'applier', volume(claimRef));
    expect(applied.status).toBe(200);
    expect(applied.doc['spec'].claimRef).toEqual(bound);
    expect(entriesOf(applied.doc).map(({ manager, fieldsV1 }) => [manager, fieldsV1])).toEqual([
      ['applier', { ...mine, 'f:spec': { ...mine['f:spec'], 'f:claimRef': { 'f:name': {}, 'f:namespace': {} } } }],
      ['controller', { 'f:spec': { 'f:claimRef': {} } }],
    ]);
  });
});
