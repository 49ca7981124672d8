// Bodies that cost much, are too large, or are not what they say: a Status, soon, and the server goes on.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { raw } from '../../support/raw.ts';
import { type TestServer, startTestServer } from '../../support/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const maps = '/api/v1/namespaces/default/configmaps';
const post = async (body: string | Uint8Array, type = 'application/json', method = 'POST', path = maps) => {
  const { status, json } = await raw(server, method, path, { body, headers: { 'content-type': type } });
  const { message = '', kind } = json as { message?: string; kind?: string };
  return { status, message, kind };
};
const head = 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\n';
const SIZE = 3 * 1024 * 1024 - 1_000;
const fill = (text: string): string => text.repeat(Math.floor(SIZE / text.length));

describe('YAML of three megabytes', () => {
  it.each([
    ['a list of one line', `${head}x: [${fill('1,')}1]\n`],
    ['quotes', head + fill('"')],
    ['directives', fill('%a\n')],
    ['open brackets', `${head}x: ${fill('[')}`],
  ])('%s', async (what, body) => {
    expect(await post(body, 'application/yaml')).toMatchObject({ status: 400, kind: 'Status' });
    if (what === 'quotes') return;
    const applied = await post(body, 'application/apply-patch+yaml', 'PATCH', `${maps}/x?fieldManager=m`);
    expect(applied).toMatchObject({ status: 400, kind: 'Status' });
  });
  it('is read when it is one long text', async () => {
    const body = `${head}data:\n  a: |\n${'    xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n'.repeat(28_000)}`;
    expect((await post(body, 'application/yaml')).status).toBe(201);
  });
});

it.each([
  ['nothing', '', 400],
  ['a word', 'nonsense', 400],
  ['a half', '{"metadata":{"name":', 400],
  ['a number', '1e999', 400],
  ['a list', '[]', 400],
  ['null', 'null', 400],
  ['two documents', '{"metadata":{"name":"two"}}{"metadata":{"name":"three"}}', 400],
  ['NUL in a name', '{"metadata":{"name":"a\\u0000b"}}', 422],
  ['raw NUL', '{"metadata":{"name":"a\u0000b"}}', 400],
  ['half of a pair', '{"metadata":{"name":"\\ud800"}}', 422],
  ['a key __proto__', '{"metadata":{"name":"proto","labels":{"__proto__":"x"}}}', 422],
  ['__proto__ for metadata', '{"__proto__":{"name":"y"},"metadata":{}}', 422],
  ['another kind', '{"apiVersion":"v1","kind":"Secret","metadata":{"name":"z"}}', 400],
  ['another version', '{"apiVersion":"v2","kind":"ConfigMap","metadata":{"name":"z"}}', 400],
  ['a list of labels', '{"metadata":{"name":"z","labels":["a"]}}', 400],
  [
    'more than one megabyte of data',
    JSON.stringify({ metadata: { name: 'z' }, data: { a: 'x'.repeat(2 ** 20 + 1) } }),
    422,
  ],
])('%s is answered %#', async (_, body, status) => {
  const bytes = Buffer.from(body);
  expect(await post(bytes)).toMatchObject({ status, kind: 'Status' });
});

it.each([
  ['/api/v1/nodes', { metadata: { name: 'n' }, spec: { taints: [{ key: null, effect: 'NoSchedule' }] } }],
  [
    '/apis/apiregistration.k8s.io/v1/apiservices',
    {
      metadata: { name: 'v1.x.org' },
      spec: { group: 'x.org', version: null, groupPriorityMinimum: 1, versionPriority: 1 },
    },
  ],
])('null for a text is none: %s', async (path, object) => {
  expect(await post(JSON.stringify(object), 'application/json', 'POST', path)).toMatchObject({ status: 422 });
});

it('invalid UTF-8 is refused or replaced, never stored', async () => {
  const bytes = Buffer.concat([
    Buffer.from('{"metadata":{"name":"utf"},"data":{"a":"'),
    Buffer.from([0xff, 0xfe]),
    Buffer.from('"}}'),
  ]);
  const { status } = await post(bytes);
  expect([201, 400]).toContain(status);
  const { text } = await raw(server, 'GET', `${maps}/utf`);
  expect(() => new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(text))).not.toThrow();
});

it.each(['text/plain', 'application/xml', 'multipart/form-data', 'application/json; charset', 'a/b;c'])(
  'the content type %s',
  async (type) => {
    const { status, kind } = await post('{"metadata":{"generateName":"t-"}}', type);
    expect([kind === 'Status' ? status : 201]).toEqual([type.startsWith('application/json') ? 201 : 415]);
  },
);
