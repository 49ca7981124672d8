// Follows the store with one watch over all kinds and hands each event to its kind's cache, so that one revision says
// how far every cache has come. Readers that need the newest state wait here.
import { StatusError } from '../../../api/status.ts';
import {
  type KeyValue,
  type RangeResult,
  StoreError,
  type Store,
  type StoreEvent,
  type StoreWatch,
  prefixEnd,
} from '../../store/store.ts';
import type { Entry } from './entry.ts';
import { type Adoptions, KindCache } from './kind-cache.ts';

export const REGISTRY = '/registry/';
const RETRY_MS = 200;
/** Past events that hold much are forgotten after two of these. */
const AGE_MS = 15_000;
const PAGE = 5_000;
/** How long a reader waits for the caches before it is sent away. */
const PATIENCE_MS = 10_000;

interface Waiter {
  revision: number;
  resolve(): void;
}

export class Feed {
  readonly store: Store;
  /** Writers put their objects here before the transaction; see KindCache.apply. */
  readonly adoptions: Adoptions = new WeakMap();
  readonly #caches = new Map<string, KindCache>();
  readonly #waiters = new Set<Waiter>();
  #revision = 0;
  #watch: StoreWatch | undefined;
  #aging: NodeJS.Timeout | undefined;
  #closed = false;

  /** `onBug` hears of listeners that throw; the caches go on without them. */
  constructor(
    store: Store,
    private readonly onBug: (error: unknown) => void = () => {},
  ) {
    this.store = store;
  }

  /** All caches show at least everything up to this revision. */
  get revision(): number {
    return this.#revision;
  }

  /** Built-in kinds ask before start(). A prefix that is new later has no objects: the feed has seen every key. */
  cacheFor(prefix: string): KindCache {
    let cache = this.#caches.get(prefix);
    if (cache) return cache;
    cache = new KindCache(prefix);
    this.#caches.set(prefix, cache);
    if (this.#revision > 0) cache.begin(this.#revision);
    return cache;
  }

  async start(): Promise<void> {
    let revision = 0;
    for await (const page of this.#pages(REGISTRY)) {
      // Kinds that nobody declared yet (custom resources) are kept too: their definition is on its way.
      for (const item of page.items) this.cacheFor(prefixOf(item.key)).add(item);
      revision = page.revision;
    }
    for (const cache of this.#caches.values()) cache.begin(revision);
    this.#advance(revision);
    this.#aging = setInterval(() => this.#age(), AGE_MS).unref();
    void this.#follow(revision + 1);
  }

  #age(): void {
    for (const cache of this.#caches.values()) cache.window.age();
  }

  /** Resolves when the caches show everything that was acknowledged before the call. Throws Timeout. */
  async fresh(): Promise<void> {
    const current = await this.store.currentRevision();
    if (current > this.#revision && !(await this.reachWithin(current, PATIENCE_MS))) {
      const behind = `the watch cache is at revision ${this.#revision} and the store at ${current}`;
      throw new StatusError('Timeout', `Timeout: ${behind}`, { retryAfterSeconds: 1 });
    }
  }

  /** Whether the caches came to the revision in time. */
  async reachWithin(revision: number, ms: number): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, ms)));
    await Promise.race([this.reach(revision), late]);
    clearTimeout(timer);
    return this.#revision >= revision || this.#closed;
  }

  /** Resolves when the caches have come to the revision. */
  reach(revision: number): Promise<void> {
    if (revision <= this.#revision || this.#closed) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiters.add({ revision, resolve });
      this.#watch?.requestProgress();
    });
  }

  close(): void {
    this.#closed = true;
    this.#watch?.close();
    clearInterval(this.#aging);
    for (const waiter of this.#waiters) waiter.resolve();
    this.#waiters.clear();
    for (const cache of this.#caches.values()) cache.close();
  }

  /** The kind is gone: its watchers end. */
  drop(prefix: string): void {
    this.#caches.get(prefix)?.close();
    this.#caches.delete(prefix);
  }

  /** One state of the store, a page at a time: all of it beside the caches would take their memory twice. */
  async *#pages(prefix: string): AsyncGenerator<RangeResult> {
    const end = prefixEnd(prefix);
    let page = await this.store.range({ start: prefix, end, limit: PAGE });
    yield page;
    const { revision } = page;
    while (page.more) {
      const start = page.items.at(-1)!.key + '\0';
      page = await this.store.range({ start, end, limit: PAGE, revision });
      yield page;
    }
  }

  async #follow(from: number): Promise<void> {
    let next = from;
    while (!this.#closed) {
      try {
        const watch = (this.#watch = this.store.watch({
          start: REGISTRY,
          end: prefixEnd(REGISTRY),
          fromRevision: next,
        }));
        if (this.#waiters.size > 0) watch.requestProgress();
        for await (const batch of watch) {
          for (const event of batch.events)
            this.#dispatch(event.key, (cache) => cache.apply(event, this.adoptions, this.onBug));
          next = batch.revision + 1;
          this.#advance(batch.revision);
        }
      } catch (error) {
        if (this.#closed) return;
        // What was compacted cannot be followed any more: the caches would have a hole.
        if (error instanceof StoreError && error.code === 'Compacted')
          return this.#restart().catch(() => void this.#follow(next));
      }
      if (!this.#closed) await new Promise((resolve) => setTimeout(resolve, RETRY_MS).unref());
    }
  }

  /** After a hole in the history: loads anew and tells the caches' listeners the difference. */
  async #restart(): Promise<void> {
    const items: KeyValue[] = [];
    let revision = 0;
    for await (const page of this.#pages(REGISTRY)) {
      for (const item of page.items) items.push(item);
      revision = page.revision;
    }
    const present = new Map(items.map((item) => [item.key, item]));
    const changes: StoreEvent[] = [];
    for (const item of items) {
      if (this.#cached(item.key)?.revision !== item.modRevision) changes.push({ type: 'put', key: item.key, item });
    }
    for (const cache of this.#caches.values()) {
      for (const entry of cache.range(undefined)) {
        const key = cache.prefix + entry.key;
        if (present.has(key)) continue;
        const item = { key, value: entry.bytes, createRevision: entry.createRevision, modRevision: revision };
        changes.push({ type: 'delete', key, item });
      }
    }
    changes.sort((a, b) => a.item.modRevision - b.item.modRevision);
    for (const event of changes) this.#dispatch(event.key, (cache) => cache.apply(event, this.adoptions, this.onBug));
    this.#advance(revision);
    void this.#follow(revision + 1);
  }

  #cached(key: string): Entry | undefined {
    const prefix = prefixOf(key);
    return this.#caches.get(prefix)?.get(key.slice(prefix.length));
  }

  #dispatch(key: string, apply: (cache: KindCache) => void): void {
    const prefix = prefixOf(key);
    apply(this.cacheFor(prefix));
  }

  #advance(revision: number): void {
    if (revision <= this.#revision) return;
    this.#revision = revision;
    if (this.#waiters.size === 0) return;
    for (const waiter of [...this.#waiters]) {
      if (waiter.revision > revision) continue;
      this.#waiters.delete(waiter);
      waiter.resolve();
    }
  }
}

/** `/registry/apps/deployments/` of a key below it. */
function prefixOf(key: string): string {
  const group = key.indexOf('/', REGISTRY.length);
  return key.slice(0, key.indexOf('/', group + 1) + 1);
}

/** Where a kind's objects stand in the store. */
export const registryPrefix = (group: string, plural: string): string => `${REGISTRY}${group || 'core'}/${plural}/`;
