// Where a service is, by its endpoints: the server need not be on a machine that knows cluster addresses. Reads caches
// only. Upstream: apiserver/pkg/util/proxy (ResolveEndpoint; ResolveCluster for ExternalName).
import type { EndpointSlice } from 'kubernetes-types/discovery/v1.js';
import { EndpointSlices, EndpointsType, Services } from '../../../api/resources.ts';
import type { Lister } from '../types.ts';

export interface Address {
  host: string;
  port: number;
}

/** Throws in upstream's words; `what` stands before them: `Post "https://…"`. */
export function resolveService(lister: Lister, namespace: string, name: string, port: number, what: string): Address {
  const service = lister.get(Services, namespace, name);
  const fail = (why: string): Error => new Error(`${what}: ${why}`);
  if (!service) throw fail(`service ${JSON.stringify(name)} not found`);
  if (service.spec?.type === 'ExternalName') return { host: service.spec.externalName ?? '', port };
  const wanted = service.spec?.ports?.find((p) => p.port === port);
  if (!wanted) throw fail(`no service port ${port} found for service ${JSON.stringify(name)}`);
  const found = fromEndpoints(lister, namespace, name, wanted.name) ?? fromSlices(lister, namespace, name, wanted.name);
  if (found) return found;
  throw fail(`no endpoints available for service ${JSON.stringify(name)}`);
}

const oneOf = <T>(items: readonly T[]): T => items[Math.floor(Math.random() * items.length)]!;

/** One read, where the controller (or a person) wrote Endpoints. */
function fromEndpoints(lister: Lister, namespace: string, name: string, portName = ''): Address | undefined {
  for (const { addresses = [], ports = [] } of lister.get(EndpointsType, namespace, name)?.subsets ?? []) {
    const port = ports.find((p) => (p.name ?? '') === portName);
    if (port && addresses.length > 0) return { host: oneOf(addresses).ip, port: port.port };
  }
  return undefined;
}

export const slicesOf = (lister: Lister, namespace: string, name: string): EndpointSlice[] =>
  lister
    .list(EndpointSlices, namespace)
    .filter((slice) => slice.metadata?.labels?.['kubernetes.io/service-name'] === name);

function fromSlices(lister: Lister, namespace: string, name: string, portName = ''): Address | undefined {
  for (const { endpoints, ports = [] } of slicesOf(lister, namespace, name)) {
    const port = ports.find((p) => (p.name ?? '') === portName)?.port;
    const ready = endpoints.filter((e) => e.conditions?.ready !== false && e.addresses.length > 0);
    if (port !== undefined && ready.length > 0) return { host: oneOf(ready).addresses[0]!, port };
  }
  return undefined;
}
