// Ranges of service addresses: gives each its finalizer and its Ready condition, and lets a deleted one go once no service
// would lose its address. Upstream: pkg/controller/servicecidrs/servicecidrs_controller.go.
import { holdsNetwork } from '../../api/kinds/shared/addresses.ts';
import {
  ALLOCATOR,
  IPAddresses,
  type IpAddress,
  MANAGED_BY,
  type ServiceCidr,
  ServiceCidrs,
  holdsAddress,
  networksOf,
} from '../../api/service-ranges.ts';
import { type ControllerContext, defineController, watch } from '../../client/controller.ts';
import { withoutFinalizer } from './shared/objects.ts';

const FINALIZER = 'networking.k8s.io/service-cidr-finalizer';
const READY = { status: 'True', reason: '', message: 'Kubernetes Service CIDR is ready' };
const STILL_USED = {
  status: 'False',
  reason: 'Terminating',
  message: 'There are still IPAddresses referencing the ServiceCIDR, please remove them or create a new ServiceCIDR',
};

const nameOf = ({ metadata }: ServiceCidr): string => metadata?.name ?? '';
const isOurs = ({ metadata }: IpAddress): boolean => metadata?.labels?.[MANAGED_BY] === ALLOCATOR;
const holds = (range: ServiceCidr, address: string): boolean => networksOf(range).some((n) => holdsAddress(n, address));

/** Ranges that are being deleted and might go, or stay, because another came or went. */
const deleted = ({ lister }: ControllerContext): ServiceCidr[] =>
  lister(ServiceCidrs)
    .list()
    .filter(({ metadata }) => metadata?.deletionTimestamp !== undefined);

export default defineController({
  name: 'service-cidrs',
  for: ServiceCidrs,
  watches: [
    watch(ServiceCidrs, (range, _, context) => [...new Set([range, ...deleted(context)].map(nameOf))]),
    watch(IPAddresses, (address, _, context) =>
      isOurs(address)
        ? deleted(context)
            .filter((r) => holds(r, address.metadata?.name ?? ''))
            .map(nameOf)
        : [],
    ),
  ],
  workers: 1,
  async reconcile(context, key) {
    const range = context.lister(ServiceCidrs).get(key);
    if (!range) return;
    if (range.metadata?.deletionTimestamp !== undefined) return settleDeleted(range, context);
    const finalizers = range.metadata?.finalizers ?? [];
    // The update tells of itself: its event brings us back.
    if (finalizers.includes(FINALIZER)) return setCondition(range, READY, context);
    await context.client.update(ServiceCidrs, {
      ...range,
      metadata: { ...range.metadata, finalizers: [...finalizers, FINALIZER] },
    });
  },
});

async function settleDeleted(range: ServiceCidr, context: ControllerContext): Promise<void> {
  if (!range.metadata?.finalizers?.includes(FINALIZER)) return;
  if (!(await mayGo(range, context))) return setCondition(range, STILL_USED, context);
  await context.client.update(ServiceCidrs, withoutFinalizer(range, FINALIZER));
}

/**
 * An address is given in one transaction that fails when the range has changed: none comes once the deletion was seen, and
 * what there is, is in a list that is made now. (Upstream waits ten seconds for its allocators to hear of it.)
 */
async function mayGo(range: ServiceCidr, { client }: ControllerContext): Promise<boolean> {
  const { items: ranges } = await client.list(ServiceCidrs);
  const others = ranges.filter((other) => nameOf(other) !== nameOf(range) && !other.metadata?.deletionTimestamp);
  const networks = others.flatMap(networksOf);
  if (networksOf(range).every((inner) => networks.some((outer) => holdsNetwork(outer, inner)))) return true;
  const { items: addresses } = await client.list(IPAddresses, { labelSelector: `${MANAGED_BY}=${ALLOCATOR}` });
  return !addresses.some(({ metadata }) => {
    const address = metadata?.name ?? '';
    return holds(range, address) && !others.some((other) => holds(other, address));
  });
}

async function setCondition(
  range: ServiceCidr,
  wanted: typeof READY,
  { client, clock }: ControllerContext,
): Promise<void> {
  const conditions = range.status?.conditions ?? [];
  const known = conditions.find(({ type }) => type === 'Ready');
  if (known?.status === wanted.status && known.message === wanted.message) return;
  const lastTransitionTime =
    known?.status === wanted.status && known.lastTransitionTime
      ? known.lastTransitionTime
      : `${new Date(clock.now()).toISOString().slice(0, 19)}Z`;
  const ready = { type: 'Ready', ...wanted, lastTransitionTime };
  const status = { ...range.status, conditions: [...conditions.filter(({ type }) => type !== 'Ready'), ready] };
  await client.updateStatus(ServiceCidrs, { ...range, status });
}
