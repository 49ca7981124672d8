// `config use-context`. Upstream: kubectl/pkg/cmd/config/use_context.go.
import { CliError } from '../../cli/errors.ts';
import { ConfigCommand } from './_config.ts';

export default class UseContext extends ConfigCommand {
  static override summary = 'Set the current-context in a kubeconfig file';
  static aliases = ['use'];
  static examples = `# Use the context for the minikube cluster
{program} config use-context minikube`;
  static override usage = 'CONTEXT_NAME';

  async run(): Promise<void> {
    const { args } = this.parse(UseContext);
    const name = await this.oneArgument(args);
    if (name === '') throw new CliError('empty context names are not allowed');
    this.modify((config) => {
      if (!config.contexts.has(name)) throw new CliError(`no context exists with the name: ${JSON.stringify(name)}`);
      config.currentContext = name;
    });
    this.out(`Switched to context ${JSON.stringify(name)}.\n`);
  }
}
