// Merges an applied object into the live one by type, and removes fields by path. Inputs are never changed; what is the
// same is shared. Upstream: structured-merge-diff typed/merge.go, typed/remove.go.
import { setOwn } from '../codec/json.ts';
import { badRequest } from '../status.ts';
import { isMember, elementText, type FieldNode } from './field-set.ts';
import { isEmptyValue, shapeOf, type MergeType } from './merge-type.ts';

type Fields = Record<string, unknown>;

/** The live value with the applied one over it: fields merge, keyed items merge, all else is the applied value's. */
export function mergeValues(live: unknown, applied: unknown, type: MergeType): unknown {
  if (applied === undefined || live === applied) return live;
  if (live === undefined) {
    checkDuplicates(applied, type);
    return applied;
  }
  const [a, b] = [shapeOf(live, type), shapeOf(applied, type)];
  // A null applied to a map or list that has content changes nothing.
  if (applied === null && a !== 'leaf' && !isEmptyValue(live as object)) return live;
  if (a !== b || b === 'leaf') {
    checkDuplicates(applied, type);
    return applied;
  }
  if (isEmptyValue(live as object) && isEmptyValue(applied as object)) return applied;
  return b === 'list'
    ? mergeLists(live as unknown[], applied as unknown[], type)
    : mergeFields(live as Fields, applied as Fields, type);
}

function mergeFields(live: Fields, applied: Fields, type: MergeType): Fields {
  let result = live;
  for (const name of Object.keys(applied)) {
    const before = Object.hasOwn(live, name) ? live[name] : undefined;
    const merged = mergeValues(before, applied[name], type.field(name));
    if (merged === before || merged === undefined) continue;
    if (result === live) result = { ...live };
    setOwn(result, name, merged);
  }
  return result;
}

/** Keys that an applied list repeats are an error; in a live list they are one piece and go with the applied item. */
function indexApplied(list: unknown[], type: MergeType): Map<string, unknown> {
  const found = new Map<string, unknown>();
  list.forEach((item) => {
    const element = type.itemElement(item);
    if (found.has(element)) throw badRequest(`duplicate entries for key ${elementText(element)}`);
    found.set(element, item);
  });
  return found;
}

function checkDuplicates(value: unknown, type: MergeType): void {
  const shape = shapeOf(value, type);
  if (shape === 'list') {
    for (const item of indexApplied(value as unknown[], type).values()) checkDuplicates(item, type.items);
  } else if (shape === 'map') {
    for (const [name, member] of Object.entries(value as Fields)) checkDuplicates(member, type.field(name));
  }
}

/**
 * The applied list's order holds for what it has; what only the live list has stays where it stood between them.
 * Upstream: mergingWalker.visitListItems.
 */
function mergeLists(live: unknown[], applied: unknown[], type: MergeType): unknown[] {
  const right = indexApplied(applied, type);
  const left = new Map<string, unknown>();
  const leftElements = live.map((item) => {
    const element = type.itemElement(item);
    left.set(element, left.has(element) ? undefined : item);
    return element;
  });
  const rightElements = [...right.keys()];
  const shared = rightElements.filter((element) => left.has(element));
  let nextShared = shared.shift();
  const out: unknown[] = [];
  const done = new Set<string>();
  const put = (element: string): void => {
    done.add(element);
    out.push(mergeValues(left.get(element), right.get(element), type.items));
  };
  let l = 0;
  let r = 0;
  while (l < leftElements.length || r < rightElements.length) {
    const mine = leftElements[l];
    const theirs = rightElements[r];
    if (mine !== undefined && theirs !== undefined) {
      if (mine === theirs) {
        put(mine);
        l++;
        r++;
        nextShared = shared.shift();
        continue;
      }
      if (right.has(mine) && nextShared !== undefined && nextShared !== mine) {
        l++;
        continue;
      }
    }
    if (mine !== undefined) {
      if (!right.has(mine)) {
        out.push(live[l]);
        l++;
        continue;
      }
      if (done.has(mine)) l++;
    }
    if (theirs !== undefined) {
      put(theirs);
      r++;
      if (nextShared === theirs) nextShared = shared.shift();
    }
  }
  const same = out.length === live.length && out.every((item, i) => item === live[i]);
  return same ? live : out;
}

/**
 * The value without the members of the set; undefined when nothing is left of it. What `keep` has as a member stays, if
 * only empty: `emptyDir: {}` is something. (Upstream leaves null, which decodes to nothing.)
 */
export function removeMembers(value: unknown, remove: FieldNode, type: MergeType, keep?: FieldNode): unknown {
  const shape = shapeOf(value, type);
  if (shape === 'leaf') return value;
  if (isEmptyValue(value as object)) return undefined;
  const rest = (inner: unknown, element: string, innerType: MergeType): unknown => {
    const node = remove[element];
    if (!node) return inner;
    if (isMember(node)) return undefined;
    const kept = keep?.[element];
    const left = removeMembers(inner, node, innerType, kept);
    if (left !== undefined || !kept || !isMember(kept)) return left;
    return Array.isArray(inner) ? [] : {};
  };
  if (shape === 'list') {
    const items = (value as unknown[]).map((item) => rest(item, type.itemElement(item), type.items));
    const kept = items.filter((item) => item !== undefined);
    return kept.length > 0 ? kept : undefined;
  }
  const kept: Fields = {};
  let any = false;
  for (const [name, member] of Object.entries(value as Fields)) {
    const left = rest(member, type.elementOf(name), type.field(name));
    if (left === undefined) continue;
    setOwn(kept, name, left);
    any = true;
  }
  return any ? kept : undefined;
}

/** Struct fields that are only on the way to members become members. Upstream: EnsureNamedFieldsAreMembers. */
export function withNamedFields(set: FieldNode, type: MergeType): FieldNode {
  const result: FieldNode = {};
  for (const element in set) {
    const node = set[element]!;
    if (element === '.') {
      result[element] = node;
      continue;
    }
    const isField = element.startsWith('f:');
    const name = element.slice(2);
    const inner = withNamedFields(node, isField ? type.field(name) : type.items);
    const named = isField && type.declares(name) && !isMember(node);
    result[element] = named ? { '.': {}, ...inner } : inner;
  }
  return result;
}
