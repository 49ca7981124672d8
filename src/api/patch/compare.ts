// What changed between two objects, as three field sets. Parts that are the same object are not walked.
// Upstream: structured-merge-diff typed/compare.go.
import { deepEqual } from './equal.ts';
import { LEAF, compareElements, isEmptySet as isLeaf, type FieldNode } from './field-set.ts';
import { addedNode } from './field-walk.ts';
import { isEmptyValue, shapeOf, type MergeType } from './merge-type.ts';

type Fields = Record<string, unknown>;

export interface Comparison {
  added?: FieldNode;
  modified?: FieldNode;
  removed?: FieldNode;
}
const outcomes = ['added', 'modified', 'removed'] as const;

/** Gathers the children's outcomes under their elements. */
class Gatherer {
  private readonly found: Partial<Record<(typeof outcomes)[number], [string, FieldNode][]>> = {};

  add(element: string, child: Comparison | undefined): void {
    if (!child) return;
    for (const outcome of outcomes) {
      const node = child[outcome];
      if (node) (this.found[outcome] ??= []).push([element, node]);
    }
  }

  result(): Comparison | undefined {
    const result: Comparison = {};
    let any = false;
    for (const outcome of outcomes) {
      const entries = this.found[outcome];
      if (!entries) continue;
      entries.sort((a, b) => compareElements(a[0], b[0]));
      result[outcome] = Object.fromEntries(entries);
      any = true;
    }
    return any ? result : undefined;
  }
}

/** Undefined when both are the same. Absent is undefined; null is a value. */
export function compareValues(before: unknown, after: unknown, type: MergeType): Comparison | undefined {
  if (before === after) return undefined;
  if (before === undefined) return { added: addedNode(after, type) };
  if (after === undefined) return { removed: addedNode(before, type) };
  const [a, b] = [shapeOf(before, type), shapeOf(after, type)];
  const emptyA = a === 'leaf' ? before === null : isEmptyValue(before as object);
  const emptyB = b === 'leaf' ? after === null : isEmptyValue(after as object);
  const walks = (a !== 'leaf' || emptyA) && (b !== 'leaf' || emptyB) && !(emptyA && emptyB);
  if (!walks) return deepEqual(before, after) ? undefined : replaced(before, after, type);
  return a === 'list' || b === 'list'
    ? compareLists((before ?? []) as unknown[], (after ?? []) as unknown[], type)
    : compareFields((before ?? {}) as Fields, (after ?? {}) as Fields, type);
}

/** A map that gives way to a scalar takes its fields along, and the other way round. */
function replaced(before: unknown, after: unknown, type: MergeType): Comparison {
  const [removed, added] = [before, after].map((value) => {
    const { '.': _, ...below } = addedNode(value, type);
    return below;
  });
  return {
    modified: LEAF,
    ...(isLeaf(removed!) ? {} : { removed }),
    ...(isLeaf(added!) ? {} : { added }),
  } as Comparison;
}

function compareFields(before: Fields, after: Fields, type: MergeType): Comparison | undefined {
  const found = new Gatherer();
  for (const name of Object.keys(before)) {
    if (before[name] === after[name]) continue;
    found.add(type.elementOf(name), compareValues(before[name], own(after, name), type.field(name)));
  }
  for (const name of Object.keys(after)) {
    if (Object.hasOwn(before, name) || after[name] === undefined) continue;
    found.add(type.elementOf(name), compareValues(undefined, after[name], type.field(name)));
  }
  return found.result();
}

const own = (fields: Fields, name: string): unknown => (Object.hasOwn(fields, name) ? fields[name] : undefined);

function index(list: unknown[], type: MergeType): Map<string, unknown[]> {
  const found = new Map<string, unknown[]>();
  for (const item of list) {
    const element = type.itemElement(item);
    const items = found.get(element);
    if (items) items.push(item);
    else found.set(element, [item]);
  }
  return found;
}

function compareLists(before: unknown[], after: unknown[], type: MergeType): Comparison | undefined {
  // Most are the same, and then nobody needs to know which item is which.
  if (deepEqual(before, after)) return undefined;
  const [left, right] = [index(before, type), index(after, type)];
  const found = new Gatherer();
  for (const element of new Set([...left.keys(), ...right.keys()])) {
    const [a, b] = [left.get(element) ?? [], right.get(element) ?? []];
    if (a.length <= 1 && b.length <= 1) found.add(element, compareValues(a[0], b[0], type.items));
    else if (a.length > 1 && b.length > 1) {
      if (!deepEqual(a, b)) found.add(element, { modified: LEAF });
    } else if (a.length > 1) {
      found.add(element, { removed: LEAF, ...(b.length > 0 ? { added: addedNode(b[0], type.items) } : {}) });
    } else found.add(element, { added: LEAF, ...(a.length > 0 ? { removed: addedNode(a[0], type.items) } : {}) });
  }
  return found.result();
}

/** The outcome without some fields and all below them. */
export function filterComparison(comparison: Comparison, filter: (set: FieldNode) => FieldNode): Required<Comparison> {
  return {
    added: filter(comparison.added ?? LEAF),
    modified: filter(comparison.modified ?? LEAF),
    removed: filter(comparison.removed ?? LEAF),
  };
}
