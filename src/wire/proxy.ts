// Forwards a request to another server: bodies streamed both ways, upgraded ones as a pipe of raw bytes after the 101.
// To node daemons it shows our own client certificate; no credential of the caller goes on. Upstream: apimachinery/pkg/
// util/proxy UpgradeAwareHandler; pkg/kubelet/client.
import http from 'node:http';
import type { ClientRequest, IncomingMessage, RequestOptions } from 'node:http';
import https from 'node:https';
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { checkServerIdentity } from 'node:tls';
import type { PeerCertificate } from 'node:tls';
import { dialProblem } from './dial-error.ts';
import { NEVER_ABORTED } from './http.ts';
import type { Request, Response } from './http.ts';

export interface PlainTarget {
  address: string;
  port: number;
}
export interface PodTarget extends PlainTarget {
  /** Over TLS, whatever the certificate: pods are reached by their addresses, which no certificate is for. */
  tls?: boolean;
}
export interface TlsTarget extends PlainTarget {
  /** The name (or IP address) that the server's certificate must be for. */
  serverName: string;
  /** Whatever the certificate. Upstream: makeInsecureTransport of the kubelet's client, which shows its own all the same. */
  unverified?: boolean;
}

export interface NodeConnectorOptions {
  /** PEM: whose certificates are believed. */
  ca: string | Buffer;
  /** PEM. Asked for each request: certificates are renewed. */
  credential(): { cert: string | Buffer; key: string | Buffer };
  /** To establish a connection, TLS included. Default 30 s. */
  connectTimeoutMs?: number;
}

/** Structurally the API server's NodeConnector. Paths have their query. Rejects, in Go's words, when nobody answers. */
export interface NodeConnection {
  forward(target: TlsTarget, path: string, request: Request): Promise<Response>;
  /** Without credentials, to pods: they are told the host that the client asked. */
  forwardPlain(target: PodTarget, path: string, request: Request): Promise<Response>;
  /** Closes the kept connections. */
  close(): void;
}

const CONNECT_TIMEOUT_MS = 30_000;
const LINGER_MS = 10_000;

export function createNodeConnector(options: NodeConnectorOptions): NodeConnection {
  const kept = { keepAlive: true, maxFreeSockets: 16, timeout: 90_000 };
  const unverified = new https.Agent({ ...kept, rejectUnauthorized: false });
  const agents = { tls: new https.Agent(kept), plain: new http.Agent(kept), unverified };
  const trusting = ({ serverName, unverified }: TlsTarget): https.RequestOptions =>
    unverified
      ? { rejectUnauthorized: false, agent: agents.unverified }
      : { ca: options.ca, ...identityOf(serverName), agent: agents.tls };
  const timeoutMs = options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS;
  return {
    forward(target, path, request) {
      const tls = { ...options.credential(), ...trusting(target) };
      return forwardRequest(request, target, path, { protocol: https, tls, timeoutMs });
    },
    forwardPlain(target, path, request) {
      const host = request.headers['host'] ?? request.headers[':authority'];
      const headers: Record<string, string> = host === undefined ? {} : { host };
      const dialing: Dialing = target.tls
        ? { protocol: https, tls: { agent: agents.unverified, rejectUnauthorized: false }, timeoutMs, headers }
        : { protocol: http, tls: { agent: agents.plain }, timeoutMs, headers };
      return forwardRequest(request, target, path, dialing);
    },
    close() {
      for (const agent of Object.values(agents)) agent.destroy();
    },
  };
}

/** A certificate may be for an IP address, which SNI cannot name. */
const identityOf = (serverName: string): https.RequestOptions => ({
  servername: /^[\d.]+$|:/.test(serverName) ? '' : serverName,
  checkServerIdentity: (_: string, certificate: PeerCertificate) => checkServerIdentity(serverName, certificate),
});

interface Dialing {
  protocol: typeof http | typeof https;
  tls: https.RequestOptions;
  timeoutMs: number;
  /** Added to what is passed on: who asks. */
  headers?: Record<string, string | string[]>;
}

export async function forwardRequest(
  request: Request,
  target: PlainTarget,
  path: string,
  dialing: Dialing,
): Promise<Response> {
  const { protocol, tls, timeoutMs, headers } = dialing;
  const upgrade = request.upgradable ? request.headers['upgrade'] : undefined;
  const outgoing = protocol.request({ ...tls, ...requestOptions(request, target, path, upgrade, headers) });
  limitConnect(outgoing, timeoutMs);
  const onAbort = () => outgoing.destroy(new Error('the caller is gone'));
  const forgetCaller = () => request.signal.removeEventListener('abort', onAbort);
  if (request.signal !== NEVER_ABORTED) request.signal.addEventListener('abort', onAbort, { once: true });
  outgoing.once('close', forgetCaller);
  if (request.signal.aborted) onAbort();
  try {
    const answer = answerOf(outgoing, upgrade !== undefined, forgetCaller);
    await Promise.race([sendBody(request, outgoing), answer]);
    return await answer;
  } catch (error) {
    outgoing.destroy();
    // The server had closed the kept connection: it has not seen the request, whose body is not spent.
    const closed = outgoing.reusedSocket && (error as NodeJS.ErrnoException).code === 'ECONNRESET';
    if (closed && !request.body && !request.signal.aborted) {
      return forwardRequest(request, target, path, { ...dialing, tls: { ...tls, agent: false } });
    }
    throw goError(error as NodeJS.ErrnoException, target);
  }
}

function requestOptions(
  request: Request,
  { address, port }: PlainTarget,
  path: string,
  upgrade: string | undefined,
  added: Record<string, string | string[]> = {},
): RequestOptions {
  const headers: Record<string, string | string[]> = { ...passedOn(request.headers), ...added };
  headers['host'] ??= address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
  if (upgrade !== undefined) Object.assign(headers, { connection: 'Upgrade', upgrade });
  // An upgraded connection never returns to the pool.
  return {
    host: address,
    port,
    path,
    method: request.method,
    headers,
    ...(upgrade === undefined ? {} : { agent: false }),
  };
}

/** Those that belong to one connection (RFC 9110 section 7.6.1), and the caller's own credentials. */
const NOT_PASSED_ON = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
  'host',
  'authorization',
  'cookie',
]);

function passedOn(headers: Request['headers']): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const name in headers) {
    const value = headers[name];
    const withheld = name.startsWith(':') || name.startsWith('impersonate-') || name.startsWith('x-remote-');
    if (value !== undefined && !withheld && !NOT_PASSED_ON.has(name)) kept[name] = value;
  }
  withoutToken(kept);
  return kept;
}

/** Browsers put their bearer token among a WebSocket's sub-protocols. Upstream: request/websocket/protocol.go. */
const TOKEN_PROTOCOL = 'base64url.bearer.authorization.k8s.io.';

function withoutToken(headers: Record<string, string>): void {
  const name = 'sec-websocket-protocol';
  if (!headers[name]?.includes(TOKEN_PROTOCOL)) return;
  const others = headers[name].split(',').filter((protocol) => !protocol.trim().startsWith(TOKEN_PROTOCOL));
  if (others.length > 0) headers[name] = others.join(',').trim();
  else delete headers[name];
}

async function sendBody(request: Request, outgoing: ClientRequest): Promise<void> {
  const { body } = request;
  if (!body) {
    outgoing.end();
  } else if (body.stream) {
    // An answer may come before the body is read: then the rest of it is nobody's concern.
    void pipeline(body.stream(), outgoing).catch(() => undefined);
  } else outgoing.end(await body.bytes(Infinity));
}

function answerOf(outgoing: ClientRequest, upgrading: boolean, established: () => void): Promise<Response> {
  return new Promise((resolve, reject) => {
    outgoing.on('error', reject);
    outgoing.once('response', (message) => resolve(ordinary(message, outgoing.method)));
    if (!upgrading) return;
    outgoing.once('upgrade', (message, backend, head) => {
      backend.on('error', () => backend.destroy());
      const headers = responseHeaders(message);
      for (const name of ['connection', 'upgrade']) headers[name] = message.headers[name] as string;
      resolve({
        status: 101,
        headers,
        upgrade(client, clientHead) {
          // From here the ends of the sockets are the ends of the pipe: what was sent before them still arrives.
          established();
          join(client, Buffer.from(clientHead), backend, head);
        },
      });
    });
  });
}

function ordinary(message: IncomingMessage, method: string): Response {
  const headers = responseHeaders(message);
  const status = message.statusCode!;
  if (method === 'HEAD' || status === 204 || status === 304) {
    message.resume();
    return { status, headers };
  }
  return { status, headers, body: { bytes: () => message } };
}

function responseHeaders(message: IncomingMessage): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(message.headers)) {
    if (value !== undefined && !NOT_PASSED_ON.has(name)) headers[name] = value;
  }
  return headers;
}

function join(client: Duplex, clientHead: Buffer, backend: Duplex, backendHead: Buffer): void {
  if (backendHead.length > 0) client.write(backendHead);
  if (clientHead.length > 0) backend.write(clientHead);
  client.pipe(backend).pipe(client);
  client.once('close', () => hangUp(backend));
  backend.once('close', () => hangUp(client));
}

/** What is on its way still arrives; a peer that does not hang up in turn is not waited for. */
function hangUp(socket: Duplex): void {
  socket.end();
  const timer = setTimeout(() => socket.destroy(), LINGER_MS);
  timer.unref();
  socket.once('close', () => clearTimeout(timer));
}

/** Only reaching the server is bounded: its answer may take as long as the caller has patience. */
function limitConnect(outgoing: ClientRequest, timeoutMs: number): void {
  const timer = setTimeout(() => {
    outgoing.destroy(Object.assign(new Error('i/o timeout'), { code: 'ETIMEDOUT' }));
  }, timeoutMs);
  timer.unref();
  const stop = () => clearTimeout(timer);
  outgoing.once('close', stop);
  outgoing.once('socket', (socket) => {
    if (socket.connecting) socket.once('encrypted' in socket ? 'secureConnect' : 'connect', stop);
    else stop();
  });
}

function goError(error: NodeJS.ErrnoException, target: PlainTarget & { serverName?: string }): Error {
  const { address, port, serverName = address } = target;
  const text = dialProblem(error, { host: address, port, serverName });
  return text === error.message ? error : new Error(text, { cause: error });
}
