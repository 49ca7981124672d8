// What is derived from entries is made once while there is room, and forgotten when there is not.
import { expect, it } from 'vitest';
import { Entry } from '../../../../src/server/apiserver/cache/entry.ts';
import { Faces } from '../../../../src/server/apiserver/cache/faces.ts';

/** So much time passes between two questions that every generation is old enough. */
const slow = (): (() => number) => {
  let now = 0;
  return () => (now += 60_000);
};
const entry = (revision: number): Entry => new Entry('a', Buffer.from('{"metadata":{"uid":"u"}}'), revision, 1);

function counted(faces: Faces, bytes: number): { get(entry: Entry, name?: string): number; made(): number } {
  let made = 0;
  return {
    get: (of, name = 'face') =>
      faces.get(
        of,
        name,
        () => ++made,
        () => bytes,
      ),
    made: () => made,
  };
}

it('makes a face once for all readers', () => {
  const { get, made } = counted(new Faces(1_000), 10);
  const of = entry(1);
  expect([get(of), get(of), get(of, 'other'), get(entry(1))]).toEqual([1, 1, 2, 3]);
  expect(made()).toBe(3);
});

it('forgets what nobody asked for, and keeps what is asked for', () => {
  const { get } = counted(new Faces(1_000, slow()), 100);
  const asked = entry(0);
  const [first, ...others] = Array.from({ length: 30 }, (_, i) => entry(i + 1));
  const kept = get(asked);
  const lost = get(first!);
  for (const each of others) {
    get(each);
    expect(get(asked)).toBe(kept);
  }
  expect(get(first!)).not.toBe(lost);
});

it('keeps no more than its bound, and nothing that is larger', () => {
  const { get, made } = counted(new Faces(1_000, slow()), 100);
  const all = Array.from({ length: 100 }, (_, i) => entry(i));
  for (const each of all) get(each);
  for (const each of [...all].reverse()) get(each);
  // At most ten of the hundred were still there.
  expect(made()).toBeGreaterThanOrEqual(190);
  const large = counted(new Faces(1_000), 600);
  const of = entry(1);
  large.get(of);
  large.get(of);
  expect(large.made()).toBe(2);
});

it('keeps a part of what readers come back to soon, when there is no room for all', () => {
  let now = 0;
  const { get, made } = counted(new Faces(1_000, () => now), 100);
  const all = Array.from({ length: 20 }, (_, i) => entry(i));
  for (const each of all) get(each);
  for (const each of all) get(each);
  expect(made()).toBe(30);
  now = 60_000;
  for (const each of all) get(each);
  expect(made()).toBeGreaterThan(35);
});
