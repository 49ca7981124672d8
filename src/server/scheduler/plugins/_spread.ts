// What spreading counts: a pod's constraints (or the system's), and matching pods per domain. Upstream:
// podtopologyspread/{common,filtering,scoring}.go, plugins/helper/spread.go.
import type { TopologySpreadConstraint } from 'kubernetes-types/core/v1.js';
import { isTolerated } from '../../../api/tolerations.ts';
import { type LabelSelector, type Selector, nothing, selectorFromObject } from '../../../api/selector.ts';
import type { ClusterView } from '../framework.ts';
import type { NodeInfo } from '../node-info.ts';
import type { PodInfo } from '../pod-info.ts';
import { type Tally, labelAskedFor, selectorId } from '../tally.ts';

export const HOSTNAME = 'kubernetes.io/hostname';

export interface Constraint {
  maxSkew: number;
  topologyKey: string;
  selector: Selector;
  minDomains: number;
  honourAffinity: boolean;
  honourTaints: boolean;
  /** Scores count each node by itself for the hostname key. */
  perNode: boolean;
}

export interface Domains {
  /** Matching pods by the label's value; by node name for perNode. */
  counts: ReadonlyMap<string, number>;
  least: number;
  size: number;
}

export interface DefaultConstraint {
  maxSkew: number;
  topologyKey: string;
  whenUnsatisfiable: string;
}

/** What the system asks of pods without constraints of their own. */
export const SYSTEM_DEFAULTS: readonly DefaultConstraint[] = [
  { maxSkew: 3, topologyKey: HOSTNAME, whenUnsatisfiable: 'ScheduleAnyway' },
  { maxSkew: 5, topologyKey: 'topology.kubernetes.io/zone', whenUnsatisfiable: 'ScheduleAnyway' },
];

export function constraintsOf(
  pod: PodInfo,
  view: ClusterView,
  when: 'DoNotSchedule' | 'ScheduleAnyway',
  defaults: readonly DefaultConstraint[],
): readonly Constraint[] {
  const own = pod.spreadConstraints;
  if (own.length > 0) {
    return own.filter((c) => c.whenUnsatisfiable === when).map((c) => ownConstraint(c, pod, when));
  }
  const wanted = defaults.filter((c) => c.whenUnsatisfiable === when);
  const selector = wanted.length === 0 ? undefined : defaultSelector(pod, view);
  if (!selector) return [];
  return wanted.map(({ maxSkew, topologyKey }) => ({
    maxSkew,
    topologyKey,
    selector,
    minDomains: 1,
    honourAffinity: true,
    honourTaints: false,
    perNode: when === 'ScheduleAnyway' && topologyKey === HOSTNAME,
  }));
}

function ownConstraint(c: TopologySpreadConstraint, pod: PodInfo, when: string): Constraint {
  let selector = nothing;
  try {
    selector = selectorFromObject(withOwnLabels(c, pod));
  } catch {
    // Validation refuses it; it then matches nothing.
  }
  return {
    maxSkew: c.maxSkew,
    topologyKey: c.topologyKey,
    selector,
    minDomains: c.minDomains ?? 1,
    honourAffinity: (c.nodeAffinityPolicy ?? 'Honor') === 'Honor',
    honourTaints: c.nodeTaintsPolicy === 'Honor',
    perNode: when === 'ScheduleAnyway' && c.topologyKey === HOSTNAME,
  };
}

/** `matchLabelKeys`: only pods with this pod's value of these labels. */
function withOwnLabels(c: TopologySpreadConstraint, pod: PodInfo): LabelSelector | undefined {
  const keys = (c.matchLabelKeys ?? []).filter((key) => pod.labels[key] !== undefined);
  if (!c.labelSelector || keys.length === 0) return c.labelSelector;
  const added = keys.map((key) => ({ key, operator: 'In', values: [pod.labels[key]!] }));
  return { ...c.labelSelector, matchExpressions: [...(c.labelSelector.matchExpressions ?? []), ...added] };
}

/** The selectors of the pod's services and of its controller, combined; none: nothing to spread by. DefaultSelector. */
function defaultSelector(pod: PodInfo, view: ClusterView): Selector | undefined {
  const matchLabels: Record<string, string> = {};
  for (const service of view.services(pod.namespace)) {
    if (selects(service.spec?.selector, pod.labels)) Object.assign(matchLabels, service.spec?.selector);
  }
  const owner = pod.pod.metadata?.ownerReferences?.find((r) => r.controller);
  const own = owner && view.ownerSelector(pod.namespace, owner);
  const combined: LabelSelector = {
    matchLabels: { ...matchLabels, ...own?.matchLabels },
    ...(own?.matchExpressions ? { matchExpressions: own.matchExpressions } : {}),
  };
  if (Object.keys(combined.matchLabels!).length === 0 && !combined.matchExpressions?.length) return undefined;
  try {
    return selectorFromObject(combined);
  } catch {
    return undefined;
  }
}

/** An empty selector selects nothing. */
function selects(selector: Readonly<Record<string, string>> | undefined, labels: PodInfo['labels']): boolean {
  let any = false;
  for (const key in selector) {
    if (labels[key] !== selector[key]) return false;
    any = true;
  }
  return any;
}

export function hasKeys(node: NodeInfo, constraints: readonly Constraint[]): boolean {
  for (const c of constraints) if (node.labels[c.topologyKey] === undefined) return false;
  return true;
}

/** Whether the pods of this node count. */
export function includesNode(c: Constraint, pod: PodInfo, node: NodeInfo): boolean {
  if (c.honourAffinity && pod.nodeMatcher && !pod.nodeMatcher(node)) return false;
  return !c.honourTaints || node.hardTaints.every((taint) => isTolerated(pod.tolerations, taint));
}

/** Pods that match and are not going. */
const live = (c: Constraint, { namespace }: PodInfo, view: ClusterView): Tally =>
  view.podCounts({
    id: `live ${namespace}|${selectorId(c.selector)}`,
    namespace,
    label: labelAskedFor(c.selector),
    matches: (placed) => !placed.isTerminating && c.selector.matches(placed.labels),
  });

/** Every node counts that has the key: what is kept up to date can be used as it is. */
const isPlain = (c: Constraint, pod: PodInfo, required: readonly Constraint[]): boolean =>
  !c.honourTaints && !(c.honourAffinity && pod.nodeMatcher) && required.every((r) => r.topologyKey === c.topologyKey);

/** For filtering: matching pods in all domains. Nodes without all the keys of `required` do not count. */
export function countAllDomains(
  c: Constraint,
  pod: PodInfo,
  view: ClusterView,
  required: readonly Constraint[],
): Domains {
  if (!isPlain(c, pod, required)) return countDomains(c, pod, view, view.nodes, required);
  const counts = live(c, pod, view).values(c.topologyKey);
  const size = view.labelValues(c.topologyKey).size;
  // A domain without any is not among the counts.
  return { counts, least: counts.size < size ? 0 : leastOf(counts), size };
}

/**
 * For scoring: domains come from `candidates`, pods are counted on all nodes. For perNode the live counts are handed
 * on as they are: scoring then reads the few nodes that it needs.
 */
export function countDomains(
  c: Constraint,
  pod: PodInfo,
  view: ClusterView,
  candidates: readonly NodeInfo[],
  required: readonly Constraint[],
): Domains {
  const tally = live(c, pod, view);
  if (c.perNode) return { counts: tally.byNode, least: 0, size: candidates.length };
  const plain = isPlain(c, pod, required);
  const counts = new Map<string, number>();
  for (const node of candidates) {
    const value = node.labels[c.topologyKey];
    if (value === undefined || counts.has(value)) continue;
    if (plain || (hasKeys(node, required) && includesNode(c, pod, node))) counts.set(value, 0);
  }
  if (plain) {
    const all = tally.values(c.topologyKey);
    for (const value of counts.keys()) counts.set(value, all.get(value) ?? 0);
  } else {
    for (const [name, count] of tally.byNode) {
      const node = view.node(name);
      const value = node?.labels[c.topologyKey];
      if (!node || value === undefined || !counts.has(value)) continue;
      if (hasKeys(node, required) && includesNode(c, pod, node)) counts.set(value, counts.get(value)! + count);
    }
  }
  return { counts, least: leastOf(counts), size: counts.size };
}

function leastOf(counts: ReadonlyMap<string, number>): number {
  let least = Infinity;
  for (const count of counts.values()) least = Math.min(least, count);
  return least === Infinity ? 0 : least;
}
