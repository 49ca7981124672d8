// `config delete-context`. Upstream: kubectl/pkg/cmd/config/delete_context.go.
import { CliError } from '../../cli/errors.ts';
import { ConfigCommand } from './_config.ts';

export default class DeleteContext extends ConfigCommand {
  static override summary = 'Delete the specified context from the kubeconfig';
  static examples = `# Delete the context for the minikube cluster
{program} config delete-context minikube`;
  static override usage = 'NAME';

  async run(): Promise<void> {
    const { args } = this.parse(DeleteContext);
    if (args.length !== 1) return this.helpAlone();
    const name = args[0]!;
    const file = this.fileName;
    this.modify((config) => {
      if (config.currentContext === name) {
        this.err(
          `warning: this removed your active context, use "${this.context.program} config use-context" to select a different one\n`,
        );
      }
      if (!config.contexts.delete(name)) throw new CliError(`cannot delete context ${name}, not in ${file}`);
    });
    this.out(`deleted context ${name} from ${file}\n`);
  }
}
