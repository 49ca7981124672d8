// TEMPORARY SIGNATURES
import type { KubeObject, ResourceType } from '../api/types.ts';

/** Read access to an informer's cache. Objects are frozen. Keys are `namespace/name` or `name`. */
export interface Lister<T> {
  get(key: string): T | undefined;
  list(namespace?: string): T[];
  byIndex(index: string, value: string): T[];
}

export interface InformerHandler<T> {
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
  /** Called in event order; a late handler first gets every cached object. Returns its removal. */
  addHandler(handler: InformerHandler<T>): () => void;
  /** Must be called before objects arrive or it indexes what is there. */
  addIndex(name: string, keysOf: (object: T) => string[]): void;
}

/** One informer for each kind and selection, started on first use, stopped with the signal. */
export interface Informers {
  for<T extends KubeObject>(type: ResourceType<T>, options?: InformerOptions): Informer<T>;
}
