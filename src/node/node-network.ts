// A composition root: what a node does with packets, started when it has been given its address range: the pod
// bridge, the ways to other nodes, service rules, cluster DNS.
import type { Node } from 'kubernetes-types/core/v1.js';
import { systemClock } from '../client/clock.ts';
import type { Informer, Informers } from '../client/informer.ts';
import type { Logger } from '../client/log.ts';
import type { Client } from '../client/rest.ts';
import type { Agent } from './agent/agent.ts';
import { BridgeNetwork, bridgeName, gatewayOf } from './agent/bridge-network.ts';
import type { NodeIdentity } from './agent/names.ts';
import type { ClusterDns } from './agent/pod-network.ts';
import { startDns } from './dns/dns.ts';
import type { DockerClient } from './docker/client.ts';
import { hairpinPorts } from './network/hairpin.ts';
import { startNetwork } from './network/network.ts';
import { systemIptables } from './proxy/iptables.ts';
import { type Proxy, startProxy } from './proxy/proxy.ts';

export interface NodeNetworkOptions {
  node: NodeIdentity;
  nodeIp: string;
  docker: DockerClient;
  client: Client;
  informers: Informers;
  nodes: Informer<Node>;
  dns: ClusterDns;
  clusterCidr: string;
  serviceCidr: string;
  log: Logger;
  signal: AbortSignal;
}

export interface NodeNetwork {
  pods: BridgeNetwork;
  /** Resolves when packets flow; `failure` says why they do not yet. */
  ready: Promise<void>;
  failure: string;
  setHostPorts(agent: Agent): void;
  /** Resolves when the loops have ended (after the signal). Rules stay: connections outlive the daemon. */
  done(): Promise<void>;
}

const RETRY_MS = 2000;

export function startNodeNetwork(options: NodeNetworkOptions): NodeNetwork {
  const { node, docker, signal, log } = options;
  const pods = new BridgeNetwork({
    docker,
    node,
    dns: options.dns,
    podCidr: () => podCidrOf(options),
    onPort: hairpinPorts,
  });
  let routed = false;
  let proxy: Proxy | undefined;
  let hostPorts: ReturnType<Agent['hostPorts']> = [];
  let closeDns: (() => Promise<void>) | undefined;
  const start = async () => {
    const podCidr = await podCidrOf(options);
    await pods.dockerNetwork();
    const { informers, nodeIp, client, serviceCidr, clusterCidr, dns } = options;
    const { nodeName } = node;
    const bridge = bridgeName(node);
    // What a failed attempt has brought up stays up: each part is started once.
    const ranges = { podCidr, clusterCidr, serviceCidr };
    if (!routed) await startNetwork({ informers, nodeName, nodeIp, ...ranges, bridge, log, signal });
    routed = true;
    const iptables = systemIptables();
    proxy ??= startProxy({ informers, nodeName, clusterCidr, podCidr, iptables, clock: systemClock, log, signal });
    proxy.setHostPorts(hostPorts);
    const address = gatewayOf(podCidr);
    const server = await startDns({ client, informers, nodeName, domain: dns.domain, address, log, signal });
    closeDns = () => server.close();
    await proxy.whenApplied();
  };
  const network: NodeNetwork = {
    pods,
    failure: 'no address range for pods has been assigned yet',
    ready: Promise.resolve(),
    setHostPorts(agent) {
      hostPorts = agent.hostPorts();
      proxy?.setHostPorts(hostPorts);
    },
    async done() {
      await network.ready.catch(() => undefined);
      await proxy?.done;
      await closeDns?.();
    },
  };
  network.ready = untilDone(start, network, options);
  return network;
}

async function untilDone(start: () => Promise<void>, network: NodeNetwork, options: NodeNetworkOptions): Promise<void> {
  for (;;) {
    options.signal.throwIfAborted();
    try {
      await start();
      network.failure = '';
      return;
    } catch (error) {
      if (options.signal.aborted) throw error;
      network.failure = (error as Error).message;
      options.log.warn({ error: String(error) }, 'the pod network is not ready; trying again');
      await systemClock.sleep(RETRY_MS, options.signal);
    }
  }
}

/** Waits for the controller that gives out address ranges. */
const podCidrOf = ({ nodes, node, signal }: NodeNetworkOptions): Promise<string> =>
  whenNode(nodes, node.nodeName, (object) => object.spec?.podCIDR || undefined, signal);

/** Resolves with the first answer that `look` gives about the node. */
export function whenNode<T>(
  nodes: Informer<Node>,
  name: string,
  look: (node: Node) => T | undefined,
  signal: AbortSignal,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const remover: { remove?: () => void } = {};
    const seen = (node: Node) => {
      const answer = node.metadata?.name === name ? look(node) : undefined;
      if (answer === undefined) return;
      remover.remove?.();
      resolve(answer);
    };
    remover.remove = nodes.addHandler({ add: seen, update: seen });
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
}
