// /metrics: upstream's names and labels, counted without making series for what clients think up.
import type { ConfigMap } from 'kubernetes-types/core/v1.js';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type ParsedSample, parseExposition } from '../../../src/api/exposition.ts';
import { ConfigMaps } from '../../../src/api/resources.ts';
import { raw } from '../../support/raw.ts';
import { type TestServer, startTestServer } from '../../support/server.ts';

let server: TestServer;
beforeEach(async () => {
  server = await startTestServer();
});
afterEach(() => server.close());

const configMaps = '/api/v1/namespaces/default/configmaps';
const body = (name: string): ConfigMap => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } });

async function scrape(path = '/metrics'): Promise<(name: string, labels?: Record<string, string>) => ParsedSample[]> {
  const { status, text, headers } = await raw(server, 'GET', path);
  expect(status).toBe(200);
  expect(headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
  const samples = parseExposition(text);
  return (name, labels = {}) =>
    samples.filter((s) => s.name === name && Object.entries(labels).every(([k, v]) => s.labels[k] === v));
}
const values = (samples: readonly ParsedSample[]): number[] => samples.map((s) => s.value);

it('counts requests by what they were about and how they ended', async () => {
  await raw(server, 'POST', configMaps, { body: body('a') });
  await raw(server, 'POST', `${configMaps}?dryRun=All`, { body: body('b') });
  await raw(server, 'GET', `${configMaps}/a`);
  await raw(server, 'GET', `${configMaps}/nothing`);
  await raw(server, 'GET', configMaps);
  await raw(server, 'GET', '/api/v1/configmaps');
  const headers = { 'content-type': 'application/apply-patch+yaml' };
  await raw(server, 'PATCH', `${configMaps}/a?fieldManager=t`, { body: body('a'), headers });
  await raw(server, 'GET', '/livez');
  const find = await scrape();
  const about = { group: '', version: 'v1', resource: 'configmaps', subresource: '', component: 'apiserver' };
  const count = (labels: Record<string, string>) => values(find('apiserver_request_total', { ...about, ...labels }));
  expect(count({ verb: 'POST', scope: 'resource', code: '201', dry_run: '' })).toEqual([1]);
  expect(count({ verb: 'POST', scope: 'resource', code: '201', dry_run: 'All' })).toEqual([1]);
  expect(count({ verb: 'GET', scope: 'resource', code: '200' })).toEqual([1]);
  expect(count({ verb: 'GET', scope: 'resource', code: '404' })).toEqual([1]);
  expect(count({ verb: 'LIST', scope: 'namespace', code: '200' })).toEqual([1]);
  expect(count({ verb: 'LIST', scope: 'cluster', code: '200' })).toEqual([1]);
  expect(count({ verb: 'APPLY', scope: 'resource', code: '200' })).toEqual([1]);
  expect(values(find('apiserver_request_total', { verb: 'GET', subresource: '/livez', code: '200' }))).toEqual([1]);
  const gets = { ...about, verb: 'GET', scope: 'resource', dry_run: '' };
  expect(values(find('apiserver_request_duration_seconds_count', gets))).toEqual([2]);
  const buckets = find('apiserver_request_duration_seconds_bucket', gets);
  expect(buckets).toHaveLength(24);
  expect(buckets.at(-1)).toMatchObject({ labels: { le: '+Inf' }, value: 2 });
  const sli = { ...about, verb: 'GET', scope: 'resource' };
  expect(find('apiserver_request_sli_duration_seconds_bucket', sli)).toHaveLength(22);
  expect(values(find('apiserver_request_sli_duration_seconds_count', sli))).toEqual([2]);
  expect(values(find('apiserver_response_sizes_count', { ...about, verb: 'LIST', scope: 'cluster' }))).toEqual([1]);
});

it('makes no series for what is not served', async () => {
  for (const path of ['/api/v1/nothings', '/apis/x/v1/things/a', `${configMaps}/a/b`, '/random', '/livez/x']) {
    await raw(server, 'GET', path);
  }
  const find = await scrape();
  const seen = find('apiserver_request_total').map((s) => [s.labels['resource'], s.labels['subresource']].join('/'));
  // The support code made namespaces.
  expect(new Set(seen)).toEqual(new Set(['namespaces/']));
});

it('says what is stored, watched, under way, and asked for in old versions', async () => {
  const client = server.client();
  await client.create(ConfigMaps, { ...body('a'), metadata: { name: 'a', namespace: 'default' } });
  await raw(server, 'GET', '/apis/extensions/v1beta1/deployments');
  const stop = new AbortController();
  const watching = await server.handler({
    method: 'GET',
    path: configMaps,
    query: new URLSearchParams({ watch: 'true' }),
    headers: {},
    signal: stop.signal,
  });
  const stream = (watching.body!.bytes() as AsyncGenerator<Uint8Array>)[Symbol.asyncIterator]();
  await stream.next();
  const find = await scrape();
  expect(values(find('apiserver_storage_objects', { resource: 'configmaps' }))).toEqual([1]);
  expect(values(find('apiserver_resource_objects', { group: '', resource: 'configmaps' }))).toEqual([1]);
  expect(find('apiserver_storage_objects', { resource: 'deployments.apps' })).toHaveLength(1);
  expect(find('apiserver_storage_objects', { resource: 'bindings' })).toHaveLength(0);
  const old = { group: 'extensions', version: 'v1beta1', resource: 'deployments', removed_release: '1.16' };
  expect(values(find('apiserver_requested_deprecated_apis', old))).toEqual([1]);
  expect(find('apiserver_current_inflight_requests').map((s) => s.labels['request_kind'])).toEqual([
    'mutating',
    'readOnly',
  ]);
  const watches = { verb: 'WATCH', resource: 'configmaps', scope: 'namespace' };
  expect(values(find('apiserver_longrunning_requests', watches))).toEqual([1]);
  expect(find('kubernetes_build_info', { major: '1', minor: '34' })).toHaveLength(1);
  expect(find('process_resident_memory_bytes')[0]!.value).toBeGreaterThan(1e6);
  stop.abort();
  await stream.return?.(undefined);
  expect((await scrape())('apiserver_longrunning_requests')).toEqual([]);
});

it('says how its health checks went', async () => {
  await scrape('/metrics/slis');
  const find = await scrape('/metrics/slis');
  expect(values(find('kubernetes_healthcheck', { name: 'etcd', type: 'readyz' }))).toEqual([1]);
  expect(values(find('kubernetes_healthchecks_total', { name: 'etcd', type: 'livez', status: 'success' }))).toEqual([
    2,
  ]);
});

it('is text that can be read back', () => {
  const text = '# HELP x y\nx{a="b\\"c\\\\d\\ne",f=""} 1.5e3 1700\ny +Inf\nbad line{\n\nz{} 3\n';
  expect(parseExposition(text)).toEqual([
    { name: 'x', labels: { a: 'b"c\\d\ne', f: '' }, value: 1500, timestampMs: 1700 },
    { name: 'y', labels: {}, value: Infinity, timestampMs: undefined },
    { name: 'z', labels: {}, value: 3, timestampMs: undefined },
  ]);
});
