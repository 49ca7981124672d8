// Sets of fields that are equal exist once: of ten thousand pods of one template each would have its own otherwise, and
// such sets are half of what an object takes. Bounded; what is not in the pool is only not shared.
import { LEAF, isEmptySet, type FieldNode } from './field-set.ts';

/** Of the nodes' texts, in characters. */
const POOL_CHARACTERS = 2 << 20;
/** Larger ones are of large objects, which are few. */
const MAX_CHARACTERS = 4 << 10;

const pool = new Map<string, FieldNode>();
const shared = new WeakSet<FieldNode>();
let characters = 0;

/**
 * An equal set, which nobody may change from now on. Pooled is what stands below `spec`, `status` and the like, each by
 * itself: that a pod's address is its own does not matter to its conditions.
 */
export function pooled(set: FieldNode): FieldNode {
  if (shared.has(set)) return set;
  const whole = mapped(set, (field) => mapped(field, one));
  shared.add(whole);
  return whole;
}

function mapped(node: FieldNode, change: (child: FieldNode) => FieldNode): FieldNode {
  const result: FieldNode = {};
  for (const element in node) result[element] = change(node[element]!);
  return result;
}

function one(node: FieldNode): FieldNode {
  if (isEmptySet(node)) return LEAF;
  if (shared.has(node)) return node;
  const text = JSON.stringify(node);
  const known = pool.get(text);
  if (known) return known;
  if (text.length > MAX_CHARACTERS) return node;
  for (const oldest of pool.keys()) {
    if (characters + text.length <= POOL_CHARACTERS) break;
    pool.delete(oldest);
    characters -= oldest.length;
  }
  pool.set(text, node);
  shared.add(node);
  characters += text.length;
  return node;
}
