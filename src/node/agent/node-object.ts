// What a node says about itself: labels, capacity, addresses, conditions, Lease. Pure. Upstream:
// pkg/kubelet/kubelet_node_status.go and nodestatus/setters.go.
import type { Lease } from 'kubernetes-types/coordination/v1.js';
import type { Node, NodeCondition, NodeStatus } from 'kubernetes-types/core/v1.js';
import type { ImageSummary } from '../docker/types.ts';

export const KUBELET_VERSION = 'v1.34.1+sampan.1';
export const LEASE_NAMESPACE = 'kube-node-lease';
const LEASE_SECONDS = 40;
const MAX_PODS = '110';
const MAX_IMAGES = 50;
/** Upstream's default thresholds of eviction. */
const MEMORY_RESERVE = 100 * 1024 * 1024;
const DISK_RESERVE_FRACTION = 0.1;

export interface NodeFacts {
  name: string;
  address: string;
  port: number;
  cpus: number;
  memory: { total: number; available: number };
  disk: { total: number; available: number };
  identity: { machineId: string; systemUuid: string; bootId: string; osImage: string };
  kernelVersion: string;
  dockerVersion: string;
  images: readonly ImageSummary[];
  /** Empty: the node is ready; else why not, as the message says it. */
  notReady: string;
  now: string;
}

const architecture = (): string => ({ x64: 'amd64', ia32: '386' })[process.arch as string] ?? process.arch;
const kibibytes = (bytes: number): string => `${Math.floor(bytes / 1024)}Ki`;

export function nodeLabels(name: string): Record<string, string> {
  return {
    'beta.kubernetes.io/arch': architecture(),
    'beta.kubernetes.io/os': 'linux',
    'kubernetes.io/arch': architecture(),
    'kubernetes.io/hostname': name,
    'kubernetes.io/os': 'linux',
  };
}

/** What somebody else has said that the node has (`example.com/dongle`) stays, and all of it may be used. */
const extendedResources = (capacity: Readonly<Record<string, string>> = {}): Record<string, string> =>
  Object.fromEntries(Object.entries(capacity).filter(([name]) => name.includes('/')));

export function nodeStatus(facts: NodeFacts, old: NodeStatus | undefined): NodeStatus {
  const { identity } = facts;
  const common = { cpu: String(facts.cpus), 'hugepages-1Gi': '0', 'hugepages-2Mi': '0', pods: MAX_PODS };
  const extended = extendedResources(old?.capacity);
  return {
    capacity: {
      ...extended,
      ...common,
      'ephemeral-storage': kibibytes(facts.disk.total),
      memory: kibibytes(facts.memory.total),
    },
    allocatable: {
      ...extended,
      ...common,
      'ephemeral-storage': String(Math.floor(facts.disk.total * (1 - DISK_RESERVE_FRACTION))),
      memory: kibibytes(facts.memory.total - MEMORY_RESERVE),
    },
    conditions: nodeConditions(facts, old?.conditions ?? []),
    addresses: [
      { type: 'InternalIP', address: facts.address },
      { type: 'Hostname', address: facts.name },
    ],
    daemonEndpoints: { kubeletEndpoint: { Port: facts.port } },
    nodeInfo: {
      machineID: identity.machineId,
      systemUUID: identity.systemUuid,
      bootID: identity.bootId,
      kernelVersion: facts.kernelVersion,
      osImage: identity.osImage,
      containerRuntimeVersion: `docker://${facts.dockerVersion}`,
      kubeletVersion: KUBELET_VERSION,
      kubeProxyVersion: '',
      operatingSystem: 'linux',
      architecture: architecture(),
    },
    images: [...facts.images]
      .sort((a, b) => b.Size - a.Size)
      .slice(0, MAX_IMAGES)
      .map((image) => ({ names: imageNames(image), sizeBytes: image.Size }))
      .filter((image) => image.names.length > 0),
  };
}

const imageNames = (image: ImageSummary): string[] =>
  [...(image.RepoDigests ?? []), ...(image.RepoTags ?? [])].filter((name) => !name.includes('<none>'));

function nodeConditions(facts: NodeFacts, old: readonly NodeCondition[]): NodeCondition[] {
  const { memory, disk, notReady } = facts;
  const make = (type: string, status: 'True' | 'False', reason: string, message: string): NodeCondition => {
    const before = old.find((condition) => condition.type === type);
    const since = before?.status === status ? before.lastTransitionTime : undefined;
    return { type, status, lastHeartbeatTime: facts.now, lastTransitionTime: since ?? facts.now, reason, message };
  };
  const lowMemory = memory.available < MEMORY_RESERVE;
  const lowDisk = disk.total > 0 && disk.available < disk.total * DISK_RESERVE_FRACTION;
  return [
    lowMemory
      ? make('MemoryPressure', 'True', 'KubeletHasInsufficientMemory', 'kubelet has insufficient memory available')
      : make('MemoryPressure', 'False', 'KubeletHasSufficientMemory', 'kubelet has sufficient memory available'),
    lowDisk
      ? make('DiskPressure', 'True', 'KubeletHasDiskPressure', 'kubelet has disk pressure')
      : make('DiskPressure', 'False', 'KubeletHasNoDiskPressure', 'kubelet has no disk pressure'),
    make('PIDPressure', 'False', 'KubeletHasSufficientPID', 'kubelet has sufficient PID available'),
    notReady === ''
      ? make('Ready', 'True', 'KubeletReady', 'kubelet is posting ready status')
      : make('Ready', 'False', 'KubeletNotReady', notReady),
  ];
}

/** Whether two statuses differ in more than their heartbeat times. */
export function statusChanged(a: NodeStatus | undefined, b: NodeStatus): boolean {
  const bare = (status: NodeStatus | undefined) =>
    JSON.stringify([
      status?.conditions?.map(({ type, status: s, reason, message }) => [type, s, reason, message]).sort(),
      Object.entries(status?.capacity ?? {}).sort(),
      Object.entries(status?.allocatable ?? {}).sort(),
      status?.addresses?.map(({ type, address }) => [type, address]),
      status?.daemonEndpoints?.kubeletEndpoint?.Port,
      Object.entries(status?.nodeInfo ?? {}).sort(),
      status?.images?.map(({ names, sizeBytes }) => [names, sizeBytes]),
    ]);
  return bare(a) !== bare(b);
}

const microTime = (nowMs: number): string => new Date(nowMs).toISOString().replace('Z', '000Z');

export function nodeObject(name: string, status: NodeStatus): Node {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      labels: nodeLabels(name),
      annotations: { 'volumes.kubernetes.io/controller-managed-attach-detach': 'true' },
    },
    spec: {},
    status,
  };
}

export const leaseObject = (name: string, nodeUid: string, nowMs: number): Lease => ({
  apiVersion: 'coordination.k8s.io/v1',
  kind: 'Lease',
  metadata: {
    name,
    namespace: LEASE_NAMESPACE,
    ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name, uid: nodeUid }],
  },
  spec: { holderIdentity: name, leaseDurationSeconds: LEASE_SECONDS, renewTime: microTime(nowMs) },
});

export const leasePatch = (nowMs: number): object => ({ spec: { renewTime: microTime(nowMs) } });
