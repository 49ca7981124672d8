// What tests of faults have in common: chance with a seed, and a server that breaks off or is late.
import type { Handler, SharedWatchEvent } from '../../../src/wire/http.ts';

/** Mulberry32: numbers from 0 to 1. */
export function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Every fifth write fails, before or after it was done. */
export function unreliable(handler: Handler, next: () => number): Handler {
  return async (request) => {
    const fails = request.method !== 'GET' && !request.path.includes('/events') && next() < 0.2;
    if (!fails) return handler(request);
    if (next() < 0.5) await handler(request);
    throw new Error('the connection was reset');
  };
}

/** Watches whose events come late, each kind's for itself: caches show different moments. */
export function late(handler: Handler, next: () => number, mostMs = 25): Handler {
  return async (request) => {
    const response = await handler(request);
    const shared = response.body?.shared;
    if (request.query.get('watch') !== 'true' || !response.body || !shared) return response;
    async function* delayed(events: AsyncIterable<SharedWatchEvent>) {
      for await (const event of events) {
        if (next() < 0.5) await new Promise((resolve) => setTimeout(resolve, next() * mostMs));
        yield event;
      }
    }
    const body = { ...response.body, shared: () => delayed(shared() as AsyncIterable<SharedWatchEvent>) };
    return { ...response, body };
  };
}
