// Every error of the closed set, injected; and the rule for OutcomeUnknown: read before you retry.
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createMemoryStore } from '../../../src/server/store/memory.ts';
import { StoreError } from '../../../src/server/store/store.ts';
import type { Store } from '../../../src/server/store/store.ts';
import { faultyStore } from './faulty-store.ts';
import type { Fault } from './faulty-store.ts';
import { put, text } from './suite.ts';

let inner: Store;
let faults: Fault[];
let store: Store;
beforeEach(() => {
  inner = createMemoryStore();
  faults = [];
  store = faultyStore(inner, () => faults.shift());
});
afterEach(() => inner.close());

it.each(['Conflict', 'Compacted', 'FutureRevision', 'TooLarge', 'NoSpace', 'Unavailable', 'OutcomeUnknown'] as const)(
  '%s fails one call and has no effect',
  async (code) => {
    faults = [code, code, undefined, code];
    await expect(store.transact([], [put('/a')])).rejects.toMatchObject({ name: 'StoreError', code });
    await expect(store.get('/a')).rejects.toMatchObject({ code });
    expect((await store.get('/a')).item).toBeUndefined();
    await expect(store.range({ start: '/', end: '0' })).rejects.toMatchObject({ code });
    expect(await inner.currentRevision()).toBe(1);
  },
);

it('breaks a watch in its middle', async () => {
  const watch = store.watch({ start: '/', end: '0', fromRevision: 2 });
  faults = [undefined, undefined, 'Unavailable'];
  await store.transact([], [put('/a')]);
  const seen: string[] = [];
  const reading = (async () => {
    for await (const { events } of watch) seen.push(...events.map(({ key }) => key));
  })();
  await new Promise((resolve) => setImmediate(resolve));
  await inner.transact([], [put('/b')]);
  await expect(reading).rejects.toMatchObject({ code: 'Unavailable' });
  expect(seen).toEqual(['/a']);
});

/** Creates once, whatever the store says: what is unknown is looked up. */
async function createOnce(key: string, value: string): Promise<'created' | 'exists'> {
  for (;;) {
    try {
      const { succeeded } = await store.transact([{ key, modRevision: 0 }], [put(key, value)]);
      return succeeded ? 'created' : 'exists';
    } catch (error) {
      if (!(error instanceof StoreError && error.code === 'OutcomeUnknown')) throw error;
      const { item } = await store.get(key);
      if (item) return text(item.value) === value ? 'created' : 'exists';
    }
  }
}

it.each(['done but unknown', 'not done and unknown'] as const)('%s: reading tells which', async (fault) => {
  faults = [fault];
  expect(await createOnce('/a', 'mine')).toBe('created');
  expect((await inner.get('/a')).item).toMatchObject({ modRevision: 2 });
  expect(await createOnce('/a', 'another')).toBe('exists');
});
