// Records Events about objects: repeated ones raise a count, similar ones are combined, a chatty source is cut off.
// Upstream: client-go/tools/record (events_cache.go). Recording never throws and never blocks the caller.
import { CoreEvents } from '../api/resources.ts';
import { type KubeObject, apiVersionOf, parseApiVersion } from '../api/types.ts';
import type { Event } from 'kubernetes-types/core/v1.js';
import { isNotFound } from '../api/status.ts';
import type { Clock } from './controller.ts';
import type { Logger } from './log.ts';
import type { Client } from './rest.ts';

export interface EventOptions {
  /** A part of the object: `spec.containers{web}`. */
  fieldPath?: string;
}

export interface EventRecorder {
  event(object: KubeObject, type: 'Normal' | 'Warning', reason: string, message: string, options?: EventOptions): void;
  /** Resolves when all that was recorded so far has been sent or given up. */
  flush(): Promise<void>;
}

export interface EventSource {
  component: string;
  host?: string;
}

/** Different messages of one reason about one object within the window, before they are combined. */
const SIMILAR_MAX = 10;
const SIMILAR_WINDOW_MS = 600_000;
/** A source may say so much about one object at once, and one more each 5 minutes. */
const BURST = 25;
const REFILL_PER_MS = 1 / 300_000;
const CACHE_MAX = 4096;
/** Events that wait to be sent; beyond it they are dropped. */
const PENDING_MAX = 1000;

interface Known {
  name: string;
  namespace: string;
  count: number;
  firstTimestamp: string;
}

export function createEventRecorder(options: {
  client: Client;
  source: EventSource;
  clock: Clock;
  log: Logger;
}): EventRecorder {
  const { client, source, clock, log } = options;
  const known = new Map<string, Known>();
  const similar = new Map<string, { messages: Set<string>; since: number }>();
  const buckets = new Map<string, { tokens: number; at: number }>();
  let pending = 0;
  let tail: Promise<void> = Promise.resolve();

  const allowed = (id: string): boolean => {
    const now = clock.now();
    const bucket = buckets.get(id) ?? { tokens: BURST, at: now };
    bucket.tokens = Math.min(BURST, bucket.tokens + (now - bucket.at) * REFILL_PER_MS);
    bucket.at = now;
    remember(buckets, id, bucket);
    if (bucket.tokens < 1) return false;
    bucket.tokens--;
    return true;
  };

  const send = async (event: Event, id: string): Promise<void> => {
    const before = known.get(id);
    if (before) {
      const count = before.count + 1;
      const patch = { count, lastTimestamp: event.lastTimestamp, message: event.message };
      try {
        await client.patch(CoreEvents, before, 'strategic', patch);
        remember(known, id, { ...before, count });
        return;
      } catch (error) {
        // It has expired since: tell it again, with its history.
        if (!isNotFound(error)) throw error;
        event = { ...event, count, firstTimestamp: before.firstTimestamp };
      }
    }
    const { name = '', namespace = '' } = event.metadata;
    await client.create(CoreEvents, event);
    remember(known, id, { name, namespace, count: event.count ?? 1, firstTimestamp: event.firstTimestamp ?? '' });
  };

  return {
    event(object, type, reason, message, { fieldPath } = {}) {
      const about = [object.kind, object.metadata?.namespace, object.metadata?.name, object.metadata?.uid].join('|');
      if (pending >= PENDING_MAX || !allowed(about)) return;
      const group = [about, fieldPath, type, reason].join('|');
      const window = similar.get(group);
      const fresh = window && clock.now() - window.since < SIMILAR_WINDOW_MS;
      const seen = fresh ? window : { messages: new Set<string>(), since: clock.now() };
      seen.messages.add(message);
      remember(similar, group, seen);
      const combined = seen.messages.size >= SIMILAR_MAX;
      const text = combined ? `(combined from similar events): ${message}` : message;
      const event = makeEvent(object, type, reason, text, source, clock.now(), fieldPath);
      const id = combined ? group : `${group}|${message}`;
      pending++;
      tail = tail
        .then(() => send(event, id))
        .catch((error: unknown) => log.debug({ reason, error: String(error) }, 'event lost'))
        .finally(() => pending--);
    },
    flush: () => tail,
  };
}

/** Keeps maps bounded: the oldest entry makes room. */
function remember<V>(map: Map<string, V>, key: string, value: V): void {
  map.delete(key);
  map.set(key, value);
  if (map.size > CACHE_MAX) map.delete(map.keys().next().value!);
}

let serial = 0;

function makeEvent(
  object: KubeObject,
  type: 'Normal' | 'Warning',
  reason: string,
  message: string,
  source: EventSource,
  nowMs: number,
  fieldPath: string | undefined,
): Event {
  const { name = '', namespace, uid, resourceVersion } = object.metadata ?? {};
  const time = `${new Date(nowMs).toISOString().slice(0, 19)}Z`;
  // Upstream appends the time in nanoseconds; a serial keeps names apart within one millisecond.
  const suffix = (BigInt(nowMs) * 1_000_000n + BigInt(serial++ % 1_000_000)).toString(16);
  const apiVersion = object.apiVersion ?? 'v1';
  return {
    metadata: { name: `${name}.${suffix}`, namespace: namespace ?? 'default' },
    involvedObject: {
      kind: object.kind,
      ...(namespace ? { namespace } : {}),
      name,
      ...(uid ? { uid } : {}),
      apiVersion: apiVersionOf(parseApiVersion(apiVersion)),
      ...(resourceVersion ? { resourceVersion } : {}),
      ...(fieldPath ? { fieldPath } : {}),
    },
    reason,
    message: message.slice(0, 1024),
    source: { ...source },
    firstTimestamp: time,
    lastTimestamp: time,
    count: 1,
    type,
    reportingComponent: source.component,
    reportingInstance: source.host ?? '',
  };
}
