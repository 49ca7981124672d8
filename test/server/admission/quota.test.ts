// ResourceQuotas: nothing gets past them, also not together, and their status says what is used.
import type { Pod, ResourceQuota } from 'kubernetes-types/core/v1.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  CustomResourceDefinitions,
  Deployments,
  Namespaces,
  Pods,
  ResourceQuotas,
  ServiceAccounts,
  Services,
} from '../../../src/api/resources.ts';
import type { Client } from '../../../src/client/rest.ts';
import { type RunningServer, startServer } from '../../../src/server/server.ts';
import { eventually } from '../controllers/cluster.ts';

let server: RunningServer;
let client: Client;
beforeAll(async () => {
  server = await startServer({ listen: false, components: ['controllers'] });
  client = server.client();
});
afterAll(() => server.close());

async function namespace(name: string, spec: NonNullable<ResourceQuota['spec']>): Promise<void> {
  await client.create(Namespaces, { metadata: { name } });
  await client.create(ServiceAccounts, { metadata: { namespace: name, name: 'default' } }).catch(() => undefined);
  await client.create(ResourceQuotas, { metadata: { namespace: name, name: 'q' }, spec });
}
const pod = (namespaceName: string, name: string, cpu?: string, more: Partial<Pod['spec']> = {}): Promise<Pod> =>
  client.create(Pods, {
    metadata: { namespace: namespaceName, name },
    spec: {
      containers: [{ name: 'c', image: 'x', ...(cpu ? { resources: { requests: { cpu } } } : {}) }],
      ...more,
    },
  });
async function used(namespaceName: string, wanted: Record<string, string>, timeoutMs = 2_000): Promise<void> {
  let seen: unknown;
  for (let attempt = 0; attempt < timeoutMs / 10; attempt++) {
    seen = (await client.get(ResourceQuotas, { namespace: namespaceName, name: 'q' })).status?.used;
    if (JSON.stringify(seen) === JSON.stringify(wanted)) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  expect(seen).toEqual(wanted);
}

describe('a ResourceQuota', () => {
  it('is filled by 64 creates that come together, and not overrun', async () => {
    await namespace('together', { hard: { pods: '20', 'requests.cpu': '15' } });
    const names = Array.from({ length: 64 }, (_, i) => `p${i}`);
    const results = await Promise.allSettled(names.map((name) => pod('together', name, '1')));
    const failures = results.flatMap((r) => (r.status === 'rejected' ? [(r.reason as Error).message] : []));
    expect(failures).toHaveLength(64 - 15);
    expect(failures[0]).toContain(
      'is forbidden: exceeded quota: q, requested: requests.cpu=1, used: requests.cpu=15, limited: requests.cpu=15',
    );
    expect((await client.list(Pods, { namespace: 'together' })).items).toHaveLength(15);
    await used('together', { pods: '15', 'requests.cpu': '15' });
  });

  it('is not overrun by updates that come together', async () => {
    await namespace('growing', { hard: { 'services.nodeports': '3' } });
    const names = Array.from({ length: 8 }, (_, i) => `s${i}`);
    for (const name of names) {
      await client.create(Services, { metadata: { namespace: 'growing', name }, spec: { ports: [{ port: 80 }] } });
    }
    const widen = (name: string) =>
      client.patch(Services, { namespace: 'growing', name }, 'merge', { spec: { type: 'NodePort' } });
    const results = await Promise.allSettled(names.map(widen));
    expect(results.filter((r) => r.status === 'fulfilled')).toHaveLength(3);
    await used('growing', { 'services.nodeports': '3' });
  });

  it('counts any kind by name, also one that was defined later', async () => {
    await namespace('objects', { hard: { 'count/deployments.apps': '1' } });
    const deployment = (name: string) =>
      client.create(Deployments, {
        metadata: { namespace: 'objects', name },
        spec: {
          replicas: 0,
          selector: { matchLabels: { a: 'b' } },
          template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'x' }] } },
        },
      });
    await deployment('a');
    await expect(deployment('b')).rejects.toMatchObject({
      message:
        'deployments.apps "b" is forbidden: exceeded quota: q, requested: count/deployments.apps=1, ' +
        'used: count/deployments.apps=1, limited: count/deployments.apps=1',
    });
  });

  it('counts custom resources, also of a definition that went and came back', async () => {
    await namespace('custom', { hard: { 'count/things.example.com': '1' } });
    const Things = { group: 'example.com', version: 'v1alpha1', plural: 'things', kind: 'Thing', namespaced: true };
    const names = { plural: 'things', kind: 'Thing', singular: 'thing', listKind: 'ThingList' };
    const schema = { openAPIV3Schema: { type: 'object' } };
    const definition = {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'things.example.com' },
      spec: {
        group: 'example.com',
        scope: 'Namespaced',
        names,
        versions: [{ name: 'v1alpha1', served: true, storage: true, schema }],
      },
    };
    const thing = (name: string) => client.create(Things, { metadata: { namespace: 'custom', name } });
    for (let round = 0; round < 2; round++) {
      await eventually('it is defined', () => client.create(CustomResourceDefinitions, definition));
      await thing('a');
      if (round === 0) await used('custom', { 'count/things.example.com': '1' }, 4_000);
      await expect(thing('b')).rejects.toMatchObject({
        message:
          'things.example.com "b" is forbidden: exceeded quota: q, requested: count/things.example.com=1, ' +
          'used: count/things.example.com=1, limited: count/things.example.com=1',
      });
      await client.delete(Things, { namespace: 'custom', name: 'a' });
      await thing('b');
      await client.delete(Things, { namespace: 'custom', name: 'b' });
      await client.delete(CustomResourceDefinitions, { name: 'things.example.com' });
    }
  });

  it('counts what pods ask for, until they end', async () => {
    await namespace('compute', { hard: { 'requests.cpu': '1', pods: '3' } });
    await pod('compute', 'a', '600m');
    await expect(pod('compute', 'b', '500m')).rejects.toMatchObject({
      reason: 'Forbidden',
      message:
        'pods "b" is forbidden: exceeded quota: q, requested: requests.cpu=500m, used: requests.cpu=600m, limited: requests.cpu=1',
    });
    await expect(pod('compute', 'silent')).rejects.toMatchObject({
      message: 'pods "silent" is forbidden: failed quota: q: must specify requests.cpu for: c',
    });
    await used('compute', { 'requests.cpu': '600m', pods: '1' });
    await client.patch(
      Pods,
      { namespace: 'compute', name: 'a' },
      'merge',
      { status: { phase: 'Succeeded' } },
      { subresource: 'status' },
    );
    await pod('compute', 'b', '500m');
    await used('compute', { 'requests.cpu': '500m', pods: '1' });
  });

  it('counts only what is in its scope', async () => {
    await namespace('scoped', { hard: { pods: '1' }, scopes: ['Terminating'] });
    await pod('scoped', 'free-1');
    await pod('scoped', 'free-2');
    await pod('scoped', 'bound-1', undefined, { activeDeadlineSeconds: 60 });
    await expect(pod('scoped', 'bound-2', undefined, { activeDeadlineSeconds: 60 })).rejects.toMatchObject({
      message: 'pods "bound-2" is forbidden: exceeded quota: q, requested: pods=1, used: pods=1, limited: pods=1',
    });
  });

  it('counts a service’s node ports, also when it gets them later', async () => {
    await namespace('ports', { hard: { 'services.nodeports': '1' } });
    const service = (name: string, type: string) =>
      client.create(Services, { metadata: { namespace: 'ports', name }, spec: { type, ports: [{ port: 80 }] } });
    await service('a', 'NodePort');
    await service('b', 'ClusterIP');
    await expect(
      client.patch(Services, { namespace: 'ports', name: 'b' }, 'merge', { spec: { type: 'NodePort' } }),
    ).rejects.toMatchObject({
      message:
        'services "b" is forbidden: exceeded quota: q, requested: services.nodeports=1, used: services.nodeports=1, limited: services.nodeports=1',
    });
  });
});
