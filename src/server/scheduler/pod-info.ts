// A pod with everything that plugins ask about it, computed once. Upstream: PodInfo in pkg/scheduler/framework/types.go.
import type {
  Pod,
  PodAffinityTerm,
  PreferredSchedulingTerm,
  Toleration,
  TopologySpreadConstraint,
} from 'kubernetes-types/core/v1.js';
import { type Selector, nothing, selectorFromObject } from '../../api/selector.ts';
import { type Amounts, podRequests } from './resources.ts';
import { selectorId } from './tally.ts';
import { type NodeMatcher, labelsMatcher, namedNodes, termMatcher, termsMatcher } from '../../api/node-selector.ts';

export interface HostPort {
  ip: string;
  protocol: string;
  port: number;
}

/** One inter-pod (anti-)affinity term, ready to match. */
export interface AffinityTerm {
  selector: Selector;
  topologyKey: string;
  namespaces: ReadonlySet<string>;
  namespaceSelector: Selector;
  /** It selects namespaces by their labels, too. */
  anyNamespace: boolean;
  /** Equal ids match the same pods. */
  id: string;
  /** Of preferred terms. */
  weight: number;
}

const NO_LABELS: Readonly<Record<string, string>> = {};

/** `pod` may be replaced by a newer version only through a new PodInfo. */
export class PodInfo {
  readonly pod: Pod;
  /** `namespace/name`. */
  readonly key: string;
  readonly uid: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly schedulerName: string;
  readonly priority: number;
  /** When it started, or else was created. */
  readonly startMs: number;
  readonly requests: Amounts;
  readonly nonZero: Amounts;
  readonly hostPorts: readonly HostPort[];
  readonly tolerations: readonly Toleration[];
  /** nodeSelector and required node affinity; absent when there is neither. */
  readonly nodeMatcher: NodeMatcher | undefined;
  /** The node names that required affinity leaves, or that it contradicts itself. */
  readonly namedNodes: ReadonlySet<string> | 'conflict' | undefined;
  readonly preferredNodes: readonly { weight: number; matches: NodeMatcher }[];
  readonly spreadConstraints: readonly TopologySpreadConstraint[];
  readonly requiredAffinity: readonly AffinityTerm[];
  readonly requiredAntiAffinity: readonly AffinityTerm[];
  readonly preferredAffinity: readonly AffinityTerm[];
  readonly preferredAntiAffinity: readonly AffinityTerm[];
  readonly images: readonly string[];

  constructor(pod: Pod) {
    const { metadata = {}, spec } = pod;
    this.pod = pod;
    this.namespace = metadata.namespace ?? '';
    this.key = `${this.namespace}/${metadata.name ?? ''}`;
    this.uid = metadata.uid ?? '';
    this.labels = metadata.labels ?? NO_LABELS;
    this.schedulerName = spec?.schedulerName || 'default-scheduler';
    this.priority = spec?.priority ?? 0;
    this.startMs = Date.parse(pod.status?.startTime ?? metadata.creationTimestamp ?? '') || 0;
    ({ requests: this.requests, nonZero: this.nonZero } = podRequests(pod));
    this.hostPorts = hostPorts(pod);
    this.tolerations = spec?.tolerations ?? [];
    const nodeAffinity = spec?.affinity?.nodeAffinity;
    const selector = nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
    // Without terms it is one that no node matches.
    const required = selector && ((selector.nodeSelectorTerms as typeof selector.nodeSelectorTerms | null) ?? []);
    const parts = [
      ...(spec?.nodeSelector ? [labelsMatcher(spec.nodeSelector)] : []),
      ...(required ? [termsMatcher(required)] : []),
    ];
    this.nodeMatcher = parts.length === 0 ? undefined : (node) => parts.every((matches) => matches(node));
    this.namedNodes = required ? namedNodes(required) : undefined;
    this.preferredNodes = preferredNodes(nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution);
    this.spreadConstraints = spec?.topologySpreadConstraints ?? [];
    const { podAffinity, podAntiAffinity } = spec?.affinity ?? {};
    const required_ = (terms: PodAffinityTerm[] | undefined) => (terms ?? []).map((t) => affinityTerm(t, this, 0));
    this.requiredAffinity = required_(podAffinity?.requiredDuringSchedulingIgnoredDuringExecution);
    this.requiredAntiAffinity = required_(podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution);
    const preferred = (terms: { weight: number; podAffinityTerm: PodAffinityTerm }[] | undefined) =>
      (terms ?? []).map((t) => affinityTerm(t.podAffinityTerm, this, t.weight));
    this.preferredAffinity = preferred(podAffinity?.preferredDuringSchedulingIgnoredDuringExecution);
    this.preferredAntiAffinity = preferred(podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution);
    this.images = [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])].map((c) => normalizedImage(c.image));
  }

  get hasAffinity(): boolean {
    return this.pod.spec?.affinity?.podAffinity !== undefined || this.pod.spec?.affinity?.podAntiAffinity !== undefined;
  }

  get isTerminating(): boolean {
    return this.pod.metadata?.deletionTimestamp !== undefined;
  }
}

function hostPorts(pod: Pod): HostPort[] {
  const ports: HostPort[] = [];
  const sidecars = (pod.spec?.initContainers ?? []).filter((c) => c.restartPolicy === 'Always');
  for (const container of [...(pod.spec?.containers ?? []), ...sidecars]) {
    for (const p of container.ports ?? []) {
      if (!p.hostPort || p.hostPort <= 0) continue;
      ports.push({ ip: p.hostIP || '0.0.0.0', protocol: p.protocol || 'TCP', port: p.hostPort });
    }
  }
  return ports;
}

function preferredNodes(terms: readonly PreferredSchedulingTerm[] | undefined) {
  const useful = (terms ?? []).filter((t) => t.weight !== 0);
  return useful.map((t) => ({ weight: t.weight, matches: termMatcher(t.preference) }));
}

/** An invalid selector matches nothing. The API server has merged `matchLabelKeys` into the selector. */
function affinityTerm(term: PodAffinityTerm, pod: PodInfo, weight: number): AffinityTerm {
  let selector = nothing;
  let namespaceSelector = nothing;
  try {
    selector = selectorFromObject(term.labelSelector);
    namespaceSelector = selectorFromObject(term.namespaceSelector);
  } catch {
    // Validation refuses these; an object from elsewhere simply finds no partner.
  }
  const own = term.namespaces?.length || term.namespaceSelector ? (term.namespaces ?? []) : [pod.namespace];
  const anyNamespace = namespaceSelector !== nothing;
  const id = `${[...own].sort().join(',')}|${selectorId(namespaceSelector)}|${selectorId(selector)}`;
  const { topologyKey } = term;
  return { selector, topologyKey, namespaces: new Set(own), namespaceSelector, anyNamespace, id, weight };
}

/** An image without tag means `:latest`. Upstream: imagelocality's normalizedImageName. */
export function normalizedImage(name: string | undefined): string {
  if (!name) return '';
  return name.lastIndexOf(':') <= name.lastIndexOf('/') ? `${name}:latest` : name;
}
