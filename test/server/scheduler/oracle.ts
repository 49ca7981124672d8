// The filter rules once more, as slowly and plainly as possible: from lists of nodes and placed pods, with nothing kept
// up to date. What the scheduler does with its counts is compared with it.
import type { Node, Pod, PodAffinityTerm } from 'kubernetes-types/core/v1.js';

export interface World {
  nodes: Node[];
  /** With spec.nodeName. */
  placed: Pod[];
}

type Labels = Readonly<Record<string, string>>;
const labelsOf = (object: Node | Pod): Labels => object.metadata?.labels ?? {};
const nodeOf = (world: World, pod: Pod): Node | undefined =>
  world.nodes.find((n) => n.metadata!.name === pod.spec!.nodeName);

const amount = (text: string | undefined): number => {
  const [, digits = '0', unit = ''] = /^([0-9.]+)(m|Ki|Mi|Gi)?$/.exec(text ?? '0') ?? [];
  return Number(digits) * { '': 1000, m: 1, Ki: 1024e3, Mi: 1024 ** 2 * 1e3, Gi: 1024 ** 3 * 1e3 }[unit]!;
};
const asked = (pod: Pod, name: string): number =>
  pod.spec!.containers.reduce((sum, c) => sum + amount((c.resources?.requests as Labels | undefined)?.[name]), 0);
const portsOf = (pod: Pod): number[] =>
  pod.spec!.containers.flatMap((c) => (c.ports ?? []).flatMap((p) => (p.hostPort ? [p.hostPort] : [])));

function hasRoom(world: World, pod: Pod, node: Node): boolean {
  const there = world.placed.filter((p) => p.spec!.nodeName === node.metadata!.name);
  const total = node.status!.allocatable as Labels;
  if (there.length + 1 > Number(total['pods'])) return false;
  for (const name of ['cpu', 'memory', 'example.org/gpu']) {
    const mine = asked(pod, name);
    if (mine > 0 && there.reduce((sum, p) => sum + asked(p, name), mine) > amount(total[name])) return false;
  }
  const used = there.flatMap(portsOf);
  return !portsOf(pod).some((port) => used.includes(port));
}

function isTolerated(pod: Pod, node: Node): boolean {
  const tolerated = (key: string, value: string | undefined, effect: string) =>
    (pod.spec!.tolerations ?? []).some(
      (t) =>
        (!t.effect || t.effect === effect) &&
        (t.key === key || (!t.key && t.operator === 'Exists')) &&
        (t.operator === 'Exists' || (t.value ?? '') === (value ?? '')),
    );
  if (node.spec?.unschedulable && !tolerated('node.kubernetes.io/unschedulable', '', 'NoSchedule')) return false;
  return (node.spec?.taints ?? []).every((t) => t.effect === 'PreferNoSchedule' || tolerated(t.key, t.value, t.effect));
}

export function matchesNode(pod: Pod, node: Node): boolean {
  const labels = labelsOf(node);
  if (!Object.entries((pod.spec!.nodeSelector ?? {}) as Labels).every(([k, v]) => labels[k] === v)) return false;
  const required = pod.spec!.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  if (!required) return true;
  return required.nodeSelectorTerms.some((term) =>
    (term.matchExpressions ?? []).every(({ key, operator, values = [] }) =>
      operator === 'In' ? values.includes(labels[key]!) : !values.includes(labels[key]!),
    ),
  );
}

const selects = (matchLabels: Labels, pod: Pod): boolean =>
  Object.entries(matchLabels).every(([k, v]) => labelsOf(pod)[k] === v);

/** A term about pods of its owner's namespace, or of those that it names. */
function matchesTerm(term: PodAffinityTerm, owner: Pod, pod: Pod): boolean {
  const namespaces = term.namespaces ?? [owner.metadata!.namespace!];
  return namespaces.includes(pod.metadata!.namespace!) && selects(term.labelSelector!.matchLabels as Labels, pod);
}
const required = (pod: Pod, kind: 'podAffinity' | 'podAntiAffinity'): PodAffinityTerm[] =>
  pod.spec!.affinity?.[kind]?.requiredDuringSchedulingIgnoredDuringExecution ?? [];

/** Whether two nodes are in one domain. */
function together(a: Node, b: Node | undefined, key: string): boolean {
  return b !== undefined && labelsOf(a)[key] !== undefined && labelsOf(a)[key] === labelsOf(b)[key];
}

function keepsApart(world: World, pod: Pod, node: Node): boolean {
  for (const other of world.placed) {
    const there = nodeOf(world, other);
    for (const term of required(pod, 'podAntiAffinity')) {
      if (matchesTerm(term, pod, other) && together(node, there, term.topologyKey)) return false;
    }
    for (const term of required(other, 'podAntiAffinity')) {
      if (matchesTerm(term, other, pod) && together(node, there, term.topologyKey)) return false;
    }
  }
  return true;
}

function staysNear(world: World, pod: Pod, node: Node): boolean {
  const terms = required(pod, 'podAffinity');
  if (terms.length === 0) return true;
  if (terms.some((t) => labelsOf(node)[t.topologyKey] === undefined)) return false;
  const partners = world.placed.filter((other) => terms.every((t) => matchesTerm(t, pod, other)));
  // Nobody to be near anywhere: the first of a group. Pods of nodes that are gone are nowhere.
  const isSomewhere = (t: PodAffinityTerm) => (p: Pod) => {
    const there = nodeOf(world, p);
    return there !== undefined && labelsOf(there)[t.topologyKey] !== undefined;
  };
  if (!terms.some((t) => partners.some(isSomewhere(t)))) return terms.every((t) => matchesTerm(t, pod, pod));
  return terms.every((t) => partners.some((p) => together(node, nodeOf(world, p), t.topologyKey)));
}

function isSpread(world: World, pod: Pod, node: Node): boolean {
  const hard = (pod.spec!.topologySpreadConstraints ?? []).filter((c) => c.whenUnsatisfiable === 'DoNotSchedule');
  const eligible = world.nodes.filter(
    (n) => matchesNode(pod, n) && hard.every((c) => labelsOf(n)[c.topologyKey] !== undefined),
  );
  return hard.every((c) => {
    const domain = labelsOf(node)[c.topologyKey];
    if (domain === undefined) return false;
    const matching = world.placed.filter(
      (p) =>
        p.metadata!.namespace === pod.metadata!.namespace &&
        !p.metadata!.deletionTimestamp &&
        selects(c.labelSelector!.matchLabels as Labels, p),
    );
    const count = (value: string) =>
      matching.filter((p) => {
        const there = eligible.find((n) => n.metadata!.name === p.spec!.nodeName);
        return there && labelsOf(there)[c.topologyKey] === value;
      }).length;
    const domains = [...new Set(eligible.map((n) => labelsOf(n)[c.topologyKey]!))];
    const least = domains.length < (c.minDomains ?? 1) ? 0 : Math.min(...domains.map(count));
    const own = selects(c.labelSelector!.matchLabels as Labels, pod) ? 1 : 0;
    return count(domain) + own - (Number.isFinite(least) ? least : 0) <= c.maxSkew;
  });
}

/** Whether the pod may be put on the node as things are. */
export function allows(world: World, pod: Pod, node: Node): boolean {
  return (
    hasRoom(world, pod, node) &&
    isTolerated(pod, node) &&
    matchesNode(pod, node) &&
    keepsApart(world, pod, node) &&
    staysNear(world, pod, node) &&
    isSpread(world, pod, node)
  );
}
