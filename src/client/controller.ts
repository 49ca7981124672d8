// How every controller, the scheduler's loops and the GitOps loop are written: a level-based reconcile over keys, fed
// by shared informers. After controller-runtime's builder; the queue's rules stand in workqueue.ts.
import type { KubeObject, ResourceType } from '../api/types.ts';
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
  /** `deployment`: also the user, `system:serviceaccount:kube-system:deployment-controller`. */
  name: string;
  for: ResourceType<T>;
  /** Kinds whose objects carry a controller reference to `for`; a change wakes the owner. */
  owns?: readonly AnyType[];
  watches?: readonly WatchMapping[];
  /** Kinds that are only read through `lister`. */
  reads?: readonly AnyType[];
  /** Skips events that need no reconcile. Default: all events pass. */
  filter?(object: T, old: T | undefined): boolean;
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
}
