// Spreads pods over topology domains: hard constraints filter, soft ones and the system's defaults score.
// Upstream: pkg/scheduler/framework/plugins/podtopologyspread. The arithmetic is in _spread.ts.
import { type AnyPlugin, MAX_NODE_SCORE, SKIP, definePlugin, unresolvable, unschedulable } from '../framework.ts';
import {
  type Constraint,
  type DefaultConstraint,
  SYSTEM_DEFAULTS,
  type Domains,
  constraintsOf,
  countAllDomains,
  countDomains,
  hasKeys,
  includesNode,
} from './_spread.ts';

const VIOLATED = unschedulable("node(s) didn't match pod topology spread constraints");
const NO_LABEL = unresolvable("node(s) didn't match pod topology spread constraints (missing required label)");

interface FilterState {
  constraints: readonly Constraint[];
  domains: readonly Domains[];
}

interface ScoreState {
  constraints: readonly Constraint[];
  domains: readonly Domains[];
  weights: readonly number[];
  /** A node without the keys is ignored when the constraints are the pod's own. */
  strict: boolean;
}

interface Args {
  defaultingType?: 'System' | 'List';
  defaultConstraints?: readonly DefaultConstraint[];
}

function create({ defaultingType = 'System', defaultConstraints = [] }: Args): AnyPlugin {
  const system = defaultingType === 'System';
  const defaults = system ? SYSTEM_DEFAULTS : defaultConstraints;
  return definePlugin<FilterState, ScoreState>({
    name: 'PodTopologySpread',
    weight: 2,
    configure: (args) => create(args as Args),
    preFilter(pod, view) {
      const constraints = constraintsOf(pod, view, 'DoNotSchedule', defaults);
      if (constraints.length === 0) return SKIP;
      const domains = constraints.map((c) => countAllDomains(c, pod, view, constraints));
      return { state: { constraints, domains }, follows: 'snapshot' };
    },
    filter(pod, node, { constraints, domains }) {
      for (let i = 0; i < constraints.length; i++) {
        const c = constraints[i]!;
        const value = node.labels[c.topologyKey];
        if (value === undefined) return NO_LABEL;
        const { counts, least, size } = domains[i]!;
        // With fewer domains than asked for, the least count is taken as zero.
        const minimum = size < c.minDomains ? 0 : least;
        const own = c.selector.matches(pod.labels) ? 1 : 0;
        if ((counts.get(value) ?? 0) + own - minimum > c.maxSkew) return VIOLATED;
      }
      return undefined;
    },
    preScore(pod, nodes, view) {
      const constraints = constraintsOf(pod, view, 'ScheduleAnyway', defaults);
      if (constraints.length === 0) return SKIP;
      const strict = !system || pod.spreadConstraints.length > 0;
      const scored = strict ? nodes.filter((node) => hasKeys(node, constraints)) : nodes;
      const domains = constraints.map((c) => countDomains(c, pod, view, scored, strict ? constraints : []));
      const weights = domains.map((d, i) => Math.log((constraints[i]!.perNode ? scored.length : d.size) + 2));
      return { constraints, domains, weights, strict };
    },
    score(pod, node, { constraints, domains, weights, strict }) {
      if (strict && !hasKeys(node, constraints)) return -1;
      let score = 0;
      for (let i = 0; i < constraints.length; i++) {
        const c = constraints[i]!;
        const value = node.labels[c.topologyKey];
        if (value === undefined || !includesNode(c, pod, node)) continue;
        score += (domains[i]!.counts.get(c.perNode ? node.name : value) ?? 0) * weights[i]! + (c.maxSkew - 1);
      }
      return Math.round(score);
    },
    /** Fewer is better; ignored nodes (-1) get nothing. */
    normalize(scores) {
      let [min, max] = [Infinity, 0];
      for (const score of scores) {
        if (score < 0) continue;
        min = Math.min(min, score);
        max = Math.max(max, score);
      }
      for (let i = 0; i < scores.length; i++) {
        const score = scores[i]!;
        if (score < 0) scores[i] = 0;
        else scores[i] = max === 0 ? MAX_NODE_SCORE : Math.trunc((MAX_NODE_SCORE * (max + min - score)) / max);
      }
    },
    events: [
      { resource: 'AssignedPod', actions: ['add', 'delete', 'updateLabels'] },
      { resource: 'Pod', actions: ['updateLabels'] },
      { resource: 'Node', actions: ['add', 'delete', 'updateLabels', 'updateTaints'] },
    ],
  });
}

export default create({});
