// A quota is charged in the transaction of what it lets in: also two servers on one store cannot overrun it together, and
// no controller has to run for that.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { ConfigMaps, ResourceQuotas, Services } from '../../../src/api/resources.ts';
import type { Client } from '../../../src/client/rest.ts';
import { admissionChain } from '../../../src/server/admission/chain.ts';
import { openLmdbStore } from '../../../src/server/store/lmdb.ts';
import { createMemoryStore } from '../../../src/server/store/memory.ts';
import type { Store } from '../../../src/server/store/store.ts';
import { type TestServer, startTestServer } from '../../support/server.ts';
import { faultyStore } from '../store/faulty-store.ts';

const namespace = 'default';
const admission = admissionChain().filter(({ name }) => name === 'ResourceQuota');
const running: TestServer[] = [];

async function servers(count: number, store: Store = createMemoryStore()): Promise<Client[]> {
  for (let i = 0; i < count; i++) running.push(await startTestServer({ store, admission, namespaces: i === 0 }));
  return running.map((server) => server.client());
}
afterEach(async () => {
  for (const server of running.splice(0)) await server.close();
});

const limit = (client: Client, hard: Record<string, string>, name = 'q') =>
  client.create(ResourceQuotas, { metadata: { namespace, name }, spec: { hard } });
const configMap = (client: Client, name: string, dryRun = false) =>
  client.create(ConfigMaps, { metadata: { namespace, name } }, dryRun ? { dryRun: true } : {});
const quota = (client: Client, name = 'q') => client.get(ResourceQuotas, { namespace, name });
const used = async (client: Client, name = 'q') => (await quota(client, name)).status?.used;
const succeeded = (results: PromiseSettledResult<unknown>[]) => results.filter((r) => r.status === 'fulfilled').length;

describe('two servers on one store', () => {
  it('let in together what one would, creates and updates', async () => {
    const [one, two] = (await servers(2)) as [Client, Client];
    await limit(one, { configmaps: '15', 'services.nodeports': '3' });
    const creates = Array.from({ length: 60 }, (_, i) => configMap(i % 2 ? one : two, `m${i}`));
    const results = await Promise.allSettled(creates);
    expect(succeeded(results)).toBe(15);
    for (const result of results) {
      if (result.status === 'rejected')
        expect(String(result.reason)).toContain(
          'exceeded quota: q, requested: configmaps=1, used: configmaps=15, limited: configmaps=15',
        );
    }
    expect((await two.list(ConfigMaps, { namespace })).items).toHaveLength(15);

    const names = Array.from({ length: 10 }, (_, i) => `s${i}`);
    for (const name of names)
      await one.create(Services, { metadata: { namespace, name }, spec: { ports: [{ port: 80 }] } });
    const widen = (name: string, i: number) =>
      (i % 2 ? one : two).patch(Services, { namespace, name }, 'merge', { spec: { type: 'NodePort' } });
    expect(succeeded(await Promise.allSettled(names.map(widen)))).toBe(3);
    expect(await used(one)).toEqual({ configmaps: '15', 'services.nodeports': '3' });
    expect(await used(two)).toEqual(await used(one));
  });

  it('fill each of several quotas, and the smallest holds', async () => {
    const [one, two] = (await servers(2)) as [Client, Client];
    await limit(one, { configmaps: '9' }, 'wide');
    await limit(two, { 'count/configmaps': '4' }, 'narrow');
    const creates = Array.from({ length: 20 }, (_, i) => configMap(i % 2 ? one : two, `m${i}`));
    expect(succeeded(await Promise.allSettled(creates))).toBe(4);
    expect(await used(one, 'wide')).toEqual({ configmaps: '4' });
    expect(await used(two, 'narrow')).toEqual({ 'count/configmaps': '4' });
  });
});

describe('a charge', () => {
  it('is written with the object, in its revision, and owned by the server', async () => {
    const [client] = (await servers(1)) as [Client];
    await limit(client, { configmaps: '2', secrets: '1' });
    const made = await configMap(client, 'a');
    const now = await quota(client);
    expect(now.metadata?.resourceVersion).toBe(made.metadata?.resourceVersion);
    expect(now.status).toEqual({ used: { configmaps: '1' } });
    expect(now.metadata?.managedFields?.find((entry) => entry.manager === 'kube-apiserver')).toMatchObject({
      operation: 'Update',
      subresource: 'status',
      fieldsV1: { 'f:status': { 'f:used': { '.': {}, 'f:configmaps': {} } } },
    });
  });

  it('is not made by what is not written: a dry run, a name that is taken, another limit that is reached', async () => {
    const [client] = (await servers(1)) as [Client];
    await limit(client, { configmaps: '3' });
    await configMap(client, 'a');
    await configMap(client, 'dry', true);
    await expect(configMap(client, 'a')).rejects.toMatchObject({ reason: 'AlreadyExists' });
    expect(await used(client)).toEqual({ configmaps: '1' });
    await limit(client, { configmaps: '1' }, 'second');
    await expect(configMap(client, 'b')).rejects.toMatchObject({ reason: 'Forbidden' });
    await expect(configMap(client, 'dry', true)).rejects.toMatchObject({ reason: 'Forbidden' });
    // The status of the first may be behind, never ahead of what there is.
    expect(await used(client)).toEqual({ configmaps: '1' });
  });

  it('comes off when room is needed that deletions have left', async () => {
    const [client] = (await servers(1)) as [Client];
    await limit(client, { configmaps: '2' });
    await configMap(client, 'a');
    await configMap(client, 'b');
    await expect(configMap(client, 'c')).rejects.toMatchObject({ reason: 'Forbidden' });
    await client.delete(ConfigMaps, { namespace, name: 'a' });
    await configMap(client, 'c');
    await expect(configMap(client, 'd')).rejects.toMatchObject({ reason: 'Forbidden' });
    expect(await used(client)).toEqual({ configmaps: '2' });
  });

  it('counts what was there before the quota', async () => {
    const [client] = (await servers(1)) as [Client];
    await configMap(client, 'a');
    await limit(client, { configmaps: '2' });
    await configMap(client, 'b');
    await expect(configMap(client, 'c')).rejects.toMatchObject({ reason: 'Forbidden' });
  });
});

describe('charges that are on their way to the disk together', () => {
  /** On disk, where a transaction is answered long after the next one was given. */
  async function onDisk<T>(work: (store: Store) => Promise<T>): Promise<T> {
    const path = mkdtempSync(join(tmpdir(), 'quota-'));
    const store = await openLmdbStore({ path });
    try {
      return await work(store);
    } finally {
      for (const server of running.splice(0)) await server.close();
      await store.close();
      rmSync(path, { recursive: true });
    }
  }

  it('reach the limit and not more, from two servers', () =>
    onDisk(async (store) => {
      const [one, two] = (await servers(2, store)) as [Client, Client];
      await limit(one, { configmaps: '100' });
      const creates = Array.from({ length: 150 }, (_, i) => configMap(i % 3 ? one : two, `m${i}`));
      expect(succeeded(await Promise.allSettled(creates))).toBe(100);
      expect(await used(one)).toEqual({ configmaps: '100' });
      expect((await two.list(ConfigMaps, { namespace })).items).toHaveLength(100);
    }));

  it('share a commit', () =>
    onDisk(async (store) => {
      let given = 0;
      let most = 0;
      const counting: Store = {
        ...faultyStore(store, () => undefined),
        async transact(compares, operations) {
          most = Math.max(most, ++given);
          return store.transact(compares, operations).finally(() => given--);
        },
      };
      const [client] = (await servers(1, counting)) as [Client];
      await limit(client, { configmaps: '40' });
      await configMap(client, 'first');
      most = 0;
      await Promise.all(Array.from({ length: 30 }, (_, i) => configMap(client, `m${i}`)));
      expect(most).toBe(30);
      expect(await used(client)).toEqual({ configmaps: '31' });
    }));

  it('count what was written, whichever of them fail', () =>
    onDisk(async (store) => {
      let calls = 0;
      const faulty = faultyStore(store, (call, keys) => {
        if (call !== 'transact' || !keys[0]?.includes('configmaps')) return undefined;
        return ([undefined, 'Unavailable', 'done but unknown', 'not done and unknown'] as const)[calls++ % 29];
      });
      const [client] = (await servers(1, faulty)) as [Client];
      await limit(client, { configmaps: '1000' });
      const creates = Array.from({ length: 60 }, (_, i) => configMap(client, `m${i % 50}`));
      await Promise.allSettled(creates);
      const { items } = await client.list(ConfigMaps, { namespace });
      expect(items.length).toBeGreaterThan(20);
      expect(await used(client)).toEqual({ configmaps: String(items.length) });
    }));
});
