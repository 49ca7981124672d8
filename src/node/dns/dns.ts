// The node's part of the cluster DNS: a server on this node, published as an endpoint of Service kube-system/kube-dns.
// The service's traffic stays on the node (internalTrafficPolicy Local), so every node runs one.
import { readFileSync } from 'node:fs';
import type { Node } from 'kubernetes-types/core/v1.js';
import type { EndpointSlice } from 'kubernetes-types/discovery/v1.js';
import { EndpointSlices, Nodes, Services } from '../../api/resources.ts';
import type { Informers } from '../../client/informer.ts';
import type { Logger } from '../../client/log.ts';
import type { Client } from '../../client/rest.ts';
import { createForwarder, nameServers } from './forward.ts';
import { BY_ADDRESS, BY_SERVICE, clusterIpIndex, endpointAddressIndex, serviceIndex } from './records.ts';
import { type DnsServer, startDnsServer } from './server.ts';

export interface DnsOptions {
  client: Client;
  informers: Informers;
  nodeName: string;
  domain: string;
  /** Where pods reach this node: the pod bridge's gateway. */
  address: string;
  /** Default 10053: port 53 of the host may be somebody's. */
  port?: number;
  resolvConfPath?: string;
  log: Logger;
  signal: AbortSignal;
}

const DEFAULT_PORT = 10_053;

/** Listens, then publishes the endpoint. */
export async function startDns(options: DnsOptions): Promise<DnsServer> {
  const { client, informers, nodeName, domain, address, log } = options;
  const services = informers.for(Services);
  const slices = informers.for(EndpointSlices);
  services.addIndex(BY_ADDRESS, clusterIpIndex);
  slices.addIndex(BY_SERVICE, serviceIndex);
  slices.addIndex(BY_ADDRESS, endpointAddressIndex);
  // A cache that is not filled would deny names that exist.
  await Promise.all([services.whenSynced(options.signal), slices.whenSynced(options.signal)]);
  const path = options.resolvConfPath ?? '/etc/resolv.conf';
  const server = await startDnsServer({
    zone: { domain, services: services.lister, slices: slices.lister },
    // Read anew each time: the host may move to another network.
    forwarder: createForwarder(() => upstreams(path, address)),
    address,
    port: options.port ?? DEFAULT_PORT,
    log,
  });
  const node = await client.get(Nodes, { name: nodeName });
  await client.apply(EndpointSlices, endpointSlice(node, address, server.port), {
    fieldManager: 'sampan-dns',
    force: true,
  });
  return server;
}

function upstreams(path: string, self: string): string[] {
  try {
    return nameServers(readFileSync(path, 'utf8')).filter((server) => server !== self);
  } catch {
    return [];
  }
}

/** Owned by the Node: it goes with it. */
function endpointSlice({ metadata }: Node, address: string, port: number): EndpointSlice {
  const { name: nodeName = '', uid = '' } = metadata ?? {};
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: `kube-dns-${nodeName}`,
      namespace: 'kube-system',
      ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: nodeName, uid }],
      labels: {
        'kubernetes.io/service-name': 'kube-dns',
        'endpointslice.kubernetes.io/managed-by': 'dns.sampan.io',
      },
    },
    addressType: 'IPv4',
    endpoints: [{ addresses: [address], conditions: { ready: true, serving: true, terminating: false }, nodeName }],
    ports: [
      { name: 'dns', port, protocol: 'UDP' },
      { name: 'dns-tcp', port, protocol: 'TCP' },
    ],
  };
}
