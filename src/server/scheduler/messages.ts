// What a user is told when no node fits. The words are upstream's. Upstream: FitError in pkg/scheduler/framework/types.go.
import type { Rejection, Rejections } from './framework.ts';

export interface Diagnosis {
  nodeCount: number;
  rejections: Pick<Rejections, 'reasons' | 'size'>;
  /** A preFilter plugin rejected the pod for all nodes. */
  preFilter?: string;
  /** Why the nodes that are not in `rejections` were never tried. */
  untried?: string;
  postFilter?: string;
}

/** By UTF-16 units, which for these texts is the order of Go's sort.Strings. */
const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** `0/3 nodes are available: 1 Insufficient cpu, 2 node(s) were unschedulable. preemption: …` */
export function fitMessage({ nodeCount, rejections, preFilter, untried, postFilter }: Diagnosis): string {
  let message = `0/${nodeCount} nodes are available:`;
  if (preFilter) message += ` ${preFilter}.`;
  else {
    const counts = new Map<string, number>();
    const count = (reason: string, n: number) => counts.set(reason, (counts.get(reason) ?? 0) + n);
    // Nodes are many, different rejections few: those are shared objects.
    const same = new Map<Rejection, number>();
    for (const rejection of rejections.reasons) same.set(rejection, (same.get(rejection) ?? 0) + 1);
    for (const [rejection, n] of same) for (const reason of rejection.reasons) count(reason, n);
    if (untried !== undefined && rejections.size < nodeCount) count(untried, nodeCount - rejections.size);
    const parts = [...counts].map(([reason, n]) => `${n} ${reason}`).sort(byText);
    if (parts.length > 0) message += ` ${parts.join(', ')}.`;
  }
  return postFilter ? `${message} ${postFilter}` : message;
}

export const NO_NODES = 'no nodes available to schedule pods';
