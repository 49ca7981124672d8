// Answers /openapi/v2 and /openapi/v3 from kept documents. Upstream: kube-openapi pkg/handler, pkg/handler3.
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { builtinSchemas, definitionNameOf } from '../../../api/schema/builtin.ts';
import { StatusError } from '../../../api/status.ts';
import type { Response } from '../../../wire/http.ts';
import { GZIP_FROM_BYTES, acceptsGzip, baseHeaders } from '../content/respond.ts';
import type { Filter, RequestContext } from '../context.ts';
import type { Aggregator } from '../aggregation/aggregator.ts';
import { forward } from '../aggregation/proxy.ts';
import type { RemoteService } from '../aggregation/remote.ts';
import { discoveryModel } from '../discovery/model.ts';
import type { Registry } from '../registry.ts';
import { returnsDeleted } from '../returns-deleted.ts';
import { OpenApiDocuments, type OpenApiDocument } from './documents.ts';
import type { OpenApiResource } from './types.ts';

const gzipAsync = promisify(gzip);
const YEAR_MS = 365 * 24 * 3_600_000;

/** Old clients ask by a name with `@`, which is no media type: the answer has the other one, which they can parse. */
const PROTOBUF_ANSWER = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf';
const PROTOBUF = ['application/com.github.proto-openapi.spec.v2@v1.0+protobuf', PROTOBUF_ANSWER];
const PROTOBUF_V3_ANSWER = 'application/com.github.proto-openapi.spec.v3.v1.0+protobuf';
const PROTOBUF_V3 = ['application/com.github.proto-openapi.spec.v3@v1.0+protobuf', PROTOBUF_V3_ANSWER];
const JSON_TYPES = new Set(['application/json', 'application/*', '*/*', '']);
const V3_TYPES = new Set([...JSON_TYPES, ...PROTOBUF_V3]);

/** All that the registry serves, as the documents want it. */
export function openApiResources(registry: Registry): OpenApiResource[] {
  const resources: OpenApiResource[] = [];
  for (const { versions } of discoveryModel(registry)) {
    for (const { resources: models } of versions) {
      for (const { endpoint, definition, verbs, subresources } of models) {
        const { group, version, plural, kind } = endpoint;
        // Removed versions are in no data: they show what they are decoded by. One that is not known at all must not
        // offer a strategic merge patch: kubectl would look for merge keys, and crash.
        const known = !kind.custom && definitionNameOf(group, version, definition.kind) !== undefined;
        resources.push({
          group,
          version,
          plural,
          kind: definition.kind,
          listKind: definition.listKind ?? `${definition.kind}List`,
          namespaced: definition.scope === 'Namespaced',
          verbs,
          subresources,
          custom: kind.custom || (!known && !endpoint.schema),
          builtIn: !kind.custom,
          returnsDeleted: returnsDeleted(definition),
          ...(!known && endpoint.schema ? { schema: endpoint.schema } : {}),
          ...(endpoint.kind.custom
            ? { selectableFields: Object.keys(endpoint.definition.selectableFields ?? {}) }
            : {}),
        });
      }
    }
  }
  return resources;
}

/** The chain's step; it keeps the documents of the server that it runs in. */
export function openApi(): Filter {
  const documents = new OpenApiDocuments(builtinSchemas);
  let generation = -1;
  let remoteGeneration = 0;
  return async (context, next) => {
    const { path, method } = context.request;
    if (!path.startsWith('/openapi/') || (method !== 'GET' && method !== 'HEAD')) return next();
    const { registry, feed, aggregator } = context.server;
    await feed.fresh();
    if (registry.generation !== generation) {
      documents.update(openApiResources(registry));
      generation = registry.generation;
    }
    if (aggregator && aggregator.remotes.generation !== remoteGeneration) {
      const remotes = [...aggregator.remotes.all()];
      documents.addRemotes(remoteAddresses(remotes), remoteV2(remotes));
      remoteGeneration = aggregator.remotes.generation;
    }
    const remote = aggregator && remoteDocument(aggregator, path);
    if (remote) return forward(context, remote, path);
    return (await answer(context, documents)) ?? next();
  };
}

const remoteAddresses = (remotes: readonly RemoteService[]): Map<string, string> =>
  new Map(
    remotes.flatMap(({ group, version, documents: { openApiV3 } }) =>
      openApiV3 ? [[`apis/${group}/${version}`, openApiV3] as const] : [],
    ),
  );

const remoteV2 = (remotes: readonly RemoteService[]): object[] =>
  remotes.flatMap(({ documents: { openApiV2 } }) => (openApiV2 ? [openApiV2] : []));

/** The server whose own v3 document is asked for. */
function remoteDocument({ remotes }: Aggregator, path: string): RemoteService | undefined {
  if (remotes.size === 0 || !path.startsWith('/openapi/v3/apis/')) return undefined;
  const [, , , , group = '', version = ''] = path.split('/', 6);
  const remote = remotes.find(group, version);
  return remote?.documents.openApiV3 === undefined ? undefined : remote;
}

/** The first type of an Accept header that can be had. */
function accepted(context: RequestContext, offers: ReadonlySet<string>): string {
  const asked = (context.request.headers['accept'] ?? '').split(',').map((t) => t.split(';')[0]!.trim());
  const found = asked.find((type) => offers.has(type));
  if (found === undefined) {
    throw new StatusError('NotAcceptable', `only the following media types are accepted: ${[...offers].join(', ')}`);
  }
  return found;
}

async function answer(context: RequestContext, documents: OpenApiDocuments): Promise<Response | undefined> {
  const { path, query } = context.request;
  if (path === '/openapi/v2') {
    const type = accepted(context, new Set([...PROTOBUF, ...JSON_TYPES]));
    const isProtobuf = PROTOBUF.includes(type);
    return send(
      context,
      await documents.v2(isProtobuf ? 'protobuf' : 'json'),
      isProtobuf ? PROTOBUF_ANSWER : 'application/json',
    );
  }
  if (path === '/openapi/v3' || path === '/openapi/v3/') {
    accepted(context, JSON_TYPES);
    return send(context, documents.index(), 'application/json');
  }
  if (!path.startsWith('/openapi/v3/')) return undefined;
  const name = path.slice('/openapi/v3/'.length);
  const hash = documents.hashOf(name);
  if (hash === undefined) return undefined;
  const isProtobuf = PROTOBUF_V3.includes(accepted(context, V3_TYPES));
  const asked = query.get('hash');
  if (asked !== null && asked !== hash) {
    const headers = { ...baseHeaders(context, 'text/plain'), location: `/openapi/v3/${name}?hash=${hash}` };
    return { status: 301, headers };
  }
  const document = await documents.v3(name, isProtobuf ? 'protobuf' : 'json')!;
  const response = await send(context, document, isProtobuf ? PROTOBUF_V3_ANSWER : 'application/json');
  // An address with a hash never changes its content.
  if (asked !== null) {
    response.headers['cache-control'] = 'public, immutable';
    response.headers['expires'] = new Date(context.server.now() + YEAR_MS).toUTCString();
  }
  return response;
}

async function send(context: RequestContext, document: OpenApiDocument, contentType: string): Promise<Response> {
  const headers = baseHeaders(context, contentType);
  headers['vary'] = 'Accept';
  headers['etag'] = `"${document.hash}"`;
  if (context.request.headers['if-none-match'] === headers['etag']) return { status: 304, headers };
  let { bytes } = document;
  const shared = (): unknown => JSON.parse(document.bytes.toString('utf8'));
  if (bytes.length >= GZIP_FROM_BYTES && acceptsGzip(context)) {
    headers['content-encoding'] = 'gzip';
    bytes = await gzipAsync(bytes, { level: 1 });
  }
  headers['content-length'] = String(bytes.length);
  return { status: 200, headers, body: { bytes: () => bytes, shared } };
}
