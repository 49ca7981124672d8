// metrics.k8s.io is served here until somebody installs a metrics server: its APIService is theirs alone.
import { afterEach, beforeEach, expect, it } from 'vitest';
import { raw } from '../../../support/raw.ts';
import { type TestServer, startTestServer } from '../../../support/server.ts';

let server: TestServer;
beforeEach(async () => {
  const fail = () => Promise.reject(new Error('nobody is there'));
  const caller = { forward: fail, call: fail, close: () => {} };
  server = await startTestServer({ aggregation: { caller, credential: () => undefined } });
});
afterEach(() => server.close());

const services = '/apis/apiregistration.k8s.io/v1/apiservices';
const nodes = '/apis/metrics.k8s.io/v1beta1/nodes';

it('gives way to an extension server', async () => {
  expect((await raw(server, 'GET', nodes)).status).toBe(200);
  expect((await raw(server, 'GET', `${services}/v1beta1.metrics.k8s.io`)).status).toBe(404);
  const spec = {
    group: 'metrics.k8s.io',
    version: 'v1beta1',
    groupPriorityMinimum: 100,
    versionPriority: 100,
    insecureSkipTLSVerify: true,
    service: { namespace: 'kube-system', name: 'metrics-server' },
  };
  const body = {
    apiVersion: 'apiregistration.k8s.io/v1',
    kind: 'APIService',
    metadata: { name: 'v1beta1.metrics.k8s.io' },
    spec,
  };
  expect((await raw(server, 'POST', services, { body })).status).toBe(201);
  expect((await raw(server, 'GET', nodes)).status).toBe(503);
  await raw(server, 'DELETE', `${services}/v1beta1.metrics.k8s.io`);
  expect((await raw(server, 'GET', nodes)).status).toBe(200);
});
