// Small answers of the node's HTTP server: text, JSON, streams.
import type { Response } from '../../wire/http.ts';

export const text = (status: number, body: string, contentType = 'text/plain; charset=utf-8'): Response => {
  const bytes = Buffer.from(body, 'utf8');
  return {
    status,
    headers: { 'content-type': contentType, 'content-length': String(bytes.length) },
    body: { bytes: () => bytes },
  };
};

export const json = (value: unknown): Response => text(200, JSON.stringify(value), 'application/json');

export const stream = (chunks: AsyncIterable<Uint8Array>): Response => ({
  status: 200,
  headers: { 'content-type': 'text/plain', 'cache-control': 'no-cache' },
  body: { bytes: () => chunks },
});

/** Thrown by routes: answered as plain text, as the kubelet does. */
export class HttpError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}
