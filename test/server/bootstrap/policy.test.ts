// The data that every cluster starts with: complete for our own parts, and what nodes are told can be verified.
import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { clusterRoleBindings, roleBindings, roles } from '../../../src/server/auth/policy/bindings.ts';
import { clusterRoles } from '../../../src/server/auth/policy/cluster-roles.ts';
import { controllerRules } from '../../../src/server/auth/policy/controller-roles.ts';
import { nthAddress } from '../../../src/server/addresses.ts';
import { bootstrapTokenSecret, clusterInfo } from '../../../src/server/bootstrap/cluster-info.ts';
import { controllerAccount, controllerModules } from '../../../src/server/controllers/run.ts';

describe('the default policy', () => {
  it('has a role for every controller', () => {
    expect(
      controllerModules()
        .map((m) => controllerAccount(m.name))
        // Bootstrap tokens are in one namespace, and so is the role of their cleaner.
        .filter((account) => account !== 'token-cleaner' && !controllerRules[account]),
    ).toEqual([]);
  });

  it('binds roles that exist, each name once', () => {
    const names = clusterRoles.map((role) => role.metadata?.name);
    expect(new Set(names).size).toBe(names.length);
    for (const { roleRef } of clusterRoleBindings) expect(names).toContain(roleRef.name);
    const local = roles.map((role) => `${role.metadata?.namespace}/${role.metadata?.name}`);
    for (const { metadata, roleRef } of roleBindings) expect(local).toContain(`${metadata?.namespace}/${roleRef.name}`);
    const bindings = clusterRoleBindings.map((binding) => binding.metadata?.name);
    expect(new Set(bindings).size).toBe(bindings.length);
  });

  it('gives no rights to nobody beyond health and version', () => {
    const anonymous = clusterRoleBindings.filter((binding) =>
      binding.subjects?.some((s) => s.name === 'system:unauthenticated' || s.name === 'system:anonymous'),
    );
    expect(anonymous.map((binding) => binding.roleRef.name)).toEqual(['system:public-info-viewer']);
  });
});

describe('clusterInfo', () => {
  it('is signed with the token, as kubeadm checks it', () => {
    const token = 'abcdef.0123456789abcdef';
    const { data } = clusterInfo('https://192.0.2.1:6443', 'PEM', token);
    const kubeconfig = data?.['kubeconfig'] ?? '';
    const [header = '', none, signature] = (data?.['jws-kubeconfig-abcdef'] ?? '').split('.');
    expect(none).toBe('');
    expect(JSON.parse(Buffer.from(header, 'base64url').toString())).toEqual({ alg: 'HS256', kid: 'abcdef' });
    const payload = Buffer.from(kubeconfig).toString('base64url');
    expect(createHmac('sha256', '0123456789abcdef').update(`${header}.${payload}`).digest('base64url')).toBe(signature);
    expect(kubeconfig).toContain(Buffer.from('PEM').toString('base64'));
  });

  it('goes with a Secret that makes the token count', () => {
    const { metadata, type, data } = bootstrapTokenSecret('abcdef.0123456789abcdef');
    expect(metadata?.name).toBe('bootstrap-token-abcdef');
    expect(type).toBe('bootstrap.kubernetes.io/token');
    const text = (key: string) => Buffer.from(data?.[key] ?? '', 'base64').toString();
    expect(text('usage-bootstrap-authentication')).toBe('true');
    expect(text('auth-extra-groups')).toBe('system:bootstrappers:sampan');
  });
});

describe('nthAddress', () => {
  it('counts from the start of the range', () => {
    expect(nthAddress('10.96.0.0/16', 1)).toBe('10.96.0.1');
    expect(nthAddress('10.96.7.9/16', 10)).toBe('10.96.0.10');
    expect(nthAddress('192.168.255.0/24', 255)).toBe('192.168.255.255');
  });
  it('refuses what is no range', () => {
    for (const text of ['10.96.0.0', 'fd00::/64', '10.96.0.0/8', '10.96.0.0/30', 'x/16']) {
      expect(() => nthAddress(text, 1)).toThrow(`the service range ${text} is not`);
    }
  });
});
