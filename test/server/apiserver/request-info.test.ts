// Upstream's table for RequestInfo (apiserver/pkg/endpoints/request/requestinfo_test.go), in our words.
import { expect, it } from 'vitest';
import { requestInfo } from '../../../src/server/apiserver/request-info.ts';

const info = (method: string, url: string) => {
  const [path, query] = url.split('?');
  const signal = new AbortController().signal;
  return requestInfo({ method, path: path!, query: new URLSearchParams(query), headers: {}, signal });
};

it.each([
  ['GET', '/api/v1/namespaces', { verb: 'list', resource: 'namespaces', namespace: '', name: '' }],
  ['GET', '/api/v1/namespaces/other', { verb: 'get', resource: 'namespaces', namespace: 'other', name: 'other' }],
  ['PUT', '/api/v1/namespaces/other/finalize', { verb: 'update', resource: 'namespaces', subresource: 'finalize' }],
  ['GET', '/api/v1/namespaces/other/pods', { verb: 'list', resource: 'pods', namespace: 'other', name: '' }],
  ['GET', '/api/v1/namespaces/other/pods/foo', { verb: 'get', resource: 'pods', namespace: 'other', name: 'foo' }],
  ['HEAD', '/api/v1/namespaces/other/pods/foo', { verb: 'get', resource: 'pods' }],
  ['GET', '/api/v1/pods?watch=true', { verb: 'watch', resource: 'pods' }],
  ['GET', '/api/v1/pods?watch=false', { verb: 'list', resource: 'pods' }],
  ['GET', '/api/v1/watch/pods', { verb: 'watch', resource: 'pods', name: '' }],
  ['GET', '/api/v1/watch/namespaces/other/pods/foo', { verb: 'watch', resource: 'pods', name: 'foo' }],
  ['DELETE', '/apis/apps/v1/namespaces/a/deployments', { verb: 'deletecollection', group: 'apps', version: 'v1' }],
  ['POST', '/api/v1/namespaces/a/pods/p/exec', { verb: 'create', resource: 'pods', subresource: 'exec', name: 'p' }],
  ['GET', '/api/v1/nodes/n/proxy/a/b', { verb: 'get', resource: 'nodes', subresource: 'proxy', rest: '/a/b' }],
  ['GET', '/api/v1/pods?fieldSelector=metadata.name%3Dfoo', { verb: 'list', name: 'foo' }],
  ['GET', '/api/v1/namespaces/a%20b/pods', { namespace: 'a b' }],
  ['GET', '/version', { isResource: false, verb: 'get', path: '/version' }],
  ['POST', '/apis/apps/v1', { isResource: false, verb: 'post' }],
] as const)('%s %s', (method, url, expected) => {
  expect(info(method, url)).toMatchObject(expected);
});
