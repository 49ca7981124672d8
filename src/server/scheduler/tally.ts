// A number of pods for each node, and the same by the value of a node label: made when first asked for, then kept up to
// date pod by pod. Maps are handed out live.
import type { Selector } from '../../api/selector.ts';

/** Reads a label of a node that is there. */
export type LabelOf = (nodeName: string, key: string) => string | undefined;

/** Selectors that match nothing and everything print alike. */
export const selectorId = (selector: Selector): string =>
  selector.requirements.length > 0 ? selector.toString() : selector.empty ? '*' : '-';

/** Those of controllers tell the pods of one template from all others. */
const SELECTIVE = ['pod-template-hash', 'controller-revision-hash', 'job-name'];

/** A label that whatever matches has, the most telling one; undefined when the selector asks for no single value. */
export function labelAskedFor({ requirements }: Selector): { key: string; value: string } | undefined {
  let found: { key: string; value: string } | undefined;
  for (const { key, operator, values } of requirements) {
    if (values.length !== 1 || (operator !== '=' && operator !== '==' && operator !== 'in')) continue;
    const label = { key, value: values[0]! };
    if (SELECTIVE.includes(key)) return label;
    found ??= label;
  }
  return found;
}

export class Tally {
  readonly byNode = new Map<string, number>();
  private readonly byLabel = new Map<string, Map<string, number>>();
  private readonly labelOf: LabelOf;

  constructor(labelOf: LabelOf) {
    this.labelOf = labelOf;
  }

  change(nodeName: string, by: number): void {
    adjust(this.byNode, nodeName, by);
    for (const [key, values] of this.byLabel) adjust(values, this.labelOf(nodeName, key), by);
  }

  /** Nodes without the label do not count. */
  values(key: string): ReadonlyMap<string, number> {
    let values = this.byLabel.get(key);
    if (values) return values;
    this.byLabel.set(key, (values = new Map()));
    for (const [nodeName, n] of this.byNode) adjust(values, this.labelOf(nodeName, key), n);
    return values;
  }

  /** Nodes came, went or changed their labels. */
  nodesChanged(): void {
    this.byLabel.clear();
  }
}

function adjust(counts: Map<string, number>, id: string | undefined, by: number): void {
  if (id === undefined) return;
  const value = (counts.get(id) ?? 0) + by;
  if (value > 0) counts.set(id, value);
  else counts.delete(id);
}
