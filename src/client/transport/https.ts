// The transport to a server elsewhere: node:https with kept-alive connections, credentials and upgrades. One request is
// one exchange; the only retry is one after a connection that had gone stale, for requests that are safe to repeat.
import { readFileSync, statSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import type { ConnectionOptions, TLSSocket } from 'node:tls';
import { readFailure } from '../rest.ts';
import { StatusError } from '../../api/status.ts';
import { type Handler, type Request, type Response, NEVER_ABORTED } from '../../wire/http.ts';
import type { UpgradeDialer } from '../../wire/streams.ts';
import type { ClientConfig } from './config.ts';
import type { ExecCredential } from './exec-credential.ts';
import { connectThroughProxy, proxyFor } from './proxy.ts';

export interface Transport {
  handler: Handler;
  dialer: UpgradeDialer;
  /** Closes idle and busy connections. */
  close(): void;
}

/** Throws nothing; connection failures reject requests with an Error whose `code` is Node's. */
export function httpsTransport(config: ClientConfig): Transport {
  return new HttpsTransport(config);
}

const EMPTY = Buffer.alloc(0);

class HttpsTransport implements Transport {
  private readonly base: URL;
  private readonly prefix: string;
  private readonly secure: boolean;
  private readonly config: ClientConfig;
  private agent: http.Agent;
  private credential?: ExecCredential;
  private tokenFile?: { token: string; mtimeMs: number; checkedAtMs: number };

  constructor(config: ClientConfig) {
    this.config = config;
    this.base = new URL(config.server);
    this.secure = this.base.protocol === 'https:';
    this.prefix = this.base.pathname.replace(/\/+$/, '');
    this.agent = this.makeAgent();
  }

  readonly handler: Handler = async (request) => {
    const headers = await this.headers(request.headers);
    const body = request.body ? await request.body.bytes(Number.MAX_SAFE_INTEGER) : undefined;
    const repeatable = request.method === 'GET' || request.method === 'HEAD';
    for (let attempt = 0; ; attempt++) {
      try {
        const response = await this.exchange(request, headers, body);
        if (response.status !== 401 || attempt > 0 || !(await this.renewCredential())) return response;
        Object.assign(headers, await this.headers(request.headers));
      } catch (error) {
        const stale = (error as NodeJS.ErrnoException & { reused?: boolean }).reused === true;
        if (attempt > 0 || !stale || !repeatable || request.signal.aborted) throw error;
      }
    }
  };

  readonly dialer: UpgradeDialer = {
    upgrade: async (method, pathAndQuery, extra) => {
      const headers = await this.headers(extra);
      const request = this.start({ ...this.target(), method, path: this.prefix + pathAndQuery, headers, agent: false });
      request.end();
      return new Promise((resolve, reject) => {
        request.on('error', reject);
        request.on('upgrade', (response, socket, head) => {
          resolve({ socket, head, headers: response.headers as Record<string, string> });
        });
        request.on('response', (response) => {
          upgradeFailure(toResponse(response)).then(reject, reject);
        });
      });
    },
  };

  close(): void {
    this.agent.destroy();
  }

  private target(): https.RequestOptions {
    const { hostname, port } = this.base;
    const host = hostname.replace(/^\[|\]$/g, '');
    return { host, port: port || (this.secure ? 443 : 80), ...this.tlsOptions() };
  }

  private tlsOptions(): ConnectionOptions {
    if (!this.secure) return {};
    const { certificateAuthority, clientCertificate, clientKey, insecureSkipTlsVerify, tlsServerName } = this.config;
    const cert = this.credential?.clientCertificate ?? clientCertificate;
    const key = this.credential?.clientKey ?? clientKey;
    return {
      ...(certificateAuthority ? { ca: certificateAuthority } : {}),
      ...(cert && key ? { cert, key } : {}),
      ...(insecureSkipTlsVerify ? { rejectUnauthorized: false } : {}),
      ...(tlsServerName ? { servername: tlsServerName } : {}),
    };
  }

  private makeAgent(): http.Agent {
    const options = { keepAlive: true, maxSockets: Infinity, noDelay: true, scheduling: 'lifo' as const };
    const proxy = proxyFor(this.base, this.config.proxyUrl);
    if (!this.secure) return new http.Agent(options);
    const agent = new https.Agent({ ...options, ...this.tlsOptions() });
    if (proxy) connectThroughProxy(agent, proxy);
    return agent;
  }

  private start(options: https.RequestOptions): http.ClientRequest {
    return this.secure ? https.request(options) : http.request(options);
  }

  private exchange(
    request: Request,
    headers: http.OutgoingHttpHeaders,
    body: Uint8Array | undefined,
  ): Promise<Response> {
    const query = request.query.toString();
    const path = this.prefix + request.path + (query ? `?${query}` : '');
    const { hostname, port } = this.base;
    const outgoing = this.start({
      host: hostname.replace(/^\[|\]$/g, ''),
      port: port || (this.secure ? 443 : 80),
      method: request.method,
      path,
      headers: body ? { ...headers, 'content-length': body.length } : headers,
      agent: this.agent,
      ...(this.config.tlsServerName ? { servername: this.config.tlsServerName } : {}),
    });
    return new Promise((resolve, reject) => {
      const { signal } = request;
      const onAbort = () => outgoing.destroy(signal.reason instanceof Error ? signal.reason : new Error('aborted'));
      const listening = signal !== NEVER_ABORTED;
      if (listening) {
        if (signal.aborted) onAbort();
        signal.addEventListener('abort', onAbort, { once: true });
      }
      const timeoutMs = request.query.get('watch') ? 0 : (this.config.timeoutMs ?? 0);
      let answered = false;
      const late = () => outgoing.destroy(answered ? new Error(BODY_TIMEOUT) : timeoutError(this.base, path));
      const timer = timeoutMs > 0 ? setTimeout(late, Math.ceil(timeoutMs)) : null;
      const finish = () => {
        if (timer) clearTimeout(timer);
        if (listening) signal.removeEventListener('abort', onAbort);
      };
      outgoing.on('error', (error) => {
        finish();
        reject(Object.assign(error, { reused: outgoing.reusedSocket }));
      });
      outgoing.on('response', (response) => {
        answered = true;
        response.once('close', finish);
        resolve(toResponse(response));
      });
      outgoing.end(body ?? EMPTY);
    });
  }

  private async headers(own: Request['headers']): Promise<http.OutgoingHttpHeaders> {
    const headers: http.OutgoingHttpHeaders = { ...own };
    const { username, password, impersonate, exec } = this.config;
    if (exec && !this.credential) await this.renewCredential();
    const token = this.credential?.token ?? this.readTokenFile() ?? this.config.token;
    if (token) headers['authorization'] = `Bearer ${token}`;
    else if (username !== undefined) {
      headers['authorization'] = `Basic ${Buffer.from(`${username}:${password ?? ''}`).toString('base64')}`;
    }
    if (impersonate?.user) headers['impersonate-user'] = impersonate.user;
    if (impersonate?.uid) headers['impersonate-uid'] = impersonate.uid;
    if (impersonate?.groups?.length) headers['impersonate-group'] = impersonate.groups;
    for (const [name, values] of Object.entries(impersonate?.extra ?? {})) {
      headers[`impersonate-extra-${encodeURIComponent(name)}`] = values;
    }
    return headers;
  }

  /** The file's token, looked at again at most once a second. */
  private readTokenFile(): string | undefined {
    const { tokenFile } = this.config;
    if (!tokenFile) return undefined;
    const now = Date.now();
    if (this.tokenFile && now - this.tokenFile.checkedAtMs < 1000) return this.tokenFile.token;
    const { mtimeMs } = statSync(tokenFile);
    const token = this.tokenFile?.mtimeMs === mtimeMs ? this.tokenFile.token : readFileSync(tokenFile, 'utf8').trim();
    this.tokenFile = { token, mtimeMs, checkedAtMs: now };
    return token;
  }

  /** True when there is a plug-in and it gave a new credential. */
  private async renewCredential(): Promise<boolean> {
    if (!this.config.exec) return false;
    const { runExecPlugin } = await import('./exec-credential.ts');
    this.credential = await runExecPlugin(this.config.exec, this.config);
    if (this.credential.clientCertificate) this.agent = this.makeAgent();
    return true;
  }
}

function toResponse(message: http.IncomingMessage): Response {
  return {
    status: message.statusCode ?? 500,
    headers: message.headers as Record<string, string | string[]>,
    body: { bytes: () => message },
  };
}

/** As isUpgradeFailure knows it: it has a status. Upstream: apimachinery/pkg/util/httpstream/spdy (NewConnection). */
async function upgradeFailure(response: Response): Promise<Error> {
  const said = await readFailure(response);
  if (typeof said !== 'string') return said;
  const text = said.trim() || 'unknown';
  return Object.assign(new Error(`unable to upgrade connection: ${text}`), { status: { code: response.status } });
}

/** What Go's client says when the time is up in the middle of an answer. */
const BODY_TIMEOUT = 'net/http: request canceled (Client.Timeout or context cancellation while reading body)';

function timeoutError(base: URL, path: string): StatusError {
  return new StatusError(
    'Timeout',
    `Get "${base.origin}${path}": net/http: request canceled (Client.Timeout exceeded while awaiting headers)`,
  );
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
