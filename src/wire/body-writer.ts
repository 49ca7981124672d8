// Pumps a streamed response body into a Writable with back-pressure. A client that stops reading for too long is cut.
import type { Writable } from 'node:stream';

/** Resolves true when all was written, false when the writable closed first. Rejects when the body fails. */
export async function pump(body: AsyncIterable<Uint8Array>, to: Writable, stallTimeoutMs: number): Promise<boolean> {
  const chunks = body[Symbol.asyncIterator]();
  let gone = to.destroyed || to.closed;
  // A watch waits in next() for a long time: a client that leaves must end it from outside. (One listener for all
  // chunks; a Promise.race per chunk against one long-lived promise would leak a reaction per chunk.)
  let wake: ((left: undefined) => void) | undefined;
  const onClose = () => {
    gone = true;
    wake?.(undefined);
  };
  to.once('close', onClose);
  const next = () =>
    new Promise<IteratorResult<Uint8Array> | undefined>((resolve, reject) => {
      wake = resolve;
      chunks.next().then(resolve, reject);
    });
  try {
    while (!gone) {
      const chunk = await next();
      if (gone || chunk === undefined) return false;
      if (chunk.done) return true;
      if (chunk.value.byteLength > 0 && !to.write(chunk.value) && !gone) await drained(to, stallTimeoutMs);
    }
    return false;
  } finally {
    to.removeListener('close', onClose);
    // A generator that is suspended in an await answers return() only later: nobody waits for it.
    if (gone) void Promise.resolve(chunks.return?.()).catch(() => undefined);
  }
}

function drained(to: Writable, stallTimeoutMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => to.destroy(new Error('the client stopped reading')), stallTimeoutMs);
    timer.unref();
    const done = () => {
      clearTimeout(timer);
      to.removeListener('drain', done);
      to.removeListener('close', done);
      resolve();
    };
    to.once('drain', done);
    to.once('close', done);
  });
}
