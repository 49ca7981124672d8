// A service's Endpoints object: addresses grouped by the ports that they have. Upstream:
// pkg/controller/endpoint/endpoints_controller.go (syncService), pkg/api/v1/endpoints/util.go (RepackSubsets). Pure.
import type { EndpointAddress, EndpointPort, EndpointSubset, Pod, Service } from 'kubernetes-types/core/v1.js';
import { isPodReady } from '../shared/pods.ts';
import { addressOf, belongs, hostnameIn, isHeadless, portsOf } from './backends.ts';

/** More would make the object too large; slices have no such limit. */
export const MAX_ADDRESSES = 1000;
export const OVER_CAPACITY = 'endpoints.kubernetes.io/over-capacity';
export const ENDPOINTS_MANAGED_BY = 'endpoints.kubernetes.io/managed-by';
const HEADLESS = 'service.kubernetes.io/headless';

interface Entry {
  address: EndpointAddress;
  ready: boolean;
  ports: EndpointPort[];
}

function entryOf(service: Service, pod: Pod, tolerateUnready: boolean): Entry | undefined {
  if (!belongs(pod, tolerateUnready)) return undefined;
  const ip = addressOf(pod, service.spec?.ipFamilies?.[0] ?? 'IPv4');
  if (!ip) return undefined;
  const ports = portsOf(service, pod).map(({ name, ...rest }) => ({ ...(name ? { name } : {}), ...rest }));
  const headlessWithoutPorts = isHeadless(service) && !service.spec?.ports?.length;
  if (ports.length === 0 && !headlessWithoutPorts) return undefined;
  const hostname = hostnameIn(service, pod);
  const { name, namespace, uid } = pod.metadata ?? {};
  const address: EndpointAddress = {
    ip,
    ...(hostname === undefined ? {} : { hostname }),
    ...(pod.spec?.nodeName ? { nodeName: pod.spec.nodeName } : {}),
    targetRef: { kind: 'Pod', namespace, name, uid },
  };
  return { address, ready: tolerateUnready || isPodReady(pod), ports };
}

const portText = (p: EndpointPort): string => `${p.name ?? ''}|${p.port}|${p.protocol ?? ''}|${p.appProtocol ?? ''}`;
const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
const byAddress = (a: EndpointAddress, b: EndpointAddress): number =>
  byText(a.ip, b.ip) || byText(a.targetRef?.uid ?? '', b.targetRef?.uid ?? '');

export function subsetsOf(
  service: Service,
  pods: readonly Pod[],
): { subsets: EndpointSubset[]; overCapacity: boolean } {
  const tolerateUnready = service.spec?.publishNotReadyAddresses === true;
  const entries = pods.map((pod) => entryOf(service, pod, tolerateUnready)).filter((e) => e !== undefined);
  const overCapacity = entries.length > MAX_ADDRESSES;
  // Ready ones are kept first.
  const kept = overCapacity
    ? [...entries].sort((a, b) => Number(b.ready) - Number(a.ready)).slice(0, MAX_ADDRESSES)
    : entries;
  const groups = new Map<string, { ports: EndpointPort[]; entries: Entry[] }>();
  for (const entry of kept) {
    const ports = [...entry.ports].sort((a, b) => byText(portText(a), portText(b)));
    const key = ports.map(portText).join(',');
    const group = groups.get(key) ?? { ports, entries: [] };
    group.entries.push(entry);
    groups.set(key, group);
  }
  const subsets = [...groups.entries()]
    .sort(([a], [b]) => byText(a, b))
    .map(([, group]) => {
      const addresses = (ready: boolean) =>
        group.entries
          .filter((e) => e.ready === ready)
          .map((e) => e.address)
          .sort(byAddress);
      const [ready, notReady] = [addresses(true), addresses(false)];
      return {
        ...(ready.length ? { addresses: ready } : {}),
        ...(notReady.length ? { notReadyAddresses: notReady } : {}),
        ...(group.ports.length ? { ports: group.ports } : {}),
      };
    });
  return { subsets, overCapacity };
}

export function endpointsLabels(service: Service): Record<string, string> {
  const labels: Record<string, string> = { ...service.metadata?.labels, [ENDPOINTS_MANAGED_BY]: 'endpoint-controller' };
  delete labels[HEADLESS];
  if (isHeadless(service)) labels[HEADLESS] = '';
  return labels;
}
