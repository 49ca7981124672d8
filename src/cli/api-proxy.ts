// A local HTTP server that passes requests on to a cluster with its credentials, upgrades too, and may serve a folder.
// Upstream: kubectl/pkg/proxy/proxy_server.go.
import { createReadStream, existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, extname, join, normalize, posix } from 'node:path';
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { RE2JS } from 're2js';
import { StatusError } from '../api/status.ts';
import type { Cluster } from './cluster.ts';
import { CliError } from './errors.ts';

export interface ProxyFilter {
  acceptPaths: RE2JS[];
  rejectPaths: RE2JS[];
  acceptHosts: RE2JS[];
  rejectMethods: RE2JS[];
}

export interface ProxyOptions {
  listen: { host: string; port: number } | { path: string };
  apiPrefix: string;
  www?: { folder: string; prefix: string };
  filter?: ProxyFilter;
}

export interface RunningProxy {
  address: string;
  close(): void;
}

/** Of this connection, not of the request. */
const HOP_HEADERS = new Set(['connection', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'transfer-encoding']);

/** What Go's net.Listen calls it. */
function listenError(listen: ProxyOptions['listen'], error: NodeJS.ErrnoException): CliError {
  if (error.code === 'ENOTFOUND' && 'host' in listen) {
    return new CliError(`listen tcp: lookup ${listen.host}: no such host`);
  }
  const reasons: Record<string, string> = {
    EADDRINUSE: 'bind: address already in use',
    EADDRNOTAVAIL: 'bind: cannot assign requested address',
    // Node calls a folder that is not there a permission that is missing.
    EACCES:
      'path' in listen && !existsSync(dirname(listen.path))
        ? 'bind: no such file or directory'
        : 'bind: permission denied',
  };
  const what = 'path' in listen ? `unix ${listen.path}` : `tcp ${listen.host}:${listen.port}`;
  return new CliError(`listen ${what}: ${reasons[error.code ?? ''] ?? error.message}`);
}

export async function startProxy(cluster: Cluster, options: ProxyOptions): Promise<RunningProxy> {
  const server = createServer((request, response) => {
    void answer(cluster, options, request, response).catch((error: Error) => {
      if (!response.headersSent) plain(response, 502, error.message);
      else response.destroy();
    });
  });
  server.on('upgrade', (request, socket, head) => void upgrade(cluster, options, request, socket, head));
  const { listen } = options;
  if ('path' in listen && statSync(listen.path, { throwIfNoEntry: false })?.isSocket()) rmSync(listen.path);
  await new Promise<void>((resolve, reject) => {
    if ('port' in listen && (listen.port < 0 || listen.port > 65_535)) {
      throw new CliError(`listen tcp: address ${listen.port}: invalid port`);
    }
    server.once('error', (error: NodeJS.ErrnoException) => reject(listenError(listen, error)));
    server.listen(listen, resolve);
  });
  const bound = server.address() as AddressInfo | string;
  const address =
    typeof bound === 'string'
      ? bound
      : `${bound.family === 'IPv6' ? `[${bound.address}]` : bound.address}:${bound.port}`;
  return {
    address,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

const matches = (text: string, patterns: readonly RE2JS[]): boolean => patterns.some((p) => p.matcher(text).find());

function accepts(filter: ProxyFilter | undefined, request: IncomingMessage, path: string): boolean {
  if (!filter) return true;
  const host = (request.headers.host ?? '').replace(/:\d+$/, '');
  if (matches(path, filter.rejectPaths) || matches(request.method ?? '', filter.rejectMethods)) return false;
  return matches(path, filter.acceptPaths) && matches(host, filter.acceptHosts);
}

/** The path as it was written: a URL parser would take `//host/x` for another host, and resolve `..`. */
function urlOf(request: IncomingMessage): { pathname: string; search: string; searchParams: URLSearchParams } {
  const [, pathname = '/', search = ''] = /^(?:https?:\/\/[^/]*)?([^?]*)(.*)$/.exec(request.url ?? '/')!;
  return { pathname, search, searchParams: new URLSearchParams(search) };
}

/** Where a request belongs whose path is not in its plain form or lacks the last slash. Upstream: net/http ServeMux. */
function movedTo({ apiPrefix, www }: ProxyOptions, url: { pathname: string; search: string }): string | undefined {
  const plain = posix.normalize(`/${url.pathname}`);
  if (plain !== url.pathname) return plain + url.search;
  const below = `${plain}/`;
  return below === apiPrefix || below === www?.prefix ? below + url.search : undefined;
}

function moved(response: ServerResponse, location: string): void {
  const text = `<a href="${escapeHtml(location)}">Moved Permanently</a>.\n\n`;
  response.writeHead(301, {
    'content-type': 'text/html; charset=utf-8',
    location,
    'content-length': Buffer.byteLength(text),
  });
  response.end(text);
}

const escapeHtml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&#34;');

/** The API's path; undefined when the request is not below the prefix. */
function apiPath(options: ProxyOptions, path: string): string | undefined {
  const { apiPrefix } = options;
  if (!path.startsWith(apiPrefix)) return undefined;
  if (apiPrefix.startsWith('/api')) return path;
  return `/${path.slice(apiPrefix.length)}`;
}

function plain(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, {
    'content-type': 'text/plain; charset=utf-8',
    'x-content-type-options': 'nosniff',
    'content-length': Buffer.byteLength(text) + 1,
  });
  response.end(`${text}\n`);
}

async function answer(
  cluster: Cluster,
  options: ProxyOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = urlOf(request);
  const { www } = options;
  const elsewhere = movedTo(options, url);
  if (elsewhere !== undefined) return moved(response, elsewhere);
  if (www && url.pathname.startsWith(www.prefix))
    return serveFile(www.folder, url, url.pathname.slice(www.prefix.length), response);
  const path = apiPath(options, url.pathname);
  if (path === undefined) return plain(response, 404, '404 page not found');
  if (!accepts(options.filter, request, path)) return plain(response, 403, 'Forbidden');
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  const hasBody = request.headers['content-length'] !== undefined || request.headers['transfer-encoding'] !== undefined;
  const answered = await cluster.client.handler({
    method: request.method ?? 'GET',
    path,
    query: url.searchParams,
    headers: forwarded(request),
    signal: gone.signal,
    ...(hasBody ? { body: { bytes: () => collect(request) } } : {}),
  });
  const headers = Object.entries(answered.headers).filter(([name]) => !HOP_HEADERS.has(name));
  response.writeHead(answered.status, Object.fromEntries(headers));
  response.flushHeaders();
  const bytes = answered.body?.bytes() ?? new Uint8Array();
  if (bytes instanceof Uint8Array) response.end(bytes);
  else await pipeline(bytes, response);
}

/** The request's headers without those of the connection; credentials are the cluster's own. */
function forwarded(request: IncomingMessage): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers)) {
    if (value === undefined || HOP_HEADERS.has(name) || name === 'host' || name === 'content-length') continue;
    headers[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return headers;
}

async function collect(request: IncomingMessage): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

async function upgrade(
  cluster: Cluster,
  options: ProxyOptions,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): Promise<void> {
  socket.on('error', () => socket.destroy());
  const url = urlOf(request);
  const path = apiPath(options, url.pathname);
  const refuse = (status: string, text: string): void => {
    const length = Buffer.byteLength(text);
    socket.end(
      `HTTP/1.1 ${status}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: ${length}\r\nConnection: close\r\n\r\n${text}`,
    );
  };
  if (path === undefined) return refuse('404 Not Found', '404 page not found\n');
  if (!accepts(options.filter, request, path)) return refuse('403 Forbidden', 'Forbidden\n');
  try {
    const headers = { ...forwarded(request), connection: 'Upgrade', upgrade: request.headers.upgrade ?? '' };
    const far = await cluster.dialer.upgrade(request.method ?? 'GET', `${path}${url.search}`, headers);
    const lines = Object.entries(far.headers).map(([name, value]) => `${name}: ${value}`);
    socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join('\r\n')}\r\n\r\n`);
    if (far.head.length > 0) socket.write(far.head);
    if (head.length > 0) far.socket.write(head);
    far.socket.on('error', () => socket.destroy());
    socket.on('close', () => far.socket.destroy());
    far.socket.on('close', () => socket.destroy());
    far.socket.pipe(socket).pipe(far.socket);
  } catch (error) {
    const status = error instanceof StatusError ? `${error.code} Refused` : '502 Bad Gateway';
    refuse(status, `${(error as Error).message}\n`);
  }
}

const types: Record<string, string> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
};

/** A folder's path ends in a slash and a file's does not. Upstream: net/http/fs.go, serveFile. */
function movedFile(pathname: string, isFolder: boolean): string | undefined {
  if (pathname.endsWith('/index.html')) return './';
  const last = posix.basename(pathname);
  if (isFolder) return pathname.endsWith('/') ? undefined : `${last}/`;
  return pathname.endsWith('/') ? `../${last}` : undefined;
}

async function serveFile(
  folder: string,
  url: { pathname: string; search: string },
  below: string,
  response: ServerResponse,
): Promise<void> {
  let path = join(folder, normalize(`/${decodeURIComponent(below)}`)).replace(/(?<=.)\/$/, '');
  let stat = statSync(path, { throwIfNoEntry: false });
  const elsewhere = movedFile(url.pathname, stat?.isDirectory() ?? false);
  if (elsewhere !== undefined && (stat || elsewhere === './')) {
    response.writeHead(301, { location: elsewhere + url.search, 'content-length': 0 });
    response.end();
    return;
  }
  if (stat?.isDirectory()) {
    const index = join(path, 'index.html');
    const indexStat = statSync(index, { throwIfNoEntry: false });
    if (!indexStat) return listFolder(path, stat.mtime, response);
    [path, stat] = [index, indexStat];
  }
  if (!stat?.isFile()) return plain(response, 404, '404 page not found');
  const type = types[extname(path)] ?? 'application/octet-stream';
  response.writeHead(200, {
    'content-type': type,
    'content-length': stat.size,
    'last-modified': stat.mtime.toUTCString(),
  });
  await pipeline(createReadStream(path), response);
}

function listFolder(path: string, changedAt: Date, response: ServerResponse): void {
  const names = readdirSync(path, { withFileTypes: true }).map((e) => (e.isDirectory() ? `${e.name}/` : e.name));
  const links = names.sort().map((n) => `<a href="${encodeURI(n)}">${escapeHtml(n)}</a>\n`);
  const head = '<!doctype html>\n<meta name="viewport" content="width=device-width">\n';
  response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'last-modified': changedAt.toUTCString() });
  response.end(`${head}<pre>\n${links.join('')}</pre>\n`);
}
