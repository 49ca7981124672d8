// SPDY/3.1 over any Duplex, both sides: streams with headers, half-closing, resets, ping and goaway. It is what
// kubectl and client-go speak for exec, attach and port-forward (apimachinery/pkg/util/httpstream/spdy over
// moby/spdystream).
//
// Flow control is TCP's, as in moby/spdystream, which neither sends WINDOW_UPDATE nor heeds it: a sender that waited
// for it would wait for ever. A stream whose reader is slow therefore stops the whole connection once its buffer is
// full, exactly as upstream; nothing is ever dropped or unbounded.
import { Duplex } from 'node:stream';
import {
  controlFrame,
  dataHead,
  FLAG_FIN,
  FLAG_UNIDIRECTIONAL,
  FrameReader,
  GOAWAY,
  HEADERS,
  PING,
  RST_CANCEL,
  RST_INVALID_STREAM,
  RST_REFUSED_STREAM,
  RST_STREAM,
  SYN_REPLY,
  SYN_STREAM,
} from './spdy-frames.ts';
import type { SpdyFrame } from './spdy-frames.ts';
import { HeaderDecoder, HeaderEncoder } from './spdy-headers.ts';
import type { SpdyHeaders } from './spdy-headers.ts';

const STREAM_BUFFER_BYTES = 256 * 1024;
const MAX_STREAMS = 4096;
const MAX_DATA_BYTES = 64 * 1024;
/** How long the peer may take to close its side after we closed ours. */
const LINGER_MS = 5000;

export interface SpdyOptions {
  side: 'client' | 'server';
  /** Bytes that came with the upgrade. */
  head?: Uint8Array;
  /** A stream that the peer opens; a throw refuses it. */
  onStream?(stream: SpdyStream): void;
}

export class SpdyConnection {
  readonly #socket: Duplex;
  readonly #onStream: ((stream: SpdyStream) => void) | undefined;
  readonly #encoder = new HeaderEncoder();
  readonly #decoder = new HeaderDecoder();
  #reader = new FrameReader();
  readonly #streams = new Map<number, SpdyStream>();
  readonly #full = new Set<SpdyStream>();
  readonly #pings = new Map<number, () => void>();
  #nextStream: number;
  #nextPing: number;
  #lastPeerStream = 0;
  #reading = false;
  #inputOver = false;
  #goneAway = false;
  #resolveClosed!: () => void;
  /** Resolves when the connection is gone, for whatever reason. */
  readonly closed: Promise<void>;

  constructor(socket: Duplex, options: SpdyOptions) {
    this.#socket = socket;
    this.#onStream = options.onStream;
    this.#nextStream = this.#nextPing = options.side === 'client' ? 1 : 2;
    this.closed = new Promise((resolve) => (this.#resolveClosed = resolve));
    socket.on('error', () => socket.destroy());
    socket.once('close', () => this.#onSocketClose());
    socket.once('end', () => this.#onInputOver());
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    if (options.head && options.head.byteLength > 0) this.#receive(Buffer.from(options.head));
  }

  get isClosed(): boolean {
    return this.#socket.destroyed;
  }

  /** The stream can be written at once; `stream.replied` settles when the peer accepted or refused it. */
  openStream(headers: SpdyHeaders): SpdyStream {
    if (this.#goneAway || this.#socket.destroyed) throw new Error('the connection is closed');
    const id = this.#nextStream;
    this.#nextStream += 2;
    const stream = this.#addStream(id, headers);
    this.#socket.write(
      controlFrame(SYN_STREAM, 0, [id, 0], Buffer.concat([Buffer.alloc(2), this.#encoder.encode(headers)])),
    );
    return stream;
  }

  /** Resolves when the peer answered. */
  ping(): Promise<void> {
    const id = this.#nextPing;
    this.#nextPing += 2;
    this.#socket.write(controlFrame(PING, 0, [id]));
    return new Promise((resolve) => this.#pings.set(id, resolve));
  }

  /** Says goodbye after what was written, and waits (a little) for the peer to hang up, so that nothing is lost. */
  close(): void {
    if (this.#goneAway || this.#socket.destroyed) return;
    this.#goneAway = true;
    this.#socket.write(controlFrame(GOAWAY, 0, [this.#lastPeerStream, 0]));
    this.#socket.end();
    for (const stream of this.#streams.values()) stream.discard();
    const timer = setTimeout(() => this.#socket.destroy(), LINGER_MS);
    timer.unref();
    this.#socket.once('close', () => clearTimeout(timer));
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** For streams: false asks them to wait for `callback`. */
  writeData(id: number, flags: number, payload: Buffer | undefined, callback: (error?: Error | null) => void): void {
    if (this.#socket.destroyed || this.#socket.writableEnded) return callback(new Error('the connection is closed'));
    if (payload?.length === 0) return callback();
    if (!payload) {
      this.#socket.write(dataHead(id, flags, 0), callback);
      return;
    }
    this.#socket.cork();
    for (let at = 0; at < payload.length; at += MAX_DATA_BYTES) {
      const part = payload.subarray(at, at + MAX_DATA_BYTES);
      this.#socket.write(dataHead(id, flags, part.length));
      this.#socket.write(part, at + MAX_DATA_BYTES < payload.length ? undefined : callback);
    }
    this.#socket.uncork();
  }

  resetStream(id: number, status: number): void {
    if (!this.#socket.writableEnded && !this.#socket.destroyed) {
      this.#socket.write(controlFrame(RST_STREAM, 0, [id, status]));
    }
  }

  forget(stream: SpdyStream): void {
    this.#streams.delete(stream.id);
    this.drained(stream);
  }

  drained(stream: SpdyStream): void {
    if (this.#full.delete(stream) && this.#full.size === 0) {
      this.#socket.resume();
      void this.#process();
    }
  }

  #addStream(id: number, headers: SpdyHeaders): SpdyStream {
    const stream = new SpdyStream(this, id, headers, STREAM_BUFFER_BYTES);
    this.#streams.set(id, stream);
    return stream;
  }

  #receive(chunk: Buffer): void {
    this.#reader.push(chunk);
    void this.#process();
  }

  /**
   * One frame after the other: a header block may have to be awaited, and full streams stop everything. What came is
   * processed to its end even when the connection is gone by then.
   */
  async #process(): Promise<void> {
    if (this.#reading) return;
    this.#reading = true;
    try {
      while (this.#full.size === 0) {
        const frame = this.#reader.next();
        if (!frame) break;
        const pending = frame.data ? this.#onData(frame) : this.#onControl(frame);
        if (pending) await pending;
      }
    } catch (error) {
      // Nothing after this can be understood.
      this.#reader = new FrameReader();
      this.#socket.destroy(error as Error);
    } finally {
      this.#reading = false;
    }
    if (this.#full.size > 0) this.#socket.pause();
    else if (this.#inputOver) this.#endStreams();
  }

  #onData(frame: SpdyFrame & { data: true }): void {
    const stream = this.#streams.get(frame.stream);
    if (!stream) {
      // Data that crossed our reset; of a stream that never was, a reset tells the peer.
      if (frame.stream > this.#lastPeerStream && frame.stream >= this.#nextStream) {
        this.resetStream(frame.stream, RST_INVALID_STREAM);
      }
      return;
    }
    if (frame.payload.length > 0 && !stream.receive(frame.payload)) this.#full.add(stream);
    if (frame.flags & FLAG_FIN) stream.onFin();
  }

  #onControl(frame: SpdyFrame & { data: false }): Promise<void> | undefined {
    const { type, flags, payload } = frame;
    const number = payload.length >= 4 ? payload.readUInt32BE(0) : 0;
    switch (type) {
      case SYN_STREAM:
        return this.#onSynStream(number & 0x7fffffff, flags, payload.subarray(10));
      case SYN_REPLY:
      case HEADERS:
        return this.#onReply(number & 0x7fffffff, flags, payload.subarray(4));
      case RST_STREAM:
        this.#streams.get(number & 0x7fffffff)?.onReset();
        return undefined;
      case PING:
        if (!this.#pings.has(number)) this.#socket.write(controlFrame(PING, 0, [number]));
        this.#pings.get(number)?.();
        this.#pings.delete(number);
        return undefined;
      case GOAWAY:
        this.#goneAway = true;
        if (this.#streams.size === 0) this.#socket.end();
        return undefined;
      default:
        // SETTINGS, WINDOW_UPDATE and what is unknown: see the top.
        return undefined;
    }
  }

  async #onSynStream(id: number, flags: number, block: Buffer): Promise<void> {
    const headers = await this.#decoder.decode(block);
    if (id <= this.#lastPeerStream || !this.#onStream || this.#streams.size >= MAX_STREAMS || this.#goneAway) {
      this.resetStream(id, RST_REFUSED_STREAM);
      return;
    }
    this.#lastPeerStream = id;
    const stream = this.#addStream(id, headers);
    try {
      this.#onStream(stream);
    } catch {
      stream.refuse();
      return;
    }
    if (!(flags & FLAG_UNIDIRECTIONAL)) {
      this.#socket.write(controlFrame(SYN_REPLY, 0, [id], this.#encoder.encode({})));
    }
    if (flags & FLAG_FIN) stream.onFin();
  }

  async #onReply(id: number, flags: number, block: Buffer): Promise<void> {
    // Decoded even when nobody wants it: the compression context goes on.
    await this.#decoder.decode(block);
    const stream = this.#streams.get(id);
    stream?.onReply();
    if (flags & FLAG_FIN) stream?.onFin();
  }

  #onInputOver(): void {
    this.#inputOver = true;
    void this.#process();
  }

  #onSocketClose(): void {
    for (const resolve of this.#pings.values()) resolve();
    this.#onInputOver();
    this.#resolveClosed();
  }

  #endStreams(): void {
    this.#decoder.close();
    for (const stream of [...this.#streams.values()]) stream.onConnectionEnd();
    if (!this.#socket.writableEnded) this.#socket.end();
  }
}

/** One stream. end() half-closes it, destroy() resets it; a reset by the peer destroys it without an error. */
export class SpdyStream extends Duplex {
  readonly #connection: SpdyConnection;
  readonly headers: SpdyHeaders;
  readonly id: number;
  #settleReply!: { resolve(): void; reject(error: Error): void };
  /** Resolves when the peer accepted the stream; only for streams that we opened. */
  readonly replied: Promise<void>;
  #gone = false;
  #discarding = false;
  #inputEnded = false;
  /** Asked when the peer ends or resets the stream: an error to end with, which came on another stream before. */
  failure: (() => Error | undefined) | undefined;
  /** The peer half-closed it; an end without this is a connection that broke. */
  endedByPeer = false;

  constructor(connection: SpdyConnection, id: number, headers: SpdyHeaders, bufferBytes: number) {
    super({ allowHalfOpen: true, readableHighWaterMark: bufferBytes, writableHighWaterMark: 64 * 1024 });
    this.#connection = connection;
    this.id = id;
    this.headers = headers;
    this.replied = new Promise((resolve, reject) => (this.#settleReply = { resolve, reject }));
    this.replied.catch(() => undefined);
    this.on('error', () => undefined);
  }

  override _read(): void {
    this.#connection.drained(this);
  }
  override _write(chunk: Buffer, _: BufferEncoding, callback: (error?: Error | null) => void): void {
    this.#connection.writeData(this.id, 0, chunk, callback);
  }
  override _final(callback: (error?: Error | null) => void): void {
    this.#connection.writeData(this.id, FLAG_FIN, undefined, callback);
  }
  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    const finished = this.readableEnded && this.writableFinished;
    if (!finished && !this.#gone) this.#connection.resetStream(this.id, RST_CANCEL);
    this.#connection.forget(this);
    this.#settleReply.reject(error ?? new Error('the stream was reset'));
    callback(error);
  }

  /** From the connection. False: the buffer is full. */
  receive(chunk: Buffer): boolean {
    if (this.#discarding || this.#inputEnded || this.destroyed) return true;
    return this.push(chunk);
  }
  onFin(): void {
    this.endedByPeer = true;
    const failure = this.failure?.();
    if (failure) this.destroy(failure);
    else this.#endInput();
  }
  #endInput(): void {
    if (this.#inputEnded || this.destroyed) return;
    this.#inputEnded = true;
    this.push(null);
  }
  /** Nobody will read any more, but what was written still leaves. */
  discard(): void {
    this.#discarding = true;
    this.#connection.drained(this);
  }
  onReply(): void {
    this.#settleReply.resolve();
  }
  onReset(): void {
    this.#gone = true;
    this.#settleReply.reject(new Error('the stream was reset by the peer'));
    this.destroy(this.failure?.());
  }
  refuse(): void {
    this.#gone = true;
    this.#connection.resetStream(this.id, RST_REFUSED_STREAM);
    this.destroy();
  }
  /** The reader still gets what is buffered, then the end; a writer gets an error. */
  onConnectionEnd(): void {
    this.#gone = true;
    this.#settleReply.reject(new Error('the connection was closed'));
    this.#endInput();
  }
}
