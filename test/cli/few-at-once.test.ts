// Requests of one command share a few connections.
import { expect, it } from 'vitest';
import { fewAtOnce } from '../../src/cli/builder/few-at-once.ts';

it('does everything, in the order that was asked for, and never more than a few at once', async () => {
  let running = 0;
  let most = 0;
  const outcomes = await fewAtOnce([...Array(50).keys()], async (i) => {
    most = Math.max(most, ++running);
    await new Promise((tick) => setImmediate(tick));
    running--;
    if (i % 10 === 3) throw new Error(`no ${i}`);
    return i;
  });
  expect(most).toBe(8);
  expect(outcomes.map((o) => (o.status === 'fulfilled' ? o.value : (o.reason as Error).message))).toEqual(
    [...Array(50).keys()].map((i) => (i % 10 === 3 ? `no ${i}` : i)),
  );
  expect(await fewAtOnce([], () => Promise.resolve(1))).toEqual([]);
});
