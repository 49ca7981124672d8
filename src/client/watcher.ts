// Follows one kind for ever: list, watch from there, and start over when the server has forgotten the revision.
// An explicit state machine; what it yields is enough to keep a cache (after kube-runtime's watcher).
//
//   listing --page(s)--> init(all objects) --> watching --events--> apply | delete
//      ^                                          |  closed, cut or timed out: watch again from the last revision
//      +------------- Expired / Gone -------------+
import { StatusError, isReason } from '../api/status.ts';
import { withoutManagedFields } from '../api/patch/managed-fields.ts';
import type { KubeObject, ResourceType } from '../api/types.ts';
import type { Client, ListOptions } from './rest.ts';
import { systemClock } from './clock.ts';

export type WatcherEvent<T> =
  { type: 'init'; objects: T[] } | { type: 'apply'; object: T } | { type: 'delete'; object: T };

export interface WatcherOptions extends Pick<ListOptions, 'namespace' | 'labelSelector' | 'fieldSelector'> {
  signal: AbortSignal;
  /** Told about every failure before the pause that follows it. */
  onError?(error: unknown): void;
  sleep?(ms: number, signal: AbortSignal): Promise<void>;
}

const PAGE_SIZE = 10_000;
const MAX_BACKOFF_MS = 30_000;

/** Objects come without managedFields. Never throws; ends when the signal aborts. */
export async function* watcher<T extends KubeObject>(
  client: Client,
  type: ResourceType<T>,
  options: WatcherOptions,
): AsyncGenerator<WatcherEvent<T>> {
  const { signal, onError, sleep = systemClock.sleep, ...selection } = options;
  let resourceVersion: string | undefined;
  let failures = 0;
  const pause = async () => {
    const base = Math.min(100 * 2 ** failures++, MAX_BACKOFF_MS);
    await sleep(base * (0.75 + Math.random() / 2), signal).catch(() => {});
  };
  while (!signal.aborted) {
    try {
      if (resourceVersion === undefined) {
        const { objects, revision } = await listAll(client, type, selection);
        if (signal.aborted) return;
        resourceVersion = revision;
        yield { type: 'init', objects };
      }
      const started = Date.now();
      const events = client.watch(type, {
        ...selection,
        resourceVersion,
        bare: true,
        allowWatchBookmarks: true,
        signal,
      });
      for await (const event of events) {
        failures = 0;
        resourceVersion = event.object.metadata?.resourceVersion ?? resourceVersion;
        if (event.type === 'BOOKMARK') continue;
        yield { type: event.type === 'DELETED' ? 'delete' : 'apply', object: complete(type, event.object) };
      }
      // A server that closes at once, again and again, must not be hammered.
      if (Date.now() - started < 1000) await pause();
    } catch (error) {
      if (signal.aborted) return;
      const forgotten = isReason(error, 'Expired', 'Gone') || (error instanceof StatusError && error.code === 410);
      if (forgotten) resourceVersion = undefined;
      else onError?.(error);
      await pause();
    }
  }
}

async function listAll<T extends KubeObject>(
  client: Client,
  type: ResourceType<T>,
  selection: ListOptions,
): Promise<{ objects: T[]; revision: string }> {
  const objects: T[] = [];
  let next: string | undefined;
  for (;;) {
    const page = await client.list(type, { ...selection, bare: true, limit: PAGE_SIZE, continue: next });
    for (const item of page.items ?? []) objects.push(complete(type, item));
    next = page.metadata.continue;
    if (!next) return { objects, revision: page.metadata.resourceVersion ?? '' };
  }
}

/**
 * Upstream's list items lack apiVersion and kind. Who follows a kind holds all of it and reads no managedFields; upstream's
 * controllers and scheduler drop them, too (WithTransform).
 */
function complete<T extends KubeObject>(type: ResourceType<T>, whole: T): T {
  const object = withoutManagedFields(whole);
  if (object.kind && object.apiVersion) return object;
  return { ...object, apiVersion: type.group ? `${type.group}/${type.version}` : type.version, kind: type.kind };
}
