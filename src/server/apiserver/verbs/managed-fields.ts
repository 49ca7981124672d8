// Who owns which field: asked on every write; the work is api/patch's. Entries name the version that is stored: a
// write through another version of the kind is converted before it is tracked.
import { updateManagedFields } from '../../../api/patch/managed-fields.ts';
import { builtinSchemas } from '../../../api/schema/builtin.ts';
import type { Schema } from '../../../api/schema/schema.ts';
import type { Unstructured } from '../../../api/types.ts';
import type { RequestContext } from '../context.ts';
import type { Endpoint } from '../registry.ts';
import { timestamp } from './metadata.ts';
import type { WriteOptions } from './options.ts';

const NONE: readonly string[] = [];
const STATUS: readonly string[] = ['status'];

/** The schema of the stored version. */
export function storedSchema(context: RequestContext, { kind, schema, asStored }: Endpoint): Schema | undefined {
  return asStored ? schema : context.server.registry.endpointFor(kind, kind.storageApiVersion)?.schema;
}

/** What an endpoint does not let its callers own: the object's own does not write the status. */
export function resetFields(endpoint: Endpoint, subresource: string): readonly string[] {
  return subresource === '' && endpoint.definition.subresources?.['status'] ? STATUS : NONE;
}

/** Records an update (or a create, without `old`) in the draft's managedFields. */
export function trackUpdate(
  context: RequestContext,
  endpoint: Endpoint,
  draft: Unstructured,
  old: Unstructured | undefined,
  options: WriteOptions,
  subresource: string,
): void {
  const schema = storedSchema(context, endpoint);
  if (!schema) return;
  const managedFields = updateManagedFields({
    live: old,
    updated: draft,
    manager: options.fieldManager,
    apiVersion: endpoint.kind.storageApiVersion,
    subresource: subresource || undefined,
    now: timestamp(context.server.now()),
    schema,
    source: builtinSchemas,
    resetFields: resetFields(endpoint, subresource),
    custom: endpoint.kind.custom,
  });
  if (managedFields) draft.metadata.managedFields = managedFields;
  else delete draft.metadata.managedFields;
}
