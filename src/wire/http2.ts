// HTTP/2 in the shell of http-server.ts. Requests are streams of node:http2's core API: its compatibility layer, which
// imitates node:http, costs two more objects per request. Upgrades do not exist here (RFC 9113 section 8.6).
import { constants } from 'node:http2';
import type { IncomingHttpHeaders, OutgoingHttpHeaders, ServerHttp2Session, ServerHttp2Stream } from 'node:http2';
import type { TLSSocket } from 'node:tls';
import { pump } from './body-writer.ts';
import { errorResponse } from './http-errors.ts';
import type { Handler, Headers, Request, Response } from './http.ts';
import type { HttpLimits } from './http-server.ts';
import type { IdleConnections, Waiting } from './idle-connections.ts';
import { peerCertificate } from './peer-certificate.ts';
import { RequestBodyError, StreamBody } from './request-body.ts';

export function serveHttp2Session(
  session: ServerHttp2Session,
  handler: Handler,
  limits: HttpLimits,
  onError: (error: unknown, what: string) => void,
  idle: IdleConnections,
): void {
  const connection: Waiting = {
    get destroyed() {
      return session.destroyed;
    },
    get writableLength() {
      return session.destroyed ? 0 : session.socket.writableLength;
    },
    destroy: () => session.destroy(),
  };
  idle.opened(session.socket, connection);
  session.once('close', () => idle.works(connection));
  // Node forwards a session's streams to the server, where its compatibility layer waits; here they end.
  session.removeAllListeners('stream');
  let openStreams = 0;
  session.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, _flags: number, raw: string[]) => {
    // Resets by the client are not news; the handler learns of them by its signal.
    stream.on('error', () => undefined);
    if (openStreams++ === 0) idle.works(connection);
    if (headers.expect === '100-continue') stream.additionalHeaders({ ':status': 100 });
    stream.once('close', () => {
      if (--openStreams === 0) idle.waits(connection);
    });
    void answer(requestOf(stream, headers, raw, limits.requestTimeoutMs), stream, handler, limits, onError);
  });
  session.on('error', () => session.destroy());
  // Node has no idle timeout for sessions with open streams, and a watch is one: only empty sessions are closed.
  session.setTimeout(limits.idleTimeoutMs, () => {
    if (openStreams === 0) session.close();
  });
}

/** A plain object, so that a handler may spread it; see http1.ts. */
function requestOf(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  rawHeaders: readonly string[],
  bodyTimeoutMs: number,
): Request {
  const target = headers[':path'] ?? '/';
  const mark = target.indexOf('?');
  headers.host ??= headers[':authority'];
  const socket = stream.session?.socket;
  let query: URLSearchParams | undefined;
  let abort: AbortController | undefined;
  return {
    method: headers[':method'] ?? 'GET',
    path: mark < 0 ? target : target.slice(0, mark),
    headers: headers as Headers,
    rawHeaders,
    body: stream.endAfterHeaders
      ? undefined
      : new StreamBody(stream, Number(headers['content-length'] ?? NaN), bodyTimeoutMs),
    remoteAddress: socket?.remoteAddress,
    peerCertificate: socket && peerCertificate(socket as TLSSocket),
    get query() {
      return (query ??= new URLSearchParams(mark < 0 ? '' : target.slice(mark + 1)));
    },
    get signal() {
      if (!abort) {
        const controller = (abort = new AbortController());
        if (stream.destroyed) controller.abort();
        else stream.once('close', () => controller.abort());
      }
      return abort.signal;
    },
  };
}

async function answer(
  request: Request,
  stream: ServerHttp2Stream,
  handler: Handler,
  limits: HttpLimits,
  onError: (error: unknown, what: string) => void,
): Promise<void> {
  let response: Response;
  try {
    response = await handler(request);
  } catch (error) {
    if (!(error instanceof RequestBodyError)) onError(error, `${request.method} ${request.path}`);
    response = errorResponse(error);
  }
  try {
    await send(response, stream, request.method === 'HEAD', limits);
  } catch (error) {
    onError(error, `${request.method} ${request.path}`);
    stream.close(constants.NGHTTP2_INTERNAL_ERROR);
  }
}

async function send(
  response: Response,
  stream: ServerHttp2Stream,
  headOnly: boolean,
  limits: HttpLimits,
): Promise<void> {
  const body = response.body?.bytes();
  const whole = body === undefined || body instanceof Uint8Array;
  if (stream.destroyed || stream.closed) {
    if (!whole) await body[Symbol.asyncIterator]().return?.();
    return;
  }
  const head = outgoing(response);
  if (whole) {
    if (response.status !== 204 && response.status !== 304) head['content-length'] = body?.byteLength ?? 0;
    const endStream = headOnly || !body || body.byteLength === 0;
    stream.respond(head, { endStream });
    if (!endStream) stream.end(body);
  } else {
    stream.respond(head, { endStream: headOnly });
    if (headOnly) await body[Symbol.asyncIterator]().return?.();
    else if (await pump(body, stream, limits.stallTimeoutMs)) stream.end();
  }
  // An unread request body would keep the stream, its window and its connection for as long as the client likes: what
  // is on its way is dropped, and a stream whose answer is out ends (RFC 9113 section 8.1).
  stream.resume();
  if (stream.readableEnded || stream.destroyed) return;
  const end = (): void => {
    if (!stream.readableEnded && !stream.closed) stream.close(constants.NGHTTP2_NO_ERROR);
  };
  const linger = setTimeout(end, limits.unreadBodyTimeoutMs);
  linger.unref();
  stream.once('close', () => clearTimeout(linger));
}

/** Without the headers that belong to one HTTP/1.1 connection, which HTTP/2 forbids. */
function outgoing(response: Response): OutgoingHttpHeaders {
  const head: OutgoingHttpHeaders = { ':status': response.status };
  for (const name in response.headers) {
    switch (name) {
      case 'connection':
      case 'keep-alive':
      case 'transfer-encoding':
      case 'content-length':
      case 'upgrade':
        break;
      default:
        head[name] = response.headers[name];
    }
  }
  return head;
}
