// A process that writes to an lmdb store until it is killed, and says on its output what was acknowledged. Run by
// lmdb-crash.test.ts: `node crash-writer.js <directory> <round>`.
import { writeSync } from 'node:fs';
import { openLmdbStore } from '../../../src/server/store/lmdb.ts';

const [directory, round] = process.argv.slice(2) as [string, string];
const store = await openLmdbStore({ path: directory, keepRevisions: 0 });
let next = 0;
const write = async (): Promise<never> => {
  for (;;) {
    const key = `/k/${round}/${next++}`;
    const { revision } = await store.transact(
      [{ key, modRevision: 0 }],
      [{ put: { key, value: Buffer.alloc(3000, key) } }, { put: { key: '/counter', value: Buffer.from(key) } }],
    );
    // Written synchronously: what is in the pipe was acknowledged, whatever happens next.
    writeSync(1, `${key} ${revision}\n`);
  }
};
await Promise.all(Array.from({ length: 16 }, write));
