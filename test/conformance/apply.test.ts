// What upstream asks of server-side apply and managedFields over the wire, beside the tables of test/api/patch.
// Upstream: test/integration/apiserver/apply/apply_test.go, apimachinery/pkg/util/managedfields/fieldmanager_test.go.
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

const maps = '/api/v1/namespaces/default/configmaps';
const deployments = '/apis/apps/v1/namespaces/default/deployments';
let count = 0;
let name: string;
beforeEach(() => {
  name = `a${++count}`;
});

interface Answer {
  status: number;
  doc: Doc;
}
async function send(method: string, path: string, body?: object, type = 'application/json'): Promise<Answer> {
  const headers = { 'content-type': type, 'user-agent': 'tests/v1' };
  const answer = await raw(server, method, path, { headers, ...(body ? { body } : {}) });
  return { status: answer.status, doc: answer.json as Doc };
}
const get = async (path: string): Promise<Doc> => (await send('GET', path)).doc;
const apply = (path: string, body: object, manager = 'apply_test', more = ''): Promise<Answer> =>
  send('PATCH', `${path}?fieldManager=${manager}${more}`, body, 'application/apply-patch+yaml');
const patch = (path: string, body: object, type = 'merge', manager = 'updater'): Promise<Answer> =>
  send('PATCH', `${path}?fieldManager=${manager}`, body, `application/${type}-patch+json`);
const map = (more: object = {}, metadata: object = {}): object => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, ...metadata },
  ...more,
});
const deployment = (spec: object = {}, container: object = {}): object => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name },
  spec: {
    selector: { matchLabels: { app: 'nginx' } },
    template: {
      metadata: { labels: { app: 'nginx' } },
      spec: { containers: [{ name: 'nginx', image: 'nginx:latest', ...container }] },
    },
    ...spec,
  },
});
const owners = (doc: Doc): string[] =>
  ((doc.metadata.managedFields ?? []) as ManagedFieldsEntry[])
    .map((e) => `${e.manager} ${e.operation}${e.subresource ? ` ${e.subresource}` : ''}`)
    .sort();
const entry = (doc: Doc, manager: string): ManagedFieldsEntry =>
  doc.metadata.managedFields.find((e: ManagedFieldsEntry) => e.manager === manager);

describe('apply', () => {
  it('creates with 201 and then answers 200, and writes nothing that is there', async () => {
    const first = await apply(`${maps}/${name}`, map({ data: { key: 'value' } }));
    expect(first.status).toBe(201);
    const second = await apply(`${maps}/${name}`, map({ data: { key: 'value' } }));
    expect(second).toEqual({ status: 200, doc: first.doc });
    const other = await apply(`${maps}/${name}`, map({ data: { key: 'value' } }), 'apply_test_2');
    expect(owners(other.doc)).toEqual(['apply_test Apply', 'apply_test_2 Apply']);
  });

  it('does not create what has a uid, and heeds a resourceVersion', async () => {
    expect((await apply(`${maps}/${name}`, map({}, { uid: 'x' }))).status).toBe(409);
    const { doc } = await apply(`${maps}/${name}`, map({ data: { a: '1' } }));
    expect((await apply(`${maps}/${name}`, map({ data: { a: '2' } }, { resourceVersion: '1' }))).status).toBe(409);
    const { resourceVersion } = doc.metadata;
    expect((await apply(`${maps}/${name}`, map({ data: { a: '2' } }, { resourceVersion }))).status).toBe(200);
  });

  it('refuses another version, another name and managedFields', async () => {
    await apply(`${deployments}/${name}`, deployment());
    const other = await apply(`${deployments}/${name}`, { ...deployment(), apiVersion: 'extensions/v1beta' });
    expect(other.status).toBe(400);
    const renamed = await apply(`${maps}/${name}`, map({}, { name: 'other' }));
    expect([renamed.status, renamed.doc['message']]).toEqual([
      400,
      expect.stringContaining('the name of the object (other) does not match the name on the URL'),
    ]);
    const managed = await apply(`${maps}/${name}`, map({}, { managedFields: [{ manager: 'x' }] }));
    expect([managed.status, managed.doc['message']]).toEqual([400, 'metadata.managedFields must be nil']);
  });

  it('needs a manager, of at most 128 printable characters; force is of applies alone', async () => {
    expect((await apply(`${maps}/${name}`, map(), '')).status).toBe(422);
    expect((await apply(`${maps}/${name}`, map(), 'x'.repeat(129))).status).toBe(422);
    const control = await apply(`${maps}/${name}`, map(), 'a%01b');
    expect([control.status, control.doc['message']]).toEqual([
      422,
      expect.stringContaining('invalid character U+0001 (at position 1)'),
    ]);
    expect((await apply(`${maps}/${name}`, map(), 'x'.repeat(128))).status).toBe(201);
    expect((await send('PATCH', `${maps}/${name}?force=true`, {}, 'application/merge-patch+json')).status).toBe(422);
  });

  it('leaves no entry of a manager that owns nothing', async () => {
    const { doc } = await apply(`${maps}/${name}`, map());
    expect(doc.metadata.managedFields).toBeUndefined();
  });

  it('conflicts with an update, and takes over by force', async () => {
    await apply(`${deployments}/${name}`, deployment({ replicas: 3 }));
    await patch(`${deployments}/${name}`, { spec: { replicas: 5 } });
    const refused = await apply(`${deployments}/${name}`, deployment({ replicas: 3 }));
    expect(refused.status).toBe(409);
    expect(refused.doc['details'].causes).toEqual([
      {
        reason: 'FieldManagerConflict',
        message: expect.stringContaining('conflict with "updater"'),
        field: '.spec.replicas',
      },
    ]);
    const forced = await apply(`${deployments}/${name}`, deployment({ replicas: 3 }), 'apply_test', '&force=true');
    expect([forced.status, owners(forced.doc)]).toEqual([200, ['apply_test Apply']]);
  });

  it('removes what is no longer applied: a port, and a field that others share stays', async () => {
    const ports = { ports: [{ containerPort: 80, protocol: 'TCP' }] };
    await apply(`${deployments}/${name}`, deployment({ replicas: 2 }, ports));
    await apply(`${deployments}/${name}`, deployment({ replicas: 2 }), 'other');
    const { doc } = await apply(`${deployments}/${name}`, deployment());
    expect(doc['spec'].template.spec.containers[0].ports).toBeUndefined();
    expect(doc['spec'].replicas).toBe(2);
    const last = await apply(`${deployments}/${name}`, deployment(), 'other');
    expect(last.doc['spec'].replicas).toBe(1);
  });

  it('of a dry run stores nothing', async () => {
    expect((await apply(`${maps}/${name}`, map({ data: { a: '1' } }), 'm', '&dryRun=All')).status).toBe(201);
    expect((await send('GET', `${maps}/${name}`)).status).toBe(404);
  });

  it('merges live lists whose items stand twice, and takes over the items that it names', async () => {
    const env = [
      { name: 'A', value: '1' },
      { name: 'A', value: '2' },
      { name: 'B', value: '1' },
    ];
    await send('POST', deployments, deployment({}, { env }));
    const envOf = (doc: Doc) => doc['spec'].template.spec.containers[0].env;
    const one = (items: object[]) => ({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      spec: { template: { spec: { containers: [{ name: 'nginx', env: items }] } } },
    });
    const added = await apply(`${deployments}/${name}`, one([{ name: 'C', value: '1' }]));
    expect(envOf(added.doc)).toHaveLength(4);
    const forced = await apply(`${deployments}/${name}`, one([{ name: 'A', value: '3' }]), 'apply_test', '&force=true');
    expect(envOf(forced.doc).filter((e: { name: string }) => e.name === 'A')).toEqual([{ name: 'A', value: '3' }]);
  });
});

describe('managedFields', () => {
  const before = async (): Promise<Doc> => {
    await apply(`${maps}/${name}`, map({ data: { key: 'value' } }));
    return (await patch(`${maps}/${name}`, { data: { other: 'x' } })).doc;
  };

  it.each([
    ['merge', { metadata: { managedFields: [{}] } }],
    ['strategic-merge', { metadata: { managedFields: [{}] } }],
    ['json', [{ op: 'replace', path: '/metadata/managedFields', value: [{}] }]],
    ['json', [{ op: 'replace', path: '/metadata/managedFields', value: [] }]],
    [
      'json',
      [
        { op: 'remove', path: '/metadata/managedFields' },
        { op: 'add', path: '/metadata/managedFields', value: [{}] },
      ],
    ],
  ] as const)('are cleared by a %s patch: %j', async (type, body) => {
    expect(owners(await before())).toEqual(['apply_test Apply', 'updater Update']);
    const { status, doc } = await patch(`${maps}/${name}`, body, type);
    expect([status, doc.metadata.managedFields]).toEqual([200, undefined]);
    // Updates do not begin again; an apply does, and what was there before belongs to nobody that it names.
    const updated = await patch(`${maps}/${name}`, { data: { third: 'x' } });
    expect(updated.doc.metadata.managedFields).toBeUndefined();
    const again = await apply(`${maps}/${name}`, map({ data: { fourth: 'x' } }));
    expect(owners(again.doc)).toEqual(['apply_test Apply', 'before-first-apply Update']);
  });

  it('are cleared by an update with an empty list, and kept by one without', async () => {
    const doc = await before();
    const { managedFields, ...metadata } = doc.metadata;
    const kept = await send('PUT', `${maps}/${name}`, { ...doc, metadata });
    expect(kept.doc.metadata.managedFields).toEqual(managedFields);
    const cleared = await send('PUT', `${maps}/${name}`, { ...doc, metadata: { ...metadata, managedFields: [] } });
    expect(cleared.doc.metadata.managedFields).toBeUndefined();
  });

  it('may be written: a manager gets another name', async () => {
    const doc = await before();
    const renamed = doc.metadata.managedFields.map((e: ManagedFieldsEntry) => ({ ...e, manager: `${e.manager}_2` }));
    const answer = await send('PUT', `${maps}/${name}`, {
      ...doc,
      metadata: { ...doc.metadata, managedFields: renamed },
    });
    expect(owners(answer.doc)).toEqual(['apply_test_2 Apply', 'updater_2 Update']);
  });

  it('keep the time of who changed nothing', async () => {
    const doc = await before();
    await new Promise((resolve) => setTimeout(resolve, 1100));
    await apply(`${maps}/${name}`, map({ data: { key: 'value' } }));
    const { doc: after } = await patch(`${maps}/${name}`, { data: { other: 'x', more: 'y' } }, 'merge', 'third');
    for (const manager of ['apply_test', 'updater']) expect(entry(after, manager).time).toBe(entry(doc, manager).time);
    expect(entry(after, 'third').time).not.toBe(entry(doc, 'updater').time);
  });

  it('that a client sends and that cannot be read count as not sent', async () => {
    const good = {
      manager: 'm',
      operation: 'Update',
      apiVersion: 'v1',
      fieldsType: 'FieldsV1',
      fieldsV1: { 'f:data': {} },
    };
    for (const wrong of [
      { operation: 'Replace' },
      { fieldsType: 'FieldsV2' },
      { apiVersion: '' },
      { fieldsV1: { x: {} } },
    ]) {
      const body = map({ data: { a: '1' } }, { generateName: 'wrong-', managedFields: [{ ...good, ...wrong }] });
      delete (body as { metadata: { name?: string } }).metadata.name;
      const answer = await send('POST', maps, body);
      expect([answer.status, owners(answer.doc)]).toEqual([201, ['tests Update']]);
    }
    const kept = await send('POST', maps, map({}, { managedFields: [good] }));
    expect([kept.status, owners(kept.doc)]).toEqual([201, ['m Update']]);
  });

  it('of statuses and scales are told apart, and not cleared through them', async () => {
    await apply(`${deployments}/${name}`, deployment({ replicas: 1 }));
    await patch(`${deployments}/${name}/status`, { status: { observedGeneration: 1 } });
    await patch(`${deployments}/${name}/scale`, { spec: { replicas: 4 } }, 'merge', 'scaler');
    const doc = await get(`${deployments}/${name}`);
    expect(owners(doc)).toEqual(['apply_test Apply', 'scaler Update scale', 'updater Update status']);
    expect(entry(doc, 'scaler').fieldsV1).toEqual({ 'f:spec': { 'f:replicas': {} } });
    expect(entry(doc, 'updater').fieldsV1).toEqual({ 'f:status': { 'f:observedGeneration': {} } });
    const refused = await apply(`${deployments}/${name}`, deployment({ replicas: 1 }));
    expect(refused.doc['message']).toContain(
      'conflict with "scaler" with subresource "scale" using apps/v1: .spec.replicas',
    );
    await patch(`${deployments}/${name}/status`, { metadata: { managedFields: [{}] }, status: { replicas: 1 } });
    expect(owners(await get(`${deployments}/${name}`))).toEqual(owners(doc));
    const status = { apiVersion: 'apps/v1', kind: 'Deployment', status: { observedGeneration: 1 } };
    const applied = await apply(`${deployments}/${name}/status`, status, 'status_applier');
    expect(owners(applied.doc)).toContain('status_applier Apply status');
  });

  it('of one that applied from the client become those of the server, without a conflict', async () => {
    const last = JSON.stringify(map({ data: { key: 'old' } }));
    const annotations = { 'kubectl.kubernetes.io/last-applied-configuration': last };
    await send(
      'POST',
      `${maps}?fieldManager=kubectl-client-side-apply`,
      map({ data: { key: 'old' } }, { annotations }),
    );
    const taken = await apply(`${maps}/${name}`, map({ data: { key: 'new' } }), 'kubectl');
    expect([taken.status, taken.doc['data']]).toEqual([200, { key: 'new' }]);
  });

  it('hold ten updaters, the oldest joined as ancient changes', async () => {
    await apply(`${maps}/${name}`, map({ data: { key: 'value' } }));
    for (let i = 0; i < 20; i++) await patch(`${maps}/${name}`, { data: { [`k${i}`]: 'x' } }, 'merge', `m${i}`);
    const names = owners(await get(`${maps}/${name}`));
    expect(names).toHaveLength(11);
    expect(names).toContain('ancient-changes Update');
    expect(names).toContain('m19 Update');
  });
});
