// One request to another HTTPS server and its whole answer, for what the API server asks of programs that extend it
// (webhooks, aggregated servers). Not for clients of a cluster (client/transport) and not for what is passed on
// (wire/proxy.ts). Failures are worded as Go's net/http and crypto/tls word them: people search for those texts.
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import https from 'node:https';
import { checkServerIdentity } from 'node:tls';
import type { PeerCertificate } from 'node:tls';
import { type Dialled, dialProblem } from './dial-error.ts';
import type { Request, Response } from './http.ts';
import { forwardRequest } from './proxy.ts';
import { systemRootsAgent } from './system-roots.ts';

export interface HttpsTarget {
  /** What is asked; also the Host header. */
  url: URL;
  /** The URL as messages show it, when that is not how URL prints it: Go keeps a port of 443. */
  shown?: string;
  /** Where that is, when the name of the URL is no name of the network's. */
  address?: { host: string; port: number };
  /** For whom the certificate must be; default: the URL's host. */
  serverName?: string;
  /** PEM: whose certificates are believed; default: the machine's. */
  ca?: string;
  /** The certificate is not looked at. */
  insecure?: boolean;
  /** PEM: shown to the server. */
  credential?: { cert: string | Buffer; key: string | Buffer };
}

export interface HttpsCall {
  method: string;
  headers?: Record<string, string | string[]>;
  body?: Uint8Array;
  /** For all of it, connecting included. */
  timeoutMs: number;
  signal?: AbortSignal;
  /** Answers beyond it are an error. */
  limitBytes?: number;
}

export interface HttpsAnswer {
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

export interface HttpsCaller {
  /** Rejects with an Error in Go's words: `Post "https://…": dial tcp 10.0.0.7:443: connect: connection refused`. */
  call(target: HttpsTarget, call: HttpsCall): Promise<HttpsAnswer>;
  /** Passes a request on, upgrades included; `path` has its query, `headers` are added. No credential goes on. */
  forward(
    target: HttpsTarget,
    path: string,
    request: Request,
    headers: Record<string, string | string[]>,
  ): Promise<Response>;
  /** Closes the kept connections. */
  close(): void;
}

/** Connections to one server that are kept. */
const KEPT = 16;
const CONNECT_TIMEOUT_MS = 30_000;
const LIMIT_BYTES = 64 * 1024 * 1024;

export function createHttpsCaller(): HttpsCaller {
  // Connections are kept by address, authority, server name and credential.
  const kept = { keepAlive: true, maxFreeSockets: KEPT, timeout: 90_000 };
  const named = new https.Agent(kept);
  const trusted = systemRootsAgent(kept);
  const agentFor = ({ ca, insecure }: HttpsTarget): https.Agent => (ca === undefined && !insecure ? trusted : named);
  return {
    async call(target, call) {
      try {
        return await untilSeen(() => send(target, call, agentFor(target)));
      } catch (error) {
        const verb = call.method.charAt(0) + call.method.slice(1).toLowerCase();
        throw new Error(
          `${verb} "${target.shown ?? target.url.href}": ${dialProblem(error as NodeJS.ErrnoException, dialled(target))}`,
          {
            cause: error,
          },
        );
      }
    },
    forward(target, path, request, headers) {
      const address = target.address ?? {
        host: withoutBrackets(target.url.hostname),
        port: Number(target.url.port) || 443,
      };
      const tls = { ...tlsOptions(target), agent: agentFor(target) };
      const dialing = { protocol: https, tls, timeoutMs: CONNECT_TIMEOUT_MS, headers };
      return forwardRequest(request, { address: address.host, port: address.port }, path, dialing);
    },
    close() {
      named.destroy();
      trusted.destroy();
    },
  };
}

const withoutBrackets = (host: string): string => (host.startsWith('[') ? host.slice(1, -1) : host);

/** TLS options that say whose certificate is wanted; a certificate may be for an IP address, which SNI cannot name. */
function tlsOptions(target: HttpsTarget): https.RequestOptions {
  const serverName = target.serverName ?? withoutBrackets(target.url.hostname);
  return {
    servername: /^[\d.]+$|:/.test(serverName) ? '' : serverName,
    checkServerIdentity: (_: string, certificate: PeerCertificate) => checkServerIdentity(serverName, certificate),
    ...(target.ca === undefined ? {} : { ca: target.ca }),
    ...(target.insecure ? { rejectUnauthorized: false } : {}),
    ...target.credential,
  };
}

/** The server had closed a kept connection when the request came: it has not seen it, and is asked anew. */
class ClosedBeforeUse extends Error {}

/** A server that was restarted has closed all kept connections; each failure forgets one. */
async function untilSeen(attempt: () => Promise<HttpsAnswer>): Promise<HttpsAnswer> {
  for (let left = KEPT; ; left--) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof ClosedBeforeUse)) throw error;
      if (left === 0) throw error.cause;
    }
  }
}

function send(target: HttpsTarget, call: HttpsCall, agent: https.Agent): Promise<HttpsAnswer> {
  const { url, address } = target;
  return new Promise((resolve, reject) => {
    const outgoing = https.request({
      ...tlsOptions(target),
      agent,
      host: address?.host ?? withoutBrackets(url.hostname),
      port: address?.port ?? (url.port === '' ? 443 : Number(url.port)),
      path: url.pathname + url.search,
      method: call.method,
      headers: { host: url.host, ...call.headers, ...(call.body ? { 'content-length': call.body.length } : {}) },
    });
    const timer = setTimeout(() => outgoing.destroy(new Error('context deadline exceeded')), call.timeoutMs);
    const onAbort = () => outgoing.destroy(new Error('context canceled'));
    call.signal?.addEventListener('abort', onAbort, { once: true });
    if (call.signal?.aborted) onAbort();
    outgoing.once('close', () => {
      clearTimeout(timer);
      call.signal?.removeEventListener('abort', onAbort);
    });
    outgoing.on('error', (error: NodeJS.ErrnoException) => {
      const stale = outgoing.reusedSocket && CLOSED.has(error.code ?? '');
      reject(stale ? new ClosedBeforeUse('', { cause: error }) : error);
    });
    outgoing.once('response', (message) => {
      collect(message, call.limitBytes ?? LIMIT_BYTES).then(
        (body) => resolve({ status: message.statusCode!, headers: message.headers, body }),
        reject,
      );
    });
    outgoing.end(call.body);
  });
}

async function collect(message: IncomingMessage, limitBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of message as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limitBytes) {
      message.destroy();
      throw new Error(`http: response body too large`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}

const CLOSED = new Set(['ECONNRESET', 'EPIPE']);

/** Whom it is that does not answer, or is another. */
function dialled({ url, address, serverName }: HttpsTarget): Dialled {
  const name = withoutBrackets(url.hostname);
  return { host: address?.host ?? name, port: address?.port ?? (url.port || 443), serverName: serverName ?? name };
}
