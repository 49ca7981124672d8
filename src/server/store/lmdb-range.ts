// Ranges of the embedded store, now and in the past, from one snapshot and in pages that let other work run between.
//
//   the past at revision R = what is there now
//                            - keys that changed after R (the log names them)
//                            + those keys as they were at R (the log names the revision; history has the value)
import { setImmediate as nextTurn } from 'node:timers/promises';
import { checkReadable, keyRange, sortKey } from './keys.ts';
import type { LmdbTables, Snapshot } from './lmdb-tables.ts';
import { encodeKey } from './lmdb-records.ts';
import type { KeyValue, RangeOptions, RangeResult } from './store.ts';

const PAGE = 1000;

export async function rangeOf(tables: LmdbTables, options: RangeOptions, compacted: number): Promise<RangeResult> {
  const snapshot = tables.root.useReadTransaction();
  try {
    const head = tables.meta('head', snapshot)!;
    const revision = options.revision || head;
    checkReadable(revision, compacted, head);
    const { older, changed, count } = counts(tables, options, revision, head, snapshot);
    if (options.countOnly) return { items: [], more: false, count, revision };
    const limit = Math.min(options.limit || Infinity, count);
    const items: KeyValue[] = [];
    let nextOlder = 0;
    for await (const item of unchanged(tables, options, limit + changed.size, snapshot)) {
      if (changed.has(item.key)) continue;
      const key = sortKey(item.key);
      while (nextOlder < older.length && sortKey(older[nextOlder]!.key) < key) items.push(older[nextOlder++]!);
      items.push(item);
      if (items.length >= limit) break;
    }
    while (nextOlder < older.length && items.length < limit) items.push(older[nextOlder++]!);
    items.length = Math.min(items.length, limit);
    return { items, more: count > items.length, count, revision };
  } finally {
    snapshot.done();
  }
}

const NOTHING = new Set<string>();

function counts(
  tables: LmdbTables,
  { start, end }: RangeOptions,
  revision: number,
  head: number,
  snapshot: Snapshot,
): { older: KeyValue[]; changed: { has(key: string): boolean; size: number }; count: number } {
  const now = tables.countCurrent(encodeKey(start), encodeKey(end), snapshot);
  if (revision === head) return { older: [], changed: NOTHING, count: now };
  const changed = tables.changedSince(revision, keyRange(start, end), snapshot);
  const older: KeyValue[] = [];
  let count = now;
  for (const [key, { previousRevision, exists }] of changed) {
    if (exists) count--;
    if (previousRevision > 0) older.push(tables.superseded(key, previousRevision, snapshot));
  }
  older.sort((a, b) => (sortKey(a.key) < sortKey(b.key) ? -1 : 1));
  return { older, changed, count: count + older.length };
}

/** Current pairs in order, at most `limit`, in pages. */
async function* unchanged(
  tables: LmdbTables,
  options: RangeOptions,
  limit: number,
  snapshot: Snapshot,
): AsyncGenerator<KeyValue> {
  const end = encodeKey(options.end);
  let start = encodeKey(options.start);
  for (let left = limit; left > 0 && Buffer.compare(start, end) < 0;) {
    const page = tables.scanCurrent(start, end, Math.min(PAGE, left), snapshot);
    yield* page;
    if (page.length < PAGE) return;
    left -= page.length;
    start = encodeKey(`${page.at(-1)!.key}\0`);
    await nextTurn();
  }
}
