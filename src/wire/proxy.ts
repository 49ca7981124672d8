// Forwards a request to another HTTPS server: ordinary ones with streamed bodies, upgraded ones as a pipe of raw bytes
// after the 101. It adds its own client certificate and passes on no credential of the caller. Upstream:
// apimachinery/pkg/util/proxy UpgradeAwareHandler; apiserver's kubelet client.
import { Agent, request as httpsRequest } from 'node:https';
import type { ClientRequest, IncomingMessage, RequestOptions } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { Duplex } from 'node:stream';
import { checkServerIdentity } from 'node:tls';
import type { PeerCertificate } from 'node:tls';
import type { Request, Response } from './http.ts';

export interface ProxyTarget {
  address: string;
  port: number;
  /** The name (or IP address) that the server's certificate must be for. */
  serverName: string;
}

/** PEM: whom to believe, and who we are. */
export interface ProxyIdentity {
  ca: string | Buffer;
  cert: string | Buffer;
  key: string | Buffer;
}

export interface NodeConnection {
  forward(target: ProxyTarget, path: string, request: Request): Promise<Response>;
  /** Closes the kept connections. */
  close(): void;
}

const DIAL_TIMEOUT_MS = 30_000;
const LINGER_MS = 10_000;

/** Structurally the API server's NodeConnector. `path` has the query; failures are answered, not thrown. */
export function createNodeConnector(identity: ProxyIdentity): NodeConnection {
  const agent = new Agent({ keepAlive: true, maxFreeSockets: 16, timeout: 90_000, ...identity });
  return {
    forward: (target, path, request) => forwardRequest(request, target, path, { ...identity, agent }),
    close: () => agent.destroy(),
  };
}

export async function forwardRequest(
  request: Request,
  target: ProxyTarget,
  path: string,
  options: ProxyIdentity & { agent?: Agent },
): Promise<Response> {
  const upgrade = request.upgradable ? request.headers['upgrade'] : undefined;
  const outgoing = httpsRequest(requestOptions(request, target, path, options, upgrade));
  const stopDialing = dialTimeout(outgoing);
  const onAbort = () => outgoing.destroy();
  const forgetCaller = () => request.signal.removeEventListener('abort', onAbort);
  request.signal.addEventListener('abort', onAbort, { once: true });
  outgoing.once('close', forgetCaller);
  if (request.signal.aborted) onAbort();
  try {
    const answer = answerOf(outgoing, upgrade !== undefined, forgetCaller);
    await sendBody(request, outgoing);
    return await answer;
  } catch (error) {
    outgoing.destroy();
    return failure(error as NodeJS.ErrnoException, request, target, path, upgrade !== undefined);
  } finally {
    stopDialing();
  }
}

function requestOptions(
  request: Request,
  { address, port, serverName }: ProxyTarget,
  path: string,
  { agent, ca, cert, key }: ProxyIdentity & { agent?: Agent },
  upgrade: string | undefined,
): RequestOptions & { checkServerIdentity: (host: string, certificate: PeerCertificate) => Error | undefined } {
  const headers = passedOn(request.headers);
  headers['host'] = address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
  if (upgrade !== undefined) Object.assign(headers, { connection: 'Upgrade', upgrade });
  const tls = {
    ca,
    cert,
    key,
    // A certificate may be for an IP address, which SNI cannot name; the agent keeps connections apart by this.
    servername: /^[\d.]+$|:/.test(serverName) ? '' : serverName,
    checkServerIdentity: (_: string, certificate: PeerCertificate) => checkServerIdentity(serverName, certificate),
  };
  return {
    host: address,
    port,
    path,
    method: request.method,
    headers,
    agent: upgrade === undefined ? agent : false,
    ...tls,
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
  return kept;
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
function dialTimeout(outgoing: ClientRequest): () => void {
  const timer = setTimeout(() => {
    outgoing.destroy(Object.assign(new Error('i/o timeout'), { code: 'ETIMEDOUT', syscall: 'connect' }));
  }, DIAL_TIMEOUT_MS);
  timer.unref();
  const stop = () => clearTimeout(timer);
  outgoing.once('socket', (socket) => {
    if (socket.connecting) socket.once('secureConnect', stop);
    else stop();
  });
  return stop;
}

/** In Go's words, which users of kubectl know; a Status without a reason, as upstream's proxy answers. */
function failure(
  error: NodeJS.ErrnoException,
  request: Request,
  { address, port }: ProxyTarget,
  path: string,
  upgrading: boolean,
): Response {
  const dialed: Record<string, string> = {
    ECONNREFUSED: 'connect: connection refused',
    EHOSTUNREACH: 'connect: no route to host',
    ENETUNREACH: 'connect: network is unreachable',
    ETIMEDOUT: 'i/o timeout',
  };
  const known = dialed[error.code ?? ''];
  const why = known ? `dial tcp ${address}:${port}: ${known}` : error.message;
  const method = request.method[0] + request.method.slice(1).toLowerCase();
  const message = upgrading ? `error dialing backend: ${why}` : `${method} "https://${address}:${port}${path}": ${why}`;
  const status = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, code: 500 };
  const bytes = Buffer.from(`${JSON.stringify(status)}\n`);
  return { status: 500, headers: { 'content-type': 'application/json' }, body: { bytes: () => bytes } };
}
