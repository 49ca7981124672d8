// What tests of faults have in common: chance with a seed, and a server that breaks off or is late.
import type { Clock } from '../../../src/client/controller.ts';
import { type Logger, silentLogger } from '../../../src/client/log.ts';
import { Client } from '../../../src/client/rest.ts';
import { controllerUser } from '../../../src/client/transport/in-process.ts';
import { runControllers } from '../../../src/server/controllers/run.ts';
import type { Handler, SharedWatchEvent } from '../../../src/wire/http.ts';
import type { TestServer } from '../../support/server.ts';

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

/** Watches that end in the middle, one event in thirty, some of them with an error. */
export function severed(handler: Handler, next: () => number): Handler {
  return async (request) => {
    const response = await handler(request);
    const shared = response.body?.shared;
    if (request.query.get('watch') !== 'true' || !response.body || !shared) return response;
    async function* cut(events: AsyncIterable<SharedWatchEvent>) {
      for await (const event of events) {
        const chance = next();
        if (chance < 0.01) throw new Error('the connection was reset');
        if (chance < 0.033) return;
        yield event;
      }
    }
    const body = { ...response.body, shared: () => cut(shared() as AsyncIterable<SharedWatchEvent>) };
    return { ...response, body };
  };
}

export interface StormOptions {
  server: TestServer;
  names: readonly string[];
  clock: Clock;
  next: () => number;
  /** How often they are killed and started anew. */
  lives: number;
  /** Meanwhile, three times a life. */
  disturb?(): Promise<void>;
  /** How long a third of a life may be; default 30. */
  pauseMs?: number;
  /** What else answers. */
  around?(handler: Handler): Handler;
  log?: Logger;
}

/** Controllers whose writes fail, whose caches are late and whose watches are cut, killed again and again. */
export async function storm(options: StormOptions): Promise<void> {
  const { server, names, clock, next, lives, disturb, log = silentLogger, pauseMs = 30 } = options;
  for (let i = 0; i < lives; i++) {
    const stop = new AbortController();
    const run = runControllers({
      client: (account) => {
        const own = server.client(controllerUser(account)).handler;
        const handler = options.around?.(own) ?? own;
        return new Client(severed(late(unreliable(handler, next), next), next));
      },
      clock,
      log,
      signal: stop.signal,
      names,
    });
    for (let j = 0; j < 3; j++) {
      await new Promise((resolve) => setTimeout(resolve, 5 + next() * pauseMs));
      await disturb?.();
    }
    stop.abort();
    await run;
  }
}

/** The same controllers without faults, while `ask` waits for what they bring about. */
export async function calm<T>(
  { server, names, clock, around, log = silentLogger }: Omit<StormOptions, 'next' | 'lives'>,
  ask: () => Promise<T>,
): Promise<T> {
  const stop = new AbortController();
  const client = (account: string) => {
    const own = server.client(controllerUser(account));
    return around ? new Client(around(own.handler)) : own;
  };
  const run = runControllers({ client, clock, log, signal: stop.signal, names });
  try {
    return await ask();
  } finally {
    stop.abort();
    await run;
  }
}
