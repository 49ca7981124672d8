// The parts that stores are made of: against simple models, with random input from a fixed seed.
import { describe, expect, it } from 'vitest';
import { CommitQueue } from '../../../src/server/store/commit-queue.ts';
import { LogTail, TAIL_BYTES } from '../../../src/server/store/log-tail.ts';
import { sortKey } from '../../../src/server/store/keys.ts';
import {
  decodeCurrent,
  decodeHistory,
  decodeHistoryKey,
  decodeLog,
  decodeTtlKey,
  encodeCurrent,
  encodeHistory,
  encodeHistoryKey,
  encodeLog,
  encodeTtlKey,
  Scratch,
} from '../../../src/server/store/lmdb-records.ts';
import { createMemoryStore } from '../../../src/server/store/memory.ts';
import { RetentionClock } from '../../../src/server/store/retention.ts';
import { SortedIndex } from '../../../src/server/store/sorted-index.ts';
import type { StoreEvent } from '../../../src/server/store/store.ts';
import { put, text } from './suite.ts';

/** A small linear congruential generator: the same numbers in every run. */
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return Math.floor((state / 2 ** 31) * below);
  };
}

it('the sorted index equals a sorted map', () => {
  const next = random(1);
  const index = new SortedIndex<number>();
  const model = new Map<string, number>();
  for (let step = 0; step < 30_000; step++) {
    const key = `k${next(4000)}`;
    if (next(3) === 0) expect(index.delete(key)).toBe(model.delete(key));
    else {
      index.set(key, step);
      model.set(key, step);
    }
    if (step % 3000 === 0) {
      const [start, end] = [`k${next(4000)}`, `k${next(4000)}`];
      const expected = [...model].filter(([each]) => each >= start && each < end).sort(([a], [b]) => (a < b ? -1 : 1));
      expect([...index.range(start, end)]).toEqual(expected.map(([, value]) => value));
      expect(index.get(key)).toBe(model.get(key));
    }
  }
  expect(index.size).toBe(model.size);
});

it('sort keys order strings as their bytes', () => {
  const next = random(2);
  const points = [0x24, 0x7f, 0xe9, 0xd7ff, 0xe000, 0xfffd, 0x1_0000, 0x1_f600, 0x10_ffff];
  const keys = Array.from({ length: 500 }, () =>
    String.fromCodePoint(...Array.from({ length: next(5) + 1 }, () => points[next(points.length)]!)),
  );
  const bySortKey = keys.toSorted((a, b) => (sortKey(a) < sortKey(b) ? -1 : sortKey(a) > sortKey(b) ? 1 : 0));
  expect(bySortKey).toEqual(keys.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))));
});

it('compaction changes nothing that may still be asked for', async () => {
  const next = random(3);
  const [whole, compacted] = [createMemoryStore({ keepRevisions: 0 }), createMemoryStore({ keepRevisions: 0 })];
  for (let step = 0; step < 2000; step++) {
    const key = `/k/${next(20)}`;
    const operation = next(3) === 0 ? { delete: { key } } : put(key, `${step}`);
    const { revision } = await whole.transact([], [operation]);
    await compacted.transact([], [operation]);
    if (step % 50 === 0) await compacted.compact(Math.max(1, revision - next(60)));
    const asked = (await compacted.compactedRevision()) + next(10);
    if (asked > revision) continue;
    const range = { start: '/k/', end: '/k0', revision: asked };
    expect(await compacted.range(range)).toEqual(await whole.range(range));
  }
  expect(await compacted.sizeBytes()).toBeLessThan(await whole.sizeBytes());
});

describe('records on disk', () => {
  const scratch = new Scratch();

  it('come back as they were', () => {
    const value = Buffer.from('value');
    const current = { createRevision: 5, modRevision: 2 ** 47, expiresAtMs: 1_800_000_000_000, value };
    expect(decodeCurrent(encodeCurrent(current, scratch))).toEqual(current);
    const history = { createRevision: 5, supersededAt: 2 ** 40, value };
    expect(decodeHistory(encodeHistory(history, scratch))).toEqual(history);
    expect(decodeHistoryKey(encodeHistoryKey('/a/é', 7))).toEqual({ key: '/a/é', modRevision: 7 });
    const ttl = { expiresAtMs: 1_800_000_000_000, modRevision: 9, key: '/a/é' };
    expect(decodeTtlKey(encodeTtlKey(ttl.expiresAtMs, ttl.modRevision, ttl.key))).toEqual(ttl);
    const entries = [
      { type: 'put' as const, key: '/a/é', previousRevision: 0 },
      { type: 'delete' as const, key: '/b', previousRevision: 12 },
    ];
    expect(decodeLog(encodeLog(entries))).toEqual(entries);
  });

  it('share one place while they are written, unless they are large', () => {
    const record = (value: Buffer) => ({ createRevision: 1, modRevision: 2, expiresAtMs: 0, value });
    const large = Buffer.alloc(100_000, 'l');
    const one = encodeCurrent(record(large), scratch);
    const two = encodeCurrent(record(Buffer.from('two')), scratch);
    expect(large.equals(decodeCurrent(one).value)).toBe(true);
    expect(text(decodeCurrent(two).value)).toBe('two');
    encodeCurrent(record(Buffer.from('333')), scratch);
    expect(text(decodeCurrent(two).value)).toBe('333');
  });

  it('are these bytes: a change needs a new format number', () => {
    const value = Buffer.from('v');
    expect(encodeCurrent({ createRevision: 1, modRevision: 2, expiresAtMs: 3, value }, scratch).toString('hex')).toBe(
      '00000000000100000000000200000000000376',
    );
    expect(encodeHistoryKey('/a', 2).toString('hex')).toBe('2f6100000000000002');
    expect(encodeLog([{ type: 'put', key: '/a', previousRevision: 2 }]).toString('hex')).toBe('0100022f61000000000002');
  });
});

describe('group commit', () => {
  it('lets what waits for one commit share the next', async () => {
    const batches: number[][] = [];
    const queue = new CommitQueue<number, number>(10, async (take) => {
      const batch = take();
      batches.push(batch);
      await new Promise((resolve) => setImmediate(resolve));
      return batch.map((each) => each * 2);
    });
    const first = queue.add(0);
    await Promise.resolve();
    const rest = Array.from({ length: 24 }, (_, i) => queue.add(i + 1));
    expect(await Promise.all([first, ...rest])).toEqual(Array.from({ length: 25 }, (_, i) => i * 2));
    expect(batches.map(({ length }) => length)).toEqual([1, 10, 10, 4]);
    await queue.idle();
  });

  it('fails those of a failed commit, and no others', async () => {
    let failing = true;
    const queue = new CommitQueue<number, number>(2, async (take) => {
      const batch = take();
      await Promise.resolve();
      if (failing) {
        failing = false;
        throw new Error('disk');
      }
      return batch;
    });
    const results = await Promise.allSettled([1, 2, 3].map((each) => queue.add(each)));
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled']);
  });
});

it('retention keeps a number of revisions, and more when they are young', () => {
  let now = 0;
  const byCount = new RetentionClock({ keepRevisions: 80, keepMs: 0 }, () => now);
  expect(byCount.target(81, 1)).toBeUndefined();
  expect(byCount.target(92, 1)).toBe(12);
  const byAge = new RetentionClock({ keepRevisions: 80, keepMs: 1000 }, () => now);
  for (let revision = 1; revision <= 1000; revision++) {
    now += 5;
    const target = byAge.target(revision, 1);
    if (revision <= 200) expect(target).toBeUndefined();
    if (target !== undefined) expect(target).toBeLessThanOrEqual(revision - 200);
  }
  expect(byAge.target(1000, 1)).toBeGreaterThan(700);
});

it('the store in memory forgets by itself', async () => {
  const store = createMemoryStore({ keepRevisions: 80 });
  for (let i = 0; i < 1000; i++) await store.transact([], [put(`/k/${i % 7}`, `${i}`)]);
  expect(await store.compactedRevision()).toBeGreaterThan(900);
  expect(await store.sizeBytes()).toBeLessThan(2000);
  expect(text((await store.get('/k/0')).item?.value)).toBe('994');
});

describe('the tail of the log', () => {
  const item = (revision: number, bytes: number) => ({
    key: 'a',
    value: Buffer.alloc(bytes),
    createRevision: 1,
    modRevision: revision,
  });
  const update = (revision: number, bytes: number): StoreEvent => ({
    type: 'put',
    key: 'a',
    item: item(revision, bytes),
    previous: item(revision - 1, bytes),
  });

  it('holds no more than its bound, what was replaced included, and always the newest revision', () => {
    const tail = new LogTail(1);
    for (let revision = 1; revision <= 2_000; revision++) tail.add(revision, [update(revision, 10_000)]);
    expect(tail.bytes).toBeLessThanOrEqual(TAIL_BYTES);
    expect(tail.last).toBe(2_000);
    expect(tail.first).toBeGreaterThan(1_500);
    tail.add(2_001, [update(2_001, TAIL_BYTES)]);
    expect([tail.first, tail.last]).toEqual([2_001, 2_001]);
  });
});
