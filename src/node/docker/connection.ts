// HTTP to the Docker daemon over its unix socket: pooled requests through undici, hijacked connections (attach, exec)
// through node:http, because a hijack sends a body and takes the socket over. Knows no endpoint.
import { request as httpRequest } from 'node:http';
import type { Duplex, Readable } from 'node:stream';
import { Pool } from 'undici';
import { DockerError, DockerUnavailable } from './errors.ts';

export interface DockerRequest {
  query?: Record<string, string | number | boolean | undefined>;
  /** An object is sent as JSON, a stream as a tar. */
  body?: object | Readable;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

/** The newest API that this code was written for; an older daemon is spoken to in its own version. */
const NEWEST_API: [number, number] = [1, 47];

const isStream = (body: object): body is Readable => typeof (body as Readable).pipe === 'function';

function pathOf(path: string, query: DockerRequest['query']): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) if (value !== undefined) params.append(name, String(value));
  const text = params.toString();
  return text === '' ? path : `${path}?${text}`;
}

function messageOf(text: string, status: number): string {
  try {
    const message = (JSON.parse(text) as { message?: unknown }).message;
    if (typeof message === 'string') return message;
  } catch {
    // Not JSON: a proxy's or an old daemon's plain text, which is used as it is.
  }
  return text.trim() === '' ? `the Docker daemon answered ${status}` : text.trim();
}

export class DockerConnection {
  readonly socketPath: string;
  private readonly pool: Pool;
  private version: Promise<string> | undefined;

  constructor(socketPath: string) {
    this.socketPath = socketPath;
    // Streams (events, follow) may be silent for hours; requests that must end are bounded by their callers' signals.
    this.pool = new Pool('http://docker', { socketPath, headersTimeout: 0, bodyTimeout: 0, keepAliveTimeout: 30_000 });
  }

  /** The whole answer, parsed; undefined for an empty body. */
  async json<T>(method: string, path: string, options: DockerRequest = {}): Promise<T> {
    const body = await this.stream(method, path, options);
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of body) chunks.push(chunk as Buffer);
    } catch (error) {
      throw this.broken(error, options.signal);
    }
    const text = Buffer.concat(chunks).toString('utf8');
    return (text === '' ? undefined : JSON.parse(text)) as T;
  }

  /** The answer's body as it arrives. */
  async stream(method: string, path: string, options: DockerRequest = {}): Promise<Readable> {
    const prefix = await this.apiPrefix();
    const { statusCode, body } = await this.send(method, prefix + pathOf(path, options.query), options);
    if (statusCode >= 400 || statusCode === 304) {
      throw new DockerError(statusCode, messageOf(await body.text(), statusCode));
    }
    // Who reads gets the error; who has stopped reading must not be brought down by it.
    body.on('error', () => undefined);
    return body;
  }

  /** Takes the connection over: what is written goes to the process, what is read comes from it. */
  async hijack(path: string, options: DockerRequest = {}): Promise<Duplex> {
    const prefix = await this.apiPrefix();
    const payload = options.body ? JSON.stringify(options.body) : '';
    return new Promise((resolve, reject) => {
      const request = httpRequest({
        socketPath: this.socketPath,
        method: 'POST',
        path: prefix + pathOf(path, options.query),
        headers: {
          connection: 'Upgrade',
          upgrade: 'tcp',
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(payload),
        },
      });
      request.on('upgrade', (_response, socket, head) => {
        socket.on('error', () => undefined);
        if (head.length > 0) socket.unshift(head);
        resolve(socket);
      });
      request.on('response', (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part: string) => (text += part));
        response.on('end', () =>
          reject(new DockerError(response.statusCode ?? 500, messageOf(text, response.statusCode ?? 500))),
        );
      });
      request.on('error', (error) => reject(new DockerUnavailable(this.socketPath, error)));
      request.end(payload);
    });
  }

  async close(): Promise<void> {
    await this.pool.destroy();
  }

  private async send(method: string, path: string, options: DockerRequest) {
    const { body } = options;
    const headers: Record<string, string> = { ...options.headers };
    let payload: string | Readable | undefined;
    if (body) {
      headers['content-type'] = isStream(body) ? 'application/x-tar' : 'application/json';
      payload = isStream(body) ? body : JSON.stringify(body);
    }
    try {
      const signal = options.signal ? { signal: options.signal } : {};
      return await this.pool.request({ method: method as 'GET', path, headers, body: payload ?? null, ...signal });
    } catch (error) {
      throw this.broken(error, options.signal);
    }
  }

  private broken(error: unknown, signal: AbortSignal | undefined): unknown {
    return signal?.aborted ? signal.reason : new DockerUnavailable(this.socketPath, error);
  }

  /** Asked once; asked again only when the daemon could not be reached. */
  private apiPrefix(): Promise<string> {
    this.version ??= this.negotiate().catch((error: unknown) => {
      this.version = undefined;
      throw error;
    });
    return this.version;
  }

  private async negotiate(): Promise<string> {
    const { headers, body } = await this.send('GET', '/_ping', {});
    await body.dump();
    const [major = 1, minor = 41] = String(headers['api-version'] ?? '1.41')
      .split('.')
      .map(Number);
    const [newestMajor, newestMinor] = NEWEST_API;
    return major < newestMajor || (major === newestMajor && minor < newestMinor)
      ? `/v${major}.${minor}`
      : `/v${newestMajor}.${newestMinor}`;
  }
}
