// What only the embedded store has: a directory with an owner and a format, a quota, and compaction by itself.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { open } from 'lmdb';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openLmdbStore } from '../../../src/server/store/lmdb.ts';
import { put, text } from './suite.ts';

let path = '';
beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'store-'));
});
afterEach(() => rmSync(path, { recursive: true }));

describe('the directory', () => {
  it('belongs to one store at a time, and says to whom', async () => {
    const store = await openLmdbStore({ path });
    await expect(openLmdbStore({ path })).rejects.toMatchObject({
      code: 'Unavailable',
      message: `the store directory ${path} is in use by process ${process.pid}`,
    });
    await store.transact([], [put('/still', 'works')]);
    await store.close();
    const again = await openLmdbStore({ path });
    expect(text((await again.get('/still')).item?.value)).toBe('works');
    await again.close();
  });

  it('is taken over from a process that died, also when its number is in use again', async () => {
    for (const owner of ['4194999 12345\n', `${process.pid} 1\n`, '']) {
      writeFileSync(join(path, 'owner'), owner);
      const store = await openLmdbStore({ path });
      expect(readFileSync(join(path, 'owner'), 'utf8')).toMatch(new RegExp(`^${process.pid} `));
      await store.close();
    }
  });

  it('of a newer version is refused and left alone', async () => {
    await (await openLmdbStore({ path })).close();
    const root = open({ path, encoding: 'binary', keyEncoding: 'binary' });
    const meta = root.openDB<Buffer, Buffer>({ name: 'meta', encoding: 'binary', keyEncoding: 'binary' });
    await meta.put(Buffer.from('format'), Buffer.from('2'));
    await root.close();
    for (let attempt = 0; attempt < 2; attempt++) {
      await expect(openLmdbStore({ path })).rejects.toMatchObject({
        code: 'NewerFormat',
        message: `${path} was written by a newer version (format 2; this version knows 1)`,
      });
    }
  });
});

it('refuses puts beyond its quota until something is deleted', async () => {
  const store = await openLmdbStore({ path, maxBytes: 400_000 });
  const large = { put: { key: '/large', value: Buffer.alloc(500_000) } };
  await store.transact([], [put('/small'), large]);
  await expect(store.transact([], [put('/more')])).rejects.toMatchObject({ code: 'NoSpace' });
  await store.transact([], [{ delete: { key: '/large' } }]);
  // A watch may still ask for this revision and what was before the large value went: the next one frees it.
  const { revision } = await store.transact([], [{ delete: { key: '/small' } }]);
  await expect(store.transact([], [put('/more')])).rejects.toMatchObject({ code: 'NoSpace' });
  await store.compact(revision);
  expect(await store.transact([], [put('/more')])).toMatchObject({ succeeded: true });
  await store.close();
});

it('compacts by itself, so that it does not grow with every update', async () => {
  const store = await openLmdbStore({ path, keepRevisions: 100 });
  const value = Buffer.alloc(5000, 'x');
  const update = async (count: number) => {
    for (let i = 0; i < count; i++) await store.transact([], [{ put: { key: `/k/${i % 10}`, value } }]);
  };
  await update(300);
  const early = await store.sizeBytes();
  await update(1500);
  expect(await store.compactedRevision()).toBeGreaterThan(1600);
  expect(await store.sizeBytes()).toBeLessThan(early * 3);
  const revision = await store.currentRevision();
  expect((await store.range({ start: '/k/', end: '/k0', revision: revision - 100 })).items).toHaveLength(10);
  await store.close();
});
