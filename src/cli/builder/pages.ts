// A resource's list in pages. The next page is asked for before this one is parsed, so that the server works meanwhile.
// Upstream: resource.FollowContinue, resource.EnhanceListError.
import { isReason, StatusError } from '../../api/status.ts';
import { resourcePath, type Unstructured } from '../../api/types.ts';
import { type Cluster, parseObject } from '../cluster.ts';
import type { BuildRequest, Info, Target } from './builder.ts';
import { withoutItemsManagedFields } from './lean-list.ts';
import { withoutManagedFields } from './lean-table.ts';

export interface Page {
  infos: Info[];
  /** resourceVersion of the list. */
  version?: string;
}

type ListPage = Unstructured & { items?: Unstructured[] };
type Query = Record<string, string | number>;

export async function* listPages(cluster: Cluster, request: BuildRequest, target: Target): AsyncGenerator<Page> {
  const { chunkSize = 500, labelSelector, fieldSelector } = request;
  const query: Query = {
    ...request.query,
    ...(labelSelector ? { labelSelector } : {}),
    ...(fieldSelector ? { fieldSelector } : {}),
    ...(chunkSize > 0 ? { limit: chunkSize } : {}),
  };
  const read = (token: string): Promise<string> =>
    readPage(cluster, request, target, token === '' ? query : { ...query, continue: token });
  let text = await read('');
  for (;;) {
    const early = continueToken(text);
    const ahead = early === undefined ? undefined : read(early);
    // A failure is reported when the page is due.
    ahead?.catch(() => undefined);
    const page = parseObject<ListPage>(needed(text, query, request));
    const meta = page.metadata as { continue?: string; resourceVersion?: string } | undefined;
    yield { infos: pageInfos(page, target), version: meta?.resourceVersion };
    const next = meta?.continue;
    if (!next) return;
    text = await (ahead !== undefined && early === next ? ahead : read(next));
  }
}

/** What of the text must be parsed. */
function needed(text: string, query: Query, { lean }: BuildRequest): string {
  // A Table whose rows hold no whole objects, as it is when nobody asks for them.
  if (text.startsWith('{"kind":"Table"'))
    return query['includeObject'] === undefined ? withoutManagedFields(text) : text;
  return lean ? withoutItemsManagedFields(text) : text;
}

/** The token where servers write it: in the list's metadata, before the items. Undefined when it is not seen there. */
function continueToken(text: string): string | undefined {
  const head = text.slice(0, 1000);
  return /^\{"kind":"[^"]*","apiVersion":"[^"]*","metadata":\{[^{}]*"continue":"([^"\\]+)"/.exec(head)?.[1];
}

/** An error says what was asked for. */
async function readPage(cluster: Cluster, request: BuildRequest, target: Target, query: Query): Promise<string> {
  const { labelSelector = '', fieldSelector = '', accept = 'application/json' } = request;
  try {
    return await cluster.jsonText('GET', resourcePath(target.mapping, target), { headers: { accept }, query });
  } catch (error) {
    if (!isReason(error, 'BadRequest', 'NotFound')) throw error;
    const { group, version, plural } = target.mapping;
    const subject = JSON.stringify(`${group}/${version}, Resource=${plural}`);
    const selectors = `label selector ${JSON.stringify(labelSelector)}, field selector ${JSON.stringify(fieldSelector)}`;
    const selects = labelSelector !== '' || fieldSelector !== '';
    const message = selects ? `Unable to find ${subject} that match ${selectors}` : `Unable to list ${subject}`;
    throw StatusError.from({ ...error.status, message: `${message}: ${error.message}` });
  }
}

/** Items of a list get the apiVersion and kind that the list implies; a Table stays whole. */
function pageInfos(page: ListPage, target: Target): Info[] {
  if (page.kind === 'Table') return [{ mapping: target.mapping, namespace: target.namespace, name: '', object: page }];
  const kind = page.kind.replace(/List$/, '');
  return (page.items ?? []).map((item) => {
    const object: Unstructured = { ...item, apiVersion: item.apiVersion ?? page.apiVersion, kind: item.kind ?? kind };
    const { name = '', namespace } = object.metadata;
    return { mapping: target.mapping, namespace, name, object };
  });
}
