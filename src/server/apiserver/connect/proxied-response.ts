// What the proxy subresources change of a request and its answer, so that a site works below `…/proxy/`: the path that
// it is seen under, its redirects, the links of its pages. Upstream: apimachinery/pkg/util/proxy/transport.go,
// upgradeaware.go (defaultProxyTransport, corsRemovingTransport, proxyRedirectsforRootPath).
import { posix } from 'node:path';
import { Readable, pipeline } from 'node:stream';
import type { Transform } from 'node:stream';
import { createDeflateRaw, createGunzip, createGzip, createInflateRaw } from 'node:zlib';
import type { Request, Response } from '../../../wire/http.ts';
import { rewriteLinks } from './html-links.ts';

/** Where a site stands: below `prefix`, which the client asked at `requestHost`; itself it is `siteHost`. */
export interface Placed {
  prefix: string;
  siteHost: string;
  requestHost: string;
}

/** The client's name of us: what the site is told, too. */
export const hostOf = (request: Request): string => request.headers['host'] ?? request.headers[':authority'] ?? '';

/** A page's relative links need the slash: who asks for `…/proxy` is sent to `…/proxy/`. */
export function redirectToRoot({ method, path, query }: Request): Response | undefined {
  if (method !== 'GET' && method !== 'HEAD') return undefined;
  return { status: 301, headers: { location: `${path}/${query.size > 0 ? `?${query}` : ''}` } };
}

/** The request as the site sees it. */
export function forwardedRequest(request: Request): Request {
  const { headers, remoteAddress, path } = request;
  const chain = [headers['x-forwarded-for'], remoteAddress].filter(Boolean).join(', ');
  return {
    ...request,
    headers: { ...headers, 'x-forwarded-uri': path, ...(chain ? { 'x-forwarded-for': chain } : {}) },
  };
}

/** A URL of the site as the client reaches it; those of other hosts and relative ones stay. */
export function rewriteUrl(target: string, { prefix, siteHost, requestHost }: Placed): string {
  const parts = /^(?:([^:/?#]+):)?(?:\/\/([^/?#]*))?([^?#]*)(.*)$/s.exec(target);
  if (!parts) return target;
  const [, scheme, host = '', path = '', rest = ''] = parts;
  const elsewhere = host !== '' && host !== siteHost && host !== requestHost;
  if (elsewhere || !path.startsWith('/')) return target;
  const start = host !== '' && host === requestHost ? `${scheme === undefined ? '' : `${scheme}:`}//${host}` : '';
  return start + (path.startsWith(prefix) ? path : posix.join(prefix, path)) + rest;
}

const CORS = ['credentials', 'headers', 'methods', 'origin'].map((name) => `access-control-allow-${name}`);

export function proxiedResponse(response: Response, placed: Placed): Response {
  if (response.status === 101) return response;
  const headers = Object.fromEntries(Object.entries(response.headers).filter(([name]) => !CORS.includes(name)));
  const location = first(headers['location']);
  if (location) return { ...response, headers: { ...headers, location: rewriteUrl(location, placed) } };
  const coding = CODINGS[first(headers['content-encoding'])];
  const isPage = first(headers['content-type']).split(';')[0]!.trim() === 'text/html';
  if (!isPage || !response.body || !coding) return { ...response, headers };
  delete headers['content-length'];
  const bytes = response.body.bytes();
  return { ...response, headers, body: { bytes: () => recoded(bytes, coding, placed) } };
}

const first = (value: string | string[] | undefined): string => (Array.isArray(value) ? value[0]! : (value ?? ''));

interface Coding {
  decode?: () => Transform;
  encode?: () => Transform;
}

/** Pages in other codings pass as they are. */
const CODINGS: Record<string, Coding | undefined> = {
  '': {},
  gzip: { decode: createGunzip, encode: createGzip },
  deflate: { decode: createInflateRaw, encode: createDeflateRaw },
};

function recoded(
  bytes: Uint8Array | AsyncIterable<Uint8Array>,
  { decode, encode }: Coding,
  placed: Placed,
): AsyncIterable<Uint8Array> {
  const through = (source: AsyncIterable<Uint8Array>, make?: () => Transform): AsyncIterable<Uint8Array> =>
    make ? pipeline(Readable.from(source), make(), () => undefined) : source;
  const plain = through(Readable.from(bytes instanceof Uint8Array ? [bytes] : bytes), decode);
  return through(
    rewriteLinks(plain, (url) => rewriteUrl(url, placed)),
    encode,
  );
}
