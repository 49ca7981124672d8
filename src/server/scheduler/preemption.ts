// Whom to evict from a node so that a pod fits there, and which node that hurts least. Pods are really lifted out of the
// cache and put back, so every plugin sees what would be. Upstream: SelectVictimsOnNode and filterPodsWithPDBViolation in
// plugins/defaultpreemption, pickOneNodeForPreemption in framework/preemption.
import type { PodDisruptionBudget } from 'kubernetes-types/policy/v1.js';
import { type Selector, selectorFromObject } from '../../api/selector.ts';
import { type ClusterView, type PostFilterContext, type Rejection, unresolvable } from './framework.ts';
import type { NodeInfo } from './node-info.ts';
import type { PodInfo } from './pod-info.ts';

const NONE: ReadonlySet<PodInfo> = new Set();
const NO_VICTIMS = unresolvable('No preemption victims found for incoming pod');

export interface Candidate {
  node: NodeInfo;
  /** The most important first. */
  victims: PodInfo[];
  /** Of them, how many a disruption budget would keep. */
  violations: number;
}

/** Who started first is more important, at equal priority. Upstream: util.MoreImportantPod. */
const byImportance = (a: PodInfo, b: PodInfo): number => b.priority - a.priority || a.startMs - b.startMs;

/** The disruption budgets of the namespaces that were asked for, compiled once for one preemption. */
export class Budgets {
  private readonly known = new Map<string, { budget: PodDisruptionBudget; selector: Selector }[]>();
  private readonly view: ClusterView;

  constructor(view: ClusterView) {
    this.view = view;
  }

  private of(namespace: string) {
    let list = this.known.get(namespace);
    if (list) return list;
    list = this.view.disruptionBudgets(namespace).flatMap((budget) => {
      try {
        const selector = selectorFromObject(budget.spec?.selector);
        // One that selects everything or nothing protects nobody.
        return selector.requirements.length > 0 ? [{ budget, selector }] : [];
      } catch {
        return [];
      }
    });
    this.known.set(namespace, list);
    return list;
  }

  /** No budget of their namespaces: it does not matter to budgets who of a node goes. */
  indifferent(node: NodeInfo): boolean {
    let namespace: string | undefined;
    for (const pod of node.pods.values()) {
      if (pod.namespace === namespace) continue;
      ({ namespace } = pod);
      if (this.of(namespace).length > 0) return false;
    }
    return true;
  }

  /** Those whose eviction, in this order, would go beyond a budget. */
  violating(pods: readonly PodInfo[]): ReadonlySet<PodInfo> {
    if (pods.every(({ namespace }) => this.of(namespace).length === 0)) return NONE;
    const result = new Set<PodInfo>();
    const left = new Map<PodDisruptionBudget, number>();
    for (const pod of pods) {
      for (const { budget, selector } of this.of(pod.namespace)) {
        if (!selector.matches(pod.labels)) continue;
        // The API server has counted it already.
        if (budget.status?.disruptedPods?.[pod.pod.metadata?.name ?? '']) continue;
        const allowed = (left.get(budget) ?? budget.status?.disruptionsAllowed ?? 0) - 1;
        left.set(budget, allowed);
        if (allowed < 0) result.add(pod);
      }
    }
    return result;
  }
}

/** The pods of a node that must go; or why that does not help. */
export function selectVictims(
  pod: PodInfo,
  node: NodeInfo,
  budgets: Budgets,
  { reject, lift, lower }: PostFilterContext,
): Candidate | Rejection {
  const lesser: PodInfo[] = [];
  for (const placed of node.pods.values()) if (placed.priority < pod.priority) lesser.push(placed);
  if (lesser.length === 0) return NO_VICTIMS;
  lesser.sort(byImportance);
  for (const placed of lesser) lift(placed, node);
  const lifted = lesser.map(() => true);
  try {
    const rejection = reject(node);
    if (rejection) return rejection;
    const violating = budgets.violating(lesser);
    // The most important are spared first as far as there is room, and before all others those that a budget keeps.
    for (const kept of violating.size > 0 ? [true, false] : [false]) {
      for (let i = 0; i < lesser.length; i++) {
        if (violating.has(lesser[i]!) !== kept) continue;
        lower(lesser[i]!, node);
        lifted[i] = false;
        if (!reject(node)) continue;
        lift(lesser[i]!, node);
        lifted[i] = true;
      }
    }
    const victims = lesser.filter((_candidate, i) => lifted[i]);
    const violations = violating.size === 0 ? 0 : victims.filter((victim) => violating.has(victim)).length;
    return { node, victims, violations };
  } finally {
    for (let i = 0; i < lesser.length; i++) if (lifted[i]) lower(lesser[i]!, node);
  }
}

/** Greater hurts more. */
const sumOf = (victims: readonly PodInfo[]): number => {
  let sum = 0;
  for (const victim of victims) sum += victim.priority + 2 ** 31;
  return sum;
};

/** When the first of the most important started. */
function earliestOf(victims: readonly PodInfo[]): number {
  let first = Infinity;
  for (const { priority, startMs } of victims)
    if (priority === victims[0]!.priority && startMs < first) first = startMs;
  return first;
}

/** Negative: a hurts less. */
export function compareHarm(a: Candidate, b: Candidate): number {
  const byPriority = (a.victims[0]?.priority ?? -Infinity) - (b.victims[0]?.priority ?? -Infinity);
  return (
    a.violations - b.violations ||
    byPriority ||
    sumOf(a.victims) - sumOf(b.victims) ||
    a.victims.length - b.victims.length ||
    earliestOf(b.victims) - earliestOf(a.victims)
  );
}
