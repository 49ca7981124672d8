// The pod network of one node: a bridge of Docker's with the node's address range. Docker gives the addresses and the
// cables; routes to other nodes and service rules are the network's and the proxy's (src/node/network, proxy).
import { createHash } from 'node:crypto';
import type { DockerClient } from '../docker/client.ts';
import { DockerError, isDockerConflict } from '../docker/errors.ts';
import { type NodeIdentity, labels } from './names.ts';
import type { ClusterDns, PodNetwork } from './pod-network.ts';

export interface BridgeNetworkOptions {
  docker: DockerClient;
  node: NodeIdentity;
  dns: ClusterDns;
  /** Resolves when the node has been given its range: `10.244.1.0/24`. */
  podCidr(): Promise<string>;
  /** Called with the bridge's name when it has got another port. */
  onPort?(bridge: string): Promise<void>;
}

/** Room for the tunnel's headers on networks with packets of 1,500 bytes. */
const MTU = '1450';

export const networkName = (nodeName: string): string => `sampan-${nodeName}`;

/** The kernel's name of the bridge, which takes 15 characters: `sampan-` and a hash of the node. */
export const bridgeName = (node: NodeIdentity): string =>
  `sampan-${createHash('sha256').update(`${node.dataDir}\0${node.nodeName}`).digest('hex').slice(0, 8)}`;

export class BridgeNetwork implements PodNetwork {
  readonly dnsConfig: ClusterDns;
  private looking: Promise<string> | undefined;

  constructor(private readonly options: BridgeNetworkOptions) {
    this.dnsConfig = options.dns;
  }

  dockerNetwork(): Promise<string> {
    // Looked at each time: somebody may have removed it. Callers at the same moment share one look.
    this.looking ??= this.ensure().finally(() => (this.looking = undefined));
    return this.looking;
  }

  async attached(): Promise<void> {
    await this.options.onPort?.(bridgeName(this.options.node));
  }

  private async ensure(): Promise<string> {
    const { docker, node } = this.options;
    const name = networkName(node.nodeName);
    const subnet = await this.options.podCidr();
    const found = await docker.inspectNetwork(name);
    if (found?.Name === name) {
      const owner = found.Labels?.[labels.dataDir];
      if (owner !== node.dataDir) {
        throw new Error(
          `Docker's network ${name} belongs to ${owner ? `the cluster in ${owner}` : 'somebody else'}: ` +
            'take that down first, or give this node another name',
        );
      }
      if (found.IPAM.Config?.[0]?.Subnet === subnet) return name;
      // The range of an earlier cluster. Docker refuses to remove it while containers hang on it, and says so.
      await docker.removeNetwork(found.Id);
    }
    const body = {
      Name: name,
      Driver: 'bridge',
      Labels: { [labels.node]: node.nodeName, [labels.dataDir]: node.dataDir },
      Options: {
        'com.docker.network.bridge.name': bridgeName(node),
        'com.docker.network.driver.mtu': MTU,
        // Packets to other nodes' pods keep their address; what leaves the cluster is the proxy's to translate.
        'com.docker.network.bridge.enable_ip_masquerade': 'false',
      },
      IPAM: { Config: [{ Subnet: subnet }] },
    };
    try {
      await docker.createNetwork(body);
    } catch (error) {
      if (isOverlap(error)) throw await this.overlap(subnet);
      if (!isDockerConflict(error)) throw error;
    }
    return name;
  }

  /** Docker does not say whose range it is. */
  private async overlap(subnet: string): Promise<Error> {
    const networks = await this.options.docker.listNetworks({});
    const taken = networks.filter((n) => n.IPAM.Config?.some((c) => c.Subnet && overlaps(c.Subnet, subnet)));
    const names = taken.map((n) => `${n.Name} (${n.IPAM.Config?.[0]?.Subnet})`).join(', ') || 'another network';
    return new Error(
      `the address range ${subnet} of the pods is in use by Docker's network ${names}: remove it, or end what uses it`,
    );
  }
}

const isOverlap = (error: unknown): boolean => error instanceof DockerError && /overlap/i.test(error.message);

const toNumber = (address: string): number => address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);

/** Whether two IPv4 ranges have an address in common. */
export function overlaps(a: string, b: string): boolean {
  const [first, second] = [a, b].map((range) => {
    const [address = '', bits] = range.split('/');
    return { from: toNumber(address), size: 2 ** (32 - Number(bits)) };
  }) as [{ from: number; size: number }, { from: number; size: number }];
  const block = Math.max(first.size, second.size);
  return Math.floor(first.from / block) === Math.floor(second.from / block);
}

/** The bridge's own address, where pods reach the node: the first of the range. */
export function gatewayOf(podCidr: string): string {
  const [address = ''] = podCidr.split('/');
  const parts = address.split('.').map(Number);
  parts[3] = (parts[3] ?? 0) + 1;
  return parts.join('.');
}
