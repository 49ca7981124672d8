// Keeps an APIService object for each group and version that this server answers itself: those of built-in kinds are
// written at the start, those of custom kinds follow their definitions. Objects that somebody else wrote are left alone.
// Upstream: kube-aggregator/pkg/controllers/autoregister, pkg/controlplane/controller/crdregistration.
import type { ApiService } from '../../../api/kinds/apiregistration/apiservice.ts';
import { isAlreadyExists, isConflict, isNotFound } from '../../../api/status.ts';
import type { Handler, Request } from '../../../wire/http.ts';
import { errorOf, isFailure } from '../content/answer-of.ts';
import type { Server } from '../context.ts';
import { CUSTOM, builtinPriority } from './priorities.ts';
import { ApiServices } from './remote.ts';

const LABEL = 'kube-aggregator.kubernetes.io/automanaged';
const SELF = { name: 'system:apiserver', groups: ['system:masters'] };
const FIRST_RETRY_MS = 250;
const LAST_RETRY_MS = 30_000;

/** `onstart`: only looked at when the server starts; `true`: kept as it is. */
type Mode = 'onstart' | 'true';

interface Wanted {
  name: string;
  mode: Mode;
  spec: { group: string; version: string; groupPriorityMinimum: number; versionPriority: number };
}

export class AutoRegistration {
  readonly #server: Server;
  readonly #handler: Handler;
  #running = false;
  #again = false;
  #started = false;

  constructor(server: Server) {
    this.#server = server;
    this.#handler = server.handler;
  }

  /** Answers what stops it. Failures are tried again. */
  start(observe: (onChange: () => void) => () => void): () => void {
    const { registry } = this.#server;
    let stopped = false;
    let retryMs = FIRST_RETRY_MS;
    const wake = (): void => {
      if (stopped || this.#server.closing.aborted) return;
      if (this.#running) return void (this.#again = true);
      this.#running = true;
      void this.#sync().then((done) => {
        this.#running = false;
        if (stopped || (done && !this.#again)) return;
        this.#again = false;
        retryMs = done ? FIRST_RETRY_MS : Math.min(retryMs * 2, LAST_RETRY_MS);
        setTimeout(wake, done ? 0 : retryMs).unref();
      });
    };
    registry.onChange(wake);
    const unobserve = observe(wake);
    wake();
    return () => {
      stopped = true;
      unobserve();
    };
  }

  #wanted(): Map<string, Wanted> {
    const wanted = new Map<string, Wanted>();
    for (const apiVersion of this.#server.registry.groupVersions()) {
      const { group, version, kind } = this.#server.registry.groupVersion(apiVersion)!.values().next().value!;
      const custom = kind.custom;
      const priority = (custom ? undefined : builtinPriority(group, version)) ?? CUSTOM;
      const name = `${version}.${group}`;
      // Upstream's aggregator has no object for its own group; and one for metrics is whoever's installs metrics-server,
      // which then answers in our place.
      if (group === ApiServices.group || group === 'metrics.k8s.io') continue;
      wanted.set(name, {
        name,
        mode: custom ? 'true' : 'onstart',
        spec: { group, version, groupPriorityMinimum: priority.group, versionPriority: priority.version },
      });
    }
    return wanted;
  }

  /** True: everything is as it should be. */
  async #sync(): Promise<boolean> {
    const { lister } = this.#server.admission;
    const wanted = this.#wanted();
    const first = !this.#started;
    const work: Promise<boolean>[] = [];
    for (const want of wanted.values()) {
      if (want.mode === 'onstart' && !first) continue;
      work.push(this.#settle(want, lister.get(ApiServices, undefined, want.name)));
    }
    for (const object of lister.list(ApiServices)) {
      const mode = object.metadata?.labels?.[LABEL];
      const name = object.metadata?.name ?? '';
      if (wanted.has(name) || object.spec?.service) continue;
      if (mode === 'true' || (mode === 'onstart' && first)) work.push(this.#send('DELETE', name));
    }
    const done = (await Promise.all(work)).every(Boolean);
    if (done) this.#started = true;
    return done;
  }

  #settle(want: Wanted, stored: ApiService | undefined): Promise<boolean> {
    if (!stored) return this.#send('POST', want.name, bodyOf(want));
    if (stored.metadata?.labels?.[LABEL] === undefined) return Promise.resolve(true);
    const { spec = {} } = stored;
    // Somebody gave a built-in group to another server (metrics.k8s.io to a metrics server): that is to stay.
    if (spec.service && want.mode === 'onstart') return Promise.resolve(true);
    const same = Object.entries(want.spec).every(([field, value]) => spec[field as keyof typeof spec] === value);
    if (same && !spec.service) return Promise.resolve(true);
    const body = bodyOf(want);
    return this.#send('PUT', want.name, { ...body, metadata: { ...stored.metadata, ...body.metadata } });
  }

  async #send(method: 'POST' | 'PUT' | 'DELETE', name: string, body?: object): Promise<boolean> {
    const request: Request = {
      method,
      path: `/apis/apiregistration.k8s.io/v1/apiservices${method === 'POST' ? '' : `/${name}`}`,
      query: new URLSearchParams(),
      headers: { 'content-type': 'application/json', 'user-agent': 'kube-apiserver' },
      signal: this.#server.closing,
      user: SELF,
      ...(body ? { body: { bytes: async () => Buffer.from(JSON.stringify(body)), shared: () => body } } : {}),
    };
    try {
      const response = await this.#handler(request);
      if (!isFailure(response)) return true;
      const error = await errorOf(response);
      return isAlreadyExists(error) || isNotFound(error) || isConflict(error);
    } catch {
      return false;
    }
  }
}

const bodyOf = ({ name, mode, spec }: Wanted) => ({
  apiVersion: 'apiregistration.k8s.io/v1',
  kind: 'APIService',
  metadata: { name, labels: { [LABEL]: mode } },
  spec,
});
