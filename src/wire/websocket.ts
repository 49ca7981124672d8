// WebSocket framing (RFC 6455) over a connection that was upgraded already, both sides, without extensions. Written
// here because ws, the usual package, insists on making the handshake itself and refuses Kubernetes' sub-protocols.
//
//   fin(1) 000 opcode(4) | mask(1) length(7) | [length 16 or 64] | [mask key 32] | payload; only clients mask
import { createHash, randomBytes, randomFillSync } from 'node:crypto';
import type { Duplex } from 'node:stream';
import type { Headers, Request } from './http.ts';

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const CONTINUATION = 0;
const TEXT = 1;
const BINARY = 2;
const CLOSE = 8;
const PING = 9;
const PONG = 10;
const MAX_MESSAGE_BYTES = 32 * 1024 * 1024;
const LINGER_MS = 5000;

export const CLOSE_NORMAL = 1000;
export const CLOSE_PROTOCOL_ERROR = 1002;
/** No close frame came: the connection broke. */
export const CLOSE_ABNORMAL = 1006;

export const isWebSocketRequest = (request: Request): boolean =>
  /(^|[\s,])websocket($|[\s,])/i.test(request.headers.upgrade ?? '');

export const requestedProtocols = (request: Request): string[] =>
  (request.headers['sec-websocket-protocol'] ?? '').split(',').flatMap((each) => each.trim() || []);

const acceptOf = (key: string): string =>
  createHash('sha1')
    .update(key + GUID)
    .digest('base64');

/** The headers of the 101 that accepts a request. */
export function acceptHeaders(request: Request, protocol: string): Record<string, string> {
  return {
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-accept': acceptOf(request.headers['sec-websocket-key'] ?? ''),
    ...(protocol ? { 'sec-websocket-protocol': protocol } : {}),
  };
}

/** A client's request headers, and the check of the answer's: it throws when that is not for this request. */
export function clientHandshake(protocols: readonly string[]): {
  headers: Record<string, string>;
  /** Answers the protocol that the server chose. */
  check(answer: Headers): string;
} {
  const key = randomBytes(16).toString('base64');
  const headers = {
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': key,
    'Sec-WebSocket-Protocol': protocols.join(', '),
  };
  return {
    headers,
    check(answer) {
      if (answer['sec-websocket-accept'] !== acceptOf(key)) throw new Error('websocket: bad handshake');
      const protocol = answer['sec-websocket-protocol'] ?? '';
      if (!protocols.includes(protocol)) {
        throw new Error(`websocket protocol not found: requested ${protocols.join(', ')}, received "${protocol}"`);
      }
      return protocol;
    },
  };
}

export interface WebSocketOptions {
  side: 'client' | 'server';
  head?: Uint8Array;
  /** False stops reading until resume(). The buffer is the callee's. */
  onMessage(data: Buffer, binary: boolean): boolean;
  /** Once, when no more messages come. */
  onClose(code: number, reason: string): void;
}

interface Frame {
  final: boolean;
  opcode: number;
  payload: Buffer;
}

export class WebSocketConnection {
  readonly #socket: Duplex;
  readonly #options: WebSocketOptions;
  #chunks: Buffer[] = [];
  #chunksSize = 0;
  /** Bytes that make the next frame whole, as far as is known. */
  #needed = 0;
  #buffered: Buffer = Buffer.alloc(0);
  #parts: Buffer[] = [];
  #partsSize = 0;
  #messageOpcode = 0;
  #paused = false;
  #closeSent = false;
  #closed = false;
  #heartbeat: NodeJS.Timeout | undefined;

  constructor(socket: Duplex, options: WebSocketOptions) {
    this.#socket = socket;
    this.#options = options;
    socket.on('error', () => socket.destroy());
    socket.once('close', () => this.#end(CLOSE_ABNORMAL, 'unexpected EOF'));
    socket.once('end', () => {
      this.#end(CLOSE_ABNORMAL, 'unexpected EOF');
      socket.end();
    });
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    // After the caller has what the constructor answers: messages may have come with the upgrade.
    if (options.head && options.head.byteLength > 0) process.nextTick(() => this.#receive(Buffer.from(options.head!)));
  }

  /** One message of several parts. `callback` is called when it left for the operating system. */
  send(parts: readonly Uint8Array[], binary = true, callback?: (error?: Error | null) => void): void {
    if (this.#closeSent || this.#socket.destroyed) {
      callback?.(new Error('the connection is closed'));
      return;
    }
    this.#write(binary ? BINARY : TEXT, parts, callback);
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#socket.resume();
    this.#receive(Buffer.alloc(0));
  }

  /** Pings every so often, so that nobody between takes the connection for dead, and a dead one is noticed. */
  keepAlive(intervalMs: number): void {
    this.#heartbeat = setInterval(() => {
      if (!this.#closeSent) this.#write(PING, []);
    }, intervalMs);
    this.#heartbeat.unref();
  }

  close(code = CLOSE_NORMAL, reason = ''): void {
    if (this.#closeSent || this.#socket.destroyed) return;
    const payload = Buffer.alloc(2 + Buffer.byteLength(reason));
    payload.writeUInt16BE(code);
    payload.write(reason, 2);
    this.#write(CLOSE, [payload]);
    this.#closeSent = true;
    this.#paused = false;
    this.#socket.resume();
    const timer = setTimeout(() => this.#socket.destroy(), LINGER_MS);
    timer.unref();
    this.#socket.once('close', () => clearTimeout(timer));
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #end(code: number, reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#heartbeat);
    this.#options.onClose(code, reason);
  }

  #write(opcode: number, parts: readonly Uint8Array[], callback?: (error?: Error | null) => void): void {
    let length = 0;
    for (const part of parts) length += part.byteLength;
    const masked = this.#options.side === 'client';
    const extended = length < 126 ? 0 : length < 65_536 ? 2 : 8;
    const head = Buffer.allocUnsafe(2 + extended + (masked ? 4 : 0));
    head[0] = 0x80 | opcode;
    head[1] = (masked ? 0x80 : 0) | (extended === 0 ? length : extended === 2 ? 126 : 127);
    if (extended === 2) head.writeUInt16BE(length, 2);
    if (extended === 8) head.writeBigUInt64BE(BigInt(length), 2);
    let bodies: readonly Uint8Array[] = parts;
    if (masked) {
      const payload = Buffer.concat(parts);
      mask(payload, randomFillSync(head.subarray(2 + extended)));
      bodies = [payload];
    }
    const buffers = [head, ...bodies.filter((body) => body.byteLength > 0)];
    this.#socket.cork();
    buffers.forEach((buffer, i) => this.#socket.write(buffer, i === buffers.length - 1 ? callback : undefined));
    this.#socket.uncork();
  }

  #receive(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#chunksSize += chunk.length;
    // A long message is put together once, not with every chunk.
    if (this.#chunksSize < this.#needed) return;
    this.#buffered = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks);
    this.#needed = 0;
    try {
      while (!this.#paused && !this.#closed) {
        const frame = this.#nextFrame();
        if (!frame) break;
        this.#onFrame(frame);
      }
    } catch {
      this.close(CLOSE_PROTOCOL_ERROR);
      this.#end(CLOSE_PROTOCOL_ERROR, 'protocol error');
    }
    this.#chunks = this.#buffered.length > 0 ? [this.#buffered] : [];
    this.#chunksSize = this.#buffered.length;
    if (this.#paused) this.#socket.pause();
  }

  #nextFrame(): Frame | undefined {
    const buffer = this.#buffered;
    if (buffer.length < 2) return undefined;
    const short = buffer[1]! & 0x7f;
    const extended = short === 126 ? 2 : short === 127 ? 8 : 0;
    const masked = (buffer[1]! & 0x80) !== 0;
    const headLength = 2 + extended + (masked ? 4 : 0);
    if (buffer.length < headLength) return undefined;
    const length = extended === 0 ? short : extended === 2 ? buffer.readUInt16BE(2) : Number(buffer.readBigUInt64BE(2));
    if (length > MAX_MESSAGE_BYTES || (buffer[0]! & 0x70) !== 0) throw new Error('bad frame');
    if (masked !== (this.#options.side === 'server')) throw new Error('bad mask');
    if (buffer.length < headLength + length) {
      this.#needed = headLength + length;
      return undefined;
    }
    const payload = buffer.subarray(headLength, headLength + length);
    if (masked) mask(payload, buffer.subarray(headLength - 4, headLength));
    this.#buffered = buffer.subarray(headLength + length);
    return { final: (buffer[0]! & 0x80) !== 0, opcode: buffer[0]! & 0x0f, payload };
  }

  #onFrame({ final, opcode, payload }: Frame): void {
    switch (opcode) {
      case TEXT:
      case BINARY:
      case CONTINUATION:
        return this.#onData(final, opcode, payload);
      case PING:
        if (!this.#closeSent) this.#write(PONG, [payload]);
        return;
      case PONG:
        return;
      case CLOSE:
        this.close(payload.length >= 2 ? payload.readUInt16BE() : CLOSE_NORMAL);
        this.#socket.end();
        return this.#end(payload.length >= 2 ? payload.readUInt16BE() : 1005, payload.toString('utf8', 2));
      default:
        throw new Error('unknown opcode');
    }
  }

  #onData(final: boolean, opcode: number, payload: Buffer): void {
    if ((opcode === CONTINUATION) === (this.#messageOpcode === 0)) throw new Error('bad fragment');
    if (opcode !== CONTINUATION) this.#messageOpcode = opcode;
    this.#parts.push(payload);
    this.#partsSize += payload.length;
    if (this.#partsSize > MAX_MESSAGE_BYTES) throw new Error('the message is too long');
    if (!final) return;
    const message = this.#parts.length === 1 ? payload : Buffer.concat(this.#parts);
    const binary = this.#messageOpcode === BINARY;
    this.#parts = [];
    this.#partsSize = 0;
    this.#messageOpcode = 0;
    if (!this.#options.onMessage(message, binary)) this.#paused = true;
  }
}

function mask(payload: Buffer, key: Buffer): void {
  for (let i = 0; i < payload.length; i++) payload[i]! ^= key[i & 3]!;
}
