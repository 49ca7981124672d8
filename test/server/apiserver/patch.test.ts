// PATCH in its four kinds, and who owns what afterwards.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Deployments } from '../../../src/api/resources.ts';
import { type TestServer, startTestServer } from '../../support/server.ts';
import { raw } from '../../support/raw.ts';

let server: TestServer;
beforeEach(async () => {
  server = await startTestServer();
});
afterEach(() => server.close());

const deployment = (name: string) => ({
  apiVersion: 'apps/v1' as const,
  kind: 'Deployment' as const,
  metadata: { name, namespace: 'default' },
  spec: {
    replicas: 2,
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'c', image: 'nginx:1' }] } },
  },
});
const path = '/apis/apps/v1/namespaces/default/deployments/web';
const key = { name: 'web', namespace: 'default' };

describe('what is applied', () => {
  const apply = async (body: object) => {
    const headers = { 'content-type': 'application/apply-patch+yaml' };
    const { status, json } = await raw(server, 'PATCH', `${path}?fieldManager=m`, { body, headers });
    return [status, (json as { message: string }).message];
  };
  const bare = { metadata: { name: 'web' } };

  it('says its version and kind itself', async () => {
    expect(await apply({ ...bare, kind: 'Deployment' })).toEqual([
      400,
      'Incorrect version specified in apply patch. Specified patch version: , expected: apps/v1',
    ]);
    expect(await apply({ ...bare, apiVersion: 'apps/v1' })).toEqual([
      500,
      'failed to create typed patch object (/web; apps/v1, Kind=): no corresponding type for apps/v1, Kind=',
    ]);
    expect(await apply({ ...bare, apiVersion: 'apps/v1', kind: 'Scale' })).toEqual([
      500,
      'failed to create typed patch object (/web; apps/v1, Kind=Scale): no corresponding type for apps/v1, Kind=Scale',
    ]);
  });
});

describe('patch', () => {
  it('merges lists by their keys in a strategic patch and counts generations', async () => {
    const client = server.client();
    await client.create(Deployments, deployment('web'));
    const patched = await client.patch(Deployments, key, 'strategic', {
      spec: { template: { spec: { containers: [{ name: 'd', image: 'busybox' }] } } },
    });
    expect(patched.spec!.template.spec!.containers.map((c) => c.name).sort()).toEqual(['c', 'd']);
    expect(patched.metadata!.generation).toBe(2);
  });

  it('replaces lists in a merge patch, and applies operations of a JSON patch', async () => {
    const client = server.client();
    await client.create(Deployments, deployment('web'));
    const merged = await client.patch(Deployments, key, 'merge', { metadata: { labels: { a: '1' } } });
    expect(merged.metadata).toMatchObject({ labels: { a: '1' }, generation: 1 });
    const operated = await client.patch(Deployments, key, 'json', [
      { op: 'test', path: '/metadata/labels/a', value: '1' },
      { op: 'replace', path: '/spec/replicas', value: 5 },
    ]);
    expect(operated.spec!.replicas).toBe(5);
  });

  it('keeps status and spec apart', async () => {
    const client = server.client();
    await client.create(Deployments, deployment('web'));
    const status = { spec: { replicas: 9 }, status: { observedGeneration: 1, replicas: 2 } };
    const one = await client.patch(Deployments, key, 'merge', status, { subresource: 'status' });
    expect([one.spec!.replicas, one.status!.replicas]).toEqual([2, 2]);
    const two = await client.patch(Deployments, key, 'merge', { spec: { replicas: 9 }, status: { replicas: 7 } });
    expect([two.spec!.replicas, two.status!.replicas]).toEqual([9, 2]);
    const managers = two.metadata!.managedFields!.map((m) => `${m.operation} ${m.subresource ?? ''}`);
    expect(managers.sort()).toEqual(['Update ', 'Update status']);
  });

  it('names what it takes when it is given something else', async () => {
    await server.client().create(Deployments, deployment('web'));
    const answer = await raw(server, 'PATCH', path, { body: '{}', headers: { 'content-type': 'text/plain' } });
    expect(answer).toMatchObject({
      status: 415,
      json: {
        message:
          'the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json, application/apply-patch+yaml',
      },
    });
  });

  it('applies again after a conflict', async () => {
    const client = server.client();
    await client.create(Deployments, deployment('web'));
    const labels = Array.from({ length: 20 }, (_, i) => `l${i}`);
    await Promise.all(
      labels.map((l) => client.patch(Deployments, key, 'merge', { metadata: { labels: { [l]: 'x' } } })),
    );
    const { metadata } = await client.get(Deployments, key);
    expect(Object.keys(metadata!.labels!).sort()).toEqual(labels.sort());
  });
});

describe('a patch of one field', () => {
  it('checks what it changes, and leaves the order of fields', async () => {
    const client = server.client();
    await client.create(Deployments, deployment('web'));
    const patch = (body: object, type = 'strategic-merge') =>
      raw(server, 'PATCH', `${path}?fieldValidation=Strict`, {
        body,
        headers: { 'content-type': `application/${type}-patch+json` },
      });
    const labelled = await patch({ metadata: { labels: { a: '1' } } });
    expect(Object.keys(labelled.json as object)).toEqual(['kind', 'apiVersion', 'metadata', 'spec', 'status']);
    expect(await patch({ metadata: { labels: { a: 1 } } })).toMatchObject({ status: 422 });
    expect(await patch({ metadata: { tables: {} } })).toMatchObject({ status: 422 });
    expect(await patch({ specification: {} })).toMatchObject({ status: 422 });
    expect(await patch({ spec: { replicas: 'two' } })).toMatchObject({ status: 422 });
    expect(await patch({ spec: { strategy: null, paused: null } })).toMatchObject({
      status: 200,
      json: { spec: { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%' } } } },
    });
    expect(await patch([{ op: 'remove', path: '/spec' }], 'json')).toMatchObject({ status: 422 });
  });
});

describe('server-side apply', () => {
  it('reads JSON with JSON in it, and finds the fields that stand twice', async () => {
    const maps = '/api/v1/namespaces/default/configmaps/c';
    const apply = (body: string) =>
      raw(server, 'PATCH', `${maps}?fieldManager=x&fieldValidation=Strict`, {
        body,
        headers: { 'content-type': 'application/apply-patch+yaml' },
      });
    const head = '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c"}';
    const inner = JSON.stringify(JSON.stringify({ a: { b: 1 } }));
    expect(await apply(`${head},"data":{"k":${inner}}}`)).toMatchObject({
      status: 201,
      json: { data: { k: '{"a":{"b":1}}' } },
    });
    const twice = await apply(`${head},"data":{"k":${inner},"k":"other"}}`);
    expect(twice).toMatchObject({ status: 400 });
    expect(JSON.stringify(twice.json)).toContain('already set');
  });

  it('creates, changes nothing the second time, and removes what is no longer applied', async () => {
    const client = server.client();
    const labelled = { ...deployment('web'), metadata: { ...deployment('web').metadata, labels: { a: '1' } } };
    const one = await client.apply(Deployments, labelled, { fieldManager: 'x' });
    expect(one.metadata!.managedFields).toMatchObject([{ manager: 'x', operation: 'Apply' }]);
    const two = await client.apply(Deployments, labelled, { fieldManager: 'x' });
    expect(two.metadata!.resourceVersion).toBe(one.metadata!.resourceVersion);
    const three = await client.apply(Deployments, deployment('web'), { fieldManager: 'x' });
    expect(three.metadata!.labels).toBeUndefined();
  });

  it('conflicts with other owners unless forced', async () => {
    const client = server.client();
    await client.apply(Deployments, deployment('web'), { fieldManager: 'x' });
    const other = deployment('web');
    other.spec.replicas = 3;
    await expect(client.apply(Deployments, other, { fieldManager: 'y' })).rejects.toMatchObject({
      message: 'Apply failed with 1 conflict: conflict with "x": .spec.replicas',
      status: { code: 409, reason: 'Conflict' },
    });
    const forced = await client.apply(Deployments, other, { fieldManager: 'y', force: true });
    expect(forced.spec!.replicas).toBe(3);
  });

  it('needs a field manager', async () => {
    const answer = await raw(server, 'PATCH', path, {
      body: JSON.stringify(deployment('web')),
      headers: { 'content-type': 'application/apply-patch+yaml' },
    });
    expect(answer).toMatchObject({
      status: 422,
      json: {
        message: 'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
      },
    });
  });
});

describe('scale', () => {
  it('reads and writes replicas as an autoscaling/v1 Scale', async () => {
    await server.client().create(Deployments, deployment('web'));
    const read = await raw(server, 'GET', `${path}/scale`);
    expect(read.json).toMatchObject({
      kind: 'Scale',
      apiVersion: 'autoscaling/v1',
      spec: { replicas: 2 },
      status: { replicas: 0, selector: 'app=web' },
    });
    const patch = { body: '{"spec":{"replicas":4}}', headers: { 'content-type': 'application/merge-patch+json' } };
    expect((await raw(server, 'PATCH', `${path}/scale`, patch)).json).toMatchObject({ spec: { replicas: 4 } });
    const after = await server.client().get(Deployments, key);
    expect([after.spec!.replicas, after.metadata!.generation]).toEqual([4, 2]);
  });

  it('takes a strategic patch for one of a Scale, whatever kind it says', async () => {
    await server.client().create(Deployments, deployment('web'));
    const body = '{"kind":"Deployment","apiVersion":"apps/v1","spec":{"replicas":5}}';
    const send = (type: string) => raw(server, 'PATCH', `${path}/scale`, { body, headers: { 'content-type': type } });
    expect((await send('application/merge-patch+json')).status).toBe(400);
    expect((await send('application/strategic-merge-patch+json')).json).toMatchObject({
      kind: 'Scale',
      spec: { replicas: 5 },
    });
  });
});
