// Objects as Tables and as metadata only, for the requests that ask for it. The tables themselves are api/table.ts's.
// Upstream: apiserver/pkg/endpoints/handlers/response.go.
import { StatusError, badRequest } from '../../../api/status.ts';
import { type IncludeObject, type TableColumnDefinition, type TableRow, rowFor, tableFor } from '../../../api/table.ts';
import type { ListMeta, Unstructured } from '../../../api/types.ts';
import { shownMeta } from '../cache/encoding.ts';
import type { RequestContext } from '../context.ts';
import type { Endpoint } from '../registry.ts';
import { internalType } from './decode.ts';
import type { Negotiated } from './negotiate.ts';

export function columnDefinitions(endpoint: Endpoint): TableColumnDefinition[] {
  return tableFor(endpoint.definition, [], { nowMs: 0 }).columnDefinitions ?? [];
}

export function includeObject(context: RequestContext): IncludeObject {
  const asked = context.request.query.get('includeObject');
  if (asked === null || asked === '') return 'Metadata';
  if (asked === 'None' || asked === 'Metadata' || asked === 'Object') return asked;
  const why = `Invalid value: ${JSON.stringify(asked)}: must be 'Metadata', 'Object', 'None', or empty`;
  throw badRequest(`Unable to convert to Table as requested: includeObject: ${why}`);
}

/** `object` is in the stored version, `shown` in the endpoint's. */
export function tableRow(
  endpoint: Endpoint,
  object: Unstructured,
  shown: () => Unstructured,
  include: IncludeObject,
  version: string,
  nowMs: number,
): TableRow {
  const row = rowFor(endpoint.definition, endpoint.kind.custom ? shown() : object, nowMs, 'None');
  if (include !== 'None') row.object = include === 'Object' ? shown() : partial(object, version);
  return row;
}

export const partial = (object: Unstructured, version: string): object => ({
  kind: 'PartialObjectMetadata',
  apiVersion: `meta.k8s.io/${version}`,
  metadata: shownMeta(object.metadata),
});

export function table(
  endpoint: Endpoint,
  version: string,
  metadata: ListMeta,
  rows: TableRow[],
  columns = true,
): object {
  return {
    kind: 'Table',
    apiVersion: `meta.k8s.io/${version}`,
    metadata,
    columnDefinitions: columns ? columnDefinitions(endpoint) : null,
    rows,
  };
}

/** Upstream: asPartialObjectMetadata, asPartialObjectMetadataList. */
export function otherShape({ definition, kind, group }: Endpoint, shape: string): StatusError {
  const isList = shape === 'PartialObjectMetadata';
  const name = isList ? (definition.listKind ?? `${definition.kind}List`) : definition.kind;
  const type = kind.custom ? `unstructured.Unstructured${isList ? 'List' : ''}` : internalType(group, name);
  const what = isList ? 'is a list' : 'is not a list';
  return new StatusError('NotAcceptable', `you requested ${shape}, but the requested object ${what} (*${type})`);
}

/** One object in the shape that was asked for. */
export function shapeObject(
  context: RequestContext,
  endpoint: Endpoint,
  object: Unstructured,
  negotiated: Negotiated,
): object {
  const { shape, shapeVersion: version } = negotiated;
  if (shape === 'PartialObjectMetadataList') throw otherShape(endpoint, shape);
  if (shape !== 'Table') return partial(object, version);
  const row = tableRow(endpoint, object, () => object, includeObject(context), version, context.server.now());
  const { resourceVersion } = object.metadata;
  return table(endpoint, version, resourceVersion ? { resourceVersion } : {}, [row]);
}
