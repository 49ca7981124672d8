// Which addresses live on which other node, and the kernel entries that lead there. Pure. Pods of other nodes are
// reached through one VXLAN device; after flannel's vxlan backend, with one thing simpler: a node's tunnel address and
// hardware address are made from its address range, so nodes need not tell each other anything.
//
//   node-2 has 10.244.1.0/24  →  tunnel address 10.244.1.0, hardware address 0a:58:0a:f4:01:00
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

/** All other nodes that have an address range and an IPv4 address, sorted by name. */
export function peersOf(nodes: readonly Node[], self: string): Peer[] {
  return nodes
    .flatMap((node) => {
      const nodeName = node.metadata?.name ?? '';
      const podCidr = node.spec?.podCIDR;
      const nodeIp = node.status?.addresses?.find((a) => a.type === 'InternalIP' && !a.address.includes(':'))?.address;
      if (nodeName === self || !podCidr || podCidr.includes(':') || !nodeIp) return [];
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
