// Custom resources: served, checked and shown as soon as their definition is acknowledged, and gone with it.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CustomResourceDefinitions } from '../../../src/api/resources.ts';
import type { ResourceType, Unstructured } from '../../../src/api/types.ts';
import { type TestServer, startTestServer } from '../../support/server.ts';
import { raw } from '../../support/raw.ts';

let server: TestServer;
beforeEach(async () => {
  server = await startTestServer();
});
afterEach(() => server.close());

const version = (name: string, more: object = {}) => ({
  name,
  served: true,
  storage: name === 'v1',
  subresources: { status: {}, scale: { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' } },
  additionalPrinterColumns: [{ name: 'Colour', type: 'string', jsonPath: '.spec.colour' }],
  selectableFields: [{ jsonPath: '.spec.colour' }],
  schema: {
    openAPIV3Schema: {
      type: 'object',
      properties: {
        spec: {
          type: 'object',
          properties: {
            colour: { type: 'string', default: 'red', maxLength: 5 },
            replicas: { type: 'integer', minimum: 0 },
          },
        },
        status: { type: 'object', properties: { replicas: { type: 'integer' } } },
      },
    },
  },
  ...more,
});
const definition = (versions: object[] = [version('v1')]): Unstructured => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'gadgets.example.com' },
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    names: { plural: 'gadgets', kind: 'Gadget', shortNames: ['gd'], categories: ['all'] },
    versions,
  },
});
const Gadgets: ResourceType = {
  group: 'example.com',
  version: 'v1',
  plural: 'gadgets',
  kind: 'Gadget',
  namespaced: true,
};
const gadget = (name: string, spec: object = {}): Unstructured => ({
  apiVersion: 'example.com/v1',
  kind: 'Gadget',
  metadata: { name, namespace: 'default' },
  spec,
});
const at = (name: string) => ({ name, namespace: 'default' });
const define = (versions?: object[]) => server.client().create(CustomResourceDefinitions, definition(versions));

describe('a definition', () => {
  it('is established and in discovery at once', async () => {
    const made = await define();
    expect(made['status']).toMatchObject({
      acceptedNames: { plural: 'gadgets', singular: 'gadget', listKind: 'GadgetList' },
      storedVersions: ['v1'],
      conditions: [
        { type: 'NamesAccepted', status: 'True', reason: 'NoConflicts' },
        { type: 'Established', status: 'True', reason: 'InitialNamesAccepted' },
      ],
    });
    const { json } = await raw(server, 'GET', '/apis/example.com/v1');
    expect(json).toMatchObject({
      groupVersion: 'example.com/v1',
      resources: [
        { name: 'gadgets', singularName: 'gadget', kind: 'Gadget', shortNames: ['gd'], categories: ['all'] },
        { name: 'gadgets/status', kind: 'Gadget' },
        { name: 'gadgets/scale', kind: 'Scale', group: 'autoscaling', version: 'v1' },
      ],
    });
    const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
    const aggregated = await raw(server, 'GET', '/apis', { headers: { accept } });
    expect(aggregated.text).toContain('"gadgets"');
    const again = await raw(server, 'GET', '/apis', {
      headers: { accept, 'if-none-match': String(aggregated.headers['etag']) },
    });
    expect(again.status).toBe(304);
  });

  it('does not get names that others have', async () => {
    await define();
    const other = definition();
    other.metadata.name = 'others.example.com';
    (other['spec'] as { names: object }).names = { plural: 'others', kind: 'Gadget' };
    const made = await server.client().create(CustomResourceDefinitions, other);
    expect(made['status']).toMatchObject({
      conditions: [
        { type: 'NamesAccepted', status: 'False', reason: 'ListKindConflict' },
        { type: 'Established', status: 'False' },
      ],
    });
  });

  it('takes its objects with it, and ends their watches', async () => {
    const client = server.client();
    await define();
    await client.create(Gadgets, gadget('a'));
    const watching = client.watch(Gadgets, { resourceVersion: '0' });
    expect((await watching.next()).value).toMatchObject({ type: 'ADDED' });
    const ending = await client.delete(CustomResourceDefinitions, { name: 'gadgets.example.com' });
    expect(ending).toMatchObject({
      metadata: { finalizers: ['customresourcecleanup.apiextensions.k8s.io'], deletionTimestamp: expect.any(String) },
    });
    expect((await watching.next()).value).toMatchObject({ type: 'DELETED' });
    expect((await watching.next()).done).toBe(true);
    await expect(client.get(CustomResourceDefinitions, { name: 'gadgets.example.com' })).rejects.toMatchObject({
      code: 404,
    });
    expect((await raw(server, 'GET', '/apis/example.com/v1/gadgets')).status).toBe(404);
    await define();
    expect((await client.list(Gadgets)).items).toEqual([]);
  });

  it('is there again after a restart', async () => {
    await define();
    await server.client().create(Gadgets, gadget('a'));
    const second = await startTestServer({ store: server.store, namespaces: false });
    expect((await second.client().list(Gadgets)).items).toHaveLength(1);
    await second.server.close();
  });
});

describe('an object', () => {
  it('is pruned, defaulted and validated', async () => {
    await define();
    const path = '/apis/example.com/v1/namespaces/default/gadgets';
    const made = await raw(server, 'POST', path, { body: gadget('a', { junk: 1, replicas: 2 }) });
    expect(made).toMatchObject({
      status: 201,
      headers: { warning: ['299 - "unknown field \\"spec.junk\\""'] },
      json: { metadata: { generation: 1 }, spec: { colour: 'red', replicas: 2 } },
    });
    expect((made.json as { spec: object }).spec).not.toHaveProperty('junk');
    const bad = await raw(server, 'POST', path, { body: gadget('b', { colour: 'yellow', replicas: -1 }) });
    expect(bad.status).toBe(422);
    expect((bad.json as { message: string }).message).toContain('spec.replicas: Invalid value: -1');
  });

  it('keeps status apart, scales, is selected by field and shown by its columns', async () => {
    const client = server.client();
    await define();
    const made = await client.create(Gadgets, { ...gadget('a', { replicas: 1 }), status: { replicas: 9 } });
    expect(made['status']).toBeUndefined();
    const updated = await client.updateStatus(Gadgets, { ...made, spec: { replicas: 5 }, status: { replicas: 1 } });
    expect(updated).toMatchObject({ spec: { replicas: 1 }, status: { replicas: 1 }, metadata: { generation: 1 } });
    const scaled = await client.patch(Gadgets, at('a'), 'merge', { spec: { replicas: 4 } }, { subresource: 'scale' });
    expect(scaled).toMatchObject({ kind: 'Scale', spec: { replicas: 4 }, status: { replicas: 1 } });
    await client.create(Gadgets, gadget('b', { colour: 'blue' }));
    const blue = await client.list(Gadgets, { fieldSelector: 'spec.colour=blue' });
    expect(blue.items.map((i) => i.metadata.name)).toEqual(['b']);
    const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io';
    const table = await raw(server, 'GET', '/apis/example.com/v1/gadgets', { headers: { accept } });
    expect(table.json).toMatchObject({ rows: [{ cells: ['a', 'red'] }, { cells: ['b', 'blue'] }] });
  });

  it('is served in every version, with the version that was asked', async () => {
    const client = server.client();
    await define([version('v1'), version('v2')]);
    await client.create(Gadgets, gadget('a'));
    const two = await client.get({ ...Gadgets, version: 'v2' }, at('a'));
    expect(two.apiVersion).toBe('example.com/v2');
    // The storage version moves; what is stored says the old one until it is written again.
    const crd = await client.get(CustomResourceDefinitions, { name: 'gadgets.example.com' });
    const versions = [version('v1', { storage: false }), version('v2', { storage: true })];
    const moved = await client.update(CustomResourceDefinitions, {
      ...crd,
      spec: { ...(crd['spec'] as object), versions },
    });
    expect(moved['status']).toMatchObject({ storedVersions: ['v1', 'v2'] });
    expect((await client.get(Gadgets, at('a'))).apiVersion).toBe('example.com/v1');
    const { items } = await client.list({ ...Gadgets, version: 'v2' });
    expect(items[0]!.apiVersion).toBe('example.com/v2');
  });

  it('can be applied, and refuses strategic patches', async () => {
    const client = server.client();
    await define();
    await client.apply(Gadgets, gadget('a', { colour: 'blue' }), { fieldManager: 'x' });
    await expect(client.patch(Gadgets, at('a'), 'strategic', {})).rejects.toMatchObject({ code: 415 });
  });

  it('must say the revision that it replaces', async () => {
    await define();
    await server.client().create(Gadgets, gadget('a'));
    await expect(server.client().update(Gadgets, gadget('a', { colour: 'x' }))).rejects.toMatchObject({
      message:
        'Gadget.example.com "a" is invalid: metadata.resourceVersion: Invalid value: 0: must be specified for an update',
    });
  });
});
