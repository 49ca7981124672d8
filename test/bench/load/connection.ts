// A client for load: one TLS connection that speaks HTTP/1.1 with as little work as can be, so that what is measured is
// the server. One request at a time. It understands the answers of this server and no more.
import { connect } from 'node:tls';
import type { TLSSocket } from 'node:tls';

export interface Target {
  host: string;
  port: number;
  token: string;
}

export interface Answer {
  status: number;
  bytes: number;
  /** Only when it was asked for. */
  body: Buffer;
}

/** Microseconds of a clock that all threads share. */
export const nowUs = (): number => Number(process.hrtime.bigint() / 1000n);

const HEAD_END = '\r\n\r\n';
const NONE = Buffer.alloc(0);

/** Made before the clock starts. */
export function requestOf(
  { host, token }: Target,
  method: string,
  path: string,
  body?: string,
  headers: Record<string, string> = {},
): Buffer {
  const all: Record<string, string> = {
    host,
    authorization: `Bearer ${token}`,
    accept: 'application/json',
    ...headers,
  };
  if (body !== undefined) {
    all['content-type'] ??= 'application/json';
    all['content-length'] = String(Buffer.byteLength(body));
  }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n${body ?? ''}`);
}

export class Connection {
  readonly #socket: TLSSocket;
  #read: Buffer = NONE;
  /** Of the current answer or chunk; undefined: the head is awaited. */
  #left: number | undefined;
  #chunked = false;
  #status = 0;
  #bytes = 0;
  #body: Buffer[] = [];
  #keep = false;
  #onBody: ((bytes: Buffer) => void) | undefined;
  #done: { resolve(answer: Answer): void; reject(error: Error): void } | undefined;

  static open({ host, port }: Target): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host, port, rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] });
      socket.setNoDelay(true);
      socket.once('error', reject);
      socket.once('secureConnect', () => resolve(new Connection(socket)));
    });
  }

  private constructor(socket: TLSSocket) {
    this.#socket = socket;
    socket.on('data', (bytes) => this.#data(bytes));
    socket.on('error', (error) => this.#done?.reject(error));
    socket.on('close', () => this.#done?.reject(new Error('the server closed the connection')));
  }

  /** `onBody` gets the bytes of the body as they arrive. */
  send(request: Buffer, options: { keep?: boolean; onBody?: (bytes: Buffer) => void } = {}): Promise<Answer> {
    this.#keep = options.keep ?? false;
    this.#onBody = options.onBody;
    return new Promise((resolve, reject) => {
      this.#done = { resolve, reject };
      this.#socket.write(request);
    });
  }

  close(): void {
    this.#done = undefined;
    this.#socket.destroy();
  }

  #data(bytes: Buffer): void {
    this.#read = this.#read.length > 0 ? Buffer.concat([this.#read, bytes]) : bytes;
    while (this.#step());
  }

  /** Whether there may be more to do with what was read. */
  #step(): boolean {
    if (this.#left === undefined) return this.#head();
    if (this.#left > 0) {
      const taken = this.#read.subarray(0, this.#left);
      if (taken.length === 0) return false;
      this.#take(taken.length);
      this.#left -= taken.length;
      this.#bytes += taken.length;
      this.#onBody?.(taken);
      if (this.#keep) this.#body.push(taken);
      if (this.#left > 0) return false;
      if (!this.#chunked) return this.#end();
      return true;
    }
    return this.#chunk();
  }

  #head(): boolean {
    const end = this.#read.indexOf(HEAD_END);
    if (end < 0) return false;
    const head = this.#read.toString('latin1', 0, end);
    this.#take(end + HEAD_END.length);
    this.#status = Number(head.slice(9, 12));
    const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
    this.#chunked = length === undefined && /\r\ntransfer-encoding: *chunked/i.test(head);
    this.#left = Number(length ?? 0);
    return this.#left > 0 || this.#chunked ? true : this.#end();
  }

  /** The line before a chunk, which the end of the chunk before it precedes. */
  #chunk(): boolean {
    const from = this.#read[0] === 0x0d ? 2 : 0;
    const end = this.#read.indexOf('\r\n', from);
    if (end < 0) return false;
    const size = parseInt(this.#read.toString('latin1', from, end), 16);
    if (size === 0) {
      if (this.#read.length < end + 4) return false;
      this.#take(end + 4);
      return this.#end();
    }
    this.#take(end + 2);
    this.#left = size;
    return true;
  }

  #take(count: number): void {
    this.#read = this.#read.length === count ? NONE : this.#read.subarray(count);
  }

  #end(): boolean {
    const answer = { status: this.#status, bytes: this.#bytes, body: this.#keep ? Buffer.concat(this.#body) : NONE };
    this.#left = undefined;
    this.#bytes = 0;
    this.#body = [];
    const done = this.#done;
    this.#done = undefined;
    done?.resolve(answer);
    return this.#read.length > 0;
  }
}
