// Frames of SPDY/3.1, as bytes (SPDY/3 draft, section 2.2). Only framing: no streams, no compression.
//
//   control   1 | version 3 (15 bits) | type (16) || flags (8) | length (24) || payload
//   data      0 | stream (31)                     || flags (8) | length (24) || payload

export const SYN_STREAM = 1;
export const SYN_REPLY = 2;
export const RST_STREAM = 3;
export const SETTINGS = 4;
export const PING = 6;
export const GOAWAY = 7;
export const HEADERS = 8;
export const WINDOW_UPDATE = 9;

export const FLAG_FIN = 1;
export const FLAG_UNIDIRECTIONAL = 2;

export const RST_PROTOCOL_ERROR = 1;
export const RST_INVALID_STREAM = 2;
export const RST_REFUSED_STREAM = 3;
export const RST_CANCEL = 5;

const VERSION = 3;
/** Longer frames than this are refused: kubectl's are 32 KiB. */
const MAX_FRAME_BYTES = 16 * 1024 * 1024 - 1;

export type SpdyFrame =
  | { data: true; stream: number; flags: number; payload: Buffer }
  | { data: false; type: number; flags: number; payload: Buffer };

function head(flags: number, length: number): Buffer {
  const buffer = Buffer.allocUnsafe(8);
  buffer.writeUInt32BE(length, 4);
  buffer[4] = flags;
  return buffer;
}

export function dataHead(stream: number, flags: number, length: number): Buffer {
  const buffer = head(flags, length);
  buffer.writeUInt32BE(stream & 0x7fffffff, 0);
  return buffer;
}

/** A control frame: numbers (32 bits each), then bytes. */
export function controlFrame(type: number, flags: number, numbers: readonly number[], rest?: Buffer): Buffer {
  const fixed = Buffer.allocUnsafe(numbers.length * 4);
  numbers.forEach((number, i) => fixed.writeUInt32BE(number >>> 0, i * 4));
  const start = head(flags, fixed.length + (rest?.length ?? 0));
  start.writeUInt16BE(0x8000 | VERSION, 0);
  start.writeUInt16BE(type, 2);
  return Buffer.concat(rest ? [start, fixed, rest] : [start, fixed]);
}

/** Cuts a byte stream into frames. */
export class FrameReader {
  #chunks: Buffer[] = [];
  #size = 0;

  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
  }

  /** The next whole frame. Throws when what came is not SPDY/3. */
  next(): SpdyFrame | undefined {
    if (this.#size < 8) return undefined;
    const start = this.#peek(8);
    const length = start.readUInt32BE(4) & 0xffffff;
    if (length > MAX_FRAME_BYTES) throw new Error('spdy: a frame is too long');
    if (this.#size < 8 + length) return undefined;
    const frame = this.#take(8 + length);
    const flags = frame[4]!;
    const payload = frame.subarray(8);
    const first = frame.readUInt32BE(0);
    if (first >>> 31 === 0) return { data: true, stream: first, flags, payload };
    if (((first >>> 16) & 0x7fff) !== VERSION) throw new Error('spdy: the peer does not speak SPDY/3');
    return { data: false, type: first & 0xffff, flags, payload };
  }

  #peek(count: number): Buffer {
    if (this.#chunks[0]!.length < count) this.#chunks = [Buffer.concat(this.#chunks)];
    return this.#chunks[0]!;
  }

  #take(count: number): Buffer {
    const first = this.#chunks[0]!.length >= count ? this.#chunks[0]! : Buffer.concat(this.#chunks);
    if (first !== this.#chunks[0]) this.#chunks = [first];
    this.#size -= count;
    if (first.length === count) this.#chunks.shift();
    else this.#chunks[0] = first.subarray(count);
    return first.subarray(0, count);
  }
}
