// The history of a workload: the ReplicaSets of a Deployment, the ControllerRevisions of a DaemonSet or StatefulSet.
// Upstream: kubectl/pkg/polymorphichelpers/history.go.
import type { ControllerRevision, Deployment } from 'kubernetes-types/apps/v1.js';
import type { PodTemplateSpec } from 'kubernetes-types/core/v1.js';
import { templateOfRevision } from '../../api/revisions.ts';
import { type LabelSelector, selectorFromObject } from '../../api/selector.ts';
import type { Unstructured } from '../../api/types.ts';
import type { Info } from '../builder/builder.ts';
import type { Cluster } from '../cluster.ts';
import { CliError } from '../errors.ts';
import { CHANGE_CAUSE } from '../base.ts';
import { ownedReplicaSets, revisionOf } from './replicasets.ts';

export interface HistoryEntry {
  cause: string;
  template: PodTemplateSpec | undefined;
  /** What `-o` prints: the ReplicaSet, or the workload as it was. */
  object: Unstructured;
}
export type WorkloadHistory = ReadonlyMap<number, HistoryEntry>;

/** Workloads that kubectl knows and that keep no history. */
const WITHOUT_HISTORY = new Set([
  'Job.batch',
  'CronJob.batch',
  'Pod',
  'ReplicaSet.apps',
  'ReplicaSet.extensions',
  'ReplicationController',
]);

/** The error for a kind without history: `what` is missing, in kubectl's words. */
export function unsupported(info: Info, what: string, whileDoing: string): CliError {
  const { kind, group } = info.mapping;
  const groupKind = group ? `${kind}.${group}` : kind;
  if (WITHOUT_HISTORY.has(groupKind)) return new CliError(`no ${what} has been implemented for "${groupKind}"`);
  return new CliError(
    `error retrieving ${whileDoing} for "${groupKind}", no visitor method exists for {${group} ${kind}}`,
  );
}

const isApps = (group: string): boolean => group === 'apps' || group === 'extensions';
export const isDeployment = ({ mapping }: Info): boolean => isApps(mapping.group) && mapping.kind === 'Deployment';
/** Keeps its history in ControllerRevisions. */
export const hasRevisions = ({ mapping }: Info): boolean =>
  isApps(mapping.group) && (mapping.kind === 'DaemonSet' || mapping.kind === 'StatefulSet');

/** Those that the workload controls, oldest first. */
export async function ownedRevisions(cluster: Cluster, { object, mapping, name }: Info): Promise<ControllerRevision[]> {
  const { namespace = '', uid } = object!.metadata;
  const { selector } = object!['spec'] as { selector?: LabelSelector };
  const path = `/apis/apps/v1/namespaces/${encodeURIComponent(namespace)}/controllerrevisions`;
  const query = { labelSelector: selectorFromObject(selector).toString() };
  const list = await cluster.json<{ items?: ControllerRevision[] }>('GET', path, { query }).catch((error: unknown) => {
    throw new CliError(`unable to find history controlled by ${mapping.kind} ${name}: ${(error as Error).message}`);
  });
  return (list.items ?? [])
    .filter((revision) => revision.metadata?.ownerReferences?.some((o) => o.controller && o.uid === uid))
    .sort((a, b) => a.revision - b.revision);
}

export async function historyOf(cluster: Cluster, info: Info): Promise<WorkloadHistory> {
  if (isDeployment(info)) return deploymentHistory(cluster, info);
  if (!hasRevisions(info)) throw unsupported(info, 'history viewer', 'history');
  const found = new Map<number, HistoryEntry>();
  for (const revision of await ownedRevisions(cluster, info)) {
    const template = templateOfRevision(revision);
    const spec = info.object!['spec'] as object;
    const object = { ...info.object!, spec: { ...spec, template } } as Unstructured;
    found.set(revision.revision, { cause: revision.metadata?.annotations?.[CHANGE_CAUSE] ?? '', template, object });
  }
  return found;
}

async function deploymentHistory(cluster: Cluster, info: Info): Promise<WorkloadHistory> {
  const found = new Map<number, HistoryEntry>();
  for (const set of await ownedReplicaSets(cluster, info.object as unknown as Deployment)) {
    const revision = revisionOf(set);
    if (revision === undefined) continue;
    const cause = set.metadata?.annotations?.[CHANGE_CAUSE] ?? '';
    const object = { ...set, apiVersion: 'apps/v1', kind: 'ReplicaSet' } as unknown as Unstructured;
    found.set(revision, { cause, template: withCause(set.spec?.template, cause), object });
  }
  return found;
}

function withCause(template: PodTemplateSpec | undefined, cause: string): PodTemplateSpec | undefined {
  if (!template || !cause) return template;
  const annotations = { ...template.metadata?.annotations, [CHANGE_CAUSE]: cause };
  return { ...template, metadata: { ...template.metadata, annotations } };
}
