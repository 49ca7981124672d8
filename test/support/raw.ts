// One request as bytes, the way a client over the network sees it.
import { readBytes } from '../../src/client/rest.ts';
import type { Handler, Response } from '../../src/wire/http.ts';

export interface RawAnswer {
  status: number;
  headers: Response['headers'];
  text: string;
  /** Undefined when the text is not JSON. */
  json: unknown;
}

export interface RawOptions {
  body?: string | Uint8Array | object;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

export async function raw(
  server: { handler: Handler },
  method: string,
  pathAndQuery: string,
  { body, headers = {}, signal }: RawOptions = {},
): Promise<RawAnswer> {
  const [path, query] = pathAndQuery.split('?', 2);
  const bytes = body === undefined ? undefined : toBytes(body);
  const response = await server.handler({
    method,
    path: path!,
    query: new URLSearchParams(query ?? ''),
    headers: { ...(bytes ? { 'content-type': 'application/json' } : {}), ...headers },
    signal: signal ?? new AbortController().signal,
    ...(bytes ? { body: { bytes: async () => bytes } } : {}),
  });
  const text = (await readBytes(response)).toString('utf8');
  return { status: response.status, headers: response.headers, text, json: parse(text) };
}

function toBytes(body: string | Uint8Array | object): Uint8Array {
  if (body instanceof Uint8Array) return body;
  return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
