// Carries requests on to node daemons (logs, exec, port-forward …) and to pods, upgrades included. To daemons it shows
// the API server's own certificate and believes only the cluster's CA; what the caller showed stays here.
// Upstream: apimachinery/pkg/util/proxy/upgradeaware.go and pkg/kubelet/client.
import http from 'node:http';
import https from 'node:https';
import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { type Headers, NEVER_ABORTED, type Request, type Response } from '../wire/http.ts';
import type { NodeConnector } from './apiserver/types.ts';
import type { Credential } from './pki/pki.ts';

export interface NodeConnectorOptions {
  /** PEM. */
  ca: string;
  /** Asked at each new connection: certificates are renewed. */
  credential(): Credential;
  /** To establish a connection, TLS included. Default 10 s. */
  connectTimeoutMs?: number;
}

/** Which are about one connection, and those by which a caller proves who it is. */
const NOT_PASSED_ON = new Set([
  'authorization',
  'connection',
  'content-length',
  'cookie',
  'host',
  'keep-alive',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);
const NOT_PASSED_BACK = new Set(['connection', 'keep-alive', 'transfer-encoding', 'trailer', 'upgrade']);
const MAX_BODY_BYTES = 64 * 1024 * 1024;

export function nodeConnector(options: NodeConnectorOptions): Required<NodeConnector> & { close(): void } {
  const { connectTimeoutMs = 10_000 } = options;
  // Kept for a few seconds: tools ask for logs of many pods in a row.
  const agents = {
    secure: new https.Agent({ keepAlive: true, timeout: 5_000 }),
    plain: new http.Agent({ keepAlive: true, timeout: 5_000 }),
  };
  return {
    forward(target, path, request) {
      const { cert, key } = options.credential();
      const named = isIP(target.serverName) === 0 ? { servername: target.serverName } : {};
      const tls = { ca: options.ca, cert, key, ...named };
      return exchange(https, { ...tls, agent: agents.secure }, target, path, request, connectTimeoutMs);
    },
    forwardPlain: (target, path, request) =>
      exchange(http, { agent: agents.plain }, target, path, request, connectTimeoutMs),
    close() {
      agents.secure.destroy();
      agents.plain.destroy();
    },
  };
}

interface Address {
  address: string;
  port: number;
}

async function exchange(
  protocol: typeof http | typeof https,
  tls: https.RequestOptions,
  target: Address,
  path: string,
  request: Request,
  connectTimeoutMs: number,
): Promise<Response> {
  const body = await request.body?.bytes(MAX_BODY_BYTES);
  const upgrades = request.upgradable === true && request.headers['upgrade'] !== undefined;
  const outgoing = protocol.request({
    ...tls,
    host: target.address,
    port: target.port,
    method: request.method,
    path,
    headers: headersFor(request.headers, upgrades, body),
    // An upgraded connection never returns to the pool.
    ...(upgrades ? { agent: false } : {}),
  });
  return new Promise((resolve, reject) => {
    const onAbort = (): void => void outgoing.destroy(new Error('the caller is gone'));
    const settled = (): void => request.signal.removeEventListener('abort', onAbort);
    if (request.signal !== NEVER_ABORTED) request.signal.addEventListener('abort', onAbort, { once: true });
    limitConnect(outgoing, connectTimeoutMs);
    outgoing.on('error', (error) => {
      settled();
      reject(dialError(error, target));
    });
    outgoing.on('response', (response) => {
      response.once('close', settled);
      resolve({
        status: response.statusCode ?? 502,
        headers: headersOf(response, NOT_PASSED_BACK),
        body: { bytes: () => response },
      });
    });
    outgoing.on('upgrade', (response, socket, head) => {
      settled();
      resolve({
        status: response.statusCode ?? 101,
        headers: headersOf(response, new Set()),
        upgrade: (caller, sent) => join(caller, sent, socket, head),
      });
    });
    if (request.signal.aborted) onAbort();
    outgoing.end(body);
  });
}

function headersFor(given: Headers, upgrades: boolean, body: Uint8Array | undefined): http.OutgoingHttpHeaders {
  const headers: http.OutgoingHttpHeaders = {};
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined || name.startsWith(':') || name.startsWith('impersonate-')) continue;
    if (!NOT_PASSED_ON.has(name)) headers[name] = value;
  }
  if (upgrades) {
    headers['connection'] = 'Upgrade';
    headers['upgrade'] = given['upgrade'];
  }
  if (body) headers['content-length'] = body.length;
  return headers;
}

function headersOf(response: http.IncomingMessage, without: ReadonlySet<string>): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(response.headers)) {
    if (value !== undefined && !without.has(name)) headers[name] = value;
  }
  return headers;
}

/**
 * Pipes both ways. An end is passed on once all before it was delivered; a side that breaks off takes the other with it.
 */
function join(caller: Duplex, sent: Uint8Array, node: Duplex, head: Uint8Array): void {
  const follow = (side: Duplex, other: Duplex): void => {
    side.on('error', () => other.destroy());
    side.once('close', () => {
      if (!side.readableEnded) other.destroy();
    });
  };
  follow(caller, node);
  follow(node, caller);
  if (sent.length > 0) node.write(sent);
  if (head.length > 0) caller.write(head);
  caller.pipe(node);
  node.pipe(caller);
}

function limitConnect(outgoing: http.ClientRequest, ms: number): void {
  const timer = setTimeout(() => outgoing.destroy(Object.assign(new Error('i/o timeout'), { code: 'ETIMEDOUT' })), ms);
  const done = (): void => clearTimeout(timer);
  outgoing.once('close', done);
  outgoing.once('socket', (socket) => {
    if (!socket.connecting) done();
    else socket.once('encrypted' in socket ? 'secureConnect' : 'connect', done);
  });
}

/** Said as Go says it: `dial tcp 10.0.0.7:10250: connect: connection refused`. */
function dialError(error: Error, target: Address): Error {
  const host = target.address.includes(':') ? `[${target.address}]` : target.address;
  const texts: Record<string, string> = {
    ECONNREFUSED: 'connect: connection refused',
    EHOSTUNREACH: 'connect: no route to host',
    ENETUNREACH: 'connect: network is unreachable',
    ETIMEDOUT: 'i/o timeout',
  };
  const text = texts[(error as NodeJS.ErrnoException).code ?? ''];
  return text === undefined ? error : new Error(`dial tcp ${host}:${target.port}: ${text}`, { cause: error });
}
