// Keeps the kernel's rules equal to the cluster's services: events → model → text → iptables-restore. Changes that
// come together are applied together; a failed write is tried again; flushed tables are noticed and rebuilt.
import { EndpointSlices, Nodes, Services } from '../../api/resources.ts';
import type { Clock } from '../../client/controller.ts';
import type { Informers } from '../../client/informer.ts';
import type { Logger } from '../../client/log.ts';
import { HealthServers, healthChecks } from './health.ts';
import { type Iptables, forgetUdpFlows } from './iptables.ts';
import { type ServicePort, servicePorts } from './model.ts';
import { type HostPort, restoreText } from './rules.ts';

export interface ProxyOptions {
  informers: Informers;
  nodeName: string;
  clusterCidr: string;
  /** Of this node; known once the node's address range was assigned. */
  podCidr: string;
  iptables: Iptables;
  clock: Clock;
  log: Logger;
  signal: AbortSignal;
}

export interface Proxy {
  /** Replaces the host ports of this node's pods. */
  setHostPorts(ports: readonly HostPort[]): void;
  /** Resolves when the rules show everything that was known when it was called. */
  whenApplied(): Promise<void>;
  /** Resolves when the loop has stopped. The rules stay: connections outlive the daemon. */
  done: Promise<void>;
}

/** Changes within this time are written at once. */
const COALESCE_MS = 20;
const RETRY_MS = 1000;
const CHECK_MS = 30_000;
/** Rules that are older than what the cluster wants for so long are no good any more. */
const UNHEALTHY_MS = 2 * CHECK_MS;

export function startProxy(options: ProxyOptions): Proxy {
  const { informers, iptables, clock, log, signal } = options;
  let hostPorts: readonly HostPort[] = [];
  let wanted = 1;
  let applied = 0;
  let wake = () => {};
  let behindSince: number | undefined = clock.now();
  const waiters: { version: number; resolve: () => void }[] = [];
  const changed = () => {
    wanted++;
    behindSince ??= clock.now();
    wake();
  };
  const services = informers.for(Services);
  const slices = informers.for(EndpointSlices);
  for (const informer of [services, slices]) informer.addHandler({ add: changed, update: changed, delete: changed });

  const nodes = informers.for(Nodes);
  const health = new HealthServers(
    {
      healthy: () => behindSince === undefined || clock.now() - behindSince < UNHEALTHY_MS,
      node: () => nodes.lister.get(options.nodeName),
      now: () => clock.now(),
    },
    log,
  );
  signal.addEventListener('abort', () => health.close(), { once: true });
  const syncer = new Syncer(options);
  const loop = async () => {
    await Promise.all([services.whenSynced(signal), slices.whenSynced(signal)]);
    let checkedAt = clock.now();
    while (!signal.aborted) {
      if (applied < wanted) {
        await clock.sleep(COALESCE_MS, signal);
        const version = wanted;
        try {
          await syncer.sync(services.lister.list(), slices.lister.list(), hostPorts);
          applied = version;
          if (applied === wanted) behindSince = undefined;
          health.update(healthChecks(services.lister.list(), slices.lister.list(), options.nodeName));
          for (const waiter of waiters.splice(0)) {
            if (waiter.version <= applied) waiter.resolve();
            else waiters.push(waiter);
          }
        } catch (error) {
          log.error({ error: String(error) }, 'could not write the service rules; trying again');
          await clock.sleep(RETRY_MS, signal);
        }
        continue;
      }
      const changes = new Promise<void>((resolve) => (wake = resolve));
      await Promise.race([changes, clock.sleep(CHECK_MS, signal)]);
      if (clock.now() - checkedAt < CHECK_MS) continue;
      checkedAt = clock.now();
      if (!(await iptables.intact().catch(() => false))) {
        log.warn({}, 'the service rules were removed by somebody else; writing them again');
        syncer.forget();
        wanted++;
      }
    }
  };
  const done = loop().catch((error: unknown) => {
    if (!signal.aborted) log.error({ error: String(error) }, 'the proxy stopped');
  });
  return {
    setHostPorts(ports) {
      if (JSON.stringify(ports) === JSON.stringify(hostPorts)) return;
      hostPorts = ports;
      changed();
    },
    whenApplied() {
      if (applied >= wanted) return Promise.resolve();
      return new Promise((resolve) => waiters.push({ version: wanted, resolve }));
    },
    done,
  };
}

/** What is in the kernel, and the way from there to what is wanted. */
class Syncer {
  private text = '';
  private udp = new Map<string, Set<string>>();
  private jumped = false;
  private readonly options: ProxyOptions;
  constructor(options: ProxyOptions) {
    this.options = options;
  }

  /** The kernel's state is unknown: write everything at the next sync. */
  forget(): void {
    this.text = '';
    this.jumped = false;
  }

  async sync(
    services: Parameters<typeof servicePorts>[0],
    slices: Parameters<typeof servicePorts>[1],
    hostPorts: readonly HostPort[],
  ): Promise<void> {
    const { nodeName, clusterCidr, podCidr, iptables } = this.options;
    const model = servicePorts(services, slices, nodeName);
    const input = { services: model, hostPorts, clusterCidr, podCidr };
    const text = restoreText(input);
    if (text !== this.text) {
      const staleChains = await iptables.serviceChains();
      await iptables.restore(restoreText({ ...input, staleChains }));
      this.text = text;
    }
    if (!this.jumped) {
      await iptables.ensureJumps();
      this.jumped = true;
    }
    await this.forgetFlows(model);
  }

  private async forgetFlows(model: readonly ServicePort[]): Promise<void> {
    const now = new Map<string, Set<string>>();
    for (const port of model) {
      if (port.protocol !== 'udp') continue;
      const known = now.get(port.clusterIp) ?? new Set();
      for (const endpoint of port.endpoints) known.add(endpoint.address);
      now.set(port.clusterIp, known);
    }
    const stale: { address: string; endpoint?: string }[] = [];
    for (const [address, before] of this.udp) {
      const current = now.get(address) ?? new Set();
      for (const endpoint of before) if (!current.has(endpoint)) stale.push({ address, endpoint });
    }
    // Flows of a time without endpoints were let through untranslated.
    for (const [address, current] of now) {
      if (current.size > 0 && (this.udp.get(address)?.size ?? 0) === 0) stale.push({ address });
    }
    this.udp = now;
    if (stale.length > 0) await forgetUdpFlows(stale);
  }
}
