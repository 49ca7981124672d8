// How many pods match something on each node. A count is made once by a scan and then kept up to date pod by pod, so
// that spreading and affinity cost a look-up per node instead of a scan of its pods. Where a label value is asked for, as
// the selectors of ReplicaSets do, only the pods that have it are scanned, and only the counts that ask for it are looked
// at when a pod changes. The least recently used go.
import type { PodInfo } from './pod-info.ts';
import { type LabelOf, Tally } from './tally.ts';

/** Counts kept at once. */
const KEPT = 1024;

/** What is counted. Equal ids count the same. */
export interface Counted {
  id: string;
  /** Only pods of this namespace can match; absent: of any. */
  namespace?: string;
  /** Only pods with this label can match; the namespace is given, too. */
  label?: { key: string; value: string } | undefined;
  matches(pod: PodInfo): boolean;
}

interface Placement {
  info: PodInfo;
  nodeName: string;
}

interface Count {
  what: Counted;
  tally: Tally;
}

export type Placements = () => Iterable<Placement>;

/** Pods with one value of a label, and the counts that ask for it. */
interface Bucket {
  pods: Map<string, Placement>;
  counts: Set<Count>;
}

interface NamespaceCounts {
  plain: Set<Count>;
  /** By key and value of a label; keys that some count asks for. */
  labelled: Map<string, { buckets: Map<string, Bucket>; counts: number }>;
}

const ANY = '*';

export class PodCounts {
  /** In the order of their use. */
  private readonly counts = new Map<string, Count>();
  private readonly byNamespace = new Map<string, NamespaceCounts>();
  private readonly labelOf: LabelOf;

  constructor(labelOf: LabelOf) {
    this.labelOf = labelOf;
  }

  of(what: Counted, pods: Placements): Tally {
    let count = this.counts.get(what.id);
    this.counts.delete(what.id);
    if (!count) this.add((count = { what, tally: new Tally(this.labelOf) }), pods);
    this.counts.set(what.id, count);
    if (this.counts.size > KEPT) this.drop(this.counts.values().next().value!);
    return count.tally;
  }

  /** By `sign`: a pod came (1) or went (-1). */
  update(info: PodInfo, nodeName: string, sign: 1 | -1): void {
    const own = this.byNamespace.get(info.namespace);
    if (own) {
      for (const count of own.plain) change(count, info, nodeName, sign);
      for (const [key, { buckets }] of own.labelled) {
        const value = info.labels[key];
        if (value === undefined) continue;
        const bucket = bucketOf(buckets, value);
        if (sign > 0) bucket.pods.set(info.uid, { info, nodeName });
        else bucket.pods.delete(info.uid);
        for (const count of bucket.counts) change(count, info, nodeName, sign);
        if (bucket.pods.size === 0 && bucket.counts.size === 0) buckets.delete(value);
      }
    }
    for (const count of this.byNamespace.get(ANY)?.plain ?? []) change(count, info, nodeName, sign);
  }

  nodesChanged(): void {
    for (const { tally } of this.counts.values()) tally.nodesChanged();
  }

  /** Labels of namespaces changed: what looks at them is counted anew. */
  namespacesChanged(): void {
    for (const count of this.byNamespace.get(ANY)?.plain ?? []) this.drop(count);
  }

  private add(count: Count, pods: Placements): void {
    const { namespace = ANY, label } = count.what;
    let own = this.byNamespace.get(namespace);
    if (!own) this.byNamespace.set(namespace, (own = { plain: new Set(), labelled: new Map() }));
    if (!label) {
      own.plain.add(count);
      for (const { info, nodeName } of pods()) change(count, info, nodeName, 1);
      return;
    }
    let index = own.labelled.get(label.key);
    if (!index) own.labelled.set(label.key, (index = { buckets: bucketsBy(label.key, namespace, pods), counts: 0 }));
    index.counts++;
    const bucket = bucketOf(index.buckets, label.value);
    bucket.counts.add(count);
    for (const { info, nodeName } of bucket.pods.values()) change(count, info, nodeName, 1);
  }

  private drop(count: Count): void {
    const { id, namespace = ANY, label } = count.what;
    this.counts.delete(id);
    const own = this.byNamespace.get(namespace);
    own?.plain.delete(count);
    const index = label && own?.labelled.get(label.key);
    if (index) {
      const bucket = bucketOf(index.buckets, label.value);
      bucket.counts.delete(count);
      if (bucket.pods.size === 0 && bucket.counts.size === 0) index.buckets.delete(label.value);
      if (--index.counts === 0) own!.labelled.delete(label.key);
    }
    if (own?.plain.size === 0 && own.labelled.size === 0) this.byNamespace.delete(namespace);
  }
}

function bucketOf(buckets: Map<string, Bucket>, value: string): Bucket {
  let bucket = buckets.get(value);
  if (!bucket) buckets.set(value, (bucket = { pods: new Map(), counts: new Set() }));
  return bucket;
}

function bucketsBy(key: string, namespace: string, pods: Placements): Map<string, Bucket> {
  const buckets = new Map<string, Bucket>();
  for (const { info, nodeName } of pods()) {
    const value = info.namespace === namespace ? info.labels[key] : undefined;
    if (value !== undefined) bucketOf(buckets, value).pods.set(info.uid, { info, nodeName });
  }
  return buckets;
}

function change({ what, tally }: Count, info: PodInfo, nodeName: string, sign: 1 | -1): void {
  if (what.namespace !== undefined && info.namespace !== what.namespace) return;
  if (what.matches(info)) tally.change(nodeName, sign);
}
