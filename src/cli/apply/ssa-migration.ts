// After a server-side apply: hands over what client-side applies owned, so that fields which leave the manifest are
// removed from then on. Costs no request when there is nothing to hand over.
// Upstream: kubectl/pkg/cmd/apply/apply.go migrateToSSAIfNecessary and saveLastApplyAnnotationIfNecessary.
import { upgradeManagedFields } from '../../api/patch/csa-upgrade.ts';
import { isConflict } from '../../api/status.ts';
import type { ManagedFieldsEntry, Unstructured } from '../../api/types.ts';
import type { Info } from '../builder/builder.ts';
import type { Cluster } from '../cluster.ts';
import { LAST_APPLIED } from '../last-applied.ts';
import { patchObject, readObject, type WriteOptions } from '../operation.ts';

export const SERVER_SIDE_MANAGER = 'kubectl';
/** Owns the annotation alone, so that it outlives the hand-over. */
const ANNOTATION_MANAGER = 'kubectl-last-applied';
const MAX_RETRY = 5;
const later = 'This is non-fatal and will be retried next time you apply. Error:';

/** The manager names whose entries of this operation own the last-applied annotation. */
function annotationOwners(object: Unstructured, operation: string): string[] {
  const owns = (entry: ManagedFieldsEntry): boolean => {
    const fields = entry.fieldsV1 as Record<string, Record<string, Record<string, unknown>>> | undefined;
    return fields?.['f:metadata']?.['f:annotations']?.[`f:${LAST_APPLIED}`] !== undefined;
  };
  const entries = object.metadata.managedFields ?? [];
  return entries.filter((e) => e.operation === operation && owns(e)).map((e) => e.manager ?? '');
}

/** Resolves with the object as it is afterwards. A failure is a warning: the object has been applied already. */
export async function migrateToServerSide(
  cluster: Cluster,
  info: Info,
  applied: Unstructured,
  reapply: () => Promise<Unstructured>,
  options: WriteOptions,
  warn: (text: string) => void,
): Promise<Unstructured> {
  let object = applied;
  try {
    object = await keepAnnotation(cluster, info, object, options);
  } catch (error) {
    warn(`Warning: failed to migrate ${LAST_APPLIED} for Server-Side Apply. ${later} ${(error as Error).message}\n`);
    return object;
  }
  let migrated: Unstructured | undefined;
  try {
    migrated = await handOver(cluster, info, object, options);
  } catch (error) {
    warn(
      `Warning: server rejected managed fields migration to Server-Side Apply. ${later} ${(error as Error).message}\n`,
    );
    return object;
  }
  if (!migrated) return object;
  try {
    return await reapply();
  } catch (error) {
    warn(
      `Warning: failed to re-apply configuration after performing Server-Side Apply migration. ${later} ${(error as Error).message}\n`,
    );
    return migrated;
  }
}

async function keepAnnotation(
  cluster: Cluster,
  info: Info,
  object: Unstructured,
  options: WriteOptions,
): Promise<Unstructured> {
  const text = object.metadata.annotations?.[LAST_APPLIED];
  if (options.fieldManager !== SERVER_SIDE_MANAGER || text === undefined) return object;
  if (annotationOwners(object, 'Apply').length > 0) return object;
  const { name, namespace } = object.metadata;
  const only = {
    apiVersion: object.apiVersion,
    kind: object.kind,
    metadata: { name, ...(namespace ? { namespace } : {}), annotations: { [LAST_APPLIED]: text } },
  };
  // The copy of the object must stay as it was when there is nothing to store.
  const answer = await patchObject(cluster, info, 'apply', only, { ...options, fieldManager: ANNOTATION_MANAGER });
  return options.dryRun === 'server' ? object : answer;
}

async function handOver(
  cluster: Cluster,
  info: Info,
  start: Unstructured,
  options: WriteOptions,
): Promise<Unstructured | undefined> {
  const managers = annotationOwners(start, 'Update');
  let object = start;
  for (let attempt = 1; ; attempt++) {
    const before = object.metadata.managedFields ?? [];
    const value = upgradeManagedFields(before, managers, options.fieldManager ?? SERVER_SIDE_MANAGER);
    if (managers.length === 0 || value === before) return undefined;
    const patch = [
      { op: 'replace', path: '/metadata/managedFields', value },
      { op: 'replace', path: '/metadata/resourceVersion', value: object.metadata.resourceVersion },
    ];
    try {
      return await patchObject(cluster, info, 'json', patch, {
        dryRun: options.dryRun,
        fieldManager: options.fieldManager,
      });
    } catch (error) {
      if (!isConflict(error) || attempt === MAX_RETRY) throw error;
      object = await readObject(cluster, info);
    }
  }
}
