// When an exchange ends early: its caller aborts it, or its time is up. The texts are those of Go's client.
import { StatusError } from '../../api/status.ts';
import { NEVER_ABORTED, type Request } from '../../wire/http.ts';

/** What Go's client says when the time is up in the middle of an answer. */
const BODY_TIMEOUT = 'net/http: request canceled (Client.Timeout or context cancellation while reading body)';

export interface Deadline {
  /** The head of the answer is there: from now on its body is late. */
  answered(): void;
  /** Nothing ends it any more. */
  finish(): void;
}

/** Calls `destroy` once with the reason; `origin` and `path` are what the time ran out for. */
export function watchDeadline(
  request: Request,
  timeoutMs: number,
  target: { origin: string; path: string },
  destroy: (reason: Error) => void,
): Deadline {
  const { signal } = request;
  const onAbort = (): void => destroy(signal.reason instanceof Error ? signal.reason : new Error('aborted'));
  const listening = signal !== NEVER_ABORTED;
  if (listening) {
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
  }
  let answered = false;
  const late = (): void => destroy(answered ? new Error(BODY_TIMEOUT) : timeoutError(target));
  const limitMs = request.query.get('watch') ? 0 : timeoutMs;
  const timer = limitMs > 0 ? setTimeout(late, Math.ceil(limitMs)) : null;
  return {
    answered: () => (answered = true),
    finish: () => {
      if (timer) clearTimeout(timer);
      if (listening) signal.removeEventListener('abort', onAbort);
    },
  };
}

const timeoutError = ({ origin, path }: { origin: string; path: string }): StatusError =>
  new StatusError(
    'Timeout',
    `Get "${origin}${path}": net/http: request canceled (Client.Timeout exceeded while awaiting headers)`,
  );
