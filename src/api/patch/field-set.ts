// Sets of field paths, in the form that managedFields has them on the wire (FieldsV1), and the algebra of these sets.
// Nodes are immutable: results share what they can with their operands.
// Upstream: structured-merge-diff fieldpath/set.go, serialize.go.
//
//   {"f:spec":{"f:replicas":{}}}         the path .spec.replicas is a member
//   {"f:labels":{".":{},"f:app":{}}}     .labels is a member, and so is .labels.app
//   f:<field>   k:<keys of a list item as JSON>   v:<value of a set's item as JSON>   i:<index>
import { stringifyJson } from '../codec/json.ts';

/** A node below the root: empty means that the path is a member; otherwise `.` says so. */
export interface FieldNode {
  [element: string]: FieldNode;
}

export const LEAF: FieldNode = Object.freeze({});
const SELF = '.';

export const isMember = (node: FieldNode): boolean => SELF in node || isLeaf(node);

function isLeaf(node: FieldNode): boolean {
  for (const _ in node) return false;
  return true;
}

/** A root without children is the empty set. */
export const isEmptySet = isLeaf;

/**
 * Fields by name, then items by keys, then values; `.` is first. What is shorter comes first, and numbers compare as
 * numbers. Upstream: fieldpath PathElement.Compare, value.FieldList.Compare.
 */
export function compareElements(a: string, b: string): number {
  if (a === b) return 0;
  if (a.charCodeAt(0) !== 0x66 && a.charCodeAt(0) === b.charCodeAt(0)) {
    const ordered = compareJson(a, b);
    if (ordered !== 0) return ordered;
  }
  return a < b ? -1 : 1;
}

/** Where the order of JSON's texts is not the order of what they say; 0: it is. */
function compareJson(a: string, b: string): number {
  let at = 0;
  while (a[at] === b[at]) at++;
  const [x, y] = [a[at], b[at]];
  // One has more keys.
  if (x === '}' && y === ',' && at === a.length - 1) return -1;
  if (y === '}' && x === ',' && at === b.length - 1) return 1;
  // One text ends, and the other goes on with what sorts before its quote.
  if (x === '"' && (y === ' ' || y === '!')) return -1;
  if (y === '"' && (x === ' ' || x === '!')) return 1;
  let from = at;
  while (from > 0 && NUMERIC.test(a[from - 1]!)) from--;
  // A value follows a key's quote, or is the whole element; a colon within a text is none.
  if (a[from - 1] !== ':' || (from !== 2 && a[from - 2] !== '"')) return 0;
  const [m, n] = [numberAt(a, from), numberAt(b, from)];
  return m === undefined || n === undefined ? 0 : m - n;
}

const NUMERIC = /[-+0-9.eE]/;

function numberAt(text: string, from: number): number | undefined {
  let to = from;
  while (to < text.length && NUMERIC.test(text[to]!)) to++;
  return to === from ? undefined : Number(text.slice(from, to));
}

/** What is made from one operand is; a sort, even of that, copies it. */
function inOrder(entries: readonly [string, FieldNode][]): boolean {
  for (let i = 1; i < entries.length; i++) if (compareElements(entries[i - 1]![0], entries[i]![0]) > 0) return false;
  return true;
}

/** A node with these children, in order; undefined when there are none and it is no member. */
function build(entries: [string, FieldNode][], member: boolean): FieldNode | undefined {
  if (entries.length === 0) return member ? LEAF : undefined;
  if (!inOrder(entries)) entries.sort((x, y) => compareElements(x[0], y[0]));
  const node: FieldNode = {};
  if (member) node[SELF] = LEAF;
  for (const [element, child] of entries) node[element] = child;
  return node;
}

function unionNodes(a: FieldNode, b: FieldNode, root: boolean): FieldNode {
  if (a === b) return a;
  const entries: [string, FieldNode][] = [];
  let same = true;
  for (const element in a) {
    if (element === SELF) continue;
    const [mine, theirs] = [a[element]!, b[element]];
    const merged = theirs ? unionNodes(mine, theirs, false) : mine;
    if (merged !== mine) same = false;
    entries.push([element, merged]);
  }
  for (const element in b) {
    if (element === SELF || element in a) continue;
    entries.push([element, b[element]!]);
    same = false;
  }
  const member = !root && (isMember(a) || isMember(b));
  if (same && (root || member === isMember(a))) return a;
  return build(entries, member) ?? LEAF;
}

export const union = (a: FieldNode, b: FieldNode): FieldNode => unionNodes(a, b, true);

function differenceNodes(a: FieldNode, b: FieldNode, root: boolean, recursive: boolean): FieldNode | undefined {
  if (recursive && !root && isMember(b)) return undefined;
  const entries: [string, FieldNode][] = [];
  let same = true;
  for (const element in a) {
    if (element === SELF) continue;
    const [mine, theirs] = [a[element]!, b[element]];
    const left = theirs ? differenceNodes(mine, theirs, false, recursive) : mine;
    if (left !== mine) same = false;
    if (left) entries.push([element, left]);
  }
  const was = !root && isMember(a);
  const member = was && !isMember(b);
  if (same && member === was) return a;
  return build(entries, member);
}

/** The members of `a` that are not members of `b`. */
export const difference = (a: FieldNode, b: FieldNode): FieldNode => differenceNodes(a, b, true, false) ?? LEAF;

/** Without the members of `b` and everything below them. */
export const recursiveDifference = (a: FieldNode, b: FieldNode): FieldNode => differenceNodes(a, b, true, true) ?? LEAF;

function intersectionNodes(a: FieldNode, b: FieldNode, root: boolean): FieldNode | undefined {
  const entries: [string, FieldNode][] = [];
  for (const element in a) {
    const theirs = element === SELF ? undefined : b[element];
    const both = theirs && intersectionNodes(a[element]!, theirs, false);
    if (both) entries.push([element, both]);
  }
  return build(entries, !root && isMember(a) && isMember(b));
}

export const intersection = (a: FieldNode, b: FieldNode): FieldNode => intersectionNodes(a, b, true) ?? LEAF;

/** The set with one path in it, of element texts. */
export function pathSet(...elements: string[]): FieldNode {
  return elements.reduceRight<FieldNode>((node, element) => ({ [element]: node }), LEAF);
}

/** `spec.template` and the like as a set, for fields that a strategy resets. */
export function setOfPaths(paths: readonly string[]): FieldNode {
  return paths.map((p) => pathSet(...p.split('.').map((name) => `f:${name}`))).reduce(union, LEAF);
}

function show(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value) : stringifyJson(value);
}

/** A path's part as upstream prints it: `.name`, `[name="a"]`, `[="x"]`. */
export function elementText(element: string): string {
  const rest = element.slice(2);
  switch (element.charAt(0)) {
    case 'k': {
      const keys = JSON.parse(rest) as Record<string, unknown>;
      return `[${Object.keys(keys)
        .map((k) => `${k}=${show(keys[k])}`)
        .join(',')}]`;
    }
    case 'v':
      return `[=${show(JSON.parse(rest))}]`;
    case 'i':
      return `[${rest}]`;
  }
  return `.${rest}`;
}

/** Every member as upstream prints a path: `.spec.containers[name="a"].image`. */
export function memberPaths(set: FieldNode, prefix = ''): string[] {
  const paths: string[] = [];
  for (const element in set) {
    if (element === SELF) continue;
    const node = set[element]!;
    const path = prefix + elementText(element);
    if (isMember(node)) paths.push(path);
    paths.push(...memberPaths(node, path));
  }
  return paths;
}
