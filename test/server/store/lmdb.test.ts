import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openLmdbStore } from '../../../src/server/store/lmdb.ts';
import { storeSuite } from './suite.ts';

let path = '';
storeSuite('the store in lmdb', {
  open: () => openLmdbStore({ path: (path = mkdtempSync(join(tmpdir(), 'store-'))), keepRevisions: 0 }),
  async reopen(store) {
    await store.close();
    return openLmdbStore({ path, keepRevisions: 0 });
  },
  cleanUp: async () => rmSync(path, { recursive: true }),
});
