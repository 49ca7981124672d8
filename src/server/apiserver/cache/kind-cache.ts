// All objects of one kind, sorted, with the window of their past events and those who wait for new ones. Fed by
// feed.ts in store order; it does no I/O. Upstream's counterpart: apiserver/pkg/storage/cacher.
import type { Unstructured } from '../../../api/types.ts';
import { SortedIndex } from '../../store/sorted-index.ts';
import { sortKey } from '../../store/keys.ts';
import type { KeyValue, StoreEvent } from '../../store/store.ts';
import { prefixEnd } from '../../store/store.ts';
import { Entry } from './entry.ts';
import { type CacheEvent, EventWindow } from './window.ts';

/** Objects that this process just wrote, by the very bytes that it gave to the store. */
export type Adoptions = WeakMap<Uint8Array, Unstructured>;

export interface CacheListener {
  /** In order, in the same turn in which the cache changed. */
  onEvent(event: CacheEvent, sequence: number): void;
  /** The kind is gone (its CustomResourceDefinition was deleted) or the server closes. */
  onClose(): void;
  /** The kind's definition is another one; what is shown of the same objects may be. */
  onRedefined?(): void;
}

export class KindCache {
  /** `/registry/<group>/<plural>/`. */
  readonly prefix: string;
  readonly #entries = new Map<string, Entry>();
  readonly #sorted = new SortedIndex<Entry>();
  readonly #listeners = new Set<CacheListener>();
  #window = new EventWindow(0);
  #lastChange = 0;
  #closed = false;

  constructor(prefix: string) {
    this.prefix = prefix;
  }

  get(key: string): Entry | undefined {
    return this.#entries.get(key);
  }
  get size(): number {
    return this.#entries.size;
  }
  get window(): EventWindow {
    return this.#window;
  }
  /** The revision of the newest change of this kind: a list at any later revision shows the same. */
  get lastChange(): number {
    return this.#lastChange;
  }
  get closed(): boolean {
    return this.#closed;
  }

  /** Entries in key order from `start` on; of one namespace or all. The cache must not change while it is walked. */
  range(namespace: string | undefined, start = ''): Generator<Entry, void, undefined> {
    const prefix = namespace ? `${namespace}/` : '';
    const from = start > prefix ? start : prefix;
    return this.#sorted.range(sortKey(from), prefix === '' ? '\uffff' : sortKey(prefixEnd(prefix)));
  }

  /** One object of the state with which the cache begins. */
  add(item: KeyValue): void {
    const key = item.key.slice(this.prefix.length);
    const entry = new Entry(key, item.value, item.modRevision, item.createRevision);
    this.#entries.set(key, entry);
    this.#sorted.set(sortKey(key), entry);
  }

  /** What was added is the state at this revision; events follow. */
  begin(revision: number): void {
    this.#window = new EventWindow(revision);
    this.#lastChange = revision;
  }

  /** What a listener throws goes to `failed`: it is that listener's bug, and no other's loss. */
  apply(event: StoreEvent, adoptions: Adoptions, failed: (error: unknown) => void): void {
    const key = event.key.slice(this.prefix.length);
    const { item } = event;
    const previous = this.#entries.get(key);
    // A load that raced with the watch already shows this.
    if (item.modRevision <= this.#window.completeAfter) return;
    const entry = new Entry(key, item.value, item.modRevision, item.createRevision);
    if (event.type === 'delete') {
      this.#entries.delete(key);
      this.#sorted.delete(sortKey(key));
      if (previous) entry.adoptFrom(previous);
    } else {
      const written = adoptions.get(item.value);
      if (written) {
        adoptions.delete(item.value);
        entry.adopt(written);
      }
      this.#entries.set(key, entry);
      this.#sorted.set(sortKey(key), entry);
    }
    this.#lastChange = item.modRevision;
    const change: CacheEvent = { type: event.type, revision: item.modRevision, entry, previous };
    const sequence = this.#window.head;
    this.#window.push(change);
    for (const listener of this.#listeners) {
      try {
        listener.onEvent(change, sequence);
      } catch (error) {
        failed(error);
      }
    }
  }

  listen(listener: CacheListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Who listens now. */
  listeners(): Iterable<CacheListener> {
    return this.#listeners;
  }

  redefined(): void {
    for (const listener of [...this.#listeners]) listener.onRedefined?.();
  }

  close(): void {
    this.#closed = true;
    for (const listener of [...this.#listeners]) listener.onClose();
    this.#listeners.clear();
  }
}
