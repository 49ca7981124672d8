// Rights are not handed out by who does not have them: RBAC escalation and certificate requests.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  CertificateSigningRequests,
  ClusterRoleBindings,
  ClusterRoles,
  RoleBindings,
  Roles,
} from '../../../src/api/resources.ts';
import type { Client } from '../../../src/client/rest.ts';
import { loadX509 } from '../../../src/server/pki/issue.ts';
import { type RunningServer, startServer } from '../../../src/server/server.ts';

const GROUP = 'rbac.authorization.k8s.io';
let server: RunningServer;
let admin: Client;
let bob: Client;

beforeAll(async () => {
  server = await startServer({ listen: false, components: ['apiserver'] });
  admin = server.client();
  bob = server.client({ name: 'bob', groups: ['dev', 'system:authenticated'] });
  await admin.create(ClusterRoles, {
    metadata: { name: 'rbac-writer' },
    rules: [
      { apiGroups: [GROUP], resources: ['*'], verbs: ['get', 'list', 'create', 'update', 'patch', 'delete'] },
      { apiGroups: [''], resources: ['pods'], verbs: ['get', 'list'] },
      { apiGroups: [GROUP], resources: ['clusterroles'], resourceNames: ['view'], verbs: ['bind'] },
      {
        apiGroups: ['certificates.k8s.io'],
        resources: ['', '/approval', '/status'].map((subresource) => `certificatesigningrequests${subresource}`),
        verbs: ['*'],
      },
    ],
  });
  await admin.create(ClusterRoleBindings, {
    metadata: { name: 'bob' },
    roleRef: { apiGroup: GROUP, kind: 'ClusterRole', name: 'rbac-writer' },
    subjects: [{ kind: 'User', apiGroup: GROUP, name: 'bob' }],
  });
});
afterAll(() => server.close());

const role = (name: string, verbs: string[]) => ({
  metadata: { namespace: 'default', name },
  rules: [{ apiGroups: [''], resources: ['pods'], verbs }],
});
const binding = (name: string, kind: string, roleName: string) => ({
  metadata: { namespace: 'default', name },
  roleRef: { apiGroup: GROUP, kind, name: roleName },
  subjects: [{ kind: 'User', apiGroup: GROUP, name: 'eve' }],
});

describe('who writes roles', () => {
  it('grants what it holds, and is told what it lacks', async () => {
    await bob.create(Roles, role('ok', ['get']));
    await expect(bob.create(Roles, role('no', ['get', 'delete']))).rejects.toMatchObject({
      reason: 'Forbidden',
      message:
        'roles.rbac.authorization.k8s.io "no" is forbidden: user "bob" (groups=["dev" "system:authenticated"]) is attempting to ' +
        'grant RBAC permissions not currently held:\n{APIGroups:[""], Resources:["pods"], Verbs:["delete"]}',
    });
    await expect(
      bob.patch(Roles, { namespace: 'default', name: 'ok' }, 'merge', { rules: role('ok', ['*']).rules }),
    ).rejects.toMatchObject({ reason: 'Forbidden' });
    await bob.patch(Roles, { namespace: 'default', name: 'ok' }, 'merge', { metadata: { labels: { a: 'b' } } });
  });

  it('needs what a role grants for every change of it but of what deletes it: labels lead rules into other roles', async () => {
    await admin.create(ClusterRoles, { metadata: { name: 'strong' }, rules: role('x', ['*']).rules });
    const labels = { 'rbac.authorization.k8s.io/aggregate-to-view': 'true' };
    const refused = { reason: 'Forbidden', message: expect.stringContaining('not currently held') as string };
    const change = (metadata: object) => bob.patch(ClusterRoles, { name: 'strong' }, 'merge', { metadata });
    await expect(change({ labels })).rejects.toMatchObject(refused);
    await expect(change({ annotations: { a: 'b' } })).rejects.toMatchObject(refused);
    await change({ finalizers: ['example.com/x'] });
    await change({ finalizers: null });
    await change({ ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'x', uid: 'x' }] });
    await admin.create(ClusterRoleBindings, {
      metadata: { name: 'strong' },
      roleRef: { apiGroup: GROUP, kind: 'ClusterRole', name: 'strong' },
      subjects: [],
    });
    const bound = (metadata: object) => bob.patch(ClusterRoleBindings, { name: 'strong' }, 'merge', { metadata });
    await expect(bound({ labels })).rejects.toMatchObject(refused);
    await bound({ finalizers: ['example.com/x'] });
    await bound({ finalizers: null });
  });

  it('may write any rules into roles that it may escalate; by name only once they are there', async () => {
    const carol = server.client({ name: 'carol', groups: ['system:authenticated'] });
    await admin.create(ClusterRoles, {
      metadata: { name: 'carol' },
      rules: [
        { apiGroups: [GROUP], resources: ['roles'], verbs: ['create', 'update', 'patch', 'get'] },
        { apiGroups: [GROUP], resources: ['roles'], resourceNames: ['named'], verbs: ['escalate'] },
      ],
    });
    await admin.create(ClusterRoleBindings, {
      metadata: { name: 'carol' },
      roleRef: { apiGroup: GROUP, kind: 'ClusterRole', name: 'carol' },
      subjects: [{ kind: 'User', apiGroup: GROUP, name: 'carol' }],
    });
    await expect(carol.create(Roles, role('named', ['*']))).rejects.toMatchObject({ reason: 'Forbidden' });
    await admin.create(Roles, role('named', ['get']));
    await admin.create(Roles, role('other', ['get']));
    const rules = role('x', ['*']).rules;
    await carol.patch(Roles, { namespace: 'default', name: 'named' }, 'merge', { rules });
    const other = carol.patch(Roles, { namespace: 'default', name: 'other' }, 'merge', { rules });
    await expect(other).rejects.toMatchObject({ reason: 'Forbidden' });
  });

  it('may not take an aggregation rule away', async () => {
    const aggregationRule = { clusterRoleSelectors: [{ matchLabels: { nobody: 'has' } }] };
    await admin.create(ClusterRoles, { metadata: { name: 'gathers' }, rules: [], aggregationRule });
    const without = bob.patch(ClusterRoles, { name: 'gathers' }, 'merge', { aggregationRule: null });
    await expect(without).rejects.toMatchObject({
      message: expect.stringContaining('must have cluster-admin privileges to use an aggregationRule') as string,
    });
  });

  it('may not aggregate rights of others', async () => {
    await expect(
      bob.create(ClusterRoles, {
        metadata: { name: 'sum' },
        rules: [],
        aggregationRule: { clusterRoleSelectors: [{ matchLabels: { a: 'b' } }] },
      }),
    ).rejects.toMatchObject({
      message:
        'clusterroles.rbac.authorization.k8s.io "sum" is forbidden: must have cluster-admin privileges to use an aggregationRule',
    });
  });
});

describe('who writes bindings', () => {
  it('binds what it holds or may bind', async () => {
    await bob.create(RoleBindings, binding('held', 'Role', 'ok'));
    await bob.create(RoleBindings, binding('may-bind', 'ClusterRole', 'view'));
    await expect(bob.create(RoleBindings, binding('no', 'ClusterRole', 'edit'))).rejects.toMatchObject({
      reason: 'Forbidden',
      message: expect.stringContaining('is attempting to grant RBAC permissions not currently held:\n') as string,
    });
    await expect(bob.create(RoleBindings, binding('none', 'Role', 'none'))).rejects.toMatchObject({
      reason: 'NotFound',
      message: 'roles.rbac.authorization.k8s.io "none" not found',
    });
  });
});

describe('certificate requests', () => {
  async function request(signerName: string, organization: string) {
    const x509 = await loadX509();
    const keys = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);
    const csr = await x509.Pkcs10CertificateRequestGenerator.create({
      name: [{ O: [organization] }, { CN: ['bob'] }],
      keys,
      signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
    });
    const pem = Buffer.from(csr.toString('pem')).toString('base64');
    return { signerName, request: pem, usages: ['client auth', 'digital signature'] };
  }

  it('for the group that may do everything are refused', async () => {
    const signer = 'kubernetes.io/kube-apiserver-client';
    const spec = await request(signer, 'system:masters');
    await expect(
      admin.create(CertificateSigningRequests, { metadata: { name: 'masters' }, spec }),
    ).rejects.toMatchObject({
      message:
        'certificatesigningrequests.certificates.k8s.io "masters" is forbidden: ' +
        `use of ${signer} signer with system:masters group is not allowed`,
    });
  });

  it('are approved and signed by who may act for the signer', async () => {
    const spec = await request('example.com/mine', 'dev');
    const csr = await bob.create(CertificateSigningRequests, { metadata: { name: 'mine' }, spec });
    const condition = { type: 'Approved', status: 'True', reason: 'Test', message: '' };
    const approved = { ...csr, status: { conditions: [condition] } };
    await expect(bob.update(CertificateSigningRequests, approved, { subresource: 'approval' })).rejects.toMatchObject({
      message:
        'certificatesigningrequests.certificates.k8s.io "mine" is forbidden: ' +
        'user not permitted to approve requests with signerName "example.com/mine"',
    });
    await admin.create(ClusterRoles, {
      metadata: { name: 'approver' },
      rules: [
        {
          apiGroups: ['certificates.k8s.io'],
          resources: ['signers'],
          resourceNames: ['example.com/*'],
          verbs: ['approve'],
        },
      ],
    });
    await admin.create(ClusterRoleBindings, {
      ...binding('approver', 'ClusterRole', 'approver'),
      metadata: { name: 'approver' },
      subjects: [{ kind: 'Group', apiGroup: GROUP, name: 'dev' }],
    });
    const stored = await bob.update(CertificateSigningRequests, approved, { subresource: 'approval' });
    const pem = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
    const signed = { ...stored, status: { ...stored.status, certificate: Buffer.from(pem).toString('base64') } };
    await expect(bob.updateStatus(CertificateSigningRequests, signed)).rejects.toMatchObject({
      message:
        'certificatesigningrequests.certificates.k8s.io "mine" is forbidden: ' +
        'user not permitted to sign requests with signerName "example.com/mine"',
    });
  });
});
