// The default policy against upstream's: a table of the facts in its bootstrappolicy/testdata (cluster-roles,
// cluster-role-bindings, controller-roles, namespace-roles, namespace-role-bindings), one rule or binding a line.
import { readFileSync } from 'node:fs';
import type { ClusterRole, PolicyRule } from 'kubernetes-types/rbac/v1.js';
import { describe, expect, it } from 'vitest';
import { ruleText, uncovered } from '../../../src/api/rbac.ts';
import { clusterRoleBindings, roleBindings, roles } from '../../../src/server/auth/policy/bindings.ts';
import { clusterRoles } from '../../../src/server/auth/policy/cluster-roles.ts';
import { controllerRules } from '../../../src/server/auth/policy/controller-roles.ts';

const lines = (file: string): string[][] =>
  readFileSync(new URL(`../../golden/rbac/${file}`, import.meta.url), 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.split('\t'));
const words = (text = ''): string[] => text.split(' ').map((word) => (word === 'core' ? '' : word));

interface Named {
  metadata?: { namespace?: string; name?: string };
}
const keyOf = ({ metadata }: Named): string =>
  metadata?.namespace ? `${metadata.namespace}/${metadata.name}` : (metadata?.name ?? '');
/** Ours, kubeadm's and metrics-server's. */
const isOurs = (key: string): boolean => /sampan|kubeadm:|aggregated-metrics-reader/.test(key);

/** `name  verbs  groups  resources [names]`, `name  verbs  paths  urls`, `name  aggregates  label`. */
function table(file: string): Map<string, { rules: PolicyRule[]; aggregates?: string }> {
  const table = new Map<string, { rules: PolicyRule[]; aggregates?: string }>();
  for (const [name = '', verbs, groups, resources, names] of lines(file)) {
    const role = table.get(name) ?? { rules: [] };
    table.set(name, role);
    if (verbs === 'aggregates') role.aggregates = groups;
    else if (groups === 'paths') role.rules.push({ verbs: words(verbs), nonResourceURLs: words(resources) });
    else {
      const rule = { verbs: words(verbs), apiGroups: words(groups), resources: words(resources) };
      role.rules.push(names === undefined ? rule : { ...rule, resourceNames: words(names) });
    }
  }
  return table;
}
const wanted = table('roles.tsv');
const ours = new Map([...clusterRoles, ...roles].map((role) => [keyOf(role), role as ClusterRole]));
/** What our roles allow beyond upstream's. */
const MORE: Readonly<Record<string, string[]>> = {
  // Our scheduler reads the classes itself; upstream's gets their numbers from the pods.
  'system:kube-scheduler': ['get', 'list', 'watch'].map(
    (verb) => `{APIGroups:["scheduling.k8s.io"], Resources:["priorityclasses"], Verbs:["${verb}"]}`,
  ),
};

describe('roles', () => {
  it('are upstream’s and our own', () => {
    expect([...ours.keys()].filter((key) => !isOurs(key)).sort()).toEqual([...wanted.keys()].sort());
  });

  it.each([...wanted])('%s', (name, { rules, aggregates }) => {
    const role = ours.get(name);
    const selected = role?.aggregationRule?.clusterRoleSelectors?.flatMap((s) => Object.keys(s.matchLabels ?? {}));
    expect(selected).toEqual(aggregates === undefined ? undefined : [aggregates]);
    expect(uncovered(role?.rules ?? [], rules).map(ruleText)).toEqual([]);
    expect(uncovered(rules, role?.rules ?? []).map(ruleText)).toEqual(MORE[name] ?? []);
  });
});

describe('roles of controllers', () => {
  // Upstream's controller manager runs each of its controllers as such an account, and stands still without one.
  it.each([...table('controller-roles.tsv')])('%s allows what upstream’s does', (account, { rules }) => {
    expect(uncovered(controllerRules[account] ?? [], rules).map(ruleText)).toEqual([]);
  });
});

describe('bindings', () => {
  it('are upstream’s and our own', () => {
    const written = [...clusterRoleBindings, ...roleBindings]
      .filter((binding) => !isOurs(keyOf(binding)))
      .map((binding) => [
        keyOf(binding),
        `${binding.roleRef.kind}/${binding.roleRef.name}`,
        ...(binding.subjects ?? [])
          // Our nodes are proxies, too.
          .filter((subject) => keyOf(binding) !== 'system:node-proxier' || subject.name !== 'system:nodes')
          .map(({ kind, namespace, name }) => [kind, ...(namespace ? [namespace] : []), name].join('/')),
      ]);
    expect(written.sort()).toEqual(lines('bindings.tsv').sort());
  });
});
