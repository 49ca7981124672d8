// What a start makes of roles and bindings that somebody has changed since the last one. The cases are upstream's
// (component-helpers/auth/rbac/reconciliation/reconcile_role_test.go and reconcile_rolebindings_test.go).
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ClusterRoleBindings, ClusterRoles } from '../../../src/api/resources.ts';
import type { Client } from '../../../src/client/rest.ts';
import { type RunningServer, startServer } from '../../../src/server/server.ts';

const RBAC = 'rbac.authorization.k8s.io';
const AUTOUPDATE = 'rbac.authorization.kubernetes.io/autoupdate';
const eve = { kind: 'User', apiGroup: RBAC, name: 'eve' };
const other = { apiGroup: RBAC, kind: 'ClusterRole', name: 'cluster-admin' };
const rule = { apiGroups: ['x'], resources: ['y'], verbs: ['get'] };
let dataDir: string;
let server: RunningServer;
let client: Client;
const start = async (): Promise<void> => {
  server = await startServer({ dataDir, listen: false, components: ['apiserver'] });
  client = server.client();
};
const role = (name: string) => client.get(ClusterRoles, { name });
const binding = (name: string) => client.get(ClusterRoleBindings, { name });
const patch = (type: typeof ClusterRoles | typeof ClusterRoleBindings, name: string, change: object) =>
  client.patch(type as typeof ClusterRoles, { name }, 'merge', change);
const rebind = async (name: string, annotations: Record<string, string> = {}): Promise<void> => {
  await client.delete(ClusterRoleBindings, { name });
  await client.create(ClusterRoleBindings, { metadata: { name, annotations }, roleRef: other, subjects: [eve] });
};

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'sampan-policy-'));
  await start();
  await rebind('system:discovery');
  await rebind('system:basic-user', { [AUTOUPDATE]: 'false' });
  await patch(ClusterRoleBindings, 'system:kube-dns', { subjects: [eve] });
  await client.delete(ClusterRoleBindings, { name: 'system:node-proxier' });
  await patch(ClusterRoles, 'system:discovery', { rules: [rule], metadata: { labels: { mine: 'x' } } });
  await patch(ClusterRoles, 'system:basic-user', {
    rules: [rule],
    metadata: { annotations: { [AUTOUPDATE]: 'false' } },
  });
  await patch(ClusterRoles, 'system:node-proxier', {
    aggregationRule: { clusterRoleSelectors: [{ matchLabels: { any: 'thing' } }] },
    metadata: { labels: { 'kubernetes.io/bootstrapping': 'otherwise' } },
  });
  await patch(ClusterRoles, 'view', { aggregationRule: { clusterRoleSelectors: [{ matchLabels: { own: 'x' } }] } });
  await server.close();
  await start();
});
afterAll(async () => {
  await server.close();
  rmSync(dataDir, { recursive: true, force: true });
});

describe('at the next start', () => {
  it('a binding of another role is made anew: its subjects get no other rights than they should have', async () => {
    const { roleRef, subjects } = await binding('system:discovery');
    expect(roleRef.name).toBe('system:discovery');
    expect(subjects?.map((subject) => subject.name)).toEqual(['system:authenticated']);
  });

  it('what is told to stay as it is stays', async () => {
    expect(await binding('system:basic-user')).toMatchObject({ roleRef: other, subjects: [eve] });
    expect((await role('system:basic-user')).rules).toEqual([rule]);
  });

  it('missing subjects, rules and objects come back, and what was added stays', async () => {
    const dns = (await binding('system:kube-dns')).subjects?.map((subject) => subject.name);
    expect(dns).toEqual(['eve', 'kube-dns']);
    expect((await binding('system:node-proxier')).roleRef.name).toBe('system:node-proxier');
    const discovery = await role('system:discovery');
    expect(discovery.rules?.[0]).toEqual(rule);
    expect(discovery.rules?.flatMap((r) => r.nonResourceURLs ?? [])).toContain('/api');
    expect(discovery.metadata?.labels).toEqual({ 'kubernetes.io/bootstrapping': 'rbac-defaults', mine: 'x' });
  });

  it('a role that is not to aggregate does not; one that is gets its selectors beside others', async () => {
    const proxier = await role('system:node-proxier');
    expect(proxier.aggregationRule).toBeUndefined();
    expect(proxier.metadata?.labels?.['kubernetes.io/bootstrapping']).toBe('otherwise');
    expect((await role('view')).aggregationRule?.clusterRoleSelectors).toEqual([
      { matchLabels: { own: 'x' } },
      { matchLabels: { 'rbac.authorization.k8s.io/aggregate-to-view': 'true' } },
    ]);
  });

  it('and the one after it writes nothing', async () => {
    const versions = async () => {
      const [roles, bindings] = await Promise.all([client.list(ClusterRoles), client.list(ClusterRoleBindings)]);
      return [...roles.items, ...bindings.items].map(({ metadata }) => [metadata?.name, metadata?.resourceVersion]);
    };
    const before = await versions();
    await server.close();
    await start();
    expect(await versions()).toEqual(before);
  });
});
