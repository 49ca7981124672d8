import type { Node } from 'kubernetes-types/core/v1.js';
import { expect, it } from 'vitest';
import { addPeerCommands, peersOf, tunnelMac } from '../../../src/node/network/peers.ts';

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
  expect(peersOf(nodes, 'a').map((p) => p.nodeName)).toEqual(['c']);
  expect(addPeerCommands(peersOf(nodes, 'a')[0]!, 'vx').map((words) => words.join(' '))).toEqual([
    'bridge fdb replace 0a:58:0a:f4:02:00 dev vx dst 10.0.0.3',
    'ip neigh replace 10.244.2.0 lladdr 0a:58:0a:f4:02:00 dev vx nud permanent',
    'ip route replace 10.244.2.0/24 via 10.244.2.0 dev vx onlink',
  ]);
});
