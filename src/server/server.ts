// The composition root of a server: store → API server → admission and auth, fed by its watch cache → HTTPS listener →
// what every cluster has → controllers and scheduler. Nothing else constructs these parts and connects them.
import { readFileSync } from 'node:fs';
import { systemClock } from '../client/clock.ts';
import { silentLogger } from '../client/log.ts';
import { Client } from '../client/rest.ts';
import { inProcess } from '../client/transport/in-process.ts';
import { createHttpServer, type HttpServer, type TlsIdentity } from '../wire/http-server.ts';
import { type HttpsCaller, createHttpsCaller } from '../wire/https-caller.ts';
import type { Handler, User } from '../wire/http.ts';
import { hostAddress, nthAddress } from './addresses.ts';
import { admissionChain, withoutDisabled } from './admission/chain.ts';
import { Leases } from '../api/resources.ts';
import type { AdmissionPlugin, Lister } from './admission/types.ts';
import { WebhookClient } from './admission/webhook/client.ts';
import { type WebhookAdmission, webhookAdmission } from './admission/webhook/webhooks.ts';
import { createApiServer } from './apiserver/apiserver.ts';
import type { ApiServer } from './apiserver/types.ts';
import { createAuth, type Auth } from './auth/auth.ts';
import { certificatesOf } from './auth/client-certificate.ts';
import { tokenFileAuthenticator } from './auth/authenticators/token-file.ts';
import { bootstrap } from './bootstrap/bootstrap.ts';
import { keepClusterTrust } from './bootstrap/cluster-trust.ts';
import { keepFlowControl } from './bootstrap/flow-status.ts';
import { keepServiceAddresses } from './bootstrap/service-addresses.ts';
import { runCompaction } from './compaction.ts';
import { runComponents } from './components.ts';
import { type DataDir, openDataDir } from './data-dir.ts';
import { createNodeConnector } from '../wire/proxy.ts';
import { openStore } from './open-store.ts';
import {
  ALL_COMPONENTS,
  DEFAULT_CLUSTER_DOMAIN,
  DEFAULT_PORT,
  DEFAULT_SERVICE_CIDR,
  type ServerOptions,
  type StoreSpec,
} from './options.ts';
import { folderPemStore, kubeconfigText, openNodeToken, writeAdminKubeconfig } from './pki/folder.ts';
import { servingNames, type ServingNames } from './pki/host-names.ts';
import { type Pki, memoryPemStore, newBootstrapToken, openPki } from './pki/pki.ts';
import { type FrontProxies, frontProxiesOf } from './request-header.ts';
import { StartupError } from './startup-error.ts';
import type { Store } from './store/store.ts';

export type { ServerOptions } from './options.ts';
export { StartupError } from './startup-error.ts';

export interface RunningServer {
  /** The API, for the in-process transport: requests must carry a user or credentials. */
  handler: Handler;
  /** A client in this process; default user: an administrator. */
  client(user?: User): Client;
  lister: Lister;
  /** `https://127.0.0.1:6443`; undefined without sockets. */
  url?: string;
  port?: number;
  /** The administrator's kubeconfig; undefined without sockets. */
  kubeconfig?: string;
  /** Where it was written; undefined without a data directory. */
  kubeconfigPath?: string;
  /** PEM. */
  ca: string;
  /** Ends watches and connections, stops controllers and scheduler, closes the store. Idempotent. */
  close(): Promise<void>;
}

const ADMIN: User = { name: 'kubernetes-admin', groups: ['system:masters', 'system:authenticated'] };
/** As whom the server writes what every cluster has; upstream's loopback user. */
const SELF: User = { name: 'system:apiserver', groups: ['system:masters', 'system:authenticated'] };
/** How often names, addresses and expiry of certificates are looked at again. */
const PKI_REFRESH_MS = 10 * 60_000;

/** Starts a server; resolved when it is ready. Throws StartupError for what the caller can mend. */
export async function startServer(options: ServerOptions = {}): Promise<RunningServer> {
  const startup = new Startup(options);
  try {
    return await startup.run();
  } catch (error) {
    await startup.undo();
    throw error;
  }
}

/** Starts, serves until the signal aborts, and stops cleanly: the whole life of a daemon. */
export async function runServer(
  options: ServerOptions,
  signal: AbortSignal,
  onReady: (server: RunningServer) => void = () => undefined,
): Promise<void> {
  const server = await startServer(options);
  onReady(server);
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  await server.close();
}

class Startup {
  private readonly stop = new AbortController();
  /** What is to be closed, in the order in which it was opened. */
  private readonly opened: (() => Promise<void> | void)[] = [];
  private readonly clock;
  private readonly log;
  private readonly domain;
  private readonly cidr;

  constructor(private readonly options: ServerOptions) {
    this.clock = options.clock ?? systemClock;
    this.log = options.log ?? silentLogger;
    this.domain = options.clusterDomain ?? DEFAULT_CLUSTER_DOMAIN;
    this.cidr = options.serviceCidr ?? DEFAULT_SERVICE_CIDR;
  }

  async run(): Promise<RunningServer> {
    const { options } = this;
    const spec: StoreSpec = options.store ?? (options.dataDir === undefined ? 'memory' : 'lmdb');
    const shared = spec.startsWith('etcd=');
    const dir = options.dataDir === undefined ? undefined : openDataDir(options.dataDir);
    if (dir) this.opened.push(() => dir.release());
    const address = options.advertiseAddress ?? (await hostAddress());
    const names = (): ServingNames => this.servingNames(address);
    const [pki, store] = await Promise.all([this.openPki(dir, names()), openStore(spec, dir)]);
    this.opened.push(() => store.close());
    const frontProxies = frontProxiesOf(options.requestHeader ?? {}, pki);
    for (const warning of frontProxies.warnings) this.log.warn({}, warning);
    const auth = this.createAuth(pki, frontProxies);
    const caller = createHttpsCaller();
    this.opened.push(() => caller.close());
    const webhooks = webhookAdmission(new WebhookClient(caller));
    const api = this.createApi(store, auth, pki, caller, webhooks);
    // Until the cluster has its roles, requests wait instead of being refused.
    const gate = { handler: undefined as Handler | undefined };
    let open: () => void = () => undefined;
    const ready = new Promise<void>((resolve) => (open = resolve));
    const handler: Handler = (request) => gate.handler?.(request) ?? ready.then(() => api.handler(request));
    const identity = (): TlsIdentity => identityOf(pki, frontProxies);
    const listening = await this.listen(handler, identity(), api);
    await api.ready;
    this.opened.push(auth.attach({ get: api.lister.get, observe: api.observe }));
    const port = listening?.port;
    const self = new Client(inProcess(api.handler, SELF), { userAgent: 'kube-apiserver' });
    await bootstrap({
      client: self,
      cache: api.lister,
      serviceCidr: this.cidr,
      ca: pki.authority.certificate,
      frontProxies,
      token: dir ? openNodeToken(dir, pki) : newBootstrapToken(),
      ...(address !== undefined && port !== undefined ? { endpoint: { address, port } } : {}),
      shared,
    });
    // What every cluster has is written whatever webhooks there are: a broken one must not keep the server from starting.
    this.opened.push(webhooks.attach(api.observe));
    gate.handler = api.handler;
    open();
    this.opened.push(
      keepClusterTrust({
        client: self,
        cache: api.lister,
        observe: api.observe,
        ca: pki.authority.certificate,
        frontProxies,
        onError: (error) =>
          this.log.error({ error: String(error) }, 'what extension servers are told could not be kept'),
      }),
    );
    this.opened.push(
      keepFlowControl({
        client: self,
        cache: api.lister,
        observe: api.observe,
        now: () => this.clock.now(),
        onError: (error) => this.log.error({ error: String(error) }, 'priorities could not be kept'),
      }),
    );
    this.opened.push(
      keepServiceAddresses({
        client: self,
        cache: api.lister,
        observe: api.observe,
        onError: (error) => this.log.error({ error: String(error) }, "a service's address could not be kept"),
      }),
    );
    this.background(api, store, pki, shared);
    if (listening) this.keepCertificates(pki, names, () => listening.server.setTls(identity()));
    return this.running(api, pki, dir, port);
  }

  private running(api: ApiServer, pki: Pki, dir: DataDir | undefined, port: number | undefined): RunningServer {
    let closing: Promise<void> | undefined;
    const url = port === undefined ? undefined : `https://${this.localHost()}:${port}`;
    return {
      handler: api.handler,
      client: (user = ADMIN) => new Client(inProcess(api.handler, user)),
      lister: api.lister,
      ca: pki.authority.certificate,
      ...(url !== undefined && port !== undefined
        ? {
            url,
            port,
            kubeconfig: kubeconfigText(url, pki),
            ...(dir ? { kubeconfigPath: writeAdminKubeconfig(dir, url, pki) } : {}),
          }
        : {}),
      close: () => (closing ??= this.undo()),
    };
  }

  /** The host part of the address in the administrator's kubeconfig, which is for this machine. */
  private localHost(): string {
    const host = this.options.listen ? this.options.listen.host : undefined;
    if (host === undefined || host === '0.0.0.0' || host === '::') return '127.0.0.1';
    return host.includes(':') ? `[${host}]` : host;
  }

  private servingNames(address: string | undefined): ServingNames {
    const { listen, names = [] } = this.options;
    const host = listen ? listen.host : undefined;
    const extra = [...names, address, host].filter((name) => name !== undefined && name !== '0.0.0.0' && name !== '::');
    return servingNames(nthAddress(this.cidr, 1), this.domain, extra as string[]);
  }

  private openPki(dir: DataDir | undefined, names: ServingNames): Promise<Pki> {
    return openPki(dir ? folderPemStore(dir.at('pki')) : memoryPemStore(), names, () => this.clock.now());
  }

  private createAuth(pki: Pki, frontProxies: FrontProxies): Auth {
    const { tokenAuthFile } = this.options;
    return createAuth({
      issuer: `https://kubernetes.default.svc.${this.domain}`,
      keys: pki.serviceAccountKeys,
      clientCa: pki.authority.certificate,
      requestHeader: frontProxies,
      tokenAuthenticators: tokenAuthFile === undefined ? [] : [readTokenFile(tokenAuthFile)],
      now: () => this.clock.now(),
    });
  }

  private admission(chain: readonly AdmissionPlugin[]): readonly AdmissionPlugin[] {
    try {
      return withoutDisabled(chain, this.options.disableAdmission ?? []);
    } catch (error) {
      throw new StartupError((error as Error).message, { cause: error });
    }
  }

  private createApi(store: Store, auth: Auth, pki: Pki, caller: HttpsCaller, admission: WebhookAdmission): ApiServer {
    const nodes = createNodeConnector({ ca: pki.authority.certificate, credential: () => pki.nodeClient });
    this.opened.push(() => nodes.close());
    const server = createApiServer({
      store,
      authenticate: auth.authenticate,
      reviewToken: auth.reviewToken,
      authorizer: auth.authorizer,
      admission: this.admission([...admissionChain(), ...admission.plugins]),
      webhooks: new WebhookClient(caller),
      aggregation: { caller, credential: () => pki.frontProxy.client },
      tokens: auth.tokens,
      nodes,
      serviceCidr: this.cidr,
      nodePorts: this.options.nodePorts,
      components: this.componentChecks(() => server.lister),
      clock: this.clock,
      onBug: (error, request) =>
        this.log.error({ error: error instanceof Error ? error.stack : String(error), ...request }, 'request failed'),
    });
    let closed: Promise<void> | undefined;
    const api: ApiServer = { ...server, close: () => (closed ??= server.close()) };
    this.opened.push(() => api.close());
    return api;
  }

  /**
   * What ComponentStatus shows of what runs beside the API server. On a shared store whoever holds the lease runs it;
   * on a store of one's own it runs in this process, and a loop that fails starts over by itself.
   */
  private componentChecks(lister: () => Lister): Record<string, () => Promise<void>> {
    const names = this.options.components ?? ALL_COMPONENTS;
    const shared = this.options.store?.startsWith('etcd=') === true;
    const check = (lease: string) => async () => {
      if (!shared) return;
      const { renewTime = '', leaseDurationSeconds = 15 } = lister().get(Leases, 'kube-system', lease)?.spec ?? {};
      const until = Date.parse(String(renewTime)) + leaseDurationSeconds * 1000;
      if (!(until >= this.clock.now())) throw new Error('nobody leads');
    };
    return {
      ...(names.includes('controllers') ? { 'controller-manager': check('kube-controller-manager') } : {}),
      ...(names.includes('scheduler') ? { scheduler: check('kube-scheduler') } : {}),
    };
  }

  private async listen(
    handler: Handler,
    tls: TlsIdentity,
    api: ApiServer,
  ): Promise<{ port: number; server: HttpServer } | undefined> {
    const { listen = { port: DEFAULT_PORT } } = this.options;
    if (!listen) return undefined;
    const server = createHttpServer({
      handler,
      tls,
      onError: (error, what) => this.log.error({ error: String(error), what }, 'connection failed'),
    });
    // Both at once: connections stay open as long as their watches, which the API server ends.
    this.opened.push(async () => void (await Promise.all([server.close(), api.close()])));
    try {
      return { ...(await server.listen(listen)), server };
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      const advice = why.includes('in use') ? 'stop what uses it, or choose another port' : 'choose another address';
      throw new StartupError(`${why}; ${advice}`, { cause: error });
    }
  }

  private background(api: ApiServer, store: Store, pki: Pki, shared: boolean): void {
    const { clock, log } = this;
    const { signal } = this.stop;
    const names = this.options.components ?? ALL_COMPONENTS;
    const running = [
      runComponents(names, { handler: api.handler, pki, shared, clock, log, signal }),
      runCompaction(store, clock, log, signal),
    ];
    const ended = Promise.allSettled(running).then((results) => {
      for (const result of results) {
        if (result.status === 'rejected') log.error({ error: String(result.reason) }, 'a component failed');
      }
    });
    this.opened.push(() => {
      this.stop.abort();
      return ended;
    });
  }

  private keepCertificates(pki: Pki, names: () => ServingNames, onChange: () => void): void {
    const timer = setInterval(() => {
      pki
        .refresh(names())
        .then((changed) => {
          if (!changed) return;
          onChange();
          this.log.info({}, 'the serving certificate was issued anew');
        })
        .catch((error: unknown) => this.log.error({ error: String(error) }, 'certificates could not be renewed'));
    }, PKI_REFRESH_MS);
    timer.unref();
    this.opened.push(() => clearInterval(timer));
  }

  /** Closes what was opened, last first; goes on after a failure and reports the first. */
  async undo(): Promise<void> {
    this.stop.abort();
    let failure: unknown;
    for (const close of this.opened.splice(0).reverse()) {
      try {
        await close();
      } catch (error) {
        failure ??= error;
      }
    }
    if (failure !== undefined) throw failure;
  }
}

/** Clients are told of both kinds of authority: they choose a certificate to show by them. */
const identityOf = ({ serving, authority }: Pki, { clientCa }: FrontProxies): TlsIdentity => ({
  cert: serving.cert,
  key: serving.key,
  clientCa: [authority.certificate, ...certificatesOf(clientCa).map((certificate) => certificate.toString())],
});

function readTokenFile(path: string) {
  try {
    return tokenFileAuthenticator(path, readFileSync(path, 'utf8'));
  } catch (error) {
    throw new StartupError(`cannot read the token file: ${(error as Error).message}`, { cause: error });
  }
}
