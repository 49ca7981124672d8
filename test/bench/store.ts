// Measures the stores: `npx tsx test/bench/store.ts [memory|lmdb|etcd]`. Not a test: it prints and asserts nothing. For
// etcd it starts one of its own, without fsync.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEtcdStore } from '../../src/server/store/etcd.ts';
import { openLmdbStore } from '../../src/server/store/lmdb.ts';
import { createMemoryStore } from '../../src/server/store/memory.ts';
import { prefixEnd } from '../../src/server/store/store.ts';
import type { Store } from '../../src/server/store/store.ts';
import { EtcdProcess } from '../server/store/etcd-process.ts';

const value = Buffer.alloc(5 * 1024, 'x');
const keyOf = (i: number): string => `/registry/pods/default/pod-${String(i).padStart(6, '0')}`;

async function timed(what: string, count: number, run: () => Promise<unknown>): Promise<void> {
  const start = performance.now();
  await run();
  const ms = performance.now() - start;
  console.log(`${what.padEnd(44)} ${ms.toFixed(0).padStart(7)} ms ${((count / ms) * 1000).toFixed(0).padStart(9)} /s`);
}

async function atOnce(clients: number, count: number, one: (i: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  await Promise.all(
    Array.from({ length: clients }, async () => {
      while (next < count) await one(next++);
    }),
  );
}

async function measure(name: string, store: Store): Promise<void> {
  console.log(`${name}, values of ${value.length} bytes`);
  const create = (prefix: string) => (i: number) =>
    store.transact([{ key: prefix + keyOf(i), modRevision: 0 }], [{ put: { key: prefix + keyOf(i), value } }]);
  await timed('create, 1 client', 2000, () => atOnce(1, 2000, create('/one')));
  await timed('create, 16 clients', 10_000, () => atOnce(16, 10_000, create('/sixteen')));
  await timed('create, 64 clients', 20_000, () => atOnce(64, 20_000, create('')));
  await timed('update, 64 clients', 20_000, () =>
    atOnce(64, 20_000, (i) => store.transact([], [{ put: { key: keyOf(i), value } }])),
  );
  await timed('get', 20_000, () => atOnce(64, 20_000, (i) => store.get(keyOf(i))));
  const prefix = '/registry/pods/default/pod-00';
  const range = { start: prefix, end: prefixEnd(prefix) };
  await timed('range of 10,000', 10_000, () => store.range(range));
  await timed('range of 10,000, again', 10_000, () => store.range(range));
  const { revision } = await store.range({ ...range, limit: 1 });
  await atOnce(64, 1000, (i) => store.transact([], [{ put: { key: keyOf(i * 7), value } }]));
  await timed('range of 10,000, 1,000 revisions ago', 10_000, () => store.range({ ...range, revision }));
  await timed('pages of 500 of 10,000', 10_000, async () => {
    for (let start = prefix, more = true; more;) {
      const page = await store.range({ ...range, start, limit: 500 });
      more = page.more;
      start = `${page.items.at(-1)!.key}\0`;
    }
  });
  const watch = store.watch({ start: '/', end: '0', fromRevision: revision - 8_999 });
  await timed('watch, 10,000 revisions of the past', 10_000, async () => {
    let count = 0;
    for await (const batch of watch) if ((count += batch.events.length) >= 10_000) return;
  });
  const memory = process.memoryUsage();
  console.log(
    `resident ${(memory.rss / 2 ** 20).toFixed(0)} MiB, store ${((await store.sizeBytes()) / 2 ** 20).toFixed(0)} MiB\n`,
  );
}

const only = process.argv[2];
if (!only || only === 'memory') {
  const store = createMemoryStore();
  await measure('memory', store);
  await store.close();
}
if (!only || only === 'lmdb') {
  const path = mkdtempSync(join(tmpdir(), 'bench-'));
  const store = await openLmdbStore({ path });
  await measure('lmdb', store);
  await store.close();
  rmSync(path, { recursive: true });
}
if (!only || only === 'etcd') {
  const etcd = new EtcdProcess();
  await etcd.start();
  const store = await openEtcdStore({ hosts: [etcd.host] });
  await measure('etcd', store);
  await store.close();
  await etcd.remove();
}
