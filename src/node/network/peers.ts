// Which addresses live on which other node, and the kernel entries that lead there. Pure. Pods of other nodes are
// reached through one VXLAN device; after flannel's vxlan backend, with one thing simpler: a node's tunnel address and
// hardware address are made from its address range, so nodes need not tell each other anything.
//
//   node-2 has 10.244.1.0/24  →  tunnel address 10.244.1.0, hardware address 0a:58:0a:f4:01:00
import { isIPv4 } from 'node:net';
import type { Node } from 'kubernetes-types/core/v1.js';

export interface Peer {
  nodeName: string;
  podCidr: string;
  /** The node's own address: the tunnel's far end. */
  nodeIp: string;
  tunnelIp: string;
  mac: string;
}

export const VXLAN_ID = 118;
export const VXLAN_PORT = 8472;
/** Outer IPv4, UDP, VXLAN and inner Ethernet headers. */
export const VXLAN_OVERHEAD_BYTES = 50;

/** The first address of a range, which no pod gets. */
export const tunnelIp = (podCidr: string): string => podCidr.slice(0, podCidr.indexOf('/'));

export const tunnelMac = (podCidr: string): string =>
  `0a:58:${tunnelIp(podCidr)
    .split('.')
    .map((part) => Number(part).toString(16).padStart(2, '0'))
    .join(':')}`;

interface Range {
  node: Node;
  start: number;
  end: number;
}

const addressNumber = (address: string): number =>
  address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);

/** First and last address of an IPv4 range; undefined when it is none. */
function boundsOf(cidr: string): { start: number; end: number } | undefined {
  const [address = '', bits = ''] = cidr.split('/');
  if (!isIPv4(address) || !/^\d{1,2}$/.test(bits) || Number(bits) > 32) return undefined;
  const size = 2 ** (32 - Number(bits));
  const start = Math.floor(addressNumber(address) / size) * size;
  return { start, end: start + size - 1 };
}

const createdAt = ({ metadata }: Node): string => metadata?.creationTimestamp ?? '';

/**
 * Nodes whose ranges can be believed: part of the cluster's, and not of an older node's. A node says its range itself
 * when it registers, and with that of others, or with the whole world's, it would draw their traffic to itself.
 */
function believable(nodes: readonly Node[], clusterCidr: string): Node[] {
  const cluster = boundsOf(clusterCidr);
  const ranges = nodes.flatMap((node): Range[] => {
    const bounds = boundsOf(node.spec?.podCIDR ?? '');
    if (!bounds || !cluster || bounds.start < cluster.start || bounds.end > cluster.end) return [];
    return [{ node, ...bounds }];
  });
  const kept: Range[] = [];
  for (const range of ranges.sort((a, b) => a.start - b.start)) {
    const last = kept.at(-1);
    if (!last || range.start > last.end) kept.push(range);
    else if (createdAt(range.node) < createdAt(last.node)) kept[kept.length - 1] = range;
  }
  return kept.map(({ node }) => node);
}

/** All other nodes that have an address range and an IPv4 address, sorted by name. */
export function peersOf(nodes: readonly Node[], self: string, clusterCidr: string): Peer[] {
  return believable(nodes, clusterCidr)
    .flatMap((node) => {
      const nodeName = node.metadata?.name ?? '';
      const podCidr = node.spec?.podCIDR;
      const nodeIp = node.status?.addresses?.find((a) => a.type === 'InternalIP' && isIPv4(a.address))?.address;
      if (nodeName === self || !podCidr || !nodeIp) return [];
      return [{ nodeName, podCidr, nodeIp, tunnelIp: tunnelIp(podCidr), mac: tunnelMac(podCidr) }];
    })
    .sort((a, b) => (a.nodeName < b.nodeName ? -1 : 1));
}

/** `ip` and `bridge` command lines that add a peer; each may be run again. */
export function addPeerCommands(peer: Peer, device: string): string[][] {
  return [
    ['bridge', 'fdb', 'replace', peer.mac, 'dev', device, 'dst', peer.nodeIp],
    ['ip', 'neigh', 'replace', peer.tunnelIp, 'lladdr', peer.mac, 'dev', device, 'nud', 'permanent'],
    ['ip', 'route', 'replace', peer.podCidr, 'via', peer.tunnelIp, 'dev', device, 'onlink'],
  ];
}

export function removePeerCommands(peer: Peer, device: string): string[][] {
  return [
    ['ip', 'route', 'del', peer.podCidr, 'dev', device],
    ['ip', 'neigh', 'del', peer.tunnelIp, 'dev', device],
    ['bridge', 'fdb', 'del', peer.mac, 'dev', device, 'dst', peer.nodeIp],
  ];
}
