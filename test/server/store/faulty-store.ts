// A store that fails on demand, around a real one: for tests of whoever uses a store.
import { StoreError } from '../../../src/server/store/store.ts';
import type { Store, StoreErrorCode } from '../../../src/server/store/store.ts';

export type StoreCall = 'get' | 'range' | 'transact' | 'watch' | 'compact' | 'currentRevision';

/**
 * What the next call does: undefined lets it through; a code fails it before anything happens. `done but unknown`
 * carries a write out and then answers OutcomeUnknown; its twin answers the same and has done nothing.
 */
export type Fault = StoreErrorCode | 'done but unknown' | 'not done and unknown' | undefined;

/** `decide` is asked before each call, with the keys it is about where there are some. */
export function faultyStore(store: Store, decide: (call: StoreCall, keys: string[]) => Fault): Store {
  const fail = (fault: StoreErrorCode): never => {
    throw new StoreError(fault, `injected: ${fault}`, 1);
  };
  const guarded = async <T>(call: StoreCall, keys: string[], run: () => Promise<T>): Promise<T> => {
    const fault = decide(call, keys);
    if (fault === undefined) return run();
    if (fault === 'done but unknown') await run();
    return fail(fault === 'done but unknown' || fault === 'not done and unknown' ? 'OutcomeUnknown' : fault);
  };
  return {
    inOrder: store.inOrder,
    get: (key, options) => guarded('get', [key], () => store.get(key, options)),
    range: (options) => guarded('range', [options.start], () => store.range(options)),
    transact: (compares, operations) =>
      guarded(
        'transact',
        operations.map((each) => ('put' in each ? each.put.key : each.delete.key)),
        () => store.transact(compares, operations),
      ),
    watch(options) {
      const watch = store.watch(options);
      async function* batches() {
        for await (const batch of watch) {
          const fault = decide('watch', [options.start]);
          if (fault !== undefined) fail(fault as StoreErrorCode);
          yield batch;
        }
      }
      const iterator = batches();
      return {
        close: () => watch.close(),
        requestProgress: () => watch.requestProgress(),
        [Symbol.asyncIterator]: () => iterator,
      };
    },
    currentRevision: () => guarded('currentRevision', [], () => store.currentRevision()),
    compact: (revision) => guarded('compact', [], () => store.compact(revision)),
    compactedRevision: () => store.compactedRevision(),
    sizeBytes: () => store.sizeBytes(),
    close: () => store.close(),
  };
}
