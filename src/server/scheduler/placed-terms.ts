// The (anti-)affinity terms of placed pods, each kept once with a tally of the pods that have it: a new pod is matched
// against the few different terms instead of against every pod. Upstream scans its nodes for this
// (interpodaffinity: HavePodsWithAffinityList).
import type { AffinityTerm, PodInfo } from './pod-info.ts';
import { type LabelOf, Tally } from './tally.ts';

export type TermKind = 'requiredAffinity' | 'requiredAntiAffinity' | 'preferredAffinity' | 'preferredAntiAffinity';
const KINDS: readonly TermKind[] = [
  'requiredAffinity',
  'requiredAntiAffinity',
  'preferredAffinity',
  'preferredAntiAffinity',
];

export interface PlacedTerm {
  kind: TermKind;
  term: AffinityTerm;
  tally: Tally;
}

const ANY = '*';

export class PlacedTerms {
  private readonly terms = new Map<string, PlacedTerm & { pods: number }>();
  private readonly empty = new Map<string, PlacedTerm>();
  private readonly byNamespace = new Map<string, Set<PlacedTerm>>();
  private readonly labelOf: LabelOf;

  constructor(labelOf: LabelOf) {
    this.labelOf = labelOf;
  }

  get size(): number {
    return this.terms.size;
  }

  /** Those that may look at pods of this namespace. */
  *about(namespace: string): Iterable<PlacedTerm> {
    yield* this.byNamespace.get(namespace) ?? [];
    yield* this.byNamespace.get(ANY) ?? [];
  }

  update(info: PodInfo, nodeName: string, sign: 1 | -1): void {
    for (const kind of KINDS) for (const term of info[kind]) this.change(kind, term, nodeName, sign);
  }

  nodesChanged(): void {
    for (const { tally } of this.terms.values()) tally.nodesChanged();
  }

  private change(kind: TermKind, term: AffinityTerm, nodeName: string, sign: 1 | -1): void {
    const id = `${kind} ${term.weight} ${term.topologyKey} ${term.id}`;
    let placed = this.terms.get(id);
    if (!placed) {
      placed = { kind, term, tally: new Tally(this.labelOf), pods: 0 };
      this.terms.set(id, placed);
      for (const namespace of namespacesOf(term)) {
        const members = this.byNamespace.get(namespace) ?? new Set();
        members.add(placed);
        this.byNamespace.set(namespace, members);
      }
    }
    placed.pods += sign;
    placed.tally.change(nodeName, sign);
    if (placed.pods === 0) this.empty.set(id, placed);
    else this.empty.delete(id);
  }

  /** Forgets terms that no pod has. Not while pods are only lifted: somebody holds their tallies. */
  settle(): void {
    for (const [id, placed] of this.empty) this.drop(id, placed);
    this.empty.clear();
  }

  private drop(id: string, placed: PlacedTerm): void {
    this.terms.delete(id);
    for (const namespace of namespacesOf(placed.term)) {
      const members = this.byNamespace.get(namespace);
      members?.delete(placed);
      if (members?.size === 0) this.byNamespace.delete(namespace);
    }
  }
}

const namespacesOf = (term: AffinityTerm): Iterable<string> => (term.anyNamespace ? [ANY] : term.namespaces);
