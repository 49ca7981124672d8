// What a pod asks for altogether: its containers together, or what one init container needs when that is more.
// Upstream: component-helpers/resource/helpers.go (PodRequests, PodLimits).
import type { Container, Pod } from 'kubernetes-types/core/v1.js';
import { type Quantity, addQuantities, compareQuantities, parseQuantity } from './quantity.ts';

type ResourceList = Record<string, string>;
export type PodAmounts = Map<string, Quantity>;

/** What may be said for the whole pod instead of its containers. */
const isPodLevel = (name: string): boolean => name === 'cpu' || name === 'memory' || name.startsWith('hugepages-');

export const podLevelResources = (pod: Pod): Container['resources'] =>
  (pod.spec as { resources?: Container['resources'] } | undefined)?.resources;

/** Without the runtime's overhead. */
export function containerAmounts(pod: Pod, what: 'requests' | 'limits'): PodAmounts {
  const of = (container: Container): ResourceList => container.resources?.[what] ?? {};
  const total: PodAmounts = new Map();
  const peak: PodAmounts = new Map();
  /** Init containers that go on running beside those after them. */
  const sidecars: PodAmounts = new Map();
  for (const container of pod.spec?.containers ?? []) addTo(total, of(container));
  for (const container of pod.spec?.initContainers ?? []) {
    if (container.restartPolicy === 'Always') {
      addTo(sidecars, of(container));
      addTo(total, of(container));
      raise(peak, sidecars);
      continue;
    }
    const needed: PodAmounts = new Map(sidecars);
    addTo(needed, of(container));
    raise(peak, needed);
  }
  raise(total, peak);
  for (const [name, value] of Object.entries(podLevelResources(pod)?.[what] ?? {})) {
    if (isPodLevel(name)) total.set(name, parseQuantity(value));
  }
  return total;
}

export function podAmounts(pod: Pod, what: 'requests' | 'limits'): PodAmounts {
  const total = containerAmounts(pod, what);
  for (const [name, value] of Object.entries(pod.spec?.overhead ?? {})) {
    // A limit that nobody set is none.
    if (what === 'requests' || total.has(name)) addTo(total, { [name]: value });
  }
  return total;
}

function addTo(to: PodAmounts, list: ResourceList): void {
  for (const [name, value] of Object.entries(list)) {
    const known = to.get(name);
    const more = parseQuantity(value);
    to.set(name, known ? addQuantities(known, more) : more);
  }
}

function raise(to: PodAmounts, from: PodAmounts): void {
  for (const [name, amount] of from) {
    const known = to.get(name);
    if (!known || compareQuantities(amount, known) > 0) to.set(name, amount);
  }
}
