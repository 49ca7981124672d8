// The suite on a real etcd, and what only a store behind a network can meet.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openEtcdStore } from '../../../src/server/store/etcd.ts';
import type { StoreEvent } from '../../../src/server/store/store.ts';
import { EtcdProcess } from './etcd-process.ts';
import { put, storeSuite, text } from './suite.ts';

let etcd: EtcdProcess;
const open = () => openEtcdStore({ hosts: [etcd.host] });

storeSuite('the store on etcd', {
  async open() {
    etcd = new EtcdProcess();
    await etcd.start();
    return open();
  },
  async reopen(store) {
    await store.close();
    return open();
  },
  cleanUp: () => etcd.remove(),
});

describe('etcd only', () => {
  beforeEach(async () => {
    etcd = new EtcdProcess();
    await etcd.start();
  });
  afterEach(() => etcd.remove());

  it('watches go on without gap or repeat when etcd restarts', async () => {
    const store = await open();
    const events: StoreEvent[] = [];
    const watch = store.watch({ start: '/a/', end: '/a0', fromRevision: 2 });
    const reading = (async () => {
      for await (const batch of watch) {
        events.push(...batch.events);
        if (events.length >= 30) return;
      }
    })();
    for (let i = 0; i < 10; i++) await store.transact([], [put(`/a/${i}`)]);
    await etcd.stop('SIGTERM');
    await expect(store.transact([], [put('/a/refused')])).rejects.toMatchObject({ name: 'StoreError' });
    await expect(store.get('/a/1')).rejects.toMatchObject({ code: 'Unavailable' });
    await etcd.start();
    for (let i = 10; i < 30; i++) {
      for (;;) {
        try {
          await store.transact([], [put(`/a/${i}`)]);
          break;
        } catch (error) {
          expect(error).toMatchObject({ code: expect.stringMatching(/Unavailable|OutcomeUnknown/) as string });
          if ((await store.get(`/a/${i}`).catch(() => undefined))?.item) break;
        }
      }
    }
    await reading;
    expect(events.map(({ key }) => key)).toEqual(Array.from({ length: 30 }, (_, i) => `/a/${i}`));
    await store.close();
  });

  it('does not know the outcome of a write that was cut off, and says so', async () => {
    const store = await open();
    const writes = Array.from({ length: 200 }, (_, i) => store.transact([], [put(`/a/${i}`)]).then(() => 'done'));
    await etcd.stop('SIGKILL');
    const outcomes = await Promise.all(writes.map((write) => write.catch((error: { code: string }) => error.code)));
    for (const outcome of outcomes) expect(['done', 'OutcomeUnknown', 'Unavailable']).toContain(outcome);
    expect(outcomes).toContain('OutcomeUnknown');
    await store.close();
  });

  it('leaves the keys of others alone, and two stores see each other', async () => {
    const [one, two] = await Promise.all([open(), open()]);
    const other = await openEtcdStore({ hosts: [etcd.host], prefix: '/elsewhere' });
    await other.transact([], [put('/a', 'not ours')]);
    const watch = two.watch({ start: '/', end: '0', fromRevision: 1 });
    await one.transact([], [put('/a', 'ours')]);
    for await (const { events } of watch) {
      if (events.length === 0) continue;
      expect(events.map(({ item }) => text(item.value))).toEqual(['ours']);
      break;
    }
    expect(await one.range({ start: '/', end: '0' })).toMatchObject({ count: 1 });
    await Promise.all([one.close(), two.close(), other.close()]);
  });

  it('says that nobody answers', async () => {
    await etcd.stop();
    await expect(open()).rejects.toMatchObject({ code: 'Unavailable' });
  });
});
