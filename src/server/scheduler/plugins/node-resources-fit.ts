// The node has room for what the pod requests, and scores by how full it would be: emptier ones higher, unless
// configured otherwise. Upstream: pkg/scheduler/framework/plugins/noderesources/fit.go.
import { type AnyPlugin, definePlugin } from '../framework.ts';
import {
  CPU_AND_MEMORY,
  type Ignored,
  type ResourceScore,
  type ShapePoint,
  type WeightedResource,
  allocationScore,
  byShape,
  fits,
  leastAllocated,
  mostAllocated,
  shortage,
} from './_resources.ts';

interface Args {
  ignoredResources?: readonly string[];
  ignoredResourceGroups?: readonly string[];
  scoringStrategy?: {
    type: 'LeastAllocated' | 'MostAllocated' | 'RequestedToCapacityRatio';
    resources?: readonly { name: string; weight?: number }[];
    requestedToCapacityRatio?: { shape: readonly ShapePoint[] };
  };
}

function ignoredBy({ ignoredResources = [], ignoredResourceGroups = [] }: Args): Ignored | undefined {
  if (ignoredResources.length === 0 && ignoredResourceGroups.length === 0) return undefined;
  const names = new Set(ignoredResources);
  const groups = new Set(ignoredResourceGroups);
  return (name) => names.has(name) || groups.has(name.split('/')[0]!);
}

function scoreBy({ scoringStrategy: strategy }: Args): ResourceScore {
  if (strategy?.type === 'MostAllocated') return mostAllocated;
  if (strategy?.type === 'RequestedToCapacityRatio') return byShape(strategy.requestedToCapacityRatio?.shape ?? []);
  return leastAllocated;
}

export const weighted = (
  list: readonly { name: string; weight?: number }[] | undefined,
): readonly WeightedResource[] =>
  list?.length ? list.map(({ name, weight }) => ({ name, weight: weight || 1 })) : CPU_AND_MEMORY;

function create(args: Args): AnyPlugin {
  const ignored = ignoredBy(args);
  const scoreOf = scoreBy(args);
  const resources = weighted(args.scoringStrategy?.resources);
  const roundUp = args.scoringStrategy?.type === 'RequestedToCapacityRatio';
  return definePlugin({
    name: 'NodeResourcesFit',
    weight: 1,
    pure: true,
    configure: (more) => create(more as Args),
    filter: (pod, node) => (fits(pod, node, ignored) ? undefined : shortage(pod, node, ignored)),
    score: (pod, node) => allocationScore(pod, node, resources, scoreOf, roundUp),
    events: [
      { resource: 'AssignedPod', actions: ['delete', 'updateRequests'] },
      { resource: 'Pod', actions: ['updateRequests'] },
      {
        resource: 'Node',
        actions: ['add', 'updateAllocatable'],
        helps: (pod, { node }) => !node || fits(pod, node, ignored),
      },
    ],
  });
}

export default create({});
