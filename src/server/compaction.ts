// Forgets history: what was superseded more than an interval ago is compacted, as upstream's API server does for etcd
// (apiserver/pkg/storage/etcd3/compact.go). Watchers that are older list again.
import type { Clock } from '../client/controller.ts';
import type { Logger } from '../client/log.ts';
import type { Store } from './store/store.ts';

export const COMPACTION_INTERVAL_MS = 5 * 60_000;

/** Runs until the signal aborts. */
export async function runCompaction(store: Store, clock: Clock, log: Logger, signal: AbortSignal): Promise<void> {
  let previous: number | undefined;
  while (!signal.aborted) {
    try {
      const current = await store.currentRevision();
      if (previous !== undefined) await store.compact(previous);
      previous = current;
    } catch (error) {
      log.warn({ error: String(error) }, 'the store could not be compacted; trying again later');
    }
    await clock.sleep(COMPACTION_INTERVAL_MS, signal).catch(() => {});
  }
}
