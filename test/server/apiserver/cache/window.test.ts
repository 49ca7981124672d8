// The window of past events: cursors, cuts, and what it no longer knows.
import { expect, it } from 'vitest';
import { Entry } from '../../../../src/server/apiserver/cache/entry.ts';
import { ENCODED_BYTES, EventWindow, RETIRED_BYTES } from '../../../../src/server/apiserver/cache/window.ts';

const entry = (revision: number, bytes = 10): Entry =>
  new Entry('a', Buffer.from(`{"metadata":{"uid":"u"},"x":"${'x'.repeat(bytes)}"}`), revision, 1);

function filled(count: number, bytes?: number): EventWindow {
  const window = new EventWindow(100);
  let previous: Entry | undefined;
  for (let i = 1; i <= count; i++) {
    const next = entry(100 + i, bytes);
    window.push({ type: 'put', revision: 100 + i, entry: next, previous });
    previous = next;
  }
  return window;
}

it('finds the first event after a revision', () => {
  const window = filled(10);
  expect(window.after(100)).toBe(0);
  expect(window.after(104)).toBe(4);
  expect(window.at(4).revision).toBe(105);
  expect(window.after(110)).toBe(window.head);
});

it('does not know what was before it', () => {
  expect(filled(10).after(99)).toBeUndefined();
});

it('forgets the oldest when it is full, and says so', () => {
  const window = filled(40_000);
  expect(window.first).toBeGreaterThan(0);
  expect(window.head).toBe(40_000);
  expect(window.after(101)).toBeUndefined();
  expect(window.at(window.first).revision).toBe(window.completeAfter + 1);
});

it('forgets earlier when the states that only it holds are large', () => {
  expect(filled(2_000, 40_000).head - filled(2_000, 40_000).first).toBeLessThan(1_500);
});

it('forgets what is old when it holds much, and keeps what came since', () => {
  const window = filled(400, 10_000);
  const encode = () => Buffer.alloc(100);
  window.encoded(window.at(399), 'x', encode);
  window.age();
  expect(window.encodedBytes).toBe(100);
  window.push({ type: 'put', revision: 501, entry: entry(501), previous: undefined });
  window.encoded(window.at(400), 'x', encode);
  window.age();
  expect([window.first, window.encodedBytes]).toEqual([0, 100]);
  window.age();
  expect([window.first, window.encodedBytes]).toEqual([400, 0]);
  expect(window.retiredBytes).toBe(0);
  expect([window.after(499), window.after(500), window.after(501)]).toEqual([undefined, 400, 401]);
  const small = filled(400, 10);
  for (let i = 0; i < 3; i++) small.age();
  expect(small.first).toBe(0);
});

it('splices the revision in after the uid, whatever comes before', () => {
  const stored = Buffer.from('{"kind":"K","metadata":{"name":"a\\"b","uid":"u-1","labels":{"uid":"no"}}}');
  const { bytes } = new Entry('a', stored, 7, 1);
  expect(bytes.toString()).toBe(
    '{"kind":"K","metadata":{"name":"a\\"b","uid":"u-1","resourceVersion":"7","labels":{"uid":"no"}}}\n',
  );
});

it('holds no more than its bound of objects that were replaced or deleted', () => {
  const window = filled(4_000, 40_000);
  expect(window.retiredBytes).toBeLessThanOrEqual(Math.max(RETIRED_BYTES, 513 * 41_000));
  const deletions = new EventWindow(0);
  for (let i = 1; i <= 5_000; i++)
    deletions.push({ type: 'delete', revision: i, entry: entry(i, 10_000), previous: entry(i - 1, 10_000) });
  expect(deletions.retiredBytes).toBeLessThanOrEqual(RETIRED_BYTES);
});

it('shares the newest encodings and holds no more than its bound of them', () => {
  const window = filled(1_000);
  let made = 0;
  const line = (): Buffer => {
    made++;
    return Buffer.alloc(20_000);
  };
  for (let i = 0; i < 1_000; i++)
    for (const name of ['ADDED v1', 'ADDED v2', 'ADDED v1']) window.encoded(window.at(i), name, line);
  expect(made).toBe(2_000);
  expect(window.encodedBytes).toBeLessThanOrEqual(ENCODED_BYTES);
  window.encoded(window.at(999), 'ADDED v1', line);
  expect(made).toBe(2_000);
  window.encoded(window.at(0), 'ADDED v1', line);
  expect(made).toBe(2_001);
});
