// Upstream's tables for role-based access control: TestCovers… and TestNonResourceURLCovers (component-helpers/auth/rbac/
// validation/policy_comparator_test.go), TestCompactRules (pkg/registry/rbac/validation/policy_compact_test.go),
// TestAppliesTo and TestDefaultRuleResolver (rule_test.go), TestAuthorizer and TestRuleMatches (plugin/pkg/auth/authorizer/
// rbac/rbac_test.go).
import type { ClusterRoleBinding, PolicyRule, RoleBinding, Subject } from 'kubernetes-types/rbac/v1.js';
import { describe, expect, it } from 'vitest';
import { compactRules, ruleAllows, ruleQuery, uncovered } from '../../../src/api/rbac.ts';
import { ClusterRoleBindings, ClusterRoles, RoleBindings, Roles } from '../../../src/api/resources.ts';
import { rbacAuthorizer } from '../../../src/server/auth/authorizers/rbac.ts';
import { RbacIndex } from '../../../src/server/auth/rbac/index.ts';
import { TestCluster } from './cluster.ts';

const words = (text: string): string[] => text.split(' ').map((word) => (word === 'core' ? '' : word));
/** Verbs, groups, resources and names, each a list of words. */
const on = (verbs: string, groups: string, resources: string, names?: string): PolicyRule => ({
  verbs: words(verbs),
  apiGroups: words(groups),
  resources: words(resources),
  ...(names === undefined ? {} : { resourceNames: names === '' ? [] : words(names) }),
});
const at = (verbs: string, urls: string): PolicyRule => ({ verbs: words(verbs), nonResourceURLs: words(urls) });

describe('rules that cover others', () => {
  const separate = (group: string): PolicyRule[] => [
    on('delete', group, 'deployments'),
    on('delete', group, 'builds'),
    on('update', group, 'builds deployments'),
  ];
  it.each<[string, PolicyRule[], PolicyRule[], PolicyRule[]]>([
    ['exact match', [on('get', 'v1', 'builds')], [on('get', 'v1', 'builds')], []],
    ['subresource wildcard', [on('get', 'v1', '*/scale')], [on('get', 'v1', 'foo/scale')], []],
    ['several for one', separate('v1'), [on('delete update', 'v1', 'builds deployments')], []],
    [
      'several for one of two groups',
      [...separate('group1'), ...separate('group2')],
      [on('delete update', 'group1 group2', 'builds deployments')],
      [],
    ],
    [
      'one for several',
      [on('delete update', 'group1 group2', 'builds deployments')],
      [...separate('group1'), ...separate('group2')],
      [],
    ],
    [
      'one combination missing',
      [on('delete update', 'v1', 'builds deployments'), on('delete', 'v1', 'pods')],
      [on('delete update', 'v1', 'builds deployments pods')],
      [on('update', 'v1', 'pods')],
    ],
    ['any group', [on('get', '*', 'roles')], [on('get', 'group1 group2', 'roles')], []],
    ['a group for any', [on('get', 'dummy', 'roles')], [on('get', '*', 'roles')], [on('get', '*', 'roles')]],
    ['any group for any', [on('get', '*', 'roles')], [on('get', '*', 'roles')], []],
    ['any verb', [on('*', 'v1', 'roles')], [on('watch list', 'v1', 'roles')], []],
    [
      'all verbs for any',
      [on('get list watch create update delete exec', 'v1', 'roles')],
      [on('*', 'v1', 'roles')],
      [on('*', 'v1', 'roles')],
    ],
    ['any verb for any', [on('*', 'v1', 'roles')], [on('*', 'v1', 'roles')], []],
    ['any resource', [on('get', 'v1', '*')], [on('get', 'v1', 'resourcegroup:deployments')], []],
    ['resources for any', [on('get', 'v1', 'roles pods')], [on('get', 'v1', '*')], [on('get', 'v1', '*')]],
    ['any resource for any', [on('get', 'v1', '*')], [on('get', 'v1', '*')], []],
    ['no names for some', [on('get', 'v1', 'pods', '')], [on('get', 'v1', 'pods', 'foo bar')], []],
    ['names for none', [on('get', 'v1', 'pods', 'foo bar')], [on('get', 'v1', 'pods', '')], [on('get', 'v1', 'pods')]],
    ['a path', [at('*', '/apis')], [at('*', '/apis')], []],
    ['any path', [at('*', '*')], [at('*', '/apis /apis/v1 /')], []],
    ['below a path', [at('*', '/apis/*')], [at('get', '/apis/v1/foo /apis/v1')], []],
    ['below a path, not the path', [at('*', '/apis/*')], [at('get', '/apis /apis/v1')], [at('get', '/apis')]],
    [
      'resources and paths',
      [{ ...on('get', 'v1', 'builds'), nonResourceURLs: ['/apis'] }],
      [{ ...on('get', 'v1', 'builds'), nonResourceURLs: ['/apis'] }],
      [],
    ],
    [
      'resources, not paths',
      [on('get', 'v1', 'builds')],
      [{ ...on('get', 'v1', 'builds'), nonResourceURLs: ['/apis'] }],
      [at('get', '/apis')],
    ],
  ])('%s', (_what, held, wanted, left) => {
    expect(uncovered(held, wanted)).toEqual(left);
  });

  it.each<[string, string, boolean]>([
    ['*', '', true],
    ['*', '/', true],
    ['*', '/api', true],
    ['/*', '', false],
    ['/*', '/', true],
    ['/*', '/foo', true],
    ['/api', '/api', true],
    ['/apis', '/api', false],
    ['/api/v1', '/api', false],
    ['/api/v1', '/api/v1', true],
    ['/api/*', '/api/v1', true],
    ['/api/*', '/api', false],
    ['/api/*/*', '/api/v1', false],
    ['/*/v1/*', '/api/v1', false],
  ])('%s for the path %s: %s', (held, wanted, covered) => {
    const wantedRule = { verbs: ['get'], nonResourceURLs: [wanted] };
    expect(uncovered([{ verbs: ['get'], nonResourceURLs: [held] }], [wantedRule])).toHaveLength(covered ? 0 : 1);
  });
});

describe('rules in short', () => {
  const silent = (resources: string[]): PolicyRule => ({ apiGroups: [''], resources }) as PolicyRule;
  const unmerged = (...rules: PolicyRule[]): [PolicyRule[], PolicyRule[]] => [rules, rules];
  it.each<[string, PolicyRule[], PolicyRule[]]>([
    ['none', [], []],
    [
      'simple ones',
      [
        on('get', 'core', 'builds'),
        on('list', 'core', 'builds'),
        on('update patch', 'core', 'builds'),
        on('create', 'extensions', 'daemonsets'),
        on('delete', 'extensions', 'daemonsets'),
        on('patch', 'extensions', 'daemonsets', 'core'),
        on('get', 'extensions', 'daemonsets', 'foo'),
        on('list', 'extensions', 'daemonsets', 'foo'),
        on('educate', 'core', 'dolphins'),
        silent(['pirates']),
        silent(['pods']),
        on('create', 'core', 'pods'),
      ],
      [
        on('get list update patch', 'core', 'builds'),
        on('create delete', 'extensions', 'daemonsets'),
        on('patch', 'extensions', 'daemonsets', 'core'),
        on('get list', 'extensions', 'daemonsets', 'foo'),
        on('educate', 'core', 'dolphins'),
        silent(['pirates']),
        on('create', 'core', 'pods'),
      ],
    ],
    ['of several groups', ...unmerged(on('get', 'core b', 'builds'), on('list', 'core b', 'builds'))],
    ['of several resources', ...unmerged(on('get', 'core', 'builds images'), on('list', 'core', 'builds images'))],
    ['of two names', ...unmerged(on('get', 'core', 'builds', 'a'), on('list', 'core', 'builds', 'b'))],
    ['of paths', ...unmerged(at('get', '/'), at('post', '/'))],
  ])('%s', (_what, rules, short) => {
    const before = structuredClone(rules);
    expect(compactRules(rules)).toEqual(short);
    expect(rules).toEqual(before);
  });
});

const API = 'rbac.authorization.k8s.io';
const authorizerOf = (
  roles: { namespace?: string; name: string; rules: PolicyRule[] }[],
  bindings: { namespace?: string; kind: string; name: string; subjects: Subject[] }[],
) => {
  const cluster = new TestCluster();
  roles.forEach(({ namespace, name, rules }) =>
    namespace === undefined
      ? cluster.put(ClusterRoles, { metadata: { name }, rules })
      : cluster.put(Roles, { metadata: { namespace, name }, rules }),
  );
  bindings.forEach(({ namespace, kind, name, subjects }, i) => {
    const binding = { roleRef: { apiGroup: API, kind, name }, subjects };
    if (namespace === undefined) {
      cluster.put(ClusterRoleBindings, { metadata: { name: `b${i}` }, ...binding } satisfies ClusterRoleBinding);
    } else cluster.put(RoleBindings, { metadata: { namespace, name: `b${i}` }, ...binding } satisfies RoleBinding);
  });
  const index = new RbacIndex();
  index.follow(cluster);
  return rbacAuthorizer(index);
};
const user = (name: string): Subject => ({ kind: 'User', apiGroup: API, name });
const group = (name: string): Subject => ({ kind: 'Group', apiGroup: API, name });

describe('who is bound', () => {
  const account: Subject = { kind: 'ServiceAccount', namespace: 'kube-system', name: 'default' };
  const everybody = [group('system:authenticated'), group('system:unauthenticated')];
  it.each<[string, Subject[], string, string[], boolean]>([
    ['one subject', [user('foobar')], 'foobar', [], true],
    ['one of several', [user('barfoo'), user('foobar')], 'foobar', [], true],
    ['none of several', [user('barfoo'), user('foobar')], 'zimzam', [], false],
    ['by a group', [user('barfoo'), group('foobar')], 'zimzam', ['foobar'], true],
    ['as an account', [user('barfoo'), account], 'system:serviceaccount:kube-system:default', [], true],
    ['a star is nobody', [user('*')], 'foobar', [], false],
    ['everybody who is known', everybody, 'foobar', ['system:authenticated'], true],
    ['everybody who is not', everybody, 'system:anonymous', ['system:unauthenticated'], true],
  ])('%s', async (_what, subjects, name, groups, bound) => {
    const rules = [on('get', 'core', 'pods')];
    const { authorize } = authorizerOf(
      [{ name: 'r', rules }],
      [{ namespace: 'ns', kind: 'ClusterRole', name: 'r', subjects }],
    );
    const asked = { user: { name, groups }, verb: 'get', group: '', resource: 'pods' };
    expect((await authorize({ ...asked, namespace: 'ns' })).allowed).toBe(bound);
    expect((await authorize({ ...asked, namespace: 'other' })).allowed).toBe(false);
  });

  it('has the rules of its bindings, there and everywhere', () => {
    const [pods, services] = [on('GET WATCH', 'v1', 'pods'), on('GET WATCH', 'v1', 'services')];
    const all = on('*', '*', '*');
    const authorizer = authorizerOf(
      [
        { namespace: 'namespace1', name: 'readthings', rules: [pods, services] },
        { name: 'cluster-admin', rules: [all] },
        { name: 'write-nodes', rules: [on('PUT', 'v1', 'nodes')] },
      ],
      [
        { namespace: 'namespace1', kind: 'Role', name: 'readthings', subjects: [user('foobar'), group('group1')] },
        { kind: 'ClusterRole', name: 'cluster-admin', subjects: [user('admin'), group('admin')] },
      ],
    );
    const rules = (name: string, groups: string[], namespace?: string) =>
      authorizer.rulesFor!({ name, groups }, namespace);
    expect(rules('foobar', [], 'namespace1')).toEqual([pods, services]);
    expect(rules('foobar', [], 'namespace2')).toEqual([]);
    expect(rules('foobar', ['admin'])).toEqual([all]);
    expect(rules('', [])).toEqual([]);
  });
});

describe('what rules allow', () => {
  /** `verb group resource[/subresource]`, or `verb /path`. */
  const asked = (text: string) => {
    const [verb = '', first = '', second = ''] = text.split(' ');
    if (first.startsWith('/')) return ruleQuery({ verb, path: first });
    const [resource = '', subresource = ''] = second.split('/');
    return ruleQuery({ verb, group: first, resource, subresource });
  };
  const product = (...lists: string[][]): string[] =>
    lists.reduce((texts, list) => texts.flatMap((text) => list.map((word) => (text ? `${text} ${word}` : word))), ['']);
  const verbs = ['verb1', 'verb2'];
  const everything = product(verbs, ['group1', 'group2'], ['resource1', 'resource2']);
  const below = product(
    verbs,
    ['group1', 'group2'],
    ['resource1/subresource1', 'resource1/subresource2', 'resource2/subresource1'],
  );
  const paths = product(verbs, [
    '/foo',
    '/foo/bar',
    '/foo/baz',
    '/foo/bar/one',
    '/foo/baz/one',
    '/notfoo',
    '/notfoo/bar',
  ]);

  it.each<[string, PolicyRule, string[], RegExp]>([
    ['any verb', on('*', 'group1', 'resource1'), everything, / group1 resource1$/],
    ['any group', on('verb1', '*', 'resource1'), everything, /^verb1 .* resource1$/],
    ['any resource', on('verb1', 'group1', '*'), everything, /^verb1 group1 /],
    ['all', on('verb1 verb2', 'group1 group2', 'resource1 resource2'), everything, /./],
    ['a subresource', on('*', '*', 'resource1/subresource1'), below, /resource1\/subresource1$/],
    ['a resource without what is below', on('*', '*', 'resource1'), below, /^never$/],
    ['a subresource of any', on('*', '*', '*/subresource1'), below, /\/subresource1$/],
    ['any path', at('verb1', '*'), paths, /^verb1/],
    ['below a path', at('verb1', '/foo/*'), paths, /^verb1 \/foo\/./],
    ['two paths', at('*', '/foo /foo/bar/one'), paths, / (\/foo|\/foo\/bar\/one)$/],
    ['paths and no resources', at('*', '*'), everything, /^never$/],
    ['resources and no paths', on('*', '*', '*'), paths, /^never$/],
  ])('%s', (_what, rule, requests, allowed) => {
    expect(requests.filter((request) => ruleAllows(rule, asked(request)))).toEqual(
      requests.filter((request) => allowed.test(request)),
    );
  });
});
