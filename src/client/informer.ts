// Shared caches of kinds: every controller of a process reads the same objects, which are frozen. Deliveries are in
// event order; a cache is updated before its handlers are told.
import { setMaxListeners } from 'node:events';
import type { KubeObject, ResourceType } from '../api/types.ts';
import { isNotFound } from '../api/status.ts';
import { apiVersionOf, objectKey } from '../api/types.ts';
import type { Logger } from './log.ts';
import type { Client } from './rest.ts';
import { watcher } from './watcher.ts';

/** Read access to an informer's cache. Objects are frozen. Keys are `namespace/name` or `name`. */
export interface Lister<T> {
  get(key: string): T | undefined;
  list(namespace?: string): T[];
  /** How many `list` would answer, without making the list. */
  count(namespace?: string): number;
  /** Objects whose index function answered this value. Throws for an index that was never added. */
  byIndex(index: string, value: string): T[];
}

export interface InformerHandler<T> {
  /** `initial` is true for objects of the first list. */
  add?(object: T, initial: boolean): void;
  update?(object: T, old: T): void;
  delete?(object: T): void;
}

export interface InformerOptions {
  namespace?: string;
  labelSelector?: string;
  fieldSelector?: string;
}

/** A shared cache of one kind, kept by list and watch. */
export interface Informer<T extends KubeObject> {
  readonly lister: Lister<T>;
  /** True after the first list was delivered. */
  readonly synced: boolean;
  whenSynced(signal?: AbortSignal): Promise<void>;
  /** A late handler first gets every cached object. Returns its removal. */
  addHandler(handler: InformerHandler<T>): () => void;
  addIndex(name: string, keysOf: (object: T) => string[]): void;
  /** The watch has stopped and will deliver nothing more. */
  stop(): void;
}

/** One informer for each kind and selection, started on first use, stopped with the signal. */
export interface Informers {
  for<T extends KubeObject>(type: ResourceType<T>, options?: InformerOptions): Informer<T>;
}

export interface InformersOptions {
  signal: AbortSignal;
  log?: Logger;
  /**
   * Kinds of groups that the server does not serve, as an older one than ours, count as having no objects; they are
   * looked for again all the same. Otherwise whoever needs them waits.
   */
  unservedAreEmpty?: boolean;
}

export function createInformers(client: Client, options: InformersOptions): Informers {
  const informers = new Map<string, Informer<KubeObject>>();
  // Every informer and every wait listens to the one signal: that is no leak.
  setMaxListeners(0, options.signal);
  return {
    for<T extends KubeObject>(type: ResourceType<T>, selection: InformerOptions = {}): Informer<T> {
      const { namespace = '', labelSelector = '', fieldSelector = '' } = selection;
      const id = [type.group, type.version, type.plural, namespace, labelSelector, fieldSelector].join('|');
      let informer = informers.get(id) as Informer<T> | undefined;
      if (!informer) {
        informer = startInformer(client, type, { ...selection, ...options });
        informers.set(id, informer as unknown as Informer<KubeObject>);
      }
      return informer;
    },
  };
}

const freezing = Boolean(process.env['SAMPAN_DEEP_FREEZE'] ?? process.env['VITEST']);

/** Freezes all the way down in tests; elsewhere the rule is kept by discipline, not by time spent. */
export function deepFreeze<T>(value: T): T {
  if (!freezing || typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const child of Object.values(value)) deepFreeze(child);
  return value;
}

/** Starts following at once. */
export function startInformer<T extends KubeObject>(
  client: Client,
  type: ResourceType<T>,
  options: InformerOptions & InformersOptions,
): Informer<T> {
  const { signal, log, unservedAreEmpty = false, ...selection } = options;
  const stopper = new AbortController();
  const ended = AbortSignal.any([signal, stopper.signal]);
  setMaxListeners(0, ended);
  const cache = new Cache<T>();
  void (async () => {
    let unserved = false;
    const onError = (error: unknown) => {
      // The list of a kind that is served is there, if empty: what is not found is the kind.
      if (!isNotFound(error)) return log?.warn({ kind: type.kind, error: String(error) }, 'watch failed');
      if (!unserved) log?.warn({ kind: type.kind, apiVersion: apiVersionOf(type) }, 'the server does not serve it');
      unserved = true;
      if (unservedAreEmpty && type.group !== '') cache.settle();
    };
    for await (const event of watcher(client, type, { ...selection, signal: ended, onError })) {
      if (event.type === 'init') cache.replace(event.objects);
      else if (event.type === 'apply') cache.apply(event.object);
      else cache.remove(event.object);
    }
    cache.end();
  })();
  return {
    lister: cache,
    get synced() {
      return cache.synced;
    },
    whenSynced: (waiting) => cache.whenSynced(waiting),
    addHandler: (handler) => cache.addHandler(handler),
    addIndex: (name, keysOf) => cache.addIndex(name, keysOf),
    stop: () => stopper.abort(),
  };
}

interface Index<T> {
  keysOf(object: T): string[];
  byValue: Map<string, Map<string, T>>;
}

class Cache<T extends KubeObject> implements Lister<T> {
  synced = false;
  private readonly objects = new Map<string, T>();
  private readonly namespaces = new Map<string, Map<string, T>>();
  private readonly indexes = new Map<string, Index<T>>();
  private readonly handlers = new Set<InformerHandler<T>>();
  private readonly waiters = new Set<() => void>();

  get(key: string): T | undefined {
    return this.objects.get(key);
  }

  list(namespace?: string): T[] {
    if (namespace === undefined) return [...this.objects.values()];
    return [...(this.namespaces.get(namespace)?.values() ?? [])];
  }

  count(namespace?: string): number {
    if (namespace === undefined) return this.objects.size;
    return this.namespaces.get(namespace)?.size ?? 0;
  }

  byIndex(name: string, value: string): T[] {
    const index = this.indexes.get(name);
    if (!index) throw new Error(`no index ${name}`);
    return [...(index.byValue.get(value)?.values() ?? [])];
  }

  addIndex(name: string, keysOf: (object: T) => string[]): void {
    if (this.indexes.has(name)) return;
    const index: Index<T> = { keysOf, byValue: new Map() };
    this.indexes.set(name, index);
    for (const [key, object] of this.objects) link(index, key, object);
  }

  addHandler(handler: InformerHandler<T>): () => void {
    this.handlers.add(handler);
    for (const object of this.objects.values()) handler.add?.(object, true);
    return () => this.handlers.delete(handler);
  }

  whenSynced(signal?: AbortSignal): Promise<void> {
    if (this.synced) return Promise.resolve();
    if (signal?.aborted) return Promise.reject(signal.reason as Error);
    return new Promise((resolve, reject) => {
      const aborted = () => reject(signal?.reason as Error);
      const settled = () => {
        this.waiters.delete(settled);
        signal?.removeEventListener('abort', aborted);
        resolve();
      };
      this.waiters.add(settled);
      signal?.addEventListener('abort', aborted, { once: true });
    });
  }

  /** A new list: what is not in it was deleted while nobody looked. */
  replace(objects: T[]): void {
    const gone = new Map(this.objects);
    for (const object of objects) {
      gone.delete(objectKey(object));
      this.apply(object);
    }
    for (const object of gone.values()) this.remove(object);
    this.settle();
  }

  /** What is here counts as all that there is. */
  settle(): void {
    this.synced = true;
    this.release();
  }

  apply(object: T): void {
    deepFreeze(object);
    const key = objectKey(object);
    const old = this.objects.get(key);
    if (old && old.metadata?.resourceVersion === object.metadata?.resourceVersion) return;
    this.put(key, object, old);
    // A deletion and a creation between two lists are one change here; handlers must see that it is another object.
    if (old && old.metadata?.uid !== object.metadata?.uid) {
      for (const handler of this.handlers) handler.delete?.(old);
      for (const handler of this.handlers) handler.add?.(object, false);
      return;
    }
    for (const handler of this.handlers) {
      if (old) handler.update?.(object, old);
      else handler.add?.(object, !this.synced);
    }
  }

  remove(object: T): void {
    const key = objectKey(object);
    const old = this.objects.get(key);
    if (!old) return;
    this.objects.delete(key);
    this.namespaces.get(old.metadata?.namespace ?? '')?.delete(key);
    for (const index of this.indexes.values()) unlink(index, key, old);
    deepFreeze(object);
    for (const handler of this.handlers) handler.delete?.(object);
  }

  /** Nobody is left waiting for a list that will not come. */
  end(): void {
    this.release();
  }

  private release(): void {
    for (const waiter of [...this.waiters]) waiter();
  }

  private put(key: string, object: T, old: T | undefined): void {
    this.objects.set(key, object);
    const namespace = object.metadata?.namespace ?? '';
    let inNamespace = this.namespaces.get(namespace);
    if (!inNamespace) this.namespaces.set(namespace, (inNamespace = new Map()));
    inNamespace.set(key, object);
    for (const index of this.indexes.values()) relink(index, key, object, old);
  }
}

/** Most changes are none of the index's values: then there is only another object to be found under them. */
function relink<T>(index: Index<T>, key: string, object: T, old: T | undefined): void {
  if (old) {
    const [before, now] = [index.keysOf(old), index.keysOf(object)];
    if (before.length === now.length && before.every((value, i) => value === now[i])) {
      for (const value of now) index.byValue.get(value)?.set(key, object);
      return;
    }
    unlink(index, key, old);
  }
  link(index, key, object);
}

function link<T>(index: Index<T>, key: string, object: T): void {
  for (const value of index.keysOf(object)) {
    let members = index.byValue.get(value);
    if (!members) index.byValue.set(value, (members = new Map()));
    members.set(key, object);
  }
}

function unlink<T>(index: Index<T>, key: string, object: T): void {
  for (const value of index.keysOf(object)) {
    const members = index.byValue.get(value);
    members?.delete(key);
    if (members?.size === 0) index.byValue.delete(value);
  }
}
