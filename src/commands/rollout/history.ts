// `rollout history`. Upstream: kubectl/pkg/cmd/rollout/rollout_history.go; where it comes from is in
// cli/rollout/history.ts.
import { Document } from '../../cli/describe/_document.ts';
import { podTemplateLines } from '../../cli/describe/_pod-template.ts';
import { CliError, throwCollected } from '../../cli/errors.ts';
import { kindOf } from '../../cli/operation.ts';
import { flag } from '../../cli/pflag.ts';
import { objectPrinter, printOptionsOf } from '../../cli/print/object.ts';
import { tabulate } from '../../cli/print/tabwriter.ts';
import { type WorkloadHistory, historyOf } from '../../cli/rollout/history.ts';
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
      const history = await historyOf(await this.cluster(), info);
      if (flags.output) {
        const print = await objectPrinter(printOptionsOf(flags));
        const revisions = flags.revision > 0 ? [flags.revision] : [...history.keys()].sort((a, b) => a - b);
        for (const revision of revisions) {
          const entry = history.get(revision);
          if (!entry) throw new CliError('unable to find the specified revision');
          this.out(print(entry.object));
        }
        continue;
      }
      const which = flags.revision > 0 ? `with revision #${flags.revision}` : '';
      this.out(`${kindOf(info)}/${info.name} ${which}\n${textOf(history, flags.revision)}\n`);
    }
    throwCollected(built.errors);
  }
}

function textOf(history: WorkloadHistory, revision: number): string {
  if (history.size === 0) return 'No rollout history found.';
  if (revision > 0) {
    const entry = history.get(revision);
    if (!entry) throw new CliError('unable to find the specified revision');
    const doc = new Document();
    podTemplateLines(doc, entry.template);
    return doc.raw;
  }
  const rows = [...history].sort(([a], [b]) => a - b).map(([r, { cause }]) => `${r}\t${cause || '<none>'}\n`);
  return tabulate(`REVISION\tCHANGE-CAUSE\n${rows.join('')}`);
}
