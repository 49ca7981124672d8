// GET of a collection. Pages of one list show one revision: the cache serves them while the kind has not changed since,
// the store's history after that, and nobody once the store has forgotten it. Upstream: registry/generic/registry/store.go (ListPredicate), storage/etcd3/store.go.
import type { ListMeta } from '../../../api/types.ts';
import type { Response } from '../../../wire/http.ts';
import { sortKey } from '../../store/keys.ts';
import { prefixEnd } from '../../store/store.ts';
import { Entry } from '../cache/entry.ts';
import { listResponse } from '../content/list-body.ts';
import { negotiateFor } from '../content/negotiate.ts';
import { prepareViews } from '../content/view.ts';
import type { RequestContext } from '../context.ts';
import type { Endpoint } from '../registry.ts';
import { keyOf } from './commit.ts';
import { encodeContinue, expiredContinue, tooOldList } from './continue.ts';
import { freshEnough } from './get.ts';
import { type ReadOptions, readOptions } from './read-options.ts';

/** One page: entries in order with what the list's metadata says of them. */
export interface Page {
  entries: Entry[];
  metadata: ListMeta;
}

export async function list(context: RequestContext, endpoint: Endpoint): Promise<Response> {
  const negotiated = negotiateFor(context.request.headers['accept'], endpoint);
  const options = readOptions(context, endpoint, false);
  return listResponse(context, endpoint, await page(context, endpoint, options), negotiated);
}

export async function page(context: RequestContext, endpoint: Endpoint, options: ReadOptions): Promise<Page> {
  const { feed } = context.server;
  const { cache } = endpoint.kind;
  let start = '';
  let revision: number | undefined;
  const { from, resourceVersion } = options;
  if (from) {
    start = from.start;
    // An inconsistent token (-1) goes on in the newest state.
    if (from.revision > 0) revision = from.revision;
  } else if (isExact(options)) revision = resourceVersion;
  await freshEnough(context, revision ?? resourceVersion);
  if (revision === undefined || (cache.lastChange <= revision && (await isKept(context, revision)))) {
    const entries = candidates(endpoint, options, start);
    const at = revision ?? feed.revision;
    if (!options.converts) return cut(entries, options, at);
    const all = [...entries];
    await prepareViews(all, endpoint);
    return cut(all, options, at);
  }
  return fromHistory(context, endpoint, options, start, revision);
}

/** A page at a revision that was named is of that one, by an old rule. Upstream: storage.ValidateListOptions. */
const isExact = ({ resourceVersion, resourceVersionMatch, limit }: ReadOptions): boolean =>
  resourceVersionMatch === 'Exact' || (resourceVersionMatch === '' && limit > 0 && resourceVersion !== 0);

/** Whether the store has not forgotten it yet: tokens expire with their revision, whatever the cache knows. */
const isKept = async (context: RequestContext, revision: number): Promise<boolean> =>
  revision >= (await context.server.options.store.compactedRevision());

/** One name in one namespace needs no walk. */
function candidates(endpoint: Endpoint, { name, namespace }: ReadOptions, start: string): Iterable<Entry> {
  const { cache } = endpoint.kind;
  if (name === undefined || start !== '' || (endpoint.namespaced && namespace === undefined)) {
    return cache.range(namespace, start);
  }
  const entry = cache.get(keyOf(namespace ?? '', name));
  return entry ? [entry] : [];
}

/** Walks entries until the page is full. */
function cut(entries: Iterable<Entry>, options: ReadOptions, revision: number): Page {
  const { matches, limit, name } = options;
  const found: Entry[] = [];
  let remaining = 0;
  let more = false;
  for (const entry of entries) {
    if (limit > 0 && found.length === limit) {
      // Upstream counts what remains only when nothing is filtered out.
      if (matches) {
        more = true;
        break;
      }
      remaining++;
      continue;
    }
    if (name !== undefined && entry.name !== name) continue;
    if (!matches || matches(entry)) found.push(entry);
  }
  const metadata: ListMeta = { resourceVersion: String(revision) };
  if (more || remaining > 0) {
    metadata.continue = encodeContinue(revision, found.at(-1)!.key + '\0');
    if (remaining > 0) metadata.remainingItemCount = remaining;
  }
  return { entries: found, metadata };
}

/** A page of a state that the cache no longer has. */
async function fromHistory(
  context: RequestContext,
  endpoint: Endpoint,
  options: ReadOptions,
  start: string,
  revision: number,
): Promise<Page> {
  const { cache } = endpoint.kind;
  const prefix = cache.prefix + (options.namespace ? `${options.namespace}/` : '');
  const from = cache.prefix + start;
  try {
    const range = await context.server.options.store.range({
      start: sortKey(from) > sortKey(prefix) ? from : prefix,
      end: prefixEnd(prefix),
      revision,
    });
    const entries = range.items.map((item) => {
      const key = item.key.slice(cache.prefix.length);
      const cached = cache.get(key);
      if (cached?.revision === item.modRevision) return cached;
      return new Entry(key, item.value, item.modRevision, item.createRevision);
    });
    if (options.converts) await prepareViews(entries, endpoint);
    return cut(entries, options, revision);
  } catch (error) {
    if ((error as { code?: string }).code !== 'Compacted') throw error;
    throw options.from ? expiredContinue(start) : tooOldList();
  }
}
