// Answers /, /api, /apis and what is directly below them. Documents are made when the registry changes, not per request.
import { createHash } from 'node:crypto';
import type { Response } from '../../../wire/http.ts';
import { encodeWhole } from '../cache/encoding.ts';
import { negotiate } from '../content/negotiate.ts';
import { baseHeaders, objectResponse, pageNotFound } from '../content/respond.ts';
import { HEALTH_ROOTS, checkNames } from '../chain/health.ts';
import type { Filter, RequestContext, Server } from '../context.ts';
import type { Aggregator } from '../aggregation/aggregator.ts';
import { remoteVersions } from '../aggregation/documents.ts';
import type { Registry } from '../registry.ts';
import { methodNotAllowed } from '../verbs/options.ts';
import { aggregatedList } from './aggregated.ts';
import { groupDocument, groupList, legacyVersions, resourceList } from './documents.ts';
import { type GroupModel, discoveryModel } from './model.ts';

interface Document {
  object: object;
  bytes: Buffer;
  etag: string;
}

/** Changes when what is served here or by others does. */
const generationOf = (registry: Registry, aggregator: Aggregator | undefined): string =>
  `${registry.generation} ${aggregator?.remotes.generation ?? 0}`;

/** The documents of one state of the registry. */
class Documents {
  readonly generation: string;
  readonly groups: GroupModel[];
  readonly #made = new Map<string, Document>();

  constructor(registry: Registry, aggregator: Aggregator | undefined) {
    this.generation = generationOf(registry, aggregator);
    this.groups = discoveryModel(registry, aggregator ? remoteVersions(aggregator) : []);
  }

  get(name: string, make: () => object | undefined): Document | undefined {
    let document = this.#made.get(name);
    if (document) return document;
    const object = make();
    if (!object) return undefined;
    const bytes = encodeWhole(object);
    const etag = `"${createHash('sha512').update(bytes).digest('hex').toUpperCase()}"`;
    this.#made.set(name, (document = { object, bytes, etag }));
    return document;
  }
}

export function discovery(): Filter {
  let documents: Documents | undefined;
  return async (context, next) => {
    const { path } = context.request;
    if (context.info.isResource) return next();
    if (path !== '/' && !path.startsWith('/api')) return next();
    const { registry, feed, aggregator } = context.server;
    await feed.fresh();
    if (documents?.generation !== generationOf(registry, aggregator)) documents = new Documents(registry, aggregator);
    return answer(context, documents);
  };
}

async function answer(context: RequestContext, documents: Documents): Promise<Response> {
  const parts = context.request.path.split('/').filter((part) => part !== '');
  const negotiated = negotiate(context.request.headers['accept']);
  const { discovery: aggregated } = negotiated;
  const top = parts.length === 1 && (parts[0] === 'api' || parts[0] === 'apis');
  const document =
    top && aggregated !== ''
      ? documents.get(`${parts[0]} ${aggregated}`, () => aggregate(documents, parts[0]!, aggregated))
      : documents.get(parts.join('/'), () => plain(context, documents, parts));
  if (!document) return pageNotFound(context);
  const { method } = context.request;
  if (method !== 'GET' && method !== 'HEAD' && parts.length > 0) throw methodNotAllowed();
  const shown =
    top && aggregated !== '' ? negotiated : { ...negotiated, contentType: negotiated.contentType.split(';')[0]! };
  if (!top || aggregated === '') return objectResponse(context, 200, () => document.object, shown, document.bytes);
  return withEtag(context, document, shown.contentType, () =>
    objectResponse(context, 200, () => document.object, shown, document.bytes),
  );
}

/** The 304 repeats the content type: client-go reads the kept document by the type that the last answer had. */
async function withEtag(
  context: RequestContext,
  document: Document,
  contentType: string,
  make: () => Promise<Response>,
): Promise<Response> {
  if (context.request.headers['if-none-match'] === document.etag) {
    return {
      status: 304,
      headers: { ...baseHeaders(context, contentType), etag: document.etag, vary: 'Accept' },
    };
  }
  const response = await make();
  response.headers['etag'] = document.etag;
  response.headers['vary'] = 'Accept';
  return response;
}

function aggregate({ groups }: Documents, root: string, version: 'v2' | 'v2beta1' | ''): object | undefined {
  if (version === '') return undefined;
  return aggregatedList(
    groups.filter((g) => (g.group === '') === (root === 'api')),
    version,
  );
}

function plain(context: RequestContext, { groups }: Documents, parts: readonly string[]): object | undefined {
  const [root, group, version] = parts;
  if (root === undefined) return { paths: rootPaths(context.server, groups) };
  if (root === 'api') {
    if (group === undefined) return legacyVersions(context.request.headers['host'] ?? '');
    const found = groups.find((g) => g.group === '')?.versions.find((v) => v.version === group);
    return parts.length === 2 && found ? resourceList(found) : undefined;
  }
  if (root !== 'apis' || parts.length > 3) return undefined;
  if (group === undefined) return groupList(groups);
  const found = groups.find((g) => g.group === group && g.group !== '');
  if (!found || version === undefined) return found && groupDocument(found);
  const served = found.versions.find((v) => v.version === version);
  return served && resourceList(served);
}

function rootPaths(server: Server, groups: readonly GroupModel[]): string[] {
  const paths = [
    '/.well-known/openid-configuration',
    '/api',
    '/apis',
    '/apis/',
    '/metrics',
    '/metrics/slis',
    '/openapi/v2',
    '/openapi/v3',
    '/openapi/v3/',
    '/openid/v1/jwks',
    '/version',
    ...HEALTH_ROOTS.flatMap((root) => [root, ...checkNames(server, root).map((name) => `${root}/${name}`)]),
  ];
  for (const { group, versions } of groups) {
    if (group !== '') paths.push(`/apis/${group}`);
    for (const { version } of versions) paths.push(group === '' ? `/api/${version}` : `/apis/${group}/${version}`);
  }
  return paths.sort();
}
