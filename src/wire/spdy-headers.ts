// Header blocks of SPDY/3.1: names and values, zlib-compressed with one context per direction and connection. Outgoing
// blocks are sent as stored (uncompressed) deflate blocks, which every inflater reads: the few short headers of a
// stream are not worth a compressor, and need none of its asynchrony.
//
//   78 bb <dictionary id>                      once: the zlib header, with a preset dictionary
//   00 <length> <~length> <name/value block>   a stored block
//   00 00 00 ff ff                             an empty one: tells the reader that the block is complete
import { createInflate } from 'node:zlib';
import type { Inflate } from 'node:zlib';

/** The words of SPDY/3's preset dictionary, each with a 32-bit length before it (SPDY/3 draft, section 2.6.10.1). */
const WORDS =
  'options head post put delete trace accept accept-charset accept-encoding accept-language accept-ranges age allow ' +
  'authorization cache-control connection content-base content-encoding content-language content-length ' +
  'content-location content-md5 content-range content-type date etag expect expires from host if-match ' +
  'if-modified-since if-none-match if-range if-unmodified-since last-modified location max-forwards pragma ' +
  'proxy-authenticate proxy-authorization range referer retry-after server te trailer transfer-encoding upgrade ' +
  'user-agent vary via warning www-authenticate method get status 200_OK version HTTP/1.1 url public set-cookie ' +
  'keep-alive origin';
const TAIL =
  '100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505203 ' +
  'Non-Authoritative Information204 No Content301 Moved Permanently400 Bad Request401 Unauthorized403 ' +
  'Forbidden404 Not Found500 Internal Server Error501 Not Implemented503 Service UnavailableJan Feb Mar Apr May ' +
  'Jun Jul Aug Sept Oct Nov Dec 00:00:00 Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMTchunked,text/html,image/png,' +
  'image/jpg,image/gif,application/xml,application/xhtml+xml,text/plain,text/javascript,publicprivatemax-age=gzip,' +
  'deflate,sdchcharset=utf-8charset=iso-8859-1,utf-,*,enq=0.';

export const SPDY_DICTIONARY: Buffer = Buffer.concat([
  ...WORDS.split(' ').map((word) => sized(word.replace('_', ' '))),
  Buffer.from(TAIL),
]);
/** The zlib header: deflate, 32 KiB window, preset dictionary, and the dictionary's Adler-32. */
const ZLIB_HEAD = Buffer.from([0x78, 0xbb, 0xe3, 0xc6, 0xa7, 0xc2]);
const EMPTY_BLOCK = Buffer.from([0, 0, 0, 0xff, 0xff]);
const MAX_HEADER_BYTES = 64 * 1024;

export type SpdyHeaders = Record<string, string>;

function sized(text: string): Buffer {
  const buffer = Buffer.alloc(4 + Buffer.byteLength(text));
  buffer.writeUInt32BE(buffer.length - 4);
  buffer.write(text, 4);
  return buffer;
}

export class HeaderEncoder {
  #started = false;

  encode(headers: SpdyHeaders): Buffer {
    const names = Object.keys(headers);
    const count = Buffer.alloc(4);
    count.writeUInt32BE(names.length);
    const pairs = names.flatMap((name) => [sized(name.toLowerCase()), sized(headers[name]!)]);
    const block = Buffer.concat([count, ...pairs]);
    if (block.length > 0xffff) throw new RangeError('spdy: the headers of a stream are too long');
    const stored = Buffer.alloc(5);
    stored.writeUInt16LE(block.length, 1);
    stored.writeUInt16LE(~block.length & 0xffff, 3);
    const head = this.#started ? [] : [ZLIB_HEAD];
    this.#started = true;
    return Buffer.concat([...head, stored, block, EMPTY_BLOCK]);
  }
}

export class HeaderDecoder {
  readonly #inflate: Inflate = createInflate({ dictionary: SPDY_DICTIONARY });
  #output: Buffer[] = [];
  #size = 0;
  #failure: Error | undefined;
  #fail: ((error: Error) => void) | undefined;

  constructor() {
    this.#inflate.on('data', (chunk: Buffer) => {
      this.#size += chunk.length;
      if (this.#size > MAX_HEADER_BYTES) this.#inflate.destroy(new Error('spdy: the headers of a stream are too long'));
      else this.#output.push(chunk);
    });
    this.#inflate.on('error', (error) => {
      this.#failure = error;
      this.#fail?.(error);
    });
  }

  /** Blocks must be decoded in the order in which they came, one after the other. */
  async decode(block: Buffer): Promise<SpdyHeaders> {
    await new Promise<void>((resolve, reject) => {
      if (this.#failure) return reject(this.#failure);
      this.#fail = reject;
      // The sender flushed at the end of the block, so all of it is out when the write is done.
      this.#inflate.write(block, () => resolve());
    });
    const plain = Buffer.concat(this.#output);
    this.#output = [];
    this.#size = 0;
    return parse(plain);
  }

  close(): void {
    this.#inflate.destroy();
  }
}

function parse(block: Buffer): SpdyHeaders {
  const headers: SpdyHeaders = Object.create(null) as SpdyHeaders;
  let at = 4;
  const text = (): string => {
    const length = block.readUInt32BE(at);
    if (at + 4 + length > block.length) throw new Error('spdy: a header block ends too early');
    at += 4 + length;
    return block.toString('utf8', at - length, at);
  };
  for (let left = block.readUInt32BE(0); left > 0; left--) {
    const name = text().toLowerCase();
    // Several values of one name are separated by NUL.
    headers[name] = text().replaceAll('\0', ', ');
  }
  return headers;
}
