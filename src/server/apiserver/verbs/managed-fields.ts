// Who owns which field: asked on every write; the work is api/patch's. An entry names the version of the request that made
// it, and is compared in that version; where all speak of the stored one, which is the rule, nothing is converted.
import { type VersionView, ownedVersions, updateManagedFields } from '../../../api/patch/managed-fields.ts';
import { builtinSchemas } from '../../../api/schema/builtin.ts';
import type { Schema } from '../../../api/schema/schema.ts';
import type { Unstructured } from '../../../api/types.ts';
import { inVersion } from '../content/view.ts';
import type { RequestContext } from '../context.ts';
import type { Endpoint } from '../registry.ts';
import { timestamp } from './metadata.ts';
import type { WriteOptions } from './options.ts';

const NONE: readonly string[] = [];
const STATUS: readonly string[] = ['status'];
const CUSTOM_BUT_STATUS: readonly string[] = ['metadata', 'spec'];

/** What an endpoint does not let its callers own: the object's own does not write the status. */
function resetFields({ definition }: Endpoint, subresource: string): readonly string[] {
  if (subresource !== '') return definition.subresources?.[subresource]?.resets ?? NONE;
  return definition.resets ?? (definition.subresources?.['status'] ? STATUS : NONE);
}

/**
 * What one who applies does not own, since the endpoint puts it back. (From an update it is gone before it is tracked.)
 * Upstream: the strategies' GetResetFields.
 */
export function fieldsPutBack(endpoint: Endpoint, subresource: string): readonly string[] {
  if (subresource !== 'status') return resetFields(endpoint, subresource);
  const { kind, definition } = endpoint;
  if (kind.custom) return CUSTOM_BUT_STATUS;
  const kept = (definition.statusKeeps ?? []).map((field) => `metadata.${field}`);
  return [...new Set(['spec', ...resetFields(endpoint, subresource), ...kept])];
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
  const { kind, apiVersion, asStored, schema } = endpoint;
  if (kind.mixedVersions || !asStored || !allSpeakOf(apiVersion, draft) || (old && !allSpeakOf(apiVersion, old))) {
    return trackAcross(context, endpoint, draft, old, options, subresource);
  }
  if (!schema) return;
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

/** What nobody can be the owner of does not keep anybody from writing it. Upstream: FieldManager.UpdateNoErrors. */
function settle(draft: Unstructured, tracking: Tracking): void {
  let managedFields: ReturnType<typeof updateManagedFields>;
  try {
    managedFields = updateManagedFields(tracking);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
  }
  if (managedFields) draft.metadata.managedFields = managedFields;
  else delete draft.metadata.managedFields;
}

/** Whether every entry of the object's owners names this version. */
export const allSpeakOf = (apiVersion: string, { metadata }: Unstructured): boolean =>
  metadata.managedFields?.every((entry) => entry.apiVersion === apiVersion) ?? true;

/** The endpoint of a version that an entry names; undefined: the kind has no such version (any more). */
export function endpointAt(
  { server }: RequestContext,
  { kind }: Endpoint,
  apiVersion: string,
): (Endpoint & { schema: Schema }) | undefined {
  const at = server.registry.endpointFor(kind, apiVersion);
  // Groups may have a plural in common, and mean different kinds.
  return at?.schema && at.kind.cache === kind.cache ? (at as Endpoint & { schema: Schema }) : undefined;
}

/** The versions of a kind differ in their schemas, and by a webhook in all. Entries of no version that there is go. */
async function trackAcross(
  context: RequestContext,
  endpoint: Endpoint,
  draft: Unstructured,
  old: Unstructured | undefined,
  options: WriteOptions,
  subresource: string,
): Promise<void> {
  const { apiVersion } = endpoint;
  const both = old ? [draft, old] : [draft];
  const views = new Map<string, VersionView>();
  const versions = ownedVersions({ live: old, updated: draft, subresource: subresource || undefined });
  for (const version of versions.add(apiVersion)) {
    const at = endpointAt(context, endpoint, version);
    if (!at) continue;
    const [updated, live] = await inVersion(both, at);
    views.set(version, { updated: updated!, live, schema: at.schema });
  }
  if (!views.has(apiVersion)) return;
  const tracking = trackingOf(context, endpoint, options, subresource);
  settle(draft, { ...tracking, ...views.get(apiVersion)!, apiVersion, views });
}
