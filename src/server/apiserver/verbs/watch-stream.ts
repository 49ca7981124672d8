// One watcher: a cursor into its kind's event window. It owns no queue: while its reader is busy it is not told
// anything, and when the window has moved past its cursor it ends, so that the client resumes from its last revision.
//
//   window   40 41 42 43 | head        cursor 42, reader asks: 42 and 43 are encoded in one chunk, cursor 44
//                                      cursor 44, reader asks: it waits; an event that does not match moves it to 45
import { StatusError } from '../../../api/status.ts';
import type { SharedWatchEvent } from '../../../wire/http.ts';
import { cloneJson, encodeStored, freeze } from '../cache/encoding.ts';
import { Entry } from '../cache/entry.ts';
import type { CacheListener } from '../cache/kind-cache.ts';
import type { CacheEvent } from '../cache/window.ts';
import { prepareViews } from '../content/view.ts';
import type { RequestContext } from '../context.ts';
import type { Endpoint } from '../registry.ts';
import type { ReadOptions } from './read-options.ts';
import type { EventFormat } from './watch-format.ts';

/** Everything up to a revision. */
export interface PastEvents {
  events: CacheEvent[];
  revision: number;
}

export interface WatchStart {
  /** The state, as ADDED events. */
  initial?: Entry[];
  /** A bookmark says where the state ends. */
  endMark?: boolean;
  /** Events from before the window; where the stream goes on in the window shows when they end. */
  past?: AsyncIterable<PastEvents>;
  cursor: number;
  /** Only events after this revision are new to the client. */
  after: number;
  /** The stream is this one error. */
  error?: StatusError;
}

interface Change {
  type: 'ADDED' | 'MODIFIED' | 'DELETED';
  entry: Entry;
  event: CacheEvent;
}

type Wake = 'event' | 'bookmark' | 'end';

const BOOKMARK_MS = 60_000;
const CHUNK_BYTES = 64 * 1024;
/** Before every window: the stream ends here. */
const NOWHERE = -1;

export class WatchStream implements CacheListener {
  readonly #endpoint: Endpoint;
  readonly #context: RequestContext;
  readonly #format: EventFormat;
  readonly #start: WatchStart;
  readonly #bookmarks: boolean;
  readonly #prefix: string | undefined;
  readonly #matches: ReadOptions['matches'];
  readonly #timeoutMs: number;
  /** Events are converted before they are selected. */
  readonly #converts: boolean;
  readonly #stops: (() => void)[] = [];
  #cursor: number;
  #after: number;
  #ended = false;
  #wake: ((why: Wake) => void) | undefined;
  #bookmarkDue = false;

  constructor(
    context: RequestContext,
    endpoint: Endpoint,
    options: ReadOptions,
    format: EventFormat,
    start: WatchStart,
    timeoutMs: number,
  ) {
    this.#context = context;
    this.#endpoint = endpoint;
    this.#format = format;
    this.#start = start;
    this.#bookmarks = options.bookmarks;
    this.#prefix = options.namespace === undefined ? undefined : `${options.namespace}/`;
    this.#matches = options.matches;
    this.#timeoutMs = timeoutMs;
    this.#converts = options.converts;
    this.#cursor = start.cursor;
    this.#after = start.after;
  }

  /** What is watched. */
  get info(): RequestContext['info'] {
    return this.#context.info;
  }

  /** Called by the cache. While the reader is busy the window keeps the event. */
  onEvent(event: CacheEvent, sequence: number): void {
    if (!this.#wake || this.#cursor !== sequence) return;
    if (this.#converts || this.#concerns(event)) this.#wakeUp('event');
    else this.#cursor = sequence + 1;
  }

  /** What cannot be selected concerns the reader too: he meets the same error, and the stream ends with it. */
  #concerns(event: CacheEvent): boolean {
    try {
      return this.#select(event) !== undefined;
    } catch {
      return true;
    }
  }

  onClose(): void {
    this.#end();
  }

  /** The client begins anew from its last revision, with the new definition. Upstream tears the storage down. */
  onRedefined(): void {
    this.#end();
  }

  async *bytes(): AsyncGenerator<Uint8Array> {
    const format = this.#format;
    const { error, initial, endMark, past, after } = this.#start;
    if (error) return void (yield format.mark('ERROR', error.status));
    this.#open();
    try {
      if (initial && this.#endpoint.kind.converter) await prepareViews(initial, this.#endpoint);
      if (initial) yield* chunks(initial.map((entry) => () => format.encode('ADDED', entry)));
      if (past) yield* this.#pastBytes(past);
      if (endMark && this.#bookmarks) yield format.mark('BOOKMARK', format.bookmark(after, true));
      for (;;) {
        if (this.#converts) await this.#convertNext();
        const batch = this.#take();
        if (batch === undefined) return;
        if (batch.length > 0) {
          if (this.#endpoint.kind.converter) await prepareViews(batch.map(entryOf), this.#endpoint);
          yield this.#encode(batch);
          continue;
        }
        const why = await this.#wait();
        const seen = why !== 'event' && this.#bookmarks ? this.#seen() : undefined;
        if (seen !== undefined) yield format.mark('BOOKMARK', format.bookmark(seen, false));
        if (why === 'end') return;
      }
    } catch (error) {
      yield format.mark('ERROR', conversionFailure(error).status);
    } finally {
      this.#close();
    }
  }

  async *events(): AsyncGenerator<SharedWatchEvent> {
    const format = this.#format;
    const { error, initial, endMark, past, after } = this.#start;
    if (error) return void (yield { type: 'ERROR', object: error.status });
    this.#open();
    try {
      if (initial && this.#endpoint.kind.converter) await prepareViews(initial, this.#endpoint);
      for (const entry of initial ?? []) yield { type: 'ADDED', object: format.object(entry) };
      if (past) yield* this.#pastEvents(past);
      if (endMark && this.#bookmarks) yield { type: 'BOOKMARK', object: format.bookmark(after, true) };
      for (;;) {
        if (this.#converts) await this.#convertNext();
        const batch = this.#take();
        if (batch === undefined) return;
        if (this.#endpoint.kind.converter) await prepareViews(batch.map(entryOf), this.#endpoint);
        for (const { type, entry } of batch) yield { type, object: format.object(entry) };
        if (batch.length > 0) continue;
        const why = await this.#wait();
        const seen = why !== 'event' && this.#bookmarks ? this.#seen() : undefined;
        if (seen !== undefined) yield { type: 'BOOKMARK', object: format.bookmark(seen, false) };
        if (why === 'end') return;
      }
    } catch (error) {
      yield { type: 'ERROR', object: conversionFailure(error).status };
    } finally {
      this.#close();
    }
  }

  #open(): void {
    const { request, server } = this.#context;
    const end = () => this.#end();
    this.#stops.push(this.#endpoint.kind.cache.listen(this));
    for (const signal of [request.signal, server.closing]) {
      if (signal.aborted) return end();
      signal.addEventListener('abort', end, { once: true });
      this.#stops.push(() => signal.removeEventListener('abort', end));
    }
    const { kind } = this.#endpoint;
    const { group, plural } = kind.definition;
    if (kind.cache.closed || server.registry.kind(group, plural) !== kind) return end();
    const timeout = setTimeout(end, this.#timeoutMs);
    this.#stops.push(() => clearTimeout(timeout));
    if (!this.#bookmarks) return;
    const interval = setInterval(() => {
      this.#bookmarkDue = true;
      this.#wakeUp('bookmark');
    }, BOOKMARK_MS);
    this.#stops.push(() => clearInterval(interval));
  }

  #close(): void {
    this.#ended = true;
    for (const stop of this.#stops.splice(0)) stop();
  }

  #end(): void {
    this.#ended = true;
    this.#wakeUp('end');
  }

  #wakeUp(why: Wake): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.(why);
  }

  #wait(): Promise<Wake> {
    if (this.#ended) return Promise.resolve('end');
    if (this.#bookmarkDue) {
      this.#bookmarkDue = false;
      return Promise.resolve('bookmark');
    }
    return new Promise((resolve) => (this.#wake = resolve));
  }

  /**
   * The revision up to which everything was delivered; undefined when nobody knows. Events may have come since the reader
   * was found idle: a client that resumed after them would never hear of them.
   */
  #seen(): number | undefined {
    this.#bookmarkDue = false;
    const { window } = this.#endpoint.kind.cache;
    if (this.#cursor < window.first) return undefined;
    const all = this.#cursor === window.head;
    return Math.max(all ? this.#context.server.feed.revision : window.at(this.#cursor).revision - 1, this.#after);
  }

  /** What #take will look at; what comes while the webhook is asked is asked for the next time. */
  async #convertNext(): Promise<void> {
    const { window } = this.#endpoint.kind.cache;
    for (let at = 0; at !== window.head;) {
      at = window.head;
      const entries: Entry[] = [];
      for (let i = Math.max(this.#cursor, window.first); i < at; i++) entries.push(...statesOf(window.at(i)));
      await prepareViews(entries, this.#endpoint);
    }
  }

  /** The next matching events; none: there are no more now; undefined: the window has moved on without us. */
  #take(): Change[] | undefined {
    const { window } = this.#endpoint.kind.cache;
    if (this.#cursor < window.first) return undefined;
    const found: Change[] = [];
    let bytes = 0;
    while (this.#cursor < window.head && bytes < CHUNK_BYTES) {
      const change = this.#select(window.at(this.#cursor++));
      if (!change) continue;
      found.push(change);
      bytes += change.entry.bytes.length;
    }
    return found;
  }

  /** What is selected of the past, batch by batch, and then the cursor at the first event after it. */
  async *#changes(past: AsyncIterable<PastEvents>): AsyncGenerator<Change[]> {
    this.#cursor = NOWHERE;
    for await (const { events, revision } of past) {
      if (this.#ended) return;
      if (this.#converts) await prepareViews(events.flatMap(statesOf), this.#endpoint);
      const found: Change[] = [];
      for (const event of events) {
        const change = this.#select(event, true);
        if (change) found.push(change);
      }
      this.#after = revision;
      if (this.#endpoint.kind.converter) await prepareViews(found.map(entryOf), this.#endpoint);
      if (found.length > 0) yield found;
    }
    const { window } = this.#endpoint.kind.cache;
    // When it has moved on in this very turn, the stream ends as for a reader that is too slow.
    this.#cursor = window.after(this.#after) ?? NOWHERE;
  }

  async *#pastBytes(past: AsyncIterable<PastEvents>): AsyncGenerator<Buffer> {
    const { encode } = this.#format;
    try {
      for await (const changes of this.#changes(past))
        yield* chunks(
          changes.map(
            ({ type, entry }) =>
              () =>
                encode(type, entry),
          ),
        );
    } catch (error) {
      if ((error as { code?: string }).code !== 'Compacted') throw error;
      yield this.#format.mark('ERROR', outrun(this.#after).status);
    }
  }

  async *#pastEvents(past: AsyncIterable<PastEvents>): AsyncGenerator<SharedWatchEvent> {
    try {
      for await (const changes of this.#changes(past))
        for (const { type, entry } of changes) yield { type, object: this.#format.object(entry) };
    } catch (error) {
      if ((error as { code?: string }).code !== 'Compacted') throw error;
      yield { type: 'ERROR', object: outrun(this.#after).status };
    }
  }

  /** What an event means to this watcher: objects may enter and leave a selection without being created or deleted. */
  #select(event: CacheEvent, past = false): Change | undefined {
    const { entry, previous } = event;
    if (!past && event.revision <= this.#after) return undefined;
    if (this.#prefix !== undefined && !entry.key.startsWith(this.#prefix)) return undefined;
    const matches = this.#matches;
    const is = event.type === 'put' && (!matches || matches(entry));
    const was = previous !== undefined && (!matches || matches(previous));
    if (is) return { type: was ? 'MODIFIED' : 'ADDED', entry, event };
    if (!was) return undefined;
    return { type: 'DELETED', entry: event.type === 'delete' ? entry : departed(event), event };
  }

  #encode(batch: readonly Change[]): Buffer {
    if (batch.length === 1) return this.#line(batch[0]!);
    const { window } = this.#endpoint.kind.cache;
    // Those who select everything and are equally far send the same bytes.
    const shared = this.#matches === undefined && this.#prefix === undefined && this.#format.name !== '';
    const name = `${this.#format.name} ${batch[0]!.event.revision}-${this.#cursor}`;
    if (shared && window.lastBatch?.name === name) return window.lastBatch.bytes;
    const bytes = Buffer.concat(batch.map((change) => this.#line(change)));
    if (shared) window.lastBatch = { name, bytes };
    return bytes;
  }

  #line({ type, entry, event }: Change): Buffer {
    const { name } = this.#format;
    if (name === '') return this.#format.encode(type, entry);
    const { window } = this.#endpoint.kind.cache;
    return window.encoded(event, `${type} ${name}`, () => this.#format.encode(type, entry));
  }
}

/** The store forgot what a slow reader of the past was about to read. */
const outrun = (revision: number): StatusError =>
  new StatusError('Expired', `too old resource version: ${revision} (the history is gone)`);

/** Both sides of an event: an object may enter and leave a selection. */
const statesOf = ({ entry, previous }: CacheEvent): Entry[] => (previous ? [entry, previous] : [entry]);

const entryOf = ({ entry }: Change): Entry => entry;

/** A stream that has begun can only end with an error event; what no webhook caused is thrown on. */
function conversionFailure(error: unknown): StatusError {
  if (error instanceof StatusError) return error;
  throw error;
}

/** The last state that was selected, under the revision of the change that ended it. */
function departed(event: CacheEvent): Entry {
  const { previous, revision } = event;
  return previous!.face(`departed ${revision}`, () => {
    const object = cloneJson(previous!.object());
    const entry = new Entry(previous!.key, encodeStored(object), revision, previous!.createRevision);
    object.metadata.resourceVersion = String(revision);
    entry.adopt(freeze(object));
    return entry;
  });
}

/** Lines in chunks of a good size for a socket. */
function* chunks(lines: readonly (() => Buffer)[]): Generator<Buffer> {
  let gathered: Buffer[] = [];
  let bytes = 0;
  for (const make of lines) {
    const line = make();
    gathered.push(line);
    bytes += line.length;
    if (bytes < CHUNK_BYTES) continue;
    yield Buffer.concat(gathered);
    gathered = [];
    bytes = 0;
  }
  if (gathered.length > 0) yield Buffer.concat(gathered);
}
