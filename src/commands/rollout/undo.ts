// `rollout undo` of deployments. Upstream: kubectl/pkg/cmd/rollout/rollout_undo.go, polymorphichelpers/rollback.go.
import type { Deployment, ReplicaSet } from 'kubernetes-types/apps/v1.js';
import type { Info } from '../../cli/builder/builder.ts';
import { Document } from '../../cli/describe/_document.ts';
import { podTemplateLines } from '../../cli/describe/_pod-template.ts';
import { CliError, throwCollected } from '../../cli/errors.ts';
import { type DryRun, dryRunFlag, dryRunOf } from '../../cli/flags.ts';
import { LAST_APPLIED } from '../../cli/last-applied.ts';
import { operationPrinter, patchObject } from '../../cli/operation.ts';
import { flag } from '../../cli/pflag.ts';
import { printOptionsOf } from '../../cli/print/object.ts';
import { ownedReplicaSets, REVISION, revisionOf, TEMPLATE_HASH, templateKey } from '../../cli/rollout/replicasets.ts';
import { RolloutCommand, rolloutFlags } from './_rollout.ts';

/** Annotations that stay the deployment's own. */
const kept = new Set([
  LAST_APPLIED,
  REVISION,
  'deployment.kubernetes.io/revision-history',
  'deployment.kubernetes.io/desired-replicas',
  'deployment.kubernetes.io/max-replicas',
  'deprecated.deployment.rollback.to',
]);

export default class RolloutUndo extends RolloutCommand {
  static short = 'Undo a previous rollout';
  static override summary = 'Roll back to a previous rollout';
  static examples = `# Roll back to the previous deployment
{program} rollout undo deployment/abc

# Roll back to daemonset revision 3
{program} rollout undo daemonset/abc --to-revision=3

# Roll back to the previous deployment with dry-run
{program} rollout undo --dry-run=server deployment/abc`;
  static override usage = '(TYPE NAME | TYPE/NAME) [flags]';
  static override flags = {
    ...rolloutFlags,
    ...dryRunFlag,
    'to-revision': flag.int('The revision to rollback to. Default to 0 (last revision).'),
  };

  async run(): Promise<void> {
    const { flags, args } = this.parse(RolloutUndo);
    const dryRun = dryRunOf(flags['dry-run'], (t) => this.err(t));
    const print = await operationPrinter(printOptionsOf(flags), dryRun);
    const built = await this.find(flags, args);
    const errors = [...built.errors];
    for (const info of built.infos) {
      try {
        this.out(print(info.object!, await this.undo(info, flags['to-revision'], dryRun)));
      } catch (error) {
        errors.push(error);
      }
    }
    throwCollected(errors);
  }

  private async undo(info: Info, toRevision: number, dryRun: DryRun): Promise<string> {
    if (info.mapping.kind !== 'Deployment') {
      const groupKind = info.mapping.group ? `${info.mapping.kind}.${info.mapping.group}` : info.mapping.kind;
      throw new CliError(
        `error retrieving rollbacker for ${JSON.stringify(groupKind)}, no visitor method exists for {${info.mapping.group} ${info.mapping.kind}}`,
      );
    }
    if (toRevision < 0) throw new CliError(`unable to find specified revision ${toRevision} in history`);
    const cluster = await this.cluster();
    const deployment = info.object as unknown as Deployment;
    const target = chosen(await ownedReplicaSets(cluster, deployment), toRevision, info.name);
    const template = target.spec!.template!;
    if (dryRun === 'client') {
      const doc = new Document();
      podTemplateLines(doc, template);
      return doc.raw;
    }
    if (deployment.spec?.paused) {
      throw new CliError(
        `you cannot rollback a paused deployment; resume it first with '${this.context.program} rollout resume' and try again`,
      );
    }
    if (templateKey(template) === templateKey(deployment.spec?.template)) {
      return `skipped rollback (current template already matches revision ${toRevision})`;
    }
    const labels = { ...template.metadata?.labels };
    delete labels[TEMPLATE_HASH];
    const own = Object.entries(deployment.metadata?.annotations ?? {}).filter(([key]) => kept.has(key));
    const theirs = Object.entries(target.metadata?.annotations ?? {}).filter(([key]) => !kept.has(key));
    const patch = [
      { op: 'replace', path: '/spec/template', value: { ...template, metadata: { ...template.metadata, labels } } },
      { op: 'replace', path: '/metadata/annotations', value: Object.fromEntries([...own, ...theirs]) },
    ];
    try {
      await patchObject(cluster, info, 'json', patch, { dryRun });
    } catch (error) {
      throw new CliError(`failed restoring revision ${toRevision}: ${(error as Error).message}`);
    }
    return 'rolled back';
  }
}

/** The replica set of a revision; 0 is the one before the newest. */
function chosen(sets: readonly ReplicaSet[], revision: number, name: string): ReplicaSet {
  const ordered = sets.filter((s) => revisionOf(s) !== undefined).sort((a, b) => revisionOf(b)! - revisionOf(a)!);
  if (revision > 0) {
    const found = ordered.find((s) => revisionOf(s) === revision);
    if (!found) throw new CliError(`unable to find specified revision ${revision} in history`);
    return found;
  }
  if (ordered.length < 2) throw new CliError(`no rollout history found for deployment ${JSON.stringify(name)}`);
  return ordered[1]!;
}
