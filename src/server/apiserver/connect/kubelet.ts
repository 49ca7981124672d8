// Where the daemon of a node is. Upstream: pkg/kubelet/client/kubelet_client.go, with kubeadm's address preference.
import { Nodes } from '../../../api/resources.ts';
import { isSimulated } from '../../../api/simulated-usage.ts';
import { StatusError, badRequest } from '../../../api/status.ts';
import type { Response } from '../../../wire/http.ts';
import type { HookContext, SubresourceContext } from '../types.ts';

const PREFERENCE = ['InternalIP', 'ExternalIP', 'Hostname', 'InternalDNS', 'ExternalDNS'];
const DEFAULT_PORT = 10_250;

export interface Target {
  address: string;
  port: number;
  serverName: string;
}

/** Throws when the node is unknown or says no address. */
export function kubeletOf(context: Pick<HookContext, 'lister'>, nodeName: string): Target {
  const node = context.lister.get(Nodes, undefined, nodeName);
  if (!node)
    throw new StatusError('NotFound', `nodes ${JSON.stringify(nodeName)} not found`, { name: nodeName, kind: 'nodes' });
  if (isSimulated(node)) {
    throw badRequest(
      `node ${JSON.stringify(nodeName)} is simulated: it runs no containers, so there is nothing to read, run or reach on it`,
    );
  }
  const addresses = node.status?.addresses ?? [];
  const found = PREFERENCE.map((type) => addresses.find((a) => a.type === type)).find((a) => a !== undefined);
  if (!found) throw badRequest(`no preferred addresses found; known addresses: []`);
  const port = node.status?.daemonEndpoints?.kubeletEndpoint?.Port || DEFAULT_PORT;
  return { address: found.address, port, serverName: found.address };
}

/** Hands the request over to a node's daemon; `unverified`: whatever its certificate. */
export async function forwardToNode(
  context: SubresourceContext,
  nodeName: string,
  path: string,
  unverified = false,
): Promise<Response> {
  const { nodes } = context.options;
  const target = { ...kubeletOf(context, nodeName), ...(unverified ? { unverified } : {}) };
  if (!nodes) throw new StatusError('ServiceUnavailable', 'this API server has no connection to nodes');
  try {
    return await nodes.forward(target, path, context.request);
  } catch (error) {
    if (error instanceof StatusError) throw error;
    throw new StatusError('InternalError', `error dialing backend: ${(error as Error).message}`);
  }
}
