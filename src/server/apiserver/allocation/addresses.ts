// Cluster IPs, out of the ranges that ServiceCIDR objects name. Automatic addresses come from the upper part of a range, so
// that the lower part stays free for those who choose (`kubernetes` 10.96.0.1, kube-dns 10.96.0.10).
// Upstream: pkg/registry/core/service/ipallocator/{cidrallocator,ipallocator}.go.
import { randomInt } from 'node:crypto';
import { type Network, firstOf, formatAddress, parseNetwork } from '../../../api/kinds/shared/addresses.ts';
import { ServiceCidrs, holdsAddress, isReady, networksOf } from '../../../api/service-ranges.ts';
import { registryPrefix } from '../cache/feed.ts';
import type { HookContext } from '../types.ts';
import { isTaken, takeAddress } from './ip-address.ts';

export const DEFAULT_SERVICE_CIDR = '10.96.0.0/16';
const RANDOM_TRIES = 32;

interface Range {
  network: Network;
  /** What must not change before the address is taken: a range that is being deleted gives none. */
  guard?: { key: string; modRevision: number };
}

/** Of IPv4: the cluster has one family. Before there is any ServiceCIDR the server's own range counts. */
function rangesOf({ lister, options }: HookContext): Range[] {
  const objects = lister.list(ServiceCidrs);
  if (objects.length === 0) return [{ network: parseNetwork(options.serviceCidr ?? DEFAULT_SERVICE_CIDR)! }];
  return objects.filter(isReady).flatMap((object) => {
    const { name = '', resourceVersion } = object.metadata ?? {};
    const key = registryPrefix(ServiceCidrs.group, ServiceCidrs.plural) + name;
    const guard = { key, modRevision: Number(resourceVersion) };
    return networksOf(object).flatMap((network) => (network.address.bits === 32 ? [{ network, guard }] : []));
  });
}

/** Throws an Error with upstream's words when a wanted address cannot be had. */
export async function allocateAddress(context: HookContext, wanted?: string): Promise<string> {
  const ranges = rangesOf(context);
  if (wanted !== undefined) return allocateWanted(context, ranges, wanted);
  for (const range of ranges) {
    const address = await allocateNext(context, range);
    if (address !== undefined) return address;
  }
  throw new Error('range is full');
}

/** Undefined: the range is full. */
async function allocateNext(context: HookContext, range: Range): Promise<string | undefined> {
  const first = Number(firstOf(range.network));
  const size = 2 ** (32 - range.network.length);
  const tryAt = async (offset: number): Promise<string | undefined> => {
    const address = formatAddress({ bits: 32, value: BigInt(first + offset) });
    if (await isTaken(context, address)) return undefined;
    return take(context, range, address);
  };
  // A network of one or two addresses gives them all.
  if (size <= 2) return (await tryAt(0)) ?? (size === 2 ? tryAt(1) : undefined);
  // Upstream's calculateRangeOffset: 16 to 256 addresses, a sixteenth of the range.
  const offset = Math.min(Math.max(16, Math.floor(size / 16)), 256);
  const [low, high] = [size > offset + 1 ? offset : 1, size - 1];
  for (let i = 0; i < RANDOM_TRIES; i++) {
    const found = await tryAt(randomInt(low, high));
    if (found !== undefined) return found;
  }
  for (let i = 0; i < size - 2; i++) {
    const at = low + i;
    const found = await tryAt(at < high ? at : at - high + 1);
    if (found !== undefined) return found;
  }
  return undefined;
}

async function allocateWanted(context: HookContext, ranges: readonly Range[], wanted: string): Promise<string> {
  const range = ranges.find(({ network }) => holdsAddress(network, wanted));
  if (!range) throw new Error(`failed to allocate IP ${wanted}: the provided network does not match the current range`);
  if (await isTaken(context, wanted)) {
    throw new Error(`failed to allocate IP ${wanted}: provided IP is already allocated`);
  }
  return take(context, range, wanted);
}

function take(context: HookContext, { guard }: Range, address: string): string {
  takeAddress(context, address);
  if (guard && !context.dryRun) context.addToTransaction([guard], []);
  return address;
}
