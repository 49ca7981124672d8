// How many pods match something on each node. A count is made once by a scan and then kept up to date pod by pod, so
// that spreading and affinity cost a look-up per node instead of a scan of its pods. The least recently used go.
import type { PodInfo } from './pod-info.ts';
import { type LabelOf, Tally } from './tally.ts';

/** Counts kept at once; a pod's change is matched against those of its namespace and those of all. */
const KEPT = 256;

/** What is counted. Equal ids count the same. */
export interface Counted {
  id: string;
  /** Only pods of this namespace can match; absent: of any. */
  namespace?: string;
  matches(pod: PodInfo): boolean;
}

interface Count {
  what: Counted;
  tally: Tally;
}

export type Placements = () => Iterable<{ info: PodInfo; nodeName: string }>;

const ANY = '*';

export class PodCounts {
  /** In the order of their use. */
  private readonly counts = new Map<string, Count>();
  private readonly byNamespace = new Map<string, Set<Count>>();
  private readonly labelOf: LabelOf;

  constructor(labelOf: LabelOf) {
    this.labelOf = labelOf;
  }

  of(what: Counted, pods: Placements): Tally {
    let count = this.counts.get(what.id);
    this.counts.delete(what.id);
    if (!count) {
      count = { what, tally: new Tally(this.labelOf) };
      for (const { info, nodeName } of pods()) this.change(count, info, nodeName, 1);
      this.members(what).add(count);
    }
    this.counts.set(what.id, count);
    if (this.counts.size > KEPT) this.drop(this.counts.values().next().value!);
    return count.tally;
  }

  /** By `sign`: a pod came (1) or went (-1). */
  update(info: PodInfo, nodeName: string, sign: 1 | -1): void {
    for (const count of this.byNamespace.get(info.namespace) ?? []) this.change(count, info, nodeName, sign);
    for (const count of this.byNamespace.get(ANY) ?? []) this.change(count, info, nodeName, sign);
  }

  nodesChanged(): void {
    for (const { tally } of this.counts.values()) tally.nodesChanged();
  }

  /** Labels of namespaces changed: what looks at them is counted anew. */
  namespacesChanged(): void {
    for (const count of this.byNamespace.get(ANY) ?? []) this.drop(count);
  }

  private members({ namespace = ANY }: Counted): Set<Count> {
    let members = this.byNamespace.get(namespace);
    if (!members) this.byNamespace.set(namespace, (members = new Set()));
    return members;
  }

  private drop(count: Count): void {
    this.counts.delete(count.what.id);
    const members = this.members(count.what);
    members.delete(count);
    if (members.size === 0) this.byNamespace.delete(count.what.namespace ?? ANY);
  }

  private change({ what, tally }: Count, info: PodInfo, nodeName: string, sign: 1 | -1): void {
    if (what.namespace !== undefined && info.namespace !== what.namespace) return;
    if (what.matches(info)) tally.change(nodeName, sign);
  }
}
