// `cordon`. Upstream: kubectl/pkg/cmd/drain/drain.go.
import { dryRunOf } from '../cli/flags.ts';
import { NodeCommand, nodeFlags } from './_node-command.ts';

export default class Cordon extends NodeCommand {
  static override summary = 'Mark node as unschedulable';
  static examples = `# Mark node "foo" as unschedulable
{program} cordon foo`;
  static override usage = 'NODE';
  static override flags = nodeFlags;

  async run(): Promise<void> {
    const { flags, args } = this.parse(Cordon);
    this.dryRun = dryRunOf(flags['dry-run'], (t) => this.err(t));
    await this.setSchedulable(await this.nodes(args, flags.selector), false);
  }
}
