// The pods of a node and what they ask for, beside what the node has. Upstream: kubectl/pkg/describe
// describeNodeResource, kubectl/pkg/util/resource PodRequestsAndLimits.
import type { Container, Node, Pod } from 'kubernetes-types/core/v1.js';
import { ageOf } from '../../api/duration.ts';
import {
  addQuantities,
  compareQuantities,
  formatQuantity,
  parseQuantity,
  type Quantity,
  quantityMillis,
  quantityNumber,
  zeroQuantity,
} from '../../api/quantity.ts';
import type { Document } from './_document.ts';

type Amounts = Map<string, Quantity>;

export function nodeResourceLines(doc: Document, node: Node, pods: readonly Pod[], nowMs: number): void {
  const allocatable = node.status?.allocatable ?? node.status?.capacity ?? {};
  doc.line(0, `Non-terminated Pods:\t(${pods.length} in total)`);
  doc.line(1, 'Namespace\tName\t\tCPU Requests\tCPU Limits\tMemory Requests\tMemory Limits\tAge');
  doc.line(1, '---------\t----\t\t------------\t----------\t---------------\t-------------\t---');
  const totals = { requests: new Map() as Amounts, limits: new Map() as Amounts };
  for (const pod of pods) {
    const { requests, limits } = podResources(pod);
    add(totals.requests, requests);
    add(totals.limits, limits);
    const cells = (['cpu', 'memory'] as const).flatMap((name) => [
      share(requests, name, allocatable),
      share(limits, name, allocatable),
    ]);
    const { namespace, name, creationTimestamp } = pod.metadata ?? {};
    doc.line(1, `${namespace}\t${name}\t\t${cells.join('\t')}\t${ageOf(creationTimestamp, nowMs)}`);
  }
  doc.line(0, 'Allocated resources:\n  (Total limits may be over 100 percent, i.e., overcommitted.)');
  doc.line(1, 'Resource\tRequests\tLimits');
  doc.line(1, '--------\t--------\t------');
  const others = Object.keys(allocatable).filter((n) => !['cpu', 'memory', 'ephemeral-storage', 'pods'].includes(n));
  const hugePages = others.filter((n) => n.startsWith('hugepages-')).sort();
  for (const name of ['cpu', 'memory', 'ephemeral-storage', ...hugePages]) {
    doc.line(1, `${name}\t${share(totals.requests, name, allocatable)}\t${share(totals.limits, name, allocatable)}`);
  }
  for (const name of others.filter((n) => !n.startsWith('hugepages-')).sort()) {
    doc.line(1, `${name}\t${text(totals.requests, name)}\t${text(totals.limits, name)}`);
  }
}

const text = (amounts: Amounts, name: string): string => formatQuantity(amounts.get(name) ?? zeroQuantity);

/** `100m (5%)` */
function share(amounts: Amounts, name: string, allocatable: Record<string, string>): string {
  const measure = name === 'cpu' ? quantityMillis : quantityNumber;
  const whole = allocatable[name] === undefined ? 0 : measure(allocatable[name]!);
  const part = measure(amounts.get(name) ?? zeroQuantity);
  return `${text(amounts, name)} (${whole === 0 ? 0 : Math.trunc((part / whole) * 100)}%)`;
}

function add(into: Amounts, amounts: Amounts): void {
  for (const [name, quantity] of amounts) into.set(name, addQuantities(into.get(name) ?? zeroQuantity, quantity));
}

/** Containers together; init containers count where one alone needs more. Sidecars count with the containers. */
function podResources(pod: Pod): { requests: Amounts; limits: Amounts } {
  const of = (field: 'requests' | 'limits'): Amounts => {
    const total: Amounts = new Map();
    for (const c of pod.spec?.containers ?? []) add(total, amountsOf(c, field));
    const sidecars: Amounts = new Map();
    const peak: Amounts = new Map();
    for (const c of pod.spec?.initContainers ?? []) {
      const own = amountsOf(c, field);
      if ((c as { restartPolicy?: string }).restartPolicy === 'Always') {
        add(sidecars, own);
        add(total, own);
        raise(peak, sidecars);
      } else {
        const now = new Map(sidecars);
        add(now, own);
        raise(peak, now);
      }
    }
    raise(total, peak);
    const overhead = Object.entries(pod.spec?.overhead ?? {}).map(([n, q]) => [n, parseQuantity(q)] as const);
    for (const [name, quantity] of overhead) {
      if (field === 'requests' || total.has(name)) add(total, new Map([[name, quantity]]));
    }
    return total;
  };
  return { requests: of('requests'), limits: of('limits') };
}

const amountsOf = (container: Container, field: 'requests' | 'limits'): Amounts =>
  new Map(Object.entries(container.resources?.[field] ?? {}).map(([name, q]) => [name, parseQuantity(q)]));

function raise(total: Amounts, other: Amounts): void {
  for (const [name, quantity] of other) {
    const now = total.get(name);
    if (!now || compareQuantities(quantity, now) > 0) total.set(name, quantity);
  }
}
