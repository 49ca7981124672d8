// What the rules are made from: services and endpoint slices, joined. Pure. Which endpoints may be used follows
// upstream's pkg/proxy/topology.go: ready ones; when none is ready, those that still serve while they terminate.
import { isIPv4 } from 'node:net';
import type { Service, ServicePort as PortSpec } from 'kubernetes-types/core/v1.js';
import type { Endpoint as SliceEndpoint, EndpointSlice } from 'kubernetes-types/discovery/v1.js';

export type Protocol = 'tcp' | 'udp' | 'sctp';

export interface Endpoint {
  address: string;
  port: number;
  /** On this node. */
  local: boolean;
}

/** One port of one service, ready to be turned into rules. */
export interface ServicePort {
  /** `namespace/name:port`, upstream's ServicePortName; without `:port` when the port has no name. */
  name: string;
  protocol: Protocol;
  clusterIp: string;
  port: number;
  nodePort?: number;
  externalIps: string[];
  loadBalancerIps: string[];
  /** CIDRs that may reach the load balancer's addresses; empty is everybody. */
  sourceRanges: string[];
  /** Seconds; undefined is no affinity. */
  affinitySeconds?: number;
  /** Anywhere in the cluster: without one, clients are refused; with some, but none that the policy allows, dropped. */
  hasEndpoints: boolean;
  internalLocal: boolean;
  externalLocal: boolean;
  /** For cluster addresses (all, or only local ones by internalTrafficPolicy). */
  endpoints: Endpoint[];
  /** For node ports and load balancers (only local ones by externalTrafficPolicy). */
  externalEndpoints: Endpoint[];
}

const SERVICE_NAME = 'kubernetes.io/service-name';
const PROXY_NAME = 'service.kubernetes.io/service-proxy-name';
const HEADLESS = 'service.kubernetes.io/headless';
const DEFAULT_AFFINITY_SECONDS = 10_800;

/** Others are somebody else's to implement, or nobody's. Upstream: the label selector of cmd/kube-proxy/app/server.go. */
export const isForUs = (labels: Record<string, string>): boolean => !(PROXY_NAME in labels) && !(HEADLESS in labels);

/** By `namespace/name` of the service. */
export function slicesByService(slices: readonly EndpointSlice[]): Map<string, EndpointSlice[]> {
  const byService = new Map<string, EndpointSlice[]>();
  for (const slice of slices) {
    const service = slice.metadata?.labels?.[SERVICE_NAME];
    if (!service || slice.addressType !== 'IPv4') continue;
    const key = `${slice.metadata?.namespace ?? ''}/${service}`;
    const list = byService.get(key);
    if (list) list.push(slice);
    else byService.set(key, [slice]);
  }
  return byService;
}

/** Sorted by name, so that equal input makes equal text. Headless and ExternalName services have no rules. */
export function servicePorts(
  services: readonly Service[],
  slices: readonly EndpointSlice[],
  nodeName: string,
): ServicePort[] {
  const byService = slicesByService(slices);
  const result: ServicePort[] = [];
  for (const service of services) {
    const clusterIp = service.spec?.clusterIP;
    if (!clusterIp || !isIPv4(clusterIp) || service.spec?.type === 'ExternalName') continue;
    if (!isForUs(service.metadata?.labels ?? {})) continue;
    const key = `${service.metadata?.namespace ?? ''}/${service.metadata?.name ?? ''}`;
    for (const port of service.spec?.ports ?? []) {
      result.push(servicePort(key, service, port, clusterIp, byService.get(key) ?? [], nodeName));
    }
  }
  return result.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

function servicePort(
  key: string,
  service: Service,
  port: PortSpec,
  clusterIp: string,
  slices: readonly EndpointSlice[],
  nodeName: string,
): ServicePort {
  const spec = service.spec!;
  const internalLocal = spec.internalTrafficPolicy === 'Local';
  const external = spec.type === 'NodePort' || spec.type === 'LoadBalancer' || (spec.externalIPs ?? []).length > 0;
  const externalLocal = external && spec.externalTrafficPolicy === 'Local';
  const candidates = endpointsOf(port.name ?? '', slices, nodeName);
  const all = usable(candidates);
  const locals = internalLocal || externalLocal ? usable(candidates.filter((c) => c.endpoint.local)) : [];
  const affinity = spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? DEFAULT_AFFINITY_SECONDS;
  return {
    name: port.name ? `${key}:${port.name}` : key,
    protocol: (port.protocol ?? 'TCP').toLowerCase() as Protocol,
    clusterIp,
    port: port.port,
    ...(port.nodePort && spec.type !== 'ClusterIP' ? { nodePort: port.nodePort } : {}),
    externalIps: (spec.externalIPs ?? []).filter(isIPv4),
    loadBalancerIps: (service.status?.loadBalancer?.ingress ?? []).flatMap((i) =>
      i.ip && isIPv4(i.ip) && (i as { ipMode?: string }).ipMode !== 'Proxy' ? [i.ip] : [],
    ),
    sourceRanges: (spec.loadBalancerSourceRanges ?? []).filter(isRange),
    ...(spec.sessionAffinity === 'ClientIP' ? { affinitySeconds: affinity } : {}),
    hasEndpoints: all.length > 0,
    internalLocal,
    externalLocal,
    endpoints: internalLocal ? locals : all,
    externalEndpoints: externalLocal ? locals : all,
  };
}

/** What is no address must not become text of a rule. */
const isRange = (cidr: string): boolean => /^[\d.]+\/\d{1,2}$/.test(cidr) && isIPv4(cidr.slice(0, cidr.indexOf('/')));

interface Candidate {
  endpoint: Endpoint;
  ready: boolean;
  serving: boolean;
  terminating: boolean;
}

function endpointsOf(portName: string, slices: readonly EndpointSlice[], nodeName: string): Candidate[] {
  const found = new Map<string, Candidate>();
  for (const slice of slices) {
    const port = slice.ports?.find((p) => (p.name ?? '') === portName)?.port;
    if (port === undefined) continue;
    for (const endpoint of slice.endpoints ?? []) {
      if (!isIPv4(endpoint.addresses[0] ?? '')) continue;
      const candidate = candidateOf(endpoint, port, nodeName);
      // The same address may be in two slices while one is being moved: ready wins.
      const id = `${candidate.endpoint.address}:${port}`;
      if (!found.get(id)?.ready) found.set(id, candidate);
    }
  }
  return [...found.values()].sort((a, b) => compareEndpoints(a.endpoint, b.endpoint));
}

function candidateOf(endpoint: SliceEndpoint, port: number, nodeName: string): Candidate {
  const { ready = true, serving, terminating = false } = endpoint.conditions ?? {};
  const address = endpoint.addresses[0] ?? '';
  return {
    endpoint: { address, port, local: endpoint.nodeName === nodeName },
    ready,
    serving: serving ?? ready,
    terminating,
  };
}

function usable(candidates: readonly Candidate[]): Endpoint[] {
  const ready = candidates.filter((c) => c.ready);
  const chosen = ready.length > 0 ? ready : candidates.filter((c) => c.serving && c.terminating);
  return chosen.map((c) => c.endpoint);
}

const compareEndpoints = (a: Endpoint, b: Endpoint): number =>
  a.address < b.address ? -1 : a.address > b.address ? 1 : a.port - b.port;
