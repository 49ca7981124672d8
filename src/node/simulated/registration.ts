// Registers simulated nodes and keeps them alive: Node objects, Leases in small batches over the interval, and a Ready
// condition that is put back when somebody took it away.
import type { Node } from 'kubernetes-types/core/v1.js';
import { Leases, Nodes } from '../../api/resources.ts';
import { isAlreadyExists, isNotFound } from '../../api/status.ts';
import type { Clock } from '../../client/controller.ts';
import type { Informer } from '../../client/informer.ts';
import type { Logger } from '../../client/log.ts';
import type { Client } from '../../client/rest.ts';
import { LEASE_NAMESPACE, leaseObject, leasePatch, nodeConditions, nodeObject } from './node-object.ts';

const HEARTBEAT_MS = 10_000;
/** Batches of one interval: a thousand nodes renew fifty Leases every half second. */
const BATCHES = 20;
const PARALLEL = 32;

export interface SimulatedNode {
  address: string;
  /** Undefined: the cluster gives it one. */
  podCIDR?: string | undefined;
}

export interface RegistrationOptions {
  client: Client;
  clock: Clock;
  log: Logger;
  signal: AbortSignal;
  nodes: ReadonlyMap<string, SimulatedNode>;
  informer: Informer<Node>;
}

/** At most PARALLEL at once. */
export async function forEachParallel<T>(items: Iterable<T>, work: (item: T) => Promise<void>): Promise<void> {
  const iterator = items[Symbol.iterator]();
  const worker = async () => {
    for (let next = iterator.next(); !next.done; next = iterator.next()) await work(next.value);
  };
  await Promise.all(Array.from({ length: PARALLEL }, worker));
}

/** Runs until the signal aborts. `registered` is called when all nodes exist. */
export async function keepNodes(options: RegistrationOptions, registered: () => void): Promise<void> {
  const { clock, signal, log, nodes } = options;
  const retry = async (name: string, work: () => Promise<unknown>) => {
    for (let delay = 200; !signal.aborted; delay = Math.min(delay * 2, HEARTBEAT_MS)) {
      try {
        await work();
        return;
      } catch (error) {
        if (signal.aborted) return;
        log.warn({ node: name, error: String(error) }, 'node registration failed');
        await clock.sleep(delay, signal).catch(() => undefined);
      }
    }
  };
  await forEachParallel(nodes, ([name, node]) => retry(name, () => register(options, name, node)));
  if (signal.aborted) return;
  registered();
  const names = [...nodes.keys()];
  const size = Math.ceil(names.length / BATCHES);
  for (let start = 0; !signal.aborted; start = start + size >= names.length ? 0 : start + size) {
    const batch = names.slice(start, start + size);
    await forEachParallel(batch, (name) =>
      renew(options, name).catch((error: unknown) => {
        if (!signal.aborted) log.warn({ node: name, error: String(error) }, 'heartbeat failed');
      }),
    );
    await clock.sleep(HEARTBEAT_MS / Math.ceil(names.length / size), signal).catch(() => undefined);
  }
}

async function register(
  { client, clock }: RegistrationOptions,
  name: string,
  { address, podCIDR }: SimulatedNode,
): Promise<void> {
  const node = nodeObject(name, address, clock.now(), podCIDR);
  try {
    await client.create(Nodes, node);
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    await client.patch(Nodes, { name }, 'strategic', { status: node.status }, { subresource: 'status' });
  }
}

async function renew(options: RegistrationOptions, name: string): Promise<void> {
  const { client, clock, informer, nodes } = options;
  // The cache may not have been told yet of a node that was registered just now.
  const node = informer.lister.get(name) ?? (await read(options, name));
  // Somebody deleted it: a kubelet would register again, too.
  if (!node) return register(options, name, nodes.get(name)!);
  const ready = node.status?.conditions?.find((c) => c.type === 'Ready');
  if (ready?.status !== 'True') {
    const status = { conditions: nodeConditions(clock.now()) };
    await client.patch(Nodes, { name }, 'strategic', { status }, { subresource: 'status' });
  }
  const key = { name, namespace: LEASE_NAMESPACE };
  try {
    await client.patch(Leases, key, 'merge', leasePatch(clock.now()));
  } catch (error) {
    if (!isNotFound(error)) throw error;
    await client.create(Leases, leaseObject(name, node.metadata?.uid ?? '', clock.now()));
  }
}

async function read({ client }: RegistrationOptions, name: string): Promise<Node | undefined> {
  try {
    return await client.get(Nodes, { name });
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}
