// Who owns which field: asked on every write; the work is api/patch's. Entries of custom resources name the version of
// the request, and are compared in it; those of built-in kinds name the version that is stored.
import { type VersionView, ownedVersions, updateManagedFields } from '../../../api/patch/managed-fields.ts';
import { builtinSchemas } from '../../../api/schema/builtin.ts';
import type { Schema } from '../../../api/schema/schema.ts';
import type { Unstructured } from '../../../api/types.ts';
import { inOwnVersion } from '../content/view.ts';
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

/** Records an update (or a create, without `old`) in the draft's managedFields; both are in the stored version. */
export function trackUpdate(
  context: RequestContext,
  endpoint: Endpoint,
  draft: Unstructured,
  old: Unstructured | undefined,
  options: WriteOptions,
  subresource: string,
): Promise<void> | void {
  if (endpoint.kind.mixedVersions) return trackAcross(context, endpoint, draft, old, options, subresource);
  const schema = storedSchema(context, endpoint);
  if (!schema) return;
  const { storageApiVersion: apiVersion } = endpoint.kind;
  settle(draft, {
    ...trackingOf(context, endpoint, options, subresource),
    apiVersion,
    schema,
    live: old,
    updated: draft,
  });
}

type Tracking = Parameters<typeof updateManagedFields>[0];

function trackingOf(context: RequestContext, endpoint: Endpoint, options: WriteOptions, subresource: string) {
  return {
    manager: options.fieldManager,
    subresource: subresource || undefined,
    now: timestamp(context.server.now()),
    source: builtinSchemas,
    resetFields: resetFields(endpoint, subresource),
    custom: endpoint.kind.custom,
  };
}

function settle(draft: Unstructured, tracking: Tracking): void {
  const managedFields = updateManagedFields(tracking);
  if (managedFields) draft.metadata.managedFields = managedFields;
  else delete draft.metadata.managedFields;
}

/** The versions of a custom resource differ in their schemas, and by a webhook in all. */
async function trackAcross(
  context: RequestContext,
  endpoint: Endpoint,
  draft: Unstructured,
  old: Unstructured | undefined,
  options: WriteOptions,
  subresource: string,
): Promise<void> {
  const { registry } = context.server;
  const { apiVersion } = endpoint;
  const both = old ? [draft, old] : [draft];
  const views = new Map<string, VersionView>();
  const versions = ownedVersions({ live: old, updated: draft, subresource: subresource || undefined });
  for (const version of versions.add(apiVersion)) {
    const at = registry.endpointFor(endpoint.kind, version);
    if (!at?.schema) continue;
    const [updated, live] = await inOwnVersion(both, at);
    views.set(version, { updated: updated!, live, schema: at.schema });
  }
  const tracking = trackingOf(context, endpoint, options, subresource);
  settle(draft, { ...tracking, ...views.get(apiVersion)!, apiVersion, views });
}
