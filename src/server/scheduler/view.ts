// The cluster as plugins see it: the cache, and informers of what else they read.
import { Namespaces, ReplicaSets, ReplicationControllers, Services, StatefulSets } from '../../api/resources.ts';
import { PodDisruptionBudgets } from '../../api/disruption.ts';
import type { KubeObject, ResourceType } from '../../api/types.ts';
import type { Lister } from '../../client/informer.ts';
import type { Cache } from './cache.ts';
import type { ClusterView } from './framework.ts';

const NO_LABELS: Readonly<Record<string, string>> = {};

export function clusterView(
  cache: Cache,
  lister: <T extends KubeObject>(type: ResourceType<T>) => Lister<T>,
): ClusterView {
  const services = lister(Services);
  const replicaSets = lister(ReplicaSets);
  const controllers = lister(ReplicationControllers);
  const statefulSets = lister(StatefulSets);
  const namespaces = lister(Namespaces);
  const budgets = lister(PodDisruptionBudgets);
  return {
    get nodes() {
      return cache.nodes;
    },
    node: (name) => cache.node(name),
    podCounts: (what) => cache.podCounts(what),
    labelValues: (key) => cache.labelValues(key),
    placedTerms: cache.placedTerms,
    lift: (pod, node) => cache.lift(pod, node.name),
    lower: (pod, node) => cache.lower(pod, node.name),
    nominatedBefore: (pod, nodeName) => cache.nominations.before(pod, nodeName),
    get lowestPriority() {
      return cache.lowestPriority;
    },
    imageNodes: (image) => cache.imageNodes(image),
    services: (namespace) => services.list(namespace),
    ownerSelector(namespace, { apiVersion, kind, name }) {
      const key = `${namespace}/${name}`;
      if (kind === 'ReplicaSet' && apiVersion.startsWith('apps/')) return replicaSets.get(key)?.spec?.selector;
      if (kind === 'StatefulSet' && apiVersion.startsWith('apps/')) return statefulSets.get(key)?.spec?.selector;
      if (kind !== 'ReplicationController' || apiVersion !== 'v1') return undefined;
      const matchLabels = controllers.get(key)?.spec?.selector;
      return matchLabels && { matchLabels };
    },
    namespaceLabels: (namespace) => namespaces.get(namespace)?.metadata?.labels ?? NO_LABELS,
    disruptionBudgets: (namespace) => budgets.list(namespace),
    lister,
  };
}
