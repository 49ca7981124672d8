// Time as daemons see it; tests give their own.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from './controller.ts';

export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: async (ms, signal) => {
    await sleep(ms, undefined, { signal });
  },
};
