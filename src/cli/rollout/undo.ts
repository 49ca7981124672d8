// Going back to an earlier template. Upstream: kubectl/pkg/polymorphichelpers/rollback.go.
import type { ControllerRevision, Deployment, ReplicaSet } from 'kubernetes-types/apps/v1.js';
import type { PodTemplateSpec } from 'kubernetes-types/core/v1.js';
import { isRevisionOf, templateOfRevision } from '../../api/revisions.ts';
import type { PatchType } from '../../client/rest.ts';
import type { Info } from '../builder/builder.ts';
import type { Cluster } from '../cluster.ts';
import { Document } from '../describe/_document.ts';
import { podTemplateLines } from '../describe/_pod-template.ts';
import { CliError } from '../errors.ts';
import type { DryRun } from '../flags.ts';
import { LAST_APPLIED } from '../last-applied.ts';
import { patchObject } from '../operation.ts';
import { hasRevisions, isDeployment, ownedRevisions, unsupported } from './history.ts';
import { REVISION, TEMPLATE_HASH, ownedReplicaSets, revisionOf, templateKey } from './replicasets.ts';

/** Annotations that stay the deployment's own. */
const kept = new Set([
  LAST_APPLIED,
  REVISION,
  'deployment.kubernetes.io/revision-history',
  'deployment.kubernetes.io/desired-replicas',
  'deployment.kubernetes.io/max-replicas',
  'deprecated.deployment.rollback.to',
]);

export interface UndoOptions {
  /** 0: the one before the last. */
  toRevision: number;
  dryRun: DryRun;
  /** How the user calls us. */
  program: string;
}

/** Answers what was done, in kubectl's words. */
export async function undo(cluster: Cluster, info: Info, options: UndoOptions): Promise<string> {
  const deployment = isDeployment(info);
  if (!deployment && !hasRevisions(info)) throw unsupported(info, 'rollbacker', 'rollbacker');
  if (options.toRevision < 0) throw notFound(options.toRevision);
  return deployment ? undoDeployment(cluster, info, options) : undoRevision(cluster, info, options);
}

const notFound = (revision: number) => new CliError(`unable to find specified revision ${revision} in history`);
const skipped = (revision: number) => `skipped rollback (current template already matches revision ${revision})`;

function templateText(template: PodTemplateSpec): string {
  const doc = new Document();
  podTemplateLines(doc, template);
  return doc.raw;
}

async function restore(
  cluster: Cluster,
  info: Info,
  { type, patch }: { type: PatchType; patch: unknown },
  { toRevision, dryRun }: UndoOptions,
): Promise<string> {
  try {
    await patchObject(cluster, info, type, patch, { dryRun });
  } catch (error) {
    throw new CliError(`failed restoring revision ${toRevision}: ${(error as Error).message}`);
  }
  return 'rolled back';
}

async function undoRevision(cluster: Cluster, info: Info, options: UndoOptions): Promise<string> {
  const { toRevision, dryRun } = options;
  const history = await ownedRevisions(cluster, info);
  if (toRevision === 0 && history.length <= 1) throw new CliError('no last revision to roll back to');
  const target: ControllerRevision | undefined =
    toRevision === 0 ? history.at(-2) : history.find((r) => r.revision === toRevision);
  if (!target) throw notFound(toRevision);
  if (dryRun === 'client') return `will roll back to ${templateText(templateOfRevision(target))}`;
  const { template } = info.object!['spec'] as { template: PodTemplateSpec };
  if (isRevisionOf(target, template)) return skipped(toRevision);
  return restore(cluster, info, { type: 'strategic', patch: target.data }, options);
}

async function undoDeployment(cluster: Cluster, info: Info, options: UndoOptions): Promise<string> {
  const { toRevision, dryRun, program } = options;
  const deployment = info.object as unknown as Deployment;
  const target = chosen(await ownedReplicaSets(cluster, deployment), toRevision, info.name);
  const template = target.spec!.template!;
  if (dryRun === 'client') return templateText(template);
  if (deployment.spec?.paused) {
    throw new CliError(
      `you cannot rollback a paused deployment; resume it first with '${program} rollout resume' and try again`,
    );
  }
  if (templateKey(template) === templateKey(deployment.spec?.template)) return skipped(toRevision);
  const labels = { ...template.metadata?.labels };
  delete labels[TEMPLATE_HASH];
  const own = Object.entries(deployment.metadata?.annotations ?? {}).filter(([key]) => kept.has(key));
  const theirs = Object.entries(target.metadata?.annotations ?? {}).filter(([key]) => !kept.has(key));
  const patch = [
    { op: 'replace', path: '/spec/template', value: { ...template, metadata: { ...template.metadata, labels } } },
    { op: 'replace', path: '/metadata/annotations', value: Object.fromEntries([...own, ...theirs]) },
  ];
  return restore(cluster, info, { type: 'json', patch }, options);
}

/** The replica set of a revision; 0 is the one before the newest. */
function chosen(sets: readonly ReplicaSet[], revision: number, name: string): ReplicaSet {
  const ordered = sets.filter((s) => revisionOf(s) !== undefined).sort((a, b) => revisionOf(b)! - revisionOf(a)!);
  if (revision > 0) {
    const found = ordered.find((s) => revisionOf(s) === revision);
    if (!found) throw notFound(revision);
    return found;
  }
  if (ordered.length < 2) throw new CliError(`no rollout history found for deployment ${JSON.stringify(name)}`);
  return ordered[1]!;
}
