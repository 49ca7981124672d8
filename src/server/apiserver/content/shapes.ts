// Objects as Tables and as metadata only. Upstream: apiserver/pkg/endpoints/handlers/response.go,
// registry/rest/table.go. Columns come from the kind; a kind without any has name and age.
import type { Column } from '../../../api/kind.ts';
import { StatusError } from '../../../api/status.ts';
import type { ListMeta, Unstructured } from '../../../api/types.ts';
import type { RequestContext } from '../context.ts';
import type { Endpoint } from '../registry.ts';
import type { Negotiated } from './negotiate.ts';

type IncludeObject = 'None' | 'Metadata' | 'Object';

export interface TableRow {
  cells: (string | number | boolean | null)[];
  object?: unknown;
}

const NAME_COLUMN = {
  name: 'Name',
  type: 'string',
  format: 'name',
  description:
    'Name must be unique within a namespace. Is required when creating resources, although some resources may allow a client to request the generation of an appropriate name automatically. Name is primarily intended for creation idempotence and configuration definition. Cannot be updated. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names',
  priority: 0,
};
const CREATED_AT: Column<Unstructured> = {
  name: 'Created At',
  type: 'date',
  description:
    'CreationTimestamp is a timestamp representing the server time when this object was created. It is not guaranteed to be set in happens-before order across separate operations. Clients may not set this value. It is represented in RFC3339 form and is in UTC.\n\nPopulated by the system. Read-only. Null for lists. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata',
  value: (object) => object.metadata.creationTimestamp ?? null,
};

const columnsOf = (endpoint: Endpoint): readonly Column<Unstructured>[] =>
  endpoint.kind.definition.columns ?? [CREATED_AT];

export function columnDefinitions(endpoint: Endpoint): object[] {
  const rest = columnsOf(endpoint).map(({ name, type, format, description, priority }) => ({
    name,
    type,
    format: format ?? '',
    description,
    priority: priority ?? 0,
  }));
  return [NAME_COLUMN, ...rest];
}

export function includeObject(context: RequestContext): IncludeObject {
  const asked = context.request.query.get('includeObject');
  if (asked === null || asked === '') return 'Metadata';
  if (asked === 'None' || asked === 'Metadata' || asked === 'Object') return asked;
  throw new StatusError('BadRequest', `unrecognized includeObject value: ${JSON.stringify(asked)}`);
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
  const cells: TableRow['cells'] = [object.metadata.name ?? ''];
  for (const column of columnsOf(endpoint)) cells.push(column.value(object, nowMs));
  if (include === 'None') return { cells };
  return { cells, object: include === 'Object' ? shown() : partial(object, version) };
}

export const partial = (object: Unstructured, version: string): object => ({
  kind: 'PartialObjectMetadata',
  apiVersion: `meta.k8s.io/${version}`,
  metadata: object.metadata,
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

/** One object in the shape that was asked for. */
export function shapeObject(
  context: RequestContext,
  endpoint: Endpoint,
  object: Unstructured,
  negotiated: Negotiated,
): object {
  if (negotiated.shape !== 'Table') return partial(object, negotiated.shapeVersion);
  const row = tableRow(
    endpoint,
    object,
    () => object,
    includeObject(context),
    negotiated.shapeVersion,
    context.server.now(),
  );
  return table(endpoint, negotiated.shapeVersion, { resourceVersion: object.metadata.resourceVersion ?? '' }, [row]);
}
