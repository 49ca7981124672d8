// How every controller, the scheduler's loops and the GitOps loop are written: a level-based reconcile over keys, fed
// by shared informers. After controller-runtime's builder; the queue's rules stand in workqueue.ts.
import { StatusError } from '../api/status.ts';
import { type KubeObject, type ResourceType, objectKey, parseApiVersion } from '../api/types.ts';
import type { EventRecorder } from './events.ts';
import type { Informer, Informers, Lister } from './informer.ts';
import type { Logger } from './log.ts';
import type { Client } from './rest.ts';
import { WorkQueue } from './workqueue.ts';

export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Rejects when the signal aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Calls back after so long; answers how to cancel that. Absent: real time passes. */
  after?(ms: number, call: () => void): () => void;
}

/** What a reconcile gets. Listers answer frozen objects from shared caches, as old as the last watch event. */
export interface ControllerContext {
  client: Client;
  lister<T extends KubeObject>(type: ResourceType<T>): Lister<T>;
  events: EventRecorder;
  clock: Clock;
  log: Logger;
  /** Aborted when the controller stops. */
  signal: AbortSignal;
}

export interface ReconcileResult {
  /** Look again after so many milliseconds, even without an event. */
  requeueAfterMs?: number;
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any
type AnyType = ResourceType<any>;

export interface WatchMapping {
  type: AnyType;
  /** Keys to reconcile when this object changes. `old` is undefined for additions; both are frozen. */
  map(object: never, old: never | undefined, context: ControllerContext): string[];
}

export interface ControllerDefinition<T extends KubeObject> {
  /** `deployment`: what `--controllers` and logs call it. */
  name: string;
  for: ResourceType<T>;
  /** Kinds whose objects carry a controller reference to `for`; a change wakes the owner. */
  owns?: readonly AnyType[];
  watches?: readonly WatchMapping[];
  /** Kinds that are only read through `lister`. */
  reads?: readonly AnyType[];
  /** Skips events that need no reconcile. Default: all events pass. */
  filter?(object: T, old: T | undefined): boolean;
  /** Ties in what is no Kubernetes watch (files, timers); called once, before the workers start. */
  attach?(context: ControllerContext, enqueue: (key: string) => void): void;
  /** Reconciles at once, never one key twice at a time. Default 4. */
  workers?: number;
  /** Absent objects are reconciled too: the key's object is then undefined in the lister. Throw to back off. */
  reconcile(context: ControllerContext, key: string): Promise<ReconcileResult | void>;
}

export function defineController<T extends KubeObject>(definition: ControllerDefinition<T>): ControllerDefinition<T> {
  return definition;
}

/** A mapping with its types checked, then erased for the definition's list. */
export function watch<W extends KubeObject>(
  type: ResourceType<W>,
  map: (object: W, old: W | undefined, context: ControllerContext) => string[],
): WatchMapping {
  return { type, map: map as unknown as WatchMapping['map'] };
}

export interface RunControllerOptions {
  client: Client;
  informers: Informers;
  events: EventRecorder;
  clock: Clock;
  log: Logger;
  signal: AbortSignal;
  /** How long events about a namespace's objects may gather before they wake the controller, in milliseconds; 0: not at all. */
  gatherMs?(namespace: string): number;
}

/** Runs until the signal aborts and the reconciles under way have ended. */
export async function runController<T extends KubeObject>(
  definition: ControllerDefinition<T>,
  options: RunControllerOptions,
): Promise<void> {
  const { informers, signal, log } = options;
  const context: ControllerContext = { ...options, lister: (type) => informers.for(type).lister };
  const queue = new WorkQueue(undefined, options.clock);
  signal.addEventListener('abort', () => queue.shutDown(), { once: true });
  const enqueue = enqueuer(queue, options);
  const watched = connect(definition, context, informers, enqueue);
  try {
    await Promise.all(watched.map((informer) => informer.whenSynced(signal)));
  } catch {
    return;
  }
  definition.attach?.(context, enqueue);
  const workers = Array.from({ length: definition.workers ?? 4 }, () => work(definition, context, queue));
  log.debug({ controller: definition.name }, 'controller started');
  await Promise.all(workers);
}

function enqueuer(queue: WorkQueue, { gatherMs }: RunControllerOptions): (key: string) => void {
  if (!gatherMs) return (key) => queue.add(key);
  return (key) => {
    const slash = key.indexOf('/');
    queue.addAfter(key, slash < 0 ? 0 : gatherMs(key.slice(0, slash)));
  };
}

/** Ties informers to the queue; answers all informers that must be synced first. */
function connect<T extends KubeObject>(
  definition: ControllerDefinition<T>,
  context: ControllerContext,
  informers: Informers,
  enqueue: (key: string) => void,
): Informer<KubeObject>[] {
  const { filter = () => true, owns = [], watches = [], reads = [] } = definition;
  const own = informers.for(definition.for);
  own.addHandler({
    add: (object) => filter(object, undefined) && enqueue(objectKey(object)),
    update: (object, old) => filter(object, old) && enqueue(objectKey(object)),
    delete: (object) => filter(object, object) && enqueue(objectKey(object)),
  });
  const wakeOwner = (object: KubeObject) => {
    const owner = object.metadata?.ownerReferences?.find((o) => o.controller);
    if (!owner || owner.kind !== definition.for.kind) return;
    if (parseApiVersion(owner.apiVersion).group !== definition.for.group) return;
    enqueue(objectKey({ metadata: { name: owner.name, namespace: object.metadata?.namespace } }));
  };
  for (const type of owns) {
    informers.for<KubeObject>(type).addHandler({
      add: wakeOwner,
      delete: wakeOwner,
      update: (object, old) => {
        wakeOwner(object);
        if (old.metadata?.ownerReferences !== object.metadata?.ownerReferences) wakeOwner(old);
      },
    });
  }
  for (const { type, map } of watches) {
    const wake = (object: KubeObject, old: KubeObject | undefined) => {
      for (const key of map(object as never, old as never, context)) enqueue(key);
    };
    informers.for<KubeObject>(type).addHandler({
      add: (object) => wake(object, undefined),
      update: wake,
      delete: (object) => wake(object, undefined),
    });
  }
  const types = [definition.for, ...owns, ...watches.map((w) => w.type), ...reads];
  return types.map((type) => informers.for<KubeObject>(type));
}

async function work<T extends KubeObject>(
  definition: ControllerDefinition<T>,
  context: ControllerContext,
  queue: WorkQueue,
): Promise<void> {
  for (;;) {
    const key = await queue.get();
    if (key === undefined) return;
    try {
      const result = await definition.reconcile(context, key);
      queue.forget(key);
      if (result?.requeueAfterMs !== undefined) queue.addAfter(key, result.requeueAfterMs);
    } catch (error) {
      if (context.signal.aborted) return;
      const delay = queue.addRateLimited(key);
      // A conflict only says that the cache was older than the store: the next event is already on its way.
      const level = error instanceof StatusError && error.reason === 'Conflict' ? 'debug' : 'warn';
      context.log[level]({ controller: definition.name, key, delay, error: String(error) }, 'reconcile failed');
    } finally {
      queue.done(key);
    }
  }
}
