// What a simulated node says about itself: its Node object and its Lease. Pure.
import type { Lease } from 'kubernetes-types/coordination/v1.js';
import type { Node, NodeCondition } from 'kubernetes-types/core/v1.js';
import { SIMULATED } from '../../api/simulated-usage.ts';
import { toAddress } from './addresses.ts';

export const LEASE_NAMESPACE = 'kube-node-lease';
export const LEASE_SECONDS = 40;
const VERSION = 'v1.34.1+sampan.1';

const timestamp = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;
const microTimestamp = (ms: number): string => new Date(ms).toISOString().replace('Z', '000Z');

/** An address of the shared address space (RFC 6598), which no real network of ours uses. */
export const nodeAddress = (index: number): string => toAddress(100 * 2 ** 24 + 64 * 2 ** 16 + index + 1);

/** The cluster's range has room for 256 nodes, and others than simulated ones want some of it: later ones bring their own. */
const CLUSTER_RANGES = 128;
export const ownRange = (index: number): string | undefined => (index < CLUSTER_RANGES ? undefined : spareRange(index));

/** Where a node's pods get addresses when the cluster has no range left for it: there are only so many. */
export const spareRange = (index: number): string => `${toAddress(100 * 2 ** 24 + 96 * 2 ** 16 + index * 256)}/24`;

export function nodeConditions(nowMs: number): NodeCondition[] {
  const now = timestamp(nowMs);
  const make = (type: string, status: string, reason: string, message: string): NodeCondition => ({
    type,
    status,
    lastHeartbeatTime: now,
    lastTransitionTime: now,
    reason,
    message,
  });
  return [
    make('MemoryPressure', 'False', 'KubeletHasSufficientMemory', 'kubelet has sufficient memory available'),
    make('DiskPressure', 'False', 'KubeletHasNoDiskPressure', 'kubelet has no disk pressure'),
    make('PIDPressure', 'False', 'KubeletHasSufficientPID', 'kubelet has sufficient PID available'),
    make('Ready', 'True', 'KubeletReady', 'kubelet is posting ready status'),
  ];
}

export function nodeObject(name: string, address: string, nowMs: number, podCIDR?: string): Node {
  const amounts = { cpu: '32', memory: '256Gi', pods: '110', 'ephemeral-storage': '1Ti' };
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      labels: {
        'beta.kubernetes.io/arch': 'amd64',
        'beta.kubernetes.io/os': 'linux',
        'kubernetes.io/arch': 'amd64',
        'kubernetes.io/hostname': name,
        'kubernetes.io/os': 'linux',
      },
      annotations: { [SIMULATED]: 'true' },
    },
    spec: podCIDR === undefined ? {} : { podCIDR, podCIDRs: [podCIDR] },
    status: {
      capacity: amounts,
      allocatable: amounts,
      conditions: nodeConditions(nowMs),
      addresses: [
        { type: 'InternalIP', address },
        { type: 'Hostname', address: name },
      ],
      daemonEndpoints: { kubeletEndpoint: { Port: 10250 } },
      nodeInfo: {
        architecture: 'amd64',
        bootID: '00000000-0000-0000-0000-000000000000',
        containerRuntimeVersion: 'simulated://1.0.0',
        kernelVersion: '0.0.0-simulated',
        kubeProxyVersion: '',
        kubeletVersion: VERSION,
        machineID: name,
        operatingSystem: 'linux',
        osImage: 'Sampan simulated node',
        systemUUID: name,
      },
    },
  };
}

export function leaseObject(name: string, nodeUid: string, nowMs: number): Lease {
  return {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: {
      name,
      namespace: LEASE_NAMESPACE,
      ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name, uid: nodeUid }],
    },
    spec: { holderIdentity: name, leaseDurationSeconds: LEASE_SECONDS, renewTime: microTimestamp(nowMs) },
  };
}

export const leasePatch = (nowMs: number) => ({ spec: { renewTime: microTimestamp(nowMs) } });
