// `uncordon`. Upstream: kubectl/pkg/cmd/drain/drain.go.
import { dryRunOf } from '../cli/flags.ts';
import { NodeCommand, nodeFlags } from './_node-command.ts';

export default class Uncordon extends NodeCommand {
  static override summary = 'Mark node as schedulable';
  static examples = `# Mark node "foo" as schedulable
{program} uncordon foo`;
  static override usage = 'NODE';
  static override flags = nodeFlags;

  async run(): Promise<void> {
    const { flags, args } = this.parse(Uncordon);
    this.dryRun = dryRunOf(flags['dry-run'], (t) => this.err(t));
    await this.setSchedulable(await this.nodes(args, flags.selector), true);
  }
}
