// One request as bytes, the way a client over the network sees it.
import { readBytes } from '../../src/client/rest.ts';
import type { Handler, Request, Response } from '../../src/wire/http.ts';

export interface RawAnswer {
  status: number;
  headers: Response['headers'];
  text: string;
  /** Undefined when the text is not JSON. */
  json: unknown;
}

export interface RawOptions {
  body?: string | Uint8Array | object;
  /** A list: the header is repeated. */
  headers?: Record<string, string | string[]>;
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
    ...sent({ ...(bytes ? { 'content-type': 'application/json' } : {}), ...headers }),
    signal: signal ?? new AbortController().signal,
    ...(bytes ? { body: { bytes: async () => bytes } } : {}),
  });
  const text = (await readBytes(response)).toString('utf8');
  return { status: response.status, headers: response.headers, text, json: parse(text) };
}

/** As the wire gives headers: joined, and one by one. */
function sent(headers: Record<string, string | string[]>): Pick<Request, 'headers' | 'rawHeaders'> {
  const entries = Object.entries(headers).map(([name, value]) => [name, [value].flat()] as const);
  return {
    headers: Object.fromEntries(entries.map(([name, values]) => [name, values.join(', ')])),
    rawHeaders: entries.flatMap(([name, values]) => values.flatMap((value) => [name, value])),
  };
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
