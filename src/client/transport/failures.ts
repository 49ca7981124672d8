// Failures of a connection in the words of Go's net/http and client-go, which people search for. Nothing here dials.
import { isIP } from 'node:net';

/** No answer, or none that can be used; the message follows `Unable to connect to the server: `. */
export class Unreachable extends Error {}

/** Go names the server that did not know the name. */
export function notFound(host: string): string {
  // Every command loads this file, and hardly any needs to know.
  const [first] = process.getBuiltinModule('node:dns').getServers();
  const server =
    first === undefined ? '' : isIP(first) === 6 ? `[${first}]:53` : isIP(first) === 4 ? `${first}:53` : first;
  return `dial tcp: lookup ${host}${server === '' ? '' : ` on ${server}`}: no such host`;
}

/** The answer ended before its end. A watch takes it as its end; for any other answer it is an error. */
export class AnswerCut extends Error {
  constructor(why: string, cause?: unknown) {
    super(`unexpected error when reading response body. Please retry. Original error: ${why}`, { cause });
  }
}

/** Of a system error; an error of an AbortSignal has a number. */
export const codeOf = ({ code }: { code?: unknown }): string => (typeof code === 'string' ? code : '');

/** How far an exchange had come when its time was up. */
export type Stage = 'connecting' | 'connected' | 'answered';

const TIMEOUTS: Readonly<Record<Exclude<Stage, 'answered'>, string>> = {
  connecting: 'request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)',
  connected: 'request canceled (Client.Timeout exceeded while awaiting headers)',
};

export function timedOut(stage: Stage): Error {
  return stage === 'answered'
    ? new AnswerCut('net/http: request canceled (Client.Timeout or context cancellation while reading body)')
    : new Unreachable(`net/http: ${TIMEOUTS[stage]}`);
}

/** What was answered is no HTTP: an SSH server, or one that speaks HTTP/2 only. */
export function malformed(
  raw: Uint8Array | undefined,
  prefix = 'net/http: HTTP/1.x transport connection broken: ',
): Error {
  const text = Buffer.from(raw ?? []).toString('latin1');
  const end = text.indexOf('\n');
  const line = (end < 0 ? text : text.slice(0, end)).replace(/\r$/, '');
  return new Unreachable(`${prefix}malformed HTTP response ${quoted(line)}`);
}

/** As Go's %q prints bytes. */
function quoted(line: string): string {
  const hex = (c: string): string => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`;
  return `"${line.replaceAll(/["\\]/g, '\\$&').replaceAll(/[^\x20-\x7e]/g, hex)}"`;
}
