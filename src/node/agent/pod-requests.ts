// What a pod asks of a node: the sum over its containers and sidecars, or more while it initialises. Pure. Upstream:
// k8s.io/component-helpers/resource PodRequests.
import type { Container, Pod } from 'kubernetes-types/core/v1.js';
import { parseQuantity } from '../../api/quantity.ts';
import { appContainers, initContainers, isRestartable } from './pod-facts.ts';

/** Billionths, by resource name. */
export type Amounts = Map<string, bigint>;

export function toAmounts(list: Readonly<Record<string, string>> | undefined): Amounts {
  return new Map(Object.entries(list ?? {}).map(([name, value]) => [name, parseQuantity(value).nanos]));
}

const requestsOf = (container: Container): Amounts =>
  toAmounts({ ...container.resources?.limits, ...container.resources?.requests });

function add(total: Amounts, more: Amounts): void {
  for (const [name, value] of more) total.set(name, (total.get(name) ?? 0n) + value);
}

export function podRequests(pod: Pod): Amounts {
  const total: Amounts = new Map();
  for (const container of appContainers(pod)) add(total, requestsOf(container));
  const sidecars: Amounts = new Map();
  const peaks: Amounts[] = [];
  for (const container of initContainers(pod)) {
    if (isRestartable(container)) add(sidecars, requestsOf(container));
    const peak: Amounts = new Map(sidecars);
    if (!isRestartable(container)) add(peak, requestsOf(container));
    peaks.push(peak);
  }
  add(total, sidecars);
  for (const peak of peaks) {
    for (const [name, value] of peak) if (value > (total.get(name) ?? 0n)) total.set(name, value);
  }
  add(total, toAmounts(pod.spec?.overhead));
  return total;
}
