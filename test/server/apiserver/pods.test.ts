// What pods, nodes and service accounts do beside being stored.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Nodes, Pods, ServiceAccounts } from '../../../src/api/resources.ts';
import type { Response } from '../../../src/wire/http.ts';
import type { Attributes } from '../../../src/server/auth/types.ts';
import type { NodeConnector, TokenIssuer } from '../../../src/server/apiserver/types.ts';
import { type TestServer, startTestServer } from '../../support/server.ts';
import { raw } from '../../support/raw.ts';

/** A node's daemon that says what it was asked. */
const nodes: NodeConnector = {
  async forward({ address, port, unverified }, path): Promise<Response> {
    const text = `${unverified ? 'unverified ' : ''}${address}:${port}${path}`;
    return { status: 200, headers: { 'content-type': 'text/plain' }, body: { bytes: () => Buffer.from(text) } };
  },
};
const tokens: TokenIssuer = {
  issuer: 'https://issuer',
  jwks: async () => ({ keys: [{ kid: '1' }] }),
  issue: async (claims) => ({ token: JSON.stringify(claims), expirationTimestamp: '2030-01-01T00:00:00Z' }),
};

let server: TestServer;
beforeEach(async () => {
  server = await startTestServer({ nodes, tokens });
});
afterEach(() => server.close());

const pod = (name: string, ...containers: string[]) => ({
  apiVersion: 'v1' as const,
  kind: 'Pod' as const,
  metadata: { name, namespace: 'default' },
  spec: { containers: containers.map((c) => ({ name: c, image: 'nginx' })) },
});
const path = '/api/v1/namespaces/default/pods';
const message = (answer: { json: unknown }): string => (answer.json as { message: string }).message;
const binding = (node: string) => ({ metadata: { name: 'p' }, target: { kind: 'Node', name: node } });

async function onNode(...containers: string[]): Promise<void> {
  const client = server.client();
  await client.create(Nodes, { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n' } });
  await client.patch(
    Nodes,
    { name: 'n' },
    'merge',
    {
      status: {
        addresses: [{ type: 'InternalIP', address: '10.0.0.1' }],
        daemonEndpoints: { kubeletEndpoint: { Port: 10250 } },
      },
    },
    { subresource: 'status' },
  );
  await client.create(Pods, pod('p', ...containers));
  await raw(server, 'POST', `${path}/p/binding`, { body: binding('n') });
}

describe('binding', () => {
  it('assigns a pod once', async () => {
    await server.client().create(Pods, pod('p', 'c'));
    const first = await raw(server, 'POST', `${path}/p/binding`, { body: binding('n1') });
    expect(first).toMatchObject({ status: 201, json: { kind: 'Status', status: 'Success', code: 201 } });
    const bound = await server.client().get(Pods, { name: 'p', namespace: 'default' });
    expect(bound).toMatchObject({
      spec: { nodeName: 'n1' },
      status: { conditions: [{ type: 'PodScheduled', status: 'True' }] },
    });
    const second = await raw(server, 'POST', `${path}/p/binding`, { body: binding('n2') });
    expect(second.status).toBe(409);
    expect(message(second)).toBe(
      'Operation cannot be fulfilled on pods/binding "p": pod p is already assigned to node "n1"',
    );
  });

  it('to what is no node is an error without a reason, as upstream answers it', async () => {
    await server.client().create(Pods, pod('p', 'c'));
    const target = { kind: 'Machine' };
    const answer = await raw(server, 'POST', `${path}/p/binding`, { body: { metadata: { name: 'p' }, target } });
    const kind = 'target.kind: Unsupported value: "Machine": supported values: "Node", "<empty>"';
    expect(answer).toMatchObject({
      status: 500,
      json: { kind: 'Status', code: 500, message: `[${kind}, target.name: Required value]` },
    });
    const nameless = await raw(server, 'POST', `${path}/p/binding`, { body: { target: { name: 'n' } } });
    expect(nameless.status).toBe(400);
    expect(message(nameless)).toBe('name in URL does not match name in Binding object');
  });

  it('is also a kind of its own', async () => {
    await server.client().create(Pods, pod('p', 'c'));
    const answer = await raw(server, 'POST', '/api/v1/namespaces/default/bindings', {
      body: { apiVersion: 'v1', kind: 'Binding', ...binding('n1') },
    });
    expect(answer.status).toBe(201);
    expect((await server.client().get(Pods, { name: 'p', namespace: 'default' })).spec!.nodeName).toBe('n1');
  });
});

describe('eviction', () => {
  it('deletes the pod', async () => {
    await server.client().create(Pods, pod('p', 'c'));
    const body = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'p', namespace: 'default' } };
    const answer = await raw(server, 'POST', `${path}/p/eviction`, { body });
    expect(answer).toMatchObject({ status: 201, json: { status: 'Success' } });
    expect((await raw(server, 'GET', `${path}/p`)).status).toBe(404);
  });
});

describe('streams', () => {
  it('go to the node with its names for things', async () => {
    await onNode('a', 'b');
    const log = await raw(server, 'GET', `${path}/p/log?container=a&follow=true&tailLines=5&pretty=1`);
    expect(log.text).toBe('10.0.0.1:10250/containerLogs/default/p/a?follow=true&tailLines=5');
    const insecure = await raw(server, 'GET', `${path}/p/log?container=a&insecureSkipTLSVerifyBackend=true`);
    expect(insecure.text).toBe('unverified 10.0.0.1:10250/containerLogs/default/p/a');
    const exec = await raw(server, 'POST', `${path}/p/exec?container=b&command=ls&command=-l&stdout=true&tty=false`);
    expect(exec.text).toBe('10.0.0.1:10250/exec/default/p/b?output=1&command=ls&command=-l');
    expect((await raw(server, 'GET', `${path}/p/portforward`)).text).toBe('10.0.0.1:10250/portForward/default/p');
    const proxied = await raw(server, 'GET', '/api/v1/nodes/n/proxy/healthz?x=1');
    expect(proxied.text).toBe('10.0.0.1:10250/healthz?x=1');
  });

  it('of a command as another user ask for a right of their own', async () => {
    const asked: Attributes[] = [];
    await server.close();
    server = await startTestServer({
      nodes,
      authenticate: async () => ({ name: 'bob', groups: [] }),
      authorizer: {
        name: 'no-impersonation',
        authorize: (attributes) => {
          asked.push(attributes);
          return { allowed: attributes.verb !== 'impersonate' };
        },
      },
    });
    await onNode('a');
    const exec = `${path}/p/exec?command=id`;
    const refused = await raw(server, 'POST', `${exec}&user=0`);
    expect(refused.status).toBe(403);
    expect(message(refused)).toBe(
      'pods "p" is forbidden: User "bob" cannot impersonate resource "pods/exec" in API group "" in the namespace "default"',
    );
    expect(asked.at(-1)).toMatchObject({ verb: 'impersonate', resource: 'pods', subresource: 'exec', name: 'p' });
    expect(message(await raw(server, 'POST', `${exec}&user=`))).toContain('invalid user ""');
    expect((await raw(server, 'POST', `${exec}&nodeFiles=any`)).text).toBe(
      '10.0.0.1:10250/exec/default/p/a?command=id&nodeFiles=own',
    );
  });

  it('hand the user on to nodes that know what it means', async () => {
    await onNode('a');
    const exec = `${path}/p/exec?command=id&user=007:adm`;
    expect(message(await raw(server, 'POST', exec))).toBe('node "n" () cannot run a command as another user');
    const status = { nodeInfo: { kubeletVersion: 'v1.34.1+sampan.1' } };
    await server.client().patch(Nodes, { name: 'n' }, 'merge', { status } as never, { subresource: 'status' });
    expect((await raw(server, 'POST', exec)).text).toBe('10.0.0.1:10250/exec/default/p/a?command=id&user=007%3Aadm');
    expect((await raw(server, 'POST', `${path}/p/exec?command=id&nodeFiles=true`)).text).toBe(
      '10.0.0.1:10250/exec/default/p/a?command=id&nodeFiles=any',
    );
    // Attaching is to what runs already.
    expect((await raw(server, 'POST', `${path}/p/attach?user=0`)).text).toBe('10.0.0.1:10250/attach/default/p/a');
  });

  it('need a container that there is', async () => {
    await onNode('a', 'b');
    expect(message(await raw(server, 'GET', `${path}/p/log`))).toBe(
      'a container name must be specified for pod p, choose one of: [a b]',
    );
    expect(message(await raw(server, 'GET', `${path}/p/log?container=x`))).toBe('container x is not valid for pod p');
    expect(message(await raw(server, 'GET', `${path}/none/log`))).toBe('pods "none" not found');
    expect((await raw(server, 'GET', `${path}/p/log?container=a&tailLines=-1`)).status).toBe(422);
  });

  it('need a node', async () => {
    await server.client().create(Pods, pod('p', 'a'));
    expect(message(await raw(server, 'POST', `${path}/p/exec?command=ls`))).toBe('pod p does not have a host assigned');
  });
});

describe('tokens', () => {
  const request = (spec: object) => ({ apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec });

  it('are issued for service accounts, bound to their pods', async () => {
    const client = server.client();
    await client.create(ServiceAccounts, {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name: 'a', namespace: 'default' },
    });
    const bound = await client.create(Pods, {
      ...pod('p', 'c'),
      spec: { ...pod('p', 'c').spec, serviceAccountName: 'a' },
    });
    const reference = { kind: 'Pod', apiVersion: 'v1', name: 'p', uid: bound.metadata!.uid };
    const tokenPath = '/api/v1/namespaces/default/serviceaccounts/a/token';
    const answer = await raw(server, 'POST', tokenPath, {
      body: request({ audiences: ['x'], expirationSeconds: 700, boundObjectRef: reference }),
    });
    expect(answer.status).toBe(201);
    const { status } = answer.json as { status: { token: string } };
    expect(JSON.parse(status.token)).toMatchObject({
      namespace: 'default',
      serviceAccount: { name: 'a' },
      audiences: ['x'],
      expirationSeconds: 700,
      boundObject: { kind: 'Pod', name: 'p' },
    });
    const short = await raw(server, 'POST', tokenPath, { body: request({ expirationSeconds: 5 }) });
    expect(message(short)).toContain('may not specify a duration less than 10 minutes');
    const wrong = await raw(server, 'POST', tokenPath, {
      body: request({ boundObjectRef: { ...reference, uid: 'other' } }),
    });
    expect(wrong.status).toBe(409);
  });

  it('can be verified by others', async () => {
    expect((await raw(server, 'GET', '/openid/v1/jwks')).json).toEqual({ keys: [{ kid: '1' }] });
  });
});

describe('reviews', () => {
  it('ask the authorizer', async () => {
    const body = {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectAccessReview',
      spec: { resourceAttributes: { verb: 'get', resource: 'pods' } },
    };
    const answer = await raw(server, 'POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', { body });
    expect(answer).toMatchObject({ status: 201, json: { kind: 'SelfSubjectAccessReview', status: { allowed: true } } });
    const self = await raw(server, 'POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', {
      body: { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
    });
    expect(self.json).toMatchObject({ status: { userInfo: { username: 'admin' } } });
  });
});
