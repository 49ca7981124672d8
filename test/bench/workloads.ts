// Measures a whole built control plane with simulated nodes in a second process, and prints tables in Markdown:
// `npm run build && npx tsx test/bench/workloads.ts [bound] [ready] [idle] [delete]`, all of them by default.
//
//   --root=<checkout>  another built checkout's server, to compare two of them
//   --store=memory     instead of lmdb
//
// Wall-clock times are those of this machine with whatever else it does; CPU seconds of the two processes are what compares.
import { spawn } from 'node:child_process';
import { parseArgs } from 'node:util';
import type { Deployment } from 'kubernetes-types/apps/v1.js';
import { ConfigMaps, Deployments, Namespaces, Nodes, Pods } from '../../src/api/resources.ts';
import type { Client } from '../../src/client/rest.ts';
import { createInformers } from '../../src/client/informer.ts';
import { BenchServer } from './load/bench-server.ts';
import { cpuSeconds, memory } from './load/measure.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { root: { type: 'string' }, store: { type: 'string', default: 'lmdb' } },
});
const PARALLEL = 32;
/** CPU seconds in a second. */
const QUIET = 0.2;
const row = (...cells: (string | number)[]): void => console.log(`| ${cells.join(' | ')} |`);
const seconds = (value: number): string => value.toFixed(2);
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** A server with everything, and its nodes. */
class Cluster {
  readonly server = new BenchServer(values.root, ['apiserver', 'controllers', 'scheduler'], values.store);
  client!: Client;
  nodesPid = 0;
  #close!: () => Promise<void>;

  static async start(nodes: number): Promise<Cluster> {
    const cluster = new Cluster();
    await cluster.server.start();
    const admin = cluster.server.admin();
    cluster.client = admin.client;
    const flags = ['--runtime', 'simulated', '--count', String(nodes), '--kubeconfig', cluster.server.kubeconfig];
    const program = spawn(process.execPath, [cluster.server.program, 'node', ...flags], { stdio: 'ignore' });
    cluster.nodesPid = program.pid!;
    cluster.#close = async () => {
      const ended = new Promise((resolve) => program.once('exit', resolve));
      program.kill('SIGTERM');
      await ended;
      admin.close();
      await cluster.server.close();
    };
    while ((await cluster.client.list(Nodes, {})).items.filter(isReady).length < nodes) await sleep(200);
    await cluster.settle();
    return cluster;
  }

  /** Waits until the server has little to do: what nodes do when they join is not what is asked. */
  async settle(): Promise<void> {
    const used = (): number => cpuSeconds(this.server.target.pid);
    for (let before = used(), tries = 0; tries < 60; tries++) {
      await sleep(1000);
      const now = used();
      if (now - before < QUIET) return;
      before = now;
    }
  }

  /** Work, then a row: wall clock, CPU of server and of nodes, memory afterwards. */
  async measure(what: string, work: () => Promise<void>): Promise<void> {
    const [server, nodes, start] = [this.server.target.pid, this.nodesPid, performance.now()];
    const before = [cpuSeconds(server), cpuSeconds(nodes)] as const;
    await work();
    const wall = (performance.now() - start) / 1000;
    const cpu = [cpuSeconds(server) - before[0], cpuSeconds(nodes) - before[1]] as const;
    row(what, seconds(wall), seconds(cpu[0]), seconds(cpu[1]), memory(server).resident, memory(nodes).resident);
  }

  async namespace(name: string): Promise<void> {
    await this.client.create(Namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
    await sleep(500);
  }

  close(): Promise<void> {
    return this.#close();
  }
}

const isReady = (object: { status?: { conditions?: { type: string; status: string }[] } }): boolean =>
  object.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;

function deployment(namespace: string, name: string, replicas: number): Deployment {
  const labels = { app: name };
  const resources = { requests: { cpu: '10m', memory: '16Mi' } };
  const containers = [{ name: 'c', image: 'registry.k8s.io/pause:3.10', resources }];
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace, labels },
    spec: { replicas, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers } } },
  };
}

/** `make` for 0 to count - 1, some at a time. */
async function many(count: number, make: (i: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) await make(next++);
  };
  await Promise.all(Array.from({ length: PARALLEL }, worker));
}

/** As many pods of a namespace as are wanted have a node. Resolves within a watch event of it. */
async function allBound({ client }: Cluster, namespace: string, wanted: number): Promise<void> {
  const stop = new AbortController();
  const bound = new Set<string>();
  await new Promise<void>((resolve) => {
    const see = ({ metadata, spec }: { metadata?: { uid?: string }; spec?: { nodeName?: string } }): void => {
      if (spec?.nodeName && bound.add(metadata!.uid!).size === wanted) resolve();
    };
    createInformers(client, { signal: stop.signal }).for(Pods, { namespace }).addHandler({ add: see, update: see });
  });
  stop.abort();
}

/** So many Deployments have all of their pods Ready. */
async function allReady({ client }: Cluster, namespace: string, wanted: number): Promise<void> {
  const stop = new AbortController();
  const ready = new Set<string>();
  await new Promise<void>((resolve) => {
    const see = ({ metadata, spec, status }: Deployment): void => {
      if (status?.readyReplicas === spec!.replicas && ready.add(metadata!.uid!).size === wanted) resolve();
    };
    createInformers(client, { signal: stop.signal })
      .for(Deployments, { namespace })
      .addHandler({ add: see, update: see });
  });
  stop.abort();
}

async function remove({ client }: Cluster, name: string): Promise<void> {
  await client.delete(Namespaces, { name });
  while ((await client.list(Namespaces, {})).items.some(({ metadata }) => metadata?.name === name)) await sleep(50);
}

async function withCluster(nodes: number, work: (cluster: Cluster) => Promise<void>): Promise<void> {
  const cluster = await Cluster.start(nodes);
  try {
    await work(cluster);
  } finally {
    await cluster.close();
  }
}

const bound = (): Promise<void> =>
  withCluster(50, async (cluster) => {
    for (const name of ['first', 'second', 'third']) {
      await cluster.namespace(name);
      await cluster.measure(`Deployment of 1,000 on 50 nodes until bound, the ${name}`, async () => {
        const all = allBound(cluster, name, 1000);
        await cluster.client.create(Deployments, deployment(name, 'big', 1000));
        await all;
      });
      await remove(cluster, name);
      await sleep(3000);
    }
  });

const ready = (then: ReadonlySet<string>): Promise<void> =>
  withCluster(1000, async (cluster) => {
    await cluster.namespace('many');
    await cluster.measure('1,000 Deployments of 10 until all are Ready', async () => {
      const all = allReady(cluster, 'many', 1000);
      await many(1000, (i) => cluster.client.create(Deployments, deployment('many', `d-${i}`, 10)));
      await all;
    });
    if (then.has('idle')) {
      await sleep(30_000);
      await cluster.measure('idle for 60 s: 1,000 nodes with heartbeats, 10,000 pods', () => sleep(60_000));
    }
    if (then.has('delete')) {
      await cluster.measure('delete that namespace: 12,000 objects with owners', () => remove(cluster, 'many'));
      await cluster.namespace('maps');
      await many(10_000, (i) =>
        cluster.client.create(ConfigMaps, {
          apiVersion: 'v1',
          kind: 'ConfigMap',
          metadata: { name: `m-${i}`, namespace: 'maps' },
          data: { key: 'value' },
        }),
      );
      await sleep(3000);
      await cluster.measure('delete a namespace of 10,000 ConfigMaps', () => remove(cluster, 'maps'));
    }
  });

row('what', 'seconds', 'CPU s, server', 'CPU s, nodes', 'MB, server', 'MB, nodes');
row('---', '---', '---', '---', '---', '---');
const wanted = new Set(positionals.length > 0 ? positionals : ['bound', 'ready', 'idle', 'delete']);
if (wanted.delete('bound')) await bound();
if (wanted.size > 0) await ready(wanted);
