// Makes IPAddress objects that services should have and do not: of services from before there were such objects, and of
// those whose object somebody deleted. Upstream: pkg/registry/core/service/ipallocator/controller/repairip.go.
import type { Service } from 'kubernetes-types/core/v1.js';
import { Services } from '../../api/resources.ts';
import { ALLOCATOR, IPAddresses, type IpAddress, MANAGED_BY } from '../../api/service-ranges.ts';
import { isAlreadyExists } from '../../api/status.ts';
import type { KubeObject, ResourceType } from '../../api/types.ts';
import type { Client } from '../../client/rest.ts';

interface Cache {
  get<T extends KubeObject>(type: ResourceType<T>, namespace: string | undefined, name: string): T | undefined;
  list<T extends KubeObject>(type: ResourceType<T>): readonly T[];
}
export interface ServiceAddressOptions {
  /** Acts as a member of system:masters. */
  client: Client;
  cache: Cache;
  observe<T extends KubeObject>(
    type: ResourceType<T>,
    onChange: (object: T | undefined, old: T | undefined) => void,
  ): () => void;
  onError(error: unknown): void;
}

const addressesOf = ({ spec }: Service): string[] =>
  (spec?.clusterIPs ?? []).filter((address) => address !== 'None' && address !== '');

async function make(client: Client, address: string, service: Service): Promise<void> {
  const { namespace, name } = service.metadata ?? {};
  const labels = {
    'ipaddress.kubernetes.io/ip-family': address.includes(':') ? 'IPv6' : 'IPv4',
    [MANAGED_BY]: ALLOCATOR,
  };
  const spec = { parentRef: { resource: 'services', ...(namespace ? { namespace } : {}), name: name ?? '' } };
  const wanted: IpAddress = {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'IPAddress',
    metadata: { name: address, labels },
    spec,
  };
  try {
    await client.create(IPAddresses, wanted);
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
  }
}

/** At the start: what is missing. */
export async function ensureServiceAddresses(client: Client, cache: Cache): Promise<void> {
  for (const service of cache.list(Services)) {
    for (const address of addressesOf(service)) {
      if (!cache.get(IPAddresses, undefined, address)) await make(client, address, service);
    }
  }
}

/** While the server runs: what somebody deletes of a service that is still there. Returns the end of it. */
export function keepServiceAddresses({ client, cache, observe, onError }: ServiceAddressOptions): () => void {
  return observe(IPAddresses, (address, old) => {
    const { resource, namespace, name = '' } = old?.spec?.parentRef ?? {};
    if (address || resource !== 'services') return;
    const text = old?.metadata?.name ?? '';
    // In the transaction that deletes a service its address goes first or last: look when both have gone by.
    setImmediate(() => {
      const service = cache.get(Services, namespace, name);
      if (!service?.metadata?.deletionTimestamp && service && addressesOf(service).includes(text)) {
        make(client, text, service).catch(onError);
      }
    });
  });
}
