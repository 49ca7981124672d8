// Controllers that are one decision each: aggregated roles and bootstrap tokens.
import { afterEach, describe, expect, it } from 'vitest';
import { ClusterRoles, Secrets } from '../../../src/api/resources.ts';
import { isNotFound } from '../../../src/api/status.ts';
import { tokenExpiry } from '../../../src/server/controllers/tokencleaner.ts';
import { type TestCluster, eventually, startCluster } from './cluster.ts';

let cluster: TestCluster;
afterEach(() => cluster.stop());

const role = (name: string, resource: string, labels: Record<string, string>) => ({
  apiVersion: 'rbac.authorization.k8s.io/v1' as const,
  kind: 'ClusterRole' as const,
  metadata: { name, labels },
  rules: [{ apiGroups: [''], resources: [resource], verbs: ['get'] }],
});

describe('aggregated cluster roles', () => {
  it('are the sum of those that they select, as these come and go', async () => {
    cluster = await startCluster({ nodes: 0, scheduler: false, controllers: ['clusterrole-aggregation'] });
    const { client } = cluster;
    const selected = { part: 'view' };
    await client.create(ClusterRoles, role('b', 'pods', selected));
    await client.create(ClusterRoles, role('a', 'nodes', selected));
    await client.create(ClusterRoles, role('other', 'secrets', {}));
    const sum = {
      ...role('sum', 'nonsense', selected),
      aggregationRule: { clusterRoleSelectors: [{ matchLabels: selected }] },
    };
    await client.create(ClusterRoles, sum);
    const resources = async () => (await client.get(ClusterRoles, { name: 'sum' })).rules?.map((r) => r.resources?.[0]);
    const becomes = (...wanted: string[]) =>
      eventually(wanted.join(), async () => (await resources())?.join() === wanted.join());
    await becomes('nodes', 'pods');
    await client.delete(ClusterRoles, { name: 'a' });
    await becomes('pods');
    await client.patch(ClusterRoles, { name: 'sum' }, 'merge', { rules: [] });
    await becomes('pods');
  });
});

describe('bootstrap tokens', () => {
  const secret = (name: string, expiration?: string, type = 'bootstrap.kubernetes.io/token') => ({
    apiVersion: 'v1' as const,
    kind: 'Secret' as const,
    metadata: { name, namespace: 'kube-system' },
    type,
    data: {
      'token-id': Buffer.from('abcdef').toString('base64'),
      'token-secret': Buffer.from('0123456789abcdef').toString('base64'),
      ...(expiration ? { expiration: Buffer.from(expiration).toString('base64') } : {}),
    },
  });

  it('go when their time is over, and no sooner', async () => {
    cluster = await startCluster({ nodes: 0, scheduler: false, controllers: ['tokencleaner'] });
    const { client } = cluster;
    const soon = new Date(Date.now() + 300).toISOString();
    for (const s of [
      secret('old', '2020-01-01T00:00:00Z'),
      secret('soon', soon),
      secret('later', '2999-01-01T00:00:00Z'),
      secret('forever'),
      secret('other', '2020-01-01T00:00:00Z', 'Opaque'),
    ]) {
      await client.create(Secrets, s);
    }
    const names = async () => (await client.list(Secrets, {})).items.map((s) => s.metadata?.name).sort();
    await eventually('two are gone', async () => (await names()).length === 3);
    expect(await names()).toEqual(['forever', 'later', 'other']);
    const gone = client.get(Secrets, { name: 'soon', namespace: 'kube-system' }).catch(isNotFound);
    expect(await gone).toBe(true);
  });

  it('with a time that cannot be read have no time left', async () => {
    cluster = await startCluster({ nodes: 0, scheduler: false, controllers: ['tokencleaner'] });
    expect(tokenExpiry(secret('x', 'tomorrow'))).toBe(0);
    expect(tokenExpiry(secret('x'))).toBe(Infinity);
  });
});
