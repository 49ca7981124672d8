// Asks again when a server says that it is busy and when to come back, and when a connection broke while something was
// read. Upstream: client-go/rest/with_retry.go. Wrong for callers that have a back-off of their own (controllers).
import type { Handler, Response } from '../../wire/http.ts';

/** Retries after `Retry-After`. */
const TIMES_BUSY = 10;
/** Upstream tries ten times, a second apart: too long for somebody who mistyped a port. */
const TIMES_BROKEN = 3;
const BROKEN_PAUSE_MS = 1000;

export type Sleep = (ms: number, signal: AbortSignal) => Promise<void>;

export function retrying(handler: Handler, sleep: Sleep): Handler {
  return async (request) => {
    for (let attempt = 0; ; attempt++) {
      let pauseMs = BROKEN_PAUSE_MS;
      try {
        const response = await handler(request);
        const seconds = comeBackIn(response);
        if (seconds === undefined || attempt >= TIMES_BUSY) return response;
        discard(response);
        pauseMs = seconds * 1000;
      } catch (error) {
        const broken = (error as NodeJS.ErrnoException).code === 'ECONNRESET' && request.method === 'GET';
        if (!broken || attempt >= TIMES_BROKEN || request.signal.aborted) throw error;
      }
      await sleep(pauseMs, request.signal);
    }
  };
}

/** Seconds; undefined where the answer is not of that kind. */
function comeBackIn({ status, headers }: Response): number | undefined {
  if (status !== 429 && status < 500) return undefined;
  const after = headers['retry-after'];
  return typeof after === 'string' && /^\d+$/.test(after) ? Number(after) : undefined;
}

/** Its connection is needed again. */
export function discard(response: Response): void {
  const bytes = response.body?.bytes();
  if (!bytes || bytes instanceof Uint8Array) return;
  void (async () => {
    for await (const chunk of bytes) void chunk;
  })().catch(() => undefined);
}
