// Errors that commands throw and how each is printed: kubectl's texts and exit codes. Only the base command formats.
// Upstream: kubectl/pkg/cmd/util/helpers.go checkErr, StandardErrorMessage, MultilineError.
import { StatusError } from '../api/status.ts';
import { connectionMessage } from './connection-message.ts';

/** `error: <message>`, exit 1. */
export class CliError extends Error {
  readonly exitCode: number;
  constructor(message: string, exitCode = 1) {
    super(message);
    this.name = 'CliError';
    this.exitCode = exitCode;
  }
}

/** A message that is printed as it stands, without `error: `. An empty one only sets the exit code. */
export class PlainError extends Error {
  readonly exitCode: number;
  constructor(message: string, exitCode = 1) {
    super(message);
    this.name = 'PlainError';
    this.exitCode = exitCode;
  }
}

/** Wrong use of a command: points to its help. The base command adds the command's path. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UsageError';
  }
}

/** A flag that cannot be parsed. */
export class FlagError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'FlagError';
  }
}

/** Several failures of one command; each is printed on its own line, without `error: `. */
export class AggregateCliError extends Error {
  readonly errors: readonly Error[];
  constructor(errors: readonly Error[]) {
    super(errors.map((e) => e.message).join('\n'));
    this.name = 'AggregateCliError';
    this.errors = errors;
  }
}

/**
 * Throws the errors that a command collected: none, the one, or all. With `nested` equal messages are reported once, and
 * even one error is printed without `error: `: upstream's `get` and `describe` wrap twice and unwrap once.
 */
export function throwCollected(errors: readonly unknown[], nested = false): void {
  const unique = new Map<string, Error>();
  for (const error of errors) {
    const e = error instanceof Error ? error : new Error(String(error));
    const key = nested ? e.message : `${unique.size} ${e.message}`;
    if (!unique.has(key)) unique.set(key, e);
  }
  const all = [...unique.values()];
  if (all.length === 1 && !nested) throw all[0]!;
  if (all.length > 0) throw new AggregateCliError(all);
}

interface Printed {
  text: string;
  exitCode: number;
}

/** What goes to stderr for an error (without the last line end) and the exit code. */
export function formatError(error: unknown, commandPath: string, server?: string): Printed {
  if (error instanceof PlainError) return { text: error.message, exitCode: error.exitCode };
  if (error instanceof FlagError) {
    return { text: `error: ${error.message}\nSee '${commandPath} --help' for usage.`, exitCode: 1 };
  }
  if (error instanceof UsageError) {
    return { text: `error: ${error.message}\nSee '${commandPath} -h' for help and examples`, exitCode: 1 };
  }
  if (error instanceof AggregateCliError) {
    return { text: error.errors.map((e) => `${plainMessage(e, server)}\n`).join(''), exitCode: 1 };
  }
  if (error instanceof StatusError && error.reason === 'Invalid') return { text: invalidMessage(error), exitCode: 1 };
  const standard = standardMessage(error, server);
  const exitCode = error instanceof CliError ? error.exitCode : 1;
  if (standard !== undefined) return { text: standard, exitCode };
  const message = error instanceof Error ? error.message : String(error);
  return { text: message.startsWith('error: ') ? message : `error: ${message}`, exitCode };
}

/** An error inside a list of errors: the standard text, or the bare message. */
export function plainMessage(error: unknown, server?: string): string {
  return standardMessage(error, server) ?? (error instanceof Error ? error.message : String(error));
}

function standardMessage(error: unknown, server?: string): string | undefined {
  if (error instanceof StatusError) {
    if (error.reason === 'Unauthorized') return `error: You must be logged in to the server (${error.message})`;
    if (error.reason && error.reason !== 'Unknown') return `Error from server (${error.reason}): ${error.message}`;
    return `Error from server: ${error.message}`;
  }
  return connectionMessage(error, server);
}

<<<<<<< /work/main/src/cli/errors.ts
/** Failures below HTTP: refused, unknown host, certificates, time-outs. */
function connectionMessage(error: unknown, server = ''): string | undefined {
  const code = networkCode(error);
  if (code === undefined) return undefined;
  if (code !== 'ECONNREFUSED') return `Unable to connect to the server: ${causeOf(error, code, server)}`;
  return `The connection to the server ${hostOf(error, server)} was refused - did you specify the right host or port?`;
}

function hostOf(error: unknown, server: string): string {
  const { address, port } = networkDetail(error);
  return server !== '' ? server : address ? `${address}:${port ?? ''}` : '';
}

/** What Go says of a failure below HTTP. */
function causeOf(error: unknown, code: string, server: string): string {
  const { address, port, hostname } = networkDetail(error);
  const host = hostOf(error, server);
  const dial = address
    ? `dial tcp ${address.includes(':') ? `[${address}]` : address}:${port ?? ''}`
    : `dial tcp ${host}`;
  const causes: Record<string, string> = {
    ECONNREFUSED: `${dial}: connect: connection refused`,
    ENOTFOUND: `dial tcp: lookup ${hostname ?? host.split(':')[0]}: no such host`,
    EAI_AGAIN: `dial tcp: lookup ${hostname ?? host.split(':')[0]}: Temporary failure in name resolution`,
    ECONNRESET: 'EOF',
    EHOSTUNREACH: `${dial}: connect: no route to host`,
    ENETUNREACH: `${dial}: connect: network is unreachable`,
    ETIMEDOUT: `${dial}: i/o timeout`,
    EPROTO: 'http: server gave HTTP response to HTTPS client',
    DEPTH_ZERO_SELF_SIGNED_CERT: 'tls: failed to verify certificate: x509: certificate signed by unknown authority',
    SELF_SIGNED_CERT_IN_CHAIN: 'tls: failed to verify certificate: x509: certificate signed by unknown authority',
    UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'tls: failed to verify certificate: x509: certificate signed by unknown authority',
    UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
      'tls: failed to verify certificate: x509: certificate signed by unknown authority',
    CERT_HAS_EXPIRED: 'tls: failed to verify certificate: x509: certificate has expired or is not yet valid',
    ERR_TLS_CERT_ALTNAME_INVALID: `tls: failed to verify certificate: x509: ${messageOf(error)}`,
    TIMEOUT: 'net/http: request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)',
  };
  return causes[code] ?? messageOf(error);
}

/** Undefined for an error that came from a server, or from nowhere near one. */
export function connectionCause(error: unknown, server = ''): string | undefined {
  const code = networkCode(error);
  return code === undefined ? undefined : causeOf(error, code, server);
}

/** A failure below HTTP with the request that failed, as Go's url.Error says it. Others stay as they are. */
export function requestFailure(error: unknown, method: string, url: string): unknown {
  const cause = connectionCause(error, new URL(url).host);
  if (cause === undefined) return error;
  const verb = method[0] + method.slice(1).toLowerCase();
  return new Error(`${verb} ${JSON.stringify(url)}: ${cause}`, { cause: error });
}

/** The innermost error's. */
function messageOf(error: unknown): string {
  let inner = error;
  while (inner instanceof Error && inner.cause instanceof Error) inner = inner.cause;
  return inner instanceof Error ? inner.message : String(inner);
}

/** The code of the innermost network error; undefined for any other error. */
function networkCode(error: unknown): string | undefined {
  for (let e = error; e instanceof Error; e = e.cause) {
    const code = (e as NodeJS.ErrnoException).code;
    if (e.name === 'TimeoutError') return 'TIMEOUT';
    if (e instanceof AggregateError) return networkCode(e.errors[0]);
    if (typeof code === 'string' && /^(E[A-Z]+|EAI_AGAIN|.*CERT.*|UND_ERR.*|UNABLE_.*|.*SIGNATURE)$/.test(code)) {
      const syscall = (e as NodeJS.ErrnoException).syscall;
      const file = (e as NodeJS.ErrnoException).path;
      if (file === undefined || syscall === 'connect') return code;
    }
  }
  return undefined;
}

function networkDetail(error: unknown): { address?: string; port?: number; hostname?: string } {
  for (let e = error; e instanceof Error; e = e.cause) {
    if (e instanceof AggregateError) return networkDetail(e.errors[0]);
    if ('address' in e || 'hostname' in e) return e as { address?: string; port?: number; hostname?: string };
  }
  return {};
}

=======
>>>>>>> src/cli/errors.ts
function invalidMessage(error: StatusError): string {
  const { details, message } = error.status;
  if (!details) return message ? `The request is invalid: ${message}` : 'The request is invalid';
  const causes = details.causes ?? [];
  let text = 'The request is invalid';
  if (details.kind || details.name) text = `The ${details.kind ?? ''} "${details.name ?? ''}" is invalid`;
  else if (message && causes.length === 0) text += `: ${message}`;
  if (causes.length === 0) return text;
  const lines = [...new Set(causes.map((c) => `${c.field ?? ''}: ${c.message ?? ''}`))];
  if (lines.length === 1) return `${text}: ${lines[0]}`;
  return `${text}: \n${lines.map((line) => `* ${line}`).join('\n')}`;
}
