// Mutating webhooks: patches in order, second rounds, versions, what a patch may break; connections and scales.
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ConfigMaps, Deployments, Nodes, Pods } from '../../../../src/api/resources.ts';
import type { Client } from '../../../../src/client/rest.ts';
import { type Answer, type Call, type HttpsTestServer, startHttpsServer } from '../../../support/https-server.ts';
import { type TestServer } from '../../../support/server.ts';
import {
  CONFIGMAPS,
  Mutating,
  Validating,
  allow,
  answer,
  configMap,
  deny,
  patch,
  register,
  startWebhookServer,
} from './support.ts';

let server: TestServer;
let admin: Client;
let hook: HttpsTestServer;
let respond: (call: Call) => Answer = allow;

beforeAll(async () => {
  server = await startWebhookServer();
  admin = server.client();
  hook = await startHttpsServer((call) => respond(call));
});
afterEach(async () => {
  await admin.deleteCollection(Mutating, {});
  await admin.deleteCollection(Validating, {});
  await admin.deleteCollection(ConfigMaps, { namespace: 'default' });
  hook.calls.length = 0;
  respond = allow;
});
afterAll(async () => {
  await server.close();
  await hook.close();
});

const config = (path: string) => ({ url: `${hook.url}${path}`, caBundle: hook.caBundle });
const add = (path: string, value: unknown) => ({ op: 'add', path, value });
const labels = { app: 'x' };
const template = { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'i' }] } };
const deployment = (name: string) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { namespace: 'default', name },
  spec: { replicas: 1, selector: { matchLabels: labels }, template },
});
const rulesFor = (group: string, version: string, ...resources: string[]) => [
  { operations: ['*'], apiGroups: [group], apiVersions: [version], resources },
];

describe('a patch', () => {
  it('changes what is stored, and what the webhooks after it see', async () => {
    await register(admin, Mutating, 'b', { clientConfig: config('/second') });
    await register(admin, Mutating, 'a', { clientConfig: config('/first') });
    await register(admin, Validating, 'v', { clientConfig: config('/validate') });
    respond = (call) => (call.path === '/validate' ? allow(call) : patch(call, [add(`/data${call.path}`, 'yes')]));
    const made = await admin.create(ConfigMaps, configMap('m', { given: '1' }) as never);
    expect(made.data).toEqual({ given: '1', first: 'yes', second: 'yes' });
    expect(hook.calls.map((call) => [call.path, Object.keys(call.body.request.object.data as object)])).toEqual([
      ['/first', ['given']],
      ['/second', ['given', 'first']],
      ['/validate', ['given', 'first', 'second']],
    ]);
  });

  it('is defaulted and pruned', async () => {
    await register(admin, Mutating, 'a', { clientConfig: config('/'), rules: rulesFor('', 'v1', 'pods') });
    respond = (call) =>
      patch(call, [add('/spec/initContainers', [{ name: 'first', image: 'i', unknown: 1 }]), add('/unknown', 2)]);
    const metadata = { namespace: 'default', name: 'patched' };
    const pod = await admin.create(Pods, { metadata, spec: { containers: [{ name: 'c', image: 'i' }] } } as never);
    expect(pod.spec!.initContainers![0]).toEqual({
      name: 'first',
      image: 'i',
      imagePullPolicy: 'Always',
      resources: {},
      terminationMessagePath: '/dev/termination-log',
      terminationMessagePolicy: 'File',
    });
    expect(pod).not.toHaveProperty('unknown');
  });

  it('is in the version that the rule names, whatever version was asked', async () => {
    const rules = rulesFor('extensions', 'v1beta1', 'deployments');
    await register(admin, Mutating, 'a', { clientConfig: config('/'), rules });
    respond = (call) => patch(call, [add('/spec/replicas', 3)]);
    const made = await admin.create(Deployments, deployment('versions') as never);
    expect(hook.calls[0]!.body.request.object.apiVersion).toBe('extensions/v1beta1');
    expect([made.apiVersion, made.spec!.replicas]).toEqual(['apps/v1', 3]);
  });

  it.each([
    [[{ op: 'remove', path: '/data/absent' }], 500, /^Internal error occurred: /],
    [
      'x',
      500,
      /^Internal error occurred: failed calling webhook "a.example.com": received undecodable patch in webhook response: /,
    ],
    [[add('/data', [])], 500, /^Internal error occurred: .*cannot be handled as a ConfigMap/],
    [[add('/metadata/name', 'Not A Name')], 422, /is invalid: metadata.name/],
  ])('that cannot be: %j', async (operations, code, message) => {
    await register(admin, Mutating, 'a', { clientConfig: config('/') });
    respond = (call) => patch(call, operations as object[]);
    await expect(admin.create(ConfigMaps, configMap('m', { a: 'b' }) as never)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
  });

  it('needs its type, and an object', async () => {
    await admin.create(ConfigMaps, configMap('m') as never);
    await register(admin, Mutating, 'a', { clientConfig: config('/') });
    respond = (call) => answer(call, { allowed: true, patch: 'W10=' });
    await expect(admin.delete(ConfigMaps, { namespace: 'default', name: 'm' })).rejects.toThrow(
      'failed calling webhook "a.example.com": received invalid webhook response: webhook returned response.patch but not response.patchType',
    );
    respond = (call) => patch(call, [add('/data', {})]);
    await expect(admin.delete(ConfigMaps, { namespace: 'default', name: 'm' })).rejects.toThrow(
      'admission webhook "a.example.com" attempted to modify the object, which is not supported for this operation',
    );
    respond = allow;
  });

  it('that breaks managedFields leaves them as they were', async () => {
    await register(admin, Mutating, 'a', { clientConfig: config('/') });
    respond = (call) =>
      patch(call, [{ op: 'replace', path: '/metadata/managedFields/0/operation', value: 'Nonsense' }]);
    const warnings: string[] = [];
    const made = await admin.create(ConfigMaps, configMap('m', { a: 'b' }) as never, {
      fieldManager: 'me',
      onWarning: (text) => warnings.push(text),
    });
    expect(made.metadata!.managedFields![0]!.operation).toBe('Update');
    expect(warnings.join()).toMatch(/^\.metadata\.managedFields was in an invalid state after admission/);
  });
});

describe('a second round', () => {
  it('asks again those who want it, once, after a change by a later one', async () => {
    await register(admin, Mutating, 'a', { clientConfig: config('/a'), reinvocationPolicy: 'IfNeeded' });
    await register(admin, Mutating, 'b', { clientConfig: config('/b') });
    await register(admin, Mutating, 'c', { clientConfig: config('/c'), reinvocationPolicy: 'IfNeeded' });
    respond = (call) => (call.path === '/b' ? patch(call, [add('/data/b', '1')]) : allow(call));
    await admin.create(ConfigMaps, configMap('m', { k: 'v' }) as never);
    expect(hook.calls.map((call) => call.path)).toEqual(['/a', '/b', '/c', '/a']);
  });

  it('is not held when nothing changed', async () => {
    await register(admin, Mutating, 'a', { clientConfig: config('/a'), reinvocationPolicy: 'IfNeeded' });
    await register(admin, Mutating, 'b', { clientConfig: config('/b') });
    respond = (call) => patch(call, [add('/data/same', '1')]);
    await admin.create(ConfigMaps, configMap('m', { same: '1' }) as never);
    expect(hook.calls.map((call) => call.path)).toEqual(['/a', '/b']);
  });
});

describe('beside objects', () => {
  it('a connection is shown as its options', async () => {
    const metadata = { namespace: 'default', name: 'connected' };
    await admin.create(Pods, { metadata, spec: { containers: [{ name: 'c', image: 'i' }] } } as never);
    const rules = [{ ...rulesFor('', 'v1', 'pods/attach', 'pods/exec')[0]!, operations: ['CONNECT'] }];
    await register(admin, Validating, 'a', { clientConfig: config('/'), rules });
    respond = (call) => deny(call, 'attaching to pod is not allowed');
    const attach = admin.request('GET', '/api/v1/namespaces/default/pods/connected/attach', {
      query: { stdin: true, container: 'c' },
    });
    await expect(attach).rejects.toMatchObject({
      code: 403,
      message: 'admission webhook "a.example.com" denied the request: attaching to pod is not allowed',
    });
    expect(hook.calls[0]!.body.request).toMatchObject({
      kind: { group: '', version: 'v1', kind: 'PodAttachOptions' },
      operation: 'CONNECT',
      subResource: 'attach',
      name: 'connected',
      object: { kind: 'PodAttachOptions', apiVersion: 'v1', stdin: true, container: 'c' },
      oldObject: null,
    });
  });

  it('a scale is shown as a Scale, and patched as one', async () => {
    await admin.create(Deployments, deployment('scaled') as never);
    await register(admin, Mutating, 'a', {
      clientConfig: config('/'),
      rules: rulesFor('apps', 'v1', 'deployments/scale'),
    });
    respond = (call) => patch(call, [{ op: 'replace', path: '/spec/replicas', value: 7 }]);
    const key = { namespace: 'default', name: 'scaled' };
    await admin.patch(Deployments, key, 'merge', { spec: { replicas: 5 } }, { subresource: 'scale' });
    expect(hook.calls[0]!.body.request).toMatchObject({
      kind: { group: 'autoscaling', version: 'v1', kind: 'Scale' },
      object: { kind: 'Scale', spec: { replicas: 5 } },
      oldObject: { kind: 'Scale', spec: { replicas: 1 } },
    });
    expect((await admin.get(Deployments, key)).spec!.replicas).toBe(7);
  });
});

describe('match conditions', () => {
  const conditions = (...expressions: string[]) => expressions.map((expression, i) => ({ name: `c${i}`, expression }));
  it.each([
    [["object.metadata.name != 'm'"], 0],
    [["object.metadata.name == 'm'", "request.operation == 'CREATE'", 'oldObject == null'], 1],
    [["!has(object.data) || !('skip' in object.data)"], 0],
    [["authorizer.group('').resource('pods').namespace('default').check('create').allowed()"], 1],
    [["authorizer.requestResource.check('impossible').allowed() && request.userInfo.username == 'admin'"], 1],
  ])('%j', async (expressions, calls) => {
    await register(admin, Mutating, 'a', { clientConfig: config('/'), matchConditions: conditions(...expressions) });
    await admin.create(ConfigMaps, configMap('m', { skip: '1' }) as never);
    expect(hook.calls.length).toBe(calls);
  });

  it('that fail refuse the request, or skip the webhook, as its policy says', async () => {
    const matchConditions = conditions('object.absent.field == 1');
    await register(admin, Mutating, 'a', { clientConfig: config('/'), matchConditions });
    await expect(admin.create(ConfigMaps, configMap('m') as never)).rejects.toMatchObject({
      code: 403,
      message: expect.stringMatching(
        /^configmaps "m" is forbidden: expression 'object.absent.field == 1' resulted in error: /,
      ),
    });
    await admin.delete(Mutating, { name: 'a' });
    await register(admin, Mutating, 'a', { clientConfig: config('/'), matchConditions, failurePolicy: 'Ignore' });
    await admin.create(ConfigMaps, configMap('m') as never);
    expect(hook.calls).toEqual([]);
  });

  it.each(['object.', '1 + 1', 'absent == 1'])('that are no conditions are refused: %s', async (expression) => {
    const made = register(admin, Mutating, 'a', { clientConfig: config('/'), matchConditions: conditions(expression) });
    await expect(made).rejects.toThrow(
      /webhooks\[0\]\.matchConditions\[0\]\.expression: Invalid value: .*: (compilation failed: ERROR: <input>:1:|must evaluate to bool)/,
    );
  });
});

it('asks nobody, and converts nothing, for what no rule is about', async () => {
  await register(admin, Mutating, 'a', { clientConfig: config('/'), rules: CONFIGMAPS });
  await admin.create(Nodes, { metadata: { name: 'n' } } as never);
  expect(hook.calls).toEqual([]);
});
