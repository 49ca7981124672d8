// `config current-context`. Upstream: kubectl/pkg/cmd/config/current_context.go.
import { CliError } from '../../cli/errors.ts';
import { ConfigCommand } from './_config.ts';

export default class CurrentContext extends ConfigCommand {
  static override summary = 'Display the current-context';
  static examples = `# Display the current-context
{program} config current-context`;

  async run(): Promise<void> {
    const { currentContext } = this.load();
    if (currentContext === '') throw new CliError('current-context is not set');
    this.out(`${currentContext}\n`);
  }
}
