// What a load balancer of nodes is made from: which nodes answer for a service, and which ports are taken. Pure.
// Upstream: nodeIncludedPredicate and its neighbours in cloud-provider/controllers/service/controller.go; for the nodes'
// addresses and local endpoints, k3s' servicelb.
import { isIPv4 } from 'node:net';
import type { Node, Pod, Service } from 'kubernetes-types/core/v1.js';
import type { EndpointSlice } from 'kubernetes-types/discovery/v1.js';

/** Services that name this class are ours, as are those that name none. */
export const LOAD_BALANCER_CLASS = 'sampan.io/nodes';
const EXCLUDED = 'node.kubernetes.io/exclude-from-external-load-balancers';
const LEAVING = 'ToBeDeletedByClusterAutoscaler';

export const isOurs = ({ metadata, spec }: Service): boolean =>
  spec?.type === 'LoadBalancer' &&
  metadata?.deletionTimestamp === undefined &&
  (!spec.loadBalancerClass || spec.loadBalancerClass === LOAD_BALANCER_CLASS);

function isIncluded({ metadata, spec, status }: Node): boolean {
  if (metadata?.deletionTimestamp || metadata?.labels?.[EXCLUDED] !== undefined) return false;
  if (spec?.taints?.some(({ key }) => key === LEAVING)) return false;
  return status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') ?? false;
}

/** What others reach a node by. */
function addressesOf({ status }: Node): string[] {
  const of = (wanted: string): string[] =>
    (status?.addresses ?? []).filter(({ type, address }) => type === wanted && isIPv4(address)).map((a) => a.address);
  const external = of('ExternalIP');
  return external.length > 0 ? external : of('InternalIP');
}

/** What of a node matters here: a change of anything else needs no look. */
export const factsOf = (node: Node): string => JSON.stringify([isIncluded(node), addressesOf(node), portsOf(node)]);

/**
 * Sorted. With externalTrafficPolicy Local only of nodes that have a ready endpoint. Not of nodes where a pod has one of the
 * service's ports as its own: there the pod answers, as it was placed to; which is right when it is the service's own.
 */
export function hostsOf(
  service: Service,
  nodes: readonly Node[],
  slices: readonly EndpointSlice[],
  taken: (port: string) => ReadonlySet<string> = () => NONE,
): string[] {
  const { externalTrafficPolicy, loadBalancerIP } = service.spec ?? {};
  const pods = portKeys(service).map(taken);
  let included = nodes.filter((node) => isIncluded(node) && !pods.some((on) => on.has(node.metadata?.name ?? '')));
  if (externalTrafficPolicy === 'Local') {
    const endpoints = slices.flatMap((slice) => slice.endpoints ?? []);
    const local = new Set(endpoints.filter((e) => e.conditions?.ready !== false).map((e) => e.nodeName));
    included = included.filter(({ metadata }) => local.has(metadata?.name));
  }
  const addresses = [...new Set(included.flatMap(addressesOf))].sort();
  // An address of a cloud that is not here says nothing about where the service should be.
  return loadBalancerIP && addresses.includes(loadBalancerIP) ? [loadBalancerIP] : addresses;
}

/** `80/TCP` */
export const portKeys = ({ spec }: Service): string[] =>
  (spec?.ports ?? []).map(({ port, protocol }) => `${port}/${protocol ?? 'TCP'}`);

const NONE: ReadonlySet<string> = new Set();

/** The ports of its node that a pod has, `80/TCP`; none when it has ended or is nowhere yet. */
export function hostPortKeys({ spec, status }: Pod): string[] {
  if (!spec?.nodeName || status?.phase === 'Succeeded' || status?.phase === 'Failed') return [];
  const keys: string[] = [];
  for (const { ports } of [...spec.containers, ...(spec.initContainers ?? [])]) {
    for (const { hostPort, protocol } of ports ?? []) if (hostPort) keys.push(`${hostPort}/${protocol ?? 'TCP'}`);
  }
  return keys;
}

/** The pod is behind the service. */
export function selects({ metadata, spec }: Service, pod: Pod): boolean {
  const wanted = Object.entries(spec?.selector ?? {});
  if (wanted.length === 0 || metadata?.namespace !== pod.metadata?.namespace) return false;
  return wanted.every(([key, value]) => pod.metadata?.labels?.[key] === value);
}

const portsOf = ({ status }: Node): number | undefined => status?.daemonEndpoints?.kubeletEndpoint?.Port;

/** Ports that the nodes need for themselves, and what for. */
export function reservedPorts(nodes: readonly Node[], apiServer: EndpointSlice | undefined): Map<string, string> {
  const reserved = new Map<string, string>();
  const own = new Set(nodes.flatMap((node) => (node.status?.addresses ?? []).map(({ address }) => address)));
  for (const node of nodes) {
    const port = portsOf(node);
    if (port) reserved.set(`${port}/TCP`, 'the node daemon');
  }
  if (apiServer?.endpoints?.some(({ addresses }) => addresses.some((address) => own.has(address)))) {
    for (const { port } of apiServer.ports ?? []) if (port) reserved.set(`${port}/TCP`, 'the API server');
  }
  return reserved;
}

const hasAddress = ({ status }: Service): boolean => (status?.loadBalancer?.ingress ?? []).length > 0;
const since = ({ metadata }: Service): number => Date.parse(metadata?.creationTimestamp ?? '') || 0;

/** Of two services that want a port, who has it keeps it; else the older one gets it. */
export function isBefore(a: Service, b: Service): boolean {
  if (hasAddress(a) !== hasAddress(b)) return hasAddress(a);
  return since(a) !== since(b) ? since(a) < since(b) : (a.metadata?.uid ?? '') < (b.metadata?.uid ?? '');
}
