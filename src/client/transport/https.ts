// The transport to a server elsewhere: credentials, redirects, compression, kept-alive connections and upgrades. One
// request is one exchange (exchange.ts); the only retries are one after a connection that had gone stale, for requests
// that are safe to repeat, and one with a new credential.
import type { Handler, Request, Response } from '../../wire/http.ts';
import type { UpgradeDialer } from '../../wire/streams.ts';
import type { ClientConfig } from './config.ts';
import { Credentials } from './credentials.ts';
import type { Endpoint, Exchange, RequestHeaders, Sent } from './exchange.ts';
import { AnswerCut, codeOf, Unreachable } from './failures.ts';
import { isLocal, proxyFor } from './proxy.ts';
import { discard } from './retrying.ts';
import { serverUrl, tlsOptions } from './tls-options.ts';

export interface Transport {
  handler: Handler;
  dialer: UpgradeDialer;
  /** Closes idle and busy connections. */
  close(): void;
}

/** Throws for a configuration that cannot be; connection failures reject requests with an Error whose `code` is Node's. */
export function httpsTransport(config: ClientConfig): Transport {
  return new HttpsTransport(config);
}

/** Loaded when it is needed, so that neither runtime loads the other's. */
async function exchangeFor(endpoint: Endpoint): Promise<Exchange> {
  if (process.versions['bun']) return (await import('./socket-exchange.ts')).socketExchange(endpoint);
  return (await import('./node-exchange.ts')).nodeExchange(endpoint);
}

const MAX_REDIRECTS = 10;

/** What is sent where: the request of the caller, or where an answer led. */
interface Hop extends Sent {
  url: URL;
}

class HttpsTransport implements Transport {
  private readonly base: URL;
  private readonly prefix: string;
  private readonly config: ClientConfig;
  private readonly credentials: Credentials;
  private readonly proxy: URL | undefined;
  /** By origin: the server's own, and those that answers led to. */
  private readonly exchanges = new Map<string, Promise<Exchange>>();

  constructor(config: ClientConfig) {
    this.config = config;
    this.base = serverUrl(config.server);
    this.prefix = this.base.pathname.replace(/\/+$/, '');
    this.proxy = proxyFor(this.base, config.proxyUrl, process.env);
    // Another certificate is for connections that are not made yet.
    this.credentials = new Credentials(config, () => this.exchanges.delete(this.base.origin));
    this.endpointOf(this.base);
  }

  readonly handler: Handler = async (request) => {
    const { method } = request;
    const headers = await this.headers(request.headers);
    const body = request.body ? await request.body.bytes(Number.MAX_SAFE_INTEGER) : undefined;
    const query = request.query.toString();
    const path = this.prefix + request.path + (query ? `?${query}` : '');
    const repeatable = method === 'GET' || method === 'HEAD';
    for (let attempt = 0; ; attempt++) {
      try {
        const response = await this.follow(request, { method, url: this.base, path, headers, body });
        if (response.status !== 401 || attempt > 0 || !(await this.credentials.renew(headers))) {
          return { ...response, body: { bytes: () => whole(response) } };
        }
        discard(response);
        Object.assign(headers, await this.headers(request.headers));
      } catch (error) {
        const stale = (error as NodeJS.ErrnoException & { reused?: boolean }).reused === true;
        if (attempt > 0 || !stale || !repeatable || request.signal.aborted) throw worded(error);
      }
    }
  };

  readonly dialer: UpgradeDialer = {
    upgrade: async (method, pathAndQuery, extra) => {
      const headers = await this.credentials.headers(extra);
      const exchange = await this.exchangeTo(this.base);
      return exchange.upgrade(method, this.prefix + pathAndQuery, headers);
    },
  };

  close(): void {
    for (const exchange of this.exchanges.values()) void exchange.then((e) => e.close());
  }

  private endpointOf(base: URL): Endpoint {
    const { certificateAuthority, timeoutMs = 0 } = this.config;
    const secure = base.protocol === 'https:';
    const shown = base.origin === this.base.origin ? this.credentials : {};
    return {
      base,
      secure,
      tls: secure ? tlsOptions(this.config, shown) : {},
      timeoutMs,
      ...(this.proxy ? { proxy: this.proxy } : {}),
      ...(certificateAuthority ? { authorities: certificateAuthority } : {}),
    };
  }

  private exchangeTo(url: URL): Promise<Exchange> {
    let exchange = this.exchanges.get(url.origin);
    if (!exchange) this.exchanges.set(url.origin, (exchange = exchangeFor(this.endpointOf(url))));
    return exchange;
  }

  private async headers(own: Request['headers']): Promise<RequestHeaders> {
    const headers = await this.credentials.headers(own);
    // It costs more than it saves where there is no network between.
    const compress = !this.config.disableCompression && !isLocal(this.base.hostname);
    if (compress && headers['accept-encoding'] === undefined) headers['accept-encoding'] = 'gzip';
    return headers;
  }

  private async follow(request: Request, first: Hop): Promise<Response> {
    let hop = first;
    for (let count = 0; ; count++) {
      const exchange = await this.exchangeTo(hop.url);
      const response = await exchange.send(request, hop);
      const next = redirected(hop, response);
      if (!next) return response;
      if (count === MAX_REDIRECTS - 1) throw new Unreachable(`stopped after ${MAX_REDIRECTS} redirects`);
      discard(response);
      hop = next;
    }
  }
}

/** The request that an answer asks for instead; undefined when it is no redirect. Upstream: net/http redirectBehavior. */
function redirected(hop: Hop, { status, headers }: Response): Hop | undefined {
  const { location } = headers;
  if (![301, 302, 303, 307, 308].includes(status) || typeof location !== 'string' || location === '') return undefined;
  const url = new URL(location, new URL(hop.path, hop.url));
  const again = status >= 307 || hop.method === 'GET' || hop.method === 'HEAD';
  const kept = { ...hop.headers };
  // A credential is for the server that the kubeconfig names, and not for its name without TLS.
  if (url.origin !== hop.url.origin) for (const name of ['authorization', 'host']) delete kept[name];
  if (!again) for (const name of ['content-type', 'content-length']) delete kept[name];
  return {
    url,
    path: url.pathname + url.search,
    headers: kept,
    method: again ? hop.method : 'GET',
    body: again ? hop.body : undefined,
  };
}

/** The bytes of an answer, unpacked; that they end too early is an error of its own. */
async function* whole(response: Response): AsyncGenerator<Uint8Array> {
  const bytes = response.body!.bytes() as AsyncIterable<Uint8Array>;
  try {
    yield* response.headers['content-encoding'] === 'gzip' ? unpacked(bytes) : bytes;
  } catch (error) {
    throw cut(error as NodeJS.ErrnoException) ?? error;
  }
}

function cut(error: NodeJS.ErrnoException): Error | undefined {
  if (error.code === 'ECONNRESET') {
    const reset = error.syscall === 'read';
    return new AnswerCut(reset ? 'read: connection reset by peer' : 'unexpected EOF', error);
  }
  return codeOf(error).startsWith('Z_') ? new AnswerCut('unexpected EOF', error) : undefined;
}

async function* unpacked(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const [{ constants, createGunzip }, { Readable }] = await Promise.all([import('node:zlib'), import('node:stream')]);
  const gunzip = createGunzip({ flush: constants.Z_SYNC_FLUSH });
  const packed = Readable.from(bytes);
  packed.on('error', (error) => gunzip.destroy(error));
  yield* packed.pipe(gunzip) as AsyncIterable<Uint8Array>;
}

/** Go names the header, and not its value, which may be secret. */
function worded(error: unknown): unknown {
  if ((error as NodeJS.ErrnoException).code !== 'ERR_INVALID_CHAR') return error;
  const name = /\["([\w-]+)"\]/.exec((error as Error).message)?.[1] ?? '';
  const header = name.replaceAll(/\b[a-z]/g, (letter) => letter.toUpperCase());
  return new Unreachable(`net/http: invalid header field value for ${JSON.stringify(header)}`);
}
