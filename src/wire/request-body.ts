// The body of a request that arrives on a stream: whole with a limit, or streamed for proxies. No decoding.
import type { Readable } from 'node:stream';
import type { RequestBody } from './http.ts';

/**
 * Shaped like api/status.ts' StatusError (wire imports nothing of ours), so that a handler can answer its `status`.
 * Upstream: apimachinery/pkg/api/errors NewRequestEntityTooLargeError.
 */
export class RequestBodyError extends Error {
  readonly status: { apiVersion: 'v1'; kind: 'Status'; metadata: object; status: 'Failure' } & Record<string, unknown>;
  constructor(
    readonly reason: 'RequestEntityTooLarge' | 'BadRequest',
    readonly code: 413 | 400,
    message: string,
  ) {
    super(message);
    this.name = 'RequestBodyError';
    this.status = { apiVersion: 'v1', kind: 'Status', metadata: {}, status: 'Failure', message, reason, code };
  }
}

const tooLarge = (limitBytes: number): RequestBodyError =>
  new RequestBodyError('RequestEntityTooLarge', 413, `Request entity too large: limit is ${limitBytes}`);

export class StreamBody implements RequestBody {
  readonly #stream: Readable;
  readonly #declaredBytes: number;
  readonly #timeoutMs: number;

  /** `declaredBytes`: the Content-Length, NaN when there is none. `timeoutMs`: for all of it; 0 where node sees to it. */
  constructor(stream: Readable, declaredBytes: number, timeoutMs = 0) {
    this.#stream = stream;
    this.#declaredBytes = declaredBytes;
    this.#timeoutMs = timeoutMs;
  }

  bytes(limitBytes: number): Promise<Uint8Array> {
    if (this.#declaredBytes > limitBytes) return Promise.reject(tooLarge(limitBytes));
    const stream = this.#stream;
    if (this.#timeoutMs > 0) {
      const timer = setTimeout(() => stream.destroy(), this.#timeoutMs);
      timer.unref();
      stream.once('end', () => clearTimeout(timer));
      stream.once('close', () => clearTimeout(timer));
    }
    return new Promise((resolve, reject) => {
      const chunks: Buffer[] = [];
      let size = 0;
      let settled = false;
      const onData = (chunk: Buffer) => {
        size += chunk.length;
        if (size <= limitBytes) {
          chunks.push(chunk);
          return;
        }
        // The rest is read and dropped, so that the answer reaches a client that only then starts to listen.
        stream.removeListener('data', onData).resume();
        settled = true;
        reject(tooLarge(limitBytes));
      };
      const onEnd = () => {
        if (settled) return;
        settled = true;
        resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, size));
      };
      // Every stream closes: an error is made only when that came too early.
      const onBroken = () => {
        if (settled) return;
        settled = true;
        reject(new RequestBodyError('BadRequest', 400, 'unexpected EOF'));
      };
      stream.on('data', onData);
      stream.once('end', onEnd);
      stream.once('error', onBroken);
      stream.once('close', onBroken);
    });
  }

  stream(): AsyncIterable<Uint8Array> {
    return this.#stream;
  }
}
