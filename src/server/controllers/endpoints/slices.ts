// A service's EndpointSlices: what they should hold, and the fewest writes that get there from what is.
// Upstream: staging/src/k8s.io/endpointslice/{reconciler,utils}.go. Pure.
import type { Endpoint, EndpointPort, EndpointSlice } from 'kubernetes-types/discovery/v1.js';
import type { Node, Pod, Service } from 'kubernetes-types/core/v1.js';
import { semanticEqual } from '../../../api/equal.ts';
import { Services } from '../../../api/resources.ts';
import { isControlledBy, newControllerRef } from '../shared/owners.ts';
import { isPodReady } from '../shared/pods.ts';
import { type BackendPort, addressOf, belongs, hostnameIn, isHeadless, portsOf } from './backends.ts';

export const MANAGED_BY = 'endpointslice.kubernetes.io/managed-by';
export const CONTROLLER = 'endpointslice-controller.k8s.io';
export const SERVICE_NAME = 'kubernetes.io/service-name';
export const HEADLESS = 'service.kubernetes.io/headless';
export const MAX_ENDPOINTS = 100;

const ZONE = 'topology.kubernetes.io/zone';

export interface SlicePlan {
  create: EndpointSlice[];
  update: EndpointSlice[];
  delete: EndpointSlice[];
}

/** Endpoints with the same ports go into the same slices. */
interface Group {
  ports: EndpointPort[];
  /** By pod uid. */
  endpoints: Map<string, Endpoint>;
}

export function endpointOf(service: Service, pod: Pod, address: string, zone: string | undefined): Endpoint {
  const serving = isPodReady(pod);
  const terminating = pod.metadata?.deletionTimestamp !== undefined;
  const hostname = hostnameIn(service, pod);
  return {
    addresses: [address],
    conditions: {
      ready: service.spec?.publishNotReadyAddresses === true || (serving && !terminating),
      serving,
      terminating,
    },
    ...(hostname === undefined ? {} : { hostname }),
    ...(pod.spec?.nodeName ? { nodeName: pod.spec.nodeName } : {}),
    targetRef: { kind: 'Pod', name: pod.metadata?.name, namespace: pod.metadata?.namespace, uid: pod.metadata?.uid },
    ...(zone ? { zone } : {}),
  };
}

const portKey = (ports: readonly EndpointPort[] | undefined): string =>
  (ports ?? [])
    .map((p) => [p.name ?? '', p.protocol ?? 'TCP', p.port ?? '', p.appProtocol ?? ''].join('|'))
    .sort()
    .join(',');

function desiredGroups(
  service: Service,
  pods: readonly Pod[],
  family: string,
  nodeOf: (name: string) => Node | undefined,
): Map<string, Group> {
  const groups = new Map<string, Group>();
  const headlessWithoutPorts = isHeadless(service) && !service.spec?.ports?.length;
  for (const pod of pods) {
    if (!belongs(pod, true)) continue;
    const address = addressOf(pod, family);
    if (!address) continue;
    const ports: BackendPort[] = portsOf(service, pod);
    // Without any of the ports the pod cannot be reached by this service.
    if (ports.length === 0 && !headlessWithoutPorts) continue;
    const key = portKey(ports);
    let group = groups.get(key);
    if (!group) groups.set(key, (group = { ports, endpoints: new Map() }));
    const zone = nodeOf(pod.spec?.nodeName ?? '')?.metadata?.labels?.[ZONE];
    group.endpoints.set(pod.metadata?.uid ?? '', endpointOf(service, pod, address, zone));
  }
  return groups;
}

/** The service's labels, then our own, which win. Upstream: setEndpointSliceLabels. */
export function sliceLabels(service: Service): Record<string, string> {
  const labels: Record<string, string> = { ...service.metadata?.labels };
  delete labels[HEADLESS];
  labels[SERVICE_NAME] = service.metadata?.name ?? '';
  labels[MANAGED_BY] = CONTROLLER;
  if (isHeadless(service)) labels[HEADLESS] = '';
  return labels;
}

/** All writes for one service; `existing` are the slices that this controller manages for it. */
export function planSlices(
  service: Service,
  pods: readonly Pod[],
  existing: readonly EndpointSlice[],
  nodeOf: (name: string) => Node | undefined,
): SlicePlan {
  const plan: SlicePlan = { create: [], update: [], delete: [] };
  const families = service.spec?.ipFamilies?.length ? service.spec.ipFamilies : ['IPv4'];
  for (const slice of existing) if (!families.includes(slice.addressType)) plan.delete.push(slice);
  for (const family of families) {
    const groups = desiredGroups(service, pods, family, nodeOf);
    const slices = existing.filter((s) => s.addressType === family);
    // A service without any endpoint still has one empty slice: consumers can tell "none" from "not yet".
    if (groups.size === 0) groups.set(portKey([]), { ports: [], endpoints: new Map() });
    for (const slice of slices) if (!groups.has(portKey(slice.ports))) plan.delete.push(slice);
    for (const [key, group] of groups) {
      const own = slices.filter((s) => portKey(s.ports) === key);
      planGroup(service, family, group, own, plan);
    }
  }
  return plan;
}

/** Endpoints stay in their slice; new ones fill the fullest that has room; what is left over gets new slices. */
function planGroup(service: Service, family: string, group: Group, slices: EndpointSlice[], plan: SlicePlan): void {
  const labels = sliceLabels(service);
  const pending = new Map(group.endpoints);
  const kept = slices.map((slice) => {
    const endpoints: Endpoint[] = [];
    for (const old of slice.endpoints ?? []) {
      const uid = old.targetRef?.uid ?? '';
      const next = pending.get(uid);
      if (!next) continue;
      pending.delete(uid);
      endpoints.push(semanticEqual(old, next) ? old : next);
    }
    return { slice, endpoints };
  });
  const rest = [...pending.values()];
  // Slices that are written anyway are filled first, then the fullest.
  const changed = ({ slice, endpoints }: (typeof kept)[number]) => !semanticEqual(slice.endpoints, endpoints);
  const order = [...kept].sort(
    (a, b) => Number(changed(b)) - Number(changed(a)) || b.endpoints.length - a.endpoints.length,
  );
  for (const entry of order)
    entry.endpoints.push(...rest.splice(0, Math.max(0, MAX_ENDPOINTS - entry.endpoints.length)));
  let empty = group.endpoints.size > 0 ? 0 : 1;
  for (const { slice, endpoints } of kept) {
    if (endpoints.length === 0 && empty-- <= 0) plan.delete.push(slice);
    else if (
      changed({ slice, endpoints }) ||
      !semanticEqual(slice.metadata?.labels, labels) ||
      !isControlledBy(slice, service)
    ) {
      const ownerReferences = [newControllerRef(Services, service)] as never;
      plan.update.push({ ...slice, metadata: { ...slice.metadata, labels, ownerReferences }, endpoints });
    }
  }
  while (rest.length > 0) plan.create.push(newSlice(service, family, group.ports, rest.splice(0, MAX_ENDPOINTS)));
  if (empty > 0) plan.create.push(newSlice(service, family, group.ports, []));
}

function newSlice(service: Service, addressType: string, ports: EndpointPort[], endpoints: Endpoint[]): EndpointSlice {
  const { name, namespace } = service.metadata ?? {};
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      generateName: `${name}-`,
      namespace,
      labels: sliceLabels(service),
      ownerReferences: [newControllerRef(Services, service)] as never,
    },
    addressType,
    endpoints,
    ports,
  };
}
