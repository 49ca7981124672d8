// Keeps the Node object and its Lease: registers, renews every 10 seconds, writes the status when it changed or five
// minutes have passed. Upstream: kubelet_node_status.go, component-helpers/apimachinery/lease.
import type { Node } from 'kubernetes-types/core/v1.js';
import { Leases, Nodes } from '../../api/resources.ts';
import { isAlreadyExists, isNotFound } from '../../api/status.ts';
import type { Clock } from '../../client/controller.ts';
import type { EventRecorder } from '../../client/events.ts';
import type { Informer } from '../../client/informer.ts';
import type { Logger } from '../../client/log.ts';
import type { Client } from '../../client/rest.ts';
import { signalPromise } from './grace.ts';
import {
  LEASE_NAMESPACE,
  type NodeFacts,
  leaseObject,
  leasePatch,
  nodeLabels,
  nodeObject,
  nodeStatus,
  statusChanged,
} from './node-object.ts';

export interface RegistrationOptions {
  client: Client;
  events: EventRecorder;
  informer: Informer<Node>;
  clock: Clock;
  log: Logger;
  signal: AbortSignal;
  nodeName: string;
  /** Asked before each report. */
  facts(): Promise<NodeFacts>;
}

const HEARTBEAT_MS = 10_000;
const REPORT_MS = 300_000;
const RETRY_MS = 1000;

export class NodeRegistration {
  private awake = signalPromise();
  private lastWriteMs = 0;
  private lastReady: string | undefined;

  constructor(private readonly options: RegistrationOptions) {}

  /** Something about the node has changed: report at once. */
  poke(): void {
    this.awake.resolve();
  }

  /** Resolves when the Node exists; tries until then. Rejects only when the signal aborts. */
  async register(): Promise<void> {
    const { clock, log, signal } = this.options;
    for (;;) {
      signal.throwIfAborted();
      try {
        await this.createOrAdopt();
        return;
      } catch (error) {
        log.warn({ node: this.options.nodeName, error: String(error) }, 'cannot register the node; trying again');
        await clock.sleep(RETRY_MS, signal);
      }
    }
  }

  /** Runs until the signal aborts. */
  async run(): Promise<void> {
    const { clock, log, signal } = this.options;
    while (!signal.aborted) {
      this.awake = signalPromise();
      let pause = HEARTBEAT_MS;
      try {
        await this.renewLease();
        await this.report();
      } catch (error) {
        if (signal.aborted) return;
        log.warn({ error: String(error) }, 'the heartbeat of the node failed; trying again');
        pause = RETRY_MS;
      }
      const timer = new AbortController();
      const sleeping = clock.sleep(pause, AbortSignal.any([signal, timer.signal])).catch(() => undefined);
      await Promise.race([this.awake.promise, sleeping]);
      timer.abort();
    }
  }

  private async createOrAdopt(): Promise<void> {
    const { client, nodeName, events } = this.options;
    const status = nodeStatus(await this.options.facts(), undefined);
    try {
      await client.create(Nodes, nodeObject(nodeName, status));
      events.event(
        { apiVersion: 'v1', kind: 'Node', metadata: { name: nodeName } },
        'Normal',
        'Starting',
        'Starting kubelet.',
      );
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
      const old = await client.get(Nodes, { name: nodeName });
      const labels = nodeLabels(nodeName);
      const right = Object.entries(labels).every(([name, value]) => old.metadata?.labels?.[name] === value);
      if (!right) await client.patch(Nodes, { name: nodeName }, 'merge', { metadata: { labels } });
      // Before anything else: the signer of serving certificates looks for the node's addresses here.
      const now = nodeStatus(await this.options.facts(), old.status);
      await client.patch(Nodes, { name: nodeName }, 'strategic', { status: now }, { subresource: 'status' });
    }
  }

  private async report(): Promise<void> {
    const { client, informer, nodeName, clock, events } = this.options;
    const old = informer.lister.get(nodeName);
    const status = nodeStatus(await this.options.facts(), old?.status);
    const due = clock.now() - this.lastWriteMs >= REPORT_MS;
    if (!due && !statusChanged(old?.status, status)) return;
    try {
      await client.patch(Nodes, { name: nodeName }, 'strategic', { status }, { subresource: 'status' });
      this.lastWriteMs = clock.now();
    } catch (error) {
      if (!isNotFound(error)) throw error;
      // Somebody deleted the Node while this daemon runs: it comes back.
      await this.createOrAdopt();
    }
    const ready = status.conditions?.find((condition) => condition.type === 'Ready')?.status;
    if (this.lastReady !== undefined && this.lastReady !== ready) {
      const reason = ready === 'True' ? 'NodeReady' : 'NodeNotReady';
      const object = { apiVersion: 'v1', kind: 'Node', metadata: { name: nodeName, uid: nodeName } };
      events.event(object, 'Normal', reason, `Node ${nodeName} status is now: ${reason}`);
    }
    this.lastReady = ready;
  }

  private async renewLease(): Promise<void> {
    const { client, clock, informer, nodeName } = this.options;
    const key = { name: nodeName, namespace: LEASE_NAMESPACE };
    try {
      await client.patch(Leases, key, 'merge', leasePatch(clock.now()));
    } catch (error) {
      if (!isNotFound(error)) throw error;
      const uid = informer.lister.get(nodeName)?.metadata?.uid ?? '';
      if (uid !== '') await client.create(Leases, leaseObject(nodeName, uid, clock.now()));
    }
  }
}
