// When an exchange ends early: its caller aborts it, or its time is up. The texts are those of Go's client.
import { NEVER_ABORTED, type Request } from '../../wire/http.ts';
import { type Stage, timedOut } from './failures.ts';

export interface Deadline {
  /** How far the exchange has come: messages say so. */
  stage: Stage;
  /** Why it was ended, if it was. */
  readonly reason: Error | undefined;
  /** Nothing ends it any more. */
  finish(): void;
}

/** Calls `destroy` once with the reason. */
export function watchDeadline(request: Request, timeoutMs: number, destroy: (reason: Error) => void): Deadline {
  const { signal } = request;
  const stop = (reason: Error): void => {
    deadline.reason ??= reason;
    destroy(deadline.reason);
  };
  const onAbort = (): void => stop(abortReason(signal, deadline.stage));
  const limitMs = request.query.get('watch') ? 0 : timeoutMs;
  const timer = limitMs > 0 ? setTimeout(() => stop(timedOut(deadline.stage)), Math.ceil(limitMs)) : null;
  const listening = signal !== NEVER_ABORTED;
  const deadline = {
    stage: 'connecting' as Stage,
    reason: undefined as Error | undefined,
    finish: () => {
      if (timer) clearTimeout(timer);
      if (listening) signal.removeEventListener('abort', onAbort);
    },
  };
  if (listening) {
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
  }
  return deadline;
}

function abortReason(signal: AbortSignal, stage: Stage): Error {
  const reason: unknown = signal.reason;
  if (!(reason instanceof Error)) return new Error('aborted');
  return reason.name === 'TimeoutError' ? timedOut(stage) : reason;
}
