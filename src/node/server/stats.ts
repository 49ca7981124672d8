// What the running containers use, as Docker measures it, in the three forms that are asked for: the Summary API,
// /metrics/resource and a small /metrics/cadvisor. Shaping is pure; `collectUsage` asks Docker. Upstream:
// pkg/kubelet/server/stats/summary.go, metrics/collectors/resource_metrics.go.
import type { Pod } from 'kubernetes-types/core/v1.js';
import { family, type Sample } from '../../api/exposition.ts';
import { labels } from '../agent/names.ts';
import type { DockerClient } from '../docker/client.ts';

export interface ContainerUsage {
  pod: { name: string; namespace: string; uid: string };
  /** `POD` is the sandbox, which counts the network. */
  container: string;
  startedAt: string;
  time: string;
  cpuNanos: number;
  memoryBytes: number;
  workingSetBytes: number;
  rxBytes: number;
  txBytes: number;
}

export interface NodeUsage {
  name: string;
  time: string;
  startedAt: string;
  cpuNanos: number;
  memory: { total: number; available: number };
  disk: { total: number; available: number };
}

/** Usage of the containers with these labels that run; one that ends meanwhile is left out. */
export async function collectUsage(docker: DockerClient, owned: Record<string, string>): Promise<ContainerUsage[]> {
  const running = (await docker.listContainers(owned)).filter((summary) => summary.State === 'running');
  const usages = await Promise.all(
    running.map(async (summary): Promise<ContainerUsage | undefined> => {
      const stats = await docker.stats(summary.Id).catch(() => undefined);
      if (!stats) return undefined;
      const given = summary.Labels;
      const memory = stats.memory_stats;
      const inactive = memory.stats?.['total_inactive_file'] ?? memory.stats?.['inactive_file'] ?? 0;
      const networks = Object.values(stats.networks ?? {});
      return {
        pod: {
          name: given[labels.podName] ?? '',
          namespace: given[labels.podNamespace] ?? '',
          uid: given[labels.podUid] ?? '',
        },
        container: given[labels.containerName] ?? '',
        startedAt: new Date(summary.Created * 1000).toISOString(),
        time: stats.read,
        cpuNanos: stats.cpu_stats.cpu_usage.total_usage,
        memoryBytes: memory.usage ?? 0,
        workingSetBytes: Math.max(0, (memory.usage ?? 0) - inactive),
        rxBytes: networks.reduce((sum, n) => sum + n.rx_bytes, 0),
        txBytes: networks.reduce((sum, n) => sum + n.tx_bytes, 0),
      };
    }),
  );
  return usages.filter((usage) => usage !== undefined);
}

function byPod(usages: readonly ContainerUsage[]): ContainerUsage[][] {
  const pods = new Map<string, ContainerUsage[]>();
  for (const usage of usages) pods.set(usage.pod.uid, [...(pods.get(usage.pod.uid) ?? []), usage]);
  return [...pods.values()];
}

const isSandbox = (usage: ContainerUsage): boolean => usage.container === 'POD';
const total = (usages: readonly ContainerUsage[], field: 'cpuNanos' | 'memoryBytes' | 'workingSetBytes'): number =>
  usages.reduce((sum, usage) => sum + usage[field], 0);

/** The answer of /stats/summary. */
export function summary(node: NodeUsage, usages: readonly ContainerUsage[], pods: readonly Pod[]): object {
  const started = new Map(pods.map((pod) => [pod.metadata?.uid, pod.status?.startTime]));
  const memory = (bytes: number, workingSetBytes: number, time: string) => ({
    time,
    usageBytes: bytes,
    workingSetBytes,
  });
  return {
    node: {
      nodeName: node.name,
      startTime: node.startedAt,
      cpu: { time: node.time, usageCoreNanoSeconds: node.cpuNanos },
      memory: {
        time: node.time,
        availableBytes: node.memory.available,
        usageBytes: node.memory.total - node.memory.available,
        workingSetBytes: node.memory.total - node.memory.available,
      },
      fs: {
        time: node.time,
        availableBytes: node.disk.available,
        capacityBytes: node.disk.total,
        usedBytes: node.disk.total - node.disk.available,
      },
    },
    pods: byPod(usages).map((group) => {
      const { pod, time } = group[0]!;
      const sandbox = group.find(isSandbox);
      return {
        podRef: pod,
        startTime: started.get(pod.uid) ?? group[0]!.startedAt,
        containers: group
          .filter((usage) => !isSandbox(usage))
          .map((usage) => ({
            name: usage.container,
            startTime: usage.startedAt,
            cpu: { time: usage.time, usageCoreNanoSeconds: usage.cpuNanos },
            memory: memory(usage.memoryBytes, usage.workingSetBytes, usage.time),
          })),
        cpu: { time, usageCoreNanoSeconds: total(group, 'cpuNanos') },
        memory: memory(total(group, 'memoryBytes'), total(group, 'workingSetBytes'), time),
        ...(sandbox && { network: { time, name: 'eth0', rxBytes: sandbox.rxBytes, txBytes: sandbox.txBytes } }),
      };
    }),
  };
}

const podLabels = ({ pod }: ContainerUsage) => ({ namespace: pod.namespace, pod: pod.name });
const containerLabels = (usage: ContainerUsage) => ({ container: usage.container, ...podLabels(usage) });
const seconds = (nanos: number): number => nanos / 1e9;

/** The answer of /metrics/resource: what a metrics server scrapes. */
export function resourceMetrics(node: NodeUsage, usages: readonly ContainerUsage[]): string {
  const containers = usages.filter((usage) => !isSandbox(usage));
  const pods = byPod(usages);
  const perContainer = (value: (usage: ContainerUsage) => number): Sample[] =>
    containers.map((usage) => [containerLabels(usage), value(usage)]);
  const perPod = (field: 'cpuNanos' | 'workingSetBytes'): Sample[] =>
    pods.map((group) => [
      podLabels(group[0]!),
      field === 'cpuNanos' ? seconds(total(group, field)) : total(group, field),
    ]);
  return [
    family(
      'container_cpu_usage_seconds_total',
      'counter',
      'Cumulative cpu time consumed by the container in core-seconds',
      perContainer((u) => seconds(u.cpuNanos)),
    ),
    family(
      'container_memory_working_set_bytes',
      'gauge',
      'Current working set of the container in bytes',
      perContainer((u) => u.workingSetBytes),
    ),
    family(
      'container_start_time_seconds',
      'gauge',
      'Start time of the container since unix epoch in seconds',
      perContainer((u) => Date.parse(u.startedAt) / 1000),
    ),
    family('node_cpu_usage_seconds_total', 'counter', 'Cumulative cpu time consumed by the node in core-seconds', [
      [{}, seconds(node.cpuNanos)],
    ]),
    family('node_memory_working_set_bytes', 'gauge', 'Current working set of the node in bytes', [
      [{}, node.memory.total - node.memory.available],
    ]),
    family(
      'pod_cpu_usage_seconds_total',
      'counter',
      'Cumulative cpu time consumed by the pod in core-seconds',
      perPod('cpuNanos'),
    ),
    family(
      'pod_memory_working_set_bytes',
      'gauge',
      'Current working set of the pod in bytes',
      perPod('workingSetBytes'),
    ),
    family('resource_scrape_error', 'gauge', '1 if there was an error while getting container metrics, 0 otherwise', [
      [{}, 0],
    ]),
  ].join('');
}

/** The few series of /metrics/cadvisor that dashboards commonly read. */
export function cadvisorMetrics(usages: readonly ContainerUsage[]): string {
  const containers = usages.filter((usage) => !isSandbox(usage));
  const sandboxes = usages.filter(isSandbox);
  const network = (usage: ContainerUsage) => ({ interface: 'eth0', ...podLabels(usage) });
  return [
    family(
      'container_cpu_usage_seconds_total',
      'counter',
      'Cumulative cpu time consumed in seconds.',
      containers.map((u) => [containerLabels(u), seconds(u.cpuNanos)]),
    ),
    family(
      'container_memory_usage_bytes',
      'gauge',
      'Current memory usage in bytes, including all memory regardless of when it was accessed',
      containers.map((u) => [containerLabels(u), u.memoryBytes]),
    ),
    family(
      'container_memory_working_set_bytes',
      'gauge',
      'Current working set in bytes.',
      containers.map((u) => [containerLabels(u), u.workingSetBytes]),
    ),
    family(
      'container_network_receive_bytes_total',
      'counter',
      'Cumulative count of bytes received',
      sandboxes.map((u) => [network(u), u.rxBytes]),
    ),
    family(
      'container_network_transmit_bytes_total',
      'counter',
      'Cumulative count of bytes transmitted',
      sandboxes.map((u) => [network(u), u.txBytes]),
    ),
  ].join('');
}

/** The answer of /metrics: the daemon itself. */
export function daemonMetrics(
  nodeName: string,
  usages: readonly ContainerUsage[],
  cpuSeconds: number,
  residentBytes: number,
): string {
  return [
    family('kubelet_node_name', 'gauge', "The node's name. The count is always 1.", [[{ node: nodeName }, 1]]),
    family('kubelet_running_pods', 'gauge', 'Number of pods that have a running pod sandbox', [
      [{}, usages.filter(isSandbox).length],
    ]),
    family('kubelet_running_containers', 'gauge', 'Number of containers currently running', [
      [{ container_state: 'running' }, usages.filter((u) => !isSandbox(u)).length],
    ]),
    family('process_cpu_seconds_total', 'counter', 'Total user and system CPU time spent in seconds.', [
      [{}, cpuSeconds],
    ]),
    family('process_resident_memory_bytes', 'gauge', 'Resident memory size in bytes.', [[{}, residentBytes]]),
  ].join('');
}
