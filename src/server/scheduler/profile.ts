// Which plugins run and in which order: upstream's default profile. A plugin that is not named runs last.
// Upstream: pkg/scheduler/apis/config/v1/default_plugins.go.
import plugins from './plugins/index.gen.ts';
import type { AnyPlugin } from './framework.ts';

const ORDER = [
  'SchedulingGates',
  'PrioritySort',
  'NodeUnschedulable',
  'NodeName',
  'TaintToleration',
  'NodeAffinity',
  'NodePorts',
  'NodeResourcesFit',
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
