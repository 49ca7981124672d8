// Keeps EndpointSlices equal to the pods that services select. What to write is decided in endpoints/slices.ts.
// Upstream: pkg/controller/endpointslice/endpointslice_controller.go.
import type { EndpointSlice } from 'kubernetes-types/discovery/v1.js';
import { EndpointSlices, EndpointsType, Nodes, Pods, Services } from '../../api/resources.ts';
import { isNotFound } from '../../api/status.ts';
import { type ControllerContext, defineController, watch } from '../../client/controller.ts';
import { type ControllerEnvironment, defineControllerModule } from './_types.ts';
import { backendCount, hasSelector, serviceSelector, servicesOfPod } from './endpoints/backends.ts';
import { WriteTracker } from './endpoints/write-tracker.ts';
import { CONTROLLER, MANAGED_BY, SERVICE_NAME, planSlices } from './endpoints/slices.ts';
import { about, coalesce, messageOf } from './shared/objects.ts';
import { isNamespaceTerminating } from './shared/pod-control.ts';

const INDEX = 'service';

/** `namespace/service` of a slice that this controller manages. */
function serviceOf(slice: EndpointSlice): string | undefined {
  const labels = slice.metadata?.labels;
  const name = labels?.[SERVICE_NAME];
  return name !== undefined && labels?.[MANAGED_BY] === CONTROLLER ? `${slice.metadata?.namespace}/${name}` : undefined;
}

function setup({ informers }: ControllerEnvironment) {
  const slices = informers.for(EndpointSlices);
  slices.addIndex(INDEX, (slice) => [serviceOf(slice)].filter((key) => key !== undefined));
  const writes = new WriteTracker<EndpointSlice>();
  slices.addHandler({ delete: (slice) => writes.gone(slice) });
  return [
    defineController({
      name: 'endpointslice',
      for: Services,
      watches: [
        watch(Pods, (pod, old, { lister }) => servicesOfPod(pod, old, lister(Services))),
        watch(EndpointSlices, (slice, old) =>
          [serviceOf(slice), old && serviceOf(old)].filter((key) => key !== undefined),
        ),
      ],
      reads: [Nodes, EndpointsType],
      workers: 5,
      reconcile: (context, key) => reconcile(context, key, writes),
    }),
  ];
}

async function reconcile(context: ControllerContext, key: string, writes: WriteTracker<EndpointSlice>): Promise<void> {
  const { client, lister, events } = context;
  await coalesce(context, backendCount(key, context));
  const service = lister(Services).get(key);
  const existing = lister(EndpointSlices).byIndex(INDEX, key);
  // Slices of a service that is gone go by garbage collection.
  if (!service || service.metadata?.deletionTimestamp || !hasSelector(service)) return;
  if (service.spec?.type === 'ExternalName') return;
  // The cache does not show our last writes yet: their events will bring us back.
  if (!writes.visible(key, existing)) return;
  const { namespace } = service.metadata ?? {};
  const selector = serviceSelector(service);
  const pods = lister(Pods)
    .list(namespace)
    .filter((pod) => selector.matches(pod.metadata?.labels));
  const plan = planSlices(service, pods, existing, (name) => lister(Nodes).get(name));
  const attempt = async (write: () => Promise<EndpointSlice>) => writes.wrote(key, await write());
  const results = await Promise.allSettled([
    ...plan.create.map((slice) => attempt(() => client.create(EndpointSlices, slice))),
    ...plan.update.map((slice) => attempt(() => client.update(EndpointSlices, slice))),
    ...plan.delete.map(({ metadata }) => client.delete(EndpointSlices, { name: metadata?.name ?? '', namespace })),
  ]);
  for (const result of results) {
    if (result.status === 'fulfilled') continue;
    const error: unknown = result.reason;
    if (isNotFound(error) || isNamespaceTerminating(error)) continue;
    const message = `Error updating Endpoint Slices for Service ${key}: ${messageOf(error)}`;
    events.event(about(Services, service), 'Warning', 'FailedToUpdateEndpointSlices', message);
    throw error;
  }
}

export default defineControllerModule({ name: 'endpointslice', setup });
