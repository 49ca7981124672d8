// Which paths and methods there are, and how answers are printed. Upstream: apiserver/pkg/endpoints/apiserver_test.go
// (TestNotFound, TestUnimplementedRESTStorage, TestGetPretty), endpoints/request/requestinfo_test.go.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { raw } from '../../support/raw.ts';
import { type TestServer, startTestServer } from '../../support/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const CORE = ['/api/v1', 'nodes', 'pods'] as const;
const RBAC = ['/apis/rbac.authorization.k8s.io/v1', 'clusterroles', 'roles'] as const;

it.each([CORE, RBAC])('answers what is at a path, below %s', async (base, root, namespaced) => {
  const inNamespace = `${base}/namespaces/ns/${namespaced}`;
  const table: [method: string, path: string, status: number][] = [
    ['GET', `${base}/${root}`, 200],
    ['GET', inNamespace, 200],
    ['PATCH', `${base}/${root}`, 405],
    ['PUT', `${base}/${root}`, 405],
    ['POST', `${base}/${root}/bar`, 405],
    ['GET', `${base}/blah`, 404],
    ['GET', `${base}/${root}/bar/baz`, 404],
    ['PUT', `${base}/${root}/bar/baz`, 404],
    ['DELETE', `${base}/${root}/bar/baz`, 404],
    ['PATCH', inNamespace, 405],
    ['PUT', inNamespace, 405],
    ['POST', `${inNamespace}/bar`, 405],
    ['POST', `${inNamespace}/bar?watch=true`, 405],
    ['GET', `${inNamespace}/bar/baz`, 404],
    ['PUT', `${inNamespace}/bar/baz`, 404],
    ['DELETE', `${inNamespace}/bar/baz`, 404],
    // Across namespaces: lists and watches alone.
    ['GET', `${base}/${namespaced}`, 200],
    ['GET', `${base}/${namespaced}/x`, 404],
    ['POST', `${base}/${namespaced}`, 405],
    ['PUT', `${base}/${namespaced}`, 405],
    ['DELETE', `${base}/${namespaced}`, 405],
    // The old paths, on which a method that is not GET would otherwise be a watch that nobody ends.
    ['GET', `${base}/watch`, 500],
    ['GET', `${base}/watch/`, 500],
    ['GET', `${base}/watch/blah`, 404],
    ['POST', `${base}/watch/${root}`, 405],
    ['POST', `${base}/watch/${root}/bar`, 405],
    ['DELETE', `${base}/watch/namespaces/ns/${namespaced}/bar`, 405],
    ['GET', `${base}/proxy/${root}/bar`, 404],
    ['GET', `${base}/proxy`, 500],
    ['POST', base, 405],
    ['GET', `${base}/`, 200],
    ['HEAD', inNamespace, 405],
    ['HEAD', `${inNamespace}/bar`, 405],
    ['HEAD', `${base}/${root}/bar`, 405],
    ['HEAD', `${base}/${namespaced}/x`, 404],
  ];
  const wrong: unknown[] = [];
  for (const [method, path, status] of table) {
    const answer = await raw(server, method, path);
    if (answer.status !== status) wrong.push([method, path, status, answer.status, answer.text.slice(0, 200)]);
  }
  expect(wrong).toEqual([]);
});

it.each([
  // What is only ever created has no names.
  ['GET', '/api/v1/namespaces/ns/bindings', 405],
  ['GET', '/api/v1/namespaces/ns/bindings/a', 404],
  ['PUT', '/api/v1/namespaces/ns/bindings/a', 404],
  ['DELETE', '/apis/authorization.k8s.io/v1/subjectaccessreviews/a', 404],
  ['GET', '/apis/authorization.k8s.io/v1/subjectaccessreviews', 405],
  ['HEAD', '/api/v1/namespaces/ns/pods/a/status', 405],
  ['POST', '/apis', 405],
  ['PUT', '/apis/apps', 405],
  ['POST', '/version', 405],
  ['POST', '/healthz', 200],
  ['GET', '/healthz/', 404],
  ['GET', '/apis/none', 404],
  ['POST', '/apis/none', 404],
] as const)('%s %s is %i', async (method, path, status) => {
  expect((await raw(server, method, path)).status).toBe(status);
});

it('says in plain text what it cannot read in a path', async () => {
  const { text, headers } = await raw(server, 'GET', '/api/v1/watch/');
  const why = 'unable to determine kind and namespace from url, /api/v1/watch/';
  expect(text).toBe(`Internal Server Error: "/api/v1/watch/": failed to create RequestInfo: ${why}\n`);
  expect(headers['content-type']).toBe('text/plain; charset=utf-8');
});

it.each([
  [false, '', { accept: 'application/json' }],
  [false, '', { accept: 'application/json;pretty=0' }],
  [false, '', { accept: 'application/json', 'user-agent': 'kubectl' }],
  [false, '?pretty=0', {}],
  [false, '?pretty=', {}],
  [false, '?pretty=yes', { 'user-agent': 'curl' }],
  [true, '', { 'user-agent': 'curl' }],
  [true, '', { 'user-agent': 'Mozilla/5.0' }],
  [true, '', { 'user-agent': 'Wget' }],
  [true, '', { accept: 'application/json;pretty=1' }],
  [true, '?pretty=1', {}],
  [true, '?pretty=T', {}],
  [true, '?pretty=', { 'user-agent': 'curl' }],
] as const)('pretty %s: %s %j', async (pretty, query, headers) => {
  for (const path of ['/api/v1/namespaces/default', '/api/v1/namespaces', '/api/v1/namespaces/none', '/api']) {
    const { text, json } = await raw(server, 'GET', path + query, { headers });
    // Go ends what it prints on one line, and does not what it indents.
    expect(text).toBe(pretty ? JSON.stringify(json, null, 2) : `${JSON.stringify(json)}\n`);
  }
});

it('deletes no collection of custom resources across namespaces', async () => {
  const body = {
    metadata: { name: 'wheels.example.com' },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { plural: 'wheels', kind: 'Wheel' },
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
    },
  };
  await raw(server, 'POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', { body });
  const statuses: number[] = [];
  for (const method of ['GET', 'POST', 'DELETE']) {
    statuses.push((await raw(server, method, '/apis/example.com/v1/wheels')).status);
  }
  expect(statuses).toEqual([200, 404, 404]);
});
