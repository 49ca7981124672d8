// RBAC decisions: a table of rules and requests, and the index as roles and bindings come, change and go.
import { describe, expect, it } from 'vitest';
import type { PolicyRule } from 'kubernetes-types/rbac/v1.js';
import { ClusterRoleBindings, ClusterRoles, RoleBindings, Roles } from '../../../src/api/resources.ts';
import { rbacAuthorizer } from '../../../src/server/auth/authorizers/rbac.ts';
import { RbacIndex } from '../../../src/server/auth/rbac/index.ts';
import { compactRules, ruleAllows, ruleQuery, ruleText, uncovered } from '../../../src/api/rbac.ts';
import type { Attributes, Decision } from '../../../src/server/auth/types.ts';
import { TestCluster } from './cluster.ts';

const bob = { name: 'bob', groups: ['dev', 'system:authenticated'] };
const api = 'rbac.authorization.k8s.io';

describe('ruleAllows', () => {
  const podsRule: PolicyRule = { apiGroups: [''], resources: ['pods'], verbs: ['get', 'list'] };
  const cases: [string, PolicyRule, Partial<Attributes>, boolean][] = [
    ['the verb and resource', podsRule, { verb: 'get', group: '', resource: 'pods' }, true],
    ['another verb', podsRule, { verb: 'delete', group: '', resource: 'pods' }, false],
    ['another group', podsRule, { verb: 'get', group: 'apps', resource: 'pods' }, false],
    ['a subresource', podsRule, { verb: 'get', group: '', resource: 'pods', subresource: 'log' }, false],
    [
      'a subresource by name',
      { ...podsRule, resources: ['pods/log'] },
      { verb: 'get', group: '', resource: 'pods', subresource: 'log' },
      true,
    ],
    [
      'the subresource of any kind',
      { apiGroups: ['*'], resources: ['*/scale'], verbs: ['*'] },
      { verb: 'patch', group: 'apps', resource: 'deployments', subresource: 'scale' },
      true,
    ],
    [
      'any kind but not its subresource with */scale',
      { apiGroups: ['*'], resources: ['*/scale'], verbs: ['*'] },
      { verb: 'patch', group: 'apps', resource: 'deployments' },
      false,
    ],
    [
      'everything covers subresources',
      { apiGroups: ['*'], resources: ['*'], verbs: ['*'] },
      { verb: 'create', group: '', resource: 'pods', subresource: 'exec' },
      true,
    ],
    ['a name', { ...podsRule, resourceNames: ['a'] }, { verb: 'get', group: '', resource: 'pods', name: 'a' }, true],
    [
      'another name',
      { ...podsRule, resourceNames: ['a'] },
      { verb: 'get', group: '', resource: 'pods', name: 'b' },
      false,
    ],
    ['no name', { ...podsRule, resourceNames: ['a'] }, { verb: 'list', group: '', resource: 'pods' }, false],
    ['a path', { nonResourceURLs: ['/healthz'], verbs: ['get'] }, { verb: 'get', path: '/healthz' }, true],
    ['a path below', { nonResourceURLs: ['/apis/*'], verbs: ['get'] }, { verb: 'get', path: '/apis/apps/v1' }, true],
    ['a path beside', { nonResourceURLs: ['/apis/*'], verbs: ['get'] }, { verb: 'get', path: '/api' }, false],
    ['a path with a resource rule', podsRule, { verb: 'get', path: '/pods' }, false],
    [
      'a resource with a path rule',
      { nonResourceURLs: ['*'], verbs: ['*'] },
      { verb: 'get', group: '', resource: 'pods' },
      false,
    ],
  ];
  it.each(cases)('%s', (_, rule, attributes, allowed) => {
    expect(ruleAllows(rule, ruleQuery({ user: bob, verb: '', ...attributes }))).toBe(allowed);
  });
});

describe('uncovered', () => {
  const held: PolicyRule[] = [
    { apiGroups: [''], resources: ['pods'], verbs: ['get', 'list'] },
    { apiGroups: ['*'], resources: ['*/scale'], verbs: ['get'] },
    { apiGroups: [''], resources: ['secrets'], verbs: ['get'], resourceNames: ['mine'] },
    { nonResourceURLs: ['/api/*'], verbs: ['get'] },
  ];
  const left = (rule: PolicyRule): string[] => compactRules(uncovered(held, [rule])).map(ruleText);
  it('is empty for what is held, however it is cut', () => {
    expect(left({ apiGroups: [''], resources: ['pods'], verbs: ['get'] })).toEqual([]);
    expect(left({ apiGroups: ['apps'], resources: ['deployments/scale'], verbs: ['get'] })).toEqual([]);
    expect(left({ apiGroups: [''], resources: ['secrets'], verbs: ['get'], resourceNames: ['mine'] })).toEqual([]);
    expect(left({ nonResourceURLs: ['/api/v1', '/api/*'], verbs: ['get'] })).toEqual([]);
  });
  it('names what is not held', () => {
    expect(left({ apiGroups: [''], resources: ['pods', 'services'], verbs: ['get', 'delete'] })).toEqual([
      '{APIGroups:[""], Resources:["pods"], Verbs:["delete"]}',
      '{APIGroups:[""], Resources:["services"], Verbs:["get" "delete"]}',
    ]);
    expect(left({ apiGroups: [''], resources: ['secrets'], verbs: ['get'] })).toHaveLength(1);
    expect(left({ apiGroups: ['*'], resources: ['*'], verbs: ['*'] })).toHaveLength(1);
    expect(left({ nonResourceURLs: ['/metrics'], verbs: ['get'] })).toEqual([
      '{NonResourceURLs:["/metrics"], Verbs:["get"]}',
    ]);
  });
});

describe('the RBAC authorizer', () => {
  const pods = (verb: string, namespace?: string, user = bob): Attributes => ({
    user,
    verb,
    group: '',
    version: 'v1',
    resource: 'pods',
    namespace,
  });
  const roleRef = (kind: string, name: string) => ({ apiGroup: api, kind, name });
  function setup() {
    const cluster = new TestCluster();
    const index = new RbacIndex();
    const stop = index.follow(cluster);
    const authorizer = rbacAuthorizer(index);
    return { cluster, stop, authorizer, ask: (a: Attributes) => authorizer.authorize(a) as Decision };
  }

  it('follows roles and bindings as they change', () => {
    const { cluster, ask } = setup();
    const binding = {
      metadata: { namespace: 'a', name: 'readers' },
      roleRef: roleRef('Role', 'reader'),
      subjects: [{ kind: 'User', name: 'bob' }],
    };
    cluster.put(RoleBindings, binding);
    expect(ask(pods('get', 'a'))).toEqual({
      allowed: false,
      reason: 'RBAC: role.rbac.authorization.k8s.io "reader" not found',
    });
    cluster.put(Roles, {
      metadata: { namespace: 'a', name: 'reader' },
      rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }],
    });
    expect(ask(pods('get', 'a'))).toEqual({
      allowed: true,
      reason: 'RBAC: allowed by RoleBinding "readers/a" of Role "reader" to User "bob"',
    });
    expect(ask(pods('get', 'b')).allowed).toBe(false);
    expect(ask(pods('get')).allowed).toBe(false);
    cluster.put(RoleBindings, { ...binding, subjects: [{ kind: 'Group', name: 'ops' }] });
    expect(ask(pods('get', 'a')).allowed).toBe(false);
    expect(ask(pods('get', 'a', { name: 'eve', groups: ['ops'] })).allowed).toBe(true);
    cluster.delete(RoleBindings, 'a/readers');
    expect(ask(pods('get', 'a', { name: 'eve', groups: ['ops'] })).allowed).toBe(false);
  });

  it('knows service accounts, with the binding’s namespace where none is said', () => {
    const { cluster, ask } = setup();
    cluster.put(ClusterRoles, {
      metadata: { name: 'pods' },
      rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['*'] }],
    });
    cluster.put(RoleBindings, {
      metadata: { namespace: 'a', name: 'b' },
      roleRef: roleRef('ClusterRole', 'pods'),
      subjects: [{ kind: 'ServiceAccount', name: 'robot' }],
    });
    const robot = (ns: string) => ({ name: `system:serviceaccount:${ns}:robot`, groups: [] });
    expect(ask(pods('delete', 'a', robot('a'))).allowed).toBe(true);
    expect(ask(pods('delete', 'a', robot('b'))).allowed).toBe(false);
    expect(ask(pods('delete', 'b', robot('a'))).allowed).toBe(false);
  });

  it('evaluates aggregated cluster roles at once, through several steps', () => {
    const { cluster, ask, authorizer } = setup();
    const select = (label: string) => ({ clusterRoleSelectors: [{ matchLabels: { [label]: 'true' } }] });
    cluster.put(ClusterRoles, { metadata: { name: 'outer' }, aggregationRule: select('to-outer') } as never);
    cluster.put(ClusterRoles, {
      metadata: { name: 'inner', labels: { 'to-outer': 'true' } },
      aggregationRule: select('to-inner'),
    } as never);
    cluster.put(ClusterRoleBindings, {
      metadata: { name: 'x' },
      roleRef: roleRef('ClusterRole', 'outer'),
      subjects: [{ kind: 'Group', name: 'dev' }],
    });
    expect(ask(pods('list')).allowed).toBe(false);
    const leaf = {
      metadata: { name: 'leaf', labels: { 'to-inner': 'true' } },
      rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['list'] }],
    };
    cluster.put(ClusterRoles, leaf);
    expect(ask(pods('list')).allowed).toBe(true);
    expect(authorizer.rulesFor?.(bob, 'a')).toEqual(leaf.rules);
    cluster.delete(ClusterRoles, 'leaf');
    expect(ask(pods('list')).allowed).toBe(false);
  });

  it('stops to follow when told', () => {
    const { cluster, stop, ask } = setup();
    stop();
    cluster.put(ClusterRoleBindings, {
      metadata: { name: 'x' },
      roleRef: roleRef('ClusterRole', 'none'),
      subjects: [{ kind: 'User', name: 'bob' }],
    });
    expect(ask(pods('list')).reason).toBeUndefined();
  });
});
