// Two servers on one etcd: one cluster, one of them acts, the other takes over.
import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { EndpointSlices, Namespaces, ServiceAccounts } from '../../src/api/resources.ts';
import { type RunningServer, StartupError, startServer } from '../../src/server/server.ts';

let base: string;
let etcd: ChildProcess;
let store: `etcd=${string}`;

async function freePort(): Promise<number> {
  const server = createServer();
  const port = await new Promise<number>((resolve) =>
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)),
  );
  await new Promise((resolve) => server.close(resolve));
  return port;
}

beforeAll(async () => {
  base = mkdtempSync(join(tmpdir(), 'sampan-shared-'));
  const [client, peer] = [`http://127.0.0.1:${await freePort()}`, `http://127.0.0.1:${await freePort()}`];
  store = `etcd=${client}`;
  etcd = spawn(
    'etcd',
    [
      `--data-dir=${join(base, 'etcd')}`,
      `--listen-client-urls=${client}`,
      `--advertise-client-urls=${client}`,
      `--listen-peer-urls=${peer}`,
      `--initial-advertise-peer-urls=${peer}`,
      `--initial-cluster=default=${peer}`,
      '--max-txn-ops=2048',
    ],
    { stdio: 'ignore' },
  );
  for (let attempt = 0; ; attempt++) {
    const up = await fetch(`${client}/health`).then(
      (r) => r.ok,
      () => false,
    );
    if (up) return;
    if (attempt > 200) throw new Error('etcd did not start');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
});
afterAll(async () => {
  const ended = new Promise((resolve) => etcd.once('exit', resolve));
  etcd.kill('SIGKILL');
  await ended;
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

  await first.close();
  await second.client().create(Namespaces, { metadata: { name: 'two' } });
  await accountOf(second, 'two');
  await second.close();
});
