// A custom resource in two versions that differ: each is read, written, selected and shown by its own schema.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../../src/api/types.ts';
import { raw } from '../../../support/raw.ts';
import { type TestServer, startTestServer } from '../../../support/server.ts';

let server: TestServer;
const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const at = (version: string, name = ''): string => `/apis/example.com/${version}/namespaces/default/gadgets${name}`;
const TABLE = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' };

async function ask(method: string, path: string, body?: object, headers: Record<string, string> = {}) {
  const { status, json } = await raw(server, method, path, { ...(body ? { body } : {}), headers });
  return { code: status, json: json as JsonObject & { message: string; items: JsonObject[]; metadata: JsonObject } };
}

const int = { type: 'integer' };
const version = (name: string, storage: boolean, spec: object, more: object): object => ({
  name,
  served: true,
  storage,
  schema: {
    openAPIV3Schema: {
      type: 'object',
      properties: {
        spec: { type: 'object', properties: spec },
        status: { type: 'object', properties: { n: int, m: int } },
      },
    },
  },
  ...more,
});

const DEFINITION = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'gadgets.example.com' },
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    names: { plural: 'gadgets', kind: 'Gadget' },
    versions: [
      version(
        'v1',
        true,
        { n: { ...int, maximum: 10 }, m: int, color: { type: 'string', default: 'red' } },
        {
          subresources: { status: {}, scale: { specReplicasPath: '.spec.n', statusReplicasPath: '.status.n' } },
          additionalPrinterColumns: [{ name: 'N', type: 'integer', jsonPath: '.spec.n' }],
          selectableFields: [{ jsonPath: '.spec.n' }],
        },
      ),
      version(
        'v2',
        false,
        { n: { ...int, maximum: 100 }, m: { ...int, minimum: 5 }, color: { type: 'string', default: 'blue' } },
        {
          subresources: { scale: { specReplicasPath: '.spec.m', statusReplicasPath: '.status.m' } },
          additionalPrinterColumns: [{ name: 'M', type: 'integer', jsonPath: '.spec.m' }],
          selectableFields: [{ jsonPath: '.spec.color' }],
        },
      ),
    ],
  },
};
const gadget = (version: string, name: string, spec: object): object => ({
  apiVersion: `example.com/${version}`,
  kind: 'Gadget',
  metadata: { name },
  spec,
});

beforeEach(async () => {
  server = await startTestServer();
  expect((await ask('POST', CRDS, DEFINITION)).code).toBe(201);
});
afterEach(() => server.close());

describe('each version', () => {
  it('validates and defaults by its own schema', async () => {
    expect((await ask('POST', at('v1'), gadget('v1', 'a', { n: 11 }))).json.message).toContain(
      'spec.n: Invalid value: 11: spec.n in body should be less than or equal to 10',
    );
    const made = await ask('POST', at('v2'), gadget('v2', 'a', { n: 11, m: 7 }));
    expect([made.code, made.json['spec']]).toEqual([201, { n: 11, m: 7, color: 'blue' }]);
    expect((await ask('POST', at('v2'), gadget('v2', 'b', { m: 1 }))).code).toBe(422);
    const red = await ask('POST', at('v1'), gadget('v1', 'c', { m: 1 }));
    expect(red.json['spec']).toEqual({ m: 1, color: 'red' });
    const patched = await ask('PATCH', at('v2', '/a'), { spec: { m: 2 } }, MERGE);
    expect(patched.json.message).toContain('spec.m in body should be greater than or equal to 5');
  });

  it('has its own columns, selectable fields and subresources', async () => {
    await ask('POST', at('v2'), gadget('v2', 'a', { n: 1, m: 7 }));
    const names = async (version: string): Promise<unknown[]> => {
      const { json } = await ask('GET', at(version), undefined, TABLE);
      const table = json as unknown as { columnDefinitions: { name: string }[]; rows: { cells: unknown[] }[] };
      return [table.columnDefinitions.map(({ name }) => name), table.rows[0]!.cells];
    };
    expect(await names('v1')).toEqual([
      ['Name', 'N'],
      ['a', 1],
    ]);
    expect(await names('v2')).toEqual([
      ['Name', 'M'],
      ['a', 7],
    ]);
    expect((await ask('GET', `${at('v1')}?fieldSelector=spec.n%3D1`)).json.items).toHaveLength(1);
    expect((await ask('GET', `${at('v2')}?fieldSelector=spec.color%3Dblue`)).json.items).toHaveLength(1);
    expect((await ask('GET', `${at('v2')}?fieldSelector=spec.n%3D1`)).json.message).toBe(
      'field label not supported: spec.n',
    );
    expect((await ask('GET', at('v1', '/a/status'))).code).toBe(200);
    expect((await ask('GET', at('v2', '/a/status'))).code).toBe(404);
    expect((await ask('GET', at('v1', '/a/scale'))).json['spec']).toEqual({ replicas: 1 });
    expect((await ask('GET', at('v2', '/a/scale'))).json['spec']).toEqual({ replicas: 7 });
    await ask('PATCH', at('v2', '/a/scale'), { spec: { replicas: 9 } }, MERGE);
    expect((await ask('GET', at('v1', '/a'))).json['spec']).toEqual({ n: 1, m: 9, color: 'blue' });
  });
});

const MERGE = { 'content-type': 'application/merge-patch+json' };
