// Reads the answers of one HTTP/1.1 connection, in turn: heads, and bodies with a length, in chunks, or up to the end of the
// connection. It takes bytes and knows of no sockets. RFC 9112.
import { malformed as notHttp } from './failures.ts';

export interface AnswerHead {
  status: number;
  /** The words after the status. */
  reason: string;
  /** As node:http gives them: lower case, several of a name joined with `, `. */
  headers: Record<string, string>;
  /** Whether the connection may be used again. */
  keepAlive: boolean;
}

export interface AnswerEvents {
  head(head: AnswerHead): void;
  data(bytes: Uint8Array): void;
  /** The answer is whole. */
  end(): void;
}

type Phase = 'head' | 'length' | 'chunk-size' | 'chunk' | 'chunk-end' | 'trailer' | 'until-close' | 'done';

const HEAD_LIMIT = 1 << 20;
const NONE = Buffer.alloc(0);

export class AnswerReader {
  private phase: Phase = 'head';
  /** What of a head or a line has come. */
  private partial: Buffer = NONE;
  private left = 0;
  private readonly method: string;
  private readonly events: AnswerEvents;

  constructor(method: string, events: AnswerEvents) {
    this.method = method;
    this.events = events;
  }

  /** Answers what came after the end of the answer. Throws when this is no HTTP. */
  push(bytes: Buffer): Buffer {
    let rest = bytes;
    while (rest.length > 0 && this.phase !== 'done') rest = this.step(rest);
    return rest;
  }

  /** The connection ended. True when the answer was whole then. */
  close(): boolean {
    if (this.phase === 'until-close') this.finish();
    return this.phase === 'done';
  }

  private step(bytes: Buffer): Buffer {
    switch (this.phase) {
      case 'head':
        return this.readHead(bytes);
      case 'until-close':
        this.events.data(bytes);
        return NONE;
      case 'length':
      case 'chunk':
        return this.readSome(bytes);
      default:
        return this.readLine(bytes);
    }
  }

  private readSome(bytes: Buffer): Buffer {
    const taken = bytes.length <= this.left ? bytes : bytes.subarray(0, this.left);
    this.left -= taken.length;
    this.events.data(taken);
    if (this.left === 0) {
      if (this.phase === 'length') this.finish();
      else this.phase = 'chunk-end';
    }
    return bytes.subarray(taken.length);
  }

  /** Bytes up to and with `mark`; undefined while they have not all come. */
  private upTo(mark: string, bytes: Buffer): { text: string; rest: Buffer } | undefined {
    const all = this.partial.length > 0 ? Buffer.concat([this.partial, bytes]) : bytes;
    const at = all.indexOf(mark, Math.max(0, this.partial.length - mark.length), 'latin1');
    if (at < 0) {
      if (all.length > HEAD_LIMIT) throw malformed('a head without an end');
      this.partial = all;
      return undefined;
    }
    this.partial = NONE;
    return { text: all.toString('latin1', 0, at), rest: all.subarray(at + mark.length) };
  }

  private readLine(bytes: Buffer): Buffer {
    const line = this.upTo('\r\n', bytes);
    if (!line) return NONE;
    if (this.phase === 'chunk-size') this.startChunk(line.text);
    else if (this.phase === 'chunk-end') this.phase = 'chunk-size';
    else if (line.text === '') this.finish();
    return line.rest;
  }

  private startChunk(line: string): void {
    const size = /^[0-9a-f]{1,12}(?=[ \t]*(?:;|$))/i.exec(line)?.[0];
    if (size === undefined) throw malformed(`chunk size ${JSON.stringify(line.slice(0, 40))}`);
    this.left = Number.parseInt(size, 16);
    this.phase = this.left === 0 ? 'trailer' : 'chunk';
  }

  private readHead(bytes: Buffer): Buffer {
    // Anything else will never have the end of a head.
    const start = this.partial.length > 0 ? this.partial : bytes;
    if (!'HTTP/'.startsWith(start.toString('latin1', 0, Math.min(5, start.length)))) throw notHttp(start);
    const found = this.upTo('\r\n\r\n', bytes);
    if (!found) return NONE;
    const head = parseHead(found.text);
    // 100 and 103 come before the answer; 101 is one.
    if (head.status < 200 && head.status !== 101) return found.rest;
    this.startBody(head);
    return found.rest;
  }

  private startBody(head: AnswerHead): void {
    const { status, headers } = head;
    const length = headers['content-length'];
    const none = this.method === 'HEAD' || status === 101 || status === 204 || status === 304 || length === '0';
    const chunked = /(?:^|,\s*)chunked$/i.test(headers['transfer-encoding'] ?? '');
    const ends = none || chunked || length !== undefined;
    if (length !== undefined && !/^\d{1,15}$/.test(length)) throw malformed(`content-length ${JSON.stringify(length)}`);
    this.events.head(ends ? head : { ...head, keepAlive: false });
    if (none) return this.finish();
    if (chunked) this.phase = 'chunk-size';
    else if (length === undefined) this.phase = 'until-close';
    else {
      this.left = Number(length);
      this.phase = 'length';
    }
  }

  private finish(): void {
    this.phase = 'done';
    this.events.end();
  }
}

function parseHead(text: string): AnswerHead {
  const [first, ...lines] = text.split('\r\n');
  const start = /^HTTP\/1\.([01]) (\d{3})(?: |$)(.*)/.exec(first!);
  if (!start) throw malformed(`status line ${JSON.stringify(first!.slice(0, 40))}`);
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon <= 0) throw malformed(`header ${JSON.stringify(line.slice(0, 40))}`);
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    headers[name] = Object.hasOwn(headers, name) ? `${headers[name]}, ${value}` : value;
  }
  const connection = (headers['connection'] ?? '').toLowerCase();
  const keepAlive = start[1] === '1' ? !/\bclose\b/.test(connection) : /\bkeep-alive\b/.test(connection);
  return { status: Number(start[2]), reason: start[3]!, headers, keepAlive: keepAlive && start[2] !== '101' };
}

const malformed = (what: string): Error =>
  Object.assign(new Error(`net/http: HTTP/1.x transport connection broken: malformed HTTP response: ${what}`), {
    code: 'EPROTO',
  });
