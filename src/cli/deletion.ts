// The deletion of one object as several commands make it, and what is said of it. Upstream: DeleteOptions.deleteResource
// and PrintObj of kubectl/pkg/cmd/delete/delete.go.
import type { Status } from '../api/status.ts';
import { resourcePath, type Unstructured } from '../api/types.ts';
import { deleteBody } from '../client/rest.ts';
import type { Info } from './builder/builder.ts';
import type { Cluster } from './cluster.ts';
import { type DryRun, dryRunSuffix, type Propagation } from './flags.ts';
import { kindOf } from './operation.ts';

export interface DeletionOptions {
  propagationPolicy: Propagation;
  /** Negative: the kind's own. */
  gracePeriod: number;
  dryRun?: DryRun;
}

export interface DeletionAnswer {
  /** Of what was deleted, when the server says it. */
  uid?: string;
  /** What is still there, for a while. */
  object?: Unstructured;
}

export async function deleteObject(cluster: Cluster, info: Info, options: DeletionOptions): Promise<DeletionAnswer> {
  const { gracePeriod, propagationPolicy, dryRun } = options;
  const body = deleteBody({
    ...(gracePeriod >= 0 ? { gracePeriodSeconds: gracePeriod } : {}),
    propagationPolicy,
    dryRun: dryRun === 'server',
  });
  const answer = await cluster.json<Unstructured | Status>('DELETE', resourcePath(info.mapping, info), { body });
  if (!isObject(answer)) return { uid: answer.details?.uid };
  return { uid: answer.metadata.uid, object: answer };
}

const isObject = (answer: Unstructured | Status): answer is Unstructured =>
  answer.kind !== 'Status' && (answer as Unstructured).metadata?.uid !== undefined;

/** `pod "x" deleted`, or `pod/x` with -o name. */
export function deletionLine(info: Info, { gracePeriod, dryRun = 'none' }: DeletionOptions, output = ''): string {
  if (output === 'name') return `${kindOf(info)}/${info.name}\n`;
  const word = gracePeriod === 0 ? 'force deleted' : 'deleted';
  return `${kindOf(info)} ${JSON.stringify(info.name)} ${word}${dryRunSuffix(dryRun)}\n`;
}
