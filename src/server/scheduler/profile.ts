// A profile: the plugins that place the pods of one scheduler name, for each extension point in the order in which they
// are called. Upstream: pkg/scheduler/profile, pkg/scheduler/apis/config/v1/default_plugins.go.
import type { AnyPlugin } from './framework.ts';
import plugins from './plugins/index.gen.ts';

export const EXTENSION_POINTS = [
  'preEnqueue',
  'queueSort',
  'preFilter',
  'filter',
  'postFilter',
  'preScore',
  'score',
  'reserve',
  'permit',
  'preBind',
  'bind',
  'postBind',
] as const;
export type ExtensionPoint = (typeof EXTENSION_POINTS)[number];

export interface Profile {
  schedulerName: string;
  /** Absent: what the whole scheduler has. */
  percentageOfNodesToScore?: number;
  points: Readonly<Record<ExtensionPoint, readonly AnyPlugin[]>>;
  /** All that are at any point. */
  plugins: readonly AnyPlugin[];
}

export const DEFAULT_SCHEDULER = 'default-scheduler';

/** Upstream's order. A plugin that is not named runs last. */
const ORDER = [
  'SchedulingGates',
  'PrioritySort',
  'NodeUnschedulable',
  'NodeName',
  'TaintToleration',
  'NodeAffinity',
  'NodePorts',
  'NodeResourcesFit',
  'VolumeRestrictions',
  'NodeVolumeLimits',
  'VolumeBinding',
  'VolumeZone',
  'PodTopologySpread',
  'InterPodAffinity',
  'DefaultPreemption',
  'NodeResourcesBalancedAllocation',
  'ImageLocality',
  'DefaultBinder',
];

export function defaultPlugins(): readonly AnyPlugin[] {
  const rank = ({ name }: AnyPlugin) => (ORDER.includes(name) ? ORDER.indexOf(name) : ORDER.length);
  return ([...plugins] as AnyPlugin[]).sort((a, b) => rank(a) - rank(b));
}

/** Whether a plugin does something at this point. */
export const hasPoint = (plugin: AnyPlugin, point: ExtensionPoint): boolean =>
  plugin[point] !== undefined || (point === 'reserve' && plugin.unreserve !== undefined);

export function profileOfPoints(
  schedulerName: string,
  points: Profile['points'],
  percentageOfNodesToScore?: number,
): Profile {
  if (points.queueSort.length === 0) throw new Error('no QueueSort plugin');
  const all = [...new Set(EXTENSION_POINTS.flatMap((point) => points[point]))];
  const percentage = percentageOfNodesToScore === undefined ? {} : { percentageOfNodesToScore };
  return { schedulerName, points, plugins: all, ...percentage };
}

/** All points of all plugins, in their order. */
export function profileOf(schedulerName: string, list: readonly AnyPlugin[] = defaultPlugins()): Profile {
  const entries = EXTENSION_POINTS.map((point) => [point, list.filter((plugin) => hasPoint(plugin, point))] as const);
  return profileOfPoints(schedulerName, Object.fromEntries(entries) as unknown as Profile['points']);
}
