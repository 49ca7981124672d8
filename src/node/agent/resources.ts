// Requests and limits as cgroup settings, and the scores of the out-of-memory killer. Pure. Upstream:
// kuberuntime_container_linux.go (calculateLinuxResources), pkg/kubelet/cm/helpers_linux.go, pkg/kubelet/qos/policy.go.
import type { Container, Pod } from 'kubernetes-types/core/v1.js';
import { quantityMillis, quantityNumber } from '../../api/quantity.ts';
import type { HostConfig } from '../docker/types.ts';
import { qosClass } from './pod-facts.ts';

const MIN_SHARES = 2;
const MAX_SHARES = 262_144;
const SHARES_PER_CPU = 1024;
const QUOTA_PERIOD_US = 100_000;
const MIN_QUOTA_US = 1000;
const SANDBOX_OOM_SCORE = -998;

/** What the machine sets bounds to. */
export interface MachineLimits {
  memoryCapacityBytes: number;
  /** Without the right to lower it, no process of ours may have a smaller oom_score_adj. */
  lowestOomScore: number;
}

export const sandboxResources = (limits: MachineLimits): HostConfig => ({
  CpuShares: MIN_SHARES,
  OomScoreAdj: Math.max(limits.lowestOomScore, SANDBOX_OOM_SCORE),
});

export function milliCpuToShares(milliCpu: number): number {
  if (milliCpu === 0) return MIN_SHARES;
  return Math.min(MAX_SHARES, Math.max(MIN_SHARES, Math.floor((milliCpu * SHARES_PER_CPU) / 1000)));
}

/** Memory is also the memory-and-swap limit: containers do not swap. */
export function containerResources(pod: Pod, container: Container, machine: MachineLimits): HostConfig {
  const { limits = {}, requests = {} } = container.resources ?? {};
  const result: HostConfig = {};
  // A limit without a request is also the request.
  const cpuRequest = requests['cpu'] ?? limits['cpu'];
  result.CpuShares = milliCpuToShares(cpuRequest === undefined ? 0 : quantityMillis(cpuRequest));
  const cpuLimit = limits['cpu'] === undefined ? 0 : quantityMillis(limits['cpu']);
  if (cpuLimit > 0) {
    result.CpuPeriod = QUOTA_PERIOD_US;
    result.CpuQuota = Math.max(MIN_QUOTA_US, Math.floor((cpuLimit * QUOTA_PERIOD_US) / 1000));
  }
  const memory = limits['memory'] === undefined ? 0 : quantityNumber(limits['memory']);
  if (memory > 0) {
    result.Memory = memory;
    result.MemorySwap = memory;
  }
  result.OomScoreAdj = Math.max(machine.lowestOomScore, oomScore(pod, container, machine.memoryCapacityBytes));
  return result;
}

function oomScore(pod: Pod, container: Container, memoryCapacityBytes: number): number {
  switch (qosClass(pod)) {
    case 'Guaranteed':
      return -997;
    case 'BestEffort':
      return 1000;
    case 'Burstable': {
      const { limits = {}, requests = {} } = container.resources ?? {};
      const memory = requests['memory'] ?? limits['memory'];
      const request = memory === undefined ? 0 : quantityNumber(memory);
      const score = 1000 - Math.floor((1000 * request) / Math.max(1, memoryCapacityBytes));
      // Above Guaranteed's score, below BestEffort's.
      return Math.min(999, Math.max(3, score));
    }
  }
}
