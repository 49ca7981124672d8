// ComponentStatus: a kind that is worked out when it is asked for. It stands for all such kinds here: one, lists,
// tables, selectors, and what they cannot do.
import { afterEach, beforeEach, expect, it } from 'vitest';
import { raw } from '../../support/raw.ts';
import { type TestServer, startTestServer } from '../../support/server.ts';

let server: TestServer;
beforeEach(async () => {
  server = await startTestServer({
    components: {
      scheduler: async () => {},
      'controller-manager': () => Promise.reject(new Error('nobody leads')),
    },
  });
});
afterEach(() => server.close());

const path = '/api/v1/componentstatuses';
const ok = { type: 'Healthy', status: 'True', message: 'ok' };

it('lists the parts of the control plane, with a warning', async () => {
  const { status, json, headers } = await raw(server, 'GET', path);
  expect(status).toBe(200);
  expect(json).toEqual({
    kind: 'ComponentStatusList',
    apiVersion: 'v1',
    metadata: {},
    items: [
      {
        metadata: { name: 'controller-manager' },
        conditions: [{ type: 'Healthy', status: 'False', message: 'nobody leads' }],
      },
      { metadata: { name: 'etcd-0' }, conditions: [ok] },
      { metadata: { name: 'scheduler' }, conditions: [ok] },
    ],
  });
  expect(headers['warning']).toEqual(['299 - "v1 ComponentStatus is deprecated in v1.19+"']);
});

it('gives one', async () => {
  const { json } = await raw(server, 'GET', `${path}/etcd-0`);
  expect(json).toEqual({ kind: 'ComponentStatus', apiVersion: 'v1', metadata: { name: 'etcd-0' }, conditions: [ok] });
  expect(await raw(server, 'GET', `${path}/nothing`)).toMatchObject({
    status: 404,
    json: { message: 'componentstatuses "nothing" not found', reason: 'NotFound' },
  });
});

it('selects', async () => {
  const names = async (query: string): Promise<string[]> => {
    const { json } = await raw(server, 'GET', `${path}?${query}`);
    return (json as { items: { metadata: { name: string } }[] }).items.map((item) => item.metadata.name);
  };
  expect(await names('fieldSelector=metadata.name%3Dscheduler')).toEqual(['scheduler']);
  expect(await names('labelSelector=a%3Db')).toEqual([]);
});

it('comes as a table', async () => {
  const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io';
  const { json } = await raw(server, 'GET', path, { headers: { accept } });
  const { columnDefinitions, rows } = json as { columnDefinitions: { name: string }[]; rows: { cells: string[] }[] };
  expect(columnDefinitions.map((c) => c.name)).toEqual(['Name', 'Status', 'Message', 'Error']);
  expect(rows.map((r) => r.cells)).toEqual([
    ['controller-manager', 'Unhealthy', 'nobody leads', ''],
    ['etcd-0', 'Healthy', 'ok', ''],
    ['scheduler', 'Healthy', 'ok', ''],
  ]);
});

it.each([
  ['POST', path],
  ['DELETE', `${path}/etcd-0`],
  ['GET', `${path}?watch=true`],
])('has no %s of %s', async (method, where) => {
  expect(await raw(server, method, where, method === 'POST' ? { body: '{}' } : {})).toMatchObject({ status: 405 });
});
