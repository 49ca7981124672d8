// The node authorizer, the default roles and the order in which authorizers are asked.
import { beforeEach, describe, expect, it } from 'vitest';
import { ClusterRoleBindings, ClusterRoles, Pods } from '../../../src/api/resources.ts';
import { type Auth, createAuth } from '../../../src/server/auth/auth.ts';
import { clusterRoles } from '../../../src/server/auth/policy/cluster-roles.ts';
import type { Attributes } from '../../../src/server/auth/types.ts';
import { generateKeys } from '../../../src/server/pki/keys.ts';
import { TestCluster } from './cluster.ts';

const Volumes = { group: '', version: 'v1', plural: 'persistentvolumes', kind: 'PersistentVolume', namespaced: false };
const Attachments = {
  group: 'storage.k8s.io',
  version: 'v1',
  plural: 'volumeattachments',
  kind: 'VolumeAttachment',
  namespaced: false,
};
const node = { name: 'system:node:n1', groups: ['system:nodes', 'system:authenticated'] };
let cluster: TestCluster;
let auth: Auth;
beforeEach(() => {
  cluster = new TestCluster();
  auth = createAuth({ issuer: 'https://x', keys: generateKeys() });
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
    { resource: 'pods', name: 'p' },
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

  it('reads the volumes behind its pods’ claims, what mounts them, and its own attachments', async () => {
    const volume = (name: string, claim: string, secret: string) => ({
      metadata: { name },
      spec: {
        claimRef: { namespace: 'a', name: claim },
        csi: { driver: 'd', volumeHandle: 'h', nodeStageSecretRef: { namespace: 'store', name: secret } },
      },
    });
    const attachment = (name: string, nodeName: string) => ({ metadata: { name }, spec: { nodeName } });
    cluster.put(Pods, pod('n1'));
    cluster.put(Volumes, volume('mine', 'claim', 'key') as never);
    cluster.put(Volumes, volume('other', 'other', 'other-key') as never);
    cluster.put(Attachments, attachment('mine', 'n1') as never);
    cluster.put(Attachments, attachment('other', 'n2') as never);
    const asked = (name: string): Partial<Attributes>[] => [
      { resource: 'persistentvolumes', name },
      { resource: 'secrets', namespace: 'store', name: name === 'mine' ? 'key' : 'other-key' },
      { group: 'storage.k8s.io', resource: 'volumeattachments', name },
    ];
    for (const a of asked('mine')) expect(await may(a), JSON.stringify(a)).toBe(true);
    for (const a of asked('other')) expect(await may(a), JSON.stringify(a)).toBe(false);
    expect(await may({ resource: 'persistentvolumes', verb: 'list' })).toBe(false);
    expect(await may({ resource: 'persistentvolumes', verb: 'list', labelSelector: 'sampan.io/node=n1' })).toBe(true);
    expect(await may({ resource: 'persistentvolumes', verb: 'watch', labelSelector: 'sampan.io/node=n2' })).toBe(false);
    expect(await may({ resource: 'persistentvolumes', verb: 'update', name: 'mine' })).toBe(false);
    cluster.put(Volumes, {
      metadata: {
        name: 'folder',
        labels: { 'sampan.io/node': 'n1' },
        annotations: { 'pv.kubernetes.io/provisioned-by': 'sampan.io/host-path' },
      },
    } as never);
    expect(await may({ resource: 'persistentvolumes', verb: 'update', name: 'folder' })).toBe(true);
    expect(await may({ resource: 'persistentvolumes', verb: 'delete', name: 'folder' })).toBe(false);
    cluster.delete(Volumes, 'mine');
    cluster.delete(Attachments, 'mine');
    for (const a of asked('mine')) expect(await may(a), JSON.stringify(a)).toBe(false);
  });

  it.each<[Partial<Attributes>, boolean]>([
    [{ resource: 'secrets', namespace: 'a', verb: 'list' }, false],
    [{ resource: 'secrets', verb: 'list' }, false],
    [{ resource: 'secrets', namespace: 'a', name: 'volume-secret', verb: 'update' }, false],
    [{ resource: 'pods', verb: 'list' }, false],
    [{ resource: 'pods', verb: 'list', fieldSelector: 'spec.nodeName=n1' }, true],
    [{ resource: 'pods', verb: 'watch', fieldSelector: 'status.phase!=Failed,spec.nodeName=n1' }, true],
    [{ resource: 'pods', verb: 'list', fieldSelector: 'spec.nodeName=n2' }, false],
    [{ resource: 'pods', verb: 'list', fieldSelector: 'spec.nodeName!=n1' }, false],
    [{ resource: 'pods', verb: 'list', fieldSelector: '=' }, false],
    [{ resource: 'pods', verb: 'get', namespace: 'a', name: 'unknown' }, false],
    [{ resource: 'pods', verb: 'update', namespace: 'a', name: 'p' }, false],
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
    expect(auth.authorizer.rulesFor?.(user, 'a')).toEqual([]);
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
