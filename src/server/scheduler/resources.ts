// Amounts as plain integers (milli-CPU, bytes), and what a pod asks for. Upstream: component-helpers/resource/
// helpers.go (PodRequests) and pkg/scheduler/framework/types.go (Resource, calculateResource).
import type { Container, Pod } from 'kubernetes-types/core/v1.js';
import { quantityMillis, quantityNumber } from '../../api/quantity.ts';

export interface Amounts {
  milliCpu: number;
  memory: number;
  ephemeralStorage: number;
  /** Extended resources and huge pages. */
  scalars?: Map<string, number>;
}

/** What counts for a container that says nothing, in scores only. */
const DEFAULT_MILLI_CPU = 100;
const DEFAULT_MEMORY = 200 * 1024 * 1024;

const parsed = new Map<string, number>();
/** Quantities repeat endlessly (every pod of a template), so their texts are parsed once. */
function remember(kind: 'm' | 'v', text: string | number): number {
  const key = kind + text;
  let value = parsed.get(key);
  if (value === undefined) {
    value = kind === 'm' ? quantityMillis(text) : quantityNumber(text);
    if (parsed.size > 10_000) parsed.clear();
    parsed.set(key, value);
  }
  return value;
}

type Requests = Readonly<Record<string, string | number>> | undefined;

export const emptyAmounts = (): Amounts => ({ milliCpu: 0, memory: 0, ephemeralStorage: 0 });

export function amountsOf(list: Requests): Amounts {
  const result = emptyAmounts();
  for (const name in list) {
    const text = list[name]!;
    if (name === 'cpu') result.milliCpu = remember('m', text);
    else if (name === 'memory') result.memory = remember('v', text);
    else if (name === 'ephemeral-storage') result.ephemeralStorage = remember('v', text);
    else if (name !== 'pods') (result.scalars ??= new Map()).set(name, remember('v', text));
  }
  return result;
}

/** `to += sign * by`. */
export function addAmounts(to: Amounts, by: Amounts, sign: 1 | -1 = 1): void {
  to.milliCpu += sign * by.milliCpu;
  to.memory += sign * by.memory;
  to.ephemeralStorage += sign * by.ephemeralStorage;
  if (!by.scalars) return;
  const scalars = (to.scalars ??= new Map<string, number>());
  for (const [name, value] of by.scalars) scalars.set(name, (scalars.get(name) ?? 0) + sign * value);
}

function maxAmounts(a: Amounts, b: Amounts): Amounts {
  const result: Amounts = {
    milliCpu: Math.max(a.milliCpu, b.milliCpu),
    memory: Math.max(a.memory, b.memory),
    ephemeralStorage: Math.max(a.ephemeralStorage, b.ephemeralStorage),
  };
  if (!a.scalars && !b.scalars) return result;
  const scalars = new Map(a.scalars);
  for (const [name, value] of b.scalars ?? []) scalars.set(name, Math.max(scalars.get(name) ?? 0, value));
  return { ...result, scalars };
}

/** Containers run together; init containers one after the other, beside the sidecars started before them. */
function podTotal(pod: Pod, of: (container: Container) => Amounts): Amounts {
  const total = emptyAmounts();
  for (const container of pod.spec?.containers ?? []) addAmounts(total, of(container));
  if (!pod.spec?.initContainers?.length) return total;
  const sidecars = emptyAmounts();
  let peak = emptyAmounts();
  for (const container of pod.spec.initContainers) {
    const own = of(container);
    if (container.restartPolicy === 'Always') {
      addAmounts(total, own);
      addAmounts(sidecars, own);
      peak = maxAmounts(peak, sidecars);
    } else {
      addAmounts(own, sidecars);
      peak = maxAmounts(peak, own);
    }
  }
  return maxAmounts(total, peak);
}

/** Requests of the pod itself replace the containers' sum for what they name. */
function applyPodLevel(total: Amounts, pod: Pod): void {
  const own = (pod.spec as { resources?: { requests?: Requests } } | undefined)?.resources?.requests;
  if (!own) return;
  const amounts = amountsOf(own);
  if ('cpu' in own) total.milliCpu = amounts.milliCpu;
  if ('memory' in own) total.memory = amounts.memory;
  for (const [name, value] of amounts.scalars ?? []) (total.scalars ??= new Map()).set(name, value);
}

/** What the pod asks for; and the same with a minimum for every container that asks for nothing. */
export function podRequests(pod: Pod): { requests: Amounts; nonZero: Amounts } {
  const requests = podTotal(pod, (c) => amountsOf(c.resources?.requests));
  const nonZero = podTotal(pod, (c) => {
    const own = amountsOf(c.resources?.requests);
    if (c.resources?.requests?.['cpu'] === undefined) own.milliCpu = DEFAULT_MILLI_CPU;
    if (c.resources?.requests?.['memory'] === undefined) own.memory = DEFAULT_MEMORY;
    return own;
  });
  applyPodLevel(requests, pod);
  applyPodLevel(nonZero, pod);
  if (pod.spec?.overhead) {
    const overhead = amountsOf(pod.spec.overhead);
    addAmounts(requests, overhead);
    addAmounts(nonZero, overhead);
  }
  return { requests, nonZero };
}
