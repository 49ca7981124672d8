// The EndpointSlices that show what somebody wrote into an Endpoints object by hand. Pure. Upstream:
// pkg/controller/endpointslicemirroring/{reconciler,utils,endpointslicemirroring_controller}.go.
import { isIP } from 'node:net';
import type { EndpointAddress, Endpoints, Service } from 'kubernetes-types/core/v1.js';
import type { Endpoint, EndpointPort, EndpointSlice } from 'kubernetes-types/discovery/v1.js';
import { semanticEqual } from '../../../api/equal.ts';
import { EndpointsType } from '../../../api/resources.ts';
import { newControllerRef } from '../shared/owners.ts';
import { hasSelector } from './backends.ts';
import { MANAGED_BY, SERVICE_NAME, type SlicePlan } from './slices.ts';
import { ENDPOINTS_MANAGED_BY } from './subsets.ts';

export const MIRROR = 'endpointslicemirroring-controller.k8s.io';
/** More addresses of one subset are not mirrored: one subset is one slice. */
const MAX_PER_SUBSET = 1000;
const SKIP = 'endpointslice.kubernetes.io/skip-mirror';
const LEADER = 'control-plane.alpha.kubernetes.io/leader';
const NOT_COPIED = [
  'endpoints.kubernetes.io/last-change-trigger-time',
  'kubectl.kubernetes.io/last-applied-configuration',
];

/** Written by hand, for a service that selects no pods. */
export function isMirrored(endpoints: Endpoints | undefined, service: Service | undefined): endpoints is Endpoints {
  const { labels = {}, annotations = {}, deletionTimestamp } = endpoints?.metadata ?? {};
  if (!endpoints || deletionTimestamp || !service || hasSelector(service)) return false;
  return labels[SKIP] !== 'true' && !(ENDPOINTS_MANAGED_BY in labels) && !(LEADER in annotations);
}

interface Group {
  addressType: string;
  ports: EndpointPort[];
  /** By address: a second mention of one replaces the first. */
  endpoints: Map<string, Endpoint>;
}

const keyOf = (addressType: string, ports: readonly EndpointPort[] = []): string =>
  `${addressType} ${ports
    .map((p) => [p.name ?? '', p.protocol ?? 'TCP', p.port ?? '', p.appProtocol ?? ''].join('|'))
    .sort()
    .join(',')}`;

function endpointOf(address: EndpointAddress, ready: boolean): Endpoint {
  const { ip, hostname, nodeName, targetRef } = address;
  return {
    addresses: [ip],
    conditions: { ready },
    ...(hostname && { hostname }),
    ...(nodeName && { nodeName }),
    ...(targetRef && { targetRef }),
  };
}

function groupsOf(endpoints: Endpoints): { groups: Map<string, Group>; invalid: number; skipped: number } {
  const groups = new Map<string, Group>();
  let invalid = 0;
  let skipped = 0;
  for (const subset of endpoints.subsets ?? []) {
    const ports = (subset.ports ?? []).map((port) => ({
      name: port.name ?? '',
      port: port.port,
      protocol: port.protocol ?? 'TCP',
      ...(port.appProtocol && { appProtocol: port.appProtocol }),
    }));
    const all = [
      ...(subset.addresses ?? []).map((address) => endpointOf(address, true)),
      ...(subset.notReadyAddresses ?? []).map((address) => endpointOf(address, false)),
    ];
    let added = 0;
    for (const endpoint of all) {
      const family = isIP(endpoint.addresses[0]!);
      if (family === 0) invalid++;
      else if (added >= MAX_PER_SUBSET) skipped++;
      else {
        const addressType = family === 6 ? 'IPv6' : 'IPv4';
        const key = keyOf(addressType, ports);
        const group = groups.get(key) ?? { addressType, ports, endpoints: new Map<string, Endpoint>() };
        group.endpoints.set(endpoint.addresses[0]!, endpoint);
        groups.set(key, group);
        added++;
      }
    }
  }
  return { groups, invalid, skipped };
}

export interface MirrorPlan extends SlicePlan {
  /** Events to announce: reason and message. */
  warnings: [reason: string, message: string][];
}

/** All writes; `existing` are the mirror's slices of this object. */
export function planMirror(endpoints: Endpoints, existing: readonly EndpointSlice[]): MirrorPlan {
  const { groups, invalid, skipped } = groupsOf(endpoints);
  const plan: MirrorPlan = { create: [], update: [], delete: [], warnings: [] };
  if (invalid > 0) {
    plan.warnings.push([
      'InvalidIPAddress',
      `Skipped ${invalid} invalid IP addresses when mirroring to EndpointSlices`,
    ]);
  }
  if (skipped > 0) {
    const limit = `A max of ${MAX_PER_SUBSET} addresses can be mirrored to EndpointSlices per Endpoints subset.`;
    plan.warnings.push(['TooManyAddressesToMirror', `${limit} ${skipped} addresses were skipped`]);
  }
  const free = new Set(existing);
  const missing: EndpointSlice[] = [];
  for (const [key, group] of groups) {
    const wanted = sliceOf(endpoints, group);
    const own = existing.find((slice) => free.has(slice) && keyOf(slice.addressType, slice.ports) === key);
    if (!own) missing.push(wanted);
    else {
      free.delete(own);
      if (!sameContent(own, wanted)) plan.update.push(replaced(own, wanted));
    }
  }
  // A slice that would go is used for one that would come, as long as its addresses may stay of their family.
  for (const wanted of missing) {
    const spare = [...free].find((slice) => slice.addressType === wanted.addressType);
    if (spare) {
      free.delete(spare);
      plan.update.push(replaced(spare, wanted));
    } else plan.create.push(wanted);
  }
  plan.delete.push(...free);
  return plan;
}

const sameContent = (a: EndpointSlice, b: EndpointSlice): boolean =>
  semanticEqual(a.metadata?.labels, b.metadata?.labels) &&
  semanticEqual(a.metadata?.annotations ?? {}, b.metadata?.annotations ?? {}) &&
  semanticEqual(a.endpoints, b.endpoints);

const replaced = (old: EndpointSlice, wanted: EndpointSlice): EndpointSlice => ({
  ...wanted,
  metadata: {
    ...wanted.metadata,
    generateName: undefined,
    name: old.metadata?.name,
    resourceVersion: old.metadata?.resourceVersion,
  } as EndpointSlice['metadata'] & object,
});

function sliceOf(owner: Endpoints, { addressType, ports, endpoints }: Group): EndpointSlice {
  const { name = '', namespace, labels, annotations = {} } = owner.metadata ?? {};
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      generateName: `${name}-`,
      namespace,
      labels: { ...labels, [SERVICE_NAME]: name, [MANAGED_BY]: MIRROR },
      annotations: Object.fromEntries(Object.entries(annotations).filter(([key]) => !NOT_COPIED.includes(key))),
      ownerReferences: [newControllerRef(EndpointsType, owner)] as never,
    },
    addressType,
    endpoints: [...endpoints.values()],
    ports,
  };
}
