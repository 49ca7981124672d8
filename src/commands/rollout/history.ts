// `rollout history` of deployments. Upstream: kubectl/pkg/cmd/rollout/rollout_history.go, polymorphichelpers/history.go.
import type { Deployment, ReplicaSet } from 'kubernetes-types/apps/v1.js';
import type { PodTemplateSpec } from 'kubernetes-types/core/v1.js';
import type { Info } from '../../cli/builder/builder.ts';
import { Document } from '../../cli/describe/_document.ts';
import { podTemplateLines } from '../../cli/describe/_pod-template.ts';
import { CliError, throwCollected } from '../../cli/errors.ts';
import { flag } from '../../cli/pflag.ts';
import { kindOf } from '../../cli/operation.ts';
import { objectPrinter, printOptionsOf } from '../../cli/print/object.ts';
import { tabulate } from '../../cli/print/tabwriter.ts';
import { CHANGE_CAUSE, ownedReplicaSets, revisionOf } from '../../cli/rollout/replicasets.ts';
import { RolloutCommand, rolloutFlags } from './_rollout.ts';

export default class RolloutHistory extends RolloutCommand {
  static short = 'View rollout history';
  static override summary = 'View previous rollout revisions and configurations';
  static examples = `# View the rollout history of a deployment
{program} rollout history deployment/abc

# View the details of daemonset revision 3
{program} rollout history daemonset/abc --revision=3`;
  static override usage = '(TYPE NAME | TYPE/NAME) [flags]';
  static override flags = {
    ...rolloutFlags,
    revision: flag.int('See the details, including podTemplate of the revision specified'),
  };

  async run(): Promise<void> {
    const { flags, args } = this.parse(RolloutHistory);
    if (flags.revision < 0) throw new CliError(`revision must be a positive integer: ${flags.revision}`);
    const built = await this.find(flags, args);
    for (const info of built.infos) {
      const history = await this.historyOf(info);
      if (flags.output) {
        const print = await objectPrinter(printOptionsOf(flags));
        const revisions = flags.revision > 0 ? [flags.revision] : [...history.keys()].sort((a, b) => a - b);
        for (const revision of revisions) {
          const set = history.get(revision);
          if (!set) throw new CliError('unable to find the specified revision');
          this.out(print({ ...set, apiVersion: 'apps/v1', kind: 'ReplicaSet' } as never));
        }
        continue;
      }
      const which = flags.revision > 0 ? `with revision #${flags.revision}` : '';
      this.out(`${kindOf(info)}/${info.name} ${which}\n${textOf(history, flags.revision)}\n`);
    }
    throwCollected(built.errors);
  }

  private async historyOf(info: Info): Promise<Map<number, ReplicaSet>> {
    if (info.mapping.kind !== 'Deployment') {
      throw new CliError(
        `no history viewer has been implemented for ${JSON.stringify(`${info.mapping.kind}.${info.mapping.group}`)}`,
      );
    }
    const sets = await ownedReplicaSets(await this.cluster(), info.object as unknown as Deployment);
    const found = new Map<number, ReplicaSet>();
    for (const set of sets) {
      const revision = revisionOf(set);
      if (revision !== undefined) found.set(revision, set);
    }
    return found;
  }
}

function textOf(history: ReadonlyMap<number, ReplicaSet>, revision: number): string {
  if (history.size === 0) return 'No rollout history found.';
  if (revision > 0) {
    const set = history.get(revision);
    if (!set) throw new CliError('unable to find the specified revision');
    const doc = new Document();
    podTemplateLines(doc, withCause(set));
    return doc.raw;
  }
  const rows = [...history.keys()]
    .sort((a, b) => a - b)
    .map((r) => `${r}\t${history.get(r)!.metadata?.annotations?.[CHANGE_CAUSE] || '<none>'}\n`);
  return tabulate(`REVISION\tCHANGE-CAUSE\n${rows.join('')}`);
}

function withCause(set: ReplicaSet): PodTemplateSpec | undefined {
  const template = set.spec?.template;
  const cause = set.metadata?.annotations?.[CHANGE_CAUSE];
  if (!template || !cause) return template;
  const annotations = { ...template.metadata?.annotations, [CHANGE_CAUSE]: cause };
  return { ...template, metadata: { ...template.metadata, annotations } };
}
