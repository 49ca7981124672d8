// Many nodes in one process, without containers: pods that are bound to them run, become ready, end and go by declared
// rules. One watch of pods serves all nodes; a single node watches only its own. For tests, demonstrations and scale.
import type { Node, Pod } from 'kubernetes-types/core/v1.js';
import { Nodes, Pods } from '../../api/resources.ts';
import { isConflict, isNotFound } from '../../api/status.ts';
import { objectKey, splitKey } from '../../api/types.ts';
import type { Clock } from '../../client/controller.ts';
import { type Informer, type Informers, createInformers } from '../../client/informer.ts';
import type { Logger } from '../../client/log.ts';
import type { Client } from '../../client/rest.ts';
import { WorkQueue } from '../../client/workqueue.ts';
import { AddressRange } from './addresses.ts';
import { nodeAddress, ownRange, spareRange } from './node-object.ts';
import { runHostPathVolumes } from '../volumes/host-path-volumes.ts';
import { nextStep } from './pod-status.ts';
import { type SimulatedNode, keepNodes } from './registration.ts';
import { type SimulationRule, behaviours } from './rules.ts';

const WORKERS = 64;
/** What simulated nodes say about where they keep volumes. */
const VOLUMES = '/var/lib/sampan/simulated-volumes';
/** A node that has no range of its own by then takes a spare one. */
const RANGE_WAIT_MS = 3_000;

export interface SimulatedNodesOptions {
  client: Client;
  /** `simulated-0` … */
  count?: number;
  names?: readonly string[];
  rules?: readonly SimulationRule[];
  clock: Clock;
  log: Logger;
  signal: AbortSignal;
  informers?: Informers;
  /** Called once when all nodes are registered. */
  onRegistered?(): void;
}

/** Runs until the signal aborts. Throws at once for a rule that cannot be read. */
export async function runSimulatedNodes(options: SimulatedNodesOptions): Promise<void> {
  const { client, clock, log, signal } = options;
  const names = options.names ?? Array.from({ length: options.count ?? 1 }, (_, i) => `simulated-${i}`);
  const nodes = new Map(names.map((name, i) => [name, { address: nodeAddress(i), podCIDR: ownRange(i) }]));
  const behaviourOf = behaviours(options.rules);
  const informers = options.informers ?? createInformers(client, { signal, log });
  const single = names.length === 1 ? names[0] : undefined;
  const nodeInformer = informers.for(Nodes, single ? { fieldSelector: `metadata.name=${single}` } : {});
  const podInformer = informers.for(Pods, single ? { fieldSelector: `spec.nodeName=${single}` } : {});
  const pods = new PodLoop({ client, clock, log, signal, nodes, behaviourOf, nodeInformer, podInformer });
  const kept = keepNodes({ client, clock, log, signal, nodes, informer: nodeInformer }, () => options.onRegistered?.());
  // Folders that nobody sees need neither be made nor removed.
  const volumes = runHostPathVolumes({
    ...{ client, informers, log, signal },
    nodes: nodeInformer,
    nodeNames: names,
    root: VOLUMES,
    removeFolder: async () => undefined,
  });
  await Promise.all([kept, pods.run(), volumes]);
}

interface PodLoopOptions {
  client: Client;
  clock: Clock;
  log: Logger;
  signal: AbortSignal;
  nodes: ReadonlyMap<string, SimulatedNode>;
  behaviourOf: ReturnType<typeof behaviours>;
  nodeInformer: Informer<Node>;
  podInformer: Informer<Pod>;
}

class PodLoop {
  private readonly options: PodLoopOptions;
  private readonly queue = new WorkQueue({ baseMs: 50, maxMs: 10_000 });
  private readonly ranges = new Map<string, AddressRange>();
  /** Pods that wait for their node's range. */
  private readonly waiting = new Map<string, Set<string>>();

  constructor(options: PodLoopOptions) {
    this.options = options;
    const { podInformer, nodeInformer, nodes, signal } = options;
    signal.addEventListener('abort', () => this.queue.shutDown(), { once: true });
    const changed = (pod: Pod) => {
      const name = pod.spec?.nodeName;
      if (!name || !nodes.has(name)) return;
      const { podIP } = pod.status ?? {};
      if (podIP && !pod.spec?.hostNetwork) this.ranges.get(name)?.claim(pod.metadata?.uid ?? '', podIP);
      this.queue.add(objectKey(pod));
    };
    podInformer.addHandler({
      add: changed,
      update: changed,
      delete: (pod) => this.ranges.get(pod.spec?.nodeName ?? '')?.release(pod.metadata?.uid ?? ''),
    });
    const seen = (node: { metadata?: { name?: string }; spec?: { podCIDR?: string } }) => {
      const name = node.metadata?.name ?? '';
      if (nodes.has(name) && node.spec?.podCIDR) this.openRange(name, node.spec.podCIDR);
    };
    nodeInformer.addHandler({ add: seen, update: seen });
  }

  async run(): Promise<void> {
    const { podInformer, nodeInformer, signal } = this.options;
    try {
      await Promise.all([podInformer.whenSynced(signal), nodeInformer.whenSynced(signal)]);
    } catch {
      return;
    }
    await Promise.all(Array.from({ length: WORKERS }, () => this.work()));
  }

  /** Addresses in use are known before the first is handed out. */
  private openRange(name: string, cidr: string): void {
    if (this.ranges.has(name)) return;
    const range = new AddressRange(cidr);
    for (const pod of this.options.podInformer.lister.list()) {
      if (pod.spec?.nodeName !== name || pod.spec.hostNetwork || !pod.status?.podIP) continue;
      range.claim(pod.metadata?.uid ?? '', pod.status.podIP);
    }
    this.ranges.set(name, range);
    for (const key of this.waiting.get(name) ?? []) this.queue.add(key);
    this.waiting.delete(name);
  }

  private async work(): Promise<void> {
    const { log, signal } = this.options;
    for (let key = await this.queue.get(); key !== undefined; key = await this.queue.get()) {
      try {
        await this.reconcile(key);
        this.queue.forget(key);
      } catch (error) {
        if (signal.aborted) return;
        if (!isConflict(error)) log.warn({ pod: key, error: String(error) }, 'simulated pod failed');
        this.queue.addRateLimited(key);
      } finally {
        this.queue.done(key);
      }
    }
  }

  private async reconcile(key: string): Promise<void> {
    const { client, clock, podInformer, nodes, behaviourOf, signal } = this.options;
    const pod = podInformer.lister.get(key);
    if (!pod) return;
    const nodeName = pod.spec?.nodeName ?? '';
    const address = nodes.get(nodeName)?.address;
    if (address === undefined) return;
    const podIp = this.podIp(pod, nodeName, address);
    if (podIp === undefined && !pod.metadata?.deletionTimestamp) {
      this.wait(nodeName, key);
      return;
    }
    const facts = { name: nodeName, address, podIp: podIp ?? '' };
    const step = nextStep(pod, facts, behaviourOf(pod), clock.now());
    const { uid, resourceVersion } = pod.metadata ?? {};
    try {
      if (step.remove) {
        await client.delete(Pods, splitKey(key), { gracePeriodSeconds: 0, preconditions: { uid } });
      } else if (step.status) {
        // Guarded by the version: a step from an old state would take back a newer one.
        const patch = { metadata: { uid, resourceVersion }, status: step.status };
        await client.patch(Pods, splitKey(key), 'strategic', patch, { subresource: 'status' });
      }
    } catch (error) {
      if (!isNotFound(error)) throw error;
      return;
    }
    if (step.againInMs === undefined) return;
    // Only pods with a rule about time get here, so timers are few.
    clock.sleep(step.againInMs, signal).then(
      () => this.queue.add(key),
      () => undefined,
    );
  }

  private wait(nodeName: string, key: string): void {
    const waiting = this.waiting.get(nodeName);
    if (waiting) return void waiting.add(key);
    this.waiting.set(nodeName, new Set([key]));
    const { clock, nodes, signal } = this.options;
    clock.sleep(RANGE_WAIT_MS, signal).then(
      () => this.openRange(nodeName, spareRange([...nodes.keys()].indexOf(nodeName))),
      () => undefined,
    );
  }

  private podIp(pod: Pod, nodeName: string, address: string): string | undefined {
    if (pod.spec?.hostNetwork) return address;
    return pod.status?.podIP ?? this.ranges.get(nodeName)?.allocate(pod.metadata?.uid ?? '');
  }
}
