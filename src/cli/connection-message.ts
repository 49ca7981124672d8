// What is said of a server that cannot be reached, or not be believed. Upstream: kubectl/pkg/cmd/util/helpers.go
// StandardErrorMessage, for url.Error; the words are Go's.
import { isIP } from 'node:net';
import { AnswerCut, Unreachable, notFound } from '../client/transport/failures.ts';
import { tlsProblem } from '../wire/dial-error.ts';

const UNABLE = 'Unable to connect to the server: ';

/** Undefined for an error that is not one of the connection. `server` is `host:port`. */
export function connectionMessage(error: unknown, server = ''): string | undefined {
  const found = networkError(error);
  if (found === undefined) return undefined;
  if (found instanceof Unreachable) {
    return found.message.includes('connection refused') ? refused(server) : UNABLE + found.message;
  }
  const host = hostOf(found, server);
  return found.code === 'ECONNREFUSED' ? refused(host) : UNABLE + causeOf(found, host);
}

/** What Go says below HTTP, without kubectl's words around it; undefined for an error that is not of the connection. */
export function connectionCause(error: unknown, server: string): string | undefined {
  const found = networkError(error);
  if (found === undefined) return undefined;
  return found instanceof Unreachable ? found.message : causeOf(found, hostOf(found, server));
}

/** An error of the connection with the request that failed, as Go's url.Error says it. Others stay as they are. */
export function requestFailure(error: unknown, method: string, url: string): unknown {
  const cause = connectionCause(error, new URL(url).host);
  if (cause === undefined) return error;
  const verb = method[0] + method.slice(1).toLowerCase();
  return new Error(`${verb} ${JSON.stringify(url)}: ${cause}`, { cause: error });
}

const hostOf = ({ address, port }: NetworkError, server: string): string =>
  server !== '' ? server : address ? `${address}:${port ?? ''}` : '';

const causeOf = (error: NetworkError, host: string): string =>
  tlsProblem(error, nameOf(host)) ?? dialText(error, host) ?? error.message;

const refused = (host: string): string =>
  `The connection to the server ${host} was refused - did you specify the right host or port?`;

/** For whom the certificate must be. */
const nameOf = (host: string): string => host.replace(/:\d+$/, '').replace(/^\[|\]$/g, '');

function dialText(error: NetworkError, host: string): string | undefined {
  const { address, port, hostname, syscall } = error;
  const dial = address
    ? `dial tcp ${isIP(address) === 6 ? `[${address}]` : address}:${port ?? ''}`
    : `dial tcp ${host}`;
  switch (error.code) {
    case 'ECONNREFUSED':
      return `${dial}: connect: connection refused`;
    case 'ENOTFOUND':
      return notFound(hostname ?? nameOf(host));
    case 'EAI_AGAIN':
      return `dial tcp: lookup ${hostname ?? nameOf(host)}: Temporary failure in name resolution`;
    case 'ECONNRESET':
      return syscall === 'read' ? 'read: connection reset by peer' : 'EOF';
    case 'EHOSTUNREACH':
      return `${dial}: connect: no route to host`;
    case 'ENETUNREACH':
      return `${dial}: connect: network is unreachable`;
    case 'ETIMEDOUT':
      return `${dial}: i/o timeout`;
    case 'EPROTO':
      return 'http: server gave HTTP response to HTTPS client';
    default:
      return error.name === 'TimeoutError'
        ? 'net/http: request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)'
        : undefined;
  }
}

interface NetworkError extends NodeJS.ErrnoException {
  address?: string;
  port?: number;
  hostname?: string;
}

const CODES = new Set(
  'ECONNREFUSED ECONNRESET ECONNABORTED ENOTFOUND EAI_AGAIN EAI_FAIL EHOSTUNREACH EHOSTDOWN ENETUNREACH ENETDOWN ETIMEDOUT EPROTO EPIPE EADDRNOTAVAIL'.split(
    ' ',
  ),
);
const TLS_CODES = /CERT|^UNABLE_|SIGNATURE|^INVALID_PURPOSE$|^ERR_(SSL|OSSL)_|^UND_ERR/;

/** The innermost error of a connection; undefined where there is none. */
function networkError(error: unknown): NetworkError | undefined {
  for (let e = error; e instanceof Error; e = e.cause) {
    if (e instanceof Unreachable || e.name === 'TimeoutError') return e as NetworkError;
    if (e instanceof AggregateError) return networkError(e.errors[0]);
    // It was reached: what it answered broke off.
    if (e instanceof AnswerCut) return undefined;
    const { code = '' } = e as NodeJS.ErrnoException;
    if (CODES.has(code) || TLS_CODES.test(code)) return e as NetworkError;
  }
  return undefined;
}
