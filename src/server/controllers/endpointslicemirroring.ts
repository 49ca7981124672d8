// Shows hand-written Endpoints as EndpointSlices, which is what proxies and DNS read. What to write is decided in
// endpoints/mirror.ts. Upstream: pkg/controller/endpointslicemirroring.
import type { EndpointSlice } from 'kubernetes-types/discovery/v1.js';
import { EndpointSlices, EndpointsType, Services } from '../../api/resources.ts';
import { isNotFound } from '../../api/status.ts';
import { objectKey } from '../../api/types.ts';
import { type ControllerContext, defineController, watch } from '../../client/controller.ts';
import { type ControllerEnvironment, defineControllerModule } from './_types.ts';
import { MIRROR, isMirrored, planMirror } from './endpoints/mirror.ts';
import { MANAGED_BY, SERVICE_NAME } from './endpoints/slices.ts';
import { WriteTracker } from './endpoints/write-tracker.ts';
import { about, messageOf } from './shared/objects.ts';
import { isNamespaceTerminating } from './shared/pod-control.ts';

const INDEX = 'mirrored';

/** `namespace/name` of the Endpoints that a slice of this controller shows. */
function ownerOf(slice: EndpointSlice): string[] {
  const { labels, namespace } = slice.metadata ?? {};
  const name = labels?.[SERVICE_NAME];
  return name !== undefined && labels?.[MANAGED_BY] === MIRROR ? [`${namespace}/${name}`] : [];
}

function setup({ informers }: ControllerEnvironment) {
  const slices = informers.for(EndpointSlices);
  slices.addIndex(INDEX, ownerOf);
  const writes = new WriteTracker<EndpointSlice>();
  slices.addHandler({ delete: (slice) => writes.gone(slice) });
  return [
    defineController({
      name: 'endpointslicemirroring',
      for: EndpointsType,
      watches: [
        watch(Services, (service) => [objectKey(service)]),
        watch(EndpointSlices, (slice, old) => [...ownerOf(slice), ...(old ? ownerOf(old) : [])]),
      ],
      workers: 5,
      reconcile: (context, key) => reconcile(context, key, writes),
    }),
  ];
}

async function reconcile(context: ControllerContext, key: string, writes: WriteTracker<EndpointSlice>): Promise<void> {
  const { client, lister, events } = context;
  const endpoints = lister(EndpointsType).get(key);
  const existing = lister(EndpointSlices).byIndex(INDEX, key);
  if (!writes.visible(key, existing)) return;
  const namespace = key.slice(0, key.indexOf('/'));
  const remove = (slice: EndpointSlice) =>
    client.delete(EndpointSlices, { name: slice.metadata?.name ?? '', namespace });
  if (!isMirrored(endpoints, lister(Services).get(key))) {
    for (const slice of existing) await remove(slice).catch(unlessGone);
    return;
  }
  const plan = planMirror(endpoints, existing);
  for (const [reason, message] of plan.warnings)
    events.event(about(EndpointsType, endpoints), 'Warning', reason, message);
  const attempt = async (write: () => Promise<EndpointSlice>) => writes.wrote(key, await write());
  const results = await Promise.allSettled([
    ...plan.create.map((slice) => attempt(() => client.create(EndpointSlices, slice))),
    ...plan.update.map((slice) => attempt(() => client.update(EndpointSlices, slice))),
    ...plan.delete.map(remove),
  ]);
  for (const result of results) {
    if (result.status === 'fulfilled') continue;
    const error: unknown = result.reason;
    if (isNotFound(error) || isNamespaceTerminating(error)) continue;
    const message = `Error updating Endpoint Slices for Endpoints ${key}: ${messageOf(error)}`;
    events.event(about(EndpointsType, endpoints), 'Warning', 'FailedToUpdateEndpointSlices', message);
    throw error;
  }
}

function unlessGone(error: unknown): void {
  if (!isNotFound(error)) throw error;
}

export default defineControllerModule({ name: 'endpointslicemirroring', setup });
