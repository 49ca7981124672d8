// From an object to the set of its fields: what a create owns, and what an apply owns. These differ in whether maps and
// lists themselves are members. The create is on the API server's hot path: one walk, no intermediate set.
// Upstream: structured-merge-diff typed/compare.go (everything added), typed/tofieldset.go.
import { deepEqual } from './equal.ts';
import { LEAF, compareElements, type FieldNode } from './field-set.ts';
import { isEmptyValue, shapeOf, type MergeType } from './merge-type.ts';

type Fields = Record<string, unknown>;

/** Elements and their items, in FieldsV1's order; an item that repeats keys stays one piece. */
function itemsByElement(list: unknown[], type: MergeType): [string, unknown, boolean][] {
  const found: [string, unknown, boolean][] = [];
  const places = new Map<string, number>();
  for (const item of list) {
    const element = type.itemElement(item);
    const place = places.get(element);
    if (place === undefined) {
      places.set(element, found.length);
      found.push([element, item, false]);
    } else found[place]![2] = true;
  }
  return found.sort((a, b) => compareElements(a[0], b[0]));
}

/** The node of a value that was not there before: it and all below it are members. */
export function addedNode(value: unknown, type: MergeType): FieldNode {
  const shape = shapeOf(value, type);
  if (shape === 'leaf' || isEmptyValue(value as object)) return LEAF;
  const node: FieldNode = { '.': LEAF };
  if (shape === 'map') addFields(node, value as Fields, type);
  else
    for (const [element, item, twice] of itemsByElement(value as unknown[], type)) {
      node[element] = twice ? LEAF : addedNode(item, type.items);
    }
  return node;
}

function addFields(node: FieldNode, fields: Fields, type: MergeType): void {
  const names = Object.keys(fields);
  if (names.length > 1) names.sort();
  for (const name of names) {
    const value = fields[name];
    if (value !== undefined) node[type.elementOf(name)] = addedNode(value, type.field(name));
  }
}

/**
 * The node of what differs from Go's empty struct: structs held by value are there already and so are no members.
 * Undefined when nothing differs.
 */
export function createdNode(fields: Fields, type: MergeType): FieldNode | undefined {
  const node: FieldNode = {};
  let any = false;
  const names = Object.keys(fields).sort();
  for (const name of names) {
    const value = fields[name];
    if (value === undefined) continue;
    const inner = type.field(name);
    const child = inner.zero === undefined ? addedNode(value, inner) : beyondZero(value, inner);
    if (!child) continue;
    node[type.elementOf(name)] = child;
    any = true;
  }
  return any ? node : undefined;
}

function beyondZero(value: unknown, type: MergeType): FieldNode | undefined {
  const { zero } = type;
  const shape = shapeOf(value, type);
  if (shape === 'map' && !isEmptyValue(value as object) && zero !== null) return createdNode(value as Fields, type);
  if (shape !== 'leaf' && !isEmptyValue(value as object)) {
    const { '.': _, ...children } = addedNode(value, type);
    return children;
  }
  return deepEqual(value, zero) ? undefined : LEAF;
}

/** What an apply of this object owns; undefined when nothing. Maps and lists are no members, their leaves are. */
export function appliedNode(value: unknown, type: MergeType): FieldNode | undefined {
  const shape = shapeOf(value, type);
  if (shape === 'leaf') return LEAF;
  const node: FieldNode = {};
  let any = false;
  const add = (element: string, child: FieldNode | undefined): void => {
    if (!child) return;
    node[element] = child;
    any = true;
  };
  if (shape === 'list') {
    for (const [element, item, twice] of itemsByElement(value as unknown[], type)) {
      const inner = twice ? LEAF : appliedNode(item, type.items);
      // An item is a member beside its fields.
      add(element, inner && inner !== LEAF ? { '.': LEAF, ...inner } : LEAF);
    }
    return any ? node : undefined;
  }
  const fields = value as Fields;
  for (const name of Object.keys(fields).sort()) {
    const member = fields[name];
    if (member === undefined) continue;
    const inner = appliedNode(member, type.field(name));
    const empty = member === null || (typeof member === 'object' && !Array.isArray(member) && isEmptyValue(member));
    // A key of a map is a member; a struct's field is one only by its content.
    if (empty) add(type.elementOf(name), LEAF);
    else if (type.declares(name)) add(type.elementOf(name), inner);
    else add(type.elementOf(name), inner && inner !== LEAF ? { '.': LEAF, ...inner } : LEAF);
  }
  return any ? node : undefined;
}
