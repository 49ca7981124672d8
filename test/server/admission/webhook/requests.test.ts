// What webhooks are told of requests that are about no stored object, or about more than one resource.
// Upstream: test/integration/apiserver/admissionwebhook/admission_test.go.
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { Namespaces, Pods } from '../../../../src/api/resources.ts';
import type { Client } from '../../../../src/client/rest.ts';
import { type HttpsTestServer, startHttpsServer } from '../../../support/https-server.ts';
import type { TestServer } from '../../../support/server.ts';
import { Mutating, Validating, allow, patch, register, startWebhookServer } from './support.ts';

let server: TestServer;
let admin: Client;
let hook: HttpsTestServer;

beforeAll(async () => {
  server = await startWebhookServer();
  admin = server.client();
  // It changes what it can.
  hook = await startHttpsServer((call) =>
    call.path === '/mutate' && call.body.request.object
      ? patch(call, [{ op: 'add', path: '/foo', value: 'test' }])
      : allow(call),
  );
  const rules = [{ operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*/*'] }];
  const to = (path: string) => ({ clientConfig: { url: `${hook.url}${path}`, caBundle: hook.caBundle }, rules });
  await register(admin, Mutating, 'mutates', to('/mutate'));
  await register(admin, Validating, 'validates', to('/validate'));
});
afterEach(() => void (hook.calls.length = 0));
afterAll(async () => {
  await server.close();
  await hook.close();
});

/** What both were told, in one line each. */
const told = (): string[] =>
  hook.calls.map(({ path, body }) => {
    const { operation, resource, subResource, namespace, name, object } = body.request;
    const what = [resource.resource, subResource].filter(Boolean).join('/');
    return [path, operation, what, `${namespace ?? ''}/${name ?? ''}`, object?.kind].filter(Boolean).join(' ');
  });
const both = (line: string): string[] => [`/mutate ${line}`, `/validate ${line}`];

it('the namespace of a new namespace is itself', async () => {
  await admin.create(Namespaces, { metadata: { name: 'new' } });
  expect(told()).toEqual(both('CREATE namespaces new/new Namespace'));
});

it.each([
  ['authentication.k8s.io/v1', 'TokenReview', { token: 't' }],
  ['authentication.k8s.io/v1', 'SelfSubjectReview', undefined],
  ['authorization.k8s.io/v1', 'SubjectAccessReview', { user: 'u', nonResourceAttributes: { path: '/', verb: 'get' } }],
  ['authorization.k8s.io/v1', 'SelfSubjectAccessReview', { nonResourceAttributes: { path: '/', verb: 'get' } }],
  ['authorization.k8s.io/v1', 'SelfSubjectRulesReview', { namespace: 'default' }],
])('%s %s is admitted, and not stored', async (apiVersion, kind, spec) => {
  const [group, version] = apiVersion.split('/') as [string, string];
  const plural = `${kind.toLowerCase()}s`;
  const type = { group, version, plural, kind, namespaced: false };
  await admin.create(type, { apiVersion, kind, metadata: {}, ...(spec ? { spec } : {}) } as never);
  expect(told()).toEqual(both(`CREATE ${plural} / ${kind}`));
});

const binding = (name: string) => ({
  apiVersion: 'v1',
  kind: 'Binding',
  metadata: { name },
  target: { kind: 'Node', name: 'n1' },
});

it.each([
  ['the old way', () => '/api/v1/namespaces/default/bindings', (pod: string) => `bindings default/${pod}`],
  [
    'below the pod',
    (pod: string) => `/api/v1/namespaces/default/pods/${pod}/binding`,
    (pod: string) => `pods/binding default/${pod}`,
  ],
])('a binding %s is one request, and the pod’s own change none', async (_way, pathOf, said) => {
  const pod = await admin.create(Pods, {
    metadata: { generateName: 'bound-', namespace: 'default' },
    spec: { containers: [{ name: 'c', image: 'i' }] },
  });
  hook.calls.length = 0;
  const name = pod.metadata!.name!;
  await admin.request('POST', pathOf(name), { body: binding(name) });
  expect(told()).toEqual(both(`CREATE ${said(name)} Binding`));
  expect((await admin.get(Pods, { namespace: 'default', name })).spec!.nodeName).toBe('n1');
});

it('the options of a connection may be patched, though they have no metadata', async () => {
  const pod = await admin.create(Pods, {
    metadata: { generateName: 'far-', namespace: 'default' },
    spec: { containers: [{ name: 'c', image: 'i' }] },
  });
  hook.calls.length = 0;
  const name = pod.metadata!.name!;
  const exec = admin.request('POST', `/api/v1/namespaces/default/pods/${name}/exec`, { query: { command: 'x' } });
  await expect(exec).rejects.toMatchObject({ message: `pod ${name} does not have a host assigned` });
  expect(told()).toEqual(both(`CONNECT pods/exec default/${name} PodExecOptions`));
});
