// GET of one object, out of the watch cache. Upstream: handlers/get.go, storage/cacher (Get).
import { StatusError, notFound } from '../../../api/status.ts';
import type { Response } from '../../../wire/http.ts';
import type { Entry } from '../cache/entry.ts';
import { negotiateFor } from '../content/negotiate.ts';
import type { RequestContext } from '../context.ts';
import type { Endpoint } from '../registry.ts';
import { entryResponse } from './answer.ts';
import { keyOf } from './commit.ts';
import { parseRevision } from './read-options.ts';

const WAIT_MS = 3_000;

export async function get(context: RequestContext, endpoint: Endpoint): Promise<Response> {
  const negotiated = negotiateFor(context.request.headers['accept'], endpoint);
  await freshEnough(context, parseRevision(context.request.query.get('resourceVersion')));
  return entryResponse(context, endpoint, current(context, endpoint), negotiated);
}

/** The entry that the path names. Throws NotFound. */
export function current(context: RequestContext, endpoint: Endpoint): Entry {
  const { namespace, name } = context.info;
  const entry = endpoint.kind.cache.get(keyOf(endpoint.namespaced ? namespace : '', name));
  if (!entry) throw notFound(endpoint.qualified, name);
  return entry;
}

/** Not given: the newest state. 0: whatever is there. Else: at least so new. */
export async function freshEnough(context: RequestContext, revision: number | undefined): Promise<void> {
  const { feed } = context.server;
  if (revision === undefined) return feed.fresh();
  if (revision <= feed.revision) return;
  await feed.fresh();
  if (revision > feed.revision) await waitFor(context, revision);
}

/** A revision that another server has seen and this one not yet, or that never was. */
async function waitFor(context: RequestContext, revision: number): Promise<void> {
  const { feed } = context.server;
  if (await feed.reachWithin(revision, WAIT_MS)) return;
  const message = `Too large resource version: ${revision}, current: ${feed.revision}`;
  const error = new StatusError('Timeout', message, {
    causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
    retryAfterSeconds: 1,
  });
  throw error;
}
