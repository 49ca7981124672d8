// Node authorizer, impersonation and the order in which authorizers are asked.
import { beforeEach, describe, expect, it } from 'vitest';
import { ClusterRoleBindings, ClusterRoles, Pods } from '../../../src/api/resources.ts';
import { type Auth, createAuth } from '../../../src/server/auth/auth.ts';
import { tokenFileAuthenticator } from '../../../src/server/auth/authenticators/token-file.ts';
import { clusterRoles } from '../../../src/server/auth/policy/cluster-roles.ts';
import type { Attributes } from '../../../src/server/auth/types.ts';
import { generateKeys } from '../../../src/server/pki/keys.ts';
import type { Headers } from '../../../src/wire/http.ts';
import { TestCluster } from './cluster.ts';

const node = { name: 'system:node:n1', groups: ['system:nodes', 'system:authenticated'] };
let cluster: TestCluster;
let auth: Auth;
beforeEach(() => {
  cluster = new TestCluster();
  const tokens = tokenFileAuthenticator('t', 'admin,root,1,system:masters\nboss,boss,2\nbob,bob,3\n');
  auth = createAuth({ issuer: 'https://x', keys: generateKeys(), tokenAuthenticators: [tokens] });
  auth.attach(cluster);
});
const may = async (attributes: Partial<Attributes>): Promise<boolean> =>
  (await auth.authorizer.authorize({ user: node, verb: 'get', group: '', version: 'v1', ...attributes })).allowed;

describe('a node', () => {
  const pod = (nodeName?: string) => ({
    metadata: { namespace: 'a', name: 'p' },
    spec: {
      nodeName,
      serviceAccountName: 'robot',
      imagePullSecrets: [{ name: 'registry' }],
      containers: [
        { name: 'c', env: [{ name: 'X', valueFrom: { secretKeyRef: { name: 'env-secret', key: 'k' } } }] },
        { name: 'd', envFrom: [{ configMapRef: { name: 'env-map' } }] },
      ],
      volumes: [
        { name: 'v', secret: { secretName: 'volume-secret' } },
        { name: 'w', projected: { sources: [{ configMap: { name: 'kube-root-ca.crt' } }] } },
        { name: 'x', persistentVolumeClaim: { claimName: 'claim' } },
      ],
    },
  });
  const related: Partial<Attributes>[] = [
    { resource: 'secrets', name: 'registry' },
    { resource: 'secrets', name: 'env-secret' },
    { resource: 'secrets', name: 'volume-secret', verb: 'watch' },
    { resource: 'configmaps', name: 'env-map', verb: 'list' },
    { resource: 'configmaps', name: 'kube-root-ca.crt' },
    { resource: 'persistentvolumeclaims', name: 'claim' },
    { resource: 'serviceaccounts', subresource: 'token', name: 'robot', verb: 'create' },
  ];

  it('reads what its pods refer to, from when they are bound until they are gone', async () => {
    cluster.put(Pods, pod());
    for (const a of related) expect(await may({ namespace: 'a', ...a }), JSON.stringify(a)).toBe(false);
    cluster.put(Pods, pod('n1'));
    for (const a of related) expect(await may({ namespace: 'a', ...a }), JSON.stringify(a)).toBe(true);
    for (const a of related) expect(await may({ namespace: 'b', ...a }), JSON.stringify(a)).toBe(false);
    const other = { ...node, name: 'system:node:n2' };
    for (const a of related) expect(await may({ namespace: 'a', user: other, ...a })).toBe(false);
    cluster.delete(Pods, 'a/p');
    for (const a of related) expect(await may({ namespace: 'a', ...a })).toBe(false);
  });

  it.each<[Partial<Attributes>, boolean]>([
    [{ resource: 'secrets', namespace: 'a', verb: 'list' }, false],
    [{ resource: 'secrets', verb: 'list' }, false],
    [{ resource: 'secrets', namespace: 'a', name: 'volume-secret', verb: 'update' }, false],
    [{ resource: 'pods', verb: 'list' }, true],
    [{ resource: 'pods', subresource: 'status', verb: 'patch', namespace: 'a', name: 'p' }, true],
    [{ resource: 'pods', subresource: 'exec', verb: 'create', namespace: 'a', name: 'p' }, false],
    [{ resource: 'nodes', subresource: 'status', verb: 'patch', name: 'n1' }, true],
    [{ resource: 'deployments', group: 'apps', verb: 'list' }, false],
    [
      { group: 'coordination.k8s.io', resource: 'leases', namespace: 'kube-node-lease', name: 'n1', verb: 'update' },
      true,
    ],
    [
      { group: 'coordination.k8s.io', resource: 'leases', namespace: 'kube-node-lease', name: 'n2', verb: 'update' },
      false,
    ],
    [{ group: 'coordination.k8s.io', resource: 'leases', namespace: 'a', name: 'n1', verb: 'update' }, false],
    [{ resource: 'pods', verb: 'list', user: { name: 'system:node:n1', groups: [] } }, false],
    [{ resource: 'pods', verb: 'list', user: { name: 'bob', groups: ['system:nodes'] } }, false],
  ])('%o: %s', async (attributes, allowed) => {
    expect(await may(attributes)).toBe(allowed);
  });
});

describe('system:masters', () => {
  it('may do everything without any role', async () => {
    const user = { name: 'x', groups: ['system:masters'] };
    expect(await may({ user, resource: 'anything', verb: 'whatever' })).toBe(true);
    expect(await may({ user, path: '/metrics', verb: 'get' })).toBe(true);
    expect(auth.authorizer.rulesFor?.(user, 'a')).toHaveLength(2);
  });
});

describe('impersonation', () => {
  const as = (token: string, headers: Headers) =>
    auth.authenticate({
      method: 'GET',
      path: '/',
      query: new URLSearchParams(),
      headers: { authorization: `Bearer ${token}`, ...headers },
      signal: new AbortController().signal,
    });

  it('is for those who may, claim by claim', async () => {
    cluster.put(ClusterRoles, {
      metadata: { name: 'impersonate-bob' },
      rules: [{ apiGroups: [''], resources: ['users'], resourceNames: ['bob'], verbs: ['impersonate'] }],
    });
    cluster.put(ClusterRoleBindings, {
      metadata: { name: 'b' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'impersonate-bob' },
      subjects: [{ kind: 'User', name: 'boss' }],
    });
    expect(await as('boss', { 'impersonate-user': 'bob' })).toEqual({ name: 'bob', groups: ['system:authenticated'] });
    await expect(as('boss', { 'impersonate-user': 'bob', 'impersonate-group': 'x' })).rejects.toMatchObject({
      reason: 'Forbidden',
      message:
        'groups "x" is forbidden: User "boss" cannot impersonate resource "groups" in API group "" at the cluster scope',
    });
    await expect(as('bob', { 'impersonate-user': 'root' })).rejects.toMatchObject({ reason: 'Forbidden' });
  });

  it('carries groups, uid and extra, and knows service accounts and nobody', async () => {
    expect(
      await as('admin', {
        'impersonate-user': 'eve',
        'impersonate-group': 'a, b',
        'impersonate-uid': '7',
        'impersonate-extra-scopes%2Fx': 'one, two',
      }),
    ).toEqual({
      name: 'eve',
      groups: ['a', 'b', 'system:authenticated'],
      uid: '7',
      extra: { 'scopes/x': ['one', 'two'] },
    });
    expect((await as('admin', { 'impersonate-user': 'system:serviceaccount:a:r' })).groups).toEqual([
      'system:serviceaccounts',
      'system:serviceaccounts:a',
      'system:authenticated',
    ]);
    expect((await as('admin', { 'impersonate-user': 'system:anonymous' })).groups).toEqual(['system:unauthenticated']);
    await expect(as('admin', { 'impersonate-group': 'x' })).rejects.toMatchObject({ reason: 'Unauthorized' });
  });
});

describe('the default roles', () => {
  it('let admin do what edit does, and edit what view does', async () => {
    for (const role of clusterRoles) cluster.put(ClusterRoles, role);
    const bind = (name: string) =>
      cluster.put(ClusterRoleBindings, {
        metadata: { name },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
        subjects: [{ kind: 'User', name }],
      });
    for (const name of ['admin', 'edit', 'view']) bind(name);
    const who = async (a: Partial<Attributes>): Promise<string> => {
      const answers = await Promise.all(
        ['admin', 'edit', 'view'].map(async (name) => ((await may({ user: { name, groups: [] }, ...a })) ? name : '')),
      );
      return answers.join(' ').trim();
    };
    expect(await who({ resource: 'pods', verb: 'list' })).toBe('admin edit view');
    expect(await who({ resource: 'secrets', verb: 'get' })).toBe('admin edit');
    expect(await who({ resource: 'deployments', group: 'apps', subresource: 'scale', verb: 'patch' })).toBe(
      'admin edit',
    );
    expect(await who({ resource: 'rolebindings', group: 'rbac.authorization.k8s.io', verb: 'create' })).toBe('admin');
    expect(await who({ resource: 'nodes', verb: 'delete' })).toBe('');
  });
});
