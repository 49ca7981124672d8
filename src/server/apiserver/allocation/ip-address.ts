// The IPAddress objects that say which service has which cluster IP. They are the allocation itself: written and
// deleted in the service's own transaction, so that two services can never hold one address.
// Upstream: pkg/registry/core/service/ipallocator/ipallocator.go (createIPAddress).
import { randomUUID } from 'node:crypto';
import { ALLOCATOR, IPAddresses, type IpAddress, MANAGED_BY } from '../../../api/service-ranges.ts';
import type { Unstructured } from '../../../api/types.ts';
import { decodeObject, encodeStored } from '../cache/encoding.ts';
import { registryPrefix } from '../cache/feed.ts';
import type { HookContext } from '../types.ts';

const PREFIX = registryPrefix('networking.k8s.io', 'ipaddresses');
const FAMILY = 'ipaddress.kubernetes.io/ip-family';

export const addressKey = (address: string): string => PREFIX + address;

/** What the API server owns of it. */
const FIELDS = {
  'f:metadata': { 'f:labels': { '.': {}, [`f:${FAMILY}`]: {}, [`f:${MANAGED_BY}`]: {} } },
  'f:spec': { 'f:parentRef': { '.': {}, 'f:name': {}, 'f:namespace': {}, 'f:resource': {} } },
};

function objectFor(address: string, { namespace, name, options }: HookContext): Unstructured {
  const now = (options.clock ?? Date).now();
  const time = new Date(now).toISOString().slice(0, 19) + 'Z';
  const apiVersion = 'networking.k8s.io/v1';
  const own = { apiVersion, fieldsType: 'FieldsV1', fieldsV1: FIELDS, manager: 'kube-apiserver', time };
  return {
    kind: 'IPAddress',
    apiVersion,
    metadata: {
      name: address,
      uid: (options.newUid ?? randomUUID)(),
      creationTimestamp: time,
      labels: { [FAMILY]: address.includes(':') ? 'IPv6' : 'IPv4', [MANAGED_BY]: ALLOCATOR },
      managedFields: [{ ...own, operation: 'Update' }],
    },
    spec: { parentRef: { resource: 'services', namespace, name } },
  } as Unstructured;
}

/** The cache is asked first: in a range that is almost full most addresses are taken. */
export async function isTaken(context: HookContext, address: string): Promise<boolean> {
  if (context.lister.get(IPAddresses, undefined, address)) return true;
  return (await context.readKey(addressKey(address))) !== undefined;
}

export function takeAddress(context: HookContext, address: string): void {
  if (context.dryRun) return;
  const key = addressKey(address);
  const value = encodeStored(objectFor(address, context));
  context.addToTransaction([{ key, modRevision: 0 }], [{ put: { key, value } }]);
}

/** Only the address that is this service's own. */
export async function releaseAddress(context: HookContext, address: string): Promise<void> {
  if (context.dryRun) return;
  const key = addressKey(address);
  const held = await context.readKey(key);
  if (!held) return;
  const { parentRef } = (decodeObject(held.value) as IpAddress).spec ?? {};
  const isOurs =
    parentRef?.resource === 'services' && parentRef.namespace === context.namespace && parentRef.name === context.name;
  if (isOurs) context.addToTransaction([{ key, modRevision: held.modRevision }], [{ delete: { key } }]);
}
