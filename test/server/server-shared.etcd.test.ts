// Two servers on one etcd: one cluster, one of them acts, the other takes over.
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ConfigMaps, EndpointSlices, Namespaces, ServiceAccounts } from '../../src/api/resources.ts';
import { type RunningServer, StartupError, startServer } from '../../src/server/server.ts';
import { freePort } from '../support/cli.ts';
import { EtcdProcess } from './store/etcd-process.ts';

let base: string;
const etcd = new EtcdProcess();
let store: `etcd=${string}`;

beforeAll(async () => {
  base = mkdtempSync(join(tmpdir(), 'sampan-shared-'));
  await etcd.start();
  store = `etcd=${etcd.host}`;
});
afterAll(async () => {
  await etcd.remove();
  rmSync(base, { recursive: true, force: true });
});

const start = (name: string, address: string, port: number): Promise<RunningServer> =>
  startServer({
    dataDir: join(base, name),
    store,
    listen: { host: '127.0.0.1', port },
    advertiseAddress: address,
  });

async function accountOf(server: RunningServer, namespace: string): Promise<void> {
  for (let attempt = 0; attempt < 300; attempt++) {
    if ((await server.client().list(ServiceAccounts, { namespace })).items.length > 0) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`no controller looked after ${namespace}`);
}

const ResourceQuotas = { group: '', version: 'v1', plural: 'resourcequotas', kind: 'ResourceQuota', namespaced: true };

/** What both write at once, with deletions and the controller's counting between, never goes beyond a quota. */
async function quotaHolds(servers: readonly RunningServer[]): Promise<void> {
  const clients = servers.map((server) => server.client());
  const namespace = 'one';
  await clients[0]!.create(ResourceQuotas, {
    metadata: { namespace, name: 'q' },
    spec: { hard: { 'count/configmaps': '12' } },
  } as never);
  for (let round = 0; round < 3; round++) {
    const names = Array.from({ length: 40 }, (_, i) => `m${round}-${i}`);
    const create = (name: string, i: number) =>
      clients[i % clients.length]!.create(ConfigMaps, { metadata: { namespace, name } });
    const results = await Promise.allSettled(names.map(create));
    const reasons = results.flatMap((r) => (r.status === 'rejected' ? [(r.reason as Error).message] : []));
    expect(reasons.filter((reason) => !reason.includes('exceeded quota: q'))).toEqual([]);
    const { items } = await clients[1]!.list(ConfigMaps, { namespace });
    expect(items).toHaveLength(12);
    const gone = items.filter(({ metadata }) => metadata?.name?.startsWith('m')).slice(0, 5);
    const remove = ({ metadata }: (typeof gone)[number], i: number) =>
      clients[i % clients.length]!.delete(ConfigMaps, { namespace, name: metadata!.name! });
    await Promise.all(gone.map(remove));
  }
}

it('serves one cluster from both, and goes on when one leaves', async () => {
  const port = await freePort();
  const first = await start('first', '192.0.2.1', port);
  await expect(start('stranger', '192.0.2.3', port + 1)).rejects.toThrow(StartupError);
  cpSync(join(base, 'first', 'pki'), join(base, 'second', 'pki'), { recursive: true });
  const second = await start('second', '192.0.2.2', await freePort());

  await first.client().create(Namespaces, { metadata: { name: 'one' } });
  await accountOf(second, 'one');
  const slice = await second.client().get(EndpointSlices, { namespace: 'default', name: 'kubernetes' });
  expect(slice.endpoints.flatMap((e) => e.addresses)).toEqual(['192.0.2.1', '192.0.2.2']);

  await quotaHolds([first, second]);
  await first.close();
  await second.client().create(Namespaces, { metadata: { name: 'two' } });
  await accountOf(second, 'two');
  await second.close();
});
