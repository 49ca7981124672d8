// The node's place in the pod network: kernel settings, the way to service addresses, and a tunnel to every other
// node's pods that follows the Node objects. The bridge for this node's own pods is Docker's (agent/bridge-network.ts).
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Nodes } from '../../api/resources.ts';
import { ServiceCidrs } from '../../api/service-ranges.ts';
import type { Informers } from '../../client/informer.ts';
import type { Logger } from '../../client/log.ts';
import {
  type Peer,
  VXLAN_ID,
  VXLAN_PORT,
  addPeerCommands,
  peersOf,
  removePeerCommands,
  tunnelIp,
  tunnelMac,
} from './peers.ts';

export interface NetworkOptions {
  informers: Informers;
  nodeName: string;
  /** This node's own address, the near end of tunnels. */
  nodeIp: string;
  podCidr: string;
  /** All pods of the cluster: no node's range leads out of it. */
  clusterCidr: string;
  serviceCidr: string;
  /** The bridge of this node's pods, as the kernel calls it. */
  bridge: string;
  log: Logger;
  signal: AbortSignal;
}

const CHECK_MS = 15_000;

/** One a machine, or one a network namespace. */
export const TUNNEL_DEVICE = 'sampan-vx';

const run = promisify(execFile);

async function command(words: readonly string[]): Promise<void> {
  const [program, ...args] = words;
  try {
    await run(program!, args);
  } catch (error) {
    const stderr = (error as { stderr?: string }).stderr?.trim();
    throw new Error(`${words.join(' ')}: ${stderr || String(error)}`);
  }
}

/** Resolves when this node is ready to carry pods; goes on following the other nodes until the signal aborts. */
export async function startNetwork(options: NetworkOptions): Promise<void> {
  const { informers, nodeName, log, signal } = options;
  setKernel(options.bridge, log);
  await addTunnel(options);
  await followServiceRanges(options);
  const peers = new Peers(log);
  const nodes = informers.for(Nodes);
  const follow = () => peers.want(peersOf(nodes.lister.list(), nodeName, options.clusterCidr));
  await nodes.whenSynced(signal);
  nodes.addHandler({ add: follow, update: follow, delete: follow });
  await peers.settled();
  void keepTunnel(options, peers, follow);
}

/** Somebody who tidies up the machine's links takes the tunnel along: it is made again, with all its entries. */
async function keepTunnel(options: NetworkOptions, peers: Peers, follow: () => void): Promise<void> {
  const { log, signal } = options;
  while (!signal.aborted) {
    await sleep(CHECK_MS, undefined, { signal, ref: false }).catch(() => {});
    if (signal.aborted || (await deviceExists(TUNNEL_DEVICE))) continue;
    log.warn({ device: TUNNEL_DEVICE }, 'the tunnel was removed by somebody else; making it again');
    try {
      await addTunnel(options);
      await addServiceRoutes(options);
      peers.forget();
      follow();
    } catch (error) {
      log.error({ error: String(error) }, 'could not make the tunnel; trying again');
    }
  }
}

const deviceExists = (device: string): Promise<boolean> =>
  command(['ip', 'link', 'show', device]).then(
    () => true,
    () => false,
  );

/** Takes the tunnel and its routes away; the bridge is Docker's to remove. */
export async function cleanupNetwork(): Promise<void> {
  await command(['ip', 'link', 'del', TUNNEL_DEVICE]).catch(() => {});
}

/** Settings without which packets between pods, services and nodes are lost. */
function setKernel(bridge: string, log: Logger): void {
  const wanted: Record<string, string> = {
    'net/ipv4/ip_forward': '1',
    // A pod that reaches its neighbour by a service address: the answer must pass the translation, too.
    'net/bridge/bridge-nf-call-iptables': '1',
    // Node ports on 127.0.0.1.
    'net/ipv4/conf/all/route_localnet': '1',
    [`net/ipv4/conf/${bridge}/rp_filter`]: '0',
  };
  for (const [name, value] of Object.entries(wanted)) {
    try {
      writeFileSync(`/proc/sys/${name}`, value);
    } catch (error) {
      log.warn({ setting: name, error: String(error) }, 'could not change a kernel setting');
    }
  }
}

async function addTunnel({ nodeIp, podCidr, log }: NetworkOptions): Promise<void> {
  // An old device may have another address: it is cheap to make anew, its entries come from the Node objects.
  if (await deviceExists(TUNNEL_DEVICE)) await command(['ip', 'link', 'del', TUNNEL_DEVICE]);
  const vxlan = ['type', 'vxlan', 'id', String(VXLAN_ID), 'local', nodeIp, 'dstport', String(VXLAN_PORT), 'nolearning'];
  await command(['ip', 'link', 'add', TUNNEL_DEVICE, 'address', tunnelMac(podCidr), ...vxlan]);
  await command(['ip', 'addr', 'add', `${tunnelIp(podCidr)}/32`, 'dev', TUNNEL_DEVICE]);
  await command(['ip', 'link', 'set', TUNNEL_DEVICE, 'up']);
  log.debug({ device: TUNNEL_DEVICE, podCidr }, 'tunnel is up');
}

/**
 * Processes of the host need some route to service addresses before the rules can translate them. Through the bridge,
 * their packets carry the bridge's address, to which pods of every node can answer.
 */
async function addServiceRoutes({ serviceCidr, bridge, informers }: NetworkOptions): Promise<void> {
  const cidrs = informers
    .for(ServiceCidrs)
    .lister.list()
    .flatMap(({ spec }) => spec?.cidrs ?? []);
  for (const cidr of new Set([serviceCidr, ...cidrs])) {
    if (!cidr.includes(':')) await command(['ip', 'route', 'replace', cidr, 'dev', bridge]);
  }
}

/** Ranges that come later get their routes too; those of ranges that went are harmless, and go with the bridge. */
async function followServiceRanges(options: NetworkOptions): Promise<void> {
  await addServiceRoutes(options);
  const add = () =>
    void addServiceRoutes(options).catch((error: unknown) =>
      options.log.warn({ error: String(error) }, 'could not make the route of a service range'),
    );
  options.informers.for(ServiceCidrs).addHandler({ add });
}

/** Applies the wanted peers one change after the other; a failed one is tried again with the next. */
class Peers {
  private known = new Map<string, Peer>();
  private tail: Promise<void> = Promise.resolve();
  private wanted: Peer[] = [];
  private readonly log: Logger;
  constructor(log: Logger) {
    this.log = log;
  }

  want(peers: Peer[]): void {
    this.wanted = peers;
    this.tail = this.tail.then(() => this.apply());
  }

  settled(): Promise<void> {
    return this.tail;
  }

  /** The kernel's entries are gone. */
  forget(): void {
    this.known.clear();
  }

  private async apply(): Promise<void> {
    const wanted = new Map(this.wanted.map((peer) => [peer.nodeName, peer]));
    for (const [name, peer] of this.known) {
      const now = wanted.get(name);
      if (now && JSON.stringify(now) === JSON.stringify(peer)) continue;
      for (const words of removePeerCommands(peer, TUNNEL_DEVICE)) await command(words).catch(() => {});
      this.known.delete(name);
    }
    for (const [name, peer] of wanted) {
      if (this.known.has(name)) continue;
      try {
        for (const words of addPeerCommands(peer, TUNNEL_DEVICE)) await command(words);
        this.known.set(name, peer);
      } catch (error) {
        this.log.warn({ node: name, error: String(error) }, 'no way to the pods of another node');
      }
    }
  }
}
