// One object of `apply --server-side`: sent, its conflicts explained, and the fields of earlier client-side applies
// handed over. Upstream: ApplyOptions.applyOneObject of kubectl/pkg/cmd/apply/apply.go.
import { isConflict, StatusError } from '../../api/status.ts';
import type { Unstructured } from '../../api/types.ts';
import type { Info } from '../builder/builder.ts';
import type { Cluster } from '../cluster.ts';
import { CliError } from '../errors.ts';
import { patchObject, warnIfDeleting, type WriteOptions } from '../operation.ts';
import { migrateToServerSide } from './ssa-migration.ts';

const CONFLICT_ADVICE = `Please review the fields above--they currently have other managers. Here
are the ways you can resolve this warning:
* If you intend to manage all of these fields, please re-run the apply
  command with the \`--force-conflicts\` flag.
* If you do not intend to manage all of the fields, please edit your
  manifest to remove references to the fields that should keep their
  current managers.
* You may co-own fields by updating your manifest to match the existing
  value; in this case, you'll become the manager if the other manager(s)
  stop managing the field (remove it from their configuration).
See https://kubernetes.io/docs/reference/using-api/server-side-apply/#conflicts`;

export interface ServerSideOptions extends WriteOptions {
  warn(text: string): void;
}

/** Leaves in `info` the object as it is afterwards. */
export async function applyServerSide(
  cluster: Cluster,
  info: Info,
  { warn, subresource, ...write }: ServerSideOptions,
): Promise<void> {
  const body = info.object!;
  const apply = (): Promise<Unstructured> =>
    patchObject(cluster, info, 'apply', body, { ...write, ...(subresource ? { subresource } : {}) });
  let applied: Unstructured;
  try {
    applied = await apply();
  } catch (error) {
    if (error instanceof StatusError && error.code === 415) {
      throw new CliError(`Server-side apply not available on the server: (${error.message})`);
    }
    if (isConflict(error)) throw new CliError(`${error.message}\n${CONFLICT_ADVICE}`);
    throw error;
  }
  info.object = await migrateToServerSide(cluster, info, applied, apply, write, warn);
  warnIfDeleting(info.object, warn);
}
