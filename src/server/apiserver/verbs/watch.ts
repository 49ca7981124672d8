// GET with watch=true: where the stream starts (state, window, or the store's history) and what it answers. The
// stream itself is watch-stream.ts. Upstream: handlers/watch.go, storage/cacher/cacher.go (Watch).
import { StatusError } from '../../../api/status.ts';
import type { Response } from '../../../wire/http.ts';
import { prefixEnd } from '../../store/store.ts';
import { Entry } from '../cache/entry.ts';
import type { CacheEvent } from '../cache/window.ts';
import { negotiateFor } from '../content/negotiate.ts';
import { baseHeaders } from '../content/respond.ts';
import type { RequestContext } from '../context.ts';
import type { Endpoint } from '../registry.ts';
import { tooOld } from './continue.ts';
import { freshEnough } from './get.ts';
import { type ReadOptions, readOptions } from './read-options.ts';
import { eventFormat } from './watch-format.ts';
import { type WatchStart, WatchStream } from './watch-stream.ts';

/** What a timer can wait; one that is told more fires at once. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;
/** Upstream's min-request-timeout: watches without a timeout end after 30 to 60 minutes. */
const MIN_TIMEOUT_SECONDS = 1_800;

export async function watch(context: RequestContext, endpoint: Endpoint): Promise<Response> {
  const negotiated = negotiateFor(context.request.headers['accept'], endpoint);
  const options = readOptions(context, endpoint, true);
  const format = eventFormat(context, endpoint, negotiated);
  const timeoutSeconds = options.timeoutSeconds || MIN_TIMEOUT_SECONDS * (1 + Math.random());
  const begin = await beginning(context, endpoint, options);
  const stream = new WatchStream(
    context,
    endpoint,
    options,
    format,
    begin,
    Math.min(timeoutSeconds * 1000, MAX_TIMEOUT_MS),
  );
  return {
    status: 200,
    headers: baseHeaders(
      context,
      negotiated.encoding === 'protobuf' ? `${negotiated.contentType};stream=watch` : negotiated.contentType,
    ),
    body: { bytes: () => stream.bytes(), shared: () => stream.events() },
  };
}

async function beginning(context: RequestContext, endpoint: Endpoint, options: ReadOptions): Promise<WatchStart> {
  const { cache } = endpoint.kind;
  const { feed } = context.server;
  const { resourceVersion, sendInitialEvents } = options;
  const fromState = sendInitialEvents ?? (resourceVersion === undefined || resourceVersion === 0);
  if (fromState || resourceVersion === undefined) {
    await freshEnough(context, resourceVersion);
    const entries = fromState
      ? [...cache.range(options.namespace)].filter((e) => !options.matches || options.matches(e))
      : [];
    return { initial: entries, endMark: sendInitialEvents === true, cursor: cache.window.head, after: feed.revision };
  }
  const cursor = cache.window.after(resourceVersion);
  if (cursor !== undefined) return { cursor, after: resourceVersion };
  return fromHistory(context, endpoint, resourceVersion);
}

/** Events that the window has forgotten and the store still knows. */
async function fromHistory(context: RequestContext, endpoint: Endpoint, revision: number): Promise<WatchStart> {
  const { cache } = endpoint.kind;
  const { store } = context.server.options;
  const until = context.server.feed.revision;
  const past: CacheEvent[] = [];
  const source = store.watch({ start: cache.prefix, end: prefixEnd(cache.prefix), fromRevision: revision + 1 });
  source.requestProgress();
  let reached = revision;
  try {
    for await (const batch of source) {
      for (const { type, key, item, previous } of batch.events) {
        const name = key.slice(cache.prefix.length);
        const entry = new Entry(name, item.value, item.modRevision, item.createRevision);
        const before = previous && new Entry(name, previous.value, previous.modRevision, previous.createRevision);
        past.push({ type, revision: item.modRevision, entry, previous: before });
      }
      reached = batch.revision;
      if (reached >= until) break;
    }
  } catch (error) {
    if ((error as { code?: string }).code !== 'Compacted') throw error;
    return { error: tooOld(revision, await store.compactedRevision()), cursor: cache.window.head, after: revision };
  } finally {
    source.close();
  }
  const cursor = cache.window.after(reached);
  if (cursor === undefined) throw new StatusError('ServiceUnavailable', 'the watch fell behind while it was started');
  return { past, cursor, after: reached };
}
