// HTTP/1.1 in the shell of http-server.ts: requests, upgrades, and the end of connections. Parsing is node:http's.
import { ServerResponse } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { pump } from './body-writer.ts';
import type { Handler, Headers, Request, RequestBody, Response } from './http.ts';
import { errorResponse } from './http-errors.ts';
import type { HttpLimits } from './http-server.ts';
import type { IdleConnections } from './idle-connections.ts';
import { peerCertificate } from './peer-certificate.ts';
import { RequestBodyError, StreamBody } from './request-body.ts';

/** Upgrades that somebody behind the handler may serve; any other Upgrade header is ignored, as RFC 9110 has it. */
const UPGRADE_PROTOCOLS = /(^|[\s,])(websocket|spdy\/3\.1)($|[\s,;])/i;

interface Life {
  readonly destroyed: boolean;
  readonly closed: boolean;
  once(event: 'close', listener: () => void): unknown;
}

/**
 * A plain object, so that a handler may spread it. What is expensive and seldom asked for is computed then. `life`
 * closes when the exchange ends: the response, or for an upgrade the socket.
 */
function requestOf(
  message: IncomingMessage,
  life: Life,
  upgrade?: { upgradable: boolean; body: RequestBody | undefined },
): Request {
  const target = originForm(message.url!);
  const mark = target.indexOf('?');
  let query: URLSearchParams | undefined;
  let abort: AbortController | undefined;
  return {
    method: message.method!,
    path: mark < 0 ? target : target.slice(0, mark),
    headers: message.headers as Headers,
    rawHeaders: message.rawHeaders,
    body: upgrade ? upgrade.body : bodyOf(message),
    upgradable: upgrade?.upgradable ?? false,
    remoteAddress: message.socket.remoteAddress,
    peerCertificate: peerCertificate(message.socket as TLSSocket),
    get query() {
      return (query ??= new URLSearchParams(mark < 0 ? '' : target.slice(mark + 1)));
    },
    get signal() {
      if (!abort) {
        const controller = (abort = new AbortController());
        if (life.destroyed || life.closed) controller.abort();
        else life.once('close', () => controller.abort());
      }
      return abort.signal;
    },
  };
}

function bodyOf(message: IncomingMessage): RequestBody | undefined {
  const { headers } = message;
  const length = headers['content-length'];
  if (headers['transfer-encoding'] === undefined && (length === undefined || length === '0')) return undefined;
  return new StreamBody(message, Number(length ?? NaN));
}

/** `https://host/path?query` (absolute form, as proxies get it) becomes `/path?query`. */
function originForm(url: string): string {
  if (url.charCodeAt(0) === 47 || url === '*' || !URL.canParse(url)) return url;
  const { pathname, search } = new URL(url);
  return pathname + search;
}

interface Connection {
  inFlight: number;
  upgraded: boolean;
  pipelines: boolean;
}

const newConnection = (): Connection => ({ inFlight: 0, upgraded: false, pipelines: false });

export class Http1Connections {
  readonly #handler: Handler;
  readonly #stallTimeoutMs: number;
  readonly #onError: (error: unknown, what: string) => void;
  readonly #idle: IdleConnections;
  readonly #open = new Map<Socket, Connection>();
  #inFlight = 0;
  #drained: (() => void) | undefined;
  #draining = false;

  constructor(
    handler: Handler,
    limits: HttpLimits,
    onError: (error: unknown, what: string) => void,
    idle: IdleConnections,
  ) {
    this.#idle = idle;
    this.#handler = handler;
    this.#stallTimeoutMs = limits.stallTimeoutMs;
    this.#onError = onError;
  }

  opened(socket: Socket): void {
    this.#open.set(socket, newConnection());
    this.#idle.opened(socket, socket);
    socket.once('close', () => {
      this.#open.delete(socket);
      this.#idle.works(socket);
    });
  }

  request(message: IncomingMessage, response: ServerResponse): void {
    const { socket } = message;
    const connection = this.#begin(socket);
    const request = requestOf(message, response);
    void this.#answer(request, response).finally(() => this.#end(socket, connection));
  }

  upgrade(message: IncomingMessage, socket: Socket, head: Buffer): void {
    socket.on('error', () => socket.destroy());
    const connection = this.#begin(socket);
    const upgradable = UPGRADE_PROTOCOLS.test(message.headers.upgrade ?? '');
    const request = requestOf(message, socket, { upgradable, body: bodyAfterHead(message, socket, head) });
    void this.#answerUpgrade(request, message, socket, head, connection).finally(() => this.#end(socket, connection));
  }

  /** Closes idle connections now and the others after their answer; resolves when no request is in flight. */
  drain(): Promise<void> {
    this.#draining = true;
    for (const [socket, { inFlight, upgraded }] of this.#open) {
      if (inFlight === 0 && !upgraded) socket.destroySoon();
    }
    return this.#inFlight === 0 ? Promise.resolve() : new Promise((resolve) => (this.#drained = resolve));
  }

  cutUpgraded(): void {
    for (const [socket, { upgraded }] of this.#open) if (upgraded) socket.destroy();
  }

  #begin(socket: Socket): Connection {
    const connection = this.#open.get(socket) ?? newConnection();
    if (connection.inFlight++ === 0) this.#idle.works(socket);
    else if (!connection.pipelines) {
      connection.pipelines = true;
      readByStream(socket);
    }
    this.#inFlight++;
    return connection;
  }

  #end(socket: Socket, connection: Connection): void {
    connection.inFlight--;
    this.#inFlight--;
    if (connection.inFlight === 0 && !connection.upgraded) this.#idle.waits(socket);
    if (!this.#draining) return;
    if (connection.inFlight === 0 && !connection.upgraded) socket.destroySoon();
    if (this.#inFlight === 0) this.#drained?.();
  }

  async #answer(request: Request, to: ServerResponse): Promise<void> {
    const response = await this.#handle(request);
    if (this.#draining) to.shouldKeepAlive = false;
    try {
      await send(response, to, this.#stallTimeoutMs);
    } catch (error) {
      // The head is out: a cut connection is the only way to say that the body is not whole.
      this.#onError(error, `${request.method} ${request.path}`);
      to.destroy();
    }
  }

  async #answerUpgrade(
    request: Request,
    message: IncomingMessage,
    socket: Socket,
    head: Buffer,
    connection: Connection,
  ): Promise<void> {
    const response = await this.#handle(request);
    if (socket.destroyed) return;
    if (response.status === 101 && response.upgrade) {
      socket.write(switchingHead(response));
      connection.upgraded = true;
      response.upgrade(socket, head);
      return;
    }
    const to = new ServerResponse(message);
    to.shouldKeepAlive = false;
    to.assignSocket(socket);
    to.once('finish', () => socket.destroySoon());
    await send(response, to, this.#stallTimeoutMs).catch(() => socket.destroy());
  }

  async #handle(request: Request): Promise<Response> {
    try {
      return await this.#handler(request);
    } catch (error) {
      if (!(error instanceof RequestBodyError)) this.#onError(error, `${request.method} ${request.path}`);
      return errorResponse(error);
    }
  }
}

/**
 * Node's parser reads a TLS socket's handle beneath its stream, where pausing does not hold back what is decrypted: a
 * client that sends many requests at once would be cut with "Parse Error: Paused" as soon as answers queue. A listener
 * for data makes Node read the stream instead (_http_server.js, unconsume).
 */
function readByStream(socket: Socket): void {
  socket.on('data', () => undefined);
}

/** Head and a whole body leave in one write; a streamed body is pulled as fast as the client reads. */
async function send(response: Response, to: ServerResponse, stallTimeoutMs: number): Promise<void> {
  const body = response.body?.bytes();
  if (to.destroyed) return dropBody(body);
  const head = flatHeaders(response.headers);
  if (body === undefined || body instanceof Uint8Array) {
    if (response.status !== 304 && response.status !== 204) head.push('content-length', String(body?.byteLength ?? 0));
    to.writeHead(response.status, head);
    to.end(body);
    return;
  }
  to.writeHead(response.status, head);
  if (to.req.method === 'HEAD') {
    to.end();
    return dropBody(body);
  }
  // The head leaves at once (a watch may have nothing to say for long), but together with a chunk that is there.
  const { socket } = to;
  socket?.cork();
  to.flushHeaders();
  process.nextTick(() => socket?.uncork());
  if (await pump(body, to, stallTimeoutMs)) to.end();
}

/** A handler's stream is told that nobody reads it. */
function dropBody(body: Uint8Array | AsyncIterable<Uint8Array> | undefined): void {
  if (body === undefined || body instanceof Uint8Array) return;
  void Promise.resolve(body[Symbol.asyncIterator]().return?.()).catch(() => undefined);
}

/** Node takes a flat list without copying it into a map first. Framing is ours alone. */
function flatHeaders(headers: Response['headers']): string[] {
  const flat: string[] = [];
  for (const name in headers) {
    if (name === 'content-length' || name === 'transfer-encoding') continue;
    const value = headers[name]!;
    if (typeof value === 'string') flat.push(name, value);
    else for (const each of value) flat.push(name, each);
  }
  return flat;
}

function switchingHead(response: Response): string {
  const flat = flatHeaders(response.headers);
  let head = 'HTTP/1.1 101 Switching Protocols\r\n';
  for (let i = 0; i < flat.length; i += 2) head += `${flat[i]}: ${flat[i + 1]!.replace(/[\r\n]/g, ' ')}\r\n`;
  return `${head}\r\n`;
}

/** Node stops parsing at an Upgrade header, so the body of such a request is still on the socket. */
function bodyAfterHead(message: IncomingMessage, socket: Socket, head: Buffer): RequestBody | undefined {
  const length = Number(message.headers['content-length'] ?? 0);
  if (!(length > 0)) return undefined;
  async function* chunks(): AsyncGenerator<Buffer> {
    let left = length;
    if (head.length > 0) {
      yield head.subarray(0, left);
      left -= head.length;
    }
    if (left <= 0) return;
    for await (const chunk of socket.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      yield chunk.subarray(0, left);
      left -= chunk.length;
      if (left <= 0) return;
    }
  }
  return new StreamBody(Readable.from(chunks()), length);
}
