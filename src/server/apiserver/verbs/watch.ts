// GET with watch=true: where the stream starts (state, window, or the store's history) and what it answers. The
// stream itself is watch-stream.ts. Upstream: handlers/watch.go, storage/cacher/cacher.go (Watch).
import type { Response } from '../../../wire/http.ts';
import { wantsSocket } from '../../../wire/one-way-socket.ts';
import { prefixEnd } from '../../store/store.ts';
import { Entry } from '../cache/entry.ts';
import type { CacheEvent } from '../cache/window.ts';
import { negotiateStream } from '../content/negotiate.ts';
import { baseHeaders } from '../content/respond.ts';
import type { RequestContext } from '../context.ts';
import type { Endpoint } from '../registry.ts';
import { tooOld } from './continue.ts';
import { freshEnough } from './get.ts';
import { type ReadOptions, readOptions } from './read-options.ts';
import { eventFormat } from './watch-format.ts';
import { watchSocket } from './watch-socket.ts';
import { type PastEvents, type WatchStart, WatchStream } from './watch-stream.ts';

/** What a timer can wait; one that is told more fires at once. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;
/** Upstream's min-request-timeout: watches without a timeout end after 30 to 60 minutes. */
const MIN_TIMEOUT_SECONDS = 1_800;

export async function watch(context: RequestContext, endpoint: Endpoint): Promise<Response> {
  const options = readOptions(context, endpoint, true);
  const { accept } = context.request.headers;
  // Streamed lists are never tables. Upstream: handlers/negotiation, watchListEndpointRestrictions.
  const streamed = options.sendInitialEvents === true && options.bookmarks;
  const negotiated = negotiateStream(streamed ? withoutTables(accept) : accept, endpoint);
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
  if (wantsSocket(context.request)) {
    return watchSocket(context.request, () => stream.bytes(), negotiated.encoding !== 'protobuf');
  }
  return {
    status: 200,
    headers: baseHeaders(
      context,
      negotiated.encoding === 'protobuf' ? `${negotiated.contentType};stream=watch` : negotiated.contentType,
    ),
    body: { bytes: () => stream.bytes(), shared: () => stream.events() },
  };
}

function withoutTables(accept: string | undefined): string | undefined {
  if (!accept?.includes('as=Table')) return accept;
  const others = accept.split(',').filter((clause) => !/;\s*as=Table\b/.test(clause));
  return others.length > 0 ? others.join(',') : 'none';
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

/** Events that the window has forgotten and the store still knows, read as fast as the watcher takes them. */
async function fromHistory(context: RequestContext, endpoint: Endpoint, revision: number): Promise<WatchStart> {
  const { cache } = endpoint.kind;
  const past = history(context, endpoint, revision);
  // A stream that nobody begins to read ends with its request.
  context.request.signal.addEventListener('abort', () => void past.return(undefined), { once: true });
  try {
    // The first events tell whether there is a history at all, which is asked before anything is answered.
    const first = await past.next();
    return { past: rest(first, past), cursor: cache.window.head, after: revision };
  } catch (error) {
    if ((error as { code?: string }).code !== 'Compacted') throw error;
    const expired = tooOld(revision, await context.server.options.store.compactedRevision());
    return { error: expired, cursor: cache.window.head, after: revision };
  }
}

/** Ends when the window knows everything that comes next; throws Compacted when the store forgets faster than we read. */
async function* history(
  context: RequestContext,
  { kind: { cache } }: Endpoint,
  revision: number,
): AsyncGenerator<PastEvents> {
  const { store } = context.server.options;
  const source = store.watch({ start: cache.prefix, end: prefixEnd(cache.prefix), fromRevision: revision + 1 });
  try {
    source.requestProgress();
    for await (const batch of source) {
      const events = batch.events.map(({ type, key, item, previous }): CacheEvent => {
        const name = key.slice(cache.prefix.length);
        const entry = new Entry(name, item.value, item.modRevision, item.createRevision);
        const before = previous && new Entry(name, previous.value, previous.modRevision, previous.createRevision);
        return { type, revision: item.modRevision, entry, previous: before };
      });
      yield { events, revision: batch.revision };
      if (cache.window.after(batch.revision) !== undefined) return;
      source.requestProgress();
    }
  } finally {
    source.close();
  }
}

async function* rest(
  first: IteratorResult<PastEvents, void>,
  more: AsyncGenerator<PastEvents>,
): AsyncGenerator<PastEvents> {
  if (first.done) return;
  try {
    yield first.value;
    yield* more;
  } finally {
    await more.return(undefined);
  }
}
