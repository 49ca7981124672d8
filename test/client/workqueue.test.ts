import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { WorkQueue } from '../../src/client/workqueue.ts';

describe('WorkQueue', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('hands out a key once, however often it is added', async () => {
    const queue = new WorkQueue();
    for (const key of ['a', 'b', 'a', 'a']) queue.add(key);
    expect(queue.length).toBe(2);
    expect([await queue.get(), await queue.get()]).toEqual(['a', 'b']);
  });

  it('never has one key in two workers, and does not lose what came meanwhile', async () => {
    const queue = new WorkQueue();
    queue.add('a');
    expect(await queue.get()).toBe('a');
    queue.add('a');
    expect(queue.length).toBe(0);
    queue.done('a');
    expect(queue.length).toBe(1);
    expect(await queue.get()).toBe('a');
    queue.done('a');
    expect(queue.length).toBe(0);
  });

  it('wakes a waiting worker', async () => {
    const queue = new WorkQueue();
    const waiting = queue.get();
    queue.add('a');
    expect(await waiting).toBe('a');
  });

  it('backs off twice as long after each failure, and starts over when forgotten', () => {
    const queue = new WorkQueue({ baseMs: 10, maxMs: 35 });
    expect([1, 2, 3, 4].map(() => queue.addRateLimited('a'))).toEqual([10, 20, 35, 35]);
    queue.forget('a');
    expect(queue.addRateLimited('a')).toBe(10);
  });

  it('keeps the earliest of several planned additions', () => {
    const queue = new WorkQueue();
    queue.addAfter('a', 1000);
    queue.addAfter('a', 100);
    queue.addAfter('a', 5000);
    vi.advanceTimersByTime(99);
    expect(queue.length).toBe(0);
    vi.advanceTimersByTime(1);
    expect(queue.length).toBe(1);
    vi.advanceTimersByTime(10_000);
    expect(queue.length).toBe(1);
  });

  it('lets everybody go at shut-down and takes nothing more', async () => {
    const queue = new WorkQueue();
    const waiting = queue.get();
    queue.addAfter('a', 10);
    queue.shutDown();
    expect(await waiting).toBeUndefined();
    queue.add('b');
    vi.advanceTimersByTime(100);
    expect(queue.length).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('stays in order over many keys', async () => {
    const queue = new WorkQueue();
    const keys = Array.from({ length: 5000 }, (_, i) => `k${i}`);
    keys.forEach((key) => queue.add(key));
    for (const key of keys) expect(await queue.get()).toBe(key);
  });
});
