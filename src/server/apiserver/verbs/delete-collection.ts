// DELETE of a collection: a list and then each object's own delete, a few at a time. Upstream: store.DeleteCollection.
import { isConflict, isNotFound } from '../../../api/status.ts';
import type { Response } from '../../../wire/http.ts';
import type { Entry } from '../cache/entry.ts';
import { listResponse } from '../content/list-body.ts';
import { negotiateFor } from '../content/negotiate.ts';
import type { RequestContext } from '../context.ts';
import type { Endpoint } from '../registry.ts';
import { deleteObject, readDeleteOptions } from './delete.ts';
import { page } from './list.ts';
import { readOptions } from './read-options.ts';

const WORKERS = 16;

export async function deleteCollection(context: RequestContext, endpoint: Endpoint): Promise<Response> {
  const negotiated = negotiateFor(context.request.headers['accept'], endpoint);
  const options = await readDeleteOptions(context);
  const selected = await page(context, endpoint, readOptions(context, endpoint, false));
  let at = 0;
  const next = async (): Promise<void> => {
    while (at < selected.entries.length) await removeOne(context, endpoint, selected.entries[at++]!, options);
  };
  await Promise.all(Array.from({ length: WORKERS }, next));
  return listResponse(context, endpoint, selected, negotiated);
}

/** What is gone already, or was made anew, is not this request's to complain about. */
async function removeOne(
  context: RequestContext,
  endpoint: Endpoint,
  entry: Entry,
  options: Parameters<typeof deleteObject>[3],
): Promise<void> {
  const { uid } = entry.bare().metadata;
  try {
    const preconditions = { ...options.preconditions, ...(uid ? { uid } : {}) };
    const asked = { name: '', namespace: context.info.namespace };
    const at = withNamespace(context, entry.namespace);
    await deleteObject(at, endpoint, entry.key, { ...options, preconditions }, asked);
  } catch (error) {
    if (!isNotFound(error) && !isConflict(error)) throw error;
  }
}

const withNamespace = (context: RequestContext, namespace: string): RequestContext => ({
  ...context,
  info: { ...context.info, namespace },
});
