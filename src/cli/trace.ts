// Request traces of -v: 6 one line for each request, 7 headers of requests, 8 bodies and headers of responses, 9 and 10
// the request as a curl command and longer bodies. Upstream: client-go/transport/round_trippers.go, rest/request.go.
import { STATUS_CODES } from 'node:http';
import type { Handler, Headers, Request, Response, ResponseBody } from '../wire/http.ts';
import { StatusError } from '../api/status.ts';
import { AggregateCliError } from './errors.ts';
import type { Io } from './io.ts';
import { klog, klogValue } from './klog.ts';

export interface TraceOptions {
  io: Io;
  /** The server's URL without a slash at its end. */
  url: string;
  verbosity: number;
  /** Headers that the transport adds to those of a request: credentials, impersonation. */
  added: Headers;
}

/** Bodies are cut where upstream cuts them. */
function truncated(body: string, verbosity: number): string {
  const limit = verbosity >= 10 ? Infinity : verbosity >= 9 ? 10_240 : 1024;
  return body.length <= limit ? body : `${body.slice(0, limit)} [truncated ${body.length - limit} chars]`;
}

const hidden = new Set(['authorization', 'proxy-authorization']);
/** Of the connection, which Go does not show. */
const OF_CONNECTION = new Set(['connection', 'keep-alive', 'transfer-encoding']);

/** `Accept: …` with credentials masked, sorted. */
function headerLines(headers: Headers | Response['headers']): string[] {
  return Object.entries(headers)
    .flatMap(([name, value]) => (Array.isArray(value) ? value : [value]).map((v) => [name, v] as const))
    .filter(([name, value]) => value !== undefined && !OF_CONNECTION.has(name))
    .map(([name, value]) => {
      const shown = name.replaceAll(/(^|-)[a-z]/g, (letter) => letter.toUpperCase());
      const masked = hidden.has(name) ? String(value).replace(/^(\S+).*/s, '$1 <masked>') : value;
      return `${shown}: ${masked}`;
    })
    .sort();
}

function curl(method: string, headers: Headers, url: string): string {
  const shown = headerLines(headers)
    .map((line) => ` -H ${JSON.stringify(line)}`)
    .join('');
  return `curl -v -X${method} ${shown} '${url}'`;
}

export function traced(handler: Handler, options: TraceOptions): Handler {
  const { io, verbosity } = options;
  const log = (source: string, text: string): void => klog(io, 'I', source, text);
  return async (request) => {
    const url = `${options.url}${request.path}${sortedQuery(request.query)}`;
    const headers = { ...request.headers, ...options.added };
    const next = verbosity >= 8 ? await tellBody(request, verbosity, log) : request;
    if (verbosity >= 9) log('round_trippers.go:473', curl(request.method, headers, url));
    else if (verbosity >= 7) {
      log('round_trippers.go:470', `${request.method} ${url}`);
      log('round_trippers.go:476', 'Request Headers:');
      for (const line of headerLines(headers)) log('round_trippers.go:480', `    ${line}`);
    }
    const started = io.nowMs();
    const response = await handler(next);
    const tookMs = Math.trunc(io.nowMs() - started);
    const status = `${response.status} ${STATUS_CODES[response.status] ?? ''} in ${tookMs} milliseconds`;
    if (verbosity === 7 || verbosity === 8) log('round_trippers.go:581', `Response Status: ${status}`);
    else log('round_trippers.go:560', `${request.method} ${url} ${status}`);
    if (verbosity < 8) return response;
    if (verbosity >= 9) {
      const times = `GetConnection 0 ms ServerProcessing ${tookMs} ms Duration ${tookMs} ms`;
      log('round_trippers.go:577', `HTTP Statistics: ${times}`);
    }
    log('round_trippers.go:584', 'Response Headers:');
    for (const line of headerLines(response.headers)) log('round_trippers.go:587', `    ${line}`);
    return { ...response, ...(response.body ? { body: told(response.body, request, verbosity, log) } : {}) };
  };
}

/** Where upstream's resource.Helper tells of a body. */
function sourceOf({ method, path, query }: Request): string {
  if (method !== 'GET') return helperLines[method] ?? 'helper.go:105';
  if (query.has('watch')) return 'request.go:736';
  const [, , ...words] = path.split('/').slice(path.startsWith('/apis/') ? 1 : 0);
  const [, ...names] = words[1] === 'namespaces' && words.length > 3 ? words.slice(2) : words;
  return names.length === 1 ? 'helper.go:113' : 'helper.go:105';
}

const helperLines: Record<string, string> = {
  POST: 'helper.go:246',
  PATCH: 'helper.go:269',
  PUT: 'helper.go:319',
  DELETE: 'helper.go:202',
};

/** As Go's url.Values has it. */
function sortedQuery(query: URLSearchParams): string {
  const copy = new URLSearchParams(query);
  copy.sort();
  return copy.size > 0 ? `?${copy}` : '';
}

type Log = (source: string, text: string) => void;

async function tellBody(request: Request, verbosity: number, log: Log): Promise<Request> {
  const bytes = request.body ? await request.body.bytes(Infinity) : new Uint8Array();
  const text = Buffer.from(bytes).toString('utf8');
  log(sourceOf(request), `"Request Body" body=${klogValue(truncated(text, verbosity))}`);
  return request.body ? { ...request, body: { bytes: async () => bytes } } : request;
}

/** The same body, told of when it has been read; a stream that goes on is not held back. */
function told(body: ResponseBody, request: Request, verbosity: number, log: Log): ResponseBody {
  const tell = (text: string): void =>
    log(sourceOf(request), `"Response Body" body=${klogValue(truncated(text, verbosity))}`);
  const endless = request.query.has('watch') || request.query.has('follow');
  return {
    bytes() {
      const content = body.bytes();
      if (endless) return content;
      if (content instanceof Uint8Array) {
        tell(Buffer.from(content).toString('utf8'));
        return content;
      }
      return whole(content, tell);
    },
  };
}

async function* whole(chunks: AsyncIterable<Uint8Array>, tell: (text: string) => void): AsyncIterable<Uint8Array> {
  const seen: Uint8Array[] = [];
  for await (const chunk of chunks) seen.push(chunk);
  tell(Buffer.concat(seen).toString('utf8'));
  yield* seen;
}

/** What the server answered to what failed. Upstream: cmdutil.StandardErrorMessage, whose `%s` is printed as it stands. */
export function traceStatus(error: unknown, io: Io): void {
  const failed = error instanceof AggregateCliError && error.errors.length === 1 ? error.errors[0] : error;
  if (!(failed instanceof StatusError)) return;
  const { kind = 'Status', apiVersion = 'v1', ...rest } = failed.status;
  const text = JSON.stringify({ kind, apiVersion, ...rest }, null, 2);
  klog(io, 'I', 'helpers.go:246', `server response object: %s[${text}]`);
}
