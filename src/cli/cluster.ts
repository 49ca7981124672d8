// The cluster that a command talks to: a client with the invocation's credentials, its namespace, what it serves, and
// the warnings that it sent. Made by connect.ts from kubeconfig and flags, or by a test from an in-process server.
import { hasLongNumber, parseJson as parseLossless } from '../api/codec/json.ts';
import { formatDuration } from '../api/duration.ts';
import type { Unstructured } from '../api/types.ts';
import { Client, parseWarnings, readBytes, type RequestOptions } from '../client/rest.ts';
import type { Handler, Response } from '../wire/http.ts';
import type { UpgradeDialer } from '../wire/streams.ts';
import type { Mapper } from './builder/mapper.ts';
import type { Io } from './io.ts';
import { userAgent } from './version-info.ts';

export interface ClusterOptions {
  handler: Handler;
  dialer?: UpgradeDialer;
  /** `host:port`, for messages. */
  server: string;
  /** The whole URL of the server. */
  url: string;
  namespace: string;
  /** True when -n was given: objects of another namespace are refused. */
  explicitNamespace: boolean;
  /** Where discovery is kept on disk; absent: nowhere. */
  cacheFile?: string;
  /** Milliseconds; 0 waits for ever. */
  timeoutMs?: number;
  /** -v */
  verbosity?: number;
  io: Io;
  close?(): void;
}

export class Cluster {
  readonly client: Client;
  readonly server: string;
  readonly url: string;
  readonly namespace: string;
  readonly explicitNamespace: boolean;
  readonly warnings: WarningPrinter;
  readonly io: Io;
  private readonly options: ClusterOptions;
  private mapped?: Promise<Mapper>;

  constructor(options: ClusterOptions) {
    this.options = options;
    this.io = options.io;
    this.warnings = new WarningPrinter(options.io);
    this.client = new Client(this.watched(options.handler), { userAgent });
    this.server = options.server;
    this.url = options.url;
    this.namespace = options.namespace;
    this.explicitNamespace = options.explicitNamespace;
  }

  get dialer(): UpgradeDialer {
    if (!this.options.dialer) throw new Error('this connection cannot be upgraded');
    return this.options.dialer;
  }

  /** Resources of the server, from the cache on disk or from discovery. */
  mapper(): Promise<Mapper> {
    return (this.mapped ??= import('./builder/mapper.ts').then((m) =>
      m.loadMapper(this.client, this.options.cacheFile),
    ));
  }

  request(method: string, path: string, options: RequestOptions = {}): Promise<Response> {
    return this.client.request(method, path, { shared: false, ...options });
  }

  /** The answer as an object. */
  async json<T = Unstructured>(method: string, path: string, options: RequestOptions = {}): Promise<T> {
    return parseJson<T>(await this.jsonText(method, path, options));
  }

  /** The same, not parsed yet. */
  async jsonText(method: string, path: string, options: RequestOptions = {}): Promise<string> {
    const response = await this.request(method, path, options);
    const type = String(response.headers['content-type'] ?? '')
      .split(';')[0]!
      .trim();
    // A page to log in, most often: something on the way is no API server.
    if (type !== '' && !type.includes('json')) throw new Error(`serializer for ${type} doesn't exist`);
    return (await readBytes(response)).toString('utf8');
  }

  async text(method: string, path: string, options: RequestOptions = {}): Promise<string> {
    return (await readBytes(await this.request(method, path, options))).toString('utf8');
  }

  close(): void {
    this.options.close?.();
  }

  private async tellEnd(): Promise<void> {
    if ((this.options.verbosity ?? 0) < 5) return;
    const { klog } = await import('./klog.ts');
    const why = 'context deadline exceeded (Client.Timeout or context cancellation while reading body)';
    klog(this.io, 'I', 'streamwatcher.go:114', `Unable to decode an event from the watch stream: ${why}`);
  }

  /** Prints warnings; ends requests that take too long. */
  private watched(handler: Handler): Handler {
    const { timeoutMs = 0 } = this.options;
    return async (request) => {
      const deadline =
        timeoutMs > 0 && !request.query.has('follow') ? AbortSignal.timeout(Math.ceil(timeoutMs)) : undefined;
      const signal = deadline ? AbortSignal.any([request.signal, deadline]) : request.signal;
      const query = new URLSearchParams(request.query);
      // The server may end it by itself then, as client-go asks it to.
      if (timeoutMs > 0) query.set('timeout', formatDuration(timeoutMs));
      const response = await handler({ ...request, query, signal });
      for (const text of parseWarnings(response.headers['warning'])) this.warnings.print(text);
      return deadline && request.query.has('watch') ? endingAt(response, deadline, () => this.tellEnd()) : response;
    };
  }
}

/** A watch that runs into the timeout ends as one that the server ended. Upstream: watch.StreamWatcher. */
function endingAt(response: Response, deadline: AbortSignal, tell: () => Promise<void>): Response {
  const bytes = response.body?.bytes();
  if (!bytes || bytes instanceof Uint8Array) return response;
  async function* quiet(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    try {
      yield* chunks;
    } catch (error) {
      if (!deadline.aborted) throw error;
      await tell();
    }
  }
  return { ...response, body: { bytes: () => quiet(bytes) } };
}

/** `Warning: …` on stderr, each text once. */
export class WarningPrinter {
  count = 0;
  /** For reads that the user did not ask for by name. */
  silent = false;
  private readonly io: Io;
  private readonly seen = new Set<string>();
  constructor(io: Io) {
    this.io = io;
  }
  print(text: string): void {
    if (this.silent || this.seen.has(text)) return;
    this.seen.add(text);
    this.count++;
    const yellow = this.io.stderr.isTTY && !this.io.env['NO_COLOR'];
    this.io.stderr.write(yellow ? `\u001b[33;1mWarning:\u001b[0m ${text}\n` : `Warning: ${text}\n`);
  }
}

/** JSON text of a server to values. Only numbers that JavaScript cannot hold need the slower reader. */
export function parseJson<T>(text: string): T {
  if (hasLongNumber(text)) return parseLossless(text) as T;
  try {
    return JSON.parse(text) as T;
  } catch {
    // It says in Go's words what is wrong.
    return parseLossless(text) as T;
  }
}

/** A server's answer as an object of the API. Upstream: unstructured.unstructuredJSONScheme.Decode. */
export function parseObject<T extends Unstructured>(text: string): T {
  const value = parseJson<T>(text);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    const type = Array.isArray(value) ? 'array' : value === null ? 'null' : typeof value;
    throw new Error(`json: cannot unmarshal ${type} into Go value of type unstructured.detector`);
  }
  if (!value.kind) throw new Error(`Object 'Kind' is missing in '${text.trim()}'`);
  return value;
}
