// Arguments of the default plug-ins in a configuration file: their fields, and upstream's rules for the values.
// Upstream: pkg/scheduler/apis/config/validation/validation_pluginargs.go.
import { type FieldErrors, at } from '../../../api/validation.ts';
import { type Fields, type Shape, checkShape } from './shape.ts';

const RESOURCES: Shape = [{ name: 'string', weight: 'integer' }];
const POINTS: Shape = [{ utilization: 'integer', score: 'integer' }];
const TERM: Fields = {
  matchExpressions: [{ key: 'string', operator: 'string', values: ['string'] }],
  matchFields: [{ key: 'string', operator: 'string', values: ['string'] }],
};
const TYPE: Fields = { apiVersion: 'string', kind: 'string' };

export const argumentShapes: Readonly<Record<string, Fields>> = {
  DefaultPreemption: { ...TYPE, minCandidateNodesPercentage: 'integer', minCandidateNodesAbsolute: 'integer' },
  InterPodAffinity: { ...TYPE, hardPodAffinityWeight: 'integer', ignorePreferredTermsOfExistingPods: 'boolean' },
  NodeAffinity: {
    ...TYPE,
    addedAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [TERM] },
      preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 'integer', preference: TERM }],
    },
  },
  NodeResourcesBalancedAllocation: { ...TYPE, resources: RESOURCES },
  NodeResourcesFit: {
    ...TYPE,
    ignoredResources: ['string'],
    ignoredResourceGroups: ['string'],
    scoringStrategy: { type: 'string', resources: RESOURCES, requestedToCapacityRatio: { shape: POINTS } },
  },
  PodTopologySpread: {
    ...TYPE,
    defaultingType: 'string',
    defaultConstraints: [
      { maxSkew: 'integer', topologyKey: 'string', whenUnsatisfiable: 'string', labelSelector: 'any' },
    ],
  },
  VolumeBinding: { ...TYPE, bindTimeoutSeconds: 'integer', shape: POINTS },
  DynamicResources: { ...TYPE, filterTimeout: 'duration', bindingTimeout: 'duration' },
};

// The shape has been checked when a rule is asked.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Args = any;
type Rule = (args: Args, path: string, errors: FieldErrors) => void;

function within(value: number | undefined, [min, max]: [number, number], path: string, errors: FieldErrors): void {
  if (value === undefined || (value >= min && value <= max)) return;
  const end = max === Infinity ? 'inf)' : `${max}]`;
  errors.invalid(path, value, `not in valid range [${min}, ${end}`);
}

function checkPoints(points: Args, path: string, errors: FieldErrors): void {
  if (!points?.length) return errors.required(path, 'at least one point must be specified');
  for (let i = 1; i < points.length; i++) {
    if (points[i - 1].utilization < points[i].utilization) continue;
    errors.invalid(at(at(path, i), 'utilization'), points[i].utilization, 'values must be sorted in increasing order');
    break;
  }
  points.forEach((point: Args, i: number) => {
    within(point.utilization ?? 0, [0, 100], at(at(path, i), 'utilization'), errors);
    within(point.score ?? 0, [0, 10], at(at(path, i), 'score'), errors);
  });
}

const STRATEGIES = ['LeastAllocated', 'MostAllocated', 'RequestedToCapacityRatio'];

function checkStrategy(strategy: Args, path: string, errors: FieldErrors): void {
  if (!strategy) return;
  const { type = '', resources = [], requestedToCapacityRatio: ratio } = strategy;
  if (!STRATEGIES.includes(type)) errors.notSupported(at(path, 'type'), type, STRATEGIES);
  resources.forEach(({ name, weight }: Args, i: number) => {
    if (!weight || (weight > 0 && weight <= 100)) return;
    const field = at(at(at(path, 'resources'), i), 'weight');
    errors.invalid(field, weight, `resource weight of ${name} not in valid range (0, 100]`);
  });
  const ratioPath = at(path, 'requestedToCapacityRatio');
  if (type !== STRATEGIES[2]) {
    if (ratio) errors.forbidden(ratioPath, 'must be nil when type is not RequestedToCapacityRatio');
  } else if (!ratio) errors.required(ratioPath, 'must be specified when type is RequestedToCapacityRatio');
  else checkPoints(ratio.shape, at(ratioPath, 'shape'), errors);
}

function checkConstraint(c: Args, path: string, errors: FieldErrors): void {
  if (!(c.maxSkew > 0)) errors.invalid(at(path, 'maxSkew'), c.maxSkew ?? 0, 'not in valid range (0, inf)');
  if (!c.topologyKey) errors.required(at(path, 'topologyKey'), 'can not be empty');
  const when = at(path, 'whenUnsatisfiable');
  const actions = ['DoNotSchedule', 'ScheduleAnyway'];
  if (!c.whenUnsatisfiable) errors.required(when, 'can not be empty');
  else if (!actions.includes(c.whenUnsatisfiable)) errors.notSupported(when, c.whenUnsatisfiable, actions);
  if (c.labelSelector) {
    const text = 'constraint must not define a selector, as they deduced for each pod';
    errors.forbidden(at(path, 'labelSelector'), text);
  }
}

const rules: Readonly<Record<string, Rule>> = {
  DefaultPreemption(args, path, errors) {
    const { minCandidateNodesPercentage: percentage = 10, minCandidateNodesAbsolute: absolute = 100 } = args;
    const paths = [at(path, 'minCandidateNodesPercentage'), at(path, 'minCandidateNodesAbsolute')] as const;
    within(percentage, [0, 100], paths[0], errors);
    within(absolute, [0, Infinity], paths[1], errors);
    if (percentage !== 0 || absolute !== 0) return;
    errors.invalid(paths[0], 0, 'cannot be zero at the same time as minCandidateNodesAbsolute');
    errors.invalid(paths[1], 0, 'cannot be zero at the same time as minCandidateNodesPercentage');
  },
  InterPodAffinity: (args, path, errors) =>
    within(args.hardPodAffinityWeight, [0, 100], at(path, 'hardPodAffinityWeight'), errors),
  NodeResourcesBalancedAllocation(args, path, errors) {
    const seen = new Set<string>();
    (args.resources ?? []).forEach(({ name, weight }: Args, i: number) => {
      const item = at(at(path, 'resources'), i);
      if (seen.has(name)) errors.duplicate(at(item, 'name'), name);
      seen.add(name);
      if (weight && weight !== 1) errors.invalid(at(item, 'weight'), weight, 'must be 1');
    });
  },
  NodeResourcesFit(args, path, errors) {
    (args.ignoredResourceGroups ?? []).forEach((group: string, i: number) => {
      if (!group.includes('/')) return;
      errors.invalid(at(at(path, 'ignoredResourceGroups'), i), group, "resource group name can't contain '/'");
    });
    checkStrategy(args.scoringStrategy, at(path, 'scoringStrategy'), errors);
  },
  PodTopologySpread(args, path, errors) {
    const { defaultingType: type = 'System', defaultConstraints: list = [] } = args;
    const typePath = at(path, 'defaultingType');
    if (type !== 'System' && type !== 'List') errors.notSupported(typePath, type, ['System', 'List']);
    else if (type === 'System' && list.length > 0) {
      errors.invalid(typePath, type, 'when .defaultConstraints are not empty');
    }
    const seen = new Set<string>();
    list.forEach((c: Args, i: number) => {
      checkConstraint(c, at(at(path, 'defaultConstraints'), i), errors);
      const id = `{${c.topologyKey}, ${c.whenUnsatisfiable}}`;
      if (seen.has(id)) errors.duplicate(at(at(path, 'defaultConstraints'), i), id);
      seen.add(id);
    });
  },
  VolumeBinding(args, path, errors) {
    if (args.bindTimeoutSeconds < 0) {
      const text = 'invalid BindTimeoutSeconds, should not be a negative value';
      errors.invalid(at(path, 'bindTimeoutSeconds'), args.bindTimeoutSeconds, text);
    }
  },
};

/** Plug-ins that are not upstream's check their arguments themselves. */
export function checkArguments(plugin: string, args: unknown, path: string, errors: FieldErrors): void {
  const shape = argumentShapes[plugin];
  if (!shape) return;
  const before = errors.list.length;
  checkShape(args, shape, path, errors);
  const kind = (args as { kind?: string } | undefined)?.kind;
  if (kind && kind !== `${plugin}Args`) errors.invalid(at(path, 'kind'), kind, `must be ${plugin}Args`);
  if (args && errors.list.length === before) rules[plugin]?.(args, path, errors);
}
