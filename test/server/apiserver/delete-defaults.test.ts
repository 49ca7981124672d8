// What a deletion without a policy does to dependents: old API versions, jobs and replication controllers keep them.
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ObjectMeta } from '../../../src/api/types.ts';
import { raw } from '../../support/raw.ts';
import { type TestServer, startTestServer } from '../../support/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const spec = {
  selector: { matchLabels: { a: 'b' } },
  template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'nginx' }] } },
};
const job = { template: { spec: { ...spec.template.spec, restartPolicy: 'Never' } } };
const WARNING =
  '299 - "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning"';

it.each([
  ['apis/apps/v1', 'Deployment', 'deployments', 'apis/apps/v1', spec, '', undefined],
  ['apis/apps/v1', 'Deployment', 'deployments', 'apis/extensions/v1beta1', spec, '', ['orphan']],
  [
    'apis/apps/v1',
    'Deployment',
    'deployments',
    'apis/extensions/v1beta1',
    spec,
    '?propagationPolicy=Background',
    undefined,
  ],
  ['api/v1', 'ReplicationController', 'replicationcontrollers', 'api/v1', { template: spec.template }, '', ['orphan']],
  ['apis/batch/v1', 'Job', 'jobs', 'apis/batch/v1', job, '', ['orphan']],
  ['apis/batch/v1', 'Job', 'jobs', 'apis/batch/v1', job, '?propagationPolicy=Foreground', ['foregroundDeletion']],
] as const)('%s %s as %s in %s', async (stored, kind, plural, deleted, body, query, finalizers) => {
  const name = `x${Math.random().toString(36).slice(2)}`;
  const path = (version: string) => `/${version}/namespaces/default/${plural}`;
  const apiVersion = stored.replace(/^apis?\//, '');
  const created = await raw(server, 'POST', path(stored), {
    body: { apiVersion, kind, metadata: { name }, spec: body },
  });
  expect(created.status).toBe(201);
  const answer = await raw(server, 'DELETE', `${path(deleted)}/${name}${query}`);
  expect(answer.status).toBeLessThan(300);
  expect(String(answer.headers['warning']) === WARNING).toBe(kind === 'Job' && query === '');
  const left = await raw(server, 'GET', `${path(stored)}/${name}`);
  if (!finalizers) return expect(left.status).toBe(404);
  expect((left.json as { metadata: ObjectMeta }).metadata.finalizers).toEqual(finalizers);
});
