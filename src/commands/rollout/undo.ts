// `rollout undo`. Upstream: kubectl/pkg/cmd/rollout/rollout_undo.go; what it does is in cli/rollout/undo.ts.
import { throwCollected } from '../../cli/errors.ts';
import { dryRunFlag, dryRunOf } from '../../cli/flags.ts';
import { operationPrinter } from '../../cli/operation.ts';
import { flag } from '../../cli/pflag.ts';
import { printOptionsOf } from '../../cli/print/object.ts';
import { undo } from '../../cli/rollout/undo.ts';
import { RolloutCommand, rolloutFlags } from './_rollout.ts';

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
    const errors: unknown[] = [];
    for (const info of built.infos) {
      try {
        const options = { toRevision: flags['to-revision'], dryRun, program: this.context.program };
        this.out(print(info.object!, await undo(await this.cluster(), info, options)));
      } catch (error) {
        errors.push(error);
      }
    }
    throwCollected([...errors, ...built.errors]);
  }
}
