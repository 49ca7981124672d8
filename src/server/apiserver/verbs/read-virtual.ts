// GET of kinds that are not stored but worked out by a hook when somebody asks: one, or all that selectors match. Such
// objects have no revision, and nobody can watch them.
import { notFound } from '../../../api/status.ts';
import type { Unstructured } from '../../../api/types.ts';
import type { Response } from '../../../wire/http.ts';
import { encodeWhole } from '../cache/encoding.ts';
import { type Negotiated, negotiateFor } from '../content/negotiate.ts';
import { objectResponse } from '../content/respond.ts';
import { columnDefinitions, includeObject, partial, shapeObject, tableRow } from '../content/shapes.ts';
import type { RequestContext } from '../context.ts';
import type { Endpoint } from '../registry.ts';
import { noExtras } from './commit.ts';
import { hookContext } from './hook-context.ts';
import { methodNotAllowed } from './options.ts';
import { readOptions } from './read-options.ts';

export async function readVirtual(context: RequestContext, endpoint: Endpoint): Promise<Response> {
  const read = endpoint.kind.hooks?.read;
  if (!read) throw methodNotAllowed();
  const negotiated = negotiateFor(context.request.headers['accept'], endpoint);
  await context.server.feed.fresh();
  const { name, verb } = context.info;
  const objects = await read(hookContext(context, name, false, noExtras()));
  if (verb === 'list') return listOf(context, endpoint, selected(context, endpoint, objects), negotiated);
  const found = objects.find((object) => object.metadata.name === name);
  if (!found) throw notFound(endpoint.qualified, name);
  const shape = negotiated.shape === '' ? found : shapeObject(context, endpoint, found, negotiated);
  return objectResponse(context, 200, () => shape, negotiated, encodeWhole(shape));
}

function selected(context: RequestContext, endpoint: Endpoint, objects: readonly Unstructured[]): Unstructured[] {
  const { labels, fields } = readOptions(context, endpoint, false);
  return objects.filter(({ metadata }) => {
    const value = (field: string): string =>
      (field === 'metadata.name' ? metadata.name : field === 'metadata.namespace' ? metadata.namespace : '') ?? '';
    return labels.matches(metadata.labels ?? {}) && fields.matches(value);
  });
}

function listOf(
  context: RequestContext,
  endpoint: Endpoint,
  objects: readonly Unstructured[],
  negotiated: Negotiated,
): Promise<Response> {
  const list = wholeList(context, endpoint, objects, negotiated);
  return objectResponse(context, 200, () => list, negotiated, encodeWhole(list));
}

function wholeList(
  context: RequestContext,
  endpoint: Endpoint,
  objects: readonly Unstructured[],
  { shape, shapeVersion }: Negotiated,
): object {
  const { kind, listKind = `${kind}List` } = endpoint.definition;
  const metadata = {};
  if (shape === '') {
    const items = objects.map(({ kind: _kind, apiVersion: _apiVersion, ...rest }) => rest);
    return { kind: listKind, apiVersion: endpoint.apiVersion, metadata, items };
  }
  const apiVersion = `meta.k8s.io/${shapeVersion}`;
  if (shape !== 'Table') {
    const items = objects.map((object) => partial(object, shapeVersion));
    return { kind: 'PartialObjectMetadataList', apiVersion, metadata, items };
  }
  const include = includeObject(context);
  const nowMs = context.server.now();
  const rows = objects.map((object) => tableRow(endpoint, object, () => object, include, shapeVersion, nowMs));
  return { kind: 'Table', apiVersion, metadata, columnDefinitions: columnDefinitions(endpoint), rows };
}
