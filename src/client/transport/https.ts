// The transport to a server elsewhere: node:https with kept-alive connections, credentials and upgrades. One request is
// one exchange; the only retries are one after a connection that had gone stale, for requests that are safe to repeat,
// and one with a new credential. Redirects are followed, as Go's client does.
import type http from 'node:http';
import https from 'node:https';
import type { PeerCertificate, TLSSocket } from 'node:tls';
import { readFailure } from '../rest.ts';
import { type Handler, type Request, type Response, NEVER_ABORTED } from '../../wire/http.ts';
import type { UpgradeDialer } from '../../wire/streams.ts';
import type { ClientConfig } from './config.ts';
import { Connections, serverUrl } from './connections.ts';
import { Credentials } from './credentials.ts';
import { AnswerCut, type Stage, Unreachable, malformed, timedOut } from './failures.ts';
import { isLocal } from './proxy.ts';
import { discard } from './retrying.ts';

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

const EMPTY = Buffer.alloc(0);
const MAX_REDIRECTS = 10;

/** What is sent where: the request of the caller, or where an answer led. */
interface Hop {
  method: string;
  url: URL;
  /** With the query, as it is sent. */
  path: string;
  headers: http.OutgoingHttpHeaders;
  body: Uint8Array | undefined;
}

class HttpsTransport implements Transport {
  private readonly base: URL;
  private readonly prefix: string;
  private readonly config: ClientConfig;
  private readonly connections: Connections;
  private readonly credentials: Credentials;

  constructor(config: ClientConfig) {
    this.config = config;
    this.base = serverUrl(config.server);
    this.prefix = this.base.pathname.replace(/\/+$/, '');
    this.credentials = new Credentials(config, () => this.connections.renew());
    this.connections = new Connections(this.base, config, this.credentials);
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
        if (response.status !== 401 || attempt > 0 || !(await this.credentials.renew(headers))) return response;
        Object.assign(headers, await this.headers(request.headers));
      } catch (error) {
        const stale = (error as NodeJS.ErrnoException & { reused?: boolean }).reused === true;
        if (attempt > 0 || !stale || !repeatable || request.signal.aborted) throw error;
      }
    }
  };

  readonly dialer: UpgradeDialer = {
    upgrade: async (method, pathAndQuery, extra) => {
      const headers = await this.credentials.headers(extra);
      const request = this.connections.start(
        { ...this.connections.own(), method, path: this.prefix + pathAndQuery, headers },
        { alone: true },
      );
      request.end();
      return new Promise((resolve, reject) => {
        request.on('error', (error) => reject(worded(error)));
        request.on('upgrade', (response, socket, head) => {
          resolve({ socket, head, headers: response.headers as Record<string, string> });
        });
        request.on('response', (response) => {
          upgradeFailure(toResponse(response, () => undefined)).then(reject, reject);
        });
      });
    },
  };

  close(): void {
    this.connections.close();
  }

  private async headers(own: Request['headers']): Promise<http.OutgoingHttpHeaders> {
    const headers = await this.credentials.headers(own);
    // It costs more than it saves where there is no network between.
    const compress = !this.config.disableCompression && !isLocal(this.base.hostname);
    if (compress && headers['accept-encoding'] === undefined) headers['accept-encoding'] = 'gzip';
    return headers;
  }

  private async follow(request: Request, first: Hop): Promise<Response> {
    let hop = first;
    for (let count = 0; ; count++) {
      const response = await this.exchange(request, hop);
      const next = redirected(hop, response);
      if (!next) return response;
      if (count === MAX_REDIRECTS - 1) throw new Unreachable(`stopped after ${MAX_REDIRECTS} redirects`);
      discard(response);
      hop = next;
    }
  }

  private exchange(request: Request, hop: Hop): Promise<Response> {
    const { body, headers, method, path } = hop;
    return new Promise((resolve, reject) => {
      const outgoing = this.connections.start({
        ...this.connections.to(hop.url),
        method,
        path,
        headers: body ? { ...headers, 'content-length': body.length } : headers,
      });
      const progress = new Progress(outgoing);
      const stop = (why: Error): void => {
        progress.stopped = why;
        reject(why);
        outgoing.destroy(why);
      };
      const { signal } = request;
      const onAbort = () => stop(reasonOf(signal, progress.stage));
      const listening = signal !== NEVER_ABORTED;
      if (listening) signal.addEventListener('abort', onAbort, { once: true });
      const timeoutMs = request.query.get('watch') ? 0 : (this.config.timeoutMs ?? 0);
      const timer = timeoutMs > 0 ? setTimeout(() => stop(timedOut(progress.stage)), Math.ceil(timeoutMs)) : null;
      const finish = () => {
        if (timer) clearTimeout(timer);
        if (listening) signal.removeEventListener('abort', onAbort);
      };
      outgoing.on('error', (error) => {
        finish();
        reject(Object.assign(worded(error, progress), { reused: outgoing.reusedSocket }));
      });
      outgoing.on('response', (response) => {
        progress.stage = 'answered';
        response.once('close', finish);
        resolve(toResponse(response, () => progress.stopped));
      });
      if (listening && signal.aborted) return onAbort();
      outgoing.end(body ?? EMPTY);
    });
  }
}

/** How far an exchange has come, and who it is with: what messages need to say. */
class Progress {
  stage: Stage = 'connecting';
  stopped?: Error;
  certificate?: PeerCertificate;

  constructor(outgoing: http.ClientRequest) {
    outgoing.once('socket', (socket) => {
      const secure = 'getPeerCertificate' in socket ? (socket as TLSSocket) : undefined;
      if (outgoing.reusedSocket || !(socket.connecting || secure)) return void (this.stage = 'connected');
      socket.once(secure ? 'secureConnect' : 'connect', () => (this.stage = 'connected'));
      // Before it is looked at: of one that is not believed nothing is left afterwards.
      secure?.prependOnceListener('secure', () => (this.certificate = secure.getPeerCertificate()));
    });
  }
}

/** The request that an answer asks for instead; undefined when it is no redirect. Upstream: net/http redirectBehavior. */
function redirected(hop: Hop, { status, headers }: Response): Hop | undefined {
  const { location } = headers;
  if (![301, 302, 303, 307, 308].includes(status) || typeof location !== 'string' || location === '') return undefined;
  const url = new URL(location, new URL(hop.path, hop.url));
  const again = status >= 307 || hop.method === 'GET' || hop.method === 'HEAD';
  const kept = { ...hop.headers };
  // A credential is for the server that the kubeconfig names.
  if (url.host !== hop.url.host) for (const name of ['authorization', 'host']) delete kept[name];
  if (!again) for (const name of ['content-type', 'content-length']) delete kept[name];
  return {
    url,
    path: url.pathname + url.search,
    headers: kept,
    method: again ? hop.method : 'GET',
    body: again ? hop.body : undefined,
  };
}

function reasonOf(signal: AbortSignal, stage: Stage): Error {
  const reason: unknown = signal.reason;
  if (!(reason instanceof Error)) return new Error('aborted');
  return reason.name === 'TimeoutError' ? timedOut(stage) : reason;
}

/** An error of an AbortSignal has a number. */
const codeOf = ({ code }: { code?: unknown }): string => (typeof code === 'string' ? code : '');

/** What Go has words for is said in them; other errors stay as they are. */
function worded(error: NodeJS.ErrnoException & { rawPacket?: Uint8Array }, progress?: Progress): Error {
  if (codeOf(error).startsWith('HPE_')) return malformed(error.rawPacket);
  const certificate = progress?.certificate;
  return certificate ? Object.assign(error, { certificate }) : error;
}

function toResponse(message: http.IncomingMessage, stopped: () => Error | undefined): Response {
  return {
    status: message.statusCode ?? 500,
    headers: message.headers as Record<string, string | string[]>,
    body: { bytes: () => whole(message, stopped) },
  };
}

/** The bytes of an answer, unpacked; that they end too early is an error of its own. */
async function* whole(message: http.IncomingMessage, stopped: () => Error | undefined): AsyncGenerator<Uint8Array> {
  const packed = message.headers['content-encoding'] === 'gzip';
  try {
    yield* packed ? unpacked(message) : (message as AsyncIterable<Uint8Array>);
  } catch (error) {
    throw stopped() ?? cut(error as NodeJS.ErrnoException) ?? error;
  }
}

function cut(error: NodeJS.ErrnoException): Error | undefined {
  if (error.code === 'ECONNRESET') {
    const reset = error.syscall === 'read';
    return new AnswerCut(reset ? 'read: connection reset by peer' : 'unexpected EOF', error);
  }
  return codeOf(error).startsWith('Z_') ? new AnswerCut('unexpected EOF', error) : undefined;
}

async function* unpacked(message: http.IncomingMessage): AsyncGenerator<Uint8Array> {
  const { constants, createGunzip } = await import('node:zlib');
  const gunzip = createGunzip({ flush: constants.Z_SYNC_FLUSH });
  message.on('error', (error) => gunzip.destroy(error));
  yield* message.pipe(gunzip) as AsyncIterable<Uint8Array>;
}

/** As isUpgradeFailure knows it: it has a status. Upstream: apimachinery/pkg/util/httpstream/spdy (NewConnection). */
async function upgradeFailure(response: Response): Promise<Error> {
  const said = await readFailure(response);
  if (typeof said !== 'string') return said;
  const text = said.trim() || 'unknown';
  return Object.assign(new Error(`unable to upgrade connection: ${text}`), { status: { code: response.status } });
}

/** The certificate that a server shows, unverified: for pinning a key before the authority is known. */
export function peerCertificate(server: string, options: { timeoutMs?: number } = {}): Promise<Buffer[]> {
  const { hostname, port } = new URL(server);
  return new Promise((resolve, reject) => {
    const request = https.request({
      host: hostname.replace(/^\[|\]$/g, ''),
      port: port || 443,
      path: '/version',
      rejectUnauthorized: false,
      agent: false,
      timeout: options.timeoutMs ?? 10_000,
    });
    request.on('timeout', () => request.destroy(new Error(`no answer from ${server}`)));
    request.on('error', reject);
    request.on('response', (response) => {
      const chain: Buffer[] = [];
      let certificate = (response.socket as TLSSocket).getPeerCertificate(true);
      while (certificate?.raw && !chain.some((c) => c.equals(certificate.raw))) {
        chain.push(certificate.raw);
        certificate = certificate.issuerCertificate;
      }
      response.resume();
      resolve(chain);
    });
    request.end();
  });
}
