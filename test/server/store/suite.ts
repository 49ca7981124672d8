// What every store must do, whatever is behind it. A file per backend runs it: memory, lmdb, etcd.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MAX_OPERATIONS, MAX_VALUE_BYTES, prefixEnd } from '../../../src/server/store/store.ts';
import type {
  Operation,
  Store,
  StoreError,
  StoreEvent,
  StoreWatch,
  WatchBatch,
} from '../../../src/server/store/store.ts';

export interface Backend {
  open(): Promise<Store>;
  /** Closes and opens again what is kept; absent when nothing is kept. */
  reopen?(store: Store): Promise<Store>;
  /** After the store was closed. */
  cleanUp?(): Promise<void>;
}

const bytes = (text: string): Uint8Array => Buffer.from(text);
export const text = (value: Uint8Array | undefined): string | undefined =>
  value === undefined ? undefined : Buffer.from(value).toString();
export const put = (key: string, value = key): Operation => ({ put: { key, value: bytes(value) } });
const remove = (key: string): Operation => ({ delete: { key } });
const under = (prefix: string) => ({ start: prefix, end: prefixEnd(prefix) });
const code = (expected: string) =>
  expect.objectContaining({ name: 'StoreError', code: expected } as Partial<StoreError>);
const shown = (event: StoreEvent): string =>
  `${event.item.modRevision} ${event.type} ${event.key}=${text(event.item.value)} was ${text(event.previous?.value)}`;

/** Reads a watch until `done` says that what was read suffices. */
async function read(
  watch: StoreWatch,
  done: (events: StoreEvent[], last: WatchBatch) => boolean,
): Promise<StoreEvent[]> {
  const events: StoreEvent[] = [];
  for await (const batch of watch) {
    events.push(...batch.events);
    if (done(events, batch)) return events;
  }
  return events;
}
const readCount = (watch: StoreWatch, count: number): Promise<StoreEvent[]> =>
  read(watch, (events) => events.length >= count);

export function storeSuite(name: string, backend: Backend): void {
  describe(name, () => {
    let store: Store;
    beforeEach(async () => {
      store = await backend.open();
    });
    afterEach(async () => {
      await store.close();
      await backend.cleanUp?.();
    });
    const write = async (...operations: Operation[]): Promise<number> =>
      (await store.transact([], operations)).revision;

    describe('transactions', () => {
      it('start at revision 1 and count one for each that changes something', async () => {
        const first = await store.currentRevision();
        expect(first).toBe(1);
        expect(await write(put('/a'))).toBe(2);
        expect(await write(put('/a'), put('/b'))).toBe(3);
        expect(await write(remove('/nothing'))).toBe(3);
        expect(await store.transact([], [])).toMatchObject({ succeeded: true, revision: 3 });
        expect(await write(put('/a'))).toBe(4);
        expect(await store.currentRevision()).toBe(4);
      });

      it('remember when a key was created and changed', async () => {
        await write(put('/a', '1'));
        await write(put('/b', '1'));
        await write(put('/a', '2'));
        const { item, revision } = await store.get('/a');
        expect({ ...item, value: text(item?.value) }).toEqual({
          key: '/a',
          value: '2',
          createRevision: 2,
          modRevision: 4,
        });
        expect(revision).toBe(4);
        await write(remove('/a'));
        await write(put('/a', '3'));
        expect((await store.get('/a')).item).toMatchObject({ createRevision: 6, modRevision: 6 });
        expect((await store.get('/none')).item).toBeUndefined();
      });

      it('write nothing when one compare fails, and say what is there', async () => {
        await write(put('/a', '1'));
        const result = await store.transact(
          [
            { key: '/a', modRevision: 2 },
            { key: '/b', modRevision: 9 },
          ],
          [put('/a', '2'), put('/c')],
        );
        expect(result.succeeded).toBe(false);
        expect(result.revision).toBe(2);
        expect(result.current?.map((item) => item && text(item.value))).toEqual(['1', undefined]);
        expect(text((await store.get('/a')).item?.value)).toBe('1');
        expect((await store.get('/c')).item).toBeUndefined();
      });

      it('compare 0 with absence', async () => {
        const create = () => store.transact([{ key: '/a', modRevision: 0 }], [put('/a')]);
        expect((await create()).succeeded).toBe(true);
        expect((await create()).succeeded).toBe(false);
        await write(remove('/a'));
        expect((await create()).succeeded).toBe(true);
      });

      it('compare values byte for byte, whoever wrote them', async () => {
        const is = (value: string) => ({ key: '/a', value: Buffer.from(value) });
        const change = async (from: string, to: string) =>
          (await store.transact([is(from)], [put('/a', to)])).succeeded;
        expect(await change('', 'none is not empty')).toBe(false);
        await write(put('/a', '1'));
        expect(await change('2', '3')).toBe(false);
        expect(await change('1', '2')).toBe(true);
        await write(put('/a', '3'));
        await write(put('/a', '2'));
        const failed = await store.transact([is('3')], [put('/a', '4')]);
        expect(failed.current?.map((item) => item && text(item.value))).toEqual(['2']);
        expect(await change('2', '4')).toBe(true);
      });

      it('take effect in the order in which they were given, where the store says so', async () => {
        await write(put('/a', '0'));
        const next = (i: number) =>
          store.transact([{ key: '/a', value: Buffer.from(String(i)) }], [put('/a', String(i + 1))]);
        const results = await Promise.all(Array.from({ length: 100 }, (_, i) => next(i)));
        const made = results.filter(({ succeeded }) => succeeded).length;
        expect(text((await store.get('/a')).item?.value)).toBe(String(made));
        if (store.inOrder) expect(results.map(({ revision }) => revision)).toEqual(results.map((_, i) => 3 + i));
      });

      it('let exactly one of many racing writers win', async () => {
        const { revision } = await store.transact([], [put('/a', 'start')]);
        const racers = Array.from({ length: 30 }, (_, i) =>
          store.transact([{ key: '/a', modRevision: revision }], [put('/a', `racer ${i}`)]),
        );
        const results = await Promise.all(racers);
        const winners = results.flatMap((result, i) => (result.succeeded ? [i] : []));
        expect(winners).toHaveLength(1);
        expect(text((await store.get('/a')).item?.value)).toBe(`racer ${winners[0]}`);
      });

      it('keep values that are empty, binary or large', async () => {
        const binary = Uint8Array.from({ length: 256 }, (_, i) => i);
        const large = Buffer.alloc(1_200_000, 'x');
        await store.transact(
          [],
          [{ put: { key: '/empty', value: new Uint8Array(0) } }, { put: { key: '/binary', value: binary } }],
        );
        await store.transact([], [{ put: { key: '/large', value: large } }]);
        expect((await store.get('/empty')).item?.value.byteLength).toBe(0);
        expect(Buffer.from((await store.get('/binary')).item!.value).equals(binary)).toBe(true);
        expect(Buffer.from((await store.get('/large')).item!.value).equals(large)).toBe(true);
      });

      it('refuse what exceeds the limits', async () => {
        const tooLarge: Operation = { put: { key: '/a', value: new Uint8Array(MAX_VALUE_BYTES + 1) } };
        await expect(store.transact([], [tooLarge])).rejects.toEqual(code('TooLarge'));
        const tooMany = Array.from({ length: MAX_OPERATIONS + 1 }, (_, i) => put(`/${i}`));
        await expect(store.transact([], tooMany)).rejects.toEqual(code('TooLarge'));
        await expect(store.transact([], [put(`/${'x'.repeat(2000)}`)])).rejects.toEqual(code('TooLarge'));
        expect(await store.currentRevision()).toBe(1);
        expect((await store.transact([], tooMany.slice(1))).revision).toBe(2);
      });

      it('expire what was given a time to live, unless it was written again', async () => {
        await store.transact(
          [],
          [
            { put: { key: '/ttl/gone', value: bytes('x'), ttlSeconds: 1 } },
            { put: { key: '/ttl/kept', value: bytes('x'), ttlSeconds: 1 } },
          ],
        );
        await write(put('/ttl/kept', 'y'));
        const events = await readCount(store.watch({ ...under('/ttl/'), fromRevision: 4 }), 1);
        expect(events.map(shown)).toEqual(['4 delete /ttl/gone=x was x']);
        expect(text((await store.get('/ttl/kept')).item?.value)).toBe('y');
      });
    });

    describe('ranges', () => {
      it('answer keys in the order of their bytes, from start to before end', async () => {
        const keys = ['/a/1', '/a/10', '/a/2', '/a/\u00e9', '/a/\ufffd', '/a/\u{1f600}', '/b', '/a'];
        for (const key of keys) await write(put(key));
        const result = await store.range(under('/a/'));
        expect(result.items.map(({ key }) => key)).toEqual([
          '/a/1',
          '/a/10',
          '/a/2',
          '/a/\u00e9',
          '/a/\ufffd',
          '/a/\u{1f600}',
        ]);
        expect(result).toMatchObject({ more: false, count: 6, revision: 9 });
        expect((await store.range({ start: '/b', end: '/a' })).items).toEqual([]);
      });

      it('stop at the limit and count the rest', async () => {
        for (let i = 0; i < 10; i++) await write(put(`/a/${i}`));
        const page = await store.range({ ...under('/a/'), limit: 4 });
        expect(page.items.map(({ key }) => key)).toEqual(['/a/0', '/a/1', '/a/2', '/a/3']);
        expect(page).toMatchObject({ more: true, count: 10 });
        const next = await store.range({ start: '/a/3\0', end: prefixEnd('/a/'), limit: 6, revision: page.revision });
        expect(next.items.map(({ key }) => key)).toEqual(['/a/4', '/a/5', '/a/6', '/a/7', '/a/8', '/a/9']);
        expect(next.more).toBe(false);
        expect(await store.range({ ...under('/a/'), countOnly: true })).toMatchObject({
          items: [],
          count: 10,
          more: false,
        });
      });

      it('show the past as it was', async () => {
        await write(put('/a/1', 'old'), put('/a/2', 'old'));
        await write(put('/a/1', 'new'), remove('/a/2'), put('/a/3', 'new'));
        await write(put('/a/2', 'again'));
        const at = async (revision: number) => {
          const range = await store.range({ ...under('/a/'), revision });
          expect(range.revision).toBe(revision);
          expect(range.count).toBe(range.items.length);
          return range.items.map((item) => `${item.key}=${text(item.value)}@${item.modRevision}`).join(' ');
        };
        expect(await at(1)).toBe('');
        expect(await at(2)).toBe('/a/1=old@2 /a/2=old@2');
        expect(await at(3)).toBe('/a/1=new@3 /a/3=new@3');
        expect(await at(4)).toBe('/a/1=new@3 /a/2=again@4 /a/3=new@3');
        expect(text((await store.get('/a/2', { revision: 2 })).item?.value)).toBe('old');
        expect((await store.get('/a/2', { revision: 3 })).item).toBeUndefined();
      });

      it('show one moment, however large they are and whatever is written meanwhile', async () => {
        for (let from = 0; from < 5000; from += 1000) {
          await write(...Array.from({ length: 1000 }, (_, i) => put(`/a/${String(from + i).padStart(4, '0')}`, '0')));
        }
        const far = ['/a/0001', '/a/2500', '/a/4998'];
        let writing = true;
        const writer = (async () => {
          for (let i = 1; writing; i++)
            await write(...far.map((key) => put(key, `${i}`)), put(`/a/x${i}`), remove(`/a/x${i - 1}`));
        })();
        for (let i = 0; i < 10; i++) {
          const now = await store.range(under('/a/'));
          expect(now.items).toHaveLength(now.count);
          expect(new Set(far.map((key) => text(now.items.find((item) => item.key === key)?.value))).size).toBe(1);
          expect(Math.max(...now.items.map(({ modRevision }) => modRevision))).toBeLessThanOrEqual(now.revision);
          const again = await store.range({ ...under('/a/'), revision: now.revision });
          expect(again.items.map((item) => item.modRevision)).toEqual(now.items.map((item) => item.modRevision));
        }
        writing = false;
        await writer;
      });

      it('do not know the future', async () => {
        await expect(store.range({ ...under('/'), revision: 2 })).rejects.toEqual(code('FutureRevision'));
        await expect(store.get('/a', { revision: 2 })).rejects.toEqual(code('FutureRevision'));
      });
    });

    describe('compaction', () => {
      it('forgets the past before its revision, and nothing else', async () => {
        for (let i = 2; i <= 6; i++) await write(put('/a', `${i}`));
        await write(put('/b'), remove('/a'));
        await store.compact(5);
        expect(await store.compactedRevision()).toBe(5);
        await expect(store.get('/a', { revision: 4 })).rejects.toEqual(code('Compacted'));
        await expect(store.range({ ...under('/'), revision: 4 })).rejects.toMatchObject({
          code: 'Compacted',
          revision: 5,
        });
        expect(text((await store.get('/a', { revision: 5 })).item?.value)).toBe('5');
        expect(text((await store.get('/a', { revision: 6 })).item?.value)).toBe('6');
        await store.compact(7);
        expect((await store.get('/a')).item).toBeUndefined();
        expect(text((await store.get('/b')).item?.value)).toBe('/b');
        await write(put('/a', 'born again'));
        expect((await store.get('/a')).item).toMatchObject({ createRevision: 8 });
      });

      it('ends watches that ask for what is gone', async () => {
        for (let i = 2; i <= 6; i++) await write(put('/a', `${i}`));
        await store.compact(5);
        await expect(readCount(store.watch({ ...under('/'), fromRevision: 3 }), 1)).rejects.toEqual(code('Compacted'));
        const events = await readCount(store.watch({ ...under('/'), fromRevision: 6 }), 1);
        expect(events.map(({ item }) => text(item.value))).toEqual(['6']);
        await expect(store.compact(7)).rejects.toEqual(code('FutureRevision'));
        await store.compact(2);
        expect(await store.compactedRevision()).toBe(5);
      });
    });

    describe('watches', () => {
      it('replay from a revision, then follow, with values before', async () => {
        await write(put('/a/1', 'one'));
        await write(put('/b/1', 'elsewhere'));
        await write(put('/a/1', 'uno'), put('/a/2', 'dos'));
        const watch = store.watch({ ...under('/a/'), fromRevision: 3 });
        const reading = readCount(watch, 4);
        await write(remove('/a/1'));
        await write(put('/a/1', 'reborn'));
        const events = await reading;
        expect(events.map(shown)).toEqual([
          '4 put /a/1=uno was one',
          '4 put /a/2=dos was undefined',
          '5 delete /a/1=uno was uno',
          '6 put /a/1=reborn was undefined',
        ]);
        expect(events[2]!.item).toMatchObject({ createRevision: 2 });
        expect(events[3]!.item).toMatchObject({ createRevision: 6 });
        expect(events[0]!.previous).toMatchObject({ modRevision: 2, createRevision: 2 });
      });

      it('never cut a transaction in two', async () => {
        const watch = store.watch({ ...under('/a/'), fromRevision: 2 });
        const many = Array.from({ length: 200 }, (_, i) => put(`/a/${String(i).padStart(3, '0')}`));
        for (let i = 0; i < 8; i++) await write(...many);
        const sizes = new Map<number, number>();
        await read(watch, (events, batch) => {
          for (const { item } of batch.events) sizes.set(item.modRevision, (sizes.get(item.modRevision) ?? 0) + 1);
          for (const size of sizes.values()) expect(size).toBe(200);
          return events.length >= 1600;
        });
        expect([...sizes.keys()]).toEqual([2, 3, 4, 5, 6, 7, 8, 9]);
      });

      it('deliver every event once and in order beside concurrent writers', async () => {
        const writers = 8;
        const each = 40;
        const early = store.watch({ ...under('/a/'), fromRevision: 2 });
        const earlyEvents = readCount(early, writers * each);
        const late: Promise<StoreEvent[]>[] = [];
        await Promise.all(
          Array.from({ length: writers }, async (_, writer) => {
            for (let i = 0; i < each; i++) {
              await write(put(`/a/${writer}`, `${i}`), put(`/elsewhere/${writer}`));
              if (i === each / 2)
                late.push(readCount(store.watch({ ...under('/a/'), fromRevision: 2 }), writers * each));
            }
          }),
        );
        const expected = (await earlyEvents).map(shown);
        expect((await earlyEvents).map(({ item }) => item.modRevision)).toEqual(
          Array.from({ length: writers * each }, (_, i) => i + 2),
        );
        for (const events of await Promise.all(late)) expect(events.map(shown)).toEqual(expected);
      });

      it('wait for a revision that is still to come', async () => {
        const reading = readCount(store.watch({ ...under('/'), fromRevision: 4 }), 1);
        for (let i = 2; i <= 4; i++) await write(put('/a', `${i}`));
        expect((await reading).map(({ item }) => item.modRevision)).toEqual([4]);
      });

      it('answer progress after all that was before, also when nothing is in range', async () => {
        await write(put('/a/1'));
        const watch = store.watch({ ...under('/a/'), fromRevision: 2 });
        for (let i = 0; i < 5; i++) await write(put('/b/1'));
        watch.requestProgress();
        const seen: WatchBatch[] = [];
        await read(watch, (_, batch) => {
          seen.push(batch);
          return batch.revision >= 7;
        });
        expect(seen.flatMap(({ events }) => events)).toHaveLength(1);
        const idle = store.watch({ ...under('/none/'), fromRevision: 2 });
        const waiting = read(idle, () => true);
        idle.requestProgress();
        expect(await waiting).toEqual([]);
      });

      it('end when they are closed, whether somebody waits or not', async () => {
        const watch = store.watch({ ...under('/'), fromRevision: 2 });
        const reading = readCount(watch, 1);
        await write(put('/other-store-of-thought'));
        expect(await reading).toHaveLength(1);
        const waiting = store.watch({ ...under('/'), fromRevision: 3 });
        const ended = readCount(waiting, 1);
        waiting.close();
        waiting.close();
        expect(await ended).toEqual([]);
        expect(await readCount(waiting, 1)).toEqual([]);
      });

      it('end with the store, which then answers Unavailable', async () => {
        const ended = readCount(store.watch({ ...under('/'), fromRevision: 2 }), 1);
        await store.close();
        expect(await ended).toEqual([]);
        await expect(store.get('/a')).rejects.toEqual(code('Unavailable'));
        await expect(store.transact([], [put('/a')])).rejects.toEqual(code('Unavailable'));
      });
    });

    if (backend.reopen) reopenSuite(backend.reopen);

    function reopenSuite(reopen: (store: Store) => Promise<Store>): void {
      describe('closed and opened again', () => {
        it('know everything, history included, and go on counting', async () => {
          await write(put('/a', '1'), put('/gone'));
          await write(put('/a', '2'));
          await write(remove('/gone'));
          store = await reopen(store);
          expect(await store.currentRevision()).toBe(4);
          expect(text((await store.get('/a')).item?.value)).toBe('2');
          expect(text((await store.get('/a', { revision: 2 })).item?.value)).toBe('1');
          expect((await store.range({ ...under('/'), revision: 3 })).items).toHaveLength(2);
          expect(await write(put('/b'))).toBe(5);
          expect((await store.get('/a')).item).toMatchObject({ createRevision: 2, modRevision: 3 });
        });

        it('resume a watch from an old revision without gap or repeat', async () => {
          for (let i = 2; i <= 20; i++) await write(put('/a', `${i}`));
          const first = await readCount(store.watch({ ...under('/'), fromRevision: 2 }), 10);
          store = await reopen(store);
          const resumed = readCount(
            store.watch({ ...under('/'), fromRevision: first.at(-1)!.item.modRevision + 1 }),
            30 - first.length,
          );
          for (let i = 21; i <= 31; i++) await write(put('/a', `${i}`));
          const events = [...first, ...(await resumed)];
          expect(events.map(({ item }) => item.modRevision)).toEqual(Array.from({ length: 30 }, (_, i) => i + 2));
          expect(events.map(({ item }) => text(item.value))).toEqual(Array.from({ length: 30 }, (_, i) => `${i + 2}`));
          expect(events[25]!.previous?.modRevision).toBe(26);
        });

        it('remember compaction', async () => {
          for (let i = 2; i <= 6; i++) await write(put('/a', `${i}`));
          await store.compact(5);
          store = await reopen(store);
          await expect(store.get('/a', { revision: 4 })).rejects.toEqual(code('Compacted'));
          expect(text((await store.get('/a', { revision: 5 })).item?.value)).toBe('5');
        });

        it('still expire', async () => {
          await store.transact([], [{ put: { key: '/ttl', value: bytes('x'), ttlSeconds: 1 } }]);
          store = await reopen(store);
          const events = await readCount(store.watch({ ...under('/'), fromRevision: 3 }), 1);
          expect(events.map(shown)).toEqual(['3 delete /ttl=x was x']);
        });
      });
    }
  });
}
