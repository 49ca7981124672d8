// Small facts about any object that reconciles need: what an event is about, and batches that grow while they succeed.
import { type KubeObject, type ResourceType, apiVersionOf } from '../../../api/types.ts';
import type { ControllerContext } from '../../../client/controller.ts';

/** Objects of lists may lack kind and apiVersion; an event must say what it is about. */
export function about<T extends KubeObject>(type: ResourceType<T>, object: T): T {
  if (object.kind && object.apiVersion) return object;
  return { ...object, kind: type.kind, apiVersion: apiVersionOf(type) };
}

/** The object to write so that this finalizer is gone. */
export function withoutFinalizer<T extends KubeObject>(object: T, finalizer: string): T {
  const finalizers = (object.metadata?.finalizers ?? []).filter((f) => f !== finalizer);
  return { ...object, metadata: { ...object.metadata, finalizers } };
}

/** How a StatusError's text reads in a message; other values as they print. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/**
 * Runs `count` calls in batches of 1, 2, 4 … and stops after a batch with a failure, so that a quota or a broken
 * webhook is not hit by hundreds of calls. Upstream: slowStartBatch in pkg/controller/replicaset/replica_set.go.
 */
export async function slowStartBatch(
  count: number,
  call: (index: number) => Promise<void>,
): Promise<{ succeeded: number; error?: unknown }> {
  let remaining = count;
  let succeeded = 0;
  for (let size = Math.min(remaining, 1); size > 0; size = Math.min(2 * size, remaining)) {
    const first = count - remaining;
    const results = await Promise.allSettled(Array.from({ length: size }, (_, i) => call(first + i)));
    const failed = results.find((r) => r.status === 'rejected');
    succeeded += results.filter((r) => r.status === 'fulfilled').length;
    if (failed) return { succeeded, error: failed.reason };
    remaining -= size;
  }
  return { succeeded };
}

/** A reconcile of so many objects is cheap enough to do for every event. */
const SMALL = 100;
const MAX_WAIT_MS = 100;

/**
 * Waits a little before a reconcile that reads many objects, so that a burst of events costs a few reconciles and not
 * one each (which would be quadratic). Read the listers after it.
 */
export async function coalesce({ clock, signal }: ControllerContext, size: number): Promise<void> {
  if (size > SMALL) await clock.sleep(Math.min(size / 20, MAX_WAIT_MS), signal);
}
