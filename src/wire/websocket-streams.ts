// Streams over a WebSocket: one byte stream (what SPDY is tunnelled in), or up to 255 channels, each message of which
// begins with its channel's number. Upstream: client-go/tools/portforward TunnelingConnection; apiserver/pkg/util/
// wsstream Conn.
import { Duplex, Readable, Writable } from 'node:stream';
import { CLOSE_ABNORMAL, CLOSE_NORMAL, WebSocketConnection } from './websocket.ts';

/** In the place of a channel number, v5: the channel named by the next byte is closed (remotecommand.StreamClose). */
const STREAM_CLOSE = 255;
const BUFFER_BYTES = 256 * 1024;

interface Side {
  side: 'client' | 'server';
  head: Uint8Array;
}

/** The binary messages of a WebSocket as one byte stream. */
export function webSocketDuplex(socket: Duplex, { side, head }: Side): Duplex {
  const connection = new WebSocketConnection(socket, {
    side,
    head,
    onMessage: (data) => data.length === 0 || duplex.push(data),
    onClose: () => duplex.push(null),
  });
  const duplex: Duplex = new Duplex({
    readableHighWaterMark: BUFFER_BYTES,
    read: () => connection.resume(),
    write: (chunk: Buffer, _, callback) => connection.send([chunk], true, callback),
    final(callback) {
      connection.close();
      callback();
    },
    destroy(error, callback) {
      connection.close();
      callback(error);
    },
  });
  duplex.on('error', () => undefined);
  return duplex;
}

export interface ChannelOptions extends Side {
  /** Text messages: the channel as a digit, then base64. */
  base64?: boolean;
  /** v5: a client tells that it closed a channel, a server heeds it (and says nothing: clients would complain). */
  closeSignal?: boolean;
}

export class WebSocketChannels {
  readonly #connection: WebSocketConnection;
  readonly #readable = new Map<number, Readable>();
  readonly #base64: boolean;
  readonly #closeSignal: boolean;
  readonly #side: 'client' | 'server';
  #resolveClosed!: (close: { code: number; reason: string }) => void;
  readonly closed: Promise<{ code: number; reason: string }>;

  constructor(socket: Duplex, options: ChannelOptions) {
    this.#base64 = options.base64 ?? false;
    this.#closeSignal = options.closeSignal ?? false;
    this.#side = options.side;
    this.closed = new Promise((resolve) => (this.#resolveClosed = resolve));
    this.#connection = new WebSocketConnection(socket, {
      side: options.side,
      head: options.head,
      onMessage: (data) => this.#onMessage(data),
      onClose: (code, reason) => this.#onClose(code, reason),
    });
  }

  /** What the peer sends on a channel; without this its messages are dropped. */
  readable(channel: number): Readable {
    const stream = new Readable({ highWaterMark: BUFFER_BYTES, read: () => this.#connection.resume() });
    stream.on('error', () => undefined);
    this.#readable.set(channel, stream);
    return stream;
  }

  writable(channel: number): Writable {
    const stream = new Writable({
      write: (chunk: Buffer, _, callback) => this.send(channel, chunk, callback),
      final: (callback) => {
        if (this.#closeSignal && this.#side === 'client')
          this.#connection.send([Buffer.of(STREAM_CLOSE, channel)], true, () => callback());
        else callback();
      },
    });
    stream.on('error', () => undefined);
    return stream;
  }

  send(channel: number, data: Uint8Array, callback?: (error?: Error | null) => void): void {
    if (this.#base64) {
      const text = `${channel}${Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64')}`;
      this.#connection.send([Buffer.from(text)], false, callback);
    } else this.#connection.send([Buffer.of(channel), data], true, callback);
  }

  keepAlive(intervalMs: number): void {
    this.#connection.keepAlive(intervalMs);
  }
  close(code = CLOSE_NORMAL): void {
    this.#connection.close(code);
  }
  destroy(): void {
    this.#connection.destroy();
  }

  #onMessage(data: Buffer): boolean {
    if (data.length === 0) return true;
    if (this.#closeSignal && data[0] === STREAM_CLOSE) {
      this.#finish(this.#readable.get(data[1] ?? -1));
      return true;
    }
    const stream = this.#readable.get(this.#base64 ? data[0]! - 0x30 : data[0]!);
    if (!stream || stream.destroyed || stream.readableEnded) return true;
    const payload = this.#base64 ? Buffer.from(data.toString('latin1', 1), 'base64') : data.subarray(1);
    return payload.length === 0 || stream.push(payload);
  }

  #onClose(code: number, reason: string): void {
    for (const stream of this.#readable.values()) {
      if (code === CLOSE_ABNORMAL) stream.destroy(new Error(`websocket: close ${code} (abnormal closure): ${reason}`));
      else this.#finish(stream);
    }
    this.#resolveClosed({ code, reason });
  }

  /** A second end would be an error. */
  #finish(stream: Readable | undefined): void {
    if (!stream || stream.destroyed || this.#finished.has(stream)) return;
    this.#finished.add(stream);
    stream.push(null);
  }
  readonly #finished = new WeakSet<Readable>();
}
