// Definitions whose groups, versions or names are the server's own change nothing of what the server serves.
// Upstream: test/integration/master, TestCRDShadowGroup and TestOpenAPIApiextensionsOverlapProtection.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { CustomResourceDefinitions } from '../../../../src/api/resources.ts';
import type { ResourceType } from '../../../../src/api/types.ts';
import type { Client } from '../../../../src/client/rest.ts';
import { raw } from '../../../support/raw.ts';
import { type TestServer, startTestServer } from '../../../support/server.ts';

let server: TestServer;
let client: Client;
beforeAll(async () => {
  server = await startTestServer();
  client = server.client();
});
afterAll(() => server.close());

const define = (group: string, plural: string, kind: string, versions: string[], scope = 'Namespaced') =>
  client.create(CustomResourceDefinitions, {
    metadata: {
      name: `${plural}.${group}`,
      annotations: { 'api-approved.kubernetes.io': 'unapproved, for a test' },
    },
    spec: {
      group,
      scope,
      names: { plural, kind, singular: kind.toLowerCase(), listKind: `${kind}List` },
      versions: versions.map((name, i) => ({
        name,
        served: true,
        storage: i === 0,
        schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
      })),
    },
  } as never);
const discovered = async (apiVersion: string): Promise<string[]> => {
  const { json } = await raw(server, 'GET', `/apis/${apiVersion}`);
  return (json as { resources?: { name: string }[] }).resources?.map(({ name }) => name) ?? [];
};
/** Deleted, and gone. */
async function undefine(name: string): Promise<void> {
  await client.delete(CustomResourceDefinitions, { name });
  await expect
    .poll(() =>
      client.get(CustomResourceDefinitions, { name }).then(
        () => 'there',
        (error: Error) => error.message,
      ),
    )
    .toContain('not found');
}

it('a new kind in a version that the server has is not served there, and is in others', async () => {
  await define('networking.k8s.io', 'foos', 'Foo', ['v1', 'v7']);
  await expect.poll(() => discovered('networking.k8s.io/v7')).toContain('foos');
  expect(await discovered('networking.k8s.io/v1')).not.toContain('foos');
  const path = '/apis/networking.k8s.io/v1/namespaces/default/foos';
  await expect(client.request('GET', path)).rejects.toMatchObject({ code: 404 });
});

it('a definition by the name of a built-in kind neither serves nor deletes its objects', async () => {
  const NetworkPolicies: ResourceType = {
    group: 'networking.k8s.io',
    version: 'v1',
    plural: 'networkpolicies',
    kind: 'NetworkPolicy',
    namespaced: true,
  };
  const at = { namespace: 'default', name: 'kept' };
  await client.create(NetworkPolicies, { metadata: at, spec: { podSelector: {} } } as never);
  await define('networking.k8s.io', 'networkpolicies', 'NetworkPolicy', ['v1', 'v8']);
  await undefine('networkpolicies.networking.k8s.io');
  expect(await client.get(NetworkPolicies, at)).toMatchObject({ spec: { podSelector: {} } });
  await client.delete(NetworkPolicies, at);
});

it('not even one of definitions', async () => {
  await define('example.com', 'others', 'Other', ['v1']);
  const own = 'customresourcedefinitions';
  await define('apiextensions.k8s.io', own, 'CustomResourceDefinition', ['v1', 'v3'], 'Cluster');
  await define('example.com', 'mores', 'More', ['v1']);
  await undefine(`${own}.apiextensions.k8s.io`);
  await expect.poll(() => discovered('example.com/v1')).toEqual(['mores', 'others']);
});
