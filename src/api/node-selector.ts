// Node selectors (nodeSelector, node affinity) compiled to functions over a node. Upstream:
// component-helpers/scheduling/corev1/nodeaffinity/nodeaffinity.go.
import type { NodeSelectorRequirement, NodeSelectorTerm } from 'kubernetes-types/core/v1.js';

interface NodeFacts {
  name: string;
  labels: Readonly<Record<string, string>>;
}
export type NodeMatcher = (node: NodeFacts) => boolean;

const never: NodeMatcher = () => false;
const INTEGER = /^[+-]?\d+$/;

function requirement(r: NodeSelectorRequirement, value: (node: NodeFacts) => string | undefined): NodeMatcher {
  const values = new Set(r.values);
  switch (r.operator) {
    case 'In':
      return (node) => {
        const have = value(node);
        return have !== undefined && values.has(have);
      };
    case 'NotIn':
      return (node) => {
        const have = value(node);
        return have === undefined || !values.has(have);
      };
    case 'Exists':
      return (node) => value(node) !== undefined;
    case 'DoesNotExist':
      return (node) => value(node) === undefined;
    case 'Gt':
    case 'Lt': {
      const text = r.values?.[0];
      if (text === undefined || !INTEGER.test(text)) return never;
      const want = BigInt(text.replace(/^\+/, ''));
      return (node) => {
        const have = value(node);
        if (have === undefined || !INTEGER.test(have)) return false;
        const number = BigInt(have.replace(/^\+/, ''));
        return r.operator === 'Gt' ? number > want : number < want;
      };
    }
    default:
      return never;
  }
}

/** A term without any requirement matches nothing. */
export function termMatcher(term: NodeSelectorTerm): NodeMatcher {
  const all = [
    ...(term.matchExpressions ?? []).map((r) => requirement(r, (node) => node.labels[r.key])),
    ...(term.matchFields ?? []).map((r) =>
      requirement(r, (node) => (r.key === 'metadata.name' ? node.name : undefined)),
    ),
  ];
  if (all.length === 0) return never;
  return (node) => all.every((matches) => matches(node));
}

/** Terms are alternatives. */
export function termsMatcher(terms: readonly NodeSelectorTerm[]): NodeMatcher {
  const any = terms.map(termMatcher);
  return (node) => any.some((matches) => matches(node));
}

export function labelsMatcher(labels: Readonly<Record<string, string>>): NodeMatcher {
  const entries = Object.entries(labels);
  return (node) => entries.every(([key, value]) => node.labels[key] === value);
}

/**
 * The names that metadata.name requirements leave, when every term has one. Upstream: NodeAffinity.PreFilter.
 * `conflict`: a term asks for two names at once in all alternatives.
 */
export function namedNodes(terms: readonly NodeSelectorTerm[]): ReadonlySet<string> | 'conflict' | undefined {
  let names: Set<string> | undefined;
  for (const term of terms) {
    let inTerm: Set<string> | undefined;
    for (const r of term.matchFields ?? []) {
      if (r.key !== 'metadata.name' || r.operator !== 'In') continue;
      const listed = new Set(r.values);
      inTerm = inTerm ? new Set([...inTerm].filter((name) => listed.has(name))) : listed;
    }
    if (!inTerm) return undefined;
    names = new Set([...(names ?? []), ...inTerm]);
  }
  if (names?.size === 0) return 'conflict';
  return names;
}
