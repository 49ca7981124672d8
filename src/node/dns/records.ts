// Services and endpoint slices → DNS answers, as the Kubernetes DNS specification 1.1.0 has them. Pure look-ups over
// caches; no sockets. Everything below the cluster domain is answered here, the rest is undefined: forward it.
//
//   web.default.svc.cluster.local                A    the cluster IP; of a headless service, its ready endpoints
//   _http._tcp.web.default.svc.cluster.local     SRV  port and target
//   db-0.db.default.svc.cluster.local            A    an endpoint with this hostname
//   10-244-0-5.default.pod.cluster.local         A    10.244.0.5
//   20.0.96.10.in-addr.arpa                      PTR  web.default.svc.cluster.local
import type { Service } from 'kubernetes-types/core/v1.js';
import type { EndpointSlice } from 'kubernetes-types/discovery/v1.js';
import type { Lister } from '../../client/informer.ts';

export const TTL_SECONDS = 5;

export type DnsRecord =
  | { type: 'A'; name: string; ttl: number; data: string }
  | { type: 'PTR' | 'CNAME'; name: string; ttl: number; data: string }
  | { type: 'TXT'; name: string; ttl: number; data: string }
  | {
      type: 'SRV';
      name: string;
      ttl: number;
      data: { priority: number; weight: number; port: number; target: string };
    };

export interface DnsAnswer {
  found: boolean;
  answers: DnsRecord[];
  /** Addresses of SRV targets. */
  additionals: DnsRecord[];
}

export interface Zone {
  domain: string;
  services: Lister<Service>;
  slices: Lister<EndpointSlice>;
}

/** Index names that the listers must have; see addDnsIndexes. */
export const BY_SERVICE = 'dns-service';
export const BY_ADDRESS = 'dns-address';

export const serviceIndex = (slice: EndpointSlice): string[] => {
  const service = slice.metadata?.labels?.['kubernetes.io/service-name'];
  return service ? [`${slice.metadata?.namespace ?? ''}/${service}`] : [];
};
export const clusterIpIndex = (service: Service): string[] => {
  const ip = service.spec?.clusterIP;
  return ip && ip !== 'None' ? [ip] : [];
};
export const endpointAddressIndex = (slice: EndpointSlice): string[] =>
  (slice.endpoints ?? []).flatMap((e) => e.addresses);

const NOTHING: DnsAnswer = { found: false, answers: [], additionals: [] };
const NO_DATA: DnsAnswer = { found: true, answers: [], additionals: [] };

/** Undefined: the name is not the cluster's. `name` is without the last dot, in any case. */
export function resolveName(zone: Zone, name: string, type: string): DnsAnswer | undefined {
  const lower = name.toLowerCase();
  if (lower.endsWith('.in-addr.arpa')) return reverse(zone, name, lower, type);
  const suffix = `.${zone.domain}`;
  if (lower === zone.domain) return NO_DATA;
  if (!lower.endsWith(suffix)) return undefined;
  const labels = lower.slice(0, -suffix.length).split('.');
  const root = labels.pop();
  if (root === 'svc') return serviceName(zone, name, labels, type);
  if (root === 'pod') return podName(name, labels, type);
  if (root === 'dns-version' && labels.length === 0) {
    return typed(type, 'TXT', [{ type: 'TXT', name, ttl: TTL_SECONDS, data: '1.1.0' }]);
  }
  return NOTHING;
}

const typed = (asked: string, type: string, answers: DnsRecord[]): DnsAnswer =>
  asked === type || asked === 'ANY' ? { found: true, answers, additionals: [] } : NO_DATA;

const addresses = (name: string, ips: readonly string[]): DnsRecord[] =>
  ips.map((data) => ({ type: 'A', name, ttl: TTL_SECONDS, data }));

/** `labels` stand before `svc`: [service, namespace], [hostname, service, namespace], [_port, _proto, service, ns]. */
function serviceName(zone: Zone, name: string, labels: string[], type: string): DnsAnswer {
  // `svc` and `<namespace>.svc` exist, with nothing of their own.
  if (labels.length < 2) return labels.length === 0 || hasServices(zone, labels[0]!) ? NO_DATA : NOTHING;
  const [serviceLabel, namespace] = labels.slice(-2) as [string, string];
  const service = zone.services.get(`${namespace}/${serviceLabel}`);
  if (!service) return NOTHING;
  if (service.spec?.type === 'ExternalName') {
    const target = service.spec.externalName ?? '';
    return labels.length === 2
      ? { found: true, answers: [{ type: 'CNAME', name, ttl: TTL_SECONDS, data: target }], additionals: [] }
      : NOTHING;
  }
  const headless = service.spec?.clusterIP === 'None';
  const before = labels.slice(0, -2);
  if (before.length === 2 && before[0]!.startsWith('_') && before[1]!.startsWith('_')) {
    return portName(zone, name, service, before[0]!.slice(1), before[1]!.slice(1), type);
  }
  if (before.length === 1) {
    const ips = headless
      ? hosts(zone, service)
          .filter((h) => h.hostname === before[0])
          .map((h) => h.ip)
      : [];
    return ips.length > 0 ? typed(type, 'A', addresses(name, ips)) : NOTHING;
  }
  if (before.length > 0) return NOTHING;
  const ips = headless ? [...new Set(hosts(zone, service).map((h) => h.ip))] : [service.spec?.clusterIP ?? ''];
  // A headless service without endpoints has no name, as CoreDNS sees it.
  if (ips.length === 0) return NOTHING;
  if (type === 'SRV') return portName(zone, name, service, undefined, undefined, type);
  return typed(type, 'A', addresses(name, ips));
}

const hasServices = (zone: Zone, namespace: string): boolean => zone.services.count(namespace) > 0;

interface Host {
  hostname: string;
  ip: string;
  ports: { name: string; protocol: string; port: number }[];
}

/** Endpoints that a headless name answers with; hostnames default to the dashed address. */
function hosts(zone: Zone, service: Service): Host[] {
  const key = `${service.metadata?.namespace ?? ''}/${service.metadata?.name ?? ''}`;
  const publishAll = service.spec?.publishNotReadyAddresses === true;
  return zone.slices.byIndex(BY_SERVICE, key).flatMap((slice) => {
    if (slice.addressType !== 'IPv4') return [];
    const ports = (slice.ports ?? []).map((p) => ({
      name: p.name ?? '',
      protocol: (p.protocol ?? 'TCP').toLowerCase(),
      port: p.port ?? 0,
    }));
    return (slice.endpoints ?? [])
      .filter((e) => publishAll || e.conditions?.ready !== false)
      .flatMap((e) => e.addresses.map((ip) => ({ hostname: e.hostname || ip.replaceAll('.', '-'), ip, ports })));
  });
}

function portName(
  zone: Zone,
  name: string,
  service: Service,
  port: string | undefined,
  protocol: string | undefined,
  type: string,
): DnsAnswer {
  const base = `${service.metadata?.name}.${service.metadata?.namespace}.svc.${zone.domain}`;
  const wanted = (p: { name: string; protocol: string }) =>
    port === undefined || (p.name === port && p.protocol === protocol);
  const found: { target: string; ip: string; port: number }[] = [];
  if (service.spec?.clusterIP === 'None') {
    for (const host of hosts(zone, service)) {
      for (const p of host.ports.filter(wanted)) {
        found.push({ target: `${host.hostname}.${base}`, ip: host.ip, port: p.port });
      }
    }
  } else {
    for (const p of service.spec?.ports ?? []) {
      if (!wanted({ name: p.name ?? '', protocol: (p.protocol ?? 'TCP').toLowerCase() })) continue;
      found.push({ target: base, ip: service.spec?.clusterIP ?? '', port: p.port });
    }
  }
  if (found.length === 0) return NOTHING;
  if (type !== 'SRV' && type !== 'ANY') return NO_DATA;
  const weight = Math.max(1, Math.floor(100 / found.length));
  const targets = new Map(found.map((f) => [`${f.target} ${f.ip}`, f]));
  return {
    found: true,
    answers: found.map((f) => ({
      type: 'SRV',
      name,
      ttl: TTL_SECONDS,
      data: { priority: 0, weight, port: f.port, target: f.target },
    })),
    additionals: [...targets.values()].map((f) => ({ type: 'A', name: f.target, ttl: TTL_SECONDS, data: f.ip })),
  };
}

function podName(name: string, labels: string[], type: string): DnsAnswer {
  if (labels.length < 2) return NO_DATA;
  const ip = labels[0]!.replaceAll('-', '.');
  if (labels.length > 2 || !isIpv4(ip)) return NOTHING;
  return typed(type, 'A', addresses(name, [ip]));
}

export const isIpv4 = (text: string): boolean =>
  /^(\d{1,3}\.){3}\d{1,3}$/.test(text) && text.split('.').every((part) => Number(part) <= 255);

/** Only addresses that belong to services or their named endpoints; others are the outside's to answer. */
function reverse(zone: Zone, name: string, lower: string, type: string): DnsAnswer | undefined {
  const ip = lower.slice(0, -'.in-addr.arpa'.length).split('.').reverse().join('.');
  if (!isIpv4(ip)) return undefined;
  const suffix = `svc.${zone.domain}`;
  const names: string[] = zone.services
    .byIndex(BY_ADDRESS, ip)
    .map((s) => `${s.metadata?.name}.${s.metadata?.namespace}.${suffix}`);
  for (const slice of zone.slices.byIndex(BY_ADDRESS, ip)) {
    const service = slice.metadata?.labels?.['kubernetes.io/service-name'];
    const endpoint = slice.endpoints?.find((e) => e.addresses.includes(ip));
    if (!service || !endpoint) continue;
    const headless = zone.services.get(`${slice.metadata?.namespace}/${service}`)?.spec?.clusterIP === 'None';
    if (!headless) continue;
    names.push(`${endpoint.hostname || ip.replaceAll('.', '-')}.${service}.${slice.metadata?.namespace}.${suffix}`);
  }
  if (names.length === 0) return undefined;
  const answers = [...new Set(names)].map((data) => ({ type: 'PTR' as const, name, ttl: TTL_SECONDS, data }));
  return typed(type, 'PTR', answers);
}
