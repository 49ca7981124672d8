// What both endpoint controllers ask of a service and a pod: which pods belong, which ports they have, which hostname.
// Upstream: pkg/controller/util/endpoint, staging/src/k8s.io/endpointslice/util, pkg/api/v1/pod (FindPort). Pure.
import type { Pod, Service, ServicePort } from 'kubernetes-types/core/v1.js';
import { type Selector, nothing, selectorFromSet } from '../../../api/selector.ts';
import { EndpointsType } from '../../../api/resources.ts';
import type { ControllerContext } from '../../../client/controller.ts';
import type { Lister } from '../../../client/informer.ts';
import { objectKey } from '../../../api/types.ts';
import { isPodReady, isPodTerminal } from '../shared/pods.ts';

const compiled = new WeakMap<object, Selector>();

/** A service without selector has endpoints that somebody else writes. */
export function serviceSelector(service: Service): Selector {
  const labels = service.spec?.selector;
  if (!labels || Object.keys(labels).length === 0) return nothing;
  let selector = compiled.get(labels);
  if (!selector) compiled.set(labels, (selector = selectorFromSet(labels)));
  return selector;
}

/** How many endpoints the service has now, by its Endpoints: a guess at the cost of a reconcile. */
export function backendCount(key: string, { lister }: Pick<ControllerContext, 'lister'>): number {
  const { subsets = [] } = lister(EndpointsType).get(key) ?? {};
  return subsets.reduce((n, s) => n + (s.addresses?.length ?? 0) + (s.notReadyAddresses?.length ?? 0), 0);
}

export const hasSelector = (service: Service): boolean => Object.keys(service.spec?.selector ?? {}).length > 0;
export const isHeadless = (service: Service): boolean => service.spec?.clusterIP === 'None';

/** Keys of the services that a pod's change concerns. Upstream: GetServicesToUpdateOnPodChange. */
export function servicesOfPod(pod: Pod, old: Pod | undefined, services: Lister<Service>): string[] {
  if (old && !endpointChanged(pod, old)) return [];
  const keys: string[] = [];
  for (const service of services.list(pod.metadata?.namespace)) {
    const selector = serviceSelector(service);
    if (selector.matches(pod.metadata?.labels) || (old && selector.matches(old.metadata?.labels))) {
      keys.push(objectKey(service));
    }
  }
  return keys;
}

/** Whether what an endpoint says of the pod is different now. Status changes of a pod are mostly about other things. */
export function endpointChanged(pod: Pod, old: Pod): boolean {
  return (
    isPodReady(pod) !== isPodReady(old) ||
    isPodTerminal(pod) !== isPodTerminal(old) ||
    pod.metadata?.deletionTimestamp !== old.metadata?.deletionTimestamp ||
    pod.status?.podIP !== old.status?.podIP ||
    pod.status?.podIPs?.length !== old.status?.podIPs?.length ||
    pod.spec?.nodeName !== old.spec?.nodeName ||
    pod.spec?.hostname !== old.spec?.hostname ||
    pod.spec?.subdomain !== old.spec?.subdomain ||
    pod.metadata?.uid !== old.metadata?.uid ||
    JSON.stringify(pod.metadata?.labels) !== JSON.stringify(old.metadata?.labels)
  );
}

/** Upstream: ShouldPodBeInEndpoints. */
export function belongs(pod: Pod, includeTerminating: boolean): boolean {
  if (isPodTerminal(pod) || !pod.status?.podIP) return false;
  return includeTerminating || pod.metadata?.deletionTimestamp === undefined;
}

/** The pod's port for a service port; undefined when a named port is not there. Upstream: FindPort. */
export function targetPort(pod: Pod, port: ServicePort): number | undefined {
  const target = port.targetPort ?? port.port;
  if (typeof target === 'number') return target === 0 ? port.port : target;
  const sidecars = (pod.spec?.initContainers ?? []).filter((c) => c.restartPolicy === 'Always');
  for (const container of [...(pod.spec?.containers ?? []), ...sidecars]) {
    for (const p of container.ports ?? []) {
      if (p.name === target && (p.protocol ?? 'TCP') === (port.protocol ?? 'TCP')) return p.containerPort;
    }
  }
  return undefined;
}

export interface BackendPort {
  name: string;
  port: number;
  protocol: string;
  appProtocol?: string;
}

/** What of the service's ports the pod has. */
export function portsOf(service: Service, pod: Pod): BackendPort[] {
  const ports: BackendPort[] = [];
  for (const port of service.spec?.ports ?? []) {
    const number = targetPort(pod, port);
    if (number === undefined) continue;
    ports.push({
      name: port.name ?? '',
      port: number,
      protocol: port.protocol ?? 'TCP',
      ...(port.appProtocol === undefined ? {} : { appProtocol: port.appProtocol }),
    });
  }
  return ports;
}

/** Only pods that name the service as their subdomain have a name in it. Upstream: ShouldSetHostname. */
export function hostnameIn(service: Service, pod: Pod): string | undefined {
  const { hostname, subdomain } = pod.spec ?? {};
  const ours = subdomain === service.metadata?.name && pod.metadata?.namespace === service.metadata?.namespace;
  return hostname && ours ? hostname : undefined;
}

/** The pod's address of a family; `IPv4` by default. */
export function addressOf(pod: Pod, family: string): string | undefined {
  const addresses = pod.status?.podIPs?.map((p) => p.ip) ?? [pod.status?.podIP];
  return addresses.find((ip) => ip !== undefined && ip.includes(':') === (family === 'IPv6'));
}
