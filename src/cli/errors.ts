// Errors that commands throw and how each is printed: kubectl's texts and exit codes. Only the base command formats.
// Upstream: kubectl/pkg/cmd/util/helpers.go checkErr, StandardErrorMessage, MultilineError.
import { StatusError } from '../api/status.ts';
import { fileMessage } from './file-message.ts';
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
 * Throws the errors that a command collected: none, the one, or all. With `nested` even one error is printed without
 * `error: `: upstream's `get` and `describe` wrap twice and unwrap once.
 */
export function throwCollected(errors: readonly unknown[], nested = false): void {
  const all = errors.map((error) => (error instanceof Error ? error : new Error(String(error))));
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
  const message = messageOf(error);
  return { text: message.startsWith('error: ') ? message : `error: ${message}`, exitCode };
}

/** An error inside a list of errors: the standard text, or the bare message. */
export function plainMessage(error: unknown, server?: string): string {
  return standardMessage(error, server) ?? messageOf(error);
}

const messageOf = (error: unknown): string =>
  fileMessage(error) ?? (error instanceof Error ? error.message : String(error));

function standardMessage(error: unknown, server?: string): string | undefined {
  if (error instanceof StatusError) {
    if (error.reason === 'Unauthorized') return `error: You must be logged in to the server (${error.message})`;
    if (error.reason && error.reason !== 'Unknown') return `Error from server (${error.reason}): ${error.message}`;
    return `Error from server: ${error.message}`;
  }
  return connectionMessage(error, server);
}

function invalidMessage(error: StatusError): string {
  const { details, message } = error.status;
  if (!details) return message ? `The request is invalid: ${message}` : 'The request is invalid';
  const causes = details.causes ?? [];
  let text = 'The request is invalid';
  if (details.kind || details.name) text = `The ${details.kind ?? ''} "${details.name ?? ''}" is invalid`;
  else if (message && causes.length === 0) text += `: ${message}`;
  if (causes.length === 0) return text;
  const lines = [...new Set(causes.map((c) => `${c.field ?? ''}: ${c.message ?? ''}`))];
  if (lines.length === 1) return `${text}: ${lines[0]}\n`;
  return `${text}: \n${lines.map((line) => `* ${line}`).join('\n')}`;
}
