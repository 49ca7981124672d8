// Who owns the replicas when they are written through the object and through its scale, applied and updated.
// Upstream: test/integration/apiserver/apply/scale_test.go, apimachinery/pkg/util/managedfields/scalehandler_test.go.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ManagedFieldsEntry } from '../../src/api/types.ts';
import { raw } from '../support/raw.ts';
import { type TestServer, startTestServer } from '../support/server.ts';
import type { Doc } from './api.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const APPLY = 'application/apply-patch+yaml';
async function send(method: string, path: string, body?: object, type = 'application/json') {
  const answer = await raw(server, method, path, { headers: { 'content-type': type }, ...(body ? { body } : {}) });
  return { status: answer.status, doc: answer.json as Doc };
}
const template = { metadata: { labels: { app: 'x' } }, spec: { containers: [{ name: 'c', image: 'x' }] } };
const scale = (replicas?: number, more: object = {}): object => ({
  kind: 'Scale',
  apiVersion: 'autoscaling/v1',
  metadata: { name: 'test', namespace: 'default', ...more },
  ...(replicas === undefined ? {} : { spec: { replicas } }),
});

describe.each([
  ['Deployment', 'apps/v1', 'apis/apps/v1', 'deployments', { matchLabels: { app: 'x' } }],
  ['StatefulSet', 'apps/v1', 'apis/apps/v1', 'statefulsets', { matchLabels: { app: 'x' } }],
  ['ReplicaSet', 'apps/v1', 'apis/apps/v1', 'replicasets', { matchLabels: { app: 'x' } }],
  ['ReplicationController', 'v1', 'api/v1', 'replicationcontrollers', { app: 'x' }],
])('the replicas of a %s', (kind, apiVersion, root, plural, selector) => {
  const path = `/${root}/namespaces/default/${plural}/test`;
  const object = { apiVersion, kind, metadata: { name: 'test' }, spec: { replicas: 1, selector, template } };
  const apply = (manager: string, force = false) =>
    send('PATCH', `${path}?fieldManager=${manager}&force=${force}`, object, APPLY);
  const applyScale = (manager: string, replicas?: number, force = false) =>
    send('PATCH', `${path}/scale?fieldManager=${manager}&force=${force}`, scale(replicas), APPLY);
  const patchScale = (manager: string, body: object) =>
    send('PATCH', `${path}/scale?fieldManager=${manager}`, body, 'application/merge-patch+json');
  const owned = async (): Promise<[number, string[]]> => {
    const { doc } = await send('GET', path);
    const entries = doc.metadata.managedFields as ManagedFieldsEntry[];
    const owners = entries.filter(({ fieldsV1 }) => (fieldsV1 as Doc)['f:spec']?.['f:replicas']);
    return [(doc['spec'] as Doc)['replicas'], owners.map(({ manager }) => manager!).sort()];
  };

  it('belong to who wrote them last, by whatever way', async () => {
    expect((await apply('applier')).status).toBe(201);
    expect(await owned()).toEqual([1, ['applier']]);
    await patchScale('scaler', { spec: { replicas: 5 } });
    expect(await owned()).toEqual([5, ['scaler']]);
    expect((await apply('applier')).status).toBe(409);
    await apply('applier', true);
    expect(await owned()).toEqual([1, ['applier']]);

    const refused = await applyScale('scale-applier', 17);
    expect(refused).toMatchObject({
      status: 409,
      doc: { message: 'Apply failed with 1 conflict: conflict with "applier": .spec.replicas' },
    });
    const forced = await applyScale('scale-applier', 17, true);
    expect(forced).toMatchObject({ status: 200, doc: { kind: 'Scale', spec: { replicas: 17 } } });
    expect(await owned()).toEqual([17, ['scale-applier']]);

    await send('PUT', `${path}/scale?fieldManager=replacer`, scale(7));
    expect(await owned()).toEqual([7, ['replacer']]);
    expect((await applyScale('other', 8)).doc['message']).toBe(
      'Apply failed with 1 conflict: conflict with "replacer" with subresource "scale" using autoscaling/v1: .spec.replicas',
    );
    await applyScale('joining', 7);
    expect(await owned()).toEqual([7, ['joining', 'replacer']]);
    await patchScale('scaler', { spec: { replicas: 5 } });
    expect(await owned()).toEqual([5, ['scaler']]);
  });

  it('stay as they are when only the status of the scale is sent', async () => {
    const before = await owned();
    expect((await patchScale('status', { status: { replicas: 42 } })).status).toBe(200);
    expect(await owned()).toEqual(before);
  });

  it('are nobody’s when they are applied through the scale and then no longer', async () => {
    await applyScale('scale-applier', 9, true);
    await applyScale('scale-applier');
    const [, owners] = await owned();
    expect(owners).toEqual([]);
  });

  it('are kept from an apply that means another object or another version', async () => {
    const at = `${path}/scale?fieldManager=x&force=true`;
    expect(await send('PATCH', at, scale(3, { resourceVersion: '1' }), APPLY)).toMatchObject({ status: 409 });
    expect(await send('PATCH', at, scale(3, { name: 'other' }), APPLY)).toMatchObject({ status: 400 });
    expect(await send('PATCH', at, { ...scale(3), apiVersion: 'autoscaling/v2' }, APPLY)).toMatchObject({
      status: 400,
    });
    expect(await send('PATCH', at, scale(-1), APPLY)).toMatchObject({ status: 422 });
    const unmanaged = await send('PATCH', `${path}/scale`, scale(3), APPLY);
    expect(unmanaged).toMatchObject({ status: 422 });
  });
});
