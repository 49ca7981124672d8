// Small questions about pods that several parts ask. Pure. Upstream: pkg/api/v1/pod/util.go, v1helper/qos.
import type { Container, ContainerPort, ContainerStatus, Pod, Probe } from 'kubernetes-types/core/v1.js';
import { parseQuantity } from '../../api/quantity.ts';

export type ContainerKind = 'init' | 'app' | 'ephemeral';

/** An init container that keeps running beside the others (a sidecar). */
export const isRestartable = (container: Container): boolean => container.restartPolicy === 'Always';

export const initContainers = (pod: Pod): Container[] => pod.spec?.initContainers ?? [];
export const appContainers = (pod: Pod): Container[] => pod.spec?.containers ?? [];
export const ephemeralContainers = (pod: Pod): Container[] =>
  (pod.spec?.ephemeralContainers ?? []) as unknown as Container[];
export const allContainers = (pod: Pod): Container[] => [
  ...initContainers(pod),
  ...appContainers(pod),
  ...ephemeralContainers(pod),
];

export const findContainer = (pod: Pod, name: string): Container | undefined =>
  allContainers(pod).find((container) => container.name === name);

export const isHostNetwork = (pod: Pod): boolean => pod.spec?.hostNetwork === true;
export const isTerminalPhase = (phase: string | undefined): boolean => phase === 'Succeeded' || phase === 'Failed';
export const statusNamed = (statuses: readonly ContainerStatus[] | undefined, name: string) =>
  statuses?.find((status) => status.name === name);

/** Where an event about one container points: `spec.containers{web}`. */
export function containerFieldPath(pod: Pod, name: string): string {
  if (initContainers(pod).some((c) => c.name === name)) return `spec.initContainers{${name}}`;
  if (ephemeralContainers(pod).some((c) => c.name === name)) return `spec.ephemeralContainers{${name}}`;
  return `spec.containers{${name}}`;
}

const QOS_RESOURCES = ['cpu', 'memory'];
const positive = (value: string | undefined): boolean => value !== undefined && parseQuantity(value).nanos > 0n;

/** Upstream's ComputePodQOS: Guaranteed when every container's limits are set and equal its requests. */
export function qosClass(pod: Pod): 'Guaranteed' | 'Burstable' | 'BestEffort' {
  if (pod.status?.qosClass) return pod.status.qosClass as 'Guaranteed';
  let anything = false;
  let guaranteed = true;
  for (const container of [...appContainers(pod), ...initContainers(pod)]) {
    const { requests = {}, limits = {} } = container.resources ?? {};
    for (const name of QOS_RESOURCES) {
      const [request, limit] = [requests[name], limits[name]];
      if (positive(request) || positive(limit)) anything = true;
      if (!positive(limit)) guaranteed = false;
      else if (request !== undefined && parseQuantity(request).nanos !== parseQuantity(limit!).nanos)
        guaranteed = false;
    }
  }
  if (!anything) return 'BestEffort';
  return guaranteed ? 'Guaranteed' : 'Burstable';
}

/** Upstream's ShouldContainerBeRestarted, for one that has exited. */
export function restartsAfter(pod: Pod, container: Container, exitCode: number): boolean {
  if (isRestartable(container)) return true;
  const policy = pod.spec?.restartPolicy ?? 'Always';
  const isInit = initContainers(pod).some((c) => c.name === container.name);
  if (isInit) return exitCode !== 0 && policy !== 'Never';
  return policy === 'Always' || (policy === 'OnFailure' && exitCode !== 0);
}

/** The named or numbered port of a container, as probes and hooks give it. */
export function containerPort(container: Container, port: number | string | undefined): number {
  if (typeof port === 'number') return port;
  const named = container.ports?.find((p) => p.name === port);
  const value = named?.containerPort ?? Number(port);
  if (!Number.isInteger(value) || value <= 0 || value > 65535) throw new Error(`invalid port number: ${String(port)}`);
  return value;
}

/** Probes with upstream's defaults filled in, for pods that no API server has defaulted. */
export const probeSettings = (probe: Probe) => ({
  initialDelaySeconds: probe.initialDelaySeconds ?? 0,
  timeoutSeconds: probe.timeoutSeconds ?? 1,
  periodSeconds: probe.periodSeconds ?? 10,
  successThreshold: probe.successThreshold ?? 1,
  failureThreshold: probe.failureThreshold ?? 3,
});

/** Ports of the node that lead to this pod's containers. */
export const hostPorts = (pod: Pod): ContainerPort[] =>
  isHostNetwork(pod)
    ? []
    : [...initContainers(pod).filter(isRestartable), ...appContainers(pod)]
        .flatMap((container) => container.ports ?? [])
        .filter((port) => port.hostPort);
