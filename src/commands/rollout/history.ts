// `rollout history`. Upstream: kubectl/pkg/cmd/rollout/rollout_history.go; where it comes from is in
// cli/rollout/history.ts.
import { Document } from '../../cli/describe/_document.ts';
import { podTemplateLines } from '../../cli/describe/_pod-template.ts';
import type { Info } from '../../cli/builder/builder.ts';
import { CliError, throwCollected } from '../../cli/errors.ts';
import { kindOf } from '../../cli/operation.ts';
import { flag, type FlagValues } from '../../cli/pflag.ts';
import { objectPrinter, printOptionsOf } from '../../cli/print/object.ts';
import { tabulate } from '../../cli/print/tabwriter.ts';
import { type WorkloadHistory, historyOf } from '../../cli/rollout/history.ts';
import { RolloutCommand, rolloutFlags } from './_rollout.ts';

const historyFlags = {
  ...rolloutFlags,
  revision: flag.int('See the details, including podTemplate of the revision specified'),
};

export default class RolloutHistory extends RolloutCommand {
  static short = 'View rollout history';
  static override summary = 'View previous rollout revisions and configurations';
  static examples = `# View the rollout history of a deployment
{program} rollout history deployment/abc

# View the details of daemonset revision 3
{program} rollout history daemonset/abc --revision=3`;
  static override usage = '(TYPE NAME | TYPE/NAME) [flags]';
  static override flags = historyFlags;

  async run(): Promise<void> {
    const { flags, args } = this.parse(RolloutHistory);
    if (flags.revision < 0) throw new CliError(`revision must be a positive integer: ${flags.revision}`);
    const built = await this.find(flags, args);
    const errors: unknown[] = [];
    for (const info of built.infos) {
      try {
        await this.show(info, flags);
      } catch (error) {
        errors.push(error);
      }
    }
    throwCollected([...errors, ...built.errors]);
  }

  private async show(info: Info, flags: FlagValues<typeof historyFlags>): Promise<void> {
    const { revision } = flags;
    const history = await historyOf(await this.cluster(), info);
    if (flags.output) {
      const print = await objectPrinter(printOptionsOf(flags));
      for (const wanted of revision > 0 ? [revision] : [...history.keys()].sort((a, b) => a - b)) {
        const entry = history.get(wanted);
        if (!entry) throw new CliError('unable to find the specified revision');
        this.out(print(entry.object));
      }
      return;
    }
    const which = revision > 0 ? `with revision #${revision}` : '';
    const text = `${kindOf(info)}/${info.name} ${which}\n${textOf(history, revision)}\n`;
    // A template without --output is about the workload itself.
    this.out(flags.template ? (await objectPrinter(printOptionsOf(flags)))(info.object!) : text);
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
