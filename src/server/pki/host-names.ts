// The names and addresses by which this host's API server is reached, for its serving certificate.
import { hostname, networkInterfaces } from 'node:os';

export interface ServingNames {
  dnsNames: string[];
  addresses: string[];
}

/** Link-local IPv6 addresses carry a zone and cannot stand in a URL that a client writes. */
const isUsable = (address: string): boolean => !/^fe80:/i.test(address);

/**
 * All names of the server: those of the `kubernetes` service, localhost, the host's own, and `extra` (names or
 * addresses that the operator gave). Sorted within themselves, so that two sets are compared as they are.
 */
export function servingNames(serviceAddress: string, clusterDomain: string, extra: readonly string[]): ServingNames {
  const isAddress = (name: string): boolean => name.includes(':') || /^\d+\.\d+\.\d+\.\d+$/.test(name);
  const own = Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map((i) => i.address));
  const dnsNames = [
    'kubernetes',
    'kubernetes.default',
    'kubernetes.default.svc',
    `kubernetes.default.svc.${clusterDomain}`,
    'localhost',
    hostname().toLowerCase(),
    ...extra.filter((name) => !isAddress(name)),
  ];
  const addresses = [serviceAddress, '127.0.0.1', '::1', ...own.filter(isUsable), ...extra.filter(isAddress)];
  return { dnsNames: unique(dnsNames), addresses: unique(addresses) };
}

const unique = (names: string[]): string[] => [...new Set(names)].sort();
