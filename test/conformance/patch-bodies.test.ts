// Bodies of patches as upstream checks them before and while they are applied.
// Upstream: test/integration/apiserver/field_validation_test.go (testFieldValidationPatchTyped), endpoints/handlers/patch.go.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { raw } from '../support/raw.ts';
import { type TestServer, startTestServer } from '../support/server.ts';

let server: TestServer;
const path = '/api/v1/namespaces/default/configmaps/a';
beforeAll(async () => {
  server = await startTestServer();
  await raw(server, 'POST', path.slice(0, -2), { body: { metadata: { name: 'a' }, data: { k: 'v' } } });
});
afterAll(() => server.close());

const TYPES = { json: 'json-patch', merge: 'merge-patch', strategic: 'strategic-merge-patch' };
async function patch(type: keyof typeof TYPES, body: string | object, query = '') {
  const headers = { 'content-type': `application/${TYPES[type]}+json` };
  const answer = await raw(server, 'PATCH', `${path}${query}`, { body, headers });
  const { message, details } = answer.json as { message?: string; details?: { causes?: { message: string }[] } };
  return { status: answer.status, message, cause: details?.causes?.[0]?.message, warning: answer.headers['warning'] };
}

const loose =
  '[{"op":"add","path":"/data/x","value":"1","foo":"bar"},{"op":"add","path":"/data/y","path":"/data/z","value":"1"},' +
  '{"op":"add","path":"/unknown1","value":1}]';

describe('operations with fields that none has, and with a key twice', () => {
  it('are refused by Strict', async () => {
    expect(await patch('json', loose, '?fieldValidation=Strict')).toMatchObject({
      status: 422,
      cause: expect.stringContaining(
        'strict decoding error: json patch unknown field "[0].foo", json patch duplicate field "[1].path", unknown field "unknown1"',
      ),
    });
  });
  it('are warned of', async () => {
    for (const query of ['', '?fieldValidation=Warn']) {
      const { status, warning } = await patch('json', loose, query);
      expect(status).toBe(200);
      expect(String(warning)).toContain('json patch unknown field \\"[0].foo\\"');
      expect(String(warning)).toContain('json patch duplicate field \\"[1].path\\"');
    }
  });
  it('are ignored', async () => {
    expect(await patch('json', loose, '?fieldValidation=Ignore')).toMatchObject({ status: 200, warning: undefined });
  });
});

it.each([
  ['json', '{', 400, 'error decoding patch: unexpected end of JSON input'],
  [
    'json',
    '{}',
    400,
    'error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp',
  ],
  [
    'json',
    '"x"',
    400,
    'error decoding patch: json: cannot unmarshal string into Go value of type []handlers.jsonPatchOp',
  ],
  [
    'json',
    '[1]',
    400,
    'error decoding patch: json: cannot unmarshal number into Go value of type handlers.jsonPatchOp',
  ],
  [
    'json',
    '[{"op":"add","path":1}]',
    400,
    'error decoding patch: json: cannot unmarshal number into Go struct field jsonPatchOp.path of type string',
  ],
  [
    'json',
    '[{"op":"test","path":"/data/k","value":"w"}]',
    422,
    'the server rejected our request due to an error in our request',
  ],
  ['json', '[]', 200, undefined],
  ['json', 'null', 200, undefined],
  ['merge', '[]', 400, undefined],
  ['merge', '"x"', 400, undefined],
  ['merge', 'nonsense', 400, undefined],
  ['merge', '{}', 200, undefined],
  ['strategic', '[]', 400, undefined],
  ['strategic', '{"data":{"$patch":"shuffle"}}', 500, undefined],
  ['strategic', '{}', 200, undefined],
] as const)('%s patch %s is answered %i', async (type, body, status, message) => {
  const answer = await patch(type, body);
  expect(answer.status).toBe(status);
  if (message !== undefined) expect(answer.message).toBe(message);
});

it.each([
  [
    'json',
    [{ op: 'add', path: '/data/k', value: 1 }],
    /^ "" is invalid: patch: Invalid value: "\{.*cannot unmarshal number into Go/,
  ],
  ['merge', { data: { k: 1 } }, /^ "" is invalid: patch: Invalid value: "\{.*cannot unmarshal number into Go/],
  ['strategic', { data: { k: 1 } }, /^ "" is invalid: patch: Invalid value: "map\[data:map\[k:1\]\]": /],
] as const)('%s patches that leave a field of another type are invalid', async (type, body, message) => {
  const answer = await patch(type, body);
  expect(answer.status).toBe(422);
  expect(answer.message).toMatch(message);
});

it('a failed test names what failed, and changes nothing', async () => {
  const answer = await patch('json', [
    { op: 'replace', path: '/data/k', value: 'w' },
    { op: 'test', path: '/data/k', value: 'v' },
  ]);
  expect(answer.cause).toBe('testing value /data/k failed: test failed');
  expect((await raw(server, 'GET', path)).json).toMatchObject({ data: { k: 'v' } });
});
