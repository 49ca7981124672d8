// `options`: the flags that every command has.
import { Command } from '../cli/base.ts';

export default class Options extends Command {
  static override summary = 'Print the list of flags inherited by all commands';
  static examples = `# Print flags inherited by all commands
{program} options`;

  async run(): Promise<void> {
    const { globalHelp } = await import('../cli/help.ts');
    this.out(globalHelp());
  }
}
