// From an object to the set of its fields: what a create owns, and what an apply owns. These differ in whether maps and
// lists themselves are members. The create is on the API server's hot path: one walk, no intermediate set.
// Upstream: structured-merge-diff typed/compare.go (everything added), typed/tofieldset.go.
import { deepEqual } from './equal.ts';
import { LEAF, compareElements, type FieldNode } from './field-set.ts';
import { isEmptyValue, shapeOf, type MergeType } from './merge-type.ts';

type Fields = Record<string, unknown>;

/** Array.prototype.sort copies what it sorts; objects have few fields, and insertion is in place. */
const FEW = 24;

function sortedKeys(fields: Fields): string[] {
  const names = Object.keys(fields);
  if (names.length > FEW) return names.sort();
  for (let i = 1; i < names.length; i++) {
    const name = names[i]!;
    let place = i;
    while (place > 0 && names[place - 1]! > name) names[place] = names[--place]!;
    names[place] = name;
  }
  return names;
}

/** Elements and their items, in FieldsV1's order; an item that repeats keys stays one piece. */
function itemsByElement(list: unknown[], type: MergeType): [string, unknown, boolean][] {
  if (list.length === 1) return [[type.itemElement(list[0]), list[0], false]];
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
  return addChildren({ '.': LEAF }, value as object, shape, type);
}

function addChildren(node: FieldNode, value: object, shape: 'map' | 'list', type: MergeType): FieldNode {
  if (shape === 'map') {
    for (const name of sortedKeys(value as Fields)) {
      const inner = (value as Fields)[name];
      if (inner !== undefined) node[type.elementOf(name)] = addedNode(inner, type.field(name));
    }
  } else {
    for (const [element, item, twice] of itemsByElement(value as unknown[], type)) {
      node[element] = twice ? LEAF : addedNode(item, type.items);
    }
  }
  return node;
}

/**
 * The node of what differs from Go's empty struct: structs held by value are there already and so are no members.
 * Undefined when nothing differs.
 */
export function createdNode(fields: Fields, type: MergeType): FieldNode | undefined {
  const node: FieldNode = {};
  let any = false;
  for (const name of sortedKeys(fields)) {
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
  if (shape !== 'leaf' && !isEmptyValue(value as object)) return addChildren({}, value as object, shape, type);
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
  for (const name of sortedKeys(fields)) {
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
