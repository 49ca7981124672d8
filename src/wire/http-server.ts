// The HTTP shell: turns connections (TLS or plain, HTTP/1.1 or HTTP/2) into calls of one Handler. It knows no kinds,
// users or content types and never compresses. http1.ts and http2.ts hold what differs between the protocols.
import { constants } from 'node:crypto';
import { createServer as createPlainServer } from 'node:http';
import { createSecureServer } from 'node:http2';
import type { ServerHttp2Session } from 'node:http2';
import type { Server as NetServer, Socket } from 'node:net';
import type { Handler } from './http.ts';
import { Http1Connections } from './http1.ts';
import { serveHttp2Session } from './http2.ts';
import { IdleConnections } from './idle-connections.ts';

export interface TlsIdentity {
  /** PEM: the leaf first, then intermediates. */
  cert: string | Buffer;
  key: string | Buffer;
  /** PEM. Client certificates are asked for when present; a bad one is not refused here (see peerCertificate). */
  clientCa?: string | Buffer | (string | Buffer)[];
}

export interface HttpServerOptions {
  handler: Handler;
  /** Absent: plain HTTP/1.1, for unix sockets and tests. */
  tls?: TlsIdentity;
  /** Told what a handler threw or what broke a streamed body; the client got a 500 or a cut connection. */
  onError?(error: unknown, what: string): void;
  limits?: Partial<HttpLimits>;
}

export interface HttpLimits {
  maxHeaderBytes: number;
  /** A further one takes the place of the one that has been idle longest, and is refused when none is idle. */
  maxConnections: number;
  /** HTTP/2 streams that one connection may have open. */
  maxConcurrentStreams: number;
  handshakeTimeoutMs: number;
  /** From the first byte of a request (or the connection) to the end of its head. */
  headersTimeoutMs: number;
  /** From the first byte of a request to the end of its body. */
  requestTimeoutMs: number;
  /** A connection without a request is closed after this. Go clients keep theirs for 90 s: be slower than they. */
  idleTimeoutMs: number;
  /** A response whose client reads nothing for this long is cut. */
  stallTimeoutMs: number;
  /** How long the rest of an HTTP/2 request may still come after its answer. */
  unreadBodyTimeoutMs: number;
}

const DEFAULT_LIMITS: HttpLimits = {
  maxHeaderBytes: 64 * 1024,
  maxConnections: 10_000,
  maxConcurrentStreams: 250,
  handshakeTimeoutMs: 10_000,
  headersTimeoutMs: 30_000,
  requestTimeoutMs: 120_000,
  idleTimeoutMs: 120_000,
  stallTimeoutMs: 300_000,
  unreadBodyTimeoutMs: 5_000,
};

export type ListenAddress = { host?: string; port: number } | { path: string };

export interface HttpServer {
  /** Resolves with the real port (0 for a unix socket). Rejects with a one-line message when it cannot listen. */
  listen(address: ListenAddress): Promise<{ port: number }>;
  /** New connections get this certificate and client CA; those that are open keep theirs. */
  setTls(identity: TlsIdentity): void;
  /** Refuses new connections, lets requests in flight finish for `graceMs` (default 5,000), then cuts. Idempotent. */
  close(graceMs?: number): Promise<void>;
  readonly connectionCount: number;
}

export function createHttpServer(options: HttpServerOptions): HttpServer {
  return new Shell(options);
}

class Shell implements HttpServer {
  readonly #server: NetServer & { setSecureContext?(context: object): void };
  readonly #http1: Http1Connections;
  readonly #idle = new IdleConnections();
  readonly #sockets = new Set<Socket>();
  readonly #sessions = new Set<ServerHttp2Session>();
  #closing: Promise<void> | undefined;

  constructor(options: HttpServerOptions) {
    const limits = { ...DEFAULT_LIMITS, ...options.limits };
    const onError = options.onError?.bind(options) ?? (() => undefined);
    this.#http1 = new Http1Connections(options.handler, limits, onError, this.#idle);
    this.#server = options.tls ? createTlsServer(options.tls, limits) : createHttp1Server(limits);
    this.#server.on('request', (message, response) => this.#http1.request(message, response));
    this.#server.on('upgrade', (message, socket, head) => this.#http1.upgrade(message, socket, head));
    this.#server.on('connection', (socket: Socket) => {
      this.#track(socket, limits.maxConnections);
      if (options.tls) this.#idle.handshakes(socket);
    });
    this.#server.on(options.tls ? 'secureConnection' : 'connection', (socket: Socket & { alpnProtocol?: unknown }) => {
      if (socket.alpnProtocol !== 'h2') this.#http1.opened(socket);
    });
    this.#server.on('session', (session: ServerHttp2Session) => {
      this.#sessions.add(session);
      session.once('close', () => this.#sessions.delete(session));
      serveHttp2Session(session, options.handler, limits, onError, this.#idle);
    });
  }

  get connectionCount(): number {
    return this.#sockets.size;
  }

  listen(address: ListenAddress): Promise<{ port: number }> {
    return new Promise((resolve, reject) => {
      const onError = (error: NodeJS.ErrnoException) =>
        reject(new Error(listenMessage(address, error), { cause: error }));
      this.#server.once('error', onError);
      // The backlog: 64 clients that connect at once are ordinary.
      this.#server.listen({ ...address, backlog: 1024 }, () => {
        this.#server.removeListener('error', onError);
        const bound = this.#server.address();
        resolve({ port: bound !== null && typeof bound === 'object' ? bound.port : 0 });
      });
    });
  }

  setTls(identity: TlsIdentity): void {
    if (!this.#server.setSecureContext) throw new TypeError('the server is a plain one');
    this.#server.setSecureContext(secureContext(identity));
  }

  close(graceMs = 5000): Promise<void> {
    this.#closing ??= this.#close(graceMs);
    return this.#closing;
  }

  async #close(graceMs: number): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    const quiet = this.#http1.drain();
    for (const session of this.#sessions) session.close();
    const cut = () => {
      for (const session of this.#sessions) session.destroy();
      for (const socket of this.#sockets) socket.destroy();
    };
    const timer = setTimeout(cut, graceMs);
    // Upgraded connections have no end of their own: they are cut when all ordinary requests are answered.
    const sessionsEnded = [...this.#sessions].map(
      (session) => new Promise((resolve) => session.once('close', resolve)),
    );
    await Promise.race([Promise.all([quiet, ...sessionsEnded]), closed]);
    this.#http1.cutUpgraded();
    await closed;
    // A TLS connection's raw socket says that it is closed a moment after the server does.
    await Promise.all([...this.#sockets].map((socket) => new Promise((resolve) => socket.once('close', resolve))));
    clearTimeout(timer);
  }

  #track(socket: Socket, maxConnections: number): void {
    if (this.#sockets.size >= maxConnections && !this.#idle.closeLongest()) {
      socket.destroy();
      return;
    }
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
  }
}

const socketOptions = { noDelay: true, keepAlive: true, keepAliveInitialDelay: 30_000 };

function createHttp1Server(limits: HttpLimits): NetServer {
  return createPlainServer({
    ...socketOptions,
    maxHeaderSize: limits.maxHeaderBytes,
    headersTimeout: limits.headersTimeoutMs,
    requestTimeout: limits.requestTimeoutMs,
    keepAliveTimeout: limits.idleTimeoutMs,
    connectionsCheckingInterval: checkInterval(limits),
  });
}

/** The options of a node:http server are read from properties of the socket's server, whichever class that is. */
function createTlsServer(identity: TlsIdentity, limits: HttpLimits): NetServer {
  const server = createSecureServer({
    ...socketOptions,
    ...secureContext(identity),
    allowHTTP1: true,
    requestCert: identity.clientCa !== undefined,
    rejectUnauthorized: false,
    handshakeTimeout: limits.handshakeTimeoutMs,
    settings: { maxConcurrentStreams: limits.maxConcurrentStreams, initialWindowSize: 256 * 1024 },
  });
  return Object.assign(server, {
    maxHeaderSize: limits.maxHeaderBytes,
    headersTimeout: limits.headersTimeoutMs,
    requestTimeout: limits.requestTimeoutMs,
    keepAliveTimeout: limits.idleTimeoutMs,
    connectionsCheckingInterval: checkInterval(limits),
    requireHostHeader: true,
  });
}

const checkInterval = (limits: HttpLimits): number =>
  Math.max(100, Math.min(5000, limits.headersTimeoutMs / 2, limits.requestTimeoutMs / 2));

function secureContext({ cert, key, clientCa }: TlsIdentity): object {
  // Without a client CA, Node would trust the world's public authorities to name our users.
  return { cert, key, ca: clientCa ?? [], minVersion: 'TLSv1.2', secureOptions: constants.SSL_OP_NO_RENEGOTIATION };
}

function listenMessage(address: ListenAddress, error: NodeJS.ErrnoException): string {
  const where = 'path' in address ? address.path : `${address.host ?? '*'}:${address.port}`;
  const why: Record<string, string> = {
    EADDRINUSE: 'the address is already in use',
    EACCES: 'permission denied',
    EADDRNOTAVAIL: 'this machine does not have the address',
  };
  return `cannot listen on ${where}: ${why[error.code ?? ''] ?? error.message}`;
}
