// Keeps cluster roles with an aggregation rule equal to the sum of the roles that they select. Upstream:
// pkg/controller/clusterroleaggregation/clusterroleaggregation_controller.go.
import type { ClusterRole, PolicyRule } from 'kubernetes-types/rbac/v1.js';
import { ClusterRoles } from '../../api/resources.ts';
import { semanticEqual } from '../../api/equal.ts';
import { defineController, watch } from '../../client/controller.ts';
import { compiledSelector } from './shared/selectors.ts';

const nameOf = (role: ClusterRole): string => role.metadata?.name ?? '';
const byName = (a: ClusterRole, b: ClusterRole): number => (nameOf(a) < nameOf(b) ? -1 : 1);

/** The rules of all selected roles, by role name, each once. */
export function aggregatedRules(role: ClusterRole, all: readonly ClusterRole[]): PolicyRule[] {
  const rules: PolicyRule[] = [];
  for (const selector of role.aggregationRule?.clusterRoleSelectors ?? []) {
    const selected = all.filter((r) => r !== role && compiledSelector(selector).matches(r.metadata?.labels));
    for (const other of selected.sort(byName)) {
      for (const rule of other.rules ?? []) if (!rules.some((r) => semanticEqual(r, rule))) rules.push(rule);
    }
  }
  return rules;
}

export default defineController({
  name: 'clusterrole-aggregation',
  for: ClusterRoles,
  filter: (role) => role.aggregationRule !== undefined,
  watches: [
    watch(ClusterRoles, (_role, _old, { lister }) =>
      lister(ClusterRoles)
        .list()
        .filter((role) => role.aggregationRule)
        .map(nameOf),
    ),
  ],
  async reconcile({ client, lister }, key) {
    const role = lister(ClusterRoles).get(key);
    if (!role?.aggregationRule) return;
    const rules = aggregatedRules(role, lister(ClusterRoles).list());
    if (semanticEqual(role.rules, rules)) return;
    await client.update(ClusterRoles, { ...role, rules });
  },
});
