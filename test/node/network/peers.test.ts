import type { Node } from 'kubernetes-types/core/v1.js';
import { expect, it } from 'vitest';
import { addPeerCommands, peersOf, tunnelMac } from '../../../src/node/network/peers.ts';

const CLUSTER = '10.244.0.0/16';
const node = (name: string, podCIDR?: string, ip?: string): Node => ({
  metadata: { name },
  spec: podCIDR ? { podCIDR } : {},
  status: { addresses: ip ? [{ type: 'InternalIP', address: ip }] : [] },
});

it('makes the tunnel’s hardware address from the range', () => {
  expect(tunnelMac('10.244.1.0/24')).toBe('0a:58:0a:f4:01:00');
});

it('leads to all other nodes that are complete', () => {
  const nodes = [
    node('c', '10.244.2.0/24', '10.0.0.3'),
    node('a', '10.244.0.0/24', '10.0.0.1'),
    node('b', undefined, '10.0.0.2'),
  ];
  expect(peersOf(nodes, 'a', CLUSTER).map((p) => p.nodeName)).toEqual(['c']);
  expect(addPeerCommands(peersOf(nodes, 'a', CLUSTER)[0]!, 'vx').map((words) => words.join(' '))).toEqual([
    'bridge fdb replace 0a:58:0a:f4:02:00 dev vx dst 10.0.0.3',
    'ip neigh replace 10.244.2.0 lladdr 0a:58:0a:f4:02:00 dev vx nud permanent',
    'ip route replace 10.244.2.0/24 via 10.244.2.0 dev vx onlink',
  ]);
});

it('believes no node that says it is more than its part of the cluster', () => {
  const made = (n: Node, creationTimestamp: string): Node => ({ ...n, metadata: { ...n.metadata, creationTimestamp } });
  const nodes = [
    made(node('a', '10.244.0.0/24', '10.0.0.1'), '2026-01-01T00:00:00Z'),
    made(node('honest', '10.244.1.0/24', '10.0.0.2'), '2026-01-02T00:00:00Z'),
    ...['0.0.0.0/0', '192.168.1.0/24', '10.96.0.0/16', '10.244.1.0/24', '10.244.0.0/16', '10.244.1.128/25', 'x'].map(
      (range, i) => made(node(`liar-${i}`, range, '10.0.0.66'), '2026-01-03T00:00:00Z'),
    ),
    made(node('liar-address', '10.244.9.0/24', '--help'), '2026-01-03T00:00:00Z'),
  ];
  expect(peersOf(nodes, 'a', CLUSTER).map((peer) => peer.nodeName)).toEqual(['honest']);
});
