// Daemons die at any moment. What was acknowledged is there afterwards, nothing is there twice, and controllers make
// the cluster what was asked for. CHAOS_KILLS makes it longer, CHAOS_SEED repeats the choices.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ConfigMap, Pod } from 'kubernetes-types/core/v1.js';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ConfigMaps, Deployments, EndpointSlices, Pods, ReplicaSets, Services } from '../../src/api/resources.ts';
import { loadKubeConfig } from '../../src/client/kubeconfig.ts';
import { clientConfigFrom } from '../../src/client/kubeconfig-connection.ts';
import { createInformers } from '../../src/client/informer.ts';
import { silentLogger } from '../../src/client/log.ts';
import { Client } from '../../src/client/rest.ts';
import { httpsTransport } from '../../src/client/transport/https.ts';
import { eventually, freePort, sampan, start, temporaryFolder } from '../support/cli.ts';

const kills = Number(process.env['CHAOS_KILLS'] ?? 5);
let state = Number(process.env['CHAOS_SEED'] ?? 7);
function random(below: number): number {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return (state >>> 0) % below;
}

const folder = temporaryFolder('chaos');
const dataDir = join(folder.path, 'data');
const kubeconfig = join(dataDir, 'admin.kubeconfig');
type Daemon = 'server' | 'node';
const running = new Map<Daemon, ReturnType<typeof start>>();
let port = 0;
let ending = false;
let client: Client;
let transport: ReturnType<typeof httpsTransport>;
const namespace = 'default';

const commands: Record<Daemon, () => string[]> = {
  server: () => ['server', '--data-dir', dataDir, '--listen', `127.0.0.1:${port}`],
  node: () => ['node', '--runtime', 'simulated', '--count', '2', '--kubeconfig', kubeconfig],
};

/** As a service manager would: what ends is started again. (A node that finds no server when it starts ends, too.) */
function launch(daemon: Daemon): void {
  if (ending) return;
  const env = { ...process.env, HOME: folder.path, KUBECONFIG: join(folder.path, 'none') };
  const started = start(sampan, commands[daemon](), env);
  running.set(daemon, started);
  started.child.once('close', () => setTimeout(() => launch(daemon), 50));
}

const answers = () => client.get(ConfigMaps, { namespace, name: 'kube-root-ca.crt' }).then(() => true);

beforeAll(async () => {
  port = await freePort();
  launch('server');
  await eventually(() => readFileSync(kubeconfig, 'utf8').includes('server:'));
  transport = httpsTransport(clientConfigFrom(loadKubeConfig([kubeconfig])));
  client = new Client(transport.handler);
  await eventually(answers);
  launch('node');
}, 60_000);
afterAll(async () => {
  ending = true;
  transport?.close();
  await Promise.all(
    [...running.values()].map(({ child, stop }) => (child.exitCode ?? child.signalCode) === null && stop()),
  );
  folder.remove();
});

/** What one writer knows of its object: its value, or that it is not there; after a failure it may be either. */
interface Known {
  possible: Set<string | undefined>;
  revision: number;
}
const ledger = new Map<string, Known>();
let acknowledged = 0;

/** Creates, changes and removes one object, as long as it may; every answer is remembered. */
async function writer(name: string, stop: AbortSignal): Promise<void> {
  const known: Known = { possible: new Set([undefined]), revision: 0 };
  ledger.set(name, known);
  for (let i = 0; !stop.aborted; i++) {
    const value = String(i);
    const metadata = { namespace, name };
    const exists = !known.possible.has(undefined);
    const removing = exists && random(4) === 0;
    try {
      if (known.possible.size > 1) {
        const found = await client.get(ConfigMaps, metadata).catch((error: { code?: number }) => {
          if (error.code === 404) return undefined;
          throw error;
        });
        // What it is must be something that was tried.
        expect([...known.possible]).toContain(found?.data?.['value']);
        known.possible = new Set([found?.data?.['value']]);
        continue;
      }
      known.possible.add(removing ? undefined : value);
      let written: ConfigMap | undefined;
      if (removing) await client.delete(ConfigMaps, metadata);
      else if (exists) written = await client.patch(ConfigMaps, metadata, 'merge', { data: { value } });
      else written = await client.create(ConfigMaps, { metadata, data: { value } });
      known.possible = new Set([removing ? undefined : value]);
      acknowledged++;
      if (!written) continue;
      const revision = Number(written.metadata?.resourceVersion);
      expect(revision).toBeGreaterThan(known.revision);
      known.revision = revision;
    } catch (error) {
      if ((error as Error).name === 'AssertionError') throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

const labels = { app: 'web' };
const deployment = (replicas: number, image: string) => ({
  metadata: { namespace, name: 'web' },
  spec: {
    replicas,
    selector: { matchLabels: labels },
    template: { metadata: { labels }, spec: { containers: [{ name: 'c', image }] } },
  },
});

const insist = <T>(what: () => Promise<T>): Promise<T> => eventually(async () => (await what()) ?? (true as T));
const alive = (pod: Pod): boolean => !pod.metadata?.deletionTimestamp && pod.status?.phase === 'Running';

it('loses nothing, doubles nothing, and gets there', async () => {
  const watching = new AbortController();
  const informers = createInformers(client, { signal: watching.signal, log: silentLogger });
  const mirror = informers.for(ConfigMaps, { namespace });
  await mirror.whenSynced(watching.signal);
  await client.create(Services, {
    metadata: { namespace, name: 'web' },
    spec: { selector: labels, ports: [{ port: 80 }] },
  });
  await client.create(Deployments, deployment(3, 'a:0'));

  const stop = new AbortController();
  const writers = ['a', 'b', 'c', 'd'].map((name) => writer(name, stop.signal));
  let replicas = 3;
  for (let i = 1; i <= kills; i++) {
    await new Promise((resolve) => setTimeout(resolve, 100 + random(700)));
    replicas = 2 + random(5);
    const change = { spec: deployment(replicas, `a:${i % 3}`).spec };
    const changed = insist(() => client.patch(Deployments, { namespace, name: 'web' }, 'merge', change));
    const victim: Daemon = random(3) === 0 ? 'node' : 'server';
    await new Promise((resolve) => setTimeout(resolve, random(40)));
    running.get(victim)!.child.kill('SIGKILL');
    await new Promise((resolve) => setTimeout(resolve, 50));
    await eventually(answers);
    await changed;
  }
  stop.abort();
  await Promise.all(writers);
  expect(acknowledged).toBeGreaterThan(kills * 10);

  for (const [name, { possible }] of ledger) {
    const found = (await client.list(ConfigMaps, { namespace })).items.filter((map) => map.metadata?.name === name);
    expect(found.length).toBeLessThan(2);
    expect([...possible], name).toContain(found[0]?.data?.['value']);
    // An informer that lived through all of it has seen the end of it.
    await eventually(() => mirror.lister.get(`${namespace}/${name}`)?.data?.['value'] === found[0]?.data?.['value']);
  }

  const wanted = `a:${kills % 3}`;
  await convergence(wanted, replicas);
  watching.abort();
}, 120_000);

/** Exactly the pods that are wanted, owned, running and reachable. A failure says what the daemons last said. */
async function convergence(wanted: string, replicas: number): Promise<void> {
  const check = async () => {
    const pods = (await client.list(Pods, { namespace })).items;
    expect(pods.map((pod) => [pod.spec?.containers[0]?.image, alive(pod)])).toEqual(
      Array(replicas).fill([wanted, true]),
    );
    const sets = (await client.list(ReplicaSets, { namespace })).items;
    const owners = new Set(sets.map((set) => set.metadata?.uid));
    for (const pod of pods) expect(owners).toContain(pod.metadata?.ownerReferences?.[0]?.uid);
    expect(sets.filter((set) => set.spec?.replicas).length).toBe(1);
    const slices = (await client.list(EndpointSlices, { namespace })).items.filter((slice) =>
      slice.metadata?.name?.startsWith('web-'),
    );
    const addresses = slices.flatMap((slice) => slice.endpoints.flatMap((endpoint) => endpoint.addresses));
    const ips = pods.map((pod) => pod.status?.podIP ?? '');
    expect(new Set(ips).size).toBe(replicas);
    expect(addresses.sort()).toEqual(ips.sort());
    return true;
  };
  try {
    await eventually(check, 30_000);
  } catch (error) {
    const words = [...running].map(([name, { output }]) => `${name}: ${output().slice(-2_000)}`);
    const pods = (await client.list(Pods, { namespace })).items.map(({ metadata, spec, status }) => {
      const { name, deletionTimestamp = '' } = metadata ?? {};
      return [name, spec?.nodeName, status?.phase, deletionTimestamp].join(' ');
    });
    throw new Error(`${(error as Error).message}\n${[...pods, ...words].join('\n')}`, { cause: error });
  }
}
