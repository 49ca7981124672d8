// The composition root of a Docker node: joins the cluster, registers, serves, and runs the pods that it is given.
// Everything here constructs and connects; what the parts do stands in their folders.
import { setMaxListeners } from 'node:events';
import { createServer } from 'node:net';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { mkdir } from 'node:fs/promises';
import type { Node } from 'kubernetes-types/core/v1.js';
import { Nodes } from '../api/resources.ts';
import { systemClock } from '../client/clock.ts';
import { createEventRecorder } from '../client/events.ts';
import { createInformers } from '../client/informer.ts';
import { type Logger, silentLogger } from '../client/log.ts';
import type { Client } from '../client/rest.ts';
import type { Agent } from './agent/agent.ts';
import { defaultAddress, disk, machineIdentity, memory } from './agent/host/machine.ts';
import type { NodeFacts } from './agent/node-object.ts';
import { NodeRegistration } from './agent/node-registration.ts';
import { buildAgent } from './build-agent.ts';
import { DEFAULT_DOCKER_SOCKET, DockerClient } from './docker/client.ts';
import { ensurePauseImage } from './docker/pause-image.ts';
import type { DockerInfo } from './docker/types.ts';
import { checkJoining, openIdentity } from './join/identity.ts';
import { preflight } from './join/preflight.ts';
import { NodeStartError } from './join/start-error.ts';
import { type NodeNetwork, startNodeNetwork, whenNode } from './node-network.ts';
import { type NodeEndpoint, serveNode } from './serve-node.ts';
import { runHostPathVolumes } from './volumes/host-path-volumes.ts';
import { VolumeFolders } from './volumes/volume-folders.ts';

export interface NodeOptions {
  /** D: this node keeps its own in D/nodes/<name>/. */
  dataDir: string;
  /** Default: the host's name, in lower case. */
  nodeName?: string;
  /** `https://host:6443` and the line of node.token: needed the first time. */
  server?: string;
  token?: string;
  /** Instead of server and token. */
  kubeconfig?: string;
  /** Where others reach this node. Default: the address of the default route's interface. */
  nodeIp?: string;
  /** Default 10250. */
  port?: number;
  dockerSocket?: string;
  /** Defaults: cluster.local, 10.96.0.10, 10.244.0.0/16, 10.96.0.0/16. */
  clusterDomain?: string;
  clusterDns?: string;
  clusterCidr?: string;
  serviceCidr?: string;
  log?: Logger;
  signal: AbortSignal;
}

export interface RunningNode {
  nodeName: string;
  address: string;
  port: number;
  agent: Agent;
  client: Client;
  /** Resolves when the node has reported itself Ready. */
  ready: Promise<void>;
  /** Resolves after the signal aborted and everything of the daemon's has ended; containers stay. */
  stopped: Promise<void>;
}

const STOP_FLUSH_MS = 2000;

/** Resolves when the node is registered and serves. Throws NodeStartError for what the user can mend. */
export async function runNode(options: NodeOptions): Promise<RunningNode> {
  const { log = silentLogger, port = 10250 } = options;
  // A start that fails half-way ends what it has begun.
  const failed = new AbortController();
  const signal = AbortSignal.any([options.signal, failed.signal]);
  setMaxListeners(0, signal);
  const nodeName = options.nodeName ?? hostname().toLowerCase();
  const docker = new DockerClient({ socketPath: options.dockerSocket ?? DEFAULT_DOCKER_SOCKET });
  try {
    checkJoining(options);
    const info = await preflight(docker, process.getuid?.());
    await mustBeFree(port);
    const folder = join(options.dataDir, 'nodes', nodeName);
    await mkdir(folder, { recursive: true, mode: 0o750 });
    const given = { nodeName, folder, clock: systemClock, log, signal };
    const identity = await openIdentity({
      ...given,
      ...(options.server !== undefined && { server: options.server }),
      ...(options.token !== undefined && { token: options.token }),
      ...(options.kubeconfig !== undefined && { kubeconfig: options.kubeconfig }),
    });
    await ensurePauseImage(docker);
    const address = options.nodeIp ?? (await defaultAddress());
    const node = await start({ ...options, signal, log, nodeName, port, docker, info, folder, address, identity });
    node.stopped = node.stopped.then(async () => {
      identity.close();
      await docker.close();
    });
    return node;
  } catch (error) {
    failed.abort();
    await docker.close();
    throw error;
  }
}

interface StartOptions extends NodeOptions {
  log: Logger;
  nodeName: string;
  port: number;
  docker: DockerClient;
  info: DockerInfo;
  folder: string;
  address: string;
  identity: { client: Client; authority: string };
}

async function start(options: StartOptions): Promise<RunningNode> {
  const { log, signal, nodeName, docker, folder, address, dataDir } = options;
  const { client, authority } = options.identity;
  const node = { nodeName, dataDir };
  const informers = createInformers(client, { signal, log });
  const nodes = informers.for(Nodes, { fieldSelector: `metadata.name=${nodeName}` });
  const source = { component: 'kubelet', host: nodeName };
  const clock = systemClock;
  const events = createEventRecorder({ client, source, clock, log });
  const state: NodeParts = {};
  const facts = factsOf(options, state);
  const registration = new NodeRegistration({ client, events, informer: nodes, clock, log, signal, nodeName, facts });
  await registration.register();
  await nodes.whenSynced(signal);
  const common = { node, docker, client, informers, nodes, log, signal };
  const network = startNodeNetwork({ ...common, ...cluster(options), nodeIp: address });
  // Who waits for it comes later; a signal may come before.
  network.ready.catch(() => undefined);
  const volumeFolders = new VolumeFolders(join(folder, 'volumes'));
  const agent = await buildAgent({
    ...common,
    folder,
    volumeFolders,
    events,
    clock,
    network: network.pods,
    hostIps: [address],
    onDockerChange: () => registration.poke(),
    onHostPorts: (changed) => network.setHostPorts(changed),
  });
  const listen = { host: '0.0.0.0', port: options.port };
  const dockerRoot = options.info.DockerRootDir;
  const endpoint = await serveNode({ ...common, folder, dockerRoot, agent, authority, address, listen });
  Object.assign(state, { agent, network, endpoint });
  const volumes = runHostPathVolumes({
    ...common,
    nodeNames: [nodeName],
    root: volumeFolders.root,
    removeFolder: (path) => volumeFolders.remove(path),
  });
  const running = [agent.run(), registration.run(), volumes];
  const ready = network.ready.then(async () => {
    registration.poke();
    await whenNode(nodes, nodeName, isReady, signal);
  });
  // Nobody has to wait for it.
  ready.catch(() => undefined);
  const stop = async () => {
    await aborted(signal);
    await endpoint.close();
    await Promise.allSettled([...running, network.done()]);
    await Promise.race([events.flush(), clock.sleep(STOP_FLUSH_MS)]);
  };
  return { nodeName, address, port: endpoint.port, agent, client, ready, stopped: stop() };
}

/** What the node's report is made from, as far as it has been started. */
interface NodeParts {
  agent?: Agent;
  network?: NodeNetwork;
  endpoint?: NodeEndpoint;
}

const cluster = (options: NodeOptions) => ({
  dns: { nameserver: options.clusterDns ?? '10.96.0.10', domain: options.clusterDomain ?? 'cluster.local' },
  clusterCidr: options.clusterCidr ?? '10.244.0.0/16',
  serviceCidr: options.serviceCidr ?? '10.96.0.0/16',
});

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });

function factsOf(options: StartOptions, state: NodeParts): () => Promise<NodeFacts> {
  const { docker, info, nodeName, address } = options;
  return async () => {
    const { agent, network, endpoint } = state;
    const up = agent?.dockerUp === true;
    let notReady = '';
    if (!up) notReady = 'container runtime is down';
    else if (network && network.failure !== '') {
      notReady =
        'container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady ' +
        `message:docker: network plugin is not ready: ${network.failure}`;
    }
    return {
      name: nodeName,
      address,
      port: endpoint?.port ?? options.port,
      cpus: info.NCPU,
      memory: await memory(),
      disk: await disk(info.DockerRootDir),
      identity: await machineIdentity(),
      kernelVersion: info.KernelVersion,
      dockerVersion: info.ServerVersion,
      images: up ? await docker.listImages().catch(() => []) : [],
      notReady,
      now: new Date(systemClock.now()).toISOString().replace(/\.\d+Z$/, 'Z'),
    };
  };
}

const isReady = (node: Node): true | undefined =>
  node.status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True') || undefined;

/** Fails before anything is half done. */
function mustBeFree(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', (error: NodeJS.ErrnoException) => {
      const why = error.code === 'EADDRINUSE' ? 'is in use' : `cannot be listened on (${error.code})`;
      reject(new NodeStartError(`the node's port ${port} ${why}: stop what uses it, or choose another with --port`));
    });
    probe.listen(port, '0.0.0.0', () => probe.close(() => resolve()));
  });
}
