// Says of each remote APIService whether it can be reached, and learns what it serves: at once when it, its service or
// its endpoints change, and every half minute. Upstream: kube-aggregator/pkg/controllers/status/remote.
import type { ApiService } from '../../../api/kinds/apiregistration/apiservice.ts';
import { EndpointSlices, EndpointsType, Services } from '../../../api/resources.ts';
import { isNotFound } from '../../../api/status.ts';
import type { KubeObject } from '../../../api/types.ts';
import { slicesOf } from '../../admission/webhook/resolve-service.ts';
import { type Server, newContext } from '../context.ts';
import { timestamp } from '../verbs/metadata.ts';
import { modify } from '../verbs/modify.ts';
import { cloneJson } from '../cache/encoding.ts';
import { type Availability, PASSED, withAvailability } from './conditions.ts';
import { fetchDocuments } from './documents.ts';
import { AGGREGATOR, identityHeaders } from './identity.ts';
import { ApiServices, type RemoteService, targetOf } from './remote.ts';

const RESYNC_MS = 30_000;
const FIRST_RETRY_MS = 50;
/** How often documents are fetched of a server that stays available. */
const REFRESH_MS = 60_000;
const CHECK_TIMEOUT_MS = 5_000;

interface Watched {
  timer: NodeJS.Timeout | undefined;
  running: boolean;
  /** Something changed while it was being checked. */
  again: boolean;
  retryMs: number;
  fetchedMs: number;
}

export class AvailabilityController {
  readonly #server: Server;
  readonly #watched = new Map<string, Watched>();
  #stopped = false;

  constructor(server: Server) {
    this.#server = server;
  }

  /** Follows services and endpoints; answers what stops it. */
  start(
    observe: (type: typeof Services, onChange: (object?: KubeObject, old?: KubeObject) => void) => () => void,
  ): () => void {
    const { remotes } = this.#server.aggregator!;
    remotes.onChange((name) => this.#enqueue(name));
    for (const remote of remotes.all()) this.#enqueue(remote.name);
    const touched =
      (serviceOf: (object: KubeObject) => string | undefined) => (object?: KubeObject, old?: KubeObject) => {
        const changed = object ?? old;
        if (remotes.size === 0 || !changed) return;
        const [namespace, name] = [changed.metadata?.namespace, serviceOf(changed)];
        for (const remote of remotes.all()) {
          if (remote.service.namespace === namespace && remote.service.name === name) this.#enqueue(remote.name);
        }
      };
    const own = touched((object) => object.metadata?.name);
    const stops = [
      observe(Services, own),
      observe(EndpointsType as never, own),
      observe(
        EndpointSlices as never,
        touched((object) => object.metadata?.labels?.['kubernetes.io/service-name']),
      ),
    ];
    return () => {
      this.#stopped = true;
      for (const stop of stops) stop();
      for (const { timer } of this.#watched.values()) clearTimeout(timer);
    };
  }

  #enqueue(name: string): void {
    if (this.#stopped) return;
    let watched = this.#watched.get(name);
    if (!watched) {
      watched = { timer: undefined, running: false, again: false, retryMs: FIRST_RETRY_MS, fetchedMs: -Infinity };
      this.#watched.set(name, watched);
    }
    if (watched.running) watched.again = true;
    else this.#schedule(name, watched, 0);
  }

  #schedule(name: string, watched: Watched, delayMs: number): void {
    clearTimeout(watched.timer);
    watched.timer = setTimeout(() => void this.#run(name, watched), delayMs);
    watched.timer.unref();
  }

  async #run(name: string, watched: Watched): Promise<void> {
    watched.running = true;
    watched.again = false;
    let next: number | undefined;
    try {
      next = await this.#sync(name, watched);
    } catch (error) {
      if (!this.#stopped)
        this.#server.onBug(error, newContext(this.#server, selfRequest(this.#server), 'apiservice-availability'));
      next = RESYNC_MS;
    }
    watched.running = false;
    if (this.#stopped) return;
    if (next === undefined) this.#watched.delete(name);
    else this.#schedule(name, watched, watched.again ? 0 : next);
  }

  /** Answers when to look again; undefined: the service is gone. */
  async #sync(name: string, watched: Watched): Promise<number | undefined> {
    const remote = [...this.#server.aggregator!.remotes.all()].find((r) => r.name === name);
    if (!remote) return undefined;
    const availability = await this.#check(remote);
    const passed = availability.status === 'True';
    const now = this.#server.now();
    if (passed && (!remote.available || now - watched.fetchedMs >= REFRESH_MS)) {
      await this.#learn(remote);
      watched.fetchedMs = now;
    }
    await this.#say(name, availability);
    const failedCheck = availability.reason === 'FailedDiscoveryCheck';
    watched.retryMs = failedCheck ? Math.min(watched.retryMs * 2, RESYNC_MS) : FIRST_RETRY_MS;
    return failedCheck ? watched.retryMs : RESYNC_MS;
  }

  async #check(remote: RemoteService): Promise<Availability> {
    const { lister } = this.#server.admission;
    const { namespace, name, port } = remote.service;
    const no = (reason: string, message: string): Availability => ({ status: 'False', reason, message });
    const where = `service/${name} in ${JSON.stringify(namespace)}`;
    const service = lister.get(Services, namespace, name);
    if (!service) return no('ServiceNotFound', `${where} is not present`);
    if ((service.spec?.type ?? 'ClusterIP') === 'ClusterIP') {
      const listening = service.spec?.ports?.find((p) => p.port === port);
      if (!listening) return no('ServicePortError', `${where} is not listening on port ${port}`);
      const portName = listening.name ?? '';
      const slices = slicesOf(lister, namespace, name);
      const endpoints = lister.get(EndpointsType, namespace, name);
      if (slices.length === 0 && !endpoints) return no('EndpointsNotFound', `cannot find endpointslices for ${where}`);
      const active =
        slices.some(
          (slice) =>
            slice.endpoints.some((e) => e.conditions?.ready !== false) &&
            slice.ports?.some((p) => (p.name ?? '') === portName && p.port !== undefined),
        ) || endpoints?.subsets?.some((s) => s.addresses?.length && s.ports?.some((p) => (p.name ?? '') === portName));
      if (!active) {
        const what = `endpointslices for ${where} have no addresses with port name ${JSON.stringify(portName)}`;
        return no('MissingEndpoints', what);
      }
    }
    const problem = await this.#ask(remote);
    return problem === undefined ? PASSED : no('FailedDiscoveryCheck', problem);
  }

  /** Every extension server answers the address of its group and version. */
  async #ask(remote: RemoteService): Promise<string | undefined> {
    const { caller, credential } = this.#server.aggregator!.options;
    const path = `/apis/${remote.group}/${remote.version}`;
    let shown = path;
    try {
      const target = targetOf(remote, path, this.#server.admission.lister, credential());
      shown = target.shown ?? path;
      const headers = identityHeaders(AGGREGATOR);
      const answer = await caller.call(target, { method: 'GET', headers, timeoutMs: CHECK_TIMEOUT_MS });
      if (answer.status >= 200 && answer.status < 300) return undefined;
      return `failing or missing response from ${shown}: bad status from ${shown}: ${answer.status}`;
    } catch (error) {
      return `failing or missing response from ${shown}: ${(error as Error).message}`;
    }
  }

  async #learn(remote: RemoteService): Promise<void> {
    const { remotes, options } = this.#server.aggregator!;
    const ask = async (path: string, accept: string) => {
      const target = targetOf(remote, path, this.#server.admission.lister, options.credential());
      const headers = { ...identityHeaders(AGGREGATOR), accept };
      return options.caller.call(target, { method: 'GET', headers, timeoutMs: RESYNC_MS });
    };
    remotes.learn(remote, await fetchDocuments(remote, ask));
  }

  async #say(name: string, availability: Availability): Promise<void> {
    const { registry, admission } = this.#server;
    const kind = registry.kind(ApiServices.group, ApiServices.plural)!;
    const stored = admission.lister.get(ApiServices, undefined, name);
    const now = timestamp(this.#server.now());
    if (!stored || !withAvailability(stored, availability, now)) return;
    const context = newContext(this.#server, selfRequest(this.#server), 'apiservice-availability');
    await modify(context, registry.endpointFor(kind, kind.storageApiVersion)!, name, {
      subresource: 'status',
      dryRun: false,
      change: (old) => {
        const status = withAvailability(old as ApiService, availability, now);
        return status ? { ...cloneJson(old), status } : cloneJson(old);
      },
      track: () => {},
    }).catch((error: unknown) => {
      if (!isNotFound(error)) throw error;
    });
  }
}

const selfRequest = (server: Server) => ({
  method: 'PUT',
  path: '',
  query: new URLSearchParams(),
  headers: {},
  signal: server.closing,
  user: { name: 'system:apiserver', groups: ['system:masters'] },
});
