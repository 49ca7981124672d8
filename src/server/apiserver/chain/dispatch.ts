// From request info to a verb. The last link of the chain.
import { apiVersionOf } from '../../../api/types.ts';
import type { Response } from '../../../wire/http.ts';
import { pageNotFound } from '../content/respond.ts';
import type { Filter, RequestContext } from '../context.ts';
import type { Endpoint } from '../registry.ts';
import { create } from '../verbs/create.ts';
import { createVirtual } from '../verbs/create-virtual.ts';
import { deleteCollection } from '../verbs/delete-collection.ts';
import { remove } from '../verbs/delete.ts';
import { get } from '../verbs/get.ts';
import { list } from '../verbs/list.ts';
import { methodNotAllowed, noSuchPath } from '../verbs/options.ts';
import { patch } from '../verbs/patch.ts';
import { readVirtual } from '../verbs/read-virtual.ts';
import { serveSubresource } from '../verbs/subresource.ts';
import { update } from '../verbs/update.ts';
import { watch } from '../verbs/watch.ts';

type VerbFunction = (context: RequestContext, endpoint: Endpoint) => Promise<Response>;

const VERBS: Readonly<Record<string, VerbFunction>> = {
  get,
  list,
  watch,
  create,
  update,
  patch,
  delete: remove,
  deletecollection: deleteCollection,
};

/** Of kinds that are not stored. */
const VIRTUAL_VERBS: typeof VERBS = { ...VERBS, get: readVirtual, list: readVirtual, create: createVirtual };

export const dispatch: Filter = async (context) => {
  const { info, server } = context;
  if (!info.isResource) return pageNotFound(context);
  const endpoint = server.registry.find(info.group, info.version, info.resource);
  if (endpoint) return route(context, endpoint);
  // A custom resource whose definition was acknowledged a moment ago is there once the caches are.
  await server.feed.fresh();
  const late = server.registry.find(info.group, info.version, info.resource);
  if (!late) return nothingThere(context);
  return route(context, late);
};

/** Of groups and versions that only custom resources have, upstream knows no more than of any other path. */
function nothingThere(context: RequestContext): Response {
  const { group, version } = context.info;
  if (context.server.registry.hasBuiltIn(apiVersionOf({ group, version }))) throw noSuchPath();
  return pageNotFound(context);
}

function route(context: RequestContext, endpoint: Endpoint): Promise<Response> {
  const { info, request } = context;
  const { deprecated } = endpoint.served;
  if (deprecated) warnDeprecated(context, endpoint, deprecated);
  if (info.verb === 'proxy') throw noSuchPath();
  const { verbs: allowed, virtual } = endpoint.definition;
  if (info.name !== '' && info.subresource === '' && allowed?.every((verb) => verb === 'create')) throw noSuchPath();
  if (info.subresource !== '') return serveSubresource(context, endpoint);
  if (endpoint.namespaced && info.namespace === '' && info.verb !== 'list' && info.verb !== 'watch') {
    return acrossNamespaces(context, endpoint);
  }
  if (!endpoint.namespaced && info.namespace !== '' && info.resource !== 'namespaces') throw noSuchPath();
  // Upstream's router has no such route; what answers for custom resources goes by the verb alone.
  if (request.method === 'HEAD' && !endpoint.kind.custom) throw methodNotAllowed();
  // The old path of a watch names the verb, the method does not; a watch that nobody reads has no end.
  if (info.verb === 'watch' && request.method !== 'GET') throw methodNotAllowed();
  const verb = (virtual ? VIRTUAL_VERBS : VERBS)[info.verb];
  if (!verb || (allowed && !allowed.includes(info.verb as never))) throw methodNotAllowed();
  if (info.verb === 'create' && request.path.endsWith(`/${info.name}`) && info.name !== '') throw methodNotAllowed();
  if (info.name === '' && (info.verb === 'update' || info.verb === 'patch')) throw methodNotAllowed();
  return verb(context, endpoint);
}

/**
 * Across namespaces there are lists and watches and nothing else. Upstream: endpoints/installer.go (allNamespaces),
 * customresource_handler.go (possiblyAcrossAllNamespacesVerbs).
 */
async function acrossNamespaces(context: RequestContext, { kind, definition }: Endpoint): Promise<Response> {
  if (kind.custom) return pageNotFound(context);
  const listed = definition.verbs?.includes('list') ?? true;
  throw listed && context.info.name === '' ? methodNotAllowed() : noSuchPath();
}

/** Upstream: apiserver/pkg/endpoints/deprecation. */
function warnDeprecated(
  context: RequestContext,
  endpoint: Endpoint,
  deprecated: { replacement: string; message?: string },
): void {
  const { kind } = endpoint.definition;
  context.warnings.push(
    deprecated.message ?? `${endpoint.apiVersion} ${kind} is deprecated; use ${deprecated.replacement} ${kind}`,
  );
}
