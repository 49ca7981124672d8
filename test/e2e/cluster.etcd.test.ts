// Two API servers on an etcd of three members, while writers write, readers read and watchers watch through both: an
// etcd leader is killed, then one server, then, when both are back, the other server.
import { cpSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ConfigMaps } from '../../src/api/resources.ts';
import { StatusError } from '../../src/api/status.ts';
import { loadKubeConfig } from '../../src/client/kubeconfig.ts';
import { clientConfigFrom } from '../../src/client/kubeconfig-connection.ts';
import { Client } from '../../src/client/rest.ts';
import { type Transport, httpsTransport } from '../../src/client/transport/https.ts';
import { eventually, freePort, sampan, start, temporaryFolder } from '../support/cli.ts';
import { type EtcdProcess, startEtcdCluster } from '../server/store/etcd-process.ts';

const folder = temporaryFolder('cluster');
const NAMES = ['one', 'two'] as const;
type Name = (typeof NAMES)[number];
const ports = new Map<Name, number>();
const daemons = new Map<Name, ReturnType<typeof start>>();
const transports: Transport[] = [];
const clients: Client[] = [];
let etcd: EtcdProcess[] = [];

async function startServer(name: Name): Promise<void> {
  const daemon = start(sampan, [
    'server',
    ...['--data-dir', join(folder.path, name), '--listen', `127.0.0.1:${ports.get(name)}`],
    ...['--store', `etcd=${etcd.map(({ host }) => host).join(',')}`, '--components', 'apiserver'],
  ]);
  daemons.set(name, daemon);
  await eventually(() => {
    if (daemon.child.exitCode !== null) throw new Error(daemon.output());
    return daemon.output().includes('"ready"');
  });
}

async function kill(name: Name): Promise<void> {
  const { child } = daemons.get(name)!;
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await ended;
}

beforeAll(async () => {
  etcd = await startEtcdCluster(3);
  for (const name of NAMES) ports.set(name, await freePort());
  await startServer('one');
  mkdirSync(join(folder.path, 'two'));
  cpSync(join(folder.path, 'one/pki'), join(folder.path, 'two/pki'), { recursive: true });
  await startServer('two');
  for (const name of NAMES) {
    const kubeconfig = join(folder.path, name, 'admin.kubeconfig');
    await eventually(() => existsSync(kubeconfig));
    const transport = httpsTransport(clientConfigFrom(loadKubeConfig([kubeconfig])));
    transports.push(transport);
    clients.push(new Client(transport.handler));
  }
});
afterAll(async () => {
  for (const name of daemons.keys()) await kill(name);
  for (const transport of transports) transport.close();
  for (const member of etcd) await member.remove();
  folder.remove();
});

const key = (name: string) => ({ name, namespace: 'default' });
/** Asks one server after the other until one answers; what the API itself refuses is an answer. */
async function insist<T>(ask: (client: Client) => Promise<T>, first = 0): Promise<T> {
  const deadline = Date.now() + 60_000;
  for (let attempt = first; ; attempt++) {
    try {
      return await ask(clients[attempt % clients.length]!);
    } catch (error) {
      const refused = error instanceof StatusError && error.code >= 400 && error.code < 500 && error.code !== 429;
      if (refused || Date.now() > deadline) throw error;
      await sleep(20);
    }
  }
}

/** Creates objects until told to stop; the names of those that were acknowledged. */
async function write(writer: number, running: () => boolean): Promise<string[]> {
  const acknowledged: string[] = [];
  for (let n = 0; running(); n++) {
    const name = `w${writer}-${n}`;
    try {
      await insist((client) => client.create(ConfigMaps, { metadata: key(name) }), n);
    } catch (error) {
      // The answer to an earlier attempt was lost; the write was not.
      if (!(error instanceof StatusError && error.reason === 'AlreadyExists')) throw error;
    }
    acknowledged.push(name);
    await sleep(5);
  }
  return acknowledged;
}

const countOf = async (client: Client) => Number((await client.get(ConfigMaps, key('counter'))).data?.['n']);

/** Counts up with compare-and-swap; what was acknowledged must be what the next read shows, whoever answers. */
async function count(running: () => boolean): Promise<number> {
  let last = 0;
  for (let n = 0; running(); n++) {
    const read = await insist((client) => client.get(ConfigMaps, key('counter')), n);
    const value = Number(read.data?.['n']);
    if (value < last) throw new Error(`${last} was acknowledged, and then ${value} was read`);
    try {
      const next = { ...read, data: { n: String(value + 1) } };
      await insist((client) => client.update(ConfigMaps, next), n + 1);
      last = value + 1;
    } catch (error) {
      if (!(error instanceof StatusError && error.reason === 'Conflict')) throw error;
      last = value;
    }
  }
  return last;
}

async function read(running: () => boolean): Promise<number> {
  let last = 0;
  let reads = 0;
  for (; running(); reads++) {
    const value = await insist(countOf, reads);
    if (value < last) throw new Error(`a read went back in time: from ${last} to ${value}`);
    last = value;
  }
  return reads;
}

interface Seen {
  type: string;
  name: string;
  revision: number;
}

/** Follows the namespace from a revision on, at one server until it fails, then at the other from where it was. */
async function follow(first: number, from: string, until: AbortSignal): Promise<Seen[]> {
  const seen: Seen[] = [];
  let resourceVersion = from;
  for (let n = first; !until.aborted; n++) {
    try {
      const watch = clients[n % 2]!.watch(ConfigMaps, { namespace: 'default', resourceVersion, signal: until });
      for await (const { type, object } of watch) {
        if (type === 'ERROR') throw new Error(JSON.stringify(object));
        resourceVersion = object.metadata!.resourceVersion!;
        if (type === 'BOOKMARK') continue;
        seen.push({ type, name: object.metadata!.name!, revision: Number(resourceVersion) });
      }
    } catch (error) {
      if (error instanceof StatusError && error.code === 410) throw error;
      await sleep(20);
    }
  }
  return seen;
}

test('nothing acknowledged is lost, no event comes twice or not at all, and time does not run backwards', async () => {
  await clients[0]!.create(ConfigMaps, { metadata: key('counter'), data: { n: '0' } });
  const from = (await clients[0]!.list(ConfigMaps, { namespace: 'default' })).metadata.resourceVersion!;
  let on = true;
  const running = () => on;
  const done = new AbortController();
  const watching = Promise.all([0, 1, 0].map((server) => follow(server, from, done.signal)));
  const writing = Promise.all([0, 1, 2, 3].map((writer) => write(writer, running)));
  const counting = count(running);
  const reading = read(running);

  await sleep(1000);
  const leaders = await Promise.all(etcd.map((member) => member.isLeader()));
  const leader = etcd[leaders.indexOf(true)]!;
  await leader.stop();
  await sleep(2500);
  await kill('one');
  await sleep(1500);
  await leader.start();
  await startServer('one');
  await sleep(1000);
  await kill('two');
  await sleep(1500);
  on = false;

  const acknowledged = (await writing).flat();
  const counted = await counting;
  expect(await reading).toBeGreaterThan(10);
  expect(acknowledged.length).toBeGreaterThan(100);
  const { items, metadata } = await clients[0]!.list(ConfigMaps, { namespace: 'default' });
  const there = new Set(items.map((item) => item.metadata!.name!));
  expect(acknowledged.filter((name) => !there.has(name))).toEqual([]);
  expect(await countOf(clients[0]!)).toBeGreaterThanOrEqual(counted);

  // The last thing written is the mark by which each watcher is known to have seen all.
  await clients[0]!.create(ConfigMaps, { metadata: key('the-end') });
  await sleep(1000);
  done.abort();
  const written = new Set([...there].filter((name) => /^w\d-/.test(name)));
  for (const seen of await watching) {
    const revisions = seen.map(({ revision }) => revision);
    expect(revisions).toEqual([...new Set(revisions)].sort((a, b) => a - b));
    const added = seen.filter(({ type, name }) => type === 'ADDED' && written.has(name)).map(({ name }) => name);
    expect(added).toHaveLength(written.size);
    expect(new Set(added)).toEqual(written);
    expect(seen.at(-1)).toMatchObject({ type: 'ADDED', name: 'the-end' });
    expect(seen.at(-1)!.revision).toBeGreaterThan(Number(metadata.resourceVersion));
  }
});
