// Exchanges over HTTP/1.1 on sockets of our own: what the CLI as one file uses. Connections are kept and used again; each
// carries one exchange at a time.
import type { Duplex } from 'node:stream';
import type { Request, Response } from '../../wire/http.ts';
import { type AnswerHead, AnswerReader } from './answer-reader.ts';
import { BodyQueue } from './body-queue.ts';
import { watchDeadline } from './deadline.ts';
import { dial } from './dial.ts';
import { type Endpoint, type Exchange, handedOver, handsOver, type RequestHeaders, type Sent } from './exchange.ts';
import { hungUp } from './sockets.ts';
import { upgradeFailure } from './upgrade-failure.ts';

export function socketExchange(endpoint: Endpoint): Exchange {
  return new SocketExchange(endpoint);
}

class SocketExchange implements Exchange {
  private readonly endpoint: Endpoint;
  private readonly idle: Connection[] = [];
  private readonly connections = new Set<Connection>();

  constructor(endpoint: Endpoint) {
    this.endpoint = endpoint;
  }

  async send(request: Request, sent: Sent): Promise<Response> {
    const { timeoutMs } = this.endpoint;
    const { method } = sent;
    const bytes = this.bytesOf(sent);
    // The newest first: it is the least likely to have been closed by the server.
    const kept = this.idle.pop();
    let connection = kept;
    let socket: Duplex | undefined;
    let fail!: (why: Error) => void;
    const failed = new Promise<never>((_, reject) => (fail = reject));
    failed.catch(() => undefined);
    const deadline = watchDeadline(request, timeoutMs, (why) => {
      fail(why);
      if (connection) connection.destroy(why);
      else socket?.destroy();
    });
    try {
      connection ??= await Promise.race([this.connect((s) => (socket = s)), failed]);
      deadline.stage = 'connected';
      const response = await Promise.race([connection.exchange(bytes, method, () => deadline.finish()), failed]);
      deadline.stage = 'answered';
      return response;
    } catch (error) {
      deadline.finish();
      throw Object.assign(error as Error, { reused: kept !== undefined });
    }
  }

  async upgrade(method: string, path: string, headers: RequestHeaders): ReturnType<Exchange['upgrade']> {
    const connection = await this.connect(() => undefined);
    const bytes = this.bytesOf({ method, path, headers, body: undefined });
    const response = await connection.exchange(bytes, method, () => undefined);
    if (response.status !== 101) throw await upgradeFailure(response);
    return { ...connection.giveUp(), headers: response.headers as Record<string, string> };
  }

  private bytesOf(sent: Sent): Buffer {
    const { endpoint } = this;
    return requestBytes(endpoint.base, handsOver(endpoint) ? handedOver(endpoint, sent) : sent);
  }

  close(): void {
    for (const connection of this.connections) connection.destroy(hungUp());
  }

  private async connect(started: (socket: Duplex) => void): Promise<Connection> {
    const connection = new Connection(await dial(this.endpoint, started), {
      idle: () => this.idle.push(connection),
      gone: () => {
        this.connections.delete(connection);
        const at = this.idle.indexOf(connection);
        if (at >= 0) this.idle.splice(at, 1);
      },
    });
    this.connections.add(connection);
    return connection;
  }
}

interface Current {
  reader: AnswerReader;
  body: BodyQueue;
  head?: AnswerHead;
  resolve(response: Response): void;
  reject(error: Error): void;
  finished(): void;
}

/** A socket and the exchange that it carries, if any. */
class Connection {
  private readonly socket: Duplex;
  private readonly events: { idle(): void; gone(): void };
  private current: Current | undefined;
  private extra: Buffer = Buffer.alloc(0);
  private readonly listeners: [string, (value: unknown) => void][];

  constructor(socket: Duplex, events: { idle(): void; gone(): void }) {
    this.socket = socket;
    this.events = events;
    this.listeners = [
      ['data', (bytes) => this.onData(bytes as Buffer)],
      ['end', () => this.destroy(hungUp())],
      ['close', () => this.destroy(hungUp())],
      ['error', (error) => this.destroy(error as Error)],
    ];
    for (const [event, listener] of this.listeners) socket.on(event, listener);
  }

  /** `finished` is called when the answer is whole or will never be. */
  exchange(bytes: Buffer, method: string, finished: () => void): Promise<Response> {
    return new Promise((resolve, reject) => {
      const { socket } = this;
      const body = new BodyQueue({
        pause: () => socket.pause(),
        resume: () => socket.resume(),
        abandon: () => this.destroy(hungUp()),
      });
      const reader = new AnswerReader(method, {
        head: (head) => this.onHead(head),
        data: (chunk) => body.push(chunk),
        end: () => this.onEnd(),
      });
      this.current = { reader, body, resolve, reject, finished };
      socket.write(bytes);
    });
  }

  /** The exchange fails with this, unless its answer is whole. */
  destroy(why: Error): void {
    const { current } = this;
    // An answer may end with its connection.
    if (current?.head && current.reader.close()) return;
    this.current = undefined;
    this.socket.destroy();
    this.events.gone();
    if (!current) return;
    current.finished();
    if (current.head) current.body.end(why);
    else current.reject(why);
  }

  /** The connection is the caller's from now on. It flows: who takes it listens before the next event comes. */
  giveUp(): { socket: Duplex; head: Buffer } {
    for (const [event, listener] of this.listeners) this.socket.off(event, listener);
    this.events.gone();
    return { socket: this.socket, head: this.extra };
  }

  private onData(bytes: Buffer): void {
    const { current } = this;
    if (!current) return this.destroy(hungUp());
    try {
      const rest = current.reader.push(bytes);
      if (rest.length === 0) return;
      if (current.head?.status === 101) this.extra = rest;
      else this.destroy(hungUp());
    } catch (error) {
      this.destroy(error as Error);
    }
  }

  private onHead(head: AnswerHead): void {
    const current = this.current!;
    current.head = head;
    current.resolve({ status: head.status, headers: head.headers, body: { bytes: () => current.body } });
  }

  private onEnd(): void {
    const { body, head, finished } = this.current!;
    this.current = undefined;
    finished();
    body.end();
    if (head!.status === 101) return;
    if (head!.keepAlive && !this.socket.destroyed) this.events.idle();
    else this.destroy(hungUp());
  }
}

function requestBytes(base: URL, { method, path, headers: { host: _, ...headers }, body }: Sent): Buffer {
  const lines = [`${method} ${path} HTTP/1.1`, `Host: ${base.host}`];
  const counted = body || /^(?:POST|PUT|PATCH)$/.test(method) ? { 'content-length': String(body?.length ?? 0) } : {};
  for (const [name, values] of Object.entries<string | string[] | undefined>({ ...headers, ...counted })) {
    for (const value of Array.isArray(values) ? values : values === undefined ? [] : [values]) {
      if (/[^\t\x20-\x7e\x80-\xff]/.test(value)) {
        throw Object.assign(new TypeError(`Invalid character in header content ["${name}"]`), {
          code: 'ERR_INVALID_CHAR',
        });
      }
      lines.push(`${name}: ${value}`);
    }
  }
  const head = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
  return body && body.length > 0 ? Buffer.concat([head, body]) : head;
}
