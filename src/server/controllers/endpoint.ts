// Keeps the older Endpoints objects equal to the pods that services select. Upstream:
// pkg/controller/endpoint/endpoints_controller.go. Grouping is in endpoints/subsets.ts.
import type { Endpoints } from 'kubernetes-types/core/v1.js';
import { EndpointsType, Pods, Services } from '../../api/resources.ts';
import { isAlreadyExists, isNotFound } from '../../api/status.ts';
import { semanticEqual } from '../../api/equal.ts';
import { objectKey, splitKey } from '../../api/types.ts';
import { type ControllerContext, defineController, watch } from '../../client/controller.ts';
import { backendCount, hasSelector, serviceSelector, servicesOfPod } from './endpoints/backends.ts';
import { OVER_CAPACITY, ENDPOINTS_MANAGED_BY, endpointsLabels, subsetsOf } from './endpoints/subsets.ts';
import { about, coalesce, messageOf } from './shared/objects.ts';
import { isNamespaceTerminating } from './shared/pod-control.ts';

async function reconcile(context: ControllerContext, key: string): Promise<void> {
  const { client, lister, events } = context;
  await coalesce(context, backendCount(key, context));
  const service = lister(Services).get(key);
  const current = lister(EndpointsType).get(key);
  if (!service) {
    // Only what this controller made goes with its service.
    if (current?.metadata?.labels?.[ENDPOINTS_MANAGED_BY] !== undefined) await remove(context, key, current);
    return;
  }
  if (!hasSelector(service) || service.spec?.type === 'ExternalName' || service.metadata?.deletionTimestamp) return;
  const selector = serviceSelector(service);
  const { name, namespace } = service.metadata ?? {};
  const pods = lister(Pods)
    .list(namespace)
    .filter((pod) => selector.matches(pod.metadata?.labels));
  const { subsets, overCapacity } = subsetsOf(service, pods);
  const labels = endpointsLabels(service);
  const annotations = { ...current?.metadata?.annotations };
  if (overCapacity) annotations[OVER_CAPACITY] = 'truncated';
  else delete annotations[OVER_CAPACITY];
  const same =
    current &&
    semanticEqual(current.subsets, subsets) &&
    semanticEqual(current.metadata?.labels, labels) &&
    semanticEqual(current.metadata?.annotations, annotations);
  if (same) return;
  try {
    if (current) {
      await client.update(EndpointsType, {
        ...current,
        metadata: { ...current.metadata, labels, annotations },
        subsets,
      });
    } else {
      const metadata = { name, namespace, labels, ...(overCapacity ? { annotations } : {}) };
      await client.create(EndpointsType, { apiVersion: 'v1', kind: 'Endpoints', metadata, subsets });
    }
  } catch (error) {
    // The cache is behind, or the namespace is going: in both cases an event follows.
    if (isNamespaceTerminating(error) || isAlreadyExists(error)) return;
    const [verb, reason] = current ? ['update', 'FailedToUpdateEndpoint'] : ['create', 'FailedToCreateEndpoint'];
    const message = `Failed to ${verb} endpoint for service ${key}: ${messageOf(error)}`;
    events.event(about(Services, service), 'Warning', reason!, message);
    throw error;
  }
}

async function remove({ client }: ControllerContext, key: string, { metadata }: Endpoints): Promise<void> {
  try {
    await client.delete(EndpointsType, splitKey(key), { preconditions: { uid: metadata?.uid } });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

export default defineController({
  name: 'endpoint',
  for: Services,
  watches: [
    watch(Pods, (pod, old, { lister }) => servicesOfPod(pod, old, lister(Services))),
    watch(EndpointsType, (endpoints) => [objectKey(endpoints)]),
  ],
  workers: 5,
  reconcile,
});
