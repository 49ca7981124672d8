// The ranges of service addresses (ServiceCIDR objects) and the addresses that are taken (IPAddress objects): which range
// may give an address, and which holds it. Pure; who allocates is the API server, who protects them a controller.
// Upstream: pkg/api/servicecidr/servicecidr.go, pkg/registry/core/service/ipallocator/cidrallocator.go (isReady).
import { type Network, firstOf, holdsNetwork, lastOf, parseAddress, parseNetwork } from './kinds/shared/addresses.ts';
import type { KubeObject, ResourceType } from './types.ts';

interface Condition {
  type: string;
  status: string;
  reason?: string;
  message?: string;
  lastTransitionTime?: string | null;
}
export interface ServiceCidr extends KubeObject {
  spec?: { cidrs?: string[] };
  status?: { conditions?: Condition[] };
}
export interface IpAddress extends KubeObject {
  spec?: { parentRef?: { resource?: string; namespace?: string; name?: string } };
}

const networking = { group: 'networking.k8s.io', version: 'v1', namespaced: false };
export const ServiceCidrs: ResourceType<ServiceCidr> = { ...networking, plural: 'servicecidrs', kind: 'ServiceCIDR' };
export const IPAddresses: ResourceType<IpAddress> = { ...networking, plural: 'ipaddresses', kind: 'IPAddress' };

/** Who made an IPAddress object, by label. */
export const MANAGED_BY = 'ipaddress.kubernetes.io/managed-by';
export const ALLOCATOR = 'ipallocator.k8s.io';

export const networksOf = ({ spec }: ServiceCidr): Network[] =>
  (spec?.cidrs ?? []).flatMap((text) => parseNetwork(text) ?? []);

/** A range without a Ready condition counts: no controller may run. One that is being deleted gives nothing any more. */
export function isReady({ metadata, status }: ServiceCidr): boolean {
  if (metadata?.deletionTimestamp !== undefined) return false;
  const condition = status?.conditions?.find(({ type }) => type === 'Ready');
  return condition ? condition.status === 'True' : true;
}

/** The network's own address is none of its services', nor is the last of an IPv4 network. */
export function holdsAddress(network: Network, text: string): boolean {
  const address = parseAddress(text);
  if (!address || !holdsNetwork(network, { address, length: address.bits, leadingZeros: false })) return false;
  if (network.length === address.bits) return true;
  return address.value !== firstOf(network) && (address.bits === 128 || address.value !== lastOf(network));
}
