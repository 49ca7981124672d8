// One object of `apply` as the client does it: created, or changed by the difference of three states. Upstream:
// ApplyOptions.applyOneObject of kubectl/pkg/cmd/apply/apply.go.
import type { Unstructured } from '../../api/types.ts';
import type { Info } from '../builder/builder.ts';
import type { Cluster } from '../cluster.ts';
import { LAST_APPLIED, lastAppliedOf, withLastApplied } from '../last-applied.ts';
import { createObject, warnIfDeleting, withSource } from '../operation.ts';
import { type ApplyOptions, applyToExisting, withoutNulls } from './three-way.ts';

export interface ClientSideOptions extends ApplyOptions {
  /** The program, in advice. */
  program: string;
  warn(text: string): void;
}

export interface Applied {
  operation: 'created' | 'configured' | 'unchanged';
  /** As it was; undefined for what is new. */
  before?: Unstructured;
}

/** Leaves in `info` the object as it is afterwards. */
export async function applyClientSide(
  cluster: Cluster,
  info: Info,
  read: () => Promise<Unstructured | undefined>,
  options: ClientSideOptions,
): Promise<Applied> {
  const { dryRun, program, warn } = options;
  const modified = withLastApplied(info.object!);
  const current = await read().catch((error: unknown) => {
    throw withSource(`retrieving current configuration of:\n${about(info)}\nfrom server for:`, info.source, error);
  });
  if (!current) {
    info.object = withoutNulls(modified);
    if (dryRun === 'client') return { operation: 'created' };
    try {
      info.object = await createObject(cluster, info, options);
    } catch (error) {
      throw withSource('creating', info.source, error);
    }
    return { operation: 'created' };
  }
  info.object = current;
  if (dryRun === 'client') return { operation: 'configured' };
  if (lastAppliedOf(current) === undefined) {
    warn(
      `Warning: resource ${info.mapping.plural}/${info.name} is missing the ${LAST_APPLIED} annotation which is required by ${program} apply. ${program} apply should only be used on resources created declaratively by either ${program} create --save-config or ${program} apply. The missing annotation will be patched automatically.\n`,
    );
  }
  const { object, changed } = await applyToExisting(cluster, info, current, modified, options);
  info.object = object;
  warnIfDeleting(object, warn);
  return { operation: changed ? 'configured' : 'unchanged', before: current };
}

function about({ mapping, name, namespace = '' }: Info): string {
  const group = mapping.group ? `${mapping.group}/` : '/';
  const resource = JSON.stringify(`${group}${mapping.version}, Resource=${mapping.plural}`);
  const kind = JSON.stringify(`${group}${mapping.version}, Kind=${mapping.kind}`);
  return `Resource: ${resource}, GroupVersionKind: ${kind}\nName: ${JSON.stringify(name)}, Namespace: ${JSON.stringify(namespace)}`;
}
